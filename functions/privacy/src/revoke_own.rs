//! `POST /v1/privacy/requests/{request}/revoke`: the holder of an account takes a request back.

use axum::extract::State;
use shared::{
    app::App,
    domain::{RequestId, privacy::Maker},
    http::{AccessToken, Json, Path, Problem, Problems},
};

use crate::{making, own, request::PrivacyRequestView};

/// Take back what you have asked about your account.
#[utoipa::path(
    post,
    path = "/v1/privacy/requests/{request}/revoke",
    operation_id = "revoke_own_privacy_request",
    params(("request" = RequestId, Path, description = "The request.")),
    responses((status = 200, description = "It is taken back.", body = PrivacyRequestView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(id): Path<RequestId>,
) -> Result<Json<PrivacyRequestView>, Problem> {
    let (signed_in, found) = own::request(&app, &token, id).await?;
    let view = making::revoke(&app, signed_in.now, found, Maker::AccountHolder).await?;
    Ok(Json(view))
}
