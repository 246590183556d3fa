//! Services of a customer that are told what happens (Standard Webhooks): where they are, how they do,
//! and what each was told.
//!
//! A delivery is written by `outbox`, from the table's own stream, under an id that follows from what
//! happened; so a repeated stream writes nothing twice. It waits in the index of deadlines until it has
//! arrived or is given up. It names ids: what a full payload says is read when it is sent, so nothing is
//! kept of it, and nobody is told of what has been erased meanwhile.

use std::time::Duration;

use shared_derive::Record;
use zeroize::Zeroizing;

use super::{
    app::Label,
    db::{BATCH_KEYS, Store, StoreError},
    field::{Bytes, Field as _},
    keyring::{TenantKey, Use},
    keys::{self, Key},
    message::{Event, MessageKind},
    query::Query,
    record::{Item, read_item},
    seal::Unsealed,
    subject::SubjectId,
};
use crate::{
    domain::{
        AppId, AttachmentId, CallId, ContactId, ConversationId, DeliveryId, FlowId, RequestId,
        TeamId, Timestamp, WebhookId, WorkspaceId, policy::Lens, webhook::HookEvent,
    },
    words,
};

/// How long the first attempt is left to `outbox`: longer than it takes.
const FIRST_WAIT: Duration = Duration::from_secs(60);
/// The most endpoints of a workspace.
pub const MOST_WEBHOOKS: u16 = 20;

words! {
    /// How much a service is told.
    pub enum Payload {
        /// What it is about as well: the receiver then processes personal data.
        Full = "full",
        /// Ids; the rest is fetched with a key of the API.
        Thin = "thin",
    }
}

words! {
    /// Whether an endpoint is told anything.
    pub enum WebhookStatus {
        /// It failed for too long, or said that it is gone; nothing goes out, and nothing is remembered.
        Disabled = "disabled",
        /// It is told.
        Enabled = "enabled",
        /// The team put it aside; nothing goes out, and nothing is remembered.
        Paused = "paused",
    }
}

words! {
    /// How far a delivery is.
    pub enum DeliveryState {
        /// It was taken, with a status of 200 to 299.
        Delivered = "delivered",
        /// It was given up.
        Failed = "failed",
        /// It waits for its next attempt.
        Pending = "pending",
    }
}

words! {
    /// Why the last attempt failed.
    pub enum DeliveryFault {
        /// The endpoint was switched off before.
        Disabled = "disabled",
        /// The address, or what its name leads to, is none that may be connected to.
        RefusedAddress = "refused_address",
        /// It answered with another status than 200 to 299.
        Status = "status",
        /// Nobody answered in time.
        Unreachable = "unreachable",
    }
}

