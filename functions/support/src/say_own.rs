//! `POST /v1/support/{thread}/messages`: whoever asked goes on.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::{App, limit::Act},
    domain::SupportId,
    http::{
        AccessToken, Allowance, Client, Json, Path, Problem, Problems,
        idempotent::IdempotencyKey,
        platform::{Platform, Proof},
    },
    store::support::SupportSide,
};

use crate::thread::{self, Desk, Says, SupportThreadView};

/// Go on in a thread of yours with the operator.
#[utoipa::path(
    post,
    path = "/v1/support/{thread}/messages",
    operation_id = "say_own_support",
    request_body = Says,
    params(
        ("thread" = SupportId, Path, description = "The thread."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request one."),
    ),
    responses((status = 201, description = "The thread.", body = SupportThreadView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: AccessToken,
    key: IdempotencyKey,
    Path(id): Path<SupportId>,
    Json(body): Json<Says>,
) -> Result<(StatusCode, Allowance, Json<SupportThreadView>), Problem> {
    let (session, platform) = Platform::of(&app, &token, Vec::new(), Proof::Any).await?;
    let account = session.account;
    let allowed = app
        .admit(&client, Act::AskSupport, &account.to_string())
        .await?;
    let desk = Desk {
        key: &platform.tenant_key,
        now: platform.now,
    };
    let content = format!("{id} {}", body.message.reveal());
    let ask = thread::ask(desk, account, "say own support", &content);
    let said = (&key, ask, body.message);
    let may = |head: &shared::store::support::SupportThread| head.account == Some(account);
    let view = thread::say(&app, desk, (id, SupportSide::Person), said, may).await?;
    Ok((StatusCode::CREATED, allowed, Json(view)))
}
