//! `PATCH /v1/workspaces/{workspace}/canned-replies/{reply}`: a prepared answer gets another name or text.
//! Whose it is never changes.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        CannedReplyId, Permission, WorkspaceId,
        policy::Module,
        text::{Name, Text},
    },
    http::{AccessToken, Code, IfMatch, Json, Path, Problem, Problems, Versioned, json::given},
    store::{CommitError, Stored, Transaction, Unsealed, app::Label, keys, shelf::CannedReply},
};
use utoipa::ToSchema;

use crate::{
    canned::{CannedReplyView, check_placeholders},
    shelf,
};

/// What to change of a prepared answer; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeCannedReply {
    /// What it is found by.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = "refund")]
    name: Option<Name>,
    /// What it says.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = "Your money is on its way.")]
    text: Option<Text>,
}

/// Change a prepared answer.
#[utoipa::path(
    patch,
    path = "/v1/workspaces/{workspace}/canned-replies/{reply}",
    operation_id = "change_canned_reply",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("reply" = CannedReplyId, Path, description = "The prepared answer."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    request_body = ChangeCannedReply,
    responses((status = 200, description = "The answer.", body = CannedReplyView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, CannedReplyId)>,
    if_match: IfMatch,
    Json(body): Json<ChangeCannedReply>,
) -> Result<Versioned<CannedReplyView>, Problem> {
    let member = app
        .member(
            &token,
            workspace,
            Permission::ConversationsWrite,
            Vec::new(),
        )
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let place = |owner| keys::canned_reply(workspace, owner, id);
    let mut reply: CannedReply = shelf::one(&app, &member, place).await?;
    shelf::may_change(&member, reply.member)?;
    if_match.check(reply.rev)?;
    if let Some(text) = &body.text {
        check_placeholders(text)?;
        reply.text = CannedReply::seal(&entry.tenant_key, id, text)?;
    }
    reply.name = body.name.as_ref().map_or(reply.name, Label::new);
    let stored = Stored::next(reply, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.replace(&stored, &Unsealed)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Versioned {
            rev: stored.record().rev,
            view: CannedReplyView::new(stored.record(), entry)?,
        }),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
