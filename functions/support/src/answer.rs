//! `POST /v1/operator/support/{thread}/messages`: the operator answers, and the answer goes out by mail.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::SupportId,
    http::{AccessToken, Json, Path, Problem, Problems, idempotent::IdempotencyKey},
    store::support::SupportSide,
};

use crate::thread::{self, Desk, Says, SupportThreadView};

/// Answer somebody.
///
/// For the operator of the deployment. The answer goes by mail to the address of the account, or to
/// the address that wrote.
#[utoipa::path(
    post,
    path = "/v1/operator/support/{thread}/messages",
    operation_id = "operate_answer_support",
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
    token: AccessToken,
    key: IdempotencyKey,
    Path(id): Path<SupportId>,
    Json(body): Json<Says>,
) -> Result<(StatusCode, Json<SupportThreadView>), Problem> {
    let operator = app.operator(&token, Vec::new()).await?;
    let desk = Desk {
        key: &operator.platform_key,
        now: operator.now,
    };
    let content = format!("{id} {}", body.message.reveal());
    let ask = thread::ask(desk, operator.account, "answer support", &content);
    let said = (&key, ask, body.message);
    let view = thread::say(&app, desk, (id, SupportSide::Operator), said, |_| true).await?;
    Ok((StatusCode::CREATED, Json(view)))
}
