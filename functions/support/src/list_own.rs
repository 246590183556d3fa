//! `GET /v1/support`: what somebody asked the operator, newest first.

use axum::extract::State;
use shared::{
    app::App,
    http::{
        AccessToken, Json, Page, Paging, Problem, Problems, Query,
        cursor::List,
        platform::{Platform, Proof},
    },
};

use crate::thread::{self, Desk, SupportThreadView};

/// List what you have asked the operator.
#[utoipa::path(
    get,
    path = "/v1/support",
    operation_id = "list_own_support",
    params(Paging),
    responses((status = 200, description = "A page.", body = Page<SupportThreadView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<SupportThreadView>>, Problem> {
    let (session, platform) = Platform::of(&app, &token, Vec::new(), Proof::Any).await?;
    let desk = Desk {
        key: &platform.tenant_key,
        now: platform.now,
    };
    let principal = session.account.to_string();
    let list = List {
        key: desk.key,
        principal: &principal,
        name: "own support",
    };
    let (ids, next) = thread::own(&app, desk, session.account, list, &paging).await?;
    let views = thread::open_all(&app, desk, &ids).await?;
    Ok(Json(Page::new(views, next)))
}
