//! `GET /v1/operator/support/{thread}`: what somebody wrote, and what was answered.

use axum::extract::State;
use shared::{
    app::App,
    domain::SupportId,
    http::{AccessToken, Json, Path, Problem, Problems},
};

use crate::thread::{self, Desk, SupportThreadWithMessages};

/// Show what somebody wrote to you.
///
/// For the operator of the deployment.
#[utoipa::path(
    get,
    path = "/v1/operator/support/{thread}",
    operation_id = "operate_show_support",
    params(("thread" = SupportId, Path, description = "The thread.")),
    responses(
        (status = 200, description = "The thread.", body = SupportThreadWithMessages),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(id): Path<SupportId>,
) -> Result<Json<SupportThreadWithMessages>, Problem> {
    let operator = app.operator(&token, thread::wanted(id).to_vec()).await?;
    let desk = Desk {
        key: &operator.platform_key,
        now: operator.now,
    };
    let found = thread::open(&operator.fetched, desk, id)?;
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(Json(thread::with_messages(&app, desk, &found).await?))
}
