//! `POST /v1/support`: somebody asks the operator, with an account or without one.
//!
//! Without one the address is a text that anybody may type: nothing is sent there but an acknowledgement in our
//! own words, seldom, until somebody who reads there has said so (`send_confirm`, or an answer by mail).

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use shared::{
    app::{App, limit::Act},
    domain::{
        MessageId, SupportId, TenantId,
        text::{Email, Text},
    },
    http::{
        AccessToken, Allowance, Client, Code, Json, MaybeToken, Problem, Problems,
        idempotent::IdempotencyKey,
        platform::{Platform, Proof},
    },
    store::{
        CommitError, StoreError, Transaction, keys,
        support::{AddressProof, Said, SupportSide, SupportThread, SupportWay},
    },
};
use utoipa::ToSchema;

use crate::thread::{self, Desk, SupportThreadView};

/// A question to the operator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "message": "How do I add a colleague?" }))]
pub struct AsksSupport {
    /// What to say.
    message: Text,
    /// Where the answer goes: without an access token, and only then.
    email: Option<Email>,
}

/// Ask the operator of the deployment.
///
/// With an access token the answer comes by mail to the address of the account, and stands here. Without one,
/// name an address: a mail goes there, and once somebody who reads there has confirmed it, so do the
/// answers. The reply is the same whoever asks; the same words from the same address within a day are one
/// question.
#[utoipa::path(
    post,
    path = "/v1/support",
    operation_id = "ask_support",
    request_body = AsksSupport,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request one.")),
    responses(
        (status = 201, description = "The thread of an account.", body = SupportThreadView),
        (status = 202, description = "It was received. Look into your mail."),
        Problems,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: MaybeToken,
    key: IdempotencyKey,
    Json(body): Json<AsksSupport>,
) -> Result<Response, Problem> {
    match (token.0, body.email) {
        (Some(token), None) => {
            let (allowed, view) = ask(&app, &client, &token, (&key, body.message)).await?;
            Ok((StatusCode::CREATED, allowed, Json(view)).into_response())
        }
        (None, Some(email)) => {
            let allowed = ask_unproved(&app, &client, email, body.message).await?;
            Ok((allowed, StatusCode::ACCEPTED).into_response())
        }
        (Some(_), Some(_)) => Err(Problem::invalid(
            "#/email",
            "forbidden",
            "the answer goes to the address of the account",
        )),
        (None, None) => Err(Problem::invalid(
            "#/email",
            "required",
            "without an access token",
        )),
    }
}

/// Begins a thread for an address that nobody has proved.
async fn ask_unproved(
    app: &App,
    client: &Client,
    email: Email,
    text: Text,
) -> Result<Allowance, Problem> {
    let whose = email.identity();
    let allowed = app.admit(client, Act::AskSupportUnproved, &whose).await?;
    let now = app.clock.now();
    let tenant_key = app.store.tenant_key(TenantId::Platform, now).await?;
    let id = SupportId::new(now);
    let what = format!("support {whose} {}", text.reveal());
    let said = Said {
        id: MessageId::new(now),
        by: SupportSide::Person,
        way: SupportWay::Api,
        from: Some(email),
        text,
    };
    let data_key = tenant_key.new_data_key(&keys::support_thread(id), now)?;
    let mut transaction = Transaction::new(now);
    let begun = SupportThread::new(id, None, AddressProof::Unproved, now);
    transaction.begin_support(begun, said, &data_key)?;
    let heard = transaction.hear_once(&tenant_key, &what, now)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(allowed),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(refusal)) if refusal.failed(heard) => Ok(allowed),
        // The id is new.
        Err(CommitError::Refused(_)) => Err(StoreError::Conflict.into()),
    }
}

async fn ask(
    app: &App,
    client: &Client,
    token: &AccessToken,
    (key, text): (&IdempotencyKey, Text),
) -> Result<(Allowance, SupportThreadView), Problem> {
    let (session, platform) = Platform::of(app, token, Vec::new(), Proof::Any).await?;
    let account = session.account;
    let allowed = app
        .admit(client, Act::AskSupport, &account.to_string())
        .await?;
    let desk = Desk {
        key: &platform.tenant_key,
        now: platform.now,
    };
    let content = text.reveal().to_owned();
    let ask = thread::ask(desk, account, "ask support", &content);
    let id = SupportId::new(desk.now);
    let said = Said {
        id: MessageId::new(desk.now),
        by: SupportSide::Person,
        way: SupportWay::Api,
        from: None,
        text,
    };
    let data_key = platform
        .tenant_key
        .new_data_key(&keys::support_thread(id), desk.now)?;
    let mut transaction = Transaction::new(desk.now);
    let begun = SupportThread::new(id, Some(account), AddressProof::Proved, desk.now);
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
    Ok((allowed, view))
}
