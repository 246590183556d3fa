//! The login sessions of an account, all of them.

use shared::{
    app::App,
    domain::{AccountId, SessionId, Timestamp},
    http::Problem,
    store::{CommitError, Query, Table, Transaction, db::key_of, keys},
};

/// How many sessions one transaction ends: what DynamoDB takes (100 actions).
const AT_ONCE: u16 = 100;

/// Ends every session of an account but one, and all of them when `kept` is none of theirs.
pub async fn end_others(
    app: &App,
    account: AccountId,
    kept: SessionId,
    now: Timestamp,
) -> Result<(), Problem> {
    let kept = keys::session(account, kept);
    loop {
        let all = Query::partition(keys::sessions(account)).limit(AT_ONCE);
        let found = app.store.query(all).await?;
        let places = found.iter().filter_map(|item| key_of(Table::Data, item));
        let ended: Vec<_> = places.filter(|key| *key != kept).collect();
        if ended.is_empty() {
            return Ok(());
        }
        let mut transaction = Transaction::new(now);
        for key in ended {
            transaction.remove(key);
        }
        match app.store.commit(transaction).await {
            Ok(()) | Err(CommitError::Refused(_)) => {}
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
    }
}
