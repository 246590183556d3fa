//! `DELETE /v1/account`: somebody leaves, and takes everything along (FLOW-37).
//!
//! `?when=now` gives the seven days up: it is erased within minutes.
//!
//! At once nobody is signed in to the account any more, on no device and on no socket. For seven days
//! its owner may change their mind; then it is erased. It lies in the list of accounts that are
//! going, by the time of their end.
//!
//! A workspace keeps an owner: whoever is the only one hands it over or deletes it first. What
//! somebody owns together with others they give up now, in the same transaction, so that a colleague
//! who steps down meanwhile does not leave the workspace without an owner.

use axum::{extract, http::StatusCode, response::IntoResponse};
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{ErasureId, TenantId, Timestamp, policy::Lens},
    http::{AccessToken, Code, Json, Problem, Problems, Query as Asked, SignedIn},
    store::{
        CommitError, DataKey, RootRef, Stored, Transaction,
        account::Account,
        erasure::Erasure,
        keys,
        notice::{Notice, NoticeKind},
        subject::State,
    },
};
use utoipa::ToSchema;

use crate::closing::When;

/// When it ends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    #[serde(default)]
    when: When,
}

/// An account that is going.
#[derive(Serialize, ToSchema)]
pub struct AccountGoing {
    /// When it will be erased. Until then `POST /v1/account/undo-deletion` keeps it.
    pub delete_at: Timestamp,
    /// The id of the erasure, which the last mail names too.
    erasure_id: ErasureId,
}

/// Delete the account.
///
/// Every session ends at once. It is erased after seven days; until then its owner may keep it, unless
/// they did not want to wait. Asks for a proof of the last ten minutes. Who is the only owner of a
/// workspace hands it over first.
#[utoipa::path(
    delete,
    path = "/v1/account",
    operation_id = "delete_account",
    params(("when" = Option<String>, Query, description = "`now`, or `later`, after seven days, which it is when absent.")),
    responses((status = 202, description = "It will be deleted.", body = AccountGoing), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    extract::State(app): extract::State<App>,
    token: AccessToken,
    Asked(ending): Asked<Ending>,
) -> Result<impl IntoResponse, Problem> {
    let going = close(&app, &token, ending.when).await?;
    Ok((StatusCode::ACCEPTED, Json(going)))
}

/// Closes the account, for whoever asks.
pub async fn close(app: &App, token: &AccessToken, when: When) -> Result<AccountGoing, Problem> {
    let id = token.account();
    let head = keys::account(id);
    let wanted = vec![
        head.clone(),
        keys::data_key(&RootRef::of(&head)),
        keys::tenant_key(TenantId::Platform),
    ];
    let signed_in = app.proved(token, wanted).await?;
    let (account, key) = open(app, &signed_in).await?;
    let mut transaction = Transaction::new(signed_in.now);
    let given_up = app
        .store
        .give_up_ownerships(&mut transaction, id, signed_in.now);
    if given_up.await?.is_some() {
        return Err(Problem::new(Code::LastOwner));
    }
    // First the others: a failure on the way leaves an account that is open, and this session.
    app.store
        .end_sessions(id, Some(signed_in.session.id), signed_in.now)
        .await?;
    let delete_at = when.after(signed_in.now);
    let going = Account {
        state: State::Closing,
        delete_at: Some(delete_at),
        ..account
    };
    transaction.replace(&Stored::next(going, &signed_in.policy), &key)?;
    transaction.remove(keys::session(id, signed_in.session.id));
    // Who does not wait hears of it when it is done: there is nothing to undo.
    if when == When::Later {
        let notice = NoticeKind::AccountDeletionScheduled;
        transaction.notify(Notice::new(id, notice, signed_in.now))?;
    }
    match app.store.commit(transaction).await {
        Ok(()) => Ok(AccountGoing {
            delete_at,
            erasure_id: Erasure::of_account(id),
        }),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}

/// The account of whoever is signed in, and the key that seals it.
async fn open(app: &App, signed_in: &SignedIn) -> Result<(Account, DataKey), Problem> {
    let gone = || Problem::new(Code::TokenInvalid);
    let (fetched, now) = (&signed_in.fetched, signed_in.now);
    let platform_key = app
        .store
        .unwrap_tenant_key(TenantId::Platform, fetched, now)
        .await?;
    let head = keys::account(signed_in.account);
    let key = fetched.data_key(&head, &platform_key)?.ok_or_else(gone)?;
    let lens = Lens {
        now,
        policy: &signed_in.policy,
    };
    let account = fetched
        .get::<Account>(&head, &key, lens)?
        .filter(|account| account.state == State::Live)
        .ok_or_else(gone)?;
    Ok((account, key))
}
