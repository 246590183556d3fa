//! `GET /v1/privacy/requests`: what the holder of an account has asked, newest first.

use axum::extract::State;
use shared::{
    app::App,
    http::{AccessToken, Json, Page, Paging, Problem, Problems, Query, cursor::List},
    store::SubjectId,
};

use crate::{
    own,
    request::{self, Desk, PrivacyRequestView},
};

/// List what you have asked about your account.
#[utoipa::path(
    get,
    path = "/v1/privacy/requests",
    operation_id = "list_own_privacy_requests",
    params(Paging),
    responses((status = 200, description = "A page.", body = Page<PrivacyRequestView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<PrivacyRequestView>>, Problem> {
    let (signed_in, key) = own::signed_in(&app, &token, None).await?;
    let desk = Desk::platform(&key, signed_in.now);
    let principal = signed_in.account.to_string();
    let list = List {
        key: &key,
        principal: &principal,
        name: "own privacy requests",
    };
    let subject = SubjectId::Account(signed_in.account);
    let (ids, next) = request::own(&app, desk, subject, list, &paging).await?;
    let found = request::open_all(&app, desk, &ids).await?;
    let own = found.iter().filter(|one| request::is_own(one, subject));
    let views = own.map(|found| PrivacyRequestView::of(found, desk.now));
    Ok(Json(Page::new(views.collect(), next)))
}
