//! `GET /v1/workspaces/{workspace}/conversations`: conversations by last activity, newest first.
//!
//! Three sequential round trips: the batch on entry, the shards of the change index together, and
//! heads with read marks together.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{MemberId, Permission, WorkspaceId, page::Limit, policy::Module},
    http::{
        AccessToken, Json, Page, Path, Problem, Problems, Query,
        actor::Entry,
        cursor::List,
    },
    store::{
        self, Key, Table, Unsealed,
        conversation::{Conversation, ReadMark, Status},
        db::key_of,
        keys,
        subject::State as Liveness,
    },
};

use crate::view::ConversationView;

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
    /// Only conversations that stand like this.
    status: Option<Status>,
}

/// List conversations.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/conversations",
    operation_id = "list_conversations",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Which),
    responses((status = 200, description = "A page.", body = Page<ConversationView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(which): Query<Which>,
) -> Result<Json<Page<ConversationView>>, Problem> {
    let member = app.member(&token, workspace, Permission::ConversationsRead, Vec::new()).await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let principal = member.id.to_string();
    let name = format!("conversations:{workspace}:{:?}", which.status);
    let list = List { key: &entry.tenant_key, principal: &principal, name: &name };
    let from = which.cursor.as_ref().map(|cursor| list.read::<String>(cursor, entry.now));
    let limit = usize::from(which.limit.get());
    let (places, more) = places(&app, workspace, limit, from.transpose()?).await?;
    let next = match places.last().filter(|_| more) {
        Some((sort, _)) => Some(list.cursor(sort, entry.now)?),
        None => None,
    };
    let views = heads(&app, entry, member.id, places.into_iter().map(|(_, key)| key).collect()).await?;
    let views = views.into_iter().filter(|(head, _)| which.status.is_none_or(|s| s == head.status_at(entry.now)));
    let data = views
        .map(|(head, mark)| ConversationView::for_member(&head, mark.as_ref(), entry))
        .collect();
    Ok(Json(Page::new(data, next)))
}

/// A page of the change index: each entry's place in it and its key, and whether there is more.
async fn places(
    app: &App,
    workspace: WorkspaceId,
    limit: usize,
    from: Option<String>,
) -> Result<(Vec<(String, Key)>, bool), Problem> {
    // One more than asked tells whether there is more, one more again is the cursor's own entry.
    let want = u16::try_from(limit + 2).unwrap_or(u16::MAX);
    let high = from.clone().unwrap_or_else(|| "~".to_owned());
    let shard = |shard| {
        let query = store::Query::changes(keys::change_shard(workspace, shard))
            .between("0", high.clone())
            .newest_first()
            .limit(want);
        app.store.query(query)
    };
    const { assert!(keys::CHANGE_SHARDS == 4) };
    let (a, b, c, d) = tokio::try_join!(shard(0), shard(1), shard(2), shard(3))?;
    let mut places: Vec<(String, Key)> = [a, b, c, d]
        .iter()
        .flatten()
        .filter_map(|item| {
            let sort = item.get("changes_sk")?.as_s().ok()?.clone();
            Some((sort, key_of(Table::Data, item)?))
        })
        .filter(|(sort, _)| from.as_ref().is_none_or(|from| sort < from))
        .collect();
    places.sort_by(|a, b| b.0.cmp(&a.0));
    let more = places.len() > limit;
    places.truncate(limit);
    Ok((places, more))
}

/// The living heads at `places`, in that order, each with how far the member has read.
async fn heads(
    app: &App,
    entry: &Entry,
    member: MemberId,
    places: Vec<Key>,
) -> Result<Vec<(Conversation, Option<ReadMark>)>, Problem> {
    let mark_of = |place: &Key| {
        let id = place.pk.rsplit('#').next()?.parse().ok()?;
        Some(keys::read_mark(entry.workspace, member, id))
    };
    let marks: Vec<Key> = places.iter().filter_map(mark_of).collect();
    let (heads, marks) = tokio::try_join!(app.store.batch(places.clone()), app.store.batch(marks))?;
    let mut found = Vec::with_capacity(places.len());
    for place in &places {
        let head = heads.get::<Conversation>(place, &Unsealed, entry.lens())?;
        let Some(head) = head.filter(|head| head.state == Liveness::Live) else { continue };
        let mark = keys::read_mark(entry.workspace, member, head.id);
        found.push((head, marks.get::<ReadMark>(&mark, &Unsealed, entry.lens())?));
    }
    Ok(found)
}
