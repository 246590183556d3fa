//! `PATCH /v1/operator/workspaces/{workspace}/apps/{app}`: how much an app may bring in, and whether
//! anything at all. It holds at the very next widget session.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{AppId, WorkspaceId},
    http::{AccessToken, Code, Json, Path, Problem, Problems, json::given},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        app::App as Stock,
        audit::Deed,
        keys,
        operator::{OperatorAct, OperatorDeed},
    },
};
use utoipa::ToSchema;

use crate::access;

/// The most that a cap may be: what every app has without one.
const MOST_A_MINUTE: u64 = 3000;

/// What an app may do; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitApp {
    /// Whether widget sessions may begin at all.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = true)]
    enabled: Option<bool>,
    /// How many widget sessions may begin in a minute: 1 to 3000; `null` lifts the cap.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 3000, example = 60)]
    sessions_per_minute: Option<Option<u64>>,
}

/// An app as the operator sees it.
#[derive(Serialize, ToSchema)]
pub struct OperatedApp {
    /// Its id.
    id: AppId,
    /// Whether widget sessions may begin.
    enabled: bool,
    /// How many may begin in a minute, where the operator said so.
    #[schema(example = 60)]
    sessions_per_minute: Option<u64>,
}

impl OperatedApp {
    fn new(app: &Stock) -> Self {
        Self {
            id: app.id,
            enabled: app.disabled_at.is_none(),
            sessions_per_minute: app.sessions_per_minute,
        }
    }
}

/// Cap an app, or switch it off.
///
/// For the operator of the deployment. Sessions that have begun go on to their end.
#[utoipa::path(
    patch,
    path = "/v1/operator/workspaces/{workspace}/apps/{app}",
    operation_id = "limit_app",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("app" = AppId, Path, description = "The app."),
    ),
    request_body = LimitApp,
    responses((status = 200, description = "The app.", body = OperatedApp), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, AppId)>,
    Json(body): Json<LimitApp>,
) -> Result<Json<OperatedApp>, Problem> {
    let place = keys::app(workspace, id);
    let wanted = vec![place.clone()];
    let (operator, row) = access::workspace(&app, &token, workspace, wanted).await?;
    let cap = body.sessions_per_minute;
    if let Some(Some(cap)) =
        cap.filter(|cap| cap.is_some_and(|cap| !(1..=MOST_A_MINUTE).contains(&cap)))
    {
        let detail = format!("from 1 to {MOST_A_MINUTE}, not {cap}");
        return Err(Problem::invalid(
            "#/sessions_per_minute",
            "out_of_range",
            &detail,
        ));
    }
    let found = operator.open::<Stock>(&place)?;
    let found = found.ok_or_else(Problem::not_found)?;
    let disabled_at = match body.enabled {
        None => found.disabled_at,
        Some(true) => None,
        Some(false) => Some(found.disabled_at.unwrap_or(operator.now)),
    };
    let sessions_per_minute = cap.unwrap_or(found.sessions_per_minute);
    if (disabled_at, sessions_per_minute) == (found.disabled_at, found.sessions_per_minute) {
        return Ok(Json(OperatedApp::new(&found)));
    }
    let next = Stock {
        disabled_at,
        sessions_per_minute,
        ..found
    };
    let stored = Stored::next(next, &row.policy());
    let mut transaction = Transaction::new(operator.now);
    transaction.replace(&stored, &Unsealed)?;
    let line = operator.line(workspace, Deed::AppLimited);
    transaction.audit(line.about(id))?;
    let deed = operator.deed(OperatorAct::AppLimited);
    transaction.deed(OperatorDeed {
        app: Some(id),
        ..deed.in_workspace(workspace)
    })?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Json(OperatedApp::new(stored.record()))),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
