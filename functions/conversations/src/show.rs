//! `GET /v1/workspaces/{workspace}/conversations/{conversation}`: one conversation.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ConversationId, MemberId, Permission, WorkspaceId},
    http::{Credential, Json, Path, Problem, Problems, actor::Entry},
    store::{conversation::ReadMark, keys},
};

use crate::view::{self, ConversationView};

/// Show a conversation.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}",
    operation_id = "show_conversation",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    responses((status = 200, description = "The conversation.", body = ConversationView), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, conversation)): Path<(WorkspaceId, ConversationId)>,
) -> Result<Json<ConversationView>, Problem> {
    let wanted = vec![keys::conversation(workspace, conversation)];
    let caller = app
        .caller(
            &credential,
            workspace,
            Permission::ConversationsRead,
            wanted,
        )
        .await?;
    let entry = &caller.entry;
    let head = view::seen(entry, &caller.sight, conversation)?;
    app.note_reading(&caller, conversation).await?;
    let mark = match caller.sight.member {
        Some(member) => mark(&app, entry, member, conversation).await?,
        None => None,
    };
    Ok(Json(ConversationView::for_member(
        &head,
        mark.as_ref(),
        entry,
    )))
}

/// How far a member has read: its key needs the member's id, which the first read brought.
pub async fn mark(
    app: &App,
    entry: &Entry,
    member: MemberId,
    conversation: ConversationId,
) -> Result<Option<ReadMark>, Problem> {
    let place = keys::read_mark(entry.workspace, member, conversation);
    let found = app.store.batch(vec![place.clone()]).await?;
    Ok(found.get(&place, &shared::store::Unsealed, entry.lens())?)
}
