//! A request: read together with its words, and its view.

use serde::Serialize;
use shared::{
    app::App,
    domain::{
        AccountId, ContactId, ErasureId, ExportId, Policy, RequestId, TenantId, Timestamp,
        policy::Lens,
        privacy::{DenialReason, Maker, RequestKind, RequestStatus},
        text::{Email, Text},
    },
    http::{Paging, Problem, actor::Entry, cursor::List},
    store::{
        DataKey, Fetched, Item, Key, Query, RootRef, SubjectId, TenantKey, Unsealed,
        db::listed_id,
        keys,
        privacy::{PrivacyRequest, RequestWords},
    },
    words,
};
use utoipa::ToSchema;

/// A request with its words, and what seals them.
pub struct Found {
    /// The request.
    pub head: PrivacyRequest,
    /// What was said in it; none sixty days after its end.
    pub words: Option<RequestWords>,
    /// The key of what is sealed about it.
    pub key: DataKey,
}

/// Where requests are answered: whose they are, and what opens them.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// Who answers.
    pub tenant: TenantId,
    /// Their key.
    pub key: &'a TenantKey,
    /// The server's time for the whole request.
    pub now: Timestamp,
}

impl<'a> Desk<'a> {
    /// The desk of a workspace that was entered.
    pub fn of(entry: &'a Entry) -> Self {
        Self {
            tenant: TenantId::Workspace(entry.workspace),
            key: &entry.tenant_key,
            now: entry.now,
        }
    }

    /// The desk of the operator.
    pub const fn platform(key: &'a TenantKey, now: Timestamp) -> Self {
        Self {
            tenant: TenantId::Platform,
            key,
            now,
        }
    }
}

/// What reading a request takes.
pub fn wanted(tenant: TenantId, id: RequestId) -> [Key; 3] {
    let head = keys::privacy_request(tenant, id);
    let key = keys::data_key(&RootRef::of(&head));
    [head, key, keys::privacy_words(tenant, id)]
}

/// The request, out of a batch that asked for [`wanted`].
pub fn open(fetched: &Fetched, desk: Desk<'_>, id: RequestId) -> Result<Option<Found>, Problem> {
    // Nothing of a request depends on the policy of a workspace.
    let policy = Policy::platform();
    let lens = Lens {
        now: desk.now,
        policy: &policy,
    };
    let place = keys::privacy_request(desk.tenant, id);
    let head = fetched.get::<PrivacyRequest>(&place, &Unsealed, lens)?;
    let key = fetched.data_key(&place, desk.key)?;
    let (Some(head), Some(key)) = (head, key) else {
        return Ok(None);
    };
    let place = keys::privacy_words(desk.tenant, id);
    let words = fetched.get::<RequestWords>(&place, &key, lens)?;
    Ok(Some(Found { head, words, key }))
}

words! {
    /// What happens to a request now.
    pub enum Processing {
        /// It is being carried out, which takes minutes.
        Executing = "executing",
        /// Nothing more.
        Over = "over",
        /// Whoever asked has to hand a workspace over, or to delete it.
        WaitingForOwner = "waiting_for_owner",
        /// Whoever answers has to decide.
        WaitingForDecision = "waiting_for_decision",
        /// The link that went to the address on file has to be confirmed.
        WaitingForProof = "waiting_for_proof",
    }
}

/// A request about one's data.
#[derive(Serialize, ToSchema)]
pub struct PrivacyRequestView {
    /// Its id.
    id: RequestId,
    /// What was asked.
    #[serde(rename = "type")]
    request: RequestKind,
    /// Where it stands.
    status: RequestStatus,
    /// What happens to it now.
    processing_details: Processing,
    /// Who asked.
    made_by: Maker,
    /// About which contact.
    contact_id: Option<ContactId>,
    /// About which account.
    account_id: Option<AccountId>,
    /// What was written with it.
    #[schema(example = "Please send me everything.")]
    message: Option<String>,
    /// The name as it should be.
    #[schema(example = "Ada Lovelace")]
    name: Option<String>,
    /// The address as it should be.
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    /// Where the answer goes.
    #[schema(example = "ada@example.com")]
    reply_to: Option<String>,
    /// When it was received: from here every date counts.
    received_at: Timestamp,
    /// Until when it is answered.
    expected_by: Timestamp,
    /// When it was extended.
    extended_at: Option<Timestamp>,
    /// Whether its time is over and it is not.
    #[schema(example = false)]
    overdue: bool,
    /// The copy that answers it: `GET …/exports/{export}`, once it is done.
    export_id: Option<ExportId>,
    /// The erasure that it asks for, once it has begun: its receipt is there when nothing is left.
    erasure_id: Option<ErasureId>,
    /// How many calls it has deleted, where that was asked for.
    #[schema(example = json!(null))]
    calls_deleted: Option<u64>,
    /// When it ended.
    ended_at: Option<Timestamp>,
    /// Why it was refused.
    reason: Option<DenialReason>,
    /// What was answered.
    #[schema(example = "You find everything in the attached file.")]
    answer: Option<String>,
    /// Counts changes.
    #[schema(example = 1)]
    rev: u64,
}

