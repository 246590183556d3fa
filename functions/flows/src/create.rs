//! `POST /v1/workspaces/{workspace}/flows`: a new flow, with a draft.
//!
//! A draft may have errors, and may even be something that is no flow yet: only publishing asks for
//! more.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::{
    app::App,
    domain::{FlowId, Permission, WorkspaceId, policy::Module, text::Name},
    http::{
        Credential, IdempotencyKey, Json, Path, Problem, Problems, Versioned, actor::Entry,
        idempotent::Ask, json::object_or_null,
    },
    store::{CommitError, RootRef, Stored, SubjectId, Transaction, audit::Deed, flow::Flow, keys},
};
use utoipa::ToSchema;

use crate::{desk::place, document, view::FlowView};

/// A flow to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateFlow {
    /// What the team calls it.
    #[schema(example = "Support intake")]
    name: Name,
    /// Its draft: a document of schema `flow/1`, 512 KiB at most. Without one it begins with a greeting.
    #[serde(default, deserialize_with = "object_or_null")]
    #[schema(value_type = Option<document::FlowDocument>)]
    document: Option<Map<String, Value>>,
}

/// Create a flow.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/flows",
    operation_id = "create_flow",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeated request with the same key makes one flow."),
    ),
    request_body = CreateFlow,
    responses(
        (status = 201, description = "Made.", body = FlowView),
        (status = 200, description = "Had been made before, by the same request.", body = FlowView),
        Problems,
    ),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path(workspace): Path<WorkspaceId>,
    idempotency: IdempotencyKey,
    Json(body): Json<CreateFlow>,
) -> Result<Response, Problem> {
    let text = match &body.document {
        Some(document) => document::text_of(document)?,
        None => document::blank(body.name.reveal())?,
    };
    let caller = app
        .caller(&credential, workspace, Permission::FlowsManage, Vec::new())
        .await?;
    let entry = &caller.entry;
    entry.require(Module::Conversations)?;
    let content = serde_json::json!([body.name.reveal(), body.document]).to_string();
    let ask = Ask {
        tenant_key: &entry.tenant_key,
        principal: caller.subject,
        operation: "create_flow",
        content: &content,
        now: entry.now,
    };
    let flow = new_flow(entry, caller.subject, body.name, &text);
    let at = keys::flow(workspace, flow.id);
    let data_key = entry.tenant_key.new_data_key(&at, entry.now)?;
    let stored = Stored::new(flow, &entry.policy);
    let id = stored.record().id;
    let mut transaction = Transaction::new(entry.now);
    transaction.create_root(&stored, &data_key.key, &data_key)?;
    place(workspace, id, None).write(
        &mut transaction,
        &text,
        &data_key.key,
        (&entry.policy, entry.now),
    )?;
    transaction.check_live(keys::policy(workspace));
    transaction.audit(entry.line(caller.subject, Deed::FlowMade).about(id))?;
    let slot = idempotency.remember(&mut transaction, ask, id)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(reply(StatusCode::CREATED, stored.record())),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(refusal)) => {
            let made = IdempotencyKey::replayed::<FlowId>(&refusal, slot, ask)?;
            let at = keys::flow(workspace, made.ok_or_else(Problem::not_found)?);
            let wanted = vec![at.clone(), keys::data_key(&RootRef::of(&at))];
            let fetched = app.store.batch(wanted).await?;
            let key = fetched.data_key(&at, &entry.tenant_key)?;
            let key = key.ok_or_else(Problem::not_found)?;
            let made = fetched.get::<Flow>(&at, &key, entry.lens())?;
            Ok(reply(StatusCode::OK, &made.ok_or_else(Problem::not_found)?))
        }
    }
}

fn new_flow(entry: &Entry, made_by: SubjectId, name: Name, text: &str) -> Flow {
    Flow {
        id: FlowId::new(entry.now),
        workspace: entry.workspace,
        name,
        made_by,
        draft_bytes: text.len() as u64,
        tests_required: false,
        last_version: 0,
        live_version: None,
        live_before: None,
        test_version: None,
        test_before: None,
        created_at: entry.now,
        updated_at: entry.now,
        rev: 1,
    }
}

fn reply(status: StatusCode, flow: &Flow) -> Response {
    let view = FlowView::new(flow);
    (
        status,
        Versioned {
            rev: flow.rev,
            view,
        },
    )
        .into_response()
}
