//! The erasure of an account, and of its place in every workspace.
//!
//! It begins when the seven days are over, or at once. The fence is one transaction: the account says
//! `erasing`, no root can be made for it, and its address leads nowhere, so that the same person may
//! sign up again as a new subject while this one is still going. What somebody wrote as a member
//! stays, for those they wrote to, and names them by an opaque id only.

use crate::{
    domain::{AccountId, Policy, TenantId, Timestamp, policy::Lens},
    store::{
        account::{Account, Seat},
        db::{Store, StoreError, key_of},
        erasing::{Ended, GRACE, progress::Counts},
        erasure::{Erasure, ErasureKind, Farewell, Place, Stage},
        job::Job,
        keyring::Use,
        keys::{self, FileOwner, Key, Table},
        query::{Listed, Query},
        record::{Stored, read_item},
        seal::Unsealed,
        subject::{Edge, RootRef, State, Subject, SubjectId},
        transaction::{CommitError, Transaction},
        workspace::WorkspacePolicy,
    },
};

/// How many seats are read at once.
const PAGE: u16 = 100;

/// The partitions that hold what an account is, in the order in which they go.
fn partitions(account: AccountId) -> [String; 8] {
    let subject = SubjectId::Account(account);
    [
        keys::sessions(account),
        keys::notices(account),
        keys::letters(account),
        keys::seats(account),
        keys::supported(account),
        keys::requests(TenantId::Platform, subject),
        keys::account(account).pk,
        keys::subject_partition(TenantId::Platform, subject),
    ]
}

/// The partitions that hold what somebody is in a workspace.
fn partitions_of(place: Place) -> [String; 6] {
    let Place { workspace, member } = place;
    let (tenant, subject) = (TenantId::Workspace(workspace), SubjectId::Member(member));
    [
        keys::read_marks(workspace, member),
        keys::drafts(workspace, member),
        keys::teams_of(workspace, member),
        keys::requests(tenant, subject),
        keys::membership(workspace, member).pk,
        keys::subject_partition(tenant, subject),
    ]
}

impl Store {
    /// Fences an account whose time has come and begins its erasure; one that has begun is returned
    /// as it is. `None` when there is nothing to begin.
    ///
    /// # Errors
    /// When storage fails; the next call begins again.
    pub async fn begin_account(
        &self,
        id: AccountId,
        now: Timestamp,
    ) -> Result<Option<Erasure>, StoreError> {
        let head = keys::account(id);
        let at_erasure = keys::erasure(Erasure::of_account(id));
        let tenant = TenantId::Platform;
        let wanted = vec![
            head.clone(),
            keys::data_key(&RootRef::of(&head)),
            keys::tenant_key(tenant),
            at_erasure.clone(),
        ];
        let fetched = self.batch(wanted).await?;
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        if let Some(begun) = fetched.get::<Erasure>(&at_erasure, &Unsealed, lens)? {
            return Ok(Some(begun));
        }
        let platform_key = self.unwrap_tenant_key(tenant, &fetched, now).await?;
        let Some(key) = fetched.data_key(&head, &platform_key)? else {
            return Ok(None);
        };
        let due = |account: &Account| {
            let due = account.delete_at.is_some_and(|at| at.plus(GRACE) <= now);
            account.state == State::Closing && due
        };
        let Some(account) = fetched.get::<Account>(&head, &key, lens)?.filter(due) else {
            return Ok(None);
        };
        let places = self.places(id, lens).await?;
        let erasure = Erasure {
            stage: Stage::Deleting,
            places,
            ..Erasure::new(Erasure::of_account(id), ErasureKind::Account, tenant, now)
        };
        let counts = self.count_account(&erasure).await?;
        let address = platform_key.hash(Use::Address, &account.email.identity());
        let fence = Subject {
            tenant,
            subject: id.into(),
            state: State::Erasing,
            created_at: account.created_at,
        };
        let account = Account {
            state: State::Erasing,
            delete_at: None,
            ..account
        };
        let mut transaction = Transaction::new(now);
        transaction.replace(&Stored::next(account, &policy), &key)?;
        transaction.overwrite(&Stored::new(fence, &policy), &Unsealed)?;
        transaction.remove(keys::address(address));
        let mut erasure = erasure.counted(counts);
        erasure.count_before(Table::Data, "AddressOwner", 1);
        self.begin(erasure, transaction).await
    }

