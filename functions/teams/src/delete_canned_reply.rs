//! `DELETE /v1/workspaces/{workspace}/canned-replies/{reply}`: a prepared answer is kept no longer.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{CannedReplyId, Permission, WorkspaceId, policy::Module},
    http::{AccessToken, Path, Problem, Problems},
    store::{keys, shelf::CannedReply},
};

use crate::shelf;

/// Delete a prepared answer.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/canned-replies/{reply}",
    operation_id = "delete_canned_reply",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("reply" = CannedReplyId, Path, description = "The prepared answer."),
    ),
    responses((status = 204, description = "It is gone."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, CannedReplyId)>,
) -> Result<StatusCode, Problem> {
    let member = app
        .member(
            &token,
            workspace,
            Permission::ConversationsWrite,
            Vec::new(),
        )
        .await?;
    member.entry.require(Module::Conversations)?;
    let place = |owner| keys::canned_reply(workspace, owner, id);
    let reply: CannedReply = shelf::one(&app, &member, place).await?;
    shelf::may_change(&member, reply.member)?;
    app.store.delete(place(reply.member)).await?;
    Ok(StatusCode::NO_CONTENT)
}