/// An endpoint.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = webhook(workspace, id), tenant = workspace,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct Webhook {
    /// Its id.
    #[non_personal(reason = "the id of an endpoint", export)]
    pub id: WebhookId,
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// What the team calls it.
    #[non_personal(reason = "the label of an endpoint", export)]
    pub name: Label,
    /// Where it is, sealed: such addresses often hold a secret.
    #[non_personal(reason = "the address of a service, sealed under the key of the workspace")]
    pub address: Bytes,
    /// What it is told of.
    #[non_personal(reason = "a setting of the endpoint", export)]
    pub events: Vec<HookEvent>,
    /// Only of conversations of these apps; of all when there is nothing.
    #[non_personal(reason = "a setting of the endpoint", export)]
    pub app_ids: Option<Vec<AppId>>,
    /// Only of conversations of these teams; of all when there is nothing.
    #[non_personal(reason = "a setting of the endpoint", export)]
    pub team_ids: Option<Vec<TeamId>>,
    /// How much.
    #[non_personal(reason = "a setting of the endpoint", export)]
    pub payload: Payload,
    /// Whether it is told anything.
    #[non_personal(reason = "a setting of the endpoint", export)]
    pub status: WebhookStatus,
    /// Since when it is not, if it failed.
    #[non_personal(reason = "when an endpoint was switched off")]
    pub disabled_at: Option<Timestamp>,
    /// Counts secrets: each follows from the id and this number, and is stored nowhere.
    #[non_personal(reason = "the number of a secret")]
    pub secret_number: u64,
    /// Until when the secret before is signed with as well.
    #[non_personal(reason = "the end of a secret")]
    pub overlap_until: Option<Timestamp>,
    /// Since when.
    #[non_personal(reason = "when an endpoint was made")]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl Webhook {
    fn place(workspace: WorkspaceId, id: WebhookId) -> String {
        format!("webhook|{workspace}|{id}")
    }

    /// An address, sealed for storage.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn seal_address(
        tenant_key: &TenantKey,
        (workspace, id): (WorkspaceId, WebhookId),
        address: &str,
    ) -> Result<Bytes, StoreError> {
        let place = Self::place(workspace, id);
        Ok(Bytes(tenant_key.seal(&place, address.as_bytes())?))
    }

    /// The address in clear.
    ///
    /// # Errors
    /// When it does not open under this key.
    pub fn address(&self, tenant_key: &TenantKey) -> Result<String, StoreError> {
        let place = Self::place(self.workspace, self.id);
        let bytes = tenant_key.open(&place, &self.address.0)?;
        String::from_utf8(bytes.to_vec())
            .map_err(|_| StoreError::Corrupt("an address that is no text"))
    }

    fn secret_of(&self, tenant_key: &TenantKey, number: u64) -> Zeroizing<[u8; 32]> {
        let name = format!("secret|{}|{number}", self.id);
        Zeroizing::new(*tenant_key.hash(Use::Webhook, &name).as_bytes())
    }

    /// The secret that its deliveries are signed with.
    pub fn secret(&self, tenant_key: &TenantKey) -> Zeroizing<[u8; 32]> {
        self.secret_of(tenant_key, self.secret_number)
    }

    /// Every secret that is signed with at `now`, the newest first.
    pub fn secrets(&self, tenant_key: &TenantKey, now: Timestamp) -> Vec<Zeroizing<[u8; 32]>> {
        let before = self.secret_number.checked_sub(1);
        let overlaps = self.overlap_until.is_some_and(|until| until > now);
        let before = before.filter(|number| overlaps && *number > 0);
        let numbers = std::iter::once(self.secret_number).chain(before);
        numbers
            .map(|number| self.secret_of(tenant_key, number))
            .collect()
    }

    /// Whether it is told of an event now.
    pub fn wants(&self, event: HookEvent) -> bool {
        self.status == WebhookStatus::Enabled
            && (event.is_always_told() || self.events.contains(&event))
    }

    /// Whether it is told of what happens to some conversations only.
    pub const fn is_choosy(&self) -> bool {
        self.app_ids.is_some() || self.team_ids.is_some()
    }

    /// Whether it is told of a conversation that came by `app`, and is or was one of `teams`.
    pub fn admits(&self, app: Option<AppId>, teams: &[TeamId]) -> bool {
        let by_app = |ids: &Vec<AppId>| app.is_some_and(|app| ids.contains(&app));
        let by_team = |ids: &Vec<TeamId>| teams.iter().any(|team| ids.contains(team));
        self.app_ids.as_ref().is_none_or(by_app) && self.team_ids.as_ref().is_none_or(by_team)
    }

    /// The id of the delivery of what happened at `at`: it follows from what happened.
    pub fn delivery_id(
        &self,
        tenant_key: &TenantKey,
        event: HookEvent,
        what: &str,
        at: Timestamp,
    ) -> DeliveryId {
        let name = format!("delivery|{}|{}|{what}", self.id, event.word());
        DeliveryId::derived(at, tenant_key.hash(Use::Webhook, &name).as_bytes())
    }
}

/// How an endpoint does. Apart from it, so that what happens there is no change of its settings.
#[derive(Clone, Debug, PartialEq, Eq, Record)]
#[record(
    table = Data, key = webhook_health(workspace, webhook), tenant = workspace,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct WebhookHealth {
    /// Which endpoint.
    #[non_personal(reason = "the id of an endpoint")]
    pub webhook: WebhookId,
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Since when no delivery has arrived and one has failed.
    #[non_personal(reason = "when an endpoint began to fail")]
    pub failing_since: Option<Timestamp>,
    /// Until when it is left alone.
    #[non_personal(reason = "when an endpoint is tried again")]
    pub rest_until: Option<Timestamp>,
    /// Since when there is an entry.
    #[non_personal(reason = "when an entry was made")]
    pub created_at: Timestamp,
}

impl WebhookHealth {
    /// An endpoint that does well.
    pub const fn good(workspace: WorkspaceId, webhook: WebhookId, now: Timestamp) -> Self {
        Self {
            webhook,
            workspace,
            failing_since: None,
            rest_until: None,
            created_at: now,
        }
    }
}

