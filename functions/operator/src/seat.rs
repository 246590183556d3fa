//! `POST /v1/operator/seats`: an operator makes somebody else one.
//!
//! They need an account, and both factors with every call.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{AccountId, Policy},
    http::{AccessToken, Code, Json, Problem, Problems},
    store::{
        CommitError, Stored, Transaction, Unsealed, keys,
        operator::{OperatorAct, OperatorDeed, OperatorSeat},
    },
};
use utoipa::ToSchema;

use crate::seats::{self, MOST_SEATS, OperatorView};

/// Whom to seat.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeatOperator {
    /// Their account, as `GET /v1/account` tells it to them.
    account_id: AccountId,
}

/// Seat an operator.
///
/// For the operator of the deployment. Takes a factor that was proved in the last ten minutes.
#[utoipa::path(
    post,
    path = "/v1/operator/seats",
    operation_id = "seat_operator",
    request_body = SeatOperator,
    responses(
        (status = 201, description = "Seated.", body = OperatorView),
        (status = 200, description = "Had been seated before.", body = OperatorView),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Json(body): Json<SeatOperator>,
) -> Result<(StatusCode, Json<OperatorView>), Problem> {
    let operator = app.operator(&token, Vec::new()).await?;
    operator.proved()?;
    let account = body.account_id;
    let seats = seats::all(&app, &operator).await?;
    if let Some(seat) = seats.iter().find(|seat| seat.account == account) {
        return Ok((StatusCode::OK, Json(OperatorView::new(seat, &operator))));
    }
    if seats.len() >= usize::from(MOST_SEATS) {
        let detail = format!("a deployment has at most {MOST_SEATS} operators; unseat one");
        return Err(Problem::new(Code::NotChangeable).with_detail(detail));
    }
    let seat = OperatorSeat {
        account,
        seated_by: Some(operator.account),
        seated_at: operator.now,
        rev: 1,
    };
    let stored = Stored::new(seat, &Policy::platform());
    let mut transaction = Transaction::new(operator.now);
    transaction.create(&stored, &Unsealed)?;
    // Not of somebody who is leaving, and by nobody who was unseated meanwhile.
    let at_account = transaction.check_live(keys::account(account));
    transaction.check_there(keys::operator_seat(operator.account));
    transaction.deed(OperatorDeed {
        account: Some(account),
        ..operator.deed(OperatorAct::OperatorSeated)
    })?;
    match app.store.commit(transaction).await {
        Ok(()) => {
            let view = OperatorView::new(stored.record(), &operator);
            Ok((StatusCode::CREATED, Json(view)))
        }
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(refusal)) if refusal.failed(at_account) => {
            Err(Problem::not_found())
        }
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
