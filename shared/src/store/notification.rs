//! What people are told about conversations: who brings it to their devices, what they want to hear of,
//! and what each was told.
//!
//! A notification is written by `outbox`, from the table's own stream, under an id that follows from what
//! happened and whom it is for; so a repeated stream writes nothing twice. It names ids. Whoever sends it
//! says so first, on the version that was read, so two senders never send one.

use std::time::Duration;

use shared_derive::Record;
use zeroize::Zeroizing;

use super::{
    db::{Store, StoreError},
    field::{Bytes, Field as _},
    keyring::{TenantKey, Use},
    keys,
    query::Query,
    seal::KeyedHash,
    subject::SubjectId,
    webhook::DeliveryState,
};
use crate::domain::{
    CallId, ContactId, ConversationId, DeviceId, MemberId, NotificationId, Timestamp, WorkspaceId,
    hours::Zone,
    push::{Channel, NotifyEvent, PushProvider, QuietHours},
    text::TimeZone,
};

/// How long an attempt may take before it counts as lost, and the first one is left to `outbox`.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long is waited after each attempt that failed; after the last one it is given up. What is told
/// hours later tells nobody anything.
const WAITS: [Duration; 3] = [
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
];

/// What a workspace gave us for a provider.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = push_sender(workspace, provider), tenant = workspace,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct PushSender {
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// For whom.
    #[non_personal(reason = "the kind of a provider", export)]
    pub provider: PushProvider,
    /// What, sealed.
    #[non_personal(reason = "the secrets of a service, sealed under the key of the workspace")]
    pub credentials: Bytes,
    /// Since when.
    #[non_personal(reason = "when a setting was made")]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl PushSender {
    fn place(workspace: WorkspaceId, provider: PushProvider) -> String {
        format!("push|{workspace}|{}", provider.word())
    }

    /// Credentials, sealed for storage.
    ///
    /// # Errors
    /// When they cannot be sealed.
    pub fn seal(
        tenant_key: &TenantKey,
        workspace: WorkspaceId,
        provider: PushProvider,
        credentials: &[u8],
    ) -> Result<Bytes, StoreError> {
        let place = Self::place(workspace, provider);
        Ok(Bytes(tenant_key.seal(&place, credentials)?))
    }

    /// The credentials in clear.
    ///
    /// # Errors
    /// When they do not open under this key.
    pub fn open(&self, tenant_key: &TenantKey) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let place = Self::place(self.workspace, self.provider);
        tenant_key.open(&place, &self.credentials.0)
    }
}

/// That somebody of a workspace asked for mail about conversations: where nobody has, and nobody brings
/// anything to a device either, nothing more is read when something happens.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = mail_wanted(workspace), tenant = workspace,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct MailWanted {
    /// Where.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Since when.
    #[non_personal(reason = "when a setting was made")]
    pub created_at: Timestamp,
}

/// What a member wants to be told, and when not.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = notify_wishes(workspace, member),
    lists = unassigned_list(workspace, member, unassigned_since), tenant = workspace,
    within = Membership, class = Workspace, anchor = created_at,
)]
pub struct NotifyWishes {
    /// Where.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Who.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub member: MemberId,
    /// Of what by mail.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub email: Vec<NotifyEvent>,
    /// Of what in the product.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub in_app: Vec<NotifyEvent>,
    /// Of what on their devices.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub push: Vec<NotifyEvent>,
    /// Since when they are told of conversations that nobody has, whichever way.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub unassigned_since: Option<Timestamp>,
    /// When they are left alone by their devices: when somebody sleeps, so sealed.
    #[personal(category = VisitContext, purpose = RunWorkspace, erase = Delete)]
    pub quiet_hours: Option<QuietHours>,
    /// By the clock of which zone.
    #[personal(category = VisitContext, purpose = RunWorkspace, erase = Delete)]
    pub time_zone: Option<TimeZone>,
    /// Since when there is an entry.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl NotifyWishes {
    /// Those of a member who said nothing: version 0, stored nowhere.
    pub fn unset(workspace: WorkspaceId, member: MemberId, now: Timestamp) -> Self {
        Self {
            workspace,
            member,
            email: NotifyEvent::all_unless_said(Channel::Email),
            in_app: NotifyEvent::all_unless_said(Channel::InApp),
            push: NotifyEvent::all_unless_said(Channel::Push),
            unassigned_since: None,
            quiet_hours: None,
            time_zone: None,
            created_at: now,
            rev: 0,
        }
    }

    /// Whether they are left alone at `now`.
    pub fn is_quiet(&self, now: Timestamp) -> bool {
        let zone = self.time_zone.as_ref().map(|zone| zone.reveal());
        let zone = zone.and_then(|zone| Zone::parse(zone).ok());
        match (&self.quiet_hours, zone) {
            (Some(hours), Some(zone)) => hours.hold_at(&zone, now),
            _ => false,
        }
    }
}

