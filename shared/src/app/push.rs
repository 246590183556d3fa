//! Tells people something on their devices.
//!
//! A notification is tried once by `outbox`, as soon as it is written, and from then on by the schedule of
//! the minute. Whoever tries it reads everything anew: whether it is still to be told, to whom, and where.
//! Then it says that it tries, on the version that was read, and only then sends; so a notification that
//! comes twice is sent once. Only where nobody hears how an attempt ended it is sent again, and takes the
//! place of the one before on the device.

mod apns;
mod credentials;
mod encryption;
mod expo;
mod fcm;
mod ring;
mod web;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

pub use apns::ApnsCredentials;
pub use credentials::{Credentials, WebCredentials};
pub use expo::ExpoCredentials;
pub use fcm::{FcmCredentials, Tokens};
pub use ring::{Called, Ring};
pub use web::check_browser;

use super::{
    App,
    egress::EgressError,
    webhook::{Told, Turn},
};
use crate::{
    domain::{
        CallId, ConversationId, DeviceId, Permission, Policy, TenantId, Timestamp, WorkspaceId,
        policy::{Lens, Module},
        push::{NotifyEvent, PushProvider, PushToken},
    },
    store::{
        CommitError, DataKey, Fetched, Key, RootRef, StoreError, Stored, SubjectId, TenantKey,
        Transaction, Unsealed,
        account::{LoginSession, Seat},
        contact::Contact,
        conversation::{Conversation, ReadMark, Status},
        device::{DeviceFault, PushDevice, VisitorDevice},
        keys,
        membership::Membership,
        notification::{Notification, NotifyWishes, PushSender},
        subject::State,
        webhook::DeliveryState,
    },
};

/// How long a provider has for its answer: others wait behind it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a provider keeps what it cannot bring at once.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// What somebody is told: ids, and not a word of what was said.
#[derive(Clone, Copy, Debug)]
pub struct Tiding {
    /// What happened.
    pub event: NotifyEvent,
    /// Where.
    pub workspace: WorkspaceId,
    /// In which conversation.
    pub conversation: Option<ConversationId>,
    /// With which message of it.
    pub seq: Option<u64>,
    /// Which call rings, and until when.
    pub rings: Option<(CallId, Timestamp)>,
    /// Which call rings no more, and until when it would have.
    pub silences: Option<(CallId, Timestamp)>,
}

impl Tiding {
    fn of(notification: &Notification) -> Self {
        let of_call = notification.call.zip(notification.rings_until);
        let (silences, rings) = match notification.rings_no_more {
            Some(true) => (of_call, None),
            _ => (None, of_call),
        };
        Self {
            event: notification.event,
            workspace: notification.workspace,
            conversation: notification.conversation,
            seq: notification.seq,
            rings,
            silences,
        }
    }

    /// How long a provider keeps what it cannot bring at once: what rings, for as long as it does.
    fn kept(&self, now: Timestamp) -> Duration {
        let Some((_, until)) = self.rings.or(self.silences) else {
            return KEPT;
        };
        let left = u64::try_from(until.ms() - now.ms()).unwrap_or_default();
        Duration::from_millis(left)
    }

    /// What a device gets.
    pub fn data(&self) -> Value {
        if let Some((call, until)) = self.silences {
            // A word of its own: whoever knows only what rings does not ring again.
            return json!({
                "event": "ring_ended",
                "workspace_id": self.workspace,
                "call_id": call,
                "rings_until": until,
            });
        }
        if let Some((call, until)) = self.rings {
            return json!({
                "event": self.event,
                "workspace_id": self.workspace,
                "call_id": call,
                "rings_until": until,
            });
        }
        json!({
            "event": self.event,
            "workspace_id": self.workspace,
            "conversation_id": self.conversation,
            "seq": self.seq,
        })
    }
}

/// What came of sending something to one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    /// The provider has taken it.
    Taken,
    /// The provider knows no such device any more.
    Gone,
    /// Perhaps later.
    Later(Option<Duration>),
    /// Never, for this reason.
    Never(DeviceFault),
}

impl From<EgressError> for Sent {
    fn from(error: EgressError) -> Self {
        match error {
            EgressError::Refused => Self::Never(DeviceFault::Rejected),
            EgressError::TooLarge | EgressError::Unreachable => Self::Later(None),
        }
    }
}

/// A device of somebody, whosever it is.
#[derive(Clone, Debug)]
enum Target {
    Member(PushDevice),
    Visitor(VisitorDevice),
}

impl Target {
    const fn id(&self) -> DeviceId {
        match self {
            Self::Member(device) => device.id,
            Self::Visitor(device) => device.id,
        }
    }

    const fn token(&self) -> &PushToken {
        match self {
            Self::Member(device) => &device.token,
            Self::Visitor(device) => &device.token,
        }
    }