    /// Goes on with the erasure of an account.
    ///
    /// # Errors
    /// When storage fails; the next call goes on.
    pub async fn erase_account(
        &self,
        mut erasure: Erasure,
        now: Timestamp,
    ) -> Result<Ended, StoreError> {
        let id = AccountId::from_uuid(erasure.id.uuid());
        if erasure.stage != Stage::Verifying {
            for place in &erasure.places {
                self.leave(id, *place, now).await?;
                // Their name is in it, and their address with it.
                self.end_whole_exports(place.workspace, now).await?;
            }
            self.end_exports(id).await?;
            self.end_support(id).await?;
            for partition in partitions(id) {
                self.remove_children(&RootRef::from_partition(&partition), u32::MAX)
                    .await?;
            }
            self.part(id, now).await?;
            let next = erasure.at(Stage::Verifying);
            match self.step(next, Transaction::new(now), now).await? {
                Some(next) => erasure = next,
                None => return Ok(Ended::Partly),
            }
        }
        // Read once more: the rows that say it is done are written only when nothing is there.
        let left = self.count_account(&erasure).await?;
        if !left.is_empty() {
            self.step(erasure.at(Stage::Deleting), Transaction::new(now), now)
                .await?;
            return Ok(Ended::Partly);
        }
        let written = self.finish(erasure, Transaction::new(now), now).await?;
        Ok(written.map_or(Ended::Partly, |_| Ended::Whole))
    }

    /// Deletes the copies of their data that somebody asked for, files first.
    async fn end_exports(&self, id: AccountId) -> Result<(), StoreError> {
        let partition = keys::subject_partition(TenantId::Platform, SubjectId::Account(id));
        let edges = self.query(Query::partition(partition).limit(PAGE)).await?;
        let edges = edges.iter().filter_map(|item| key_of(Table::Data, item));
        let roots = edges.filter_map(|edge| Edge::root_of(&edge.sk));
        for head in roots.map(|root| root.head()).filter(keys::is_export) {
            let fetched = self.batch(vec![head.clone()]).await?;
            if let Some(item) = fetched.raw(&head) {
                self.end_at_once(item).await?;
            }
        }
        Ok(())
    }

    /// Deletes what somebody wrote to the operator, and what was answered.
    async fn end_support(&self, id: AccountId) -> Result<(), StoreError> {
        for head in self.threads(id).await? {
            let fetched = self.batch(vec![head.clone()]).await?;
            if let Some(item) = fetched.raw(&head) {
                self.end_at_once(item).await?;
            }
        }
        Ok(())
    }

    /// The threads with the operator of an account.
    async fn threads(&self, id: AccountId) -> Result<Vec<Key>, StoreError> {
        let mut threads = Vec::new();
        let mut after: Option<Key> = None;
        loop {
            let mut query = Query::partition(keys::supported(id)).limit(PAGE);
            if let Some(after) = after.take() {
                query = query.after(after, String::new());
            }
            let Listed { items, more } = self.page(query).await?;
            let places = items.iter().filter_map(|item| key_of(Table::Data, item));
            threads.extend(places.filter_map(|place| keys::thread_supported(&place)));
            after = items.last().and_then(|item| key_of(Table::Data, item));
            if !more {
                return Ok(threads);
            }
        }
    }

    /// Everything that there is of an account.
    async fn count_account(&self, erasure: &Erasure) -> Result<Counts, StoreError> {
        let id = AccountId::from_uuid(erasure.id.uuid());
        let mut all = partitions(id).to_vec();
        let mut roots = vec![keys::account(id)];
        for thread in self.threads(id).await? {
            all.push(thread.pk.clone());
            roots.push(thread);
        }
        for place in &erasure.places {
            all.extend(partitions_of(*place));
            roots.push(keys::membership(place.workspace, place.member));
        }
        let roots = roots.iter().map(|head| keys::data_key(&RootRef::of(head)));
        self.inventory(&all, roots.collect()).await
    }

