//! What is set aside with a contact: its conversations are kept, nobody reads or writes them, and
//! they do not expire (CALL-34, FLOW-53). And what is set aside with an account: nobody signs in to it,
//! and nothing is mailed to it but what its person asks about.
//!
//! The contact itself is changed by whoever decides, in one transaction. Its conversations follow at
//! once, each in a transaction of its own together with the job that gives its parts new ends; what a
//! crash left, and what began in the same moment, the schedule of the minute finds by the contact's
//! `follow_at`. To clients a conversation that is set aside is gone, and comes back as a change.

use std::time::Duration;

use super::{
    account::Account,
    contact::Contact,
    conversation::{Conversation, Tombstone},
    db::{Store, StoreError, key_of},
    erasing::Ended,
    job::{Job, JobKind},
    keys::{self, Key, Table},
    message::RACES,
    query::{Listed, Query},
    record::{Stored, read_item},
    seal::Unsealed,
    subject::{Edge, RootRef, State, SubjectId},
    transaction::{CommitError, Transaction},
};
use crate::domain::{AccountId, ContactId, TenantId, policy::Lens};

/// How many edges are read at once.
const PAGE: u16 = 100;
/// How long a request that had read the contact before may still begin a conversation for it.
const GRACE: Duration = Duration::from_secs(60);

impl Store {
    /// Brings the conversations of a contact to where it stands itself: set aside, or used again.
    /// Whole when the last look was long enough after the change.
    ///
    /// # Errors
    /// When storage fails; the next call goes on.
    pub async fn follow(&self, contact: &Contact, lens: Lens<'_>) -> Result<Ended, StoreError> {
        // The others stand alike, and one of them may have ended before its conversations.
        for id in contact.whole() {
            self.follow_edges(id, contact, lens).await?;
        }
        let changed_at = contact.follow_at.unwrap_or(lens.now);
        if changed_at.plus(GRACE) > lens.now {
            return Ok(Ended::Partly);
        }
        let done = Contact {
            follow_at: None,
            ..contact.clone()
        };
        let mut transaction = Transaction::new(lens.now);
        transaction.replace(&Stored::next(done, lens.policy), &Unsealed)?;
        match self.commit(transaction).await {
            Ok(()) => Ok(Ended::Whole),
            // Somebody decided anew: that brings a look of its own.
            Err(CommitError::Refused(_)) => Ok(Ended::Partly),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// Brings the conversations of one contact of a person to where the person stands.
    async fn follow_edges(
        &self,
        id: ContactId,
        contact: &Contact,
        lens: Lens<'_>,
    ) -> Result<(), StoreError> {
        let tenant = TenantId::Workspace(contact.workspace);
        let partition = keys::subject_partition(tenant, SubjectId::Contact(id));
        let mut after: Option<Key> = None;
        loop {
            let mut edges = Query::partition(partition.clone()).limit(PAGE);
            if let Some(after) = after.take() {
                edges = edges.after(after, String::new());
            }
            let Listed { items, more } = self.page(edges).await?;
            for edge in items.iter().filter_map(|item| key_of(Table::Data, item)) {
                let root = Edge::root_of(&edge.sk);
                let root = root.filter(|root| root.to_string().starts_with("CONVERSATION#"));
                if let Some(root) = root {
                    self.set(&root.head(), contact, lens).await?;
                }
                after = Some(edge);
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// Sets an account aside, or uses it again: `state` says which. Whatever signs in, joins a workspace or
    /// changes the account checks that it is `live`, in the transaction of the act; its sessions end
    /// here. False when it is being erased, or was. Safe to repeat, and to be repeated after a crash.
    ///
    /// # Errors
    /// When storage fails; the next call goes on.
    pub async fn set_account(
        &self,
        id: AccountId,
        state: State,
        lens: Lens<'_>,
    ) -> Result<bool, StoreError> {
        let (tenant, place) = (TenantId::Platform, keys::account(id));
        let wanted = vec![
            place.clone(),
            keys::data_key(&RootRef::of(&place)),
            keys::tenant_key(tenant),
        ];
        for _ in 0..RACES {
            let fetched = self.batch(wanted.clone()).await?;
            let tenant_key = self.unwrap_tenant_key(tenant, &fetched, lens.now).await?;
            let Some(key) = fetched.data_key(&place, &tenant_key)? else {
                return Ok(false);
            };
            let account = fetched.get::<Account>(&place, &key, lens)?;
            // One that is going may come back as it was: then this is asked again.
            let stays =
                |account: &Account| [State::Live, State::Restricted].contains(&account.state);
            let Some(account) = account.filter(stays) else {
                return Ok(false);
            };
            if account.state != state {
                let mut transaction = Transaction::new(lens.now);
                let next = Stored::next(Account { state, ..account }, lens.policy);
                transaction.replace(&next, &key)?;
                match self.commit(transaction).await {
                    Ok(()) => {}
                    Err(CommitError::Refused(_)) => continue,
                    Err(CommitError::Store(error)) => return Err(error),
                }
            }
            if state == State::Restricted {
                self.end_sessions(id, None, lens.now).await?;
            }
            return Ok(true);
        }
        Err(StoreError::Conflict)
    }

    /// Sets one conversation aside, or uses it again, if it does not stand so already.
    async fn set(&self, place: &Key, contact: &Contact, lens: Lens<'_>) -> Result<(), StoreError> {
        let fetched = self.batch(vec![place.clone()]).await?;
        let mut found = fetched.get::<Conversation>(place, &Unsealed, lens)?;
        for _ in 0..RACES {
            let Some(mut head) = found else {
                return Ok(());
            };
            let mut transaction = Transaction::new(lens.now);
            match (contact.state, head.state) {
                (State::Restricted, State::Live) => {
                    head.restrict(contact.last_seen_at, lens);
                    let tombstone = Tombstone {
                        workspace: head.workspace,
                        conversation: head.id,
                        contact: head.contact,
                        assignee: head.assignee,
                        team: head.team,
                        deleted_at: head.changed_at,
                    };
                    let tombstone = Stored::new(tombstone, lens.policy);
                    transaction.overwrite(&tombstone, &Unsealed)?;
                }
                (State::Live, State::Restricted) => {
                    head.unrestrict(lens);
                    transaction.remove(keys::tombstone(head.workspace, head.id));
                }
                _ => return Ok(()),
            }
            let job = Job::new(head.workspace, JobKind::Hold, Some(head.id), lens.now);
            transaction.create(&Stored::new(job.clone(), lens.policy), &Unsealed)?;
            transaction.create(&Stored::new(job.opened(), lens.policy), &Unsealed)?;
            let next = Stored::next(head, lens.policy);
            let slot = transaction.replace(&next, &Unsealed)?;
            match self.commit(transaction).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Store(error)) => return Err(error),
                Err(CommitError::Refused(refusal)) => {
                    found = match refusal.found(slot) {
                        Some(item) => read_item(item, &Unsealed, lens)?,
                        None => None,
                    };
                }
            }
        }
        Err(StoreError::Conflict)
    }
}
