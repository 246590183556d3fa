//! The erasure of a workspace: everything that bears its id, in both tables, and last its key.
//!
//! From the moment its owner ended it nobody has come in. The erasure does not follow lists, which may
//! lag and which somebody may forget to extend: it reads both tables strongly, from end to end, three
//! times, and takes whatever names the workspace. The first time it counts, the second time it
//! deletes, the third time it finds nothing, or begins the third time again. Each page is a
//! checkpoint; two runs meet at the next one, where the slower one stops.
//!
//! A conversation on hold stays with its key, and the key of the workspace with it, until the hold
//! ends; holds end by themselves.

use std::collections::BTreeMap;

use crate::{
    domain::Role,
    domain::billing::StripeId,
    domain::{
        AccountId, Policy, TenantId, Timestamp, WorkspaceId,
        erasure::{SEGMENTS, part},
        policy::Lens,
    },
    store::{
        account::Seat,
        billing::{StripeTask, TaskKind},
        db::{Store, StoreError, key_of},
        erasing::{
            Ended, GRACE, PARTS,
            progress::{self, Counts},
        },
        erasure::{Erasure, ErasureKind, Stage},
        field::Field,
        job::Mark,
        keys::{self, FileOwner, Key, Table},
        notice::{Notice, NoticeKind},
        query::{Listed, Query},
        record::{Item, Stored},
        remains::{Scanned, hold_of_team},
        seal::Unsealed,
        subject::{RootRef, State},
        transaction::Transaction,
        workspace::WorkspacePolicy,
    },
};

/// How many members are read at once.
const MEMBERS: u16 = 50;
/// How many owners are told.
const OWNERS: usize = 50;

impl Store {
    /// Fences a workspace whose time has come and begins its erasure; one that has begun is returned
    /// as it is. `None` when there is nothing to begin.
    ///
    /// # Errors
    /// When storage fails; the next call begins again.
    pub async fn begin_workspace(
        &self,
        id: WorkspaceId,
        now: Timestamp,
    ) -> Result<Option<Erasure>, StoreError> {
        let place = keys::policy(id);
        let at_erasure = keys::erasure(Erasure::of_workspace(id));
        let at_billing = keys::billing_account(id);
        let wanted = vec![place.clone(), at_erasure.clone(), at_billing.clone()];
        let fetched = self.batch(wanted).await?;
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        if let Some(begun) = fetched.get::<Erasure>(&at_erasure, &Unsealed, lens)? {
            return Ok(Some(begun));
        }
        let due = |row: &WorkspacePolicy| {
            let due = row.closes_at.is_some_and(|at| at.plus(GRACE) <= now);
            row.state == State::Live && due
        };
        let row = fetched.get::<WorkspacePolicy>(&place, &Unsealed, lens)?;
        let Some(row) = row.filter(due) else {
            return Ok(None);
        };
        let platform_key = self.tenant_key(TenantId::Platform, now).await?;
        let owners = self.owners(id, lens).await?;
        let erasure = Erasure {
            readers: owners
                .iter()
                .map(|owner| Erasure::reader(&platform_key, *owner))
                .collect(),
            owners,
            ..Erasure::new(
                Erasure::of_workspace(id),
                ErasureKind::Workspace,
                id.into(),
                now,
            )
        };
        let row = WorkspacePolicy {
            state: State::Erasing,
            ..row
        };
        let mut transaction = Transaction::new(now);
        transaction.replace(&Stored::next(row, &policy), &Unsealed)?;
        // Nobody pays for what is gone. It is done beside the erasure, which does not wait for it.
        let customer = fetched
            .raw(&at_billing)
            .and_then(|item| item.get("customer"));
        if let Some(customer) = StripeId::read(customer) {
            let task = StripeTask::new(TaskKind::Part, &customer, now);
            transaction.overwrite(&Stored::new(task, &policy), &Unsealed)?;
        }
        self.begin(erasure, transaction).await
    }

    /// Goes on with the erasure of a workspace until it is done or `clock` says `stop_at`.
    ///
    /// # Errors
    /// When storage fails; the next call goes on.
    pub async fn erase_workspace(
        &self,
        mut erasure: Erasure,
        clock: impl Fn() -> Timestamp,
        stop_at: Timestamp,
    ) -> Result<Ended, StoreError> {
        if erasure.stage == Stage::Waiting {
            erasure = erasure.at(Stage::Deleting);
        }
        while erasure.stage != Stage::Done && erasure.stage != Stage::Waiting {
            let now = clock();
            if now >= stop_at {
                return Ok(Ended::Partly);
            }
            let next = match part(erasure.list) {
                Some(part) => self.page_of_workspace(erasure, part, now).await?,
                None => self.turn(erasure, now).await?,
            };
            match next {
                Some(next) => erasure = next,
                None => return Ok(Ended::Partly),
            }
        }
        Ok(match erasure.stage {
            Stage::Done => Ended::Whole,
            _ => Ended::Partly,
        })
    }

