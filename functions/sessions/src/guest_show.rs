//! `GET /v1/guest/calls/{call}`: how far a guest's call is.

use axum::extract::State;
use shared::{
    app::App,
    domain::CallId,
    http::{GuestToken, Json, Path, Problem, Problems},
    store::keys,
};

use crate::{step, view::CallView};

/// Show a guest's own call.
#[utoipa::path(
    get,
    path = "/v1/guest/calls/{call}",
    operation_id = "guest_show_call",
    params(("call" = CallId, Path, description = "The call.")),
    responses((status = 200, description = "The call.", body = CallView), Problems),
    security(("guest" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: GuestToken,
    Path(id): Path<CallId>,
) -> Result<Json<CallView>, Problem> {
    let wanted = vec![keys::call(token.workspace, id)];
    let guesting = app.guest(&token, wanted).await?;
    let call = step::own(&guesting.entry, id, guesting.guest.id)?;
    Ok(Json(CallView::new(&call, guesting.entry.now)))
}
