//! `PATCH /v1/workspaces/{workspace}/flows/{flow}`: saves the draft, its tests, or what the flow is
//! called.
//!
//! `If-Match` is required: a builder saves often, and nobody overwrites what they have not seen.

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::{
    app::App,
    domain::{FlowId, Permission, WorkspaceId, flow::Piece, text::Name},
    http::{
        Code, Credential, IfMatch, Json, Path, Problem, Problems, Versioned,
        json::{given, object_or_null},
    },
    store::{CommitError, Stored, Transaction, flow::FlowTests},
};
use utoipa::ToSchema;

use crate::{
    desk::{Desk, place},
    document, tests,
    view::FlowView,
};

/// What to change of a flow; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeFlow {
    /// What the team calls it.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = "Support intake")]
    name: Option<Name>,
    /// The whole draft: a document of schema `flow/1`, 512 KiB at most.
    #[serde(default, deserialize_with = "object_or_null")]
    #[schema(value_type = Option<document::FlowDocument>)]
    document: Option<Map<String, Value>>,
    /// All of its tests, 50 at most: each a `name` and a `script` as `simulate` takes one.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, value_type = Option<Vec<crate::document::Open>>, max_items = 50, example = json!([]))]
    tests: Option<Vec<Value>>,
    /// Whether its tests have to hold before it is published.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = false)]
    tests_required: Option<bool>,
}

/// Change a flow.
#[utoipa::path(
    patch,
    path = "/v1/workspaces/{workspace}/flows/{flow}",
    operation_id = "change_flow",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("flow" = FlowId, Path, description = "The flow."),
        ("If-Match" = String, Header, description = "The `ETag` of the version to change."),
    ),
    request_body = ChangeFlow,
    responses((status = 200, description = "The flow.", body = FlowView), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, id)): Path<(WorkspaceId, FlowId)>,
    if_match: IfMatch,
    Json(body): Json<ChangeFlow>,
) -> Result<Versioned<FlowView>, Problem> {
    let text = body.document.as_ref().map(document::text_of).transpose()?;
    let tests = body.tests.as_ref().map(|all| tests::text_of(all));
    let tests = tests.transpose()?;
    let at = (workspace, id);
    let desk = Desk::open(&app, &credential, at, Permission::FlowsManage, []).await?;
    if_match.required()?;
    if_match.check(desk.flow.rev)?;
    let Desk { caller, flow, key } = desk;
    let entry = &caller.entry;
    let mut next = flow;
    next.updated_at = entry.now;
    next.name = body.name.unwrap_or(next.name);
    next.tests_required = body.tests_required.unwrap_or(next.tests_required);
    next.draft_bytes = text
        .as_ref()
        .map_or(next.draft_bytes, |text| text.len() as u64);
    let stored = Stored::next(next, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.replace(&stored, &key)?;
    if let Some(text) = text {
        let draft = place(workspace, id, None);
        draft.write(&mut transaction, &text, &key, (&entry.policy, entry.now))?;
    }
    if let Some(text) = tests {
        let tests = FlowTests {
            workspace,
            flow: id,
            text: Piece::of(text).ok_or_else(|| Problem::internal("tests that do not fit"))?,
            created_at: entry.now,
        };
        transaction.overwrite(&Stored::new(tests, &entry.policy), &key)?;
    }
    match app.store.commit(transaction).await {
        Ok(()) => {
            let changed = stored.record();
            Ok(Versioned {
                rev: changed.rev,
                view: FlowView::new(changed),
            })
        }
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