    fn place(&self) -> (Key, u64) {
        match self {
            Self::Member(one) => (
                keys::push_device(one.workspace, one.member, one.id),
                one.rev,
            ),
            Self::Visitor(one) => (
                keys::visitor_device(one.workspace, one.contact, one.id),
                one.rev,
            ),
        }
    }
}

/// Who is to be told, and where.
struct Audience {
    targets: Vec<Target>,
    key: DataKey,
}

/// What decides whether a notification is told.
struct Reading<'a> {
    notification: &'a Notification,
    fetched: &'a Fetched,
    lens: Lens<'a>,
}

impl App {
    /// Tells what the notification at `place` is about, if it is its turn.
    ///
    /// # Errors
    /// When storage fails; then it stays due.
    pub async fn notify(&self, place: &Key, turn: Turn) -> Result<Told, StoreError> {
        let Some((workspace, _)) = keys::notification_of(place) else {
            return Ok(Told::Nothing);
        };
        let tenant = TenantId::Workspace(workspace);
        let wanted = vec![
            place.clone(),
            keys::policy(workspace),
            keys::tenant_key(tenant),
        ];
        let fetched = self.store.batch(wanted).await?;
        let now = self.clock.now();
        let Some(policy) = fetched.live_policy(workspace, now)? else {
            return Ok(Told::Nothing);
        };
        let lens = Lens {
            now,
            policy: &policy,
        };
        let waits = |one: &Notification| {
            let its_turn = match turn {
                Turn::First => one.attempts == 0,
                Turn::Due => one.next_attempt_at.is_some_and(|at| at <= now),
            };
            one.delivery_state == DeliveryState::Pending && its_turn
        };
        let found = fetched.get::<Notification>(place, &Unsealed, lens)?;
        let Some(notification) = found.filter(waits) else {
            return Ok(Told::Nothing);
        };
        let is_on = !notification.is_over(now)
            && policy.has(Module::Push)
            && !policy.suspended
            && policy.closes_at.is_none();
        let tenant_key = self.store.unwrap_tenant_key(tenant, &fetched, now).await?;
        let audience = match is_on {
            true => Box::pin(self.audience(&notification, &tenant_key, lens)).await?,
            false => None,
        };
        let Some(Audience { mut targets, key }) = audience else {
            self.put(notification.dropped(), &policy).await?;
            return Ok(Told::Failed);
        };
        if let Some(only) = &notification.devices {
            targets.retain(|target| only.contains(&target.id()));
        }
        // First it is said that it is tried: of two who try one, one goes on.
        let begun = Stored::next(notification.begun(now), &policy);
        let mut transaction = Transaction::new(now);
        transaction.replace(&begun, &Unsealed)?;
        match self.store.commit(transaction).await {
            Ok(()) => {}
            Err(CommitError::Refused(_)) => return Ok(Told::Nothing),
            Err(CommitError::Store(error)) => return Err(error),
        }
        let notification = begun.into_record();
        let sent = self
            .send_all(&notification, targets, &tenant_key, lens)
            .await?;
        self.conclude(notification, sent, &key, &policy).await
    }

    /// Who of those a notification is for may and wants to be told now; none when nobody is.
    async fn audience(
        &self,
        notification: &Notification,
        tenant_key: &TenantKey,
        lens: Lens<'_>,
    ) -> Result<Option<Audience>, StoreError> {
        let workspace = notification.workspace;
        let head = match notification.recipient {
            SubjectId::Member(member) => keys::membership(workspace, member),
            SubjectId::Contact(contact) => keys::contact(workspace, contact),
            _ => return Ok(None),
        };
        let mut wanted = vec![head.clone(), keys::data_key(&RootRef::of(&head))];
        wanted.extend(
            notification
                .conversation
                .map(|id| keys::conversation(workspace, id)),
        );
        if let Some(member) = notification.member() {
            wanted.push(keys::notify_wishes(workspace, member));
            let mark = |id| keys::read_mark(workspace, member, id);
            wanted.extend(notification.conversation.map(mark));
        }
        let fetched = self.store.batch(wanted).await?;
        let Some(key) = fetched.data_key(&head, tenant_key)? else {
            return Ok(None);
        };
        let reading = Reading {
            notification,
            fetched: &fetched,
            lens,
        };
        let targets = match notification.recipient {
            SubjectId::Member(_) => self.of_member(&reading, &head, &key).await?,
            _ => self.of_visitor(&reading, &head, &key).await?,
        };
        Ok(targets.map(|targets| Audience { targets, key }))
    }

