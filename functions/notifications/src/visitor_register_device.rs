//! `POST /v1/widget/devices`: a visitor is told on this device when somebody answers.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::policy::Module,
    http::{Json, Problem, Problems, VisitorToken},
    store::{CommitError, Stored, Transaction, device::VisitorDevice, keys},
};

use crate::device::{self, DeviceView, RegisterDevice};

/// Register a visitor's device.
///
/// Whenever the app starts: a device that does not register for 270 days is forgotten.
#[utoipa::path(
    post,
    path = "/v1/widget/devices",
    operation_id = "visitor_register_device",
    request_body = RegisterDevice,
    responses(
        (status = 200, description = "It was registered before.", body = DeviceView),
        (status = 201, description = "Registered.", body = DeviceView),
        Problems
    ),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Json(body): Json<RegisterDevice>,
) -> Result<(StatusCode, Json<DeviceView>), Problem> {
    let (workspace, contact) = (token.workspace, token.contact);
    let head = keys::contact(workspace, contact);
    let wanted = device::of_owner(&head);
    let visitor = app.visitor(&token, wanted).await?;
    let entry = &visitor.entry;
    entry.require(Module::Push)?;
    let push_token = body.parsed(&app)?;
    let key = entry.data_key(&head)?.ok_or_else(Problem::not_found)?;
    let there = app
        .store
        .devices_of_visitor(workspace, contact, &key, entry.lens())
        .await?;
    let (id, token_hash) = device::recognise(entry, visitor.subject(), &push_token);
    let before = there.iter().find(|device| device.id == id);
    let device = VisitorDevice {
        id,
        workspace,
        contact,
        provider: push_token.provider(),
        token: push_token,
        token_hash,
        seen_at: entry.now,
        created_at: before.map_or(entry.now, |device| device.created_at),
        rev: before.map_or(1, |device| device.rev + 1),
    };
    let status = match before {
        Some(_) => StatusCode::OK,
        None => StatusCode::CREATED,
    };
    let own = keys::visitor_device(workspace, contact, id);
    let mut transaction = Transaction::new(entry.now);
    let stored = Stored::new(device, &entry.policy);
    transaction.overwrite(&stored, &key)?;
    transaction.check_live(head);
    let others = there.iter().map(|device| {
        let place = keys::visitor_device(workspace, contact, device.id);
        (device.seen_at, place)
    });
    let others = others.collect();
    device::make_room(&app, entry, &mut transaction, (&own, token_hash), others).await?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok((status, Json(DeviceView::of_visitor(stored.record())))),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
    }
}
