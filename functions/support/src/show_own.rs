//! `GET /v1/support/{thread}`: a thread of whoever is signed in.

use axum::extract::State;
use shared::{
    app::App,
    domain::SupportId,
    http::{
        AccessToken, Json, Path, Problem, Problems,
        platform::{Platform, Proof},
    },
};

use crate::thread::{self, Desk, SupportThreadWithMessages};

/// Show what you asked the operator, and what was answered.
#[utoipa::path(
    get,
    path = "/v1/support/{thread}",
    operation_id = "show_own_support",
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
    let (session, platform) = Platform::of(&app, &token, Vec::new(), Proof::Any).await?;
    let desk = Desk {
        key: &platform.tenant_key,
        now: platform.now,
    };
    let fetched = app.store.batch(thread::wanted(id).to_vec()).await?;
    let found = thread::open(&fetched, desk, id)?;
    let own = found.filter(|found| found.head.account == Some(session.account));
    let own = own.ok_or_else(Problem::not_found)?;
    Ok(Json(thread::with_messages(&app, desk, &own).await?))
}
