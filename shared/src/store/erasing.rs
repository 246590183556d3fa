//! Erasures, from the smallest to the largest: a conversation that somebody deleted, a contact, an
//! account, a workspace.
//!
//! The end of a conversation:
//!
//! The head is fenced and a tombstone set, in one transaction: from then on nobody reads or writes
//! the thread, and clients learn that it is gone. Then the parts go, what members keep about it,
//! and last the head with its data key and its edge. Every step may be repeated; what is left half
//! way is in the index of deadlines, and the schedule of the minute goes on.

mod account;
pub mod again;
mod calls;
mod contact;
mod progress;
mod receipt;
mod workspace;

pub use calls::{CallDeletion, meant, says_deleted, says_lifted};
pub use progress::GRACE;

use super::{
    audit::Line,
    continuity::{Continuity, reply_address},
    conversation::{Conversation, Tombstone},
    db::{Store, StoreError},
    keys::{self, FileOwner, Key, Table},
    message::RACES,
    query::{Listed, Query},
    record::{Record as _, Stored, read_item},
    remains::declaration_of,
    seal::Unsealed,
    subject::{RootRef, State, SubjectId},
    transaction::{CommitError, Transaction},
};
use crate::domain::{MemberId, TenantId, Timestamp, policy::Lens};

/// How many parts one transaction takes with the address for replies, and one request takes away.
const PARTS: usize = 99;
/// Members of a page, with four items each: a transaction takes a hundred.
const MEMBERS: u16 = 25;

/// How far the end of a conversation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is left of it but the tombstone.
    Whole,
    /// It is fenced; parts are left for the schedule, or for the next call.
    Partly,
    /// Somebody put it on hold a moment ago: it stays.
    Held,
}

/// What came of fencing a head.
enum Fenced {
    Yes(Box<Conversation>),
    /// It is gone already.
    Gone,
    Held,
}

impl Store {
    /// Deletes a conversation whose head was read as `head`, be it alive or fenced already. The line
    /// of the audit log goes in when it is fenced, once.
    pub async fn end_conversation(
        &self,
        head: Conversation,
        line: Option<Line<'_>>,
        lens: Lens<'_>,
    ) -> Result<Ended, StoreError> {
        let head = match self.fence(head, line, lens).await? {
            Fenced::Yes(head) => *head,
            Fenced::Gone => return Ok(Ended::Whole),
            Fenced::Held => return Ok(Ended::Held),
        };
        if !self.delete_parts(&head, lens.now).await? {
            return Ok(Ended::Partly);
        }
        self.delete_what_members_keep(&head, lens.now).await?;
        let at_head = keys::conversation(head.workspace, head.id);
        let root = RootRef::of(&at_head);
        let tenant = TenantId::Workspace(head.workspace);
        let edge = keys::edge(tenant, SubjectId::Contact(head.contact), root.clone());
        self.remove(vec![at_head, edge, keys::data_key(&root)], lens.now)
            .await?;
        Ok(Ended::Whole)
    }

    /// Deletes a conversation, however long it is, while `has_time` says so.
    ///
    /// # Errors
    /// When storage fails; the next call goes on.
    pub async fn end_whole_conversation(
        &self,
        head: Conversation,
        has_time: impl Fn() -> bool,
        lens: Lens<'_>,
    ) -> Result<Ended, StoreError> {
        let mut next = head;
        loop {
            let place = keys::conversation(next.workspace, next.id);
            let ended = self.end_conversation(next, None, lens).await?;
            if ended != Ended::Partly || !has_time() {
                return Ok(ended);
            }
            let fetched = self.batch(vec![place.clone()]).await?;
            match fetched.get::<Conversation>(&place, &Unsealed, lens)? {
                Some(head) => next = head,
                None => return Ok(Ended::Partly),
            }
        }
    }

