//! `POST /v1/workspaces/{workspace}/conversations`: a member writes to a contact first.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{ContactId, Permission, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::{contact::Contact, keys, subject::State as Liveness},
};
use utoipa::ToSchema;

use crate::{
    beginning::{Begins, FirstMessage, begin},
    view::Started,
};

/// Whom to write to, and what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartConversation {
    /// The contact.
    contact_id: ContactId,
    /// The first message.
    #[serde(deserialize_with = "shared::http::json::object")]
    first_message: FirstMessage,
}

/// Start a conversation with a contact.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/conversations",
    operation_id = "start_conversation",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = StartConversation,
    responses(
        (status = 201, description = "Begun.", body = Started),
        (status = 200, description = "Had been begun before.", body = Started),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<StartConversation>,
) -> Result<Response, Problem> {
    let at_contact = keys::contact(workspace, body.contact_id);
    let wanted = vec![at_contact.clone()];
    let member = app
        .member(&token, workspace, Permission::ConversationsWrite, wanted)
        .await?;
    let contact = member
        .entry
        .open::<Contact>(&at_contact)?
        .filter(|contact| contact.state == Liveness::Live)
        .ok_or_else(Problem::not_found)?;
    let author = member.subject();
    begin(
        &app,
        &member.entry,
        contact.id,
        author,
        Begins::Member(&member.sight),
        body.first_message,
    )
    .await
}