/// What a member is shown in the product of a conversation: the last thing that concerned them there
/// (CHAT-23). One for each conversation, beside how far they have read in it; so it is read when the
/// conversation is, and goes when either of them goes.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = news(workspace, member, conversation),
    lists = news_list(workspace, member, happened_at, conversation), tenant = workspace,
    within = Membership, class = News, anchor = happened_at,
)]
pub struct News {
    /// Where.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Who.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub member: MemberId,
    /// In which conversation.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub conversation: ConversationId,
    /// What happened.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub event: NotifyEvent,
    /// How far the conversation was then: whoever has read to there knows.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub seq: u64,
    /// When.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub happened_at: Timestamp,
}

/// Of what somebody wants to hear, without what is sealed of it.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// By mail.
    pub email: Vec<NotifyEvent>,
    /// In the product.
    pub in_app: Vec<NotifyEvent>,
    /// On their devices.
    pub push: Vec<NotifyEvent>,
}

/// That somebody is told something on their devices.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = notification(workspace, id), due = notification_due(workspace, id, next_attempt_at),
    tenant = workspace,
    no_subject = "that somebody was told of something, by opaque ids, for two days",
    class = Notification, anchor = created_at,
)]
pub struct Notification {
    /// Its id, the same with every attempt.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub id: NotificationId,
    /// Where.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Whom: a member or a contact.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub recipient: SubjectId,
    /// On which devices only: the one that is tried out, or those that were not reached.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub devices: Option<Vec<DeviceId>>,
    /// What.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub event: NotifyEvent,
    /// In which conversation.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub conversation: Option<ConversationId>,
    /// With which message of it.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub seq: Option<u64>,
    /// Of which call, when one rings.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub call: Option<CallId>,
    /// Until when it rings: later nobody is told of it.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub rings_until: Option<Timestamp>,
    /// Whether it is that a call rings no more, before its time was over.
    #[non_personal(reason = "whether something begins or ends")]
    pub rings_no_more: Option<bool>,
    /// When it happened.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub happened_at: Timestamp,
    /// How far it is.
    #[non_personal(reason = "the state of a notification")]
    pub delivery_state: DeliveryState,
    /// How often it was tried.
    #[non_personal(reason = "a count of attempts")]
    pub attempts: u64,
    /// How many devices it was brought to, once it was tried.
    #[non_personal(reason = "a count of devices")]
    pub taken: Option<u64>,
    /// When it is tried next.
    #[non_personal(reason = "when a notification is tried")]
    pub next_attempt_at: Option<Timestamp>,
    /// When it was written.
    #[non_personal(reason = "when a notification was written")]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// What somebody is told of.
#[derive(Clone, Copy, Debug)]
pub struct Tidings<'a> {
    /// What happened.
    pub event: NotifyEvent,
    /// In which conversation.
    pub conversation: ConversationId,
    /// With which message of it.
    pub seq: Option<u64>,
    /// What tells it from everything else that happens to the conversation.
    pub mark: &'a str,
    /// When.
    pub at: Timestamp,
}

impl Tidings<'_> {
    /// What the effect of telling somebody is recognised by.
    pub fn effect(
        &self,
        tenant_key: &TenantKey,
        recipient: SubjectId,
        channel: Channel,
    ) -> KeyedHash {
        let Self {
            event,
            conversation,
            mark,
            ..
        } = self;
        let (event, channel) = (event.word(), channel.word());
        let name = format!("effect|{channel}|{recipient}|{event}|{conversation}|{mark}");
        tenant_key.hash(Use::Push, &name)
    }
}

impl Notification {
    /// That `recipient` is told of something: `outbox` tries at once, the schedule after a minute.
    pub fn new(
        workspace: WorkspaceId,
        recipient: SubjectId,
        tidings: Tidings<'_>,
        tenant_key: &TenantKey,
        now: Timestamp,
    ) -> Self {
        let effect = tidings.effect(tenant_key, recipient, Channel::Push);
        Self {
            conversation: Some(tidings.conversation),
            seq: tidings.seq,
            happened_at: tidings.at,
            ..Self::blank(
                (workspace, recipient),
                NotificationId::derived(tidings.at, effect.as_bytes()),
                tidings.event,
                now,
            )
        }
    }

    /// That somebody tries their device out.
    pub fn test(
        workspace: WorkspaceId,
        recipient: SubjectId,
        device: DeviceId,
        now: Timestamp,
    ) -> Self {
        Self {
            devices: Some(vec![device]),
            ..Self::blank(
                (workspace, recipient),
                NotificationId::new(now),
                NotifyEvent::Test,
                now,
            )
        }
    }

    /// That a call rings for `recipient` until `until`; the same however often it is said.
    pub fn ring(
        (workspace, recipient): (WorkspaceId, SubjectId),
        call: CallId,
        until: Timestamp,
        tenant_key: &TenantKey,
        now: Timestamp,
    ) -> Self {
        let name = format!("effect|ring|{recipient}|{call}|{}", until.ms());
        let effect = tenant_key.hash(Use::Push, &name);
        Self {
            call: Some(call),
            rings_until: Some(until),
            ..Self::blank(
                (workspace, recipient),
                NotificationId::derived(until, effect.as_bytes()),
                NotifyEvent::Call,
                now,
            )
        }
    }