    /// The places of an account in workspaces.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn places(&self, id: AccountId, lens: Lens<'_>) -> Result<Vec<Place>, StoreError> {
        let mut places = Vec::new();
        let mut after: Option<Key> = None;
        loop {
            let mut query = Query::partition(keys::seats(id)).limit(PAGE);
            if let Some(after) = after.take() {
                query = query.after(after, String::new());
            }
            let Listed { items, more } = self.page(query).await?;
            for item in &items {
                if let Some(seat) = read_item::<Seat>(item, &Unsealed, lens)? {
                    places.push(Place {
                        workspace: seat.workspace,
                        member: seat.member,
                    });
                }
                after = key_of(Table::Data, item);
            }
            if !more {
                return Ok(places);
            }
        }
    }

    /// Takes somebody out of a workspace: the seat, the membership with the key of the name, and what
    /// they kept there. Their conversations are handed over by a job, to nobody.
    async fn leave(&self, id: AccountId, place: Place, now: Timestamp) -> Result<(), StoreError> {
        let Place { workspace, member } = place;
        let head = keys::membership(workspace, member);
        let root = RootRef::of(&head);
        let tenant = TenantId::Workspace(workspace);
        let at_policy = keys::policy(workspace);
        let fetched = self.batch(vec![at_policy.clone()]).await?;
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let row = fetched.get::<WorkspacePolicy>(&at_policy, &Unsealed, lens)?;
        let mut transaction = Transaction::new(now);
        transaction.consume(head);
        for key in [
            keys::seat(id, workspace),
            keys::edge(tenant, member.into(), root.clone()),
            keys::subject(tenant, member.into()),
            keys::data_key(&root),
        ] {
            transaction.remove(key);
        }
        if row.is_some_and(|row| row.state == State::Live) {
            let job = Job::handover(workspace, member, None, now);
            transaction.create(&Stored::new(job.clone(), &policy), &Unsealed)?;
            transaction.create(&Stored::new(job.opened(), &policy), &Unsealed)?;
        }
        match self.commit(transaction).await {
            // They had gone before.
            Ok(()) | Err(CommitError::Refused(_)) => {}
            Err(CommitError::Store(error)) => return Err(error),
        }
        // Files first: nothing would lead to them any more.
        self.erase_files_of(workspace, FileOwner::Member(member))
            .await?;
        for partition in partitions_of(place) {
            self.remove_children(&RootRef::from_partition(&partition), u32::MAX)
                .await?;
        }
        Ok(())
    }

    /// Takes the head of the account, its fence and last its key, and keeps the address apart for
    /// the mail that says so.
    async fn part(&self, id: AccountId, now: Timestamp) -> Result<(), StoreError> {
        let head = keys::account(id);
        let root = RootRef::of(&head);
        let tenant = TenantId::Platform;
        let wanted = vec![
            head.clone(),
            keys::data_key(&root),
            keys::tenant_key(tenant),
        ];
        let fetched = self.batch(wanted).await?;
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let platform_key = self.unwrap_tenant_key(tenant, &fetched, now).await?;
        let mut transaction = Transaction::new(now);
        if let Some(key) = fetched.data_key(&head, &platform_key)?
            && let Some(account) = fetched.get::<Account>(&head, &key, lens)?
        {
            let farewell = Farewell {
                id: Erasure::of_account(id),
                email: account.email,
                created_at: now,
            };
            let key = platform_key.new_data_key(&keys::farewell(farewell.id), now)?;
            let farewell = Stored::new(farewell, &policy);
            transaction.create_root(&farewell, &key.key, &key)?;
        }
        for key in [
            head,
            keys::edge(tenant, id.into(), root.clone()),
            keys::subject(tenant, id.into()),
            keys::data_key(&root),
            // Left there, it would keep the account that the deployment names from sitting down.
            keys::operator_seat(id),
        ] {
            transaction.remove(key);
        }
        match self.commit(transaction).await {
            // Another run was faster.
            Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::store::{record::Owner, registry};

    /// Records within an account, and what takes them when it is erased.
    const TAKEN: [(&str, &str); 13] = [
        ("AddressOwner", "the fence"),
        ("Letter", "a partition"),
        ("LoginSession", "a partition"),
        ("Notice", "a partition"),
        ("OperatorSeat", "the last transaction"),
        ("PasskeyCeremony", "its ten minutes"),
        ("Password", "a partition"),
        ("PolicyAcceptance", "a partition"),
        ("Preferences", "a partition"),
        ("SecondFactor", "a partition"),
        ("SecondStep", "its ten minutes"),
        ("TeamIdentity", "the sweep: its account is gone"),
        ("TeamSession", "the sweep: its account is gone"),
    ];

    #[test]
    fn every_record_within_an_account_has_something_that_takes_it() {
        let within = registry::ALL.iter();
        let within = within.filter(|record| record.owner == Owner::Within("Account"));
        let within: Vec<&str> = within.map(|record| record.name).collect();
        let taken: Vec<&str> = TAKEN.iter().map(|(name, _)| *name).collect();
        assert_eq!(within, taken);
    }
}
