//! `DELETE /v1/workspaces/{workspace}/break-glass`: an owner shows the operators out, before their time.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{Permission, WorkspaceId},
    http::{AccessToken, Path, Problem, Problems},
    store::{Query, Unsealed, audit::Deed, break_glass::BreakGlass, keys, record::read_item},
};

/// How many entries are looked at, newest first: those that may go on are among the last hours'.
const LATEST: u16 = 100;

/// Show the operators out.
///
/// For owners. Whoever is in the workspace is out with the next call.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/break-glass",
    operation_id = "end_break_glass",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 204, description = "They are out."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<StatusCode, Problem> {
    let member = app
        .member(&token, workspace, Permission::WorkspaceOwn, Vec::new())
        .await?;
    let entry = &member.entry;
    let latest = Query::partition(keys::break_glasses(workspace))
        .newest_first()
        .limit(LATEST);
    for item in app.store.query(latest).await? {
        let found = read_item::<BreakGlass>(&item, &Unsealed, entry.lens())?;
        if let Some(found) = found.filter(|found| found.end() > entry.now) {
            let line = entry.line(member.id, Deed::BreakGlassEnded);
            let line = line.about(found.member);
            app.store
                .end_break_glass(found, line, None, entry.now)
                .await?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