    /// Fences the head and sets the tombstone.
    async fn fence(
        &self,
        mut head: Conversation,
        line: Option<Line<'_>>,
        lens: Lens<'_>,
    ) -> Result<Fenced, StoreError> {
        for _ in 0..RACES {
            if head.state == State::Erasing {
                return Ok(Fenced::Yes(Box::new(head)));
            }
            let mut next = head.clone();
            next.state = State::Erasing;
            next.touch(lens.now);
            let tombstone = Tombstone {
                workspace: next.workspace,
                conversation: next.id,
                contact: next.contact,
                assignee: next.assignee,
                team: next.team,
                deleted_at: next.changed_at,
            };
            let next = Stored::next(next, lens.policy);
            let mut transaction = Transaction::new(lens.now);
            let at_head = transaction.replace(&next, &Unsealed)?;
            transaction.overwrite(&Stored::new(tombstone, lens.policy), &Unsealed)?;
            if let Some(line) = line.clone() {
                transaction.audit(line)?;
            }
            let refusal = match self.commit(transaction).await {
                Ok(()) => return Ok(Fenced::Yes(Box::new(next.into_record()))),
                Err(CommitError::Store(error)) => return Err(error),
                Err(CommitError::Refused(refusal)) => refusal,
            };
            let Some(found) = refusal.found(at_head) else {
                return Ok(Fenced::Gone);
            };
            let Some(now) = read_item::<Conversation>(found, &Unsealed, lens)? else {
                return Ok(Fenced::Gone);
            };
            if now.state != State::Erasing && now.held_by_team_at(lens.now).is_some() {
                return Ok(Fenced::Held);
            }
            head = now;
        }
        Err(StoreError::Conflict)
    }

    /// Deletes messages and client ids; `false` when some are left.
    async fn delete_parts(&self, head: &Conversation, now: Timestamp) -> Result<bool, StoreError> {
        // Head and tombstone stay, and one more tells whether that was all.
        let most = u16::try_from(PARTS + 3).unwrap_or(u16::MAX);
        let query = Query::partition(keys::thread(head.workspace, head.id)).limit(most);
        // A page ends with its megabyte too, which long messages come to sooner.
        let Listed { items, more } = self.page(query).await?;
        let stays = [keys::HEAD, keys::TOMBSTONE];
        let parts = items
            .iter()
            .filter_map(|item| super::db::key_of(Table::Data, item));
        let mut parts: Vec<Key> = parts
            .filter(|key| !stays.contains(&key.sk.as_str()))
            .collect();
        let all = !more && parts.len() <= PARTS;
        parts.truncate(PARTS);
        // The address for replies lies elsewhere.
        let row = items.iter().find(|item| {
            super::db::key_of(Table::Data, item).is_some_and(|key| parts.contains(&key))
                && declaration_of(item).is_some_and(|one| one.name == Continuity::DECLARATION.name)
        });
        parts.extend(row.and_then(reply_address));
        // Files first: nothing would lead to them any more.
        if parts.iter().any(keys::has_files) {
            let owner = FileOwner::Conversation(head.id);
            self.erase_files_of(head.workspace, owner).await?;
        }
        self.remove(parts, now).await?;
        Ok(all)
    }

    /// Deletes read marks, drafts, and what members are shown: they lie with the members.
    async fn delete_what_members_keep(
        &self,
        head: &Conversation,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let list = keys::memberships(head.workspace);
        let mut low = "0".to_owned();
        loop {
            let query = Query::lists(list.clone())
                .between(low.clone(), "~")
                .limit(MEMBERS);
            let items = self.query(query).await?;
            let id = |item: &super::record::Item| -> Option<MemberId> {
                item.get("pk")?
                    .as_s()
                    .ok()?
                    .rsplit('#')
                    .next()?
                    .parse()
                    .ok()
            };
            let members: Vec<MemberId> = items.iter().filter_map(id).collect();
            let keep = |member: &MemberId| {
                [
                    keys::read_mark(head.workspace, *member, head.id),
                    keys::draft(head.workspace, *member, head.id),
                    keys::mention(head.workspace, *member, head.id),
                    keys::news(head.workspace, *member, head.id),
                ]
            };
            self.remove(members.iter().flat_map(keep).collect(), now)
                .await?;
            match members.last() {
                Some(last) if members.len() == usize::from(MEMBERS) => low = format!("{last}!"),
                _ => return Ok(()),
            }
        }
    }

    /// Deletes up to 100 items, whether or not they are there, in one transaction.
    async fn remove(&self, keys: Vec<Key>, now: Timestamp) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut transaction = Transaction::new(now);
        for key in keys {
            transaction.remove(key);
        }
        match self.commit(transaction).await {
            Ok(()) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
            Err(CommitError::Refused(_)) => Err(StoreError::Corrupt("a deletion that was refused")),
        }
    }
}
