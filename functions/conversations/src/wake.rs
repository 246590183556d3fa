//! `POST /v1/workspaces/{workspace}/conversations/{conversation}/wake`: a client that waits for the
//! end of a snooze says that its time has come. The server's clock decides.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ConversationId, Permission, WorkspaceId},
    http::{AccessToken, Path, Problem, Problems, Versioned},
};

use crate::{desk::Desk, view::ConversationView};

/// Knock at a snoozed conversation.
///
/// When its time has come, that is written down for everybody; otherwise nothing changes.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/wake",
    operation_id = "wake_conversation",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    responses((status = 200, description = "As it stands.", body = ConversationView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(place): Path<(WorkspaceId, ConversationId)>,
) -> Result<Versioned<ConversationView>, Problem> {
    let desk = Desk::open(&app, &token, place, Permission::ConversationsWrite).await?;
    desk.change(&app, None, |_| Ok(None)).await
}
