//! `POST /v1/workspaces/{workspace}/devices/{device}/test`: a member tries a device of their own out. What came
//! of it stands with the device.

use axum::{extract::State, http::StatusCode};
use serde::Serialize;
use shared::{
    app::App,
    domain::{DeviceId, NotificationId, Permission, WorkspaceId, policy::Module},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::{CommitError, Stored, Transaction, Unsealed, keys, notification::Notification},
};
use utoipa::ToSchema;

/// A test that is on its way.
#[derive(Serialize, ToSchema)]
pub struct DeviceTest {
    /// Of which device.
    device_id: DeviceId,
    /// What it is known by.
    notification_id: NotificationId,
}

/// Try a device out.
///
/// Whatever the preferences say, and in quiet hours too. Look at the device a moment later.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/devices/{device}/test",
    operation_id = "test_device",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("device" = DeviceId, Path, description = "The device."),
    ),
    responses((status = 202, description = "It is on its way.", body = DeviceTest), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, DeviceId)>,
) -> Result<(StatusCode, Json<DeviceTest>), Problem> {
    let member = app
        .member(&token, workspace, Permission::ConversationsRead, Vec::new())
        .await?;
    member.belongs()?;
    let entry = &member.entry;
    entry.in_use()?;
    entry.require(Module::Push)?;
    let test = Notification::test(workspace, member.subject(), id, entry.now);
    let stored = Stored::new(test, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.create(&stored, &Unsealed)?;
    transaction.check_there(keys::push_device(workspace, member.id, id));
    match app.store.commit(transaction).await {
        Ok(()) => {
            let view = DeviceTest {
                device_id: id,
                notification_id: stored.record().id,
            };
            Ok((StatusCode::ACCEPTED, Json(view)))
        }
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
    }
}
