//! `GET /v1/operator/privacy/requests/{request}`: one request of the holder of an account.

use axum::extract::State;
use shared::{
    app::App,
    domain::{RequestId, TenantId},
    http::{AccessToken, Json, Path, Problem, Problems},
};

use crate::request::{self, Desk, PrivacyRequestView};

/// Show what an account holder asks about their data.
///
/// For the operator of the deployment.
#[utoipa::path(
    get,
    path = "/v1/operator/privacy/requests/{request}",
    operation_id = "operate_show_privacy_request",
    params(("request" = RequestId, Path, description = "The request.")),
    responses((status = 200, description = "The request.", body = PrivacyRequestView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(id): Path<RequestId>,
) -> Result<Json<PrivacyRequestView>, Problem> {
    let wanted = request::wanted(TenantId::Platform, id).to_vec();
    let operator = app.operator(&token, wanted).await?;
    let desk = Desk::platform(&operator.platform_key, operator.now);
    let found = request::open(&operator.fetched, desk, id)?;
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(Json(PrivacyRequestView::of(&found, operator.now)))
}
