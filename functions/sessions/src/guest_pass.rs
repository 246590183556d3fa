//! `POST /v1/guest/calls/{call}/join-token`: a guest's device is about to join a call, or to come back.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{CallId, call::Side},
    http::{Client, Code, GuestToken, Json, Path, Problem, Problems},
    store::{keys, socket::Holder},
};

use crate::{
    door::{self, JoinView},
    step,
};

/// Get a join token as a guest.
#[utoipa::path(
    post,
    path = "/v1/guest/calls/{call}/join-token",
    operation_id = "guest_create_join_token",
    params(("call" = CallId, Path, description = "The call.")),
    responses((status = 201, description = "A token.", body = JoinView), Problems),
    security(("guest" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: GuestToken,
    Path(id): Path<CallId>,
) -> Result<(StatusCode, Json<JoinView>), Problem> {
    let wanted = vec![keys::call(token.workspace, id)];
    let guesting = app.guest(&token, wanted).await?;
    let entry = &guesting.entry;
    let call = step::own(entry, id, guesting.guest.id)?;
    if call.course().at(entry.now).is_over() {
        return Err(Problem::new(Code::CallOver));
    }
    let holder = Holder::Guest(guesting.guest.id);
    let view = door::issue(&app, &client, entry, (id, Side::Guest), holder).await?;
    Ok((StatusCode::CREATED, Json(view)))
}
