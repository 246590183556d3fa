//! `PATCH /v1/workspaces/{workspace}`: the settings of a workspace.
//!
//! Nobody changes what they have not seen: `If-Match` is asked for. How long conversations are kept
//! is a setting of its own, see `change_retention`.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        Permission, WorkspaceId,
        text::{Locale, Name, TimeZone},
    },
    http::{AccessToken, Code, IfMatch, Json, Path, Problem, Problems, Versioned, json::given},
    store::{CommitError, Stored, Transaction, keys, workspace::Workspace},
};
use utoipa::ToSchema;

use crate::workspace::{self, WorkspaceView};

/// What to change of a workspace; what is absent stays, `null` clears.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeWorkspace {
    /// What it is called.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = "Example Ltd")]
    name: Option<Name>,
    /// The language its members write in.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Locale>, example = "en")]
    locale: Option<Option<Locale>>,
    /// The time zone of its working days.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<TimeZone>, example = "Europe/Berlin")]
    time_zone: Option<Option<TimeZone>>,
}

/// Change a workspace.
#[utoipa::path(
    patch,
    path = "/v1/workspaces/{workspace}",
    operation_id = "change_workspace",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the workspace that was read. Without it: 428."),
    ),
    request_body = ChangeWorkspace,
    responses((status = 200, description = "The workspace.", body = WorkspaceView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(id): Path<WorkspaceId>,
    if_match: IfMatch,
    Json(body): Json<ChangeWorkspace>,
) -> Result<Versioned<WorkspaceView>, Problem> {
    let wanted = workspace::wanted(id).to_vec();
    let member = app
        .member(&token, id, Permission::WorkspaceManage, wanted)
        .await?;
    let entry = &member.entry;
    if_match.required()?;
    let found = workspace::open(entry.fetched(), &entry.tenant_key, id, entry.lens())?;
    let found = found.ok_or_else(Problem::not_found)?;
    if_match.check(found.rev)?;
    let reply = |found: &Workspace| Versioned {
        rev: found.rev,
        view: WorkspaceView::new(found, &entry.policy, member.id, member.role),
    };
    let Some(next) = changed(&found, body) else {
        return Ok(reply(&found));
    };
    let key = entry
        .data_key(&keys::workspace(id))?
        .ok_or_else(Problem::not_found)?;
    let next = Stored::next(next, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.replace(&next, &key)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(reply(next.record())),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}

/// The workspace with the change, if that changes anything.
fn changed(old: &Workspace, change: ChangeWorkspace) -> Option<Workspace> {
    let ChangeWorkspace {
        name,
        locale,
        time_zone,
    } = change;
    let next = Workspace {
        name: name.unwrap_or_else(|| old.name.clone()),
        locale: locale.unwrap_or_else(|| old.locale.clone()),
        time_zone: time_zone.unwrap_or_else(|| old.time_zone.clone()),
        ..old.clone()
    };
    let same =
        (&next.name, &next.locale, &next.time_zone) == (&old.name, &old.locale, &old.time_zone);
    (!same).then_some(next)
}
