//! What is known of calls, deleted because somebody asked (CALL-16): each call with what lies beside it is
//! counted, deleted and read again. Nothing waits for that, so the erasure has only its receipt left to do.

use super::Ended;
use crate::{
    domain::{
        CallId, Timestamp, WorkspaceId,
        call::Side,
        erasure::{Tally, tally},
        policy::Lens,
        receipt::{CallsMeant, Erased},
    },
    store::{
        call::{Call, CallBlock, CallQuality},
        db::{Store, StoreError},
        erasure::Erasure,
        keys::{self, Key, Table},
        record::Record as _,
        seal::{KeyedHash, Unsealed},
        transaction::Transaction,
    },
};

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

    /// Deletes the block of whom an app called for, if all calls of theirs are meant, and adds to `tallies` what
    /// there was and what there is.
    ///
    /// # Errors
    /// When storage fails; doing it again is safe.
    pub async fn delete_block(
        &self,
        (workspace, user_ref): (WorkspaceId, KeyedHash),
        calls: &CallsMeant,
        tallies: &mut Vec<Tally>,
        lens: Lens<'_>,
    ) -> Result<(), StoreError> {
        let place = keys::call_block(workspace, CallBlock::id_of(user_ref));
        let read = async || self.batch(vec![place.clone()]).await;
        let block = read().await?.get::<CallBlock>(&place, &Unsealed, lens)?;
        if !block.is_some_and(|block| meant_too(calls, &block)) {
            return Ok(());
        }
        self.delete(place.clone()).await?;
        let is_left = read().await?.raw(&place).is_some();
        let count = tally(tallies, Table::Data, CallBlock::DECLARATION.name);
        count.before += 1;
        count.after += u64::from(is_left);
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
