//! `DELETE /v1/operator/workspaces/{workspace}/break-glass`: the operator leaves before the time.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::WorkspaceId,
    http::{AccessToken, Path, Problem, Problems},
    store::{
        Unsealed, account::Seat, audit::Deed, break_glass::BreakGlass, keys, operator::OperatorAct,
    },
};

use crate::access;

/// Leave a workspace.
///
/// For the operator of the deployment. Whoever is not in one, or no longer, is out already.
#[utoipa::path(
    delete,
    path = "/v1/operator/workspaces/{workspace}/break-glass",
    operation_id = "close_break_glass",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 204, description = "You are out."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<StatusCode, Problem> {
    let at_seat = keys::seat(token.account(), workspace);
    let wanted = vec![at_seat.clone()];
    let (operator, _) = access::workspace(&app, &token, workspace, wanted).await?;
    let seat = operator.open::<Seat>(&at_seat)?;
    let Some(id) = seat.and_then(|seat| seat.break_glass) else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let place = keys::break_glass(workspace, id);
    let fetched = app.store.batch(vec![place.clone()]).await?;
    if let Some(entry) = fetched.get::<BreakGlass>(&place, &Unsealed, operator.lens())? {
        let line = operator.line(workspace, Deed::BreakGlassEnded);
        let deed = operator.deed(OperatorAct::BreakGlassClosed);
        let deed = Some(deed.in_workspace(workspace));
        app.store
            .end_break_glass(entry, line, deed, operator.now)
            .await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
