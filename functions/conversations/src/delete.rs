//! `DELETE /v1/workspaces/{workspace}/conversations/{conversation}`: a conversation ends before its
//! time.
//!
//! It is gone for everybody with the first transaction. A short one is deleted at once; of a long
//! one the schedule of the minute deletes the rest.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{ConversationId, Permission, WorkspaceId, policy::Module},
    http::{AccessToken, Code, Path, Problem, Problems},
    store::{audit::Deed, conversation::Conversation, erasing::Ended, keys},
};

/// Delete a conversation.
///
/// It cannot be undone. Refused while the conversation is on hold.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}",
    operation_id = "delete_conversation",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    responses(
        (status = 204, description = "It is deleted."),
        (status = 202, description = "It is gone for everybody; the rest of a long one is being deleted."),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, conversation)): Path<(WorkspaceId, ConversationId)>,
) -> Result<StatusCode, Problem> {
    let place = keys::conversation(workspace, conversation);
    let wanted = vec![place.clone()];
    let member = app
        .member(&token, workspace, Permission::ConversationsDelete, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    // A fenced one too: a repeated call goes on.
    let head = entry
        .open::<Conversation>(&place)?
        .ok_or_else(Problem::not_found)?;
    if !member.sight.sees(head.standing()) {
        return Err(Problem::not_found());
    }
    if head.hold_at(entry.now).is_some() {
        return Err(Problem::new(Code::OnHold));
    }
    let line = entry.line(member.id, Deed::ConversationDeleted);
    let line = line.about(conversation);
    let ended = app.store.end_conversation(head, Some(line), entry.lens());
    match ended.await? {
        Ended::Whole => Ok(StatusCode::NO_CONTENT),
        Ended::Partly => Ok(StatusCode::ACCEPTED),
        Ended::Held => Err(Problem::new(Code::OnHold)),
    }
}
