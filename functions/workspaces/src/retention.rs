//! How long a workspace keeps conversations, as its members see it, and what a change would take.

use serde::Serialize;
use shared::{
    app::App,
    domain::{
        JobId, Policy, Timestamp,
        policy::Lens,
        retention::{CONVERSATION_DAYS, Class, lapsed},
    },
    http::{Problem, actor::Entry},
    store::{
        Fetched, Item, Key, Query, Table, Unsealed,
        contact::Contact,
        conversation::Conversation,
        db::key_of,
        keys::{self, HEAD},
        query::Listed,
        workspace::WorkspacePolicy,
    },
};
use utoipa::ToSchema;

/// How many roots are read at once.
const PAGE: u16 = 100;
/// How many roots are counted at most: a preview is answered within one request.
const MOST_COUNTED: u64 = 5_000;

/// How long a workspace keeps conversations.
#[derive(Serialize, ToSchema)]
pub struct RetentionView {
    /// Days that a message, and a thread after its last activity, is kept.
    #[schema(example = 90, minimum = 1, maximum = 3650)]
    pub conversation_days: u32,
    /// What a new workspace of this profile begins with.
    #[schema(example = 90)]
    default_conversation_days: u32,
    /// The fewest days that can be chosen.
    #[schema(example = 1)]
    min_conversation_days: u32,
    /// The most days that can be chosen.
    #[schema(example = 3650)]
    max_conversation_days: u32,
    /// Shorter retentions that still hold for what is older than a lengthening.
    earlier: Vec<EarlierView>,
    /// When it was changed last.
    changed_at: Option<Timestamp>,
    /// Counts changes of the workspace's policy.
    #[schema(example = 1)]
    rev: u64,
    /// The job that brings the change to what is stored already. Reads are right without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<JobId>,
    /// What the change would take away at once; only in a preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<PreviewView>,
}

/// A retention that still holds for older content.
#[derive(Serialize, ToSchema)]
struct EarlierView {
    /// Content from before this instant ...
    before: Timestamp,
    /// ... is kept so many days.
    #[schema(example = 30)]
    conversation_days: u32,
}

/// What would be gone at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PreviewView {
    /// Whole conversations.
    #[schema(example = 12)]
    pub conversations: u64,
    /// Messages, those of these conversations included.
    #[schema(example = 340)]
    pub messages: u64,
    /// Contacts.
    #[schema(example = 3)]
    pub contacts: u64,
    /// Whether everything was counted. A workspace may be too large for one request; then there is
    /// at least so much.
    #[schema(example = true)]
    pub complete: bool,
}

impl RetentionView {
    /// The view of a policy.
    pub fn new(row: &WorkspacePolicy, job_id: Option<JobId>, preview: Option<PreviewView>) -> Self {
        let policy = row.policy();
        let earlier = policy.steps.iter();
        Self {
            conversation_days: policy.conversation_days,
            default_conversation_days: policy.profile.conversation_days(),
            min_conversation_days: *CONVERSATION_DAYS.start(),
            max_conversation_days: *CONVERSATION_DAYS.end(),
            earlier: earlier
                .map(|step| EarlierView {
                    before: step.until,
                    conversation_days: step.days,
                })
                .collect(),
            changed_at: row.retention_changed_at,
            rev: row.rev,
            job_id,
            preview,
        }
    }
}

/// The row of the policy, read on entry.
pub fn row(entry: &Entry) -> Result<WorkspacePolicy, Problem> {
    // The policy itself is under no retention: any lens sees it.
    entry
        .open::<WorkspacePolicy>(&keys::policy(entry.workspace))?
        .ok_or_else(Problem::not_found)
}

/// Counts what lives under the present policy and would not under `next`.
pub async fn preview(app: &App, entry: &Entry, next: &Policy) -> Result<PreviewView, Problem> {
    let mut count = Count {
        app,
        entry,
        next,
        seen: 0,
        view: PreviewView {
            complete: true,
            ..PreviewView::default()
        },
    };
    for shard in 0..keys::CHANGE_SHARDS {
        let list = keys::change_shard(entry.workspace, shard);
        count.list(Query::changes(list), "changes_sk").await?;
    }
    count
        .list(Query::lists(keys::contacts(entry.workspace)), "lists_sk")
        .await?;
    Ok(count.view)
}

struct Count<'a> {
    app: &'a App,
    entry: &'a Entry,
    next: &'a Policy,
    seen: u64,
    view: PreviewView,
}

impl Count<'_> {
    async fn list(&mut self, query: Query, index: &str) -> Result<(), Problem> {
        let mut after: Option<(Key, String)> = None;
        loop {
            let mut page = query.clone().limit(PAGE);
            if let Some((key, sort_key)) = after.take() {
                page = page.after(key, sort_key);
            }
            let Listed { items, more } = self.app.store.page(page).await?;
            let heads: Vec<Key> = items
                .iter()
                .filter_map(|item| key_of(Table::Data, item))
                .filter(|key| key.sk == HEAD)
                .collect();
            self.seen += heads.len() as u64;
            if self.seen > MOST_COUNTED {
                self.view.complete = false;
                return Ok(());
            }
            let fetched = self.app.store.batch_all(heads.clone()).await?;
            for head in heads {
                self.root(&head, &fetched).await?;
            }
            after = items
                .last()
                .and_then(|item| position(item, index))
                .filter(|_| more);
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn root(&mut self, head: &Key, fetched: &Fetched) -> Result<(), Problem> {
        let now = self.entry.now;
        let present = self.entry.lens();
        let next = Lens {
            now,
            policy: self.next,
        };
        if head.pk.starts_with("CONTACT#") {
            let lives = fetched.get::<Contact>(head, &Unsealed, present)?.is_some();
            let stays = fetched.get::<Contact>(head, &Unsealed, next)?.is_some();
            self.view.contacts += u64::from(lives && !stays);
            return Ok(());
        }
        let Some(conversation) = fetched.get::<Conversation>(head, &Unsealed, present)? else {
            return Ok(());
        };
        // A hold keeps everything that lives.
        if conversation.hold_at(now).is_some() {
            return Ok(());
        }
        let stays = fetched
            .get::<Conversation>(head, &Unsealed, next)?
            .is_some();
        self.view.conversations += u64::from(!stays);
        let ended = |policy: &Policy| lapsed(Class::Conversation, policy, now);
        if let (Some(low), Some(high)) = (ended(&self.entry.policy), ended(self.next)) {
            let messages = self
                .app
                .store
                .count_messages(conversation.workspace, conversation.id, (low, high), now)
                .await?;
            self.view.messages += messages;
        }
        Ok(())
    }
}

fn position(item: &Item, index: &str) -> Option<(Key, String)> {
    let sort_key = item.get(index)?.as_s().ok()?.clone();
    Some((key_of(Table::Data, item)?, sort_key))
}