    async fn of_member(
        &self,
        reading: &Reading<'_>,
        head: &Key,
        key: &DataKey,
    ) -> Result<Option<Vec<Target>>, StoreError> {
        let Reading {
            notification,
            fetched,
            lens,
            ..
        } = reading;
        let (workspace, lens) = (notification.workspace, *lens);
        let membership = fetched.get::<Membership>(head, key, lens)?;
        let Some(membership) = membership.filter(|one| one.state == State::Live) else {
            return Ok(None);
        };
        let member = membership.id;
        let is_test = notification.event == NotifyEvent::Test;
        let wishes = keys::notify_wishes(workspace, member);
        let wishes = fetched.get::<NotifyWishes>(&wishes, key, lens)?;
        let wishes = wishes.unwrap_or_else(|| NotifyWishes::unset(workspace, member, lens.now));
        // Who calls does not wait for the morning: whoever does not want that says so by the event.
        let rings = notification.event == NotifyEvent::Call;
        let is_quiet = !rings && wishes.is_quiet(lens.now);
        let wanted = wishes.push.contains(&notification.event) && !is_quiet;
        if !is_test && !wanted {
            return Ok(None);
        }
        let devices = self.store.devices_of_member(workspace, member, key, lens);
        let devices = devices.await?;
        let at_seat = keys::seat(membership.account, workspace);
        let mut wanted = vec![at_seat.clone()];
        let session = |device: &PushDevice| keys::session(device.account, device.session);
        wanted.extend(devices.iter().map(session));
        let signed_in = self.store.batch_all(wanted).await?;
        let platform = Policy::platform();
        let as_platform = Lens {
            now: lens.now,
            policy: &platform,
        };
        let seat = signed_in.get::<Seat>(&at_seat, &Unsealed, as_platform)?;
        let good = |seat: &Seat| {
            let reads = seat.role.may(Permission::ConversationsRead);
            seat.is_good(lens.now) && seat.member == member && reads
        };
        let Some(seat) = seat.filter(good) else {
            return Ok(None);
        };
        if let Some(id) = notification.conversation {
            let seen = self.conversation(reading, id)?;
            let seen = seen.filter(|head| seat.sight().sees(head.standing()));
            let mark = keys::read_mark(workspace, member, id);
            let mark = fetched.get::<ReadMark>(&mark, &Unsealed, lens)?;
            let is_read = |seq| mark.as_ref().is_some_and(|mark| mark.seq >= seq);
            if seen.is_none() || notification.seq.is_some_and(is_read) {
                return Ok(None);
            }
        }
        // What a sign-in brought ends with it.
        let mut targets = Vec::new();
        for device in devices {
            let at_session = keys::session(device.account, device.session);
            let session = signed_in.get::<LoginSession>(&at_session, &Unsealed, as_platform)?;
            match session {
                Some(_) => targets.push(Target::Member(device)),
                None => self.forget(&Target::Member(device)).await?,
            }
        }
        Ok(Some(targets))
    }

    async fn of_visitor(
        &self,
        reading: &Reading<'_>,
        head: &Key,
        key: &DataKey,
    ) -> Result<Option<Vec<Target>>, StoreError> {
        let Reading {
            notification,
            fetched,
            lens,
            ..
        } = reading;
        let contact = fetched.get::<Contact>(head, &Unsealed, *lens)?;
        let Some(contact) = contact.filter(|one| one.state == State::Live) else {
            return Ok(None);
        };
        if let Some(id) = notification.conversation {
            let of_them = |head: &Conversation| {
                let is_read = |seq| head.visitor_read_seq >= seq;
                head.contact == contact.id && !notification.seq.is_some_and(is_read)
            };
            if self.conversation(reading, id)?.filter(of_them).is_none() {
                return Ok(None);
            }
        }
        let workspace = notification.workspace;
        let devices = self
            .store
            .devices_of_visitor(workspace, contact.id, key, *lens);
        let devices = devices.await?.into_iter().map(Target::Visitor);
        Ok(Some(devices.collect()))
    }

