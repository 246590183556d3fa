//! `POST /v1/workspaces/{workspace}/call-links`: a member makes a link that lets somebody call them,
//! once, within a day. Where it goes, the member decides; nothing is mailed.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{
        CallLinkId, ConversationId, Permission, Timestamp, WorkspaceId,
        call::CallKind,
        policy::Module,
        retention::GUEST_LIFETIME,
        token::{self, Secret},
    },
    http::{AccessToken, Json, Path, Problem, Problems, thread},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        audit::Deed,
        call::{CallLink, LINK_PREFIX},
        keys,
    },
};
use utoipa::ToSchema;

/// A link to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeCallLink {
    /// As what a call by it begins.
    kind: CallKind,
    /// The conversation that it is offered in, where there is one: its thread is told how a call by the link ended.
    #[schema(example = json!(null))]
    conversation_id: Option<ConversationId>,
}

/// A link that lets somebody call its member, once.
#[derive(Serialize, ToSchema)]
pub struct CallLinkView {
    /// Its id.
    id: CallLinkId,
    /// For `link` of `POST /v1/guest/sessions`. Told once.
    #[schema(example = "cl_agnlhm7kc57htgv5tmvzx3xqaamoj5oypksx.dGhlIHNlY3JldA")]
    token: String,
    /// The page of this deployment that lets somebody call by it. The token stands behind `#`, so no
    /// server sees it in an address.
    #[schema(
        example = "https://chat.example.com/call#cl_agnlhm7kc57htgv5tmvzx3xqaamoj5oypksx.dGhlIHNlY3JldA"
    )]
    url: String,
    /// Until when.
    expires_at: Timestamp,
}

/// Make a link to be called by.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/call-links",
    operation_id = "make_call_link",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = MakeCallLink,
    responses((status = 201, description = "The link.", body = CallLinkView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<MakeCallLink>,
) -> Result<(StatusCode, Json<CallLinkView>), Problem> {
    let wanted = body.conversation_id;
    let wanted = wanted.map(|id| keys::conversation(workspace, id));
    let wanted = wanted.into_iter().collect();
    let member = app
        .member(&token, workspace, Permission::CallsTake, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Sessions)?;
    if let Some(conversation) = body.conversation_id {
        thread::seen_head(entry, &member.sight, conversation)?;
    }
    let secret = Secret::generate().ok_or_else(|| Problem::internal("no random numbers"))?;
    let link = CallLink {
        id: CallLinkId::new(entry.now),
        workspace,
        token: secret.hash(),
        member: Some(member.id),
        team: None,
        conversation: body.conversation_id,
        call_kind: body.kind,
        used_by: None,
        created_at: entry.now,
        rev: 1,
    };
    let token = token::write(LINK_PREFIX, &[workspace.uuid(), link.id.uuid()], &secret);
    let view = CallLinkView {
        id: link.id,
        url: format!("{}/call#{token}", app.config.issuer),
        token,
        expires_at: entry.now.plus(GUEST_LIFETIME),
    };
    let mut transaction = Transaction::new(entry.now);
    transaction.create(&Stored::new(link, &entry.policy), &Unsealed)?;
    transaction.audit(entry.line(member.id, Deed::CallLinkMade))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok((StatusCode::CREATED, Json(view))),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::internal("an id that was there")),
    }
}
