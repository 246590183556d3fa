//! `GET /v1/operator/privacy/requests`: what holders of accounts ask the operator, newest first.

use axum::extract::State;
use shared::{
    app::App,
    http::{AccessToken, Json, Page, Paging, Problem, Problems, Query, cursor::List},
};

use crate::request::{self, Desk, PrivacyRequestView};

/// List what account holders ask about their data.
///
/// For the operator of the deployment.
#[utoipa::path(
    get,
    path = "/v1/operator/privacy/requests",
    operation_id = "operate_list_privacy_requests",
    params(Paging),
    responses((status = 200, description = "A page.", body = Page<PrivacyRequestView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<PrivacyRequestView>>, Problem> {
    let operator = app.operator(&token, Vec::new()).await?;
    let desk = Desk::platform(&operator.platform_key, operator.now);
    let principal = operator.account.to_string();
    let list = List {
        key: &operator.platform_key,
        principal: &principal,
        name: "privacy requests of account holders",
    };
    let (ids, next) = request::all(&app, desk, list, &paging).await?;
    let found = request::open_all(&app, desk, &ids).await?;
    let views = found
        .iter()
        .map(|found| PrivacyRequestView::of(found, desk.now));
    Ok(Json(Page::new(views.collect(), next)))
}