/// Something that an endpoint is told.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = delivery(workspace, webhook, id),
    due = delivery_due(workspace, webhook, id, next_attempt_at), tenant = workspace,
    no_subject = "that a service of the customer was told of something, by opaque ids, for 7 days",
    class = Delivery, anchor = created_at,
)]
pub struct Delivery {
    /// Its id, the same with every attempt.
    #[non_personal(reason = "the id of a delivery", export)]
    pub id: DeliveryId,
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// To which endpoint.
    #[non_personal(reason = "the id of an endpoint", export)]
    pub webhook: WebhookId,
    /// What happened.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub event: HookEvent,
    /// With which conversation.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub conversation: Option<ConversationId>,
    /// With which message of it.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub seq: Option<u64>,
    /// With which contact.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub contact: Option<ContactId>,
    /// With which file.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub attachment: Option<AttachmentId>,
    /// With which call.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub call: Option<CallId>,
    /// With which flow.
    #[non_personal(reason = "the id of a flow", export)]
    pub flow: Option<FlowId>,
    /// With which request about somebody's data.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub request: Option<RequestId>,
    /// When it happened.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub happened_at: Timestamp,
    /// How far it is.
    #[non_personal(reason = "the state of a delivery", export)]
    pub delivery_state: DeliveryState,
    /// How often it was tried, since it was asked for.
    #[non_personal(reason = "a count of attempts", export)]
    pub attempts: u64,
    /// When it is tried next.
    #[non_personal(reason = "when a delivery is tried")]
    pub next_attempt_at: Option<Timestamp>,
    /// When it was tried last.
    #[non_personal(reason = "when a delivery was tried", export)]
    pub last_attempt_at: Option<Timestamp>,
    /// The status of the last answer.
    #[non_personal(reason = "a status of HTTP", export)]
    pub answer: Option<u64>,
    /// Why the last attempt failed, if it did.
    #[non_personal(reason = "a kind of failure", export)]
    pub fault: Option<DeliveryFault>,
    /// When it was written.
    #[non_personal(reason = "when a delivery was written", export)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl Delivery {
    /// That an endpoint is told of what happened at `happened_at`, written at `now`: `outbox` tries it at once,
    /// the schedule when it has waited for [`FIRST_WAIT`].
    pub fn new(
        webhook: &Webhook,
        id: DeliveryId,
        event: HookEvent,
        (happened_at, now): (Timestamp, Timestamp),
    ) -> Self {
        Self {
            id,
            workspace: webhook.workspace,
            webhook: webhook.id,
            event,
            conversation: None,
            seq: None,
            contact: None,
            attachment: None,
            call: None,
            flow: None,
            request: None,
            happened_at,
            delivery_state: DeliveryState::Pending,
            attempts: 0,
            next_attempt_at: Some(now.plus(FIRST_WAIT)),
            last_attempt_at: None,
            answer: None,
            fault: None,
            created_at: now,
            rev: 1,
        }
    }

    /// What the next attempt is put off by, as a number of chance.
    pub fn chance(&self) -> u8 {
        let bytes = *self.id.uuid().as_bytes();
        let turn = usize::try_from(self.attempts % 6).unwrap_or(0);
        bytes[9 + turn]
    }

    /// Makes it wait again, from the first attempt on.
    pub fn again(self, at: Timestamp) -> Self {
        Self {
            delivery_state: DeliveryState::Pending,
            attempts: 0,
            next_attempt_at: Some(at),
            ..self
        }
    }
}

/// What of a message says what happened, without a word of it.
#[derive(Clone, Copy, Debug)]
pub struct Landmark {
    /// Its number.
    pub seq: u64,
    /// What it is.
    pub kind: MessageKind,
    /// What happened, in a line of the system.
    pub event: Option<Event>,
    /// To which earlier message.
    pub subject_seq: Option<u64>,
    /// Who wrote it, or did what it tells.
    pub author: Option<SubjectId>,
    /// When.
    pub sent_at: Timestamp,
}

impl Store {
    /// What the messages of a thread from `first` to `last` tell happened, a hundred at most. One read,
    /// without the key of the thread.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn landmarks(
        &self,
        workspace: WorkspaceId,
        conversation: ConversationId,
        (first, last): (u64, u64),
    ) -> Result<Vec<Landmark>, StoreError> {
        let places: Vec<Key> = (first..=last)
            .take(BATCH_KEYS)
            .map(|seq| keys::message(workspace, conversation, seq))
            .collect();
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let fetched = self.batch(places.clone()).await?;
        let read = |item: &Item| {
            Some(Landmark {
                seq: u64::read(item.get("seq"))?,
                kind: MessageKind::read(item.get("message_kind"))?,
                event: Option::<Event>::read(item.get("event"))?,
                subject_seq: Option::<u64>::read(item.get("subject_seq"))?,
                author: Option::<SubjectId>::read(item.get("author"))?,
                sent_at: Timestamp::read(item.get("sent_at"))?,
            })
        };
        let found = places.iter().filter_map(|place| fetched.raw(place));
        Ok(found.filter_map(read).collect())
    }

    /// By which app a conversation came, and whose it is; nothing when it is gone. One read.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn belongs(
        &self,
        workspace: WorkspaceId,
        conversation: ConversationId,
    ) -> Result<(Option<AppId>, Option<TeamId>), StoreError> {
        let place = keys::conversation(workspace, conversation);
        let fetched = self.batch(vec![place.clone()]).await?;
        let head = fetched.raw(&place);
        Ok((
            head.and_then(|head| Option::<AppId>::read(head.get("app")))
                .flatten(),
            head.and_then(|head| Option::<TeamId>::read(head.get("team")))
                .flatten(),
        ))
    }

    /// Every endpoint of a workspace, oldest first. One read.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn webhooks(
        &self,
        workspace: WorkspaceId,
        lens: Lens<'_>,
    ) -> Result<Vec<Webhook>, StoreError> {
        let query = Query::partition(keys::webhooks(workspace))
            .between(keys::WEBHOOK, format!("{}~", keys::WEBHOOK))
            .limit(MOST_WEBHOOKS * 2);
        let mut found = Vec::new();
        for item in self.query(query).await? {
            found.extend(read_item::<Webhook>(&item, &Unsealed, lens)?);
        }
        Ok(found)
    }
}
