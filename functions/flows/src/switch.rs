//! `PUT /v1/workspaces/{workspace}/flows/{flow}/environments/{environment}`: takes a version into use,
//! another one, an older one again, or none.
//!
//! Conversations that have begun stay with the version they began with. The same request again
//! changes nothing.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{FlowId, Permission, WorkspaceId, flow::Environment},
    http::{Code, Credential, IfMatch, Json, Path, Problem, Problems, Versioned},
    store::{CommitError, Stored, Transaction, audit::Deed, flow_rule::FlowRule, keys},
};
use utoipa::ToSchema;

use crate::{
    desk::{Desk, place},
    rules,
    view::FlowView,
};

/// Which version to use.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchFlow {
    /// The number of a version; null for none.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true, example = 1)]
    version: Option<u64>,
}

/// Take a version into use.
#[utoipa::path(
    put,
    path = "/v1/workspaces/{workspace}/flows/{flow}/environments/{environment}",
    operation_id = "switch_flow",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("flow" = FlowId, Path, description = "The flow."),
        ("environment" = Environment, Path, description = "Where: `live` for visitors, `test` for trying it out."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    request_body = SwitchFlow,
    responses((status = 200, description = "The flow.", body = FlowView), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, id, environment)): Path<(WorkspaceId, FlowId, Environment)>,
    if_match: IfMatch,
    Json(body): Json<SwitchFlow>,
) -> Result<Versioned<FlowView>, Problem> {
    let mut wanted = vec![keys::flow_rules(workspace)];
    if let Some(number) = body.version {
        wanted.push(keys::flow_version(workspace, id, number));
        wanted.extend(place(workspace, id, Some(number)).keys());
    }
    let at = (workspace, id);
    let desk = Desk::open(&app, &credential, at, Permission::FlowsManage, wanted).await?;
    let reply = |flow: &shared::store::flow::Flow| Versioned {
        rev: flow.rev,
        view: FlowView::new(flow),
    };
    if desk.flow.in_use(environment).0 == body.version {
        return Ok(reply(&desk.flow));
    }
    if_match.check(desk.flow.rev)?;
    if let Some(number) = body.version
        && desk.version(number).is_err()
    {
        let detail = "the number of a version of this flow";
        return Err(Problem::invalid("#/version", "unknown_version", detail));
    }
    let entry = &desk.caller.entry;
    let mut next = desk.flow.clone();
    next.switch(environment, body.version);
    next.updated_at = entry.now;
    let stored = Stored::next(next, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.replace(&stored, &desk.key)?;
    if environment == Environment::Live {
        let own = match body.version {
            Some(number) => FlowRule::all_of(&desk.document(Some(number))?, id, number),
            None => Vec::new(),
        };
        rules::place(&mut transaction, entry, id, own)?;
    }
    let line = entry.line(desk.caller.subject, Deed::FlowSwitched);
    transaction.audit(line.about(id))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(reply(stored.record())),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
