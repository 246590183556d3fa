//! Operators as operators see one another.

use serde::Serialize;
use shared::{
    app::App,
    domain::{AccountId, Timestamp},
    http::Problem,
    store::{Query, Unsealed, keys, operator::OperatorSeat, record::read_item},
};
use utoipa::ToSchema;

use shared::http::Operator;

/// The most operators of a deployment.
pub const MOST_SEATS: u16 = 20;

/// An operator.
#[derive(Serialize, ToSchema)]
pub struct OperatorView {
    /// Their account.
    account_id: AccountId,
    /// Who seated them; nobody, for the one whom the deployment names.
    seated_by: Option<AccountId>,
    /// Since when.
    seated_at: Timestamp,
    /// Whether it is you.
    you: bool,
}

impl OperatorView {
    /// The view of an operator, for one.
    pub fn new(seat: &OperatorSeat, reader: &Operator) -> Self {
        Self {
            account_id: seat.account,
            seated_by: seat.seated_by,
            seated_at: seat.seated_at,
            you: seat.account == reader.account,
        }
    }
}

/// Everybody who has a seat. One read.
pub async fn all(app: &App, operator: &Operator) -> Result<Vec<OperatorSeat>, Problem> {
    let query = Query::partition(keys::operator_seats()).limit(MOST_SEATS * 2);
    let mut seats = Vec::new();
    for item in app.store.query(query).await? {
        seats.extend(read_item::<OperatorSeat>(
            &item,
            &Unsealed,
            operator.lens(),
        )?);
    }
    Ok(seats)
}
