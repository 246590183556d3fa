//! `POST /v1/auth/password/forgot`: somebody cannot sign in any more.
//!
//! An address with an account gets a link by mail. One without gets the same answer for the same
//! work and the same row, but no mail.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::{App, limit::Act},
    domain::{Policy, ResetId, TenantId, text::Email},
    http::{Allowance, Client, Json, Problem, Problems},
    store::{CommitError, StoreError, Stored, Transaction, keys, password::ResetLink},
};

use crate::{challenge::AskForCode, owner};

/// Ask for a link to set a new password.
///
/// Mails a link, good once and for thirty minutes, if the address has an account. The answer is the
/// same if it has none.
#[utoipa::path(
    post,
    path = "/v1/auth/password/forgot",
    operation_id = "forget_password",
    request_body = AskForCode,
    responses((status = 202, description = "Look into your mail."), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    Json(body): Json<AskForCode>,
) -> Result<(Allowance, StatusCode), Problem> {
    let allowed = forget(&app, &client, body.email).await?;
    Ok((allowed, StatusCode::ACCEPTED))
}

/// Asks for a link, for whoever asks, and counts that they did.
pub async fn forget(app: &App, client: &Client, email: Email) -> Result<Allowance, Problem> {
    let allowed = app
        .admit(client, Act::ForgetPassword, &email.identity())
        .await?;
    let now = app.clock.now();
    let tenant_key = app.store.tenant_key(TenantId::Platform, now).await?;
    let owned = owner::of_address(app, &tenant_key, &email, now).await?;
    let id = ResetId::new(now);
    let link = ResetLink {
        id,
        email,
        deliver: owned.is_some(),
        token: ResetLink::secret(&tenant_key, id).hash(),
        created_at: now,
    };
    let data_key = tenant_key.new_data_key(&keys::reset(id), now)?;
    let mut transaction = Transaction::new(now);
    let stored = Stored::new(link, &Policy::platform());
    transaction.create_root(&stored, &data_key.key, &data_key)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(allowed),
        Err(CommitError::Store(error)) => Err(error.into()),
        // The id is new.
        Err(CommitError::Refused(_)) => Err(StoreError::Conflict.into()),
    }
}
