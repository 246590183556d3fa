//! `GET /v1/workspaces/{workspace}/devices`: where a member is told things, and how that goes.

use axum::extract::State;
use serde::Serialize;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::keys,
};
use utoipa::ToSchema;

use crate::device::{self, DeviceView};

/// One's own devices.
#[derive(Serialize, ToSchema)]
pub struct Devices {
    /// Those, twenty at most.
    data: Vec<DeviceView>,
}

/// List one's own devices.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/devices",
    operation_id = "list_devices",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "One's own.", body = Devices), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Json<Devices>, Problem> {
    let member = app
        .member(&token, workspace, Permission::ConversationsRead, Vec::new())
        .await?;
    member.belongs()?;
    let entry = &member.entry;
    let head = keys::membership(workspace, member.id);
    let fetched = app.store.batch(device::of_owner(&head)).await?;
    let key = fetched.data_key(&head, &entry.tenant_key)?;
    let key = key.ok_or_else(Problem::not_found)?;
    let there = app
        .store
        .devices_of_member(workspace, member.id, &key, entry.lens())
        .await?;
    let data = there.iter().map(DeviceView::new).collect();
    Ok(Json(Devices { data }))
}
