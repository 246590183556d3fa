//! `POST /v1/support`: somebody with an account asks the operator.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::{App, limit::Act},
    domain::{MessageId, SupportId},
    http::{
        AccessToken, Allowance, Client, Code, Json, Problem, Problems,
        idempotent::IdempotencyKey,
        platform::{Platform, Proof},
    },
    store::{
        CommitError, Transaction, keys,
        support::{Said, SupportSide, SupportThread, SupportWay},
    },
};

use crate::thread::{self, Desk, Says, SupportThreadView};

/// Ask the operator of the deployment.
///
/// The answer comes by mail to the address of the account, and stands here.
#[utoipa::path(
    post,
    path = "/v1/support",
    operation_id = "ask_support",
    request_body = Says,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request one.")),
    responses((status = 201, description = "The thread.", body = SupportThreadView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: AccessToken,
    key: IdempotencyKey,
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
    let content = body.message.reveal().to_owned();
    let ask = thread::ask(desk, account, "ask support", &content);
    let id = SupportId::new(desk.now);
    let said = Said {
        id: MessageId::new(desk.now),
        by: SupportSide::Person,
        way: SupportWay::Api,
        from: None,
        text: body.message,
    };
    let data_key = platform
        .tenant_key
        .new_data_key(&keys::support_thread(id), desk.now)?;
    let mut transaction = Transaction::new(desk.now);
    let begun = SupportThread::new(id, Some(account), desk.now);
    let (head, _) = transaction.begin_support(begun, said, &data_key)?;
    let slot = key.remember(&mut transaction, ask, id)?;
    let head = match app.store.commit(transaction).await {
        Ok(()) => head,
        Err(CommitError::Store(error)) => return Err(error.into()),
        Err(CommitError::Refused(refusal)) => {
            let before = IdempotencyKey::replayed::<SupportId>(&refusal, slot, ask)?;
            let before = before.ok_or_else(|| Problem::new(Code::Conflict))?;
            let fetched = app.store.batch(thread::wanted(before).to_vec()).await?;
            let found = thread::open(&fetched, desk, before)?;
            found.ok_or_else(|| Problem::new(Code::Conflict))?.head
        }
    };
    let view = SupportThreadView::new(&head);
    Ok((StatusCode::CREATED, allowed, Json(view)))
}
