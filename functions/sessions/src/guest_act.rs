//! `POST /v1/guest/calls/{call}/{act}`: what a guest does with a call.

use axum::extract::State;
use shared::{
    app::App,
    domain::CallId,
    http::{GuestToken, Json, Path, Problem, Problems},
    store::{call::Caller, keys},
};

use crate::{
    step::{self, CallAct},
    view::CallView,
};

/// Take, refuse or end a call as a guest.
#[utoipa::path(
    post,
    path = "/v1/guest/calls/{call}/{act}",
    operation_id = "guest_act_on_call",
    params(
        ("call" = CallId, Path, description = "The call."),
        ("act" = inline(CallAct), Path, description = "What to do. Doing it again changes nothing."),
    ),
    responses((status = 200, description = "The call as it is then.", body = CallView), Problems),
    security(("guest" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: GuestToken,
    Path((id, act)): Path<(CallId, CallAct)>,
) -> Result<Json<CallView>, Problem> {
    let wanted = vec![keys::call(token.workspace, id)];
    let guesting = app.guest(&token, wanted).await?;
    let by = Caller::Guest(guesting.guest.id);
    let call = step::own(&guesting.entry, id, guesting.guest.id)?;
    let call = step::act(&app, &guesting.entry, call, by, act).await?;
    Ok(Json(CallView::new(&call, guesting.entry.now)))
}
