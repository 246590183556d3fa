//! `GET /v1/widget/push`: what an app of the customer needs to let a visitor's device be told things.

use axum::extract::State;
use shared::{
    app::App,
    http::{Json, Problem, Problems, VisitorToken},
};

use crate::sender::Senders;

/// List who brings notifications to visitors.
#[utoipa::path(
    get,
    path = "/v1/widget/push",
    operation_id = "visitor_list_push",
    responses((status = 200, description = "Those that were set up.", body = Senders), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(State(app): State<App>, token: VisitorToken) -> Result<Json<Senders>, Problem> {
    let visitor = app
        .visitor(&token, Senders::places(token.workspace))
        .await?;
    Ok(Json(Senders::found(&visitor.entry)?))
}