    /// That a call rings no more for `recipient`, though it would have until `until`.
    pub fn silence(
        (workspace, recipient): (WorkspaceId, SubjectId),
        call: CallId,
        until: Timestamp,
        tenant_key: &TenantKey,
        now: Timestamp,
    ) -> Self {
        let name = format!("effect|silence|{recipient}|{call}|{}", until.ms());
        let effect = tenant_key.hash(Use::Push, &name);
        Self {
            call: Some(call),
            rings_until: Some(until),
            rings_no_more: Some(true),
            ..Self::blank(
                (workspace, recipient),
                NotificationId::derived(until, effect.as_bytes()),
                NotifyEvent::Call,
                now,
            )
        }
    }

    /// Whether there is nothing to tell any more at `now`.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.rings_until.is_some_and(|until| until <= now)
    }

    fn blank(
        (workspace, recipient): (WorkspaceId, SubjectId),
        id: NotificationId,
        event: NotifyEvent,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            workspace,
            recipient,
            devices: None,
            event,
            conversation: None,
            seq: None,
            call: None,
            rings_until: None,
            rings_no_more: None,
            happened_at: now,
            delivery_state: DeliveryState::Pending,
            attempts: 0,
            taken: None,
            next_attempt_at: Some(now.plus(PATIENCE)),
            created_at: now,
            rev: 1,
        }
    }

    /// The same, when an attempt begins at `now`: should nobody hear how it ended, the schedule tries again.
    pub fn begun(self, now: Timestamp) -> Self {
        Self {
            attempts: self.attempts + 1,
            next_attempt_at: Some(now.plus(PATIENCE)),
            ..self
        }
    }

    /// The same, when an attempt ended at `now` that did not reach `left`, the first of which asks to be left
    /// alone for `rest`.
    pub fn ended(self, left: Vec<DeviceId>, rest: Option<Duration>, now: Timestamp) -> Self {
        let tried = usize::try_from(self.attempts).unwrap_or(usize::MAX);
        let wait = WAITS.get(tried.saturating_sub(1)).copied();
        let wait = wait.map(|wait| rest.unwrap_or(wait).clamp(wait, WAITS[2]));
        let next = wait.filter(|_| !left.is_empty());
        Self {
            delivery_state: match (left.is_empty(), next) {
                (true, _) => DeliveryState::Delivered,
                (false, Some(_)) => DeliveryState::Pending,
                (false, None) => DeliveryState::Failed,
            },
            next_attempt_at: next.map(|wait| now.plus(wait)),
            devices: (!left.is_empty()).then_some(left),
            ..self
        }
    }

    /// The same, brought to so many devices more.
    pub fn taken_by(self, devices: u64) -> Self {
        let taken = Some(self.taken.unwrap_or_default() + devices);
        Self { taken, ..self }
    }

    /// The same, when nobody is to be told any more.
    pub fn dropped(self) -> Self {
        Self {
            delivery_state: DeliveryState::Failed,
            next_attempt_at: None,
            ..self
        }
    }

    /// The member who is told, if it is one.
    pub const fn member(&self) -> Option<MemberId> {
        match self.recipient {
            SubjectId::Member(member) => Some(member),
            _ => None,
        }
    }

    /// The contact who is told, if it is one.
    pub const fn contact(&self) -> Option<ContactId> {
        match self.recipient {
            SubjectId::Contact(contact) => Some(contact),
            _ => None,
        }
    }
}

impl Store {
    /// What members want to be told, of those who are asked about; what nobody said is not in it. No key is
    /// needed: what is sealed of it is not read.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn wishes(
        &self,
        workspace: WorkspaceId,
        member: MemberId,
    ) -> Result<Wishes, StoreError> {
        let place = keys::notify_wishes(workspace, member);
        let fetched = self.batch(vec![place.clone()]).await?;
        let said = |channel: Channel, name: &str| {
            let field = fetched.raw(&place).and_then(|item| item.get(name));
            let said = field.and_then(|field| Vec::<NotifyEvent>::read(Some(field)));
            said.unwrap_or_else(|| NotifyEvent::all_unless_said(channel))
        };
        Ok(Wishes {
            email: said(Channel::Email, "email"),
            in_app: said(Channel::InApp, "in_app"),
            push: said(Channel::Push, "push"),
        })
    }

    /// The members who want to be told of conversations that nobody has, a thousand at most.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn told_of_unassigned(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Vec<MemberId>, StoreError> {
        let list = Query::lists(keys::told_of_unassigned(workspace)).limit(1000);
        let items = self.query(list).await?;
        let member = |item: &super::record::Item| {
            let member = item.get("lists_sk")?.as_s().ok()?;
            member.parse().ok()
        };
        Ok(items.iter().filter_map(member).collect())
    }
}
