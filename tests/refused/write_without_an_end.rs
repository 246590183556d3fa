//! refused: expected `&Stored<_>`, found `&WorkspacePolicy`

use shared::{
    domain::Timestamp,
    store::{Transaction, Unsealed, workspace::WorkspacePolicy},
};

fn write(transaction: &mut Transaction, policy: &WorkspacePolicy) {
    let _ = transaction.create(policy, &Unsealed);
}

fn main() {
    let _ = Transaction::new(Timestamp::from_ms(0));
    let _ = write;
}
