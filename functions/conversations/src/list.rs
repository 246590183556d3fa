//! `GET /v1/workspaces/{workspace}/conversations`: the views that a team works from.
//!
//! `mine`, `team` and `unassigned` are queues, by the time a conversation came into them: a message does not
//! move it. Three sequential round trips: the batch on entry, one query, one batch of heads with read
//! marks. `all` goes by the last change, over the shards of the change index at once.
//!
//! App, label and how urgent lie in no index: what does not fit is left out of the page of an index that
//! was read, so that a page may be short, or empty, and the next one not.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        AppId, ContactId, Permission, SavedViewId, TeamId, WorkspaceId, label::LabelName,
        page::Limit, policy::Module,
    },
    http::{
        Caller, Credential, Json, Page, Path, Problem, Problems, Query, actor::Entry, cursor::List,
        filter::Filter,
    },
    store::{
        self, Item, Key, Table, Unsealed,
        conversation::{Conversation, Priority, ReadMark, Status},
        db::key_of,
        keys::{self, Whose},
        saved_view::{SavedView, Sort, View},
        subject::State as Liveness,
    },
};

use crate::{people, view::ConversationView};

/// Which conversations.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// How many: 1 to 100, 25 unless asked otherwise.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 100)]
    limit: Limit,
    /// Where an earlier page of the same list said it goes on.
    cursor: Option<String>,
    /// Whose: `all` unless asked otherwise.
    #[param(inline)]
    view: Option<View>,
    /// The team of the view `team`.
    team_id: Option<TeamId>,
    /// Only those with this contact and every other one of the same person, by when they began: in the
    /// view `all`.
    contact_id: Option<ContactId>,
    /// Only conversations that stand like this; in every view but `all` and `mentions`, `open`
    /// unless asked otherwise.
    status: Option<Status>,
    /// Only conversations that are this urgent.
    priority: Option<Priority>,
    /// Only conversations that visitors began through this app: an inbox.
    app_id: Option<AppId>,
    /// Only conversations with this label.
    label: Option<LabelName>,
    /// `newest` unless asked otherwise.
    #[param(inline)]
    sort: Option<Sort>,
    /// What a saved view looks for, as far as the reader sees it: with no other choice.
    saved_view_id: Option<SavedViewId>,
}

impl Which {
    /// What is looked for: said here, or kept as a saved view, which was checked when it was kept.
    async fn filter(&self, app: &App, caller: &Caller) -> Result<Filter, Problem> {
        let said = Filter {
            view: self.view,
            team_id: self.team_id,
            status: self.status,
            priority: self.priority,
            app_id: self.app_id,
            label: self.label.clone(),
            sort: self.sort,
        };
        let Some(id) = self.saved_view_id else {
            return said.check("?").map(|()| said);
        };
        if said != Filter::default() || self.contact_id.is_some() {
            let detail = "a saved view says all of it";
            return Err(Problem::invalid("?saved_view_id", "forbidden", detail));
        }
        let entry = &caller.entry;
        // The workspace's, or the reader's own: those of colleagues are not there.
        let owners = [None, caller.sight.member];
        let owners = owners
            .into_iter()
            .take(1 + usize::from(caller.sight.member.is_some()));
        let place = |owner| keys::saved_view(entry.workspace, owner, id);
        let places: Vec<Key> = owners.map(place).collect();
        let fetched = app.store.batch(places.clone()).await?;
        for place in &places {
            if let Some(kept) = fetched.get::<SavedView>(place, &Unsealed, entry.lens())? {
                return Ok(Filter::of(&kept));
            }
        }
        Err(Problem::not_found())
    }
}

