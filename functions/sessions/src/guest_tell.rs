//! `POST /v1/guest/calls/{call}/quality`: a guest's device tells how well the call goes.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{CallId, call::Side, device::Device},
    http::{Client, GuestToken, Json, Path, Problem, Problems},
    store::keys,
};

use crate::{
    quality::{self, Quality},
    step,
};

/// Tell how well a call goes, as a guest.
#[utoipa::path(
    post,
    path = "/v1/guest/calls/{call}/quality",
    operation_id = "guest_tell_quality",
    params(("call" = CallId, Path, description = "The call.")),
    request_body = Quality,
    responses((status = 204, description = "Kept, over what was told before."), Problems),
    security(("guest" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: GuestToken,
    device: Device,
    Path(id): Path<CallId>,
    Json(told): Json<Quality>,
) -> Result<StatusCode, Problem> {
    let wanted = vec![
        keys::call(token.workspace, id),
        keys::call_quality(token.workspace, id, Side::Guest),
    ];
    let guesting = app.guest(&token, wanted).await?;
    let entry = &guesting.entry;
    let call = step::own(entry, id, guesting.guest.id)?;
    quality::keep(&app, &client, entry, (&call, Side::Guest), (device, told)).await?;
    Ok(StatusCode::NO_CONTENT)
}
