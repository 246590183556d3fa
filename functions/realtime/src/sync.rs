//! `GET /v1/workspaces/{workspace}/sync`: what changed since a cursor, as a member may see it.
//!
//! Three sequential round trips: the batch on entry, one query for each shard of the change index,
//! and the heads. The index holds keys only, so what it shows late or twice costs nothing but a
//! second look.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{ConversationId, Permission, Standing, WorkspaceId, page::Limit, policy::Module},
    http::{Caller, Credential, Json, Path, Problem, Problems, Query, cursor::List},
    store::{
        self, Fetched, Key, Table, Unsealed,
        conversation::{Conversation, Tombstone},
        db::key_of,
        keys,
        subject::State as Liveness,
    },
};

use crate::cursor::{Change, Changes, Walk};

/// Since when.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// How many: 1 to 100, 25 unless asked otherwise.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 100)]
    limit: Limit,
    /// The `next_cursor` of an earlier answer; without one, everything is listed. Good for 7 days.
    cursor: Option<String>,
}

/// Ask what changed.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/sync",
    operation_id = "sync",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Since),
    responses((status = 200, description = "A part of what changed.", body = Changes), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path(workspace): Path<WorkspaceId>,
    Query(since): Query<Since>,
) -> Result<Json<Changes>, Problem> {
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
    // Whoever sees more from now on has to list everything: nothing of it may have changed.
    let name = format!(
        "sync:{workspace}:{:?}:{:?}",
        caller.sight.visibility, caller.sight.teams
    );
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let walk = Walk::of(&list, since.cursor.as_deref(), entry.now)?;
    let (places, more) = places(&app, workspace, usize::from(since.limit.get()), &walk).await?;
    let keys: Vec<Key> = places.iter().map(|place| place.key.clone()).collect();
    let found = app.store.batch(keys).await?;
    let mut changes: Vec<Change> = Vec::with_capacity(places.len());
    for place in &places {
        let change = change(&caller, &walk, place, &found)?;
        // A conversation that changes while it is read may stand in the index twice.
        changes.extend(change.filter(|new| changes.iter().all(|known| known.id != new.id)));
    }
    let after = places
        .last()
        .filter(|_| more)
        .map(|place| place.sort.clone());
    let more = after.is_some();
    Ok(Json(Changes {
        changes,
        next_cursor: walk.next(&list, after)?,
        more,
    }))
}

/// An entry of the change index.
struct Place {
    sort: String,
    key: Key,
}

impl Place {
    fn conversation(&self) -> Option<ConversationId> {
        self.key.pk.rsplit('#').next()?.parse().ok()
    }
}

/// A page of the change index, oldest first, and whether there is more.
async fn places(
    app: &App,
    workspace: WorkspaceId,
    limit: usize,
    walk: &Walk,
) -> Result<(Vec<Place>, bool), Problem> {
    let low = walk
        .after
        .clone()
        .unwrap_or_else(|| format!("{:015}", walk.since().ms().max(0)));
    // One more than asked tells whether there is more, one more again is the cursor's own entry.
    let want = u16::try_from(limit + 2).unwrap_or(u16::MAX);
    let shard = |shard| {
        let query = store::Query::changes(keys::change_shard(workspace, shard))
            .between(low.clone(), "~")
            .limit(want);
        app.store.query(query)
    };
    const { assert!(keys::CHANGE_SHARDS == 4) };
    let (a, b, c, d) = tokio::try_join!(shard(0), shard(1), shard(2), shard(3))?;
    let mut places: Vec<Place> = [a, b, c, d]
        .iter()
        .flatten()
        .filter_map(|item| {
            let sort = item.get("changes_sk")?.as_s().ok()?.clone();
            Some(Place {
                sort,
                key: key_of(Table::Data, item)?,
            })
        })
        .filter(|place| walk.after.as_ref().is_none_or(|after| place.sort > *after))
        .collect();
    places.sort_by(|a, b| a.sort.cmp(&b.sort));
    let more = places.len() > limit;
    places.truncate(limit);
    Ok((places, more))
}

/// What to tell of an entry; nothing of what the member never saw.
fn change(
    caller: &Caller,
    walk: &Walk,
    place: &Place,
    found: &Fetched,
) -> Result<Option<Change>, Problem> {
    let Some(id) = place.conversation() else {
        return Ok(None);
    };
    let lens = caller.entry.lens();
    let gone = |could_be_seen: bool| (could_be_seen && !walk.is_first()).then(|| Change::gone(id));
    if place.key.sk == keys::TOMBSTONE {
        let tombstone: Option<Tombstone> = found.get(&place.key, &Unsealed, lens)?;
        let standing = tombstone.as_ref().map(Tombstone::standing);
        return Ok(standing.and_then(|standing| gone(caller.sight.sees(standing))));
    }
    let head: Option<Conversation> = found.get(&place.key, &Unsealed, lens)?;
    Ok(match head {
        // Expired, or deleted since the index was read: then a tombstone follows.
        None => gone(caller.sight.sees(Standing::NOBODYS)),
        Some(head) if !caller.sight.sees(head.standing()) => {
            gone(head.has_left(&caller.sight, walk.since()))
        }
        Some(head) if head.state == Liveness::Live => Some(Change::to(id, head.rev, head.seq)),
        Some(_) => gone(true),
    })
}
