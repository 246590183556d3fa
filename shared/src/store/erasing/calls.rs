//! What is known of calls, deleted because somebody asked (CALL-16): each call with what lies beside it is
//! counted, deleted and read again. What is deleted and what its receipt will say of it are one transaction, so
//! a deletion that was cut off has a receipt as well, of what it came to; the next one has its own.

use std::time::Duration;

use super::Ended;
use crate::{
    domain::{
        CallId, ErasureId, Policy, Timestamp, WorkspaceId,
        call::Side,
        erasure::{Tally, tally},
        policy::Lens,
        receipt::{CallsMeant, Erased},
    },
    store::{
        audit::Line,
        call::{Call, CallBlock, CallQuality},
        db::{Store, StoreError},
        erasure::Erasure,
        keys::{self, Key, Table},
        record::{Record as _, Stored},
        seal::{KeyedHash, Unsealed},
        transaction::{CommitError, Transaction},
    },
};

/// How many calls go at once: with what lies beside them, the row of the erasure and the line of the audit log
/// they fit a transaction.
const AT_ONCE: usize = 30;
/// How often what came meanwhile is deleted as well.
const ROUNDS: usize = 3;
/// How long after its last step a deletion counts as cut off: longer than anything that deletes calls runs.
const CUT_OFF_AFTER: Duration = Duration::from_secs(120);

/// A deletion of calls that is under way.
#[derive(Debug)]
pub struct CallDeletion {
    workspace: WorkspaceId,
    one: Option<CallId>,
    meant: CallsMeant,
    /// What is written down of it; nothing before the first call went.
    erasure: Option<Erasure>,
}

impl CallDeletion {
    /// Nothing yet, of the calls that are meant.
    pub const fn of(workspace: WorkspaceId, meant: CallsMeant) -> Self {
        Self {
            workspace,
            one: None,
            meant,
            erasure: None,
        }
    }

    /// Nothing yet, of this one.
    pub fn of_one(workspace: WorkspaceId, call: CallId) -> Self {
        Self {
            one: Some(call),
            ..Self::of(workspace, CallsMeant::default())
        }
    }

    /// Which calls are meant.
    pub const fn meant(&self) -> &CallsMeant {
        &self.meant
    }

    /// The erasure that its receipt is of; none while nothing went.
    pub fn erasure(&self) -> Option<ErasureId> {
        self.erasure.as_ref().map(|erasure| erasure.id)
    }

    /// How many calls went.
    pub fn deleted(&self) -> u64 {
        let tallies = self.erasure.iter().flat_map(|erasure| &erasure.tallies);
        let mut of_calls = tallies.filter(|tally| tally.kind == Call::DECLARATION.name);
        let counted = of_calls.next();
        counted.map_or(0, |tally| tally.before.saturating_sub(tally.after))
    }
}

/// Whether a call is one of those that are meant.
pub fn meant(meant: &CallsMeant, call: &Call) -> bool {
    let CallsMeant {
        app,
        guest,
        user_ref,
        before,
    } = meant;
    let same = |hash: &String| call.user_ref.is_some_and(|own| own.to_string() == *hash);
    meant.is_any()
        && app.is_none_or(|app| call.app == Some(app))
        && guest.is_none_or(|guest| call.guest == guest)
        && before.is_none_or(|before| call.created_at < before)
        && user_ref.as_ref().is_none_or(same)
}

/// Whether a receipt says that a call was deleted. Calls that were made later are other calls, whoever made
/// them.
pub fn says_deleted(erased: &Erased, call: &Call) -> bool {
    let Some(calls) = &erased.calls else {
        return false;
    };
    let this = match calls.is_any() {
        true => meant(calls, call) && call.created_at <= erased.started_at,
        false => call.id.uuid() == erased.erasure.uuid(),
    };
    this && erased.tenant == call.workspace.to_string()
}

/// Whether a block goes with the calls that are meant: with all of somebody's, not with some of them.
fn meant_too(meant: &CallsMeant, block: &CallBlock) -> bool {
    let CallsMeant {
        app,
        guest,
        user_ref,
        before,
    } = meant;
    let same = |hash: &String| block.user_ref.to_string() == *hash;
    app.is_none()
        && guest.is_none()
        && user_ref.as_ref().is_some_and(same)
        && before.is_none_or(|before| block.created_at < before)
}

/// Whether a receipt says that a block was deleted, with the calls of whom it is about.
pub fn says_lifted(erased: &Erased, block: &CallBlock) -> bool {
    let calls = erased.calls.as_ref();
    erased.tenant == block.workspace.to_string()
        && block.created_at <= erased.started_at
        && calls.is_some_and(|calls| meant_too(calls, block))
}

/// A call, and what lies beside it.
fn places(workspace: WorkspaceId, id: CallId) -> Vec<(Key, &'static str)> {
    let quality = |side: &Side| {
        let place = keys::call_quality(workspace, id, *side);
        (place, CallQuality::DECLARATION.name)
    };
    let mut all: Vec<_> = Side::ALL.iter().map(quality).collect();
    // The head last: as long as it is there, a deletion that broke off is found again.
    all.push((keys::call(workspace, id), Call::DECLARATION.name));
    all
}

