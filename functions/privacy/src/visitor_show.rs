//! `GET /v1/widget/privacy/requests/{request}`: how a visitor's request stands.

use axum::extract::State;
use shared::{
    app::App,
    domain::{RequestId, TenantId},
    http::{Json, Path, Problem, Problems, VisitorToken},
};

use crate::request::{self, Desk, PrivacyRequestView};

/// Show what you have asked.
#[utoipa::path(
    get,
    path = "/v1/widget/privacy/requests/{request}",
    operation_id = "visitor_show_privacy_request",
    params(("request" = RequestId, Path, description = "The request.")),
    responses((status = 200, description = "The request.", body = PrivacyRequestView), Problems),
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
    Ok(Json(PrivacyRequestView::of(&found, entry.now)))
}
