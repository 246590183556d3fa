//! `POST /v1/workspaces/{workspace}/call-blocks`: whoever an app calls for may not call the team any more.
//!
//! Only who is recognised tomorrow can be blocked: by a reference that the app signs. A guest without one is a
//! token of a day that anybody replaces (CALL-13); the visitor of a conversation is blocked as a contact.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{CallId, Permission, WorkspaceId, policy::Module, text::ExternalId},
    http::{AccessToken, Json, Path, Problem, Problems, actor::Entry},
    store::{
        CommitError, KeyedHash, Stored, Transaction, Unsealed,
        audit::Deed,
        call::{CallBlock, recognise},
        keys,
    },
};
use utoipa::ToSchema;

use crate::{blocked::CallBlockView, step};

/// Whom to block: by the app's reference, or by a call of theirs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockCaller {
    /// Whom the app calls for, by its own reference: of ours it becomes a keyed hash at once.
    #[schema(value_type = Option<String>, max_length = 255, example = "user-1")]
    user_ref: Option<ExternalId>,
    /// A call of theirs, with a reference that the app signed.
    #[schema(example = json!(null))]
    call_id: Option<CallId>,
}

/// Let somebody call no more.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/call-blocks",
    operation_id = "block_caller",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = BlockCaller,
    responses(
        (status = 201, description = "Blocked. A call that goes on is not ended.", body = CallBlockView),
        (status = 200, description = "Had been blocked before.", body = CallBlockView),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<BlockCaller>,
) -> Result<(StatusCode, Json<CallBlockView>), Problem> {
    let wanted = body.call_id.map(|id| keys::call(workspace, id));
    let wanted = wanted.into_iter().collect();
    let member = app
        .member(&token, workspace, Permission::CallsTake, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Sessions)?;
    let block = CallBlock::new(workspace, whom(entry, &body)?, entry.now);
    let place = keys::call_block(workspace, block.id);
    let fetched = app.store.batch(vec![place.clone()]).await?;
    if let Some(before) = fetched.get::<CallBlock>(&place, &Unsealed, entry.lens())? {
        return Ok((StatusCode::OK, Json(CallBlockView::new(&before))));
    }
    let view = CallBlockView::new(&block);
    let mut transaction = Transaction::new(entry.now);
    // One that is over and not swept yet makes room.
    transaction.overwrite(&Stored::new(block, &entry.policy), &Unsealed)?;
    transaction.audit(entry.line(member.id, Deed::CallerBlocked))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok((StatusCode::CREATED, Json(view))),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::internal("a block that was not written")),
    }
}

/// What recognises whom the request means.
fn whom(entry: &Entry, body: &BlockCaller) -> Result<KeyedHash, Problem> {
    match (&body.user_ref, body.call_id) {
        (Some(reference), None) => Ok(recognise(&entry.tenant_key, reference)),
        (None, Some(call)) => step::read(entry, call)?.user_ref.ok_or_else(|| {
            let detail = "a call with a reference that the app signed; who came without one is somebody else tomorrow";
            Problem::invalid("#/call_id", "not_recognised", detail)
        }),
        (Some(_), Some(_)) => {
            let fault = "a user_ref or a call_id, and not both";
            Err(Problem::invalid("#/call_id", "forbidden", fault))
        }
        (None, None) => {
            let fault = "this field, or call_id";
            Err(Problem::invalid("#/user_ref", "required", fault))
        }
    }
}
