//! A thread: read with what was said in it, its view, and the next thing said.

use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{
        AccountId, MessageId, Policy, SupportId, Timestamp,
        policy::Lens,
        text::{Email, Text},
    },
    http::{
        Code, Paging, Problem,
        cursor::List,
        idempotent::{Ask, IdempotencyKey},
    },
    store::{
        CommitError, DataKey, Fetched, Item, Key, Query, RootRef, SubjectId, TenantKey,
        Transaction, Unsealed,
        db::listed_id,
        keys,
        record::read_item,
        support::{AddressProof, Said, SupportMessage, SupportSide, SupportThread, SupportWay},
    },
};
use utoipa::ToSchema;

/// Most messages of a thread that are shown: the newest ones.
const MOST_SHOWN: u16 = 100;
/// How often what meets something else that is said is tried again.
const RACES: u32 = 3;

/// Something to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Says {
    /// What.
    pub message: Text,
}

/// A thread with the operator.
#[derive(Serialize, ToSchema)]
pub struct SupportThreadView {
    /// Its id.
    id: SupportId,
    /// Whose account it is; null for somebody who has none.
    account_id: Option<AccountId>,
    /// Whether answers go out by mail: an address that nobody has proved is acknowledged and no more.
    address: AddressProof,
    /// Who said the last thing.
    last_by: SupportSide,
    /// How many messages there were.
    #[schema(example = 2)]
    message_count: u64,
    /// When it began.
    created_at: Timestamp,
    /// When the last thing was said.
    last_message_at: Timestamp,
    /// Counts changes.
    #[schema(example = 1)]
    rev: u64,
}

/// A thread with what was said in it.
#[derive(Serialize, ToSchema)]
pub struct SupportThreadWithMessages {
    /// The thread.
    thread: SupportThreadView,
    /// What was said, oldest first; the newest hundred of them.
    messages: Vec<SupportMessageView>,
}

/// What was said in a thread.
#[derive(Serialize, ToSchema)]
pub struct SupportMessageView {
    /// Its id.
    id: MessageId,
    /// Who said it.
    by: SupportSide,
    /// Which way it came.
    way: SupportWay,
    /// The address that somebody without an account said they write from.
    #[schema(example = "ada@example.com")]
    from: Option<String>,
    /// What was said.
    #[schema(example = "How do I add a colleague?")]
    text: String,
    /// When.
    sent_at: Timestamp,
}

impl SupportThreadView {
    /// The view of a thread.
    pub const fn new(thread: &SupportThread) -> Self {
        Self {
            id: thread.id,
            account_id: thread.account,
            address: thread.address,
            last_by: thread.last_by,
            message_count: thread.messages,
            created_at: thread.created_at,
            last_message_at: thread.touched_at,
            rev: thread.rev,
        }
    }
}

impl SupportMessageView {
    fn new(message: SupportMessage) -> Self {
        Self {
            id: message.id,
            by: message.by,
            way: message.way,
            from: message
                .from
                .as_ref()
                .map(|from| Email::reveal(from).to_owned()),
            text: message.text.reveal().to_owned(),
            sent_at: message.sent_at,
        }
    }
}

/// Where a thread is read: the key of the platform, and the request's time.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The key.
    pub key: &'a TenantKey,
    /// The time.
    pub now: Timestamp,
}

/// A thread, and what seals its messages.
pub struct Found {
    /// The thread.
    pub head: SupportThread,
    /// The key.
    pub key: DataKey,
}

/// What reading a thread takes.
pub fn wanted(id: SupportId) -> [Key; 2] {
    let head = keys::support_thread(id);
    let key = keys::data_key(&RootRef::of(&head));
    [head, key]
}

/// The thread, out of a batch that asked for [`wanted`].
pub fn open(fetched: &Fetched, desk: Desk<'_>, id: SupportId) -> Result<Option<Found>, Problem> {
    let policy = Policy::platform();
    let lens = Lens {
        now: desk.now,
        policy: &policy,
    };
    let place = keys::support_thread(id);
    let head = fetched.get::<SupportThread>(&place, &Unsealed, lens)?;
    let key = fetched.data_key(&place, desk.key)?;
    Ok(head.zip(key).map(|(head, key)| Found { head, key }))
}

