//! `GET /v1/widget/sync`: what changed since a cursor, as a visitor may see it.
//!
//! A visitor's conversations are few and are found by its edges, read strongly. The cursor says
//! which ones it was told of: what has no edge any more is gone, and nobody has to remember that.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{ConversationId, TenantId, policy::Module},
    http::{Json, Problem, Problems, Query, Visitor, VisitorToken, cursor::List},
    store::{
        self, Key, Table, Unsealed,
        conversation::Conversation,
        keys,
        subject::{Edge, RootRef, State as Liveness},
    },
};

use crate::cursor::{Change, Changes, Walk};

/// How many conversations one answer looks at.
const PAGE: u16 = 50;
/// How many conversations a cursor remembers; of older ones nobody hears that they are gone.
const MOST_KNOWN: usize = 100;

/// Since when.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// The `next_cursor` of an earlier answer; without one, everything is listed. Good for 7 days.
    cursor: Option<String>,
}

/// Ask what changed as a visitor.
#[utoipa::path(
    get,
    path = "/v1/widget/sync",
    operation_id = "visitor_sync",
    params(Since),
    responses((status = 200, description = "A part of what changed.", body = Changes), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Query(since): Query<Since>,
) -> Result<Json<Changes>, Problem> {
    let visitor = app.visitor(&token, Vec::new()).await?;
    let entry = &visitor.entry;
    entry.require(Module::Conversations)?;
    let principal = visitor.id.to_string();
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: "own sync",
    };
    let mut walk = Walk::of(&list, since.cursor.as_deref(), entry.now)?;
    let (roots, after) = own(&app, &visitor, walk.after.as_deref()).await?;
    let found = app
        .store
        .batch(roots.iter().map(RootRef::head).collect())
        .await?;
    let known = std::mem::take(&mut walk.known);
    let mut changes = Vec::new();
    let mut living: Vec<ConversationId> = Vec::new();
    for root in &roots {
        let head: Option<Conversation> = found.get(&root.head(), &Unsealed, entry.lens())?;
        let Some(head) = head.filter(|head| head.state == Liveness::Live) else {
            continue;
        };
        living.push(head.id);
        if head.changed_at >= walk.since() || !known.contains(&head.id) {
            changes.push(Change::to(head.id, head.rev, head.seq));
        }
    }
    // Newest first, so a page answers for all ids between its ends.
    let edge = |sort: &Option<String>| {
        sort.as_deref()
            .and_then(Edge::root_of)
            .and_then(|root| root.id().parse().ok())
    };
    let (upper, lower): (Option<ConversationId>, Option<ConversationId>) =
        (edge(&walk.after), edge(&after));
    let in_page = |id: &ConversationId| {
        upper.is_none_or(|upper| *id < upper) && lower.is_none_or(|lower| *id >= lower)
    };
    let (answered, rest): (Vec<_>, Vec<_>) = known.into_iter().partition(in_page);
    changes.extend(
        answered
            .into_iter()
            .filter(|id| !living.contains(id))
            .map(Change::gone),
    );
    walk.known = rest.into_iter().chain(living).collect();
    walk.known.sort_by(|a, b| b.cmp(a));
    walk.known.truncate(MOST_KNOWN);
    let more = after.is_some();
    Ok(Json(Changes {
        changes,
        next_cursor: walk.next(&list, after)?,
        more,
    }))
}

/// A page of the visitor's own conversations, newest first, and where it ends when there is more.
async fn own(
    app: &App,
    visitor: &Visitor,
    after: Option<&str>,
) -> Result<(Vec<RootRef>, Option<String>), Problem> {
    let workspace = visitor.entry.workspace;
    let partition = keys::subject_partition(TenantId::Workspace(workspace), visitor.subject());
    let opens = format!("{}CONVERSATION#{workspace}#", keys::EDGE);
    let mut query = store::Query::partition(partition.clone())
        .between(opens.clone(), format!("{opens}~"))
        .newest_first()
        .limit(PAGE + 1);
    if let Some(after) = after {
        let key = Key {
            table: Table::Data,
            pk: partition,
            sk: after.to_owned(),
        };
        query = query.after(key, after.to_owned());
    }
    let items = app.store.query(query).await?;
    let mut sorts: Vec<String> = items
        .iter()
        .filter_map(|item| item.get("sk")?.as_s().ok().cloned())
        .collect();
    let more = sorts.len() > usize::from(PAGE);
    sorts.truncate(usize::from(PAGE));
    let roots = sorts
        .iter()
        .filter_map(|sort| Edge::root_of(sort))
        .collect();
    Ok((roots, sorts.pop().filter(|_| more)))
}
