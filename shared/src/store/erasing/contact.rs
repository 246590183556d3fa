//! The erasure of a contact: everything that its edges lead to, then itself.
//!
//! The fence comes first, in one transaction with the head: from then on nobody sees the contact,
//! its sessions are no good, and no conversation can be made for it. The row that shows the erasure is
//! written with it, so that it is remembered should the head end before its conversations do: nothing
//! renews it while the schedule rests. The rest follows from the edges, which are read strongly, so that
//! nothing is overlooked; each step may be repeated.

use std::time::Duration;

use super::{Ended, progress::Counts};
use crate::{
    domain::{ContactId, Policy, TenantId, WorkspaceId, policy::Lens},
    store::{
        contact::Contact,
        conversation::Conversation,
        db::{Store, StoreError, key_of},
        erasure::{Erasure, Stage},
        keys::{self, Key, Table},
        query::{Listed, Query},
        record::Stored,
        seal::{KeyedHash, Unsealed},
        subject::{Edge, RootRef, State, Subject, SubjectId},
        transaction::{CommitError, Transaction},
    },
};

/// How long a contact that waits for a hold keeps its end: half of the shortest retention.
const RENEWAL: Duration = Duration::from_secs(12 * 60 * 60);
/// How many edges are read at once.
const PAGE: u16 = 100;

impl Transaction {
    /// Fences a contact that was read as `head`: it is gone for everybody, and nothing can be added
    /// to it. What the customer calls it leads nowhere any more, so the same person may come again,
    /// as somebody new.
    ///
    /// # Errors
    /// When the records cannot be written.
    pub fn fence_contact(
        &mut self,
        mut head: Contact,
        external: Option<KeyedHash>,
        lens: Lens<'_>,
    ) -> Result<(), StoreError> {
        if head.state == State::Restricted {
            // Its erasure is due by this, which lay in the future.
            head.last_seen_at = lens.now;
        }
        head.state = State::Erasing;
        let subject = Subject {
            tenant: TenantId::Workspace(head.workspace),
            subject: SubjectId::Contact(head.id),
            state: State::Erasing,
            created_at: head.created_at,
        };
        if let Some(external) = external {
            self.remove(keys::external(head.workspace, external));
        }
        let erasure = Erasure::begin_of(&head, lens.now);
        self.create(&Stored::new(erasure, &Policy::platform()), &Unsealed)?;
        self.replace(&Stored::next(head, lens.policy), &Unsealed)?;
        self.overwrite(&Stored::new(subject, lens.policy), &Unsealed)?;
        Ok(())
    }
}

impl Store {
    /// The partitions of a contact itself, its conversations aside: first its beacons, which only
    /// what lies in one of the others leads to.
    async fn partitions(
        &self,
        workspace: WorkspaceId,
        id: ContactId,
    ) -> Result<Vec<String>, StoreError> {
        let (tenant, subject) = (TenantId::Workspace(workspace), SubjectId::Contact(id));
        let mut all = self.partitions_of_beacons(workspace, id).await?;
        all.extend(keys::of_contact(&keys::contact(workspace, id)));
        all.push(keys::requests(tenant, subject));
        all.push(keys::subject_partition(tenant, subject));
        Ok(all)
    }

    /// Goes on with the erasure of a contact that is fenced, and with the row that shows it, while
    /// `has_time` says so.
    ///
    /// # Errors
    /// When storage fails; the next call goes on.
    pub async fn erase_contact(
        &self,
        head: &Contact,
        has_time: impl Fn() -> bool,
        lens: Lens<'_>,
    ) -> Result<Ended, StoreError> {
        let id = Erasure::of_contact(head.id);
        let erasure = match self.erasure(id, lens.now).await? {
            Some(erasure) => erasure,
            // Fenced before the fence wrote one.
            None => {
                let erasure = Erasure::begin_of(head, lens.now);
                match self.begin(erasure, Transaction::new(lens.now)).await? {
                    Some(begun) => begun,
                    None => return Ok(Ended::Partly),
                }
            }
        };
        self.begin_of_ended(head, lens).await?;
        let who = (head.workspace, head.id);
        if erasure.stage == Stage::Counting {
            // Calls lie with nobody: only what the app calls the contact leads to theirs, as long as it can be
            // read. They have a receipt of their own.
            let since = (&has_time, lens.now);
            let calls = self
                .delete_calls_of_contact(who, lens.now, erasure.calls_reached, since)
                .await?;
            if calls.is_cut_off {
                // The calls of a workspace may take longer to walk than a run has: the next one goes on from here.
                let reached = Erasure {
                    calls_reached: calls.more_after,
                    ..erasure
                };
                self.step(reached, Transaction::new(lens.now), lens.now)
                    .await?;
                return Ok(Ended::Partly);
            }
        }
        let Some(erasure) = self.counted(erasure, who, lens).await? else {
            return Ok(Ended::Partly);
        };
        // What was copied before the fence may hold them; what is copied after it does not.
        self.end_whole_exports(head.workspace, erasure.started_at)
            .await?;
        match self.end_contact(head, &has_time, lens).await? {
            unfinished @ (Ended::Partly | Ended::Held) => Ok(unfinished),
            Ended::Whole => self.verify_contact(erasure, &has_time, lens).await,
        }
    }

