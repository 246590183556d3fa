//! `GET /v1/operator/workspaces`: every workspace of the deployment, oldest first. Two reads besides
//! the one on entry.

use axum::extract::State;
use shared::{
    app::App,
    http::{AccessToken, Json, Page, Paging, Problem, Problems, Query, cursor::List},
    store::{
        self, Unsealed, db::listed_id, keys, subject::State as Liveness, workspace::WorkspacePolicy,
    },
};

use crate::workspace::OperatedWorkspace;

/// List all workspaces.
///
/// For the operator of the deployment. Neither names nor people are told.
#[utoipa::path(
    get,
    path = "/v1/operator/workspaces",
    operation_id = "operate_list_workspaces",
    params(Paging),
    responses((status = 200, description = "A page.", body = Page<OperatedWorkspace>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<OperatedWorkspace>>, Problem> {
    let operator = app.operator(&token, Vec::new()).await?;
    let principal = operator.account.to_string();
    let list = List {
        key: &operator.platform_key,
        principal: &principal,
        name: "all-workspaces",
    };
    let query = store::Query::lists(keys::all_workspaces());
    let place = |id| (keys::policy(id), keys::workspace_list(id).sk);
    let of = (query, &paging, operator.now);
    let (ids, next) = list.ids(&app.store, of, place, listed_id).await?;
    let places = ids.iter().copied().map(keys::policy).collect();
    let fetched = app.store.batch(places).await?;
    let mut views = Vec::with_capacity(ids.len());
    for id in ids {
        let row = fetched.get::<WorkspacePolicy>(&keys::policy(id), &Unsealed, operator.lens())?;
        let row = row.filter(|row| row.state == Liveness::Live);
        views.extend(row.map(|row| OperatedWorkspace::new(&row)));
    }
    Ok(Json(Page::new(views, next)))
}
