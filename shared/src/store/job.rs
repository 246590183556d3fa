//! Work that goes on after its answer: jobs, their list, and how far the sweep has got.

use shared_derive::Record;

use super::keys::{Key, Table};
use crate::{
    domain::{
        ConversationId, JobId, MemberId, Timestamp, WorkspaceId, personal::Pseudonymous,
        words::Symbol,
    },
    words,
};

words! {
    /// What a job does.
    pub enum JobKind {
        /// Gives the conversations of a member who has gone to somebody else, or to nobody.
        Handover = "handover",
        /// Moves the stamps of a conversation's content behind its hold.
        Hold = "hold",
        /// Gives the open conversations of a member who is away to nobody, or back to their teams.
        Reassign = "reassign",
        /// Gives a conversation's content back the ends that follow from its anchors.
        Release = "release",
        /// Gives everything in a workspace the end that its present retention says.
        Restamp = "restamp",
    }
}

words! {
    /// How far a job is.
    pub enum JobState {
        /// Nothing is left to do.
        Done = "done",
        /// It waits for its first step.
        Queued = "queued",
        /// It has begun.
        Running = "running",
    }
}

/// A place in a list: the item, and its sort key in the list's index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The item.
    pub key: Key,
    /// Its sort key in the index; empty in a table.
    pub index_sort_key: String,
}

impl Symbol for Mark {
    fn symbol(&self) -> String {
        let table = match self.key.table {
            Table::Data => "data",
            Table::Keys => "keys",
        };
        [table, &self.key.pk, &self.key.sk, &self.index_sort_key].join("\n")
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, '\n').map(str::to_owned);
        let table = match parts.next()?.as_str() {
            "data" => Table::Data,
            "keys" => Table::Keys,
            _ => return None,
        };
        let key = Key {
            table,
            pk: parts.next()?,
            sk: parts.next()?,
        };
        Some(Self {
            key,
            index_sort_key: parts.next()?,
        })
    }
}

// Keys are made of opaque ids and keyed hashes.
impl Pseudonymous for Mark {}

/// A job of a workspace, and how far it has got.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = job(workspace, id), tenant = workspace,
    no_subject = "work on a workspace; it points at a conversation by its opaque id only, for 30 days",
    class = Job, anchor = updated_at,
)]
pub struct Job {
    /// Its id.
    #[non_personal(reason = "the id of a piece of work")]
    pub id: JobId,
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// What it does.
    #[non_personal(reason = "a kind of work")]
    pub job_kind: JobKind,
    /// How far it is.
    #[non_personal(reason = "the state of a piece of work")]
    pub job_state: JobState,
    /// The one conversation it is about, if it is about one.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub conversation: Option<ConversationId>,
    /// The member who has gone or is away, if it is about one.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub member: Option<MemberId>,
    /// Who gets what they leave behind; nobody, where there is none.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub heir: Option<MemberId>,
    /// The list that it walks now: a shard of the change index, then the contacts; of a member who
    /// has gone, a queue, then what they kept.
    #[non_personal(reason = "the number of a list")]
    pub list: u32,
    /// The last entry of that list that is done.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub after: Option<Mark>,
    /// The last item that is done of the entry after that one.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub within: Option<Mark>,
    /// How many roots are done.
    #[non_personal(reason = "a count of rows")]
    pub roots: u64,
    /// How many items were changed.
    #[non_personal(reason = "a count of rows")]
    pub items: u64,
    /// When it was asked for.
    #[non_personal(reason = "when a piece of work was asked for")]
    pub created_at: Timestamp,
    /// Its last step.
    #[non_personal(reason = "when a piece of work went on")]
    pub updated_at: Timestamp,
    /// When it was done.
    #[non_personal(reason = "when a piece of work was done")]
    pub finished_at: Option<Timestamp>,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl Job {
    /// A job that waits.
    pub fn new(
        workspace: WorkspaceId,
        job_kind: JobKind,
        conversation: Option<ConversationId>,
        now: Timestamp,
    ) -> Self {
        Self {
            id: JobId::new(now),
            workspace,
            job_kind,
            job_state: JobState::Queued,
            conversation,
            member: None,
            heir: None,
            list: 0,
            after: None,
            within: None,
            roots: 0,
            items: 0,
            created_at: now,
            updated_at: now,
            finished_at: None,
            rev: 1,
        }
    }

    /// A job that hands over what `member` leaves behind.
    pub fn handover(
        workspace: WorkspaceId,
        member: MemberId,
        heir: Option<MemberId>,
        now: Timestamp,
    ) -> Self {
        Self {
            member: Some(member),
            heir,
            ..Self::new(workspace, JobKind::Handover, None, now)
        }
    }

    /// A job that gives back what `member` has open; they stay.
    pub fn reassign(workspace: WorkspaceId, member: MemberId, now: Timestamp) -> Self {
        Self {
            member: Some(member),
            ..Self::new(workspace, JobKind::Reassign, None, now)
        }
    }

    /// The row that brings the job to the schedule.
    pub const fn opened(&self) -> OpenJob {
        OpenJob {
            id: self.id,
            workspace: self.workspace,
            job_kind: self.job_kind,
            conversation: self.conversation,
            member: self.member,
            heir: self.heir,
            created_at: self.created_at,
        }
    }
}

/// That a job is not done: the schedule looks here, and the row goes with the last step. It holds
/// what the job begins with, should nothing have run for so long that the job itself has expired.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = open_job(id), tenant = Platform,
    no_subject = "the id of a piece of work that is not done", class = Operation, anchor = created_at,
)]
pub struct OpenJob {
    /// Which.
    #[non_personal(reason = "the id of a piece of work")]
    pub id: JobId,
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// What it does.
    #[non_personal(reason = "a kind of work")]
    pub job_kind: JobKind,
    /// The one conversation it is about, if it is about one.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub conversation: Option<ConversationId>,
    /// The member who has gone, if it is about one.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub member: Option<MemberId>,
    /// Who gets what they leave behind.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub heir: Option<MemberId>,
    /// When it was asked for.
    #[non_personal(reason = "when a piece of work was asked for")]
    pub created_at: Timestamp,
}

/// A part of a table that the sweep reads from end to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepSegment {
    /// Which table.
    pub table: Table,
    /// Which part of it.
    pub segment: u16,
}

impl Symbol for SweepSegment {
    fn symbol(&self) -> String {
        let table = match self.table {
            Table::Data => "data",
            Table::Keys => "keys",
        };
        format!("{table}#{:03}", self.segment)
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let (table, segment) = text.split_once('#')?;
        let table = match table {
            "data" => Table::Data,
            "keys" => Table::Keys,
            _ => return None,
        };
        Some(Self {
            table,
            segment: segment.parse().ok()?,
        })
    }
}

/// How far the sweep has got in one segment.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = sweep(segment), tenant = Platform,
    no_subject = "a position of the sweep; it moves on within the hour", class = Operation, anchor = updated_at,
)]
pub struct SweepMark {
    /// Where.
    #[non_personal(reason = "the number of a part of a table")]
    pub segment: SweepSegment,
    /// The last item that was looked at; none at the beginning.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub after: Option<Mark>,
    /// When the whole segment had been looked at last.
    #[non_personal(reason = "when a part of a table was read")]
    pub completed_at: Option<Timestamp>,
    /// The last step.
    #[non_personal(reason = "when a part of a table was read")]
    pub updated_at: Timestamp,
}