/// A thread with its messages.
pub async fn with_messages(
    app: &App,
    desk: Desk<'_>,
    found: &Found,
) -> Result<SupportThreadWithMessages, Problem> {
    let policy = Policy::platform();
    let lens = Lens {
        now: desk.now,
        policy: &policy,
    };
    let open = keys::SUPPORT_MESSAGE;
    let query = Query::partition(keys::support_partition(found.head.id))
        .between(open.to_owned(), format!("{open}~"))
        .newest_first()
        .limit(MOST_SHOWN);
    let items = app.store.query(query).await?;
    let mut messages = Vec::with_capacity(items.len());
    for item in items.iter().rev() {
        let message = read_item::<SupportMessage>(item, &found.key, lens)?;
        messages.extend(message.map(SupportMessageView::new));
    }
    Ok(SupportThreadWithMessages {
        thread: SupportThreadView::new(&found.head),
        messages,
    })
}

/// Goes on in a thread, which is in `fetched`.
///
/// # Errors
/// 404 when there is none for whom `may` lets; 409 `conflict` after too many races.
pub async fn say(
    app: &App,
    desk: Desk<'_>,
    (id, side): (SupportId, SupportSide),
    (key, ask, text): (&IdempotencyKey, Ask<'_>, Text),
    may: impl Fn(&SupportThread) -> bool,
) -> Result<SupportThreadView, Problem> {
    for _ in 0..RACES {
        let fetched = app.store.batch(wanted(id).to_vec()).await?;
        let found = open(&fetched, desk, id)?.filter(|found| may(&found.head));
        let found = found.ok_or_else(Problem::not_found)?;
        let said = Said {
            id: MessageId::new(desk.now),
            by: side,
            way: SupportWay::Api,
            from: None,
            text: text.clone(),
        };
        let mut transaction = Transaction::new(desk.now);
        let (head, _) = transaction.say_support(found.head, said, &found.key, desk.now)?;
        let slot = key.remember(&mut transaction, ask, id)?;
        match app.store.commit(transaction).await {
            Ok(()) => return Ok(SupportThreadView::new(&head)),
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(refusal)) => {
                if IdempotencyKey::replayed::<SupportId>(&refusal, slot, ask)?.is_some() {
                    return again(app, desk, id, may).await;
                }
            }
        }
    }
    Err(Problem::new(Code::Conflict))
}

/// The thread as it stands, for who said the same before.
async fn again(
    app: &App,
    desk: Desk<'_>,
    id: SupportId,
    may: impl Fn(&SupportThread) -> bool,
) -> Result<SupportThreadView, Problem> {
    let fetched = app.store.batch(wanted(id).to_vec()).await?;
    let found = open(&fetched, desk, id)?.filter(|found| may(&found.head));
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(SupportThreadView::new(&found.head))
}

/// How something that is said is remembered.
pub const fn ask<'a>(
    desk: Desk<'a>,
    principal: AccountId,
    operation: &'a str,
    content: &'a str,
) -> Ask<'a> {
    Ask {
        tenant_key: desk.key,
        principal: SubjectId::Account(principal),
        operation,
        content,
        now: desk.now,
    }
}

/// The ids of a page of a list, newest first, and the cursor that goes on.
pub type Ids = (Vec<SupportId>, Option<String>);

/// A page of all threads.
///
/// # Errors
/// 400 `cursor_invalid`.
pub async fn all(
    app: &App,
    desk: Desk<'_>,
    list: List<'_>,
    paging: &Paging,
) -> Result<Ids, Problem> {
    let query = Query::lists(keys::support_threads()).newest_first();
    let place = |id: SupportId| (keys::support_thread(id), id.to_string());
    list.ids(&app.store, (query, paging, desk.now), place, listed_id)
        .await
}

/// A page of the threads of an account.
///
/// # Errors
/// 400 `cursor_invalid`.
pub async fn own(
    app: &App,
    desk: Desk<'_>,
    account: AccountId,
    list: List<'_>,
    paging: &Paging,
) -> Result<Ids, Problem> {
    let query = Query::partition(keys::supported(account)).newest_first();
    let place = |id: SupportId| (keys::own_support(account, id), String::new());
    let id = |item: &Item| item.get("sk")?.as_s().ok()?.parse().ok();
    list.ids(&app.store, (query, paging, desk.now), place, id)
        .await
}

/// The threads with these ids, in that order, without those that are gone.
///
/// # Errors
/// When storage fails.
pub async fn open_all(
    app: &App,
    desk: Desk<'_>,
    ids: &[SupportId],
) -> Result<Vec<SupportThreadView>, Problem> {
    let keys: Vec<Key> = ids.iter().map(|id| keys::support_thread(*id)).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let policy = Policy::platform();
    let lens = Lens {
        now: desk.now,
        policy: &policy,
    };
    let fetched = app.store.batch(keys.clone()).await?;
    let mut views = Vec::with_capacity(ids.len());
    for key in &keys {
        let head = fetched.get::<SupportThread>(key, &Unsealed, lens)?;
        views.extend(head.as_ref().map(SupportThreadView::new));
    }
    Ok(views)
}
