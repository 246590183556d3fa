//! `PUT /v1/workspaces/{workspace}/conversations/{conversation}/draft`: what a member has begun to
//! write waits for them on every device. Nobody else can read it.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{ConversationId, Permission, Timestamp, WorkspaceId, text::Text},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::{CommitError, Stored, Transaction, conversation::UnsentDraft, keys},
};
use utoipa::ToSchema;

use crate::desk::Desk;

/// What has been written so far.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepDraft {
    /// The text.
    text: Text,
}

/// A draft. Without `Debug`: it holds what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct DraftView {
    /// What has been written so far.
    #[schema(example = "Dear Ada,")]
    text: String,
    /// When it was kept.
    updated_at: Timestamp,
}

impl DraftView {
    /// The view of a draft.
    pub fn new(draft: &UnsentDraft) -> Self {
        Self {
            text: draft.text.reveal().to_owned(),
            updated_at: draft.updated_at,
        }
    }
}

/// Keep a draft.
#[utoipa::path(
    put,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/draft",
    operation_id = "keep_draft",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    request_body = KeepDraft,
    responses((status = 200, description = "Kept.", body = DraftView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(place): Path<(WorkspaceId, ConversationId)>,
    Json(body): Json<KeepDraft>,
) -> Result<Json<DraftView>, Problem> {
    let desk = Desk::open(&app, &token, place, Permission::ConversationsWrite).await?;
    let (workspace, conversation) = place;
    let member = desk.member.id;
    let draft = UnsentDraft {
        workspace,
        member,
        conversation,
        text: body.text,
        updated_at: desk.now(),
    };
    let stored = Stored::new(draft, &desk.member.entry.policy);
    let mut transaction = Transaction::new(desk.now());
    transaction.overwrite(&stored, &desk.key)?;
    transaction.check_live(keys::conversation(workspace, conversation));
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Json(DraftView::new(stored.record()))),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
    }
}