    /// Begins the erasures of those contacts of the same person that had ended before the fence: a
    /// conversation lives longer than its contact when the team writes last. Nothing can be added to
    /// them; the schedule that goes on with erasures finds the rows.
    async fn begin_of_ended(&self, head: &Contact, lens: Lens<'_>) -> Result<(), StoreError> {
        let others: Vec<ContactId> = head.others().collect();
        if others.is_empty() {
            return Ok(());
        }
        let places = |id: &ContactId| {
            let contact = keys::contact(head.workspace, *id);
            (contact, keys::erasure(Erasure::of_contact(*id)))
        };
        let wanted = others.iter().map(places);
        let wanted = wanted.flat_map(|(contact, erasure)| [contact, erasure]);
        let fetched = self.batch(wanted.collect()).await?;
        for id in others {
            let (at_contact, at_erasure) = places(&id);
            let lives = fetched.get::<Contact>(&at_contact, &Unsealed, lens)?;
            if lives.is_some() || fetched.holds(&at_erasure) {
                continue;
            }
            if let Some(item) = fetched.raw(&at_contact) {
                self.remove_root(item, lens.now).await?;
            }
            let ended = Contact { id, ..head.clone() };
            let erasure = Erasure::begin_of(&ended, lens.now);
            self.begin(erasure, Transaction::new(lens.now)).await?;
        }
        Ok(())
    }

    /// The erasure with what there is, counted once. `None` when another run has it.
    async fn counted(
        &self,
        erasure: Erasure,
        who: (WorkspaceId, ContactId),
        lens: Lens<'_>,
    ) -> Result<Option<Erasure>, StoreError> {
        if erasure.stage != Stage::Counting {
            return Ok(Some(erasure));
        }
        let counts = self.count_contact(who).await?;
        let erasure = Erasure {
            stage: Stage::Deleting,
            ..erasure.counted(counts)
        };
        self.step(erasure, Transaction::new(lens.now), lens.now)
            .await
    }

    /// Ends the erasure of a contact whose head has gone: what its edges still lead to ends, and
    /// everything is read once more. Where no edge is left there is nothing else. The head may have
    /// ended by itself while a conversation was on hold: then that one is waited for here.
    ///
    /// # Errors
    /// When storage fails; the next call goes on.
    pub async fn verify_contact(
        &self,
        erasure: Erasure,
        has_time: impl Fn() -> bool,
        lens: Lens<'_>,
    ) -> Result<Ended, StoreError> {
        let TenantId::Workspace(workspace) = erasure.tenant else {
            return Err(StoreError::Corrupt("a contact of no workspace"));
        };
        let id = ContactId::from_uuid(erasure.id.uuid());
        let head = keys::contact(workspace, id);
        let fetched = self.batch(vec![head.clone()]).await?;
        if fetched.raw(&head).is_some() {
            return Ok(Ended::Partly);
        }
        let who = (workspace, id);
        let Some(erasure) = self.counted(erasure, who, lens).await? else {
            return Ok(Ended::Partly);
        };
        if !self.end_conversations(who, has_time, lens).await? {
            return Ok(Ended::Partly);
        }
        // What came while the head went. Until now an export found conversations.
        self.end_whole_exports(workspace, lens.now).await?;
        let partitions = self.partitions(workspace, id).await?;
        for partition in &partitions {
            self.remove_children(&RootRef::from_partition(partition), u32::MAX)
                .await?;
        }
        let key = keys::data_key(&RootRef::of(&head));
        let left = self.inventory(&partitions, vec![key]).await?;
        if !left.is_empty() {
            return Ok(Ended::Partly);
        }
        let written = self
            .finish(erasure, Transaction::new(lens.now), lens.now)
            .await?;
        Ok(written.map_or(Ended::Partly, |_| Ended::Whole))
    }

