//! What an archive tells of calls that are over.
//!
//! A call that was deleted here does not come back with an archive. By its id, its app, its guest and its day it is
//! recognised; whom the app called for is in no archive, so where calls of one person were deleted, what is older
//! than that stays in the archive.

use shared::{
    domain::{
        CallId, ErasureId, GuestId, Timestamp, WorkspaceId,
        call::{CallKind, CallState, Side},
        device::{Browser, System},
        policy::Module,
        receipt::{CallsMeant, Erased},
    },
    store::{
        CommitError, Record as _, Stored, Transaction, Unsealed,
        call::{Call, CallQuality},
        erasing::says_deleted,
        keys,
        record::Fields,
    },
};

use super::{ImportError, Run};

/// A call that is over, as an entry tells of it; none of one that went on.
pub fn call(
    fields: &Fields,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Option<Call>, &'static str> {
    let mut call = Call {
        id: CallId::new(now),
        workspace,
        app: None,
        call_kind: CallKind::Audio,
        caller: Side::Guest,
        guest: GuestId::new(now),
        user_ref: None,
        asked: None,
        team: None,
        teammates: None,
        member: None,
        conversation: None,
        state: CallState::Ended,
        reason: None,
        created_at: now,
        rang_at: None,
        accepted_at: None,
        connected_at: None,
        ended_at: None,
        agent_heard_at: None,
        guest_heard_at: None,
        agent_socket: None,
        guest_socket: None,
        agent_epoch: 0,
        guest_epoch: 0,
        relay_only: None,
        sharer: None,
        due_at: None,
        rev: 1,
    };
    call.retell(fields)?;
    Ok((call.state == CallState::Ended).then_some(call))
}

/// How well a call went for a side, as an entry tells of it.
pub fn quality(
    fields: &Fields,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<CallQuality, &'static str> {
    let mut quality = CallQuality {
        workspace,
        call: CallId::new(now),
        side: Side::Guest,
        last: false,
        browser: Browser::Other,
        system: System::Other,
        network: None,
        relayed: None,
        transport: None,
        video_codec: None,
        connect_ms: None,
        rtt_p50_ms: None,
        rtt_p95_ms: None,
        jitter_ms: None,
        loss_permille: None,
        concealed_permille: None,
        freezes: None,
        freeze_ms: None,
        frames_per_second: None,
        resolution_changes: None,
        kilobits_per_second: None,
        ice_restarts: None,
        told_at: now,
    };
    quality.retell(fields)?;
    Ok(quality)
}

impl Run<'_> {
    /// A call: what follows of it tells how well it went.
    pub(super) async fn next_call(&mut self, call: Call) -> Result<(), ImportError> {
        self.flush().await?;
        self.call = Some((call, Vec::new()));
        Ok(())
    }

    /// How well the call went that came last.
    pub(super) fn next_quality(&mut self, quality: CallQuality) {
        let call = self.call.as_mut();
        if let Some((_, told)) = call.filter(|(call, _)| call.id == quality.call) {
            told.push(quality);
        }
    }

    /// Writes the call that is complete.
    pub(super) async fn finish_call(&mut self) -> Result<(), ImportError> {
        let Some((call, told)) = self.call.take() else {
            return Ok(());
        };
        if !self.policy.has(Module::Sessions) {
            self.report.calls_not_on += 1;
            return Ok(());
        }
        let place = keys::call(self.workspace, call.id);
        let at_erasure = keys::erasure(ErasureId::from_uuid(call.id.uuid()));
        let wanted = vec![place.clone(), at_erasure.clone()];
        let there = self.app.store.there(wanted).await?;
        if there.contains(&at_erasure) || self.was_deleted(&call).await? {
            self.report.calls_deleted += 1;
            return Ok(());
        }
        if there.contains(&place) {
            self.report.there += 1;
            return Ok(());
        }
        let mut transaction = Transaction::new(self.now);
        transaction.create(&Stored::new(call, &self.policy), &Unsealed)?;
        for quality in told {
            transaction.overwrite(&Stored::new(quality, &self.policy), &Unsealed)?;
        }
        match self.app.store.commit(transaction).await {
            Ok(()) => self.report.calls += 1,
            Err(CommitError::Refused(_)) => self.report.there += 1,
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
        Ok(())
    }

    /// Whether the ledger says, or may say, that a call was deleted here with others.
    async fn was_deleted(&mut self, call: &Call) -> Result<bool, ImportError> {
        if self.deletions.is_none() {
            let ledger = self.app.store.ledger(self.now).await?;
            let deletions = ledger.iter().filter_map(|signed| signed.erased());
            let deletions = deletions.filter(|erased| erased.calls.is_some());
            self.deletions = Some(deletions.cloned().collect());
        }
        let mut deletions = self.deletions.iter().flatten();
        Ok(deletions.any(|erased| may_say_deleted(erased, call)))
    }
}

/// Whether a receipt says that a call was deleted, whoever the app called for.
fn may_say_deleted(erased: &Erased, call: &Call) -> bool {
    let meant = erased.calls.clone().unwrap_or_default();
    if meant.user_ref.is_none() {
        return says_deleted(erased, call);
    }
    let others = CallsMeant {
        user_ref: None,
        ..meant
    };
    let of_anybody = Erased {
        calls: Some(CallsMeant {
            before: others.before.or(Some(erased.started_at)),
            ..others
        }),
        ..erased.clone()
    };
    says_deleted(&of_anybody, call)
}
