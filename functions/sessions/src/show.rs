//! `GET /v1/workspaces/{workspace}/calls/{call}`: what is known of a call.

use crate::{quality::QualityView, step, view::CallView};
use axum::extract::State;
use shared::{
    app::App,
    domain::{CallId, Permission, WorkspaceId, call::Side, policy::Module},
    http::{Credential, Json, Path, Problem, Problems},
    store::{call::CallQuality, keys},
};

/// Show a call.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/calls/{call}",
    operation_id = "show_call",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("call" = CallId, Path, description = "The call."),
    ),
    responses((status = 200, description = "The call.", body = CallView), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, id)): Path<(WorkspaceId, CallId)>,
) -> Result<Json<CallView>, Problem> {
    let sides = Side::ALL.iter();
    let places: Vec<_> = sides
        .map(|side| keys::call_quality(workspace, id, *side))
        .collect();
    let mut wanted = places.clone();
    wanted.push(keys::call(workspace, id));
    let caller = app
        .caller(&credential, workspace, Permission::CallsRead, wanted)
        .await?;
    let entry = &caller.entry;
    entry.require(Module::Sessions)?;
    let call = step::read(entry, id)?;
    app.note_reading(&caller, id).await?;
    let mut quality = Vec::new();
    for place in &places {
        quality.extend(
            entry
                .open::<CallQuality>(place)?
                .as_ref()
                .map(QualityView::new),
        );
    }
    Ok(Json(CallView::new(&call, entry.now).with(quality)))
}