    /// Everything that there is of a contact.
    async fn count_contact(
        &self,
        (workspace, id): (WorkspaceId, ContactId),
    ) -> Result<Counts, StoreError> {
        let tenant = TenantId::Workspace(workspace);
        let mut all = self.partitions(workspace, id).await?;
        let mut roots = vec![keys::contact(workspace, id)];
        let mut after: Option<Key> = None;
        loop {
            let partition = keys::subject_partition(tenant, SubjectId::Contact(id));
            let mut edges = Query::partition(partition).limit(PAGE);
            if let Some(after) = after.take() {
                edges = edges.after(after, String::new());
            }
            let Listed { items, more } = self.page(edges).await?;
            for edge in items.iter().filter_map(|item| key_of(Table::Data, item)) {
                let root = Edge::root_of(&edge.sk).map(|root| root.head());
                roots.extend(root.filter(|root| !keys::is_contact(root)));
                after = Some(edge);
            }
            if !more {
                break;
            }
        }
        all.extend(roots.iter().skip(1).map(|root| root.pk.clone()));
        let keys = roots.iter().map(|head| keys::data_key(&RootRef::of(head)));
        self.inventory(&all, keys.collect()).await
    }

    /// Goes on with the erasure of a contact that is fenced. A conversation on hold stays until it is
    /// released, and the contact with it.
    ///
    /// # Errors
    /// When storage fails; the next call goes on.
    async fn end_contact(
        &self,
        head: &Contact,
        has_time: impl Fn() -> bool,
        lens: Lens<'_>,
    ) -> Result<Ended, StoreError> {
        let place = keys::contact(head.workspace, head.id);
        let tenant = TenantId::Workspace(head.workspace);
        let who = (head.workspace, head.id);
        if !self.end_conversations(who, has_time, lens).await? {
            self.outlive(head, lens).await?;
            return Ok(Ended::Partly);
        }
        self.forget_beacons(head.workspace, head.id).await?;
        let sessions = keys::of_contact(&place);
        let requests = keys::requests(tenant, head.id.into());
        for partition in sessions.into_iter().chain([requests]) {
            self.remove_children(&RootRef::from_partition(&partition), u32::MAX)
                .await?;
        }
        let fetched = self.batch(vec![place.clone()]).await?;
        if let Some(item) = fetched.raw(&place) {
            self.remove_root(item, lens.now).await?;
        }
        Ok(Ended::Whole)
    }

    /// Gives a contact that waits for a hold a new end, twice a day at most: if it ended before its
    /// conversations, nobody would remember that they are to be erased.
    async fn outlive(&self, head: &Contact, lens: Lens<'_>) -> Result<(), StoreError> {
        if head.last_seen_at.plus(RENEWAL) > lens.now {
            return Ok(());
        }
        let head = Contact {
            last_seen_at: lens.now,
            ..head.clone()
        };
        let mut transaction = Transaction::new(lens.now);
        transaction.replace(&Stored::next(head, lens.policy), &Unsealed)?;
        match self.commit(transaction).await {
            // Another run has done it.
            Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// Ends what the edges of a contact lead to; false when something is left.
    async fn end_conversations(
        &self,
        (workspace, id): (WorkspaceId, ContactId),
        has_time: impl Fn() -> bool,
        lens: Lens<'_>,
    ) -> Result<bool, StoreError> {
        let tenant = TenantId::Workspace(workspace);
        let partition = keys::subject_partition(tenant, SubjectId::Contact(id));
        let own = RootRef::of(&keys::contact(workspace, id));
        let (mut whole, mut after) = (true, None::<Key>);
        loop {
            let mut edges = Query::partition(partition.clone()).limit(PAGE);
            if let Some(after) = after.take() {
                edges = edges.after(after, String::new());
            }
            let Listed { items, more } = self.page(edges).await?;
            for edge in items.iter().filter_map(|item| key_of(Table::Data, item)) {
                match Edge::root_of(&edge.sk).filter(|root| *root != own) {
                    None => {}
                    Some(_) if !has_time() => return Ok(false),
                    Some(root) => {
                        let ended = self.end_root(&root, &edge, &has_time, lens).await?;
                        whole &= ended == Ended::Whole;
                    }
                }
                after = Some(edge);
            }
            if !more {
                return Ok(whole);
            }
        }
    }

    /// Ends one conversation of a contact: alive, fenced already, or over and not yet swept.
    async fn end_root(
        &self,
        root: &RootRef,
        edge: &Key,
        has_time: impl Fn() -> bool,
        lens: Lens<'_>,
    ) -> Result<Ended, StoreError> {
        let place = root.head();
        let fetched = self.batch(vec![place.clone()]).await?;
        let Some(item) = fetched.raw(&place) else {
            self.delete(keys::data_key(root)).await?;
            self.delete(edge.clone()).await?;
            return Ok(Ended::Whole);
        };
        if keys::is_export(&place) {
            self.end_at_once(item).await?;
            return Ok(Ended::Whole);
        }
        match fetched.get::<Conversation>(&place, &Unsealed, lens)? {
            Some(head) if head.held_by_team_at(lens.now).is_some() => Ok(Ended::Partly),
            Some(head) => self.end_whole_conversation(head, has_time, lens).await,
            None => {
                self.remove_root(item, lens.now).await?;
                Ok(Ended::Whole)
            }
        }
    }
}
