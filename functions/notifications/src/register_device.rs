//! `POST /v1/workspaces/{workspace}/devices`: a member is told things on this device from now on.
//!
//! It belongs to whoever registered it last, and to the sign-in that did so.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{Permission, WorkspaceId, policy::Module},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::{CommitError, Stored, Transaction, device::PushDevice, keys},
};

use crate::device::{self, DeviceView, RegisterDevice};

/// Register a device of one's own.
///
/// Whenever the app starts: a device that does not register for 270 days is forgotten. Registering it again
/// changes nothing but that.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/devices",
    operation_id = "register_device",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = RegisterDevice,
    responses(
        (status = 200, description = "It was registered before.", body = DeviceView),
        (status = 201, description = "Registered.", body = DeviceView),
        Problems
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<RegisterDevice>,
) -> Result<(StatusCode, Json<DeviceView>), Problem> {
    let member = app
        .member(&token, workspace, Permission::ConversationsRead, Vec::new())
        .await?;
    member.belongs()?;
    let entry = &member.entry;
    entry.in_use()?;
    entry.require(Module::Push)?;
    let push_token = body.parsed(&app)?;
    let head = keys::membership(workspace, member.id);
    let fetched = app.store.batch(device::of_owner(&head)).await?;
    let key = fetched.data_key(&head, &entry.tenant_key)?;
    let key = key.ok_or_else(Problem::not_found)?;
    let there = app
        .store
        .devices_of_member(workspace, member.id, &key, entry.lens())
        .await?;
    let (id, token_hash) = device::recognise(entry, member.subject(), &push_token);
    let before = there.iter().find(|device| device.id == id);
    let device = PushDevice {
        id,
        workspace,
        member: member.id,
        account: member.account,
        session: member.session.id,
        provider: push_token.provider(),
        token: push_token,
        token_hash,
        fault: None,
        tested_at: before.and_then(|device| device.tested_at),
        seen_at: entry.now,
        created_at: before.map_or(entry.now, |device| device.created_at),
        rev: before.map_or(1, |device| device.rev + 1),
    };
    let status = match before {
        Some(_) => StatusCode::OK,
        None => StatusCode::CREATED,
    };
    let own = keys::push_device(workspace, member.id, id);
    let mut transaction = Transaction::new(entry.now);
    let stored = Stored::new(device, &entry.policy);
    transaction.overwrite(&stored, &key)?;
    // Of who leaves at this moment nothing is left behind.
    transaction.check_live(head);
    let others = there.iter().map(|device| {
        let place = keys::push_device(workspace, member.id, device.id);
        (device.seen_at, place)
    });
    let others = others.collect();
    device::make_room(&app, entry, &mut transaction, (&own, token_hash), others).await?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok((status, Json(DeviceView::new(stored.record())))),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
    }
}
