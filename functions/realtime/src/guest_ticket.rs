//! `POST /v1/guest/realtime/tickets`: a guest's device is about to open a socket, to be called on.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    http::{
        GuestToken, Json, Problem, Problems,
        ticket::{TicketView, issue},
    },
    store::socket::Holder,
};

/// Get a ticket for a socket as a guest.
#[utoipa::path(
    post,
    path = "/v1/guest/realtime/tickets",
    operation_id = "guest_create_realtime_ticket",
    responses((status = 201, description = "A ticket.", body = TicketView), Problems),
    security(("guest" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: GuestToken,
) -> Result<(StatusCode, Json<TicketView>), Problem> {
    let guesting = app.guest(&token, Vec::new()).await?;
    let holder = Holder::Guest(guesting.guest.id);
    let ticket = issue(&app, &guesting.entry, holder).await?;
    Ok((StatusCode::CREATED, Json(ticket)))
}
