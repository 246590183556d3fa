//! `POST /v1/widget/realtime/tickets`: a visitor's widget is about to open a socket.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    http::{
        Json, Problem, Problems, VisitorToken,
        ticket::{TicketView, issue},
    },
    store::socket::Holder,
};

/// Get a ticket for a socket as a visitor.
#[utoipa::path(
    post,
    path = "/v1/widget/realtime/tickets",
    operation_id = "visitor_create_realtime_ticket",
    responses((status = 201, description = "A ticket.", body = TicketView), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
) -> Result<(StatusCode, Json<TicketView>), Problem> {
    let visitor = app.visitor(&token, Vec::new()).await?;
    let holder = Holder::Visitor {
        contact: visitor.id,
        visit: token.visit(),
    };
    Ok((
        StatusCode::CREATED,
        Json(issue(&app, &visitor.entry, holder).await?),
    ))
}