impl PrivacyRequestView {
    /// The view of a request at `now`.
    pub fn new(head: &PrivacyRequest, words: Option<&RequestWords>, now: Timestamp) -> Self {
        let status = head.course().status_at(now);
        let processing_details = match status {
            RequestStatus::NeedUserVerification => Processing::WaitingForProof,
            RequestStatus::InProgress if head.obstacle.is_some() => Processing::WaitingForOwner,
            RequestStatus::InProgress if head.executing_since.is_some() => Processing::Executing,
            RequestStatus::InProgress => Processing::WaitingForDecision,
            _ => Processing::Over,
        };
        let email = |of: Option<&Email>| of.map(|it| it.reveal().to_owned());
        let text = |of: Option<&Text>| of.map(|it| it.reveal().to_owned());
        Self {
            id: head.id,
            request: head.request,
            status,
            processing_details,
            made_by: head.made_by,
            contact_id: head.contact(),
            account_id: head.account(),
            message: text(words.and_then(|words| words.message.as_ref())),
            name: words
                .and_then(|words| words.name.as_ref())
                .map(|name| name.reveal().to_owned()),
            email: email(words.and_then(|words| words.email.as_ref())),
            reply_to: email(words.and_then(|words| words.reply_to.as_ref())),
            received_at: head.received_at,
            expected_by: head.expected_by,
            extended_at: head.extended_at,
            overdue: !status.is_over() && now >= head.expected_by,
            export_id: head.copy,
            erasure_id: head.erasure(),
            calls_deleted: head.calls_deleted,
            ended_at: head.ended_at,
            reason: head.reason,
            answer: text(words.and_then(|words| words.answer.as_ref())),
            rev: head.rev,
        }
    }

    /// About which contact it is.
    pub const fn contact(&self) -> Option<ContactId> {
        self.contact_id
    }

    /// The view of a request that was read.
    pub fn of(found: &Found, now: Timestamp) -> Self {
        Self::new(&found.head, found.words.as_ref(), now)
    }
}

/// The ids of a page of a list, newest first, and the cursor that goes on.
pub type Ids = (Vec<RequestId>, Option<String>);

/// A page of the requests that a tenant answers.
///
/// # Errors
/// 400 `cursor_invalid`.
pub async fn all(
    app: &App,
    desk: Desk<'_>,
    list: List<'_>,
    paging: &Paging,
) -> Result<Ids, Problem> {
    let Desk { tenant, now, .. } = desk;
    let query = Query::lists(keys::privacy_requests(tenant)).newest_first();
    let place = |id| {
        let sk = keys::privacy_list(tenant, id).sk;
        (keys::privacy_request(tenant, id), sk)
    };
    list.ids(&app.store, (query, paging, now), place, listed_id)
        .await
}

/// A page of somebody's own requests.
///
/// # Errors
/// 400 `cursor_invalid`.
pub async fn own(
    app: &App,
    desk: Desk<'_>,
    subject: SubjectId,
    list: List<'_>,
    paging: &Paging,
) -> Result<Ids, Problem> {
    let Desk { tenant, now, .. } = desk;
    let (low, high) = (
        keys::OWN_REQUEST.to_owned(),
        format!("{}~", keys::OWN_REQUEST),
    );
    let query = Query::partition(keys::asked(tenant, subject))
        .between(low, high)
        .newest_first();
    let place = |id| (keys::own_request(tenant, subject, id), String::new());
    let id = |item: &Item| {
        let sk = item.get("sk")?.as_s().ok()?;
        sk.strip_prefix(keys::OWN_REQUEST)?.parse().ok()
    };
    list.ids(&app.store, (query, paging, now), place, id).await
}

/// How many requests fit one batch read.
const PER_BATCH: usize = 30;

/// The requests with these ids, in that order, without those that are gone.
///
/// # Errors
/// When storage fails.
pub async fn open_all(app: &App, desk: Desk<'_>, ids: &[RequestId]) -> Result<Vec<Found>, Problem> {
    let mut all = Vec::with_capacity(ids.len());
    for ids in ids.chunks(PER_BATCH) {
        let keys = ids.iter().flat_map(|id| wanted(desk.tenant, *id));
        let fetched = app.store.batch(keys.collect()).await?;
        for id in ids {
            all.extend(open(&fetched, desk, *id)?);
        }
    }
    Ok(all)
}

/// Whether a request is somebody's own.
pub fn is_own(found: &Found, subject: SubjectId) -> bool {
    found.head.subject == Some(subject)
}