    /// The conversation of a notification, if people are told of it.
    fn conversation(
        &self,
        reading: &Reading<'_>,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        let Reading {
            notification,
            fetched,
            lens,
            ..
        } = reading;
        let place = keys::conversation(notification.workspace, id);
        let head = fetched.get::<Conversation>(&place, &Unsealed, *lens)?;
        Ok(head
            .filter(|head| head.state == State::Live && head.status_at(lens.now) != Status::Spam))
    }

    /// Sends something to all devices at once.
    async fn send_all(
        &self,
        notification: &Notification,
        targets: Vec<Target>,
        tenant_key: &TenantKey,
        lens: Lens<'_>,
    ) -> Result<Vec<(Target, Sent)>, StoreError> {
        let workspace = notification.workspace;
        let place = |provider: &PushProvider| keys::push_sender(workspace, *provider);
        let places = PushProvider::ALL.iter().map(place);
        let fetched = self.store.batch(places.collect()).await?;
        let tiding = Tiding::of(notification);
        let mut sending = JoinSet::new();
        let mut sent = Vec::new();
        for target in ring::heard_by(&tiding, targets) {
            let at = keys::push_sender(workspace, target.token().provider());
            let sender = fetched.get::<PushSender>(&at, &Unsealed, lens)?;
            let Some(sender) = sender else {
                // Whoever took the credentials back has nothing brought.
                sent.push((target, Sent::Never(DeviceFault::Credentials)));
                continue;
            };
            let credentials = Credentials::read(&sender.open(tenant_key)?)?;
            let app = self.clone();
            let now = lens.now;
            sending.spawn(async move {
                let token = target.token();
                let mut came = deliver(&app, &credentials, token, &tiding, now).await;
                let urgent = tiding.rings.or(tiding.silences).is_some();
                if urgent && matches!(came, Sent::Later(_)) {
                    // The schedule comes when it rings no more.
                    tokio::time::sleep(ring::AGAIN).await;
                    came = deliver(&app, &credentials, token, &tiding, now).await;
                }
                (target, came)
            });
        }
        while let Some(ended) = sending.join_next().await {
            match ended {
                Ok(one) => sent.push(one),
                // It is not known how it ended, so it is tried again.
                Err(_) => return Err(StoreError::Corrupt("a push that crashed")),
            }
        }
        Ok(sent)
    }

    /// Writes down what came of an attempt.
    async fn conclude(
        &self,
        notification: Notification,
        sent: Vec<(Target, Sent)>,
        key: &DataKey,
        policy: &Policy,
    ) -> Result<Told, StoreError> {
        let now = self.clock.now();
        let (mut left, mut rest, mut taken) = (Vec::new(), None::<Duration>, 0);
        for (target, came) in sent {
            let fault = match came {
                Sent::Gone => {
                    self.forget(&target).await?;
                    continue;
                }
                Sent::Taken => {
                    taken += 1;
                    None
                }
                Sent::Later(wait) => {
                    left.push(target.id());
                    rest = rest.max(wait);
                    Some(DeviceFault::Unreachable)
                }
                Sent::Never(fault) => Some(fault),
            };
            if let Target::Member(device) = target {
                self.note_device(device, fault, &notification, key, policy)
                    .await?;
            }
        }
        let told = match (taken, left.is_empty()) {
            (0, false) => Told::Failed,
            _ => Told::Taken,
        };
        let ended = notification.taken_by(taken).ended(left, rest, now);
        self.put(ended, policy).await?;
        Ok(told)
    }

    /// Writes down how a device does, where that is another thing than before: what somebody was told and
    /// when is nobody's business.
    async fn note_device(
        &self,
        device: PushDevice,
        fault: Option<DeviceFault>,
        notification: &Notification,
        key: &DataKey,
        policy: &Policy,
    ) -> Result<(), StoreError> {
        let is_test = notification.event == NotifyEvent::Test;
        if !is_test && device.fault == fault {
            return Ok(());
        }
        let now = self.clock.now();
        let device = PushDevice {
            fault,
            tested_at: if is_test { Some(now) } else { device.tested_at },
            ..device
        };
        let mut transaction = Transaction::new(now);
        transaction.replace(&Stored::next(device, policy), key)?;
        self.commit_or_leave(transaction).await
    }

    /// Deletes a device that is there no more, unless it has registered again meanwhile.
    async fn forget(&self, target: &Target) -> Result<(), StoreError> {
        let (place, rev) = target.place();
        let mut transaction = Transaction::new(self.clock.now());
        transaction.consume_version(place, rev);
        self.commit_or_leave(transaction).await
    }

    async fn put(&self, notification: Notification, policy: &Policy) -> Result<(), StoreError> {
        let mut transaction = Transaction::new(self.clock.now());
        transaction.replace(&Stored::next(notification, policy), &Unsealed)?;
        self.commit_or_leave(transaction).await
    }
}

/// Hands something to the provider of a device.
async fn deliver(
    app: &App,
    credentials: &Credentials,
    token: &PushToken,
    tiding: &Tiding,
    now: Timestamp,
) -> Sent {
    match (credentials, token) {
        (Credentials::Apns(own), PushToken::Apns(token)) => {
            apns::send(app, own, token, tiding, now).await
        }
        (Credentials::Expo(own), PushToken::Expo(token)) => {
            expo::send(app, own, token, tiding, now).await
        }
        (Credentials::Fcm(own), PushToken::Fcm(token)) => {
            fcm::send(app, own, token, tiding, now).await
        }
        (Credentials::Webpush(own), PushToken::Browser(token)) => {
            web::send(app, own, token, tiding, now).await
        }
        // Credentials lie under the name of their provider.
        _ => Sent::Never(DeviceFault::Credentials),
    }
}

/// A claim's end, in seconds since 1970.
fn seconds_after(now: Timestamp, life: Duration) -> i64 {
    now.plus(life).seconds()
}
