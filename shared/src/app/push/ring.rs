//! A call rings on the devices of those who may take it.
//!
//! It is told as anything else is, by a notification that `outbox` tries at once, but for three things:
//! nobody keeps it longer than it rings, nothing takes its place, and quiet hours do not hold it back. When it
//! was taken elsewhere or given up before its time, the same devices are told that, by a push that rings on
//! none; when its time is over, they know by themselves.

use std::time::Duration;

use super::{Target, Tiding};
use crate::{
    app::App,
    domain::{
        CallId, ContactId, MemberId, Policy, TenantId, Timestamp, WorkspaceId,
        push::{ApnsKind, NotifyEvent, PushToken},
        text::BundleId,
    },
    store::{
        CommitError, Item, Query, RootRef, StoreError, Stored, SubjectId, Table, TenantKey,
        Transaction, Unsealed, db::key_of, keys, notification::Notification,
    },
};

/// How long is waited before a provider that had too much to do is asked once more.
pub(super) const AGAIN: Duration = Duration::from_millis(500);
/// How many members of a team a call rings for at the most.
const MOST_MEMBERS: u16 = 100;

/// For whom a call rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called<'a> {
    /// The visitor of a conversation.
    Contact(ContactId),
    /// One member.
    Member(MemberId),
    /// The members of a team.
    Some(&'a [MemberId]),
    /// All who are there.
    Team,
}

/// A call that rings.
#[derive(Clone, Copy, Debug)]
pub struct Ring<'a> {
    /// Where.
    pub workspace: WorkspaceId,
    /// Which.
    pub call: CallId,
    /// For whom.
    pub called: Called<'a>,
    /// Until when.
    pub until: Timestamp,
}

impl App {
    /// Lets a call ring on the devices of those whom it is for. Saying it again lets nothing ring again.
    ///
    /// For `outbox`, when it hears that a call rings. Costs a read for each member, and a write for each
    /// who has a device. Whether they may and want to hear of it is asked when it is sent.
    ///
    /// # Errors
    /// When storage fails; whoever calls again goes on.
    pub async fn ring(&self, ring: Ring<'_>) -> Result<(), StoreError> {
        self.tell_ring(ring, Notification::ring).await
    }

    /// Tells the devices on which a call rings that it does no more; what its time has ended anyway, nobody
    /// has to be told of.
    ///
    /// For `outbox`, as [`Self::ring`].
    ///
    /// # Errors
    /// When storage fails; whoever calls again goes on.
    pub async fn silence(&self, ring: Ring<'_>) -> Result<(), StoreError> {
        self.tell_ring(ring, Notification::silence).await
    }

    async fn tell_ring(
        &self,
        ring: Ring<'_>,
        row: fn((WorkspaceId, SubjectId), CallId, Timestamp, &TenantKey, Timestamp) -> Notification,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        if ring.until <= now {
            return Ok(());
        }
        let workspace = keys::policy(ring.workspace).pk;
        let senders = Query::partition(workspace).between(keys::PUSH, format!("{}~", keys::PUSH));
        if self.store.query(senders.limit(1)).await?.is_empty() {
            return Ok(());
        }
        let tenant = TenantId::Workspace(ring.workspace);
        let tenant_key = self.store.tenant_key(tenant, now).await?;
        for recipient in self.called(ring).await? {
            if !self.store.has_device(recipient, ring.workspace).await? {
                continue;
            }
            let whom = (ring.workspace, recipient);
            let row = row(whom, ring.call, ring.until, &tenant_key, now);
            let mut transaction = Transaction::new(now);
            transaction.create(&Stored::new(row, &Policy::platform()), &Unsealed)?;
            match self.store.commit(transaction).await {
                // It is there already.
                Ok(()) | Err(CommitError::Refused(_)) => {}
                Err(CommitError::Store(error)) => return Err(error),
            }
        }
        Ok(())
    }

    async fn called(&self, ring: Ring<'_>) -> Result<Vec<SubjectId>, StoreError> {
        match ring.called {
            Called::Contact(contact) => return Ok(vec![SubjectId::Contact(contact)]),
            Called::Member(member) => return Ok(vec![SubjectId::Member(member)]),
            Called::Some(members) => {
                let members = members.iter().copied();
                return Ok(members.map(SubjectId::Member).collect());
            }
            Called::Team => {}
        }
        let list = Query::lists(keys::memberships(ring.workspace)).limit(MOST_MEMBERS);
        let items = self.store.query(list).await?;
        let member = |item: &Item| -> Option<MemberId> {
            RootRef::of(&key_of(Table::Data, item)?).id().parse().ok()
        };
        let members = items.iter().filter_map(member);
        Ok(members.map(SubjectId::Member).collect())
    }
}

/// Which devices are told: a token that lets a phone of Apple's ring is for nothing else, because the
/// system ends an app that is woken to ring and does not; and a phone that can ring shows nothing beside.
pub(super) fn heard_by(tiding: &Tiding, mut targets: Vec<Target>) -> Vec<Target> {
    if tiding.event == NotifyEvent::Test {
        return targets;
    }
    let of_apple = |target: &Target, kind: ApnsKind| match target.token() {
        PushToken::Apns(own) if own.kind == kind => Some(own.topic.clone()),
        _ => None,
    };
    if tiding.rings.is_none() {
        targets.retain(|target| of_apple(target, ApnsKind::Voip).is_none());
        return targets;
    }
    let ringing = targets
        .iter()
        .filter_map(|target| of_apple(target, ApnsKind::Voip));
    let ringing: Vec<BundleId> = ringing.collect();
    targets.retain(|target| {
        of_apple(target, ApnsKind::Alert).is_none_or(|topic| !ringing.contains(&topic))
    });
    targets
}
