//! `GET /v1/workspaces/{workspace}/canned-replies`: the prepared answers of the workspace and the member's
//! own: all of them.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId, policy::Module},
    http::{AccessToken, Json, Page, Path, Problem, Problems},
    store::{keys, shelf::CannedReply},
};

use crate::{canned::CannedReplyView, shelf};

/// List prepared answers.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/canned-replies",
    operation_id = "list_canned_replies",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "The answers.", body = Page<CannedReplyView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Json<Page<CannedReplyView>>, Problem> {
    let member = app
        .member(&token, workspace, Permission::ConversationsRead, Vec::new())
        .await?;
    member.entry.require(Module::Conversations)?;
    let kept: Vec<CannedReply> = shelf::all(&app, &member, keys::CANNED).await?;
    let views = kept
        .iter()
        .map(|reply| CannedReplyView::new(reply, &member.entry));
    Ok(Json(Page::new(views.collect::<Result<_, _>>()?, None)))
}
