//! `POST /v1/workspaces/{workspace}/canned-replies`: a new prepared answer, of the member's own or of the
//! workspace.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        CannedReplyId, Permission, WorkspaceId,
        policy::Module,
        text::{Name, Text},
    },
    http::{
        AccessToken, IdempotencyKey, Json, Path, Problem, Problems, Versioned, idempotent::Ask,
    },
    store::{
        app::Label,
        keys,
        shelf::{CannedReply, KeptFor},
    },
};
use utoipa::ToSchema;

use crate::{
    canned::{CannedReplyView, check_placeholders},
    shelf,
};

/// A prepared answer to keep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCannedReply {
    /// Whose it will be; the workspace's is for who manages members.
    #[serde(default = "own")]
    #[schema(default = "me")]
    kept_for: KeptFor,
    /// What it is found by.
    #[schema(example = "refund")]
    name: Name,
    /// What it says. `{{contact.name}}`, `{{member.name}}` and `{{workspace.name}}` stand in for names.
    #[schema(example = "Hello {{contact.name}}, your money is on its way.")]
    text: Text,
}

const fn own() -> KeptFor {
    KeptFor::Me
}

/// Keep a prepared answer.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/canned-replies",
    operation_id = "create_canned_reply",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeated request with the same key keeps one."),
    ),
    request_body = CreateCannedReply,
    responses(
        (status = 201, description = "Kept.", body = CannedReplyView),
        (status = 200, description = "Had been kept before, by the same request.", body = CannedReplyView),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    idempotency: IdempotencyKey,
    Json(body): Json<CreateCannedReply>,
) -> Result<Response, Problem> {
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
    check_placeholders(&body.text)?;
    let owner = shelf::owner(&member, body.kept_for)?;
    shelf::check_room(&app, workspace, owner, keys::CANNED).await?;
    let content = format!(
        "{}\u{1}{}\u{1}{}",
        body.kept_for.word(),
        body.name.reveal(),
        body.text.reveal()
    );
    let ask = Ask {
        tenant_key: &entry.tenant_key,
        principal: member.subject(),
        operation: "create_canned_reply",
        content: &content,
        now: entry.now,
    };
    let id = CannedReplyId::new(entry.now);
    let reply = CannedReply {
        id,
        workspace,
        member: owner,
        name: Label::new(&body.name),
        text: CannedReply::seal(&entry.tenant_key, id, &body.text)?,
        created_at: entry.now,
        rev: 1,
    };
    let (status, kept) = shelf::keep(&app, &member, (id, reply), (&idempotency, ask), |id| {
        keys::canned_reply(workspace, owner, id)
    })
    .await?;
    let body = Versioned {
        rev: kept.rev,
        view: CannedReplyView::new(&kept, entry)?,
    };
    Ok((status, body).into_response())
}
