//! `GET /v1/operator/support`: what people wrote to the operator, newest first.

use axum::extract::State;
use shared::{
    app::App,
    http::{AccessToken, Json, Page, Paging, Problem, Problems, Query, cursor::List},
};

use crate::thread::{self, Desk, SupportThreadView};

/// List what people write to you.
///
/// For the operator of the deployment.
#[utoipa::path(
    get,
    path = "/v1/operator/support",
    operation_id = "operate_list_support",
    params(Paging),
    responses((status = 200, description = "A page.", body = Page<SupportThreadView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<SupportThreadView>>, Problem> {
    let operator = app.operator(&token, Vec::new()).await?;
    let desk = Desk {
        key: &operator.platform_key,
        now: operator.now,
    };
    let principal = operator.account.to_string();
    let list = List {
        key: desk.key,
        principal: &principal,
        name: "support",
    };
    let (ids, next) = thread::all(&app, desk, list, &paging).await?;
    let views = thread::open_all(&app, desk, &ids).await?;
    Ok(Json(Page::new(views, next)))
}