impl Store {
    /// Deletes what is known of calls, and adds to `tallies` what there was and what there is, read strongly.
    ///
    /// # Errors
    /// When storage fails; doing it again is safe.
    pub async fn delete_calls(
        &self,
        workspace: WorkspaceId,
        ids: &[CallId],
        tallies: &mut Vec<Tally>,
    ) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let all: Vec<_> = ids.iter().flat_map(|id| places(workspace, *id)).collect();
        let wanted: Vec<Key> = all.iter().map(|(place, _)| place.clone()).collect();
        let before = self.batch_all(wanted.clone()).await?;
        for (place, kind) in &all {
            if before.raw(place).is_some() {
                tally(tallies, Table::Data, kind).before += 1;
                self.delete(place.clone()).await?;
            }
        }
        let after = self.batch_all(wanted).await?;
        for (place, kind) in &all {
            if after.raw(place).is_some() {
                tally(tallies, Table::Data, kind).after += 1;
            }
        }
        Ok(())
    }

    /// Deletes what is known of calls, and writes down with it what went. The line of the audit log goes in
    /// with the first of them.
    ///
    /// # Errors
    /// When storage fails; what went by then is written down.
    pub async fn delete_calls_of(
        &self,
        deletion: &mut CallDeletion,
        ids: &[CallId],
        line: &Line<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for ids in ids.chunks(AT_ONCE) {
            let all = ids.iter().flat_map(|id| places(deletion.workspace, *id));
            let all: Vec<_> = all.collect();
            self.delete_rows(deletion, &all, line, now).await?;
        }
        Ok(())
    }

    /// Deletes the block of whom an app called for, if all calls of theirs are meant, and writes it down as
    /// what went of the calls.
    ///
    /// # Errors
    /// When storage fails; doing it again is safe.
    pub async fn delete_block(
        &self,
        deletion: &mut CallDeletion,
        user_ref: KeyedHash,
        line: &Line<'_>,
        lens: Lens<'_>,
    ) -> Result<(), StoreError> {
        let place = keys::call_block(deletion.workspace, CallBlock::id_of(user_ref));
        let found = self.batch(vec![place.clone()]).await?;
        let block = found.get::<CallBlock>(&place, &Unsealed, lens)?;
        if !block.is_some_and(|block| meant_too(&deletion.meant, &block)) {
            return Ok(());
        }
        let all = [(place, CallBlock::DECLARATION.name)];
        self.delete_rows(deletion, &all, line, lens.now).await
    }

    /// Deletes rows that fit one transaction, with what their receipt will say of them.
    async fn delete_rows(
        &self,
        deletion: &mut CallDeletion,
        all: &[(Key, &'static str)],
        line: &Line<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let wanted: Vec<Key> = all.iter().map(|(place, _)| place.clone()).collect();
        for _ in 0..ROUNDS {
            let found = self.batch_all(wanted.clone()).await?;
            let going = all.iter().filter(|(place, _)| found.raw(place).is_some());
            let going: Vec<_> = going.collect();
            if going.is_empty() {
                break;
            }
            let mut transaction = Transaction::new(now);
            let is_first = deletion.erasure.is_none();
            let begun = || {
                let (meant, none) = (deletion.meant.clone(), Vec::new());
                Erasure::of_calls(deletion.workspace, deletion.one, meant, none, now)
            };
            let mut erasure = deletion.erasure.clone().unwrap_or_else(begun);
            erasure.due_at = now.plus(CUT_OFF_AFTER);
            erasure.updated_at = now;
            for (place, kind) in going {
                erasure.count_before(Table::Data, kind, 1);
                transaction.remove(place.clone());
            }
            let row = match is_first {
                true => Stored::new(erasure, &Policy::platform()),
                false => Stored::next(erasure, &Policy::platform()),
            };
            match is_first {
                true => {
                    transaction.create(&row, &Unsealed)?;
                    transaction.audit(line.clone())?;
                }
                false => {
                    transaction.replace(&row, &Unsealed)?;
                }
            }
            match self.commit(transaction).await {
                Ok(()) => deletion.erasure = Some(row.into_record()),
                Err(CommitError::Store(error)) => return Err(error),
                // Its receipt is being written: it was taken for cut off.
                Err(CommitError::Refused(_)) => return Err(StoreError::Conflict),
            }
        }
        Ok(())
    }

    /// Ends a deletion: nothing waits any more, so its receipt follows within minutes.
    ///
    /// # Errors
    /// When storage fails; its receipt comes later then.
    pub async fn end_deletion_of_calls(
        &self,
        deletion: &mut CallDeletion,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(erasure) = deletion.erasure.clone() else {
            return Ok(());
        };
        let ended = Erasure {
            due_at: now,
            ..erasure
        };
        let ended = self.step(ended, Transaction::new(now), now).await?;
        // Where another run has it, the receipt is being written already.
        deletion.erasure = ended.or_else(|| deletion.erasure.take());
        Ok(())
    }

    /// Writes the receipt of a deletion of calls.
    ///
    /// # Errors
    /// When storage fails; the next call goes on.
    pub async fn attest_calls(
        &self,
        erasure: Erasure,
        now: Timestamp,
    ) -> Result<Ended, StoreError> {
        let done = self.finish(erasure, Transaction::new(now), now).await?;
        Ok(match done {
            Some(_) => Ended::Whole,
            None => Ended::Partly,
        })
    }
}
