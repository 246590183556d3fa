//! `GET /v1/operator/seats`: who operates this deployment.

use axum::extract::State;
use shared::{
    app::App,
    http::{AccessToken, Json, Page, Problem, Problems},
};

use crate::seats::{self, OperatorView};

/// List the operators.
///
/// For the operator of the deployment.
#[utoipa::path(
    get,
    path = "/v1/operator/seats",
    operation_id = "list_operators",
    responses((status = 200, description = "All of them.", body = Page<OperatorView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
) -> Result<Json<Page<OperatorView>>, Problem> {
    let operator = app.operator(&token, Vec::new()).await?;
    let seats = seats::all(&app, &operator).await?;
    let views = seats.iter().map(|seat| OperatorView::new(seat, &operator));
    Ok(Json(Page::new(views.collect(), None)))
}
