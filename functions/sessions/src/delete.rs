//! `DELETE /v1/workspaces/{workspace}/calls/{call}`: what is known of a call goes (CALL-16). A call that
//! goes on is over with it.

use axum::extract::State;
use shared::{
    app::App,
    domain::{CallId, Permission, WorkspaceId, policy::Module},
    http::{Credential, Json, Path, Problem, Problems},
    store::{audit::Deed, erasing::CallDeletion, keys},
};

use crate::{
    deleting::{CallsDeleted, Deletion},
    step,
};

/// Delete a call.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/calls/{call}",
    operation_id = "delete_call",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("call" = CallId, Path, description = "The call."),
    ),
    responses((status = 200, description = "Deleted; its receipt follows within minutes.", body = CallsDeleted), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, id)): Path<(WorkspaceId, CallId)>,
) -> Result<Json<CallsDeleted>, Problem> {
    let wanted = vec![keys::call(workspace, id)];
    let caller = app
        .caller(&credential, workspace, Permission::CallsDelete, wanted)
        .await?;
    let entry = &caller.entry;
    entry.require(Module::Sessions)?;
    step::read(entry, id)?;
    let line = entry.line(caller.subject, Deed::CallDeleted).about(id);
    let mut deletion = Deletion::of(CallDeletion::of_one(workspace, id), line);
    deletion.looked_at = 1;
    deletion.delete(&app, &[id]).await?;
    Ok(Json(deletion.end(&app, entry, None).await?))
}
