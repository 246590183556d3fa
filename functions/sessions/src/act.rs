//! `POST /v1/workspaces/{workspace}/calls/{call}/{act}`: what a member does with a call. Of those who
//! take one at once, one gets it.

use axum::extract::State;
use shared::{
    app::App,
    domain::{CallId, Permission, WorkspaceId, policy::Module},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::{call::Caller, keys},
};

use crate::{
    step::{self, CallAct},
    view::CallView,
};

/// Take, refuse or end a call.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/calls/{call}/{act}",
    operation_id = "act_on_call",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("call" = CallId, Path, description = "The call."),
        ("act" = inline(CallAct), Path, description = "What to do. Doing it again changes nothing. A member who declines a call to the whole team leaves it to the others."),
    ),
    responses((status = 200, description = "The call as it is then.", body = CallView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id, act)): Path<(WorkspaceId, CallId, CallAct)>,
) -> Result<Json<CallView>, Problem> {
    let wanted = vec![keys::call(workspace, id)];
    let member = app
        .member(&token, workspace, Permission::CallsTake, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Sessions)?;
    let call = step::read(entry, id)?;
    let call = step::act(&app, entry, call, Caller::Member(member.id), act).await?;
    Ok(Json(CallView::new(&call, entry.now)))
}
