//! `GET /v1/privacy/requests/{request}`: how a request of the holder of an account stands.

use axum::extract::State;
use shared::{
    app::App,
    domain::RequestId,
    http::{AccessToken, Json, Path, Problem, Problems},
};

use crate::{own, request::PrivacyRequestView};

/// Show what you have asked about your account.
#[utoipa::path(
    get,
    path = "/v1/privacy/requests/{request}",
    operation_id = "show_own_privacy_request",
    params(("request" = RequestId, Path, description = "The request.")),
    responses((status = 200, description = "The request.", body = PrivacyRequestView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(id): Path<RequestId>,
) -> Result<Json<PrivacyRequestView>, Problem> {
    let (signed_in, found) = own::request(&app, &token, id).await?;
    Ok(Json(PrivacyRequestView::of(&found, signed_in.now)))
}
