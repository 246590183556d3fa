//! Erasures carried out again, on tables that were restored from a backup: what the ledger says was
//! erased is erased before anybody is served. Only `sotto restore` does this.
//!
//! An erasure begins here without its seven days, whatever state the backup shows, and no hold stands
//! in its way: holds had ended when it was carried out. It writes no second receipt, because the
//! ledger has one already, and it is the one that the row shows in the end.

use super::Ended;
use crate::{
    domain::{
        ContactId, Policy, TenantId, Timestamp, WorkspaceId,
        erasure::Gone,
        policy::Lens,
        receipt::{Entry, Erased},
        retention::CONVERSATION_DAYS,
        words::Symbol as _,
    },
    store::{
        contact::Contact,
        conversation::Conversation,
        db::{Store, StoreError, key_of},
        erasing::GRACE,
        erasure::{Erasure, ErasureKind, Place, Stage},
        keys::{self, CHANGE_SHARDS, Key, Table},
        query::{Listed, Query},
        record::Stored,
        seal::Unsealed,
        subject::{Edge, State, Subject, SubjectId},
        transaction::{CommitError, Transaction},
    },
};

/// How many items are read at once.
const PAGE: u16 = 100;
/// How often one erasure is gone on with. Each turn ends 25 conversations of a contact.
const TURNS: u32 = 100_000;

/// A policy that ends nothing before its time: what is erased again goes by the ledger alone.
fn keeping() -> Policy {
    Policy {
        conversation_days: *CONVERSATION_DAYS.end(),
        ..Policy::platform()
    }
}

impl Store {
    /// Carries out again what an entry of the ledger says was erased.
    ///
    /// # Errors
    /// When storage fails, or something is left; doing it again is safe.
    pub async fn erase_again(
        &self,
        gone: Gone,
        (entry, erased): (&Entry, &Erased),
        clock: impl Fn() -> Timestamp,
    ) -> Result<(), StoreError> {
        let now = clock();
        match gone {
            Gone::Account(id) => {
                let policy = Policy::platform();
                let lens = Lens {
                    now,
                    policy: &policy,
                };
                let places = self.places(id, lens).await?;
                let fence = Subject {
                    tenant: TenantId::Platform,
                    subject: id.into(),
                    state: State::Erasing,
                    created_at: now,
                };
                let mut transaction = Transaction::new(now);
                transaction.overwrite(&Stored::new(fence, &policy), &Unsealed)?;
                let row = (entry, erased, places);
                self.reopen(row, Stage::Deleting, transaction, now).await?;
            }
            Gone::Contact(workspace, id) => self.fence_again(workspace, id, now).await?,
            Gone::Workspace(id) => {
                for shard in 0..CHANGE_SHARDS {
                    let list = Query::changes(keys::change_shard(id, shard));
                    self.lift_holds(list, Some, now).await?;
                }
                let row = (entry, erased, Vec::new());
                let transaction = Transaction::new(now);
                self.reopen(row, Stage::Counting, transaction, now).await?;
            }
        }
        for _ in 0..TURNS {
            if self.turn_again(gone, entry, erased, &clock).await? == Ended::Whole {
                return Ok(());
            }
        }
        Err(StoreError::Corrupt("an erasure that does not end"))
    }

    async fn turn_again(
        &self,
        gone: Gone,
        entry: &Entry,
        erased: &Erased,
        clock: impl Fn() -> Timestamp,
    ) -> Result<Ended, StoreError> {
        let now = clock();
        let found = self.erasure(erased.erasure, now).await?;
        if found
            .as_ref()
            .is_some_and(|found| found.stage == Stage::Done)
        {
            return Ok(Ended::Whole);
        }
        match (gone, found) {
            (Gone::Account(_), Some(erasure)) => Box::pin(self.erase_account(erasure, now)).await,
            (Gone::Workspace(_), Some(erasure)) => {
                let forever = now.plus(GRACE * 60 * 24);
                Box::pin(self.erase_workspace(erasure, clock, forever)).await
            }
            (Gone::Contact(workspace, id), found) => {
                let place = keys::contact(workspace, id);
                let fetched = self.batch(vec![place.clone()]).await?;
                let policy = keeping();
                let lens = Lens {
                    now,
                    policy: &policy,
                };
                if let Some(contact) = fetched.get::<Contact>(&place, &Unsealed, lens)? {
                    return Box::pin(self.erase_contact(&contact, || true, lens)).await;
                }
                match found {
                    Some(erasure) => self.verify_contact(erasure, || true, lens).await,
                    None => {
                        let row = (entry, erased, Vec::new());
                        let transaction = Transaction::new(now);
                        self.reopen(row, Stage::Deleting, transaction, now).await?;
                        Ok(Ended::Partly)
                    }
                }
            }
            (Gone::Account(_) | Gone::Workspace(_), None) => {
                Err(StoreError::Corrupt("an erasure without its row"))
            }
        }
    }

