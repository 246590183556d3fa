//! How an account comes to its end: what its holder owns together with others they give up, and whoever
//! is the only owner of a workspace hands it over or deletes it first.
//!
//! The witness, another owner, must be unchanged when it is written: of two owners who go at once, one
//! is refused.

use super::{
    account::{Account, Seat},
    audit::{Deed, Line},
    db::{Store, StoreError, key_of},
    keys::{self, Table},
    query::{Listed, Query},
    record::{Stored, read_item},
    seal::Unsealed,
    subject::{RootRef, State},
    transaction::{CommitError, Transaction},
    workspace::WorkspacePolicy,
};
use crate::domain::{
    AccountId, Permission, Policy, Role, TenantId, Timestamp, WorkspaceId, policy::Lens,
};

/// How many seats are read at once.
const PAGE: u16 = 100;

/// What became of closing an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It is closed, or was before: its erasure goes on by itself.
    Going,
    /// It is the only owner of a workspace.
    SoleOwner(WorkspaceId),
}

impl Store {
    /// Closes an account at the wish of its holder, so that its erasure begins at once: nobody is signed
    /// in to it any more, and what it owned together with others it gives up. Safe to repeat.
    ///
    /// # Errors
    /// When storage fails, or somebody changed the account or a seat meanwhile; the next call goes on.
    pub async fn close_account(&self, id: AccountId, now: Timestamp) -> Result<Closed, StoreError> {
        let head = keys::account(id);
        let tenant = TenantId::Platform;
        let wanted = vec![
            head.clone(),
            keys::data_key(&RootRef::of(&head)),
            keys::tenant_key(tenant),
        ];
        let fetched = self.batch(wanted).await?;
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let platform_key = self.unwrap_tenant_key(tenant, &fetched, now).await?;
        let Some(key) = fetched.data_key(&head, &platform_key)? else {
            return Ok(Closed::Going);
        };
        let account = fetched.get::<Account>(&head, &key, lens)?;
        let waits = |account: &Account| match account.state {
            State::Closing => account.delete_at.is_none_or(|at| at > now),
            State::Erasing => false,
            State::Live | State::Restricted => true,
        };
        let Some(account) = account.filter(waits) else {
            return Ok(Closed::Going);
        };
        let mut transaction = Transaction::new(now);
        if let Some(alone) = self.give_up_ownerships(&mut transaction, id, now).await? {
            return Ok(Closed::SoleOwner(alone));
        }
        // First the sessions: a failure on the way leaves an account that is open.
        self.end_sessions(id, None, now).await?;
        let going = Account {
            state: State::Closing,
            delete_at: Some(now),
            ..account
        };
        transaction.replace(&Stored::next(going, &policy), &key)?;
        match self.commit(transaction).await {
            Ok(()) => Ok(Closed::Going),
            Err(CommitError::Refused(_)) => Err(StoreError::Conflict),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// Adds to a transaction that an account gives up every ownership that somebody else has too. The
    /// workspace that nobody else owns, if there is one: then the transaction must not be committed. A
    /// workspace that is going needs no owner.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn give_up_ownerships(
        &self,
        transaction: &mut Transaction,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Option<WorkspaceId>, StoreError> {
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        for seat in self.owned_seats(account, lens).await? {
            let workspace = seat.workspace;
            let at_policy = keys::policy(workspace);
            let fetched = self.batch(vec![at_policy.clone()]).await?;
            let row = fetched.get::<WorkspacePolicy>(&at_policy, &Unsealed, lens)?;
            if row.is_none_or(|row| row.state != State::Live || row.closes_at.is_some()) {
                continue;
            }
            let Some(other) = self.other_owner(&seat, lens).await? else {
                return Ok(Some(workspace));
            };
            let place = keys::seat(other.account, workspace);
            transaction.check_unchanged(place, other.rev);
            let key = self.tenant_key(workspace.into(), now).await?;
            let deed = Deed::MemberRoleChanged;
            let line = Line::new(&key, workspace, seat.member, deed, now).about(seat.member);
            transaction.audit(line)?;
            let role = Role::Admin;
            let next = Stored::next(Seat { role, ..seat }, &policy);
            transaction.replace(&next, &Unsealed)?;
        }
        Ok(None)
    }

    /// The seats that an account owns workspaces by.
    async fn owned_seats(
        &self,
        account: AccountId,
        lens: Lens<'_>,
    ) -> Result<Vec<Seat>, StoreError> {
        let (mut owned, mut after) = (Vec::new(), None);
        loop {
            let mut query = Query::partition(keys::seats(account)).limit(PAGE);
            if let Some(after) = after.take() {
                query = query.after(after, String::new());
            }
            let Listed { items, more } = self.page(query).await?;
            for item in &items {
                let seat = read_item::<Seat>(item, &Unsealed, lens)?;
                owned.extend(seat.filter(|seat| seat.role == Role::Owner));
            }
            after = items.last().and_then(|item| key_of(Table::Data, item));
            if !more || after.is_none() {
                return Ok(owned);
            }
        }
    }

    /// The seat of another owner of the same workspace, read strongly.
    async fn other_owner(&self, seat: &Seat, lens: Lens<'_>) -> Result<Option<Seat>, StoreError> {
        let owners = self
            .accounts_that_may(seat.workspace, Permission::WorkspaceOwn, lens.now)
            .await?;
        let other = owners.into_iter().find(|other| *other != seat.account);
        let Some(other) = other else {
            return Ok(None);
        };
        let place = keys::seat(other, seat.workspace);
        let fetched = self.batch(vec![place.clone()]).await?;
        let found = fetched.get::<Seat>(&place, &Unsealed, lens)?;
        Ok(found.filter(|seat| seat.role == Role::Owner))
    }
}
