//! What somebody registers, and what they are shown of it.

use serde::{Deserialize, Serialize};
use shared::{
    app::{App, push},
    domain::{
        DeviceId, Timestamp,
        push::{ApnsEnvironment, ApnsKind, BrowserToken, PushProvider, PushToken, TokenText},
        text::{BundleId, Fault},
    },
    http::{Problem, actor::Entry},
    store::{
        Key, RootRef, SubjectId, Transaction,
        device::{self, DeviceFault, PushDevice, VisitorDevice},
        keys,
    },
};
use utoipa::ToSchema;

/// A device to register: what the browser made, or the token that another provider gave out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "provider": "webpush",
    "subscription": {
        "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABk",
        "keys": {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        },
    },
}))]
pub struct RegisterDevice {
    /// Who brings something to it.
    #[schema(example = "webpush")]
    provider: PushProvider,
    /// What the browser made, with `webpush`: `PushSubscription.toJSON()`.
    #[serde(default, deserialize_with = "shared::http::json::given_object")]
    subscription: Option<Subscription>,
    /// What the provider gave out, with any other.
    #[serde(default, deserialize_with = "shared::http::json::given")]
    token: Option<TokenText>,
    /// The bundle id of the app, with `apns`.
    #[serde(default, deserialize_with = "shared::http::json::given")]
    topic: Option<BundleId>,
    /// Which of Apple's services knows the token, with `apns`: `production` unless it says otherwise.
    #[serde(default, deserialize_with = "shared::http::json::given")]
    environment: Option<ApnsEnvironment>,
    /// What the token is for, with `apns`: `alert` unless it says otherwise. With `voip` it lets an app ring, and gets
    /// nothing else.
    #[serde(default, deserialize_with = "shared::http::json::given")]
    kind: Option<ApnsKind>,
}

/// The subscription of a browser, as it writes it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Where its push service takes messages for it.
    #[schema(example = "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABk")]
    endpoint: TokenText,
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
    p256dh: TokenText,
    /// The secret that it shares with us.
    #[schema(example = "BTBZMqHH6r4Tts7J_aSIgg")]
    auth: TokenText,
}

impl RegisterDevice {
    /// What the device is known by: all that its provider wants, and nothing that another one would.
    pub fn parsed(self, app: &App) -> Result<PushToken, Problem> {
        match self {
            Self {
                provider: PushProvider::Webpush,
                subscription,
                token: None,
                topic: None,
                environment: None,
                kind: None,
            } => {
                let detail = "what the browser made";
                of_browser(app, required("subscription", subscription, detail)?)
            }
            Self {
                provider: PushProvider::Apns,
                subscription: None,
                token,
                topic,
                environment,
                kind,
            } => {
                let token = required("token", token, GIVEN_OUT)?;
                let topic = required("topic", topic, "the bundle id of the app")?;
                let environment = environment.unwrap_or(ApnsEnvironment::Production);
                let kind = kind.unwrap_or(ApnsKind::Alert);
                PushToken::apns(&token, topic, environment, kind).map_err(bad_token)
            }
            Self {
                provider: provider @ (PushProvider::Expo | PushProvider::Fcm),
                subscription: None,
                token,
                topic: None,
                environment: None,
                kind: None,
            } => {
                let token = required("token", token, GIVEN_OUT)?;
                let parsed = match provider {
                    PushProvider::Expo => PushToken::expo(token),
                    _ => PushToken::fcm(token),
                };
                parsed.map_err(bad_token)
            }
            mixed => Err(mixed.not_for_provider()),
        }
    }

    /// Points at what another provider would want: somebody took one for the other.
    fn not_for_provider(&self) -> Problem {
        let wanted: &[&str] = match self.provider {
            PushProvider::Apns => &["token", "topic", "environment", "kind"],
            PushProvider::Expo | PushProvider::Fcm => &["token"],
            PushProvider::Webpush => &["subscription"],
        };
        let given = [
            ("subscription", self.subscription.is_some()),
            ("token", self.token.is_some()),
            ("topic", self.topic.is_some()),
            ("environment", self.environment.is_some()),
            ("kind", self.kind.is_some()),
        ];
        let unwanted = |(name, is_there): &&(&str, bool)| *is_there && !wanted.contains(name);
        let name = given.iter().find(unwanted).map_or("", |(name, _)| name);
        let detail = "nothing: another provider takes it";
        Problem::invalid(&format!("#/{name}"), "not_for_provider", detail)
    }
}

/// What a token is.
const GIVEN_OUT: &str = "the token that the provider gave out";

fn required<T>(name: &str, given: Option<T>, detail: &str) -> Result<T, Problem> {
    given.ok_or_else(|| Problem::invalid(&format!("#/{name}"), "required", detail))
}

fn bad_token(fault: Fault) -> Problem {
    Problem::invalid("#/token", &fault.code, &fault.detail)
}

fn of_browser(app: &App, subscription: Subscription) -> Result<PushToken, Problem> {
    let own = BrowserToken {
        endpoint: subscription.endpoint,
        key: subscription.keys.p256dh,
        secret: subscription.keys.auth,
    };
    match push::check_browser(app, &own) {
        Ok(()) => Ok(PushToken::Browser(own)),
        Err((part, fault)) => {
            let place = format!("#/subscription/{part}");
            Err(Problem::invalid(&place, &fault.code, &fault.detail))
        }
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
    token: &PushToken,
) -> (DeviceId, shared::store::KeyedHash) {
    let hash = device::hash_of_token(&entry.tenant_key, token);
    let id = device::device_id(&entry.tenant_key, owner, hash);
    (id, hash)
}
