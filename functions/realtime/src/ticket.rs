//! `POST /v1/workspaces/{workspace}/realtime/tickets`: a member is about to open a socket.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{Permission, WorkspaceId},
    http::{
        AccessToken, Json, Path, Problem, Problems,
        ticket::{TicketView, issue},
    },
    store::socket::Holder,
};

/// Get a ticket for a socket.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/realtime/tickets",
    operation_id = "create_realtime_ticket",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 201, description = "A ticket.", body = TicketView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<(StatusCode, Json<TicketView>), Problem> {
    let member = app
        .member(&token, workspace, Permission::ConversationsRead, Vec::new())
        .await?;
    let (account, session) = (token.account(), token.session());
    let holder = Holder::Member {
        member: member.id,
        account,
        session,
    };
    Ok((
        StatusCode::CREATED,
        Json(issue(&app, &member.entry, holder).await?),
    ))
}