    /// Fences a contact again, and lifts the holds of its conversations.
    async fn fence_again(
        &self,
        workspace: WorkspaceId,
        id: ContactId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tenant = TenantId::Workspace(workspace);
        let edges = Query::partition(keys::subject_partition(tenant, SubjectId::Contact(id)));
        let led_to = |key: Key| Edge::root_of(&key.sk).map(|root| root.head());
        self.lift_holds(edges, led_to, now).await?;
        let place = keys::contact(workspace, id);
        let fetched = self.batch(vec![place.clone()]).await?;
        let policy = keeping();
        // Alive, or over and not swept yet: whatever its edges lead to has to go first.
        let then = Lens {
            now: Timestamp::from_ms(0),
            policy: &policy,
        };
        let Some(contact) = fetched.get::<Contact>(&place, &Unsealed, then)? else {
            return Ok(());
        };
        let fence = Subject {
            tenant,
            subject: SubjectId::Contact(id),
            state: State::Erasing,
            created_at: contact.created_at,
        };
        let contact = Contact {
            state: State::Erasing,
            last_seen_at: now,
            ..contact
        };
        let mut transaction = Transaction::new(now);
        transaction.overwrite(&Stored::new(contact, &policy), &Unsealed)?;
        transaction.overwrite(&Stored::new(fence, &policy), &Unsealed)?;
        self.commit_again(transaction).await
    }

    /// Writes the row of an erasure, or puts the one that is there at the beginning.
    async fn reopen(
        &self,
        (entry, erased, places): (&Entry, &Erased, Vec<Place>),
        stage: Stage,
        mut transaction: Transaction,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let kind = ErasureKind::parse(&erased.kind);
        let kind = kind.ok_or(StoreError::Corrupt("an erasure of an unknown kind"))?;
        let tenant = TenantId::from_symbol(&erased.tenant);
        let tenant = tenant.ok_or(StoreError::Corrupt("an erasure of an unknown tenant"))?;
        let found = self.erasure(erased.erasure, now).await?;
        let found =
            found.unwrap_or_else(|| Erasure::new(erased.erasure, kind, tenant, erased.started_at));
        let row = Erasure {
            places,
            // Where its receipt is: none is written again.
            ledger_from: Some(entry.number),
            finished_at: Some(erased.finished_at),
            rev: found.rev + 1,
            ..found.at(stage)
        };
        transaction.overwrite(&Stored::new(row, &Policy::platform()), &Unsealed)?;
        self.commit_again(transaction).await
    }

    /// Lifts the holds of the conversations that a list leads to.
    async fn lift_holds(
        &self,
        list: Query,
        led_to: impl Fn(Key) -> Option<Key>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let policy = keeping();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let mut after: Option<(Key, String)> = None;
        loop {
            let mut page = list.clone().limit(PAGE);
            if let Some((key, place)) = after.take() {
                page = page.after(key, place);
            }
            let Listed { items, more } = self.page(page).await?;
            let places = items.iter().filter_map(|item| key_of(Table::Data, item));
            let heads: Vec<Key> = places
                .filter_map(&led_to)
                .filter(|head| head.sk == keys::HEAD && head.pk.starts_with("CONVERSATION#"))
                .collect();
            let fetched = self.batch_all(heads.clone()).await?;
            for head in heads {
                let found = fetched.get::<Conversation>(&head, &Unsealed, lens);
                let Some(mut found) = found?.filter(|found| found.hold_at(now).is_some()) else {
                    continue;
                };
                found.release();
                let mut transaction = Transaction::new(now);
                transaction.overwrite(&Stored::new(found, &policy), &Unsealed)?;
                self.commit_again(transaction).await?;
            }
            let last = items.last().filter(|_| more);
            let place = |item: &super::super::Item| {
                let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
                text("changes_sk").cloned().unwrap_or_default()
            };
            match last.and_then(|item| Some((key_of(Table::Data, item)?, place(item)))) {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Commits while nobody else writes: a refusal is a fault.
    async fn commit_again(&self, transaction: Transaction) -> Result<(), StoreError> {
        match self.commit(transaction).await {
            Ok(()) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
            Err(CommitError::Refused(_)) => Err(StoreError::Conflict),
        }
    }
}
