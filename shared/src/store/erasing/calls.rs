//! What is known of calls, deleted because somebody asked (CALL-16): each call with what lies beside it is
//! counted, deleted and read again. Nothing waits for that, so the erasure has only its receipt left to do.

use super::Ended;
use crate::{
    domain::{
        CallId, Timestamp, WorkspaceId,
        call::Side,
        erasure::{Tally, tally},
        receipt::{CallsMeant, Erased},
    },
    store::{
        call::{Call, CallQuality},
        db::{Store, StoreError},
        erasure::Erasure,
        keys::{self, Key, Table},
        record::Record as _,
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
