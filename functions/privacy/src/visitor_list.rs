//! `GET /v1/widget/privacy/requests`: what a visitor has asked, newest first.

use axum::extract::State;
use shared::{
    app::App,
    http::{Json, Page, Paging, Problem, Problems, Query, VisitorToken, cursor::List},
};

use crate::request::{self, Desk, PrivacyRequestView};

/// List what you have asked.
#[utoipa::path(
    get,
    path = "/v1/widget/privacy/requests",
    operation_id = "visitor_list_privacy_requests",
    params(Paging),
    responses((status = 200, description = "A page.", body = Page<PrivacyRequestView>), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<PrivacyRequestView>>, Problem> {
    let visitor = app.visitor_kept(&token, Vec::new()).await?;
    let entry = &visitor.entry;
    let desk = Desk::of(entry);
    let principal = visitor.id.to_string();
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: "own privacy requests",
    };
    let (ids, next) = request::own(&app, desk, visitor.subject(), list, &paging).await?;
    let found = request::open_all(&app, desk, &ids).await?;
    let own = found
        .iter()
        .filter(|found| request::is_own(found, visitor.subject()));
    let views = own.map(|found| PrivacyRequestView::of(found, entry.now));
    Ok(Json(Page::new(views.collect(), next)))
}