/// List conversations.
///
/// With `app_id`, `label` or `priority` a page may hold fewer than `limit`, or none, and the next one not:
/// `page.has_more` says that there is more to look at. Sorted by priority there is one page, which
/// holds the first `limit` that fit.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/conversations",
    operation_id = "list_conversations",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Which),
    responses((status = 200, description = "A page.", body = Page<ConversationView>), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path(workspace): Path<WorkspaceId>,
    Query(which): Query<Which>,
) -> Result<Json<Page<ConversationView>>, Problem> {
    let caller = app
        .caller(
            &credential,
            workspace,
            Permission::ConversationsRead,
            Vec::new(),
        )
        .await?;
    let entry = &caller.entry;
    entry.require(Module::Conversations)?;
    let principal = caller.subject.to_string();
    let filter = which.filter(&app, &caller).await?;
    let (view, sort) = (filter.view(), filter.sort());
    let name = format!(
        "conversations:{workspace}:{}:{:?}:{:?}:{:?}:{:?}:{:?}:{:?}:{}",
        view.word(),
        filter.team_id,
        which.contact_id,
        filter.status,
        filter.priority,
        filter.app_id,
        filter.label,
        sort.word()
    );
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let from = which
        .cursor
        .as_ref()
        .map(|cursor| list.read::<String>(cursor, entry.now));
    let reach = Reach {
        sort,
        from: from.transpose()?,
        limit: match sort {
            // There is no second page to look for what fits.
            Sort::Priority if filter.sorts_out() => MOST_RANKED,
            _ => which.limit.get(),
        },
    };
    let whose = match (view, filter.team_id) {
        (View::Team, team) => team.map(Whose::Team),
        (View::All | View::Mentions, _) => None,
        (View::Mine, _) => {
            let me = caller.sight.member.ok_or_else(nobodys_view)?;
            Some(Whose::Member(me))
        }
        (View::Unassigned, _) => Some(Whose::Nobody),
    };
    if which.contact_id.is_some() && view != View::All {
        return Err(contact_of_another_view());
    }
    let queue = whose.map(|whose| Queue {
        whose,
        status: filter.status.unwrap_or(Status::Open),
    });
    let (places, more) = match queue {
        Some(queue) => queue.places(&app, entry, &reach).await?,
        None if view == View::Mentions => mentioned(&app, &caller, &reach).await?,
        None => match which.contact_id {
            Some(contact) => people::threads(&app, entry, contact, &reach).await?,
            None => changed(&app, workspace, &reach, "0").await?,
        },
    };
    let next = match places.last().filter(|_| more) {
        Some((sort, _)) => Some(list.cursor(sort, entry.now)?),
        None => None,
    };
    let found = heads(
        &app,
        &caller,
        places.into_iter().map(|(_, key)| key).collect(),
    )
    .await?;
    let fits = |head: &Conversation| {
        let status = head.status_at(entry.now);
        if !filter.fits(head) || !caller.sight.sees(head.standing()) {
            return false;
        }
        match queue {
            // The index may lag behind: what has left the queue is not shown in it.
            Some(queue) => {
                Whose::of(head.assignee, head.team) == queue.whose && status == queue.status
            }
            None => filter.status.is_none_or(|wanted| wanted == status),
        }
    };
    let data = found
        .iter()
        .filter(|(head, _)| fits(head))
        .take(which.limit.get().into())
        .map(|(head, mark)| ConversationView::for_member(head, mark.as_ref(), entry))
        .collect();
    Ok(Json(Page::new(data, next)))
}

/// Places in an index, each with the key of its head, and whether there is more.
pub type Places = (Vec<(String, Key)>, bool);

/// How much of an index to read, and from where.
pub struct Reach {
    pub sort: Sort,
    pub from: Option<String>,
    pub limit: u16,
}

impl Reach {
    /// The part of `low` to `high` that is still to be shown.
    pub fn query(&self, query: store::Query, low: &str, high: &str) -> store::Query {
        let from = self.from.as_deref();
        // One more than asked tells whether there is more, one more again is the cursor's own entry.
        let few = self.limit.saturating_add(2);
        let query = match self.sort {
            Sort::Priority => query.limit(MOST_RANKED),
            Sort::Newest | Sort::Oldest => query.limit(few),
        };
        match self.sort {
            Sort::Newest => query.between(low, from.unwrap_or(high)).newest_first(),
            Sort::Oldest | Sort::Priority => query.between(from.unwrap_or(low), high),
        }
    }

    /// The places in the order of the list, from after the cursor on.
    pub fn places(&self, items: &[Item], index: &str) -> Places {
        let mut places: Vec<(String, Key)> = items
            .iter()
            .filter_map(|item| {
                let sort = item.get(index)?.as_s().ok()?.clone();
                Some((sort, key_of(Table::Data, item)?))
            })
            .filter(|(sort, _)| Some(sort) != self.from.as_ref())
            .collect();
        places.sort_by(|a, b| match self.sort {
            Sort::Newest => b.0.cmp(&a.0),
            Sort::Oldest => a.0.cmp(&b.0),
            Sort::Priority => {
                let ranked = keys::rank_of(&b.0).cmp(&keys::rank_of(&a.0));
                ranked.then_with(|| a.0.cmp(&b.0))
            }
        });
        let limit = usize::from(self.limit);
        // No place in an index stands for one in this order.
        let more = places.len() > limit && self.sort != Sort::Priority;
        places.truncate(limit);
        (places, more)
    }
}

