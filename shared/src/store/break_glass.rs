//! An operator in a workspace of somebody else: with a reason, for some hours, seen by its owners.
//!
//! The seat itself is a [`Seat`] with an end, which every request of its holder reads. What lies
//! here tells the owners of it, for as long as the audit log does.

use std::time::Duration;

use shared_derive::Record;

use super::{
    account::Seat,
    db::{Store, StoreError, key_of},
    field::Field,
    keys::{self, Key, Table},
    operator::OperatorDeed,
    query::{Listed, Query},
    record::Stored,
    seal::Unsealed,
    transaction::{CommitError, Transaction},
};
use crate::{
    domain::{
        AccountId, BreakGlassId, MemberId, Policy, Role, Timestamp, WorkspaceId, policy::Lens,
    },
    store::audit::Line,
    words,
};

/// The longest that an operator stays.
pub const MOST_HOURS: u32 = 8;

words! {
    /// Why an operator enters a workspace.
    pub enum BreakGlassReason {
        /// It may be used against others.
        Abuse = "abuse",
        /// A law or an authority asks for it.
        Legal = "legal",
        /// Somebody may have broken into it.
        Security = "security",
        /// The team asked for help.
        Support = "support",
    }
}

/// That an operator entered a workspace.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = break_glass(workspace, id), tenant = workspace,
    within = Workspace, class = Audit, anchor = opened_at,
)]
pub struct BreakGlass {
    /// Its id.
    #[non_personal(reason = "the id of an entry of the operator")]
    pub id: BreakGlassId,
    /// Where.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Whose account.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Pseudonymise, open)]
    pub operator: AccountId,
    /// As which member of the workspace.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Pseudonymise, open)]
    pub member: MemberId,
    /// Why.
    #[non_personal(reason = "one of a few words")]
    pub reason: BreakGlassReason,
    /// The number of the case in the operator's own books, where more is written about it.
    #[non_personal(reason = "a number in books that are not here")]
    pub case_number: Option<u64>,
    /// From when.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Pseudonymise, open)]
    pub opened_at: Timestamp,
    /// Until when at the longest.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Pseudonymise, open)]
    pub ends_at: Timestamp,
    /// When it was ended before.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Pseudonymise, open)]
    pub ended_at: Option<Timestamp>,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl BreakGlass {
    /// When it is over, or was.
    pub fn end(&self) -> Timestamp {
        self.ended_at.unwrap_or(self.ends_at)
    }

    /// The seat that comes with it: one that reads, and has an end.
    pub const fn seat(&self) -> Seat {
        Seat {
            account: self.operator,
            workspace: self.workspace,
            member: self.member,
            role: Role::Viewer,
            visibility: None,
            teams: None,
            changed_at: None,
            ends_at: Some(self.ends_at),
            break_glass: Some(self.id),
            created_at: self.opened_at,
            rev: 1,
        }
    }

    /// When somebody who enters for so many hours at `now` has to be out.
    pub fn ends(now: Timestamp, hours: u32) -> Timestamp {
        now.plus(Duration::from_secs(u64::from(hours) * 60 * 60))
    }
}

/// How many members are read at once, with head and seat.
const MEMBERS: u16 = 50;
/// The most owners that one transaction tells.
const MOST_TOLD: usize = 50;

impl Store {
    /// Takes the seat of an entry away and writes down when it ended, also among the deeds of operators
    /// where one of them did it. Whether this call did it: a seat that was taken away before is over
    /// already.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn end_break_glass(
        &self,
        entry: BreakGlass,
        line: Line<'_>,
        deed: Option<OperatorDeed>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let place = keys::seat(entry.operator, entry.workspace);
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let fetched = self.batch(vec![place.clone()]).await?;
        let seat = fetched.get::<Seat>(&place, &Unsealed, lens)?;
        let Some(seat) = seat.filter(|seat| seat.break_glass == Some(entry.id)) else {
            return Ok(false);
        };
        let ended_at = Some(entry.ends_at.min(now));
        let ended = Stored::next(BreakGlass { ended_at, ..entry }, &policy);
        let mut transaction = Transaction::new(now);
        transaction.consume_version(place, seat.rev);
        transaction.replace(&ended, &Unsealed)?;
        transaction.audit(line)?;
        if let Some(deed) = deed {
            transaction.deed(deed)?;
        }
        match self.commit(transaction).await {
            Ok(()) => Ok(true),
            // Somebody else did, in the same moment.
            Err(CommitError::Refused(_)) => Ok(false),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// The accounts of the owners of a workspace, for who has no key of it: the names of members
    /// stay sealed. Three round trips for every 50 members.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn owner_accounts(
        &self,
        workspace: WorkspaceId,
        now: Timestamp,
    ) -> Result<Vec<AccountId>, StoreError> {
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let mut owners = Vec::new();
        let mut after: Option<(Key, String)> = None;
        loop {
            let mut query = Query::lists(keys::memberships(workspace)).limit(MEMBERS);
            if let Some((key, sort_key)) = after.take() {
                query = query.after(key, sort_key);
            }
            let Listed { items, more } = self.page(query).await?;
            let heads: Vec<Key> = items
                .iter()
                .filter_map(|item| key_of(Table::Data, item))
                .collect();
            let found = self.batch(heads.clone()).await?;
            let account = |head: &Key| AccountId::read(found.raw(head)?.get("account"));
            let seats: Vec<Key> = heads
                .iter()
                .filter_map(account)
                .map(|account| keys::seat(account, workspace))
                .collect();
            let found = self.batch(seats.clone()).await?;
            for place in &seats {
                let seat = found.get::<Seat>(place, &Unsealed, lens)?;
                let owner = seat.filter(|seat| seat.role == Role::Owner);
                owners.extend(owner.map(|seat| seat.account));
            }
            after = items.last().filter(|_| more).and_then(|item| {
                let sort_key = item.get("lists_sk")?.as_s().ok()?.clone();
                Some((key_of(Table::Data, item)?, sort_key))
            });
            if after.is_none() || owners.len() >= MOST_TOLD {
                owners.truncate(MOST_TOLD);
                return Ok(owners);
            }
        }
    }
}
