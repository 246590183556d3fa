//! `POST /v1/guest/calls/{call}/ice`: fresh credentials for the relay, in the middle of a call.

use axum::extract::State;
use shared::{
    app::App,
    domain::{CallId, call::Side},
    http::{Code, GuestToken, Json, Path, Problem, Problems},
    store::keys,
};

use crate::{
    door::{self, IceView},
    step,
};

/// Get servers that help devices find each other, as a guest.
#[utoipa::path(
    post,
    path = "/v1/guest/calls/{call}/ice",
    operation_id = "guest_create_ice",
    params(("call" = CallId, Path, description = "The call.")),
    responses((status = 200, description = "The servers.", body = IceView), Problems),
    security(("guest" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: GuestToken,
    Path(id): Path<CallId>,
) -> Result<Json<IceView>, Problem> {
    let wanted = vec![keys::call(token.workspace, id)];
    let guesting = app.guest(&token, wanted).await?;
    let entry = &guesting.entry;
    let call = step::own(entry, id, guesting.guest.id)?;
    if call.course().at(entry.now).is_over() {
        return Err(Problem::new(Code::CallOver));
    }
    Ok(Json(door::ice(&app, &call, Side::Guest, entry.now)))
}
