//! What somebody registers, and what they are shown of it.

use serde::{Deserialize, Serialize};
use shared::{
    app::{App, push},
    domain::{
        DeviceId, Timestamp,
        push::{PushProvider, PushToken},
    },
    http::{Problem, actor::Entry},
    store::{
        Key, RootRef, SubjectId, Transaction,
        device::{self, DeviceFault, PushDevice, VisitorDevice},
        keys,
    },
};
use utoipa::ToSchema;

/// A device to register.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterDevice {
    /// Who brings something to it.
    #[schema(example = "webpush")]
    provider: PushProvider,
    /// What the browser made: `PushSubscription.toJSON()`.
    #[serde(deserialize_with = "shared::http::json::object")]
    subscription: Subscription,
}

/// The subscription of a browser, as it writes it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Where its push service takes messages for it.
    #[schema(example = "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABk")]
    endpoint: PushToken,
    /// When it ends, in milliseconds, if the browser knows; it is not used.
    #[serde(default, rename = "expirationTime")]
    #[schema(rename = "expirationTime", example = json!(null))]
    #[expect(dead_code, reason = "browsers send it along")]
    expiration_time: Option<f64>,
    /// What messages are sealed with.
    #[serde(deserialize_with = "shared::http::json::object")]
    keys: SubscriptionKeys,
}

/// The keys of a subscription.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionKeys {
    /// The browser's public key.
    #[schema(
        example = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    )]
    p256dh: PushToken,
    /// The secret that it shares with us.
    #[schema(example = "BTBZMqHH6r4Tts7J_aSIgg")]
    auth: PushToken,
}

impl RegisterDevice {
    /// Who brings something to the device, and what they know it by.
    pub fn checked(&self, app: &App) -> Result<(PushProvider, PushToken), Problem> {
        let PushProvider::Webpush = self.provider;
        let subscription = &self.subscription;
        let token = push::check_endpoint(
            app,
            subscription.endpoint.reveal(),
            subscription.keys.p256dh.reveal(),
            subscription.keys.auth.reveal(),
        );
        let token = token.map_err(|(part, fault)| {
            let place = format!("#/subscription/{part}");
            Problem::invalid(&place, &fault.code, &fault.detail)
        })?;
        Ok((self.provider, token))
    }
}

/// A device of one's own.
#[derive(Serialize, ToSchema)]
pub struct DeviceView {
    /// Its id, the same whenever it registers with the same token.
    id: DeviceId,
    /// Who brings something to it.
    #[schema(example = "webpush")]
    provider: PushProvider,
    /// Why it was not told something the last time, if it was not.
    fault: Option<DeviceFault>,
    /// When it was tried out last.
    tested_at: Option<Timestamp>,
    /// When it registered last; 270 days later it is forgotten.
    seen_at: Timestamp,
    /// When it registered first.
    created_at: Timestamp,
}

impl DeviceView {
    /// The view of a member's device.
    pub const fn new(device: &PushDevice) -> Self {
        Self {
            id: device.id,
            provider: device.provider,
            fault: device.fault,
            tested_at: device.tested_at,
            seen_at: device.seen_at,
            created_at: device.created_at,
        }
    }

    /// The view of a visitor's device.
    pub const fn of_visitor(device: &VisitorDevice) -> Self {
        Self {
            id: device.id,
            provider: device.provider,
            fault: None,
            tested_at: None,
            seen_at: device.seen_at,
            created_at: device.created_at,
        }
    }
}

/// What is read with a request about devices of somebody: their head, and what it is sealed with.
pub fn of_owner(head: &Key) -> Vec<Key> {
    vec![head.clone(), keys::data_key(&RootRef::of(head))]
}

/// Makes room: what others had by the token goes, and what the person saw longest ago where they have
/// too many.
pub async fn make_room(
    app: &App,
    entry: &Entry,
    transaction: &mut Transaction,
    (own, token): (&Key, shared::store::KeyedHash),
    mut others: Vec<(Timestamp, Key)>,
) -> Result<(), Problem> {
    let taken = app.store.devices_of_others(entry.workspace, token, own);
    let taken = taken.await?;
    others.retain(|(_, place)| place != own && !taken.contains(place));
    others.sort();
    let over = (others.len() + 1).saturating_sub(device::MOST_DEVICES);
    let over = others.into_iter().take(over).map(|(_, place)| place);
    for place in taken.into_iter().chain(over) {
        transaction.remove(place);
    }
    Ok(())
}

/// The id of a device of somebody, and the hash of its token.
pub fn recognise(
    entry: &Entry,
    owner: SubjectId,
    provider: PushProvider,
    token: &PushToken,
) -> (DeviceId, shared::store::KeyedHash) {
    let hash = device::hash_of_token(&entry.tenant_key, provider, token);
    let id = device::device_id(&entry.tenant_key, owner, hash);
    (id, hash)
}