    /// One page of one part of a table.
    async fn page_of_workspace(
        &self,
        mut erasure: Erasure,
        (table, segment): (Table, u16),
        now: Timestamp,
    ) -> Result<Option<Erasure>, StoreError> {
        let workspace = WorkspaceId::from_uuid(erasure.id.uuid());
        let after = erasure.after.take().map(|mark| mark.key);
        let Scanned { items, next } = self
            .scan_workspace(table, (segment, SEGMENTS), after, workspace)
            .await?;
        if erasure.stage == Stage::Counting {
            let mut counts = Counts::new();
            for item in &items {
                progress::count(&mut counts, table, item);
            }
            erasure = erasure.counted(counts);
        } else {
            let holds = self.holds(table, &items, now).await?;
            let keep = keys::tenant_key(workspace.into());
            let mut goes = Vec::new();
            for key in items.iter().filter_map(|item| key_of(table, item)) {
                if let Some(until) = holds.get(&key.pk) {
                    erasure.held += 1;
                    erasure.held_until = erasure.held_until.max(Some(*until));
                } else if key != keep {
                    goes.push(key);
                }
            }
            erasure.met += goes.len() as u64;
            // Files first: nothing would lead to them any more.
            for key in goes.iter().filter(|key| keys::is_export(key)) {
                self.remove_files(&RootRef::of(key)).await?;
            }
            let files = goes.iter().filter_map(keys::file_of_row);
            let mut owners: Vec<FileOwner> = files.map(|file| file.owner).collect();
            owners.dedup();
            for owner in owners {
                self.erase_files_of(workspace, owner).await?;
            }
            for part in goes.chunks(PARTS) {
                self.remove(part.to_vec(), now).await?;
            }
        }
        match next {
            Some(key) => {
                erasure.after = Some(Mark {
                    key,
                    index_sort_key: String::new(),
                });
            }
            None => erasure.list += 1,
        }
        self.step(erasure, Transaction::new(now), now).await
    }

    /// What follows when both tables have been read to the end.
    async fn turn(&self, erasure: Erasure, now: Timestamp) -> Result<Option<Erasure>, StoreError> {
        let mut transaction = Transaction::new(now);
        let next = match (erasure.stage, erasure.held_until) {
            (Stage::Counting, _) => erasure.at(Stage::Deleting),
            (Stage::Deleting, _) => erasure.at(Stage::Verifying),
            (_, _) if erasure.met > 0 => erasure.at(Stage::Verifying),
            (_, Some(until)) => Erasure {
                stage: Stage::Waiting,
                due_at: until,
                ..erasure
            },
            (_, None) => {
                transaction.remove(keys::tenant_key(erasure.tenant));
                let workspace = WorkspaceId::from_uuid(erasure.id.uuid());
                for owner in erasure.owners.iter().take(OWNERS) {
                    let notice = Notice::new(*owner, NoticeKind::WorkspaceErased, now);
                    transaction.notify(notice.in_workspace(workspace))?;
                }
                return self.finish(erasure, transaction, now).await;
            }
        };
        self.step(next, transaction, now).await
    }

    /// The conversations on hold among what these items belong to, and until when.
    async fn holds(
        &self,
        table: Table,
        items: &[Item],
        now: Timestamp,
    ) -> Result<BTreeMap<String, Timestamp>, StoreError> {
        let places = items.iter().filter_map(|item| key_of(table, item));
        let threads = places.filter(|key| key.pk.starts_with("CONVERSATION#"));
        let heads: Vec<Key> = threads.map(|key| RootRef::of(&key).head()).collect();
        let fetched = self.batch_all(heads.clone()).await?;
        let until = |head: Key| {
            let until = hold_of_team(fetched.raw(&head)?, now)?;
            Some((head.pk, until))
        };
        Ok(heads.into_iter().filter_map(until).collect())
    }

    /// The accounts that own a workspace.
    async fn owners(
        &self,
        workspace: WorkspaceId,
        lens: Lens<'_>,
    ) -> Result<Vec<AccountId>, StoreError> {
        let mut owners = Vec::new();
        let mut low = "0".to_owned();
        loop {
            let query = Query::lists(keys::memberships(workspace))
                .between(low.clone(), "~")
                .limit(MEMBERS);
            let Listed { items, more } = self.page(query).await?;
            let heads: Vec<Key> = items
                .iter()
                .filter_map(|item| key_of(Table::Data, item))
                .collect();
            let last = heads.last().map(|head| RootRef::of(head).id().to_owned());
            let fetched = self.batch_all(heads.clone()).await?;
            let account = |head: &Key| AccountId::read(fetched.raw(head)?.get("account"));
            let seats: Vec<Key> = heads
                .iter()
                .filter_map(account)
                .map(|account| keys::seat(account, workspace))
                .collect();
            let fetched = self.batch_all(seats.clone()).await?;
            for seat in seats {
                let seat = fetched.get::<Seat>(&seat, &Unsealed, lens)?;
                let owner = seat.filter(|seat| seat.role == Role::Owner);
                owners.extend(owner.map(|seat| seat.account));
            }
            match last.filter(|_| more) {
                Some(last) => low = format!("{last}!"),
                None => return Ok(owners),
            }
        }
    }
}
