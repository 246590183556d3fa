//! `DELETE /v1/workspaces/{workspace}/conversations/{conversation}/messages/{seq}`: what a message
//! said goes; its number, its writer and its time stay, so that the transcript has no hole.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ConversationId, Permission, WorkspaceId, attachment::Files},
    http::{AccessToken, Code, IfMatch, Path, Problem, Problems, Versioned, view::MessageView},
    store::{
        message::{Event, Message},
        transcript::Line,
    },
};

use crate::desk::{Desk, check_changeable};

/// Delete a message.
///
/// By its writer, or by whoever may delete conversations. To delete a deleted one changes nothing.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/messages/{seq}",
    operation_id = "delete_message",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
        ("seq" = u64, Path, description = "The number of the message."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    responses((status = 200, description = "What is left of it.", body = MessageView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(place): Path<(WorkspaceId, ConversationId, u64)>,
    if_match: IfMatch,
) -> Result<Versioned<MessageView>, Problem> {
    let desk = Desk::open(&app, &token, place).await?;
    let (actor, now) = (desk.actor(), desk.now());
    let anyones = desk.member.role.may(Permission::ConversationsDelete);
    desk.change(&app, |message| {
        if !anyones && message.author != Some(actor) {
            return Err(Problem::new(Code::Forbidden));
        }
        if message.deleted_at.is_some() {
            return Ok(None);
        }
        check_changeable(message)?;
        if_match.check(message.rev)?;
        let deleted = Message {
            text: None,
            files: Files::default(),
            deleted_at: Some(now),
            ..message.clone()
        };
        Ok(Some((
            deleted,
            Line::new(Event::MessageDeleted, Some(actor)),
        )))
    })
    .await
}
