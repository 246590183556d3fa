//! `GET /v1/workspaces/{workspace}/conversations/{conversation}/draft`: one's own draft.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ConversationId, Permission, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::{conversation::UnsentDraft, keys},
};

use crate::{desk::Desk, keep_draft::DraftView};

/// Show a draft.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/draft",
    operation_id = "show_draft",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    responses((status = 200, description = "The draft.", body = DraftView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(place): Path<(WorkspaceId, ConversationId)>,
) -> Result<Json<DraftView>, Problem> {
    let desk = Desk::open(&app, &token, place, Permission::ConversationsWrite).await?;
    // Its key needs the member's id, which the first read brought.
    let place = keys::draft(place.0, desk.member.id, place.1);
    let found = app.store.batch(vec![place.clone()]).await?;
    let draft = found.get::<UnsentDraft>(&place, &desk.key, desk.member.entry.lens())?;
    draft
        .map(|draft| Json(DraftView::new(&draft)))
        .ok_or_else(Problem::not_found)
}
