//! `POST /v1/operator/privacy/requests/{request}/decision`: the operator answers the holder of an
//! account.

use axum::extract::State;
use shared::{
    app::App,
    domain::{RequestId, TenantId},
    http::{AccessToken, Json, Path, Problem, Problems},
};

use crate::{
    deciding::{self, Decide, Side},
    request::{self, Desk, PrivacyRequestView},
};

/// Decide about a request of an account holder.
///
/// For the operator of the deployment. `fulfil` needs the answer as an explanation; that of `erase`
/// is over when the account is gone, which its holder closes.
#[utoipa::path(
    post,
    path = "/v1/operator/privacy/requests/{request}/decision",
    operation_id = "operate_decide_privacy_request",
    params(("request" = RequestId, Path, description = "The request.")),
    request_body = Decide,
    responses((status = 200, description = "The request.", body = PrivacyRequestView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(id): Path<RequestId>,
    Json(body): Json<Decide>,
) -> Result<Json<PrivacyRequestView>, Problem> {
    let wanted = request::wanted(TenantId::Platform, id).to_vec();
    let operator = app.operator(&token, wanted).await?;
    let decision = body.parse()?;
    let desk = Desk::platform(&operator.platform_key, operator.now);
    let decided = (id, decision);
    let side = Side::Operator(&operator);
    let view = deciding::decide(&app, desk, side, &operator.fetched, decided).await?;
    Ok(Json(view))
}
