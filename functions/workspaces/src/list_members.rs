//! `GET /v1/workspaces/{workspace}/members`: who works here, oldest first.
//!
//! Four sequential round trips: the batch on entry, the list index, members, seats. Every role
//! sees names: they are colleagues'.

use axum::extract::State;
use shared::{
    app::App,
    domain::{MemberId, Permission, WorkspaceId},
    http::{AccessToken, Json, Page, Paging, Path, Problem, Problems, Query, cursor::List},
};

use crate::member::{self, MemberView};

/// List members.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/members",
    operation_id = "list_members",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Paging),
    responses((status = 200, description = "A page.", body = Page<MemberView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<MemberView>>, Problem> {
    let member = app
        .member(&token, workspace, Permission::MembersRead, Vec::new())
        .await?;
    let entry = &member.entry;
    let (principal, name) = (member.account.to_string(), format!("members:{workspace}"));
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let after = paging
        .cursor
        .as_ref()
        .map(|cursor| list.read::<MemberId>(cursor, entry.now));
    let limit = paging.limit.get();
    // One more than asked tells whether there is more.
    let mut ids = member::ids(&app, workspace, after.transpose()?, limit + 1).await?;
    let more = ids.len() > usize::from(limit);
    ids.truncate(usize::from(limit));
    let next = match ids.last().filter(|_| more) {
        Some(last) => Some(list.cursor(last, entry.now)?),
        None => None,
    };
    let colleagues = member::colleagues(&app, entry, &ids).await?;
    Ok(Json(Page::new(
        colleagues.iter().map(MemberView::new).collect(),
        next,
    )))
}