/// Conversations in the queue of a member, of a team or of nobody, that stand alike.
#[derive(Clone, Copy)]
struct Queue {
    whose: Whose,
    status: Status,
}

impl Queue {
    /// One query. The open ones end at the present; behind it lie the snoozed ones, at the time
    /// they come back.
    async fn places(self, app: &App, entry: &Entry, reach: &Reach) -> Result<Places, Problem> {
        let now = keys::until(entry.now);
        let (low, high) = match self.status {
            Status::Open => ("0", now.as_str()),
            Status::Snoozed => (now.as_str(), "~"),
            Status::Bot | Status::Closed | Status::Spam => ("0", "~"),
        };
        let queue = store::Query::lists(keys::queue(entry.workspace, self.whose, self.status));
        // A cursor of an earlier time may lie before what is the present by now.
        let stale = reach.from.as_deref().is_some_and(|from| from < low);
        if stale && reach.sort == Sort::Newest {
            return Ok((Vec::new(), false));
        }
        let items = app.store.query(reach.query(queue, low, high)).await?;
        Ok(reach.places(&items, "lists_sk"))
    }
}

/// A page of the change index from the place `since` on: its shards together.
pub async fn changed(
    app: &App,
    workspace: WorkspaceId,
    reach: &Reach,
    since: &str,
) -> Result<Places, Problem> {
    let shard = |shard| {
        let query = store::Query::changes(keys::change_shard(workspace, shard));
        app.store.query(reach.query(query, since, "~"))
    };
    const { assert!(keys::CHANGE_SHARDS == 4) };
    let (a, b, c, d) = tokio::try_join!(shard(0), shard(1), shard(2), shard(3))?;
    Ok(reach.places(&[a, b, c, d].concat(), "changes_sk"))
}

/// A page of where somebody was named.
async fn mentioned(app: &App, caller: &Caller, reach: &Reach) -> Result<Places, Problem> {
    let workspace = caller.entry.workspace;
    let me = caller.sight.member.ok_or_else(nobodys_view)?;
    let list = store::Query::lists(keys::mentions(workspace, me));
    let items = app.store.query(reach.query(list, "0", "~")).await?;
    let (mut places, more) = reach.places(&items, "lists_sk");
    for (_, place) in &mut places {
        if let Some(named_in) = keys::conversation_of_mention(place) {
            *place = keys::conversation(workspace, named_in);
        }
    }
    Ok((places, more))
}

/// How many of a queue are looked through for the most urgent.
const MOST_RANKED: u16 = 500;

/// An API key takes care of nothing.
fn nobodys_view() -> Problem {
    let detail = "a member's own view: an API key asks for `all` or `unassigned`";
    Problem::invalid("?view", "forbidden", detail)
}

fn contact_of_another_view() -> Problem {
    let detail = "only of all conversations: leave `view` out";
    Problem::invalid("?contact_id", "forbidden", detail)
}

/// The living heads at `places`, in that order, each with how far the member has read. One batch,
/// several at once for more than 50.
async fn heads(
    app: &App,
    caller: &Caller,
    places: Vec<Key>,
) -> Result<Vec<(Conversation, Option<ReadMark>)>, Problem> {
    let entry = &caller.entry;
    // A tombstone lies in the same index; what is gone is not listed.
    let places: Vec<Key> = places
        .into_iter()
        .filter(|place| place.sk == keys::HEAD)
        .collect();
    let mark_of = |place: &Key| {
        let id = place.pk.rsplit('#').next()?.parse().ok()?;
        Some(keys::read_mark(entry.workspace, caller.sight.member?, id))
    };
    let marks: Vec<Key> = places.iter().filter_map(mark_of).collect();
    let wanted = [places.clone(), marks].concat();
    let fetched = app.store.batch_together(wanted).await?;
    let mut found = Vec::with_capacity(places.len());
    for place in &places {
        let head = fetched.get::<Conversation>(place, &Unsealed, entry.lens())?;
        let Some(head) = head.filter(|head| head.state == Liveness::Live) else {
            continue;
        };
        let mark = match mark_of(place) {
            Some(mark) => fetched.get::<ReadMark>(&mark, &Unsealed, entry.lens())?,
            None => None,
        };
        found.push((head, mark));
    }
    Ok(found)
}
