//! `DELETE /v1/operator/seats/{account}`: somebody is an operator no longer, from the next call on.
//!
//! The last one stays: another seat, unchanged, is part of the transaction, so of two who unseat one
//! another at once only one is done.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::AccountId,
    http::{AccessToken, Code, Path, Problem, Problems},
    store::{
        CommitError, Transaction, keys,
        operator::{OperatorAct, OperatorDeed},
    },
};

use crate::seats;

/// Unseat an operator.
///
/// For the operator of the deployment. Takes a factor that was proved in the last ten minutes.
#[utoipa::path(
    delete,
    path = "/v1/operator/seats/{account}",
    operation_id = "unseat_operator",
    params(("account" = AccountId, Path, description = "The account.")),
    responses((status = 204, description = "Unseated."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(account): Path<AccountId>,
) -> Result<StatusCode, Problem> {
    let operator = app.operator(&token, Vec::new()).await?;
    operator.proved()?;
    let seats = seats::all(&app, &operator).await?;
    let seat = seats.iter().find(|seat| seat.account == account);
    let seat = seat.ok_or_else(Problem::not_found)?;
    // Whoever unseats somebody else stays themselves; whoever goes needs another who stays.
    let mut others = seats.iter().filter(|other| other.account != account);
    let witness = match account == operator.account {
        true => others.next(),
        false => others.find(|other| other.account == operator.account),
    };
    let witness = witness.ok_or_else(|| Problem::new(Code::LastOperator))?;
    let mut transaction = Transaction::new(operator.now);
    transaction.consume_version(keys::operator_seat(account), seat.rev);
    transaction.check_unchanged(keys::operator_seat(witness.account), witness.rev);
    transaction.deed(OperatorDeed {
        account: Some(account),
        ..operator.deed(OperatorAct::OperatorUnseated)
    })?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
