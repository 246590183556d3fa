//! `POST /v1/widget/privacy/requests/{request}/revoke`: a visitor takes a request back.

use axum::extract::State;
use shared::{
    app::App,
    domain::{RequestId, TenantId, privacy::Maker},
    http::{Json, Path, Problem, Problems, VisitorToken},
};

use crate::{
    making,
    request::{self, Desk, PrivacyRequestView},
};

/// Take back what you have asked.
///
/// What is being carried out, or was, cannot be taken back.
#[utoipa::path(
    post,
    path = "/v1/widget/privacy/requests/{request}/revoke",
    operation_id = "visitor_revoke_privacy_request",
    params(("request" = RequestId, Path, description = "The request.")),
    responses((status = 200, description = "It is taken back.", body = PrivacyRequestView), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Path(id): Path<RequestId>,
) -> Result<Json<PrivacyRequestView>, Problem> {
    let wanted = request::wanted(TenantId::Workspace(token.workspace), id).to_vec();
    let visitor = app.visitor_kept(&token, wanted).await?;
    let entry = &visitor.entry;
    let found = request::open(entry.fetched(), Desk::of(entry), id)?;
    let own = found.filter(|found| request::is_own(found, visitor.subject()));
    let found = own.ok_or_else(Problem::not_found)?;
    let view = making::revoke(&app, entry.now, found, Maker::Visitor).await?;
    Ok(Json(view))
}
