//! Erasures: how far one is, what it counted, and where the last mail of an erased account goes.
//!
//! There is one erasure of a subject, ever, so its id follows from the subject's: the same 128 bits
//! under another prefix. Nothing has to be written down when somebody asks for an erasure that begins
//! in seven days, and whoever knew the subject can ask for the receipt. The row holds counts, opaque
//! ids and keyed hashes; it stays when everything that it is about has gone.

use shared_derive::Record;

use super::{
    contact::Contact,
    field::Bytes,
    job::Mark,
    keyring::{TenantKey, Use},
    keys::Table,
    seal::KeyedHash,
};
use crate::domain::{
    AccountId, CallId, ContactId, ErasureId, MemberId, TenantId, Timestamp, WorkspaceId,
    erasure::{tally, totals},
    personal::Pseudonymous,
    receipt::CallsMeant,
    text::Email,
    words::Symbol,
};

pub use crate::domain::erasure::{ErasureKind, Stage, Tally};

/// Somebody's place in a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where.
    pub workspace: WorkspaceId,
    /// As which member.
    pub member: MemberId,
}

impl Symbol for Place {
    fn symbol(&self) -> String {
        format!("{} {}", self.workspace, self.member)
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let (workspace, member) = text.split_once(' ')?;
        Some(Self {
            workspace: workspace.parse().ok()?,
            member: member.parse().ok()?,
        })
    }
}

impl Pseudonymous for Place {}

/// An erasure.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = erasure(id), lists = erasure_list(id, stage, due_at), tenant = Platform,
    no_subject = "what shows that somebody was erased: opaque ids, counts and keyed hashes; 36 months",
    class = Erasure, anchor = updated_at,
)]
pub struct Erasure {
    /// Its id; that of the subject follows from it.
    #[personal(category = Pseudonym, purpose = ProveErasure, erase = Delete, open)]
    pub id: ErasureId,
    /// What is erased.
    #[non_personal(reason = "a kind of work")]
    pub erased: ErasureKind,
    /// Under whose keys it lay.
    #[non_personal(reason = "the id of a tenant")]
    pub tenant: TenantId,
    /// How far it is.
    #[non_personal(reason = "the state of an erasure")]
    pub stage: Stage,
    /// What was counted.
    #[non_personal(reason = "counts of rows by their kind")]
    pub tallies: Vec<Tally>,
    /// The places of an account in workspaces; empty as soon as it is done.
    #[personal(category = Pseudonym, purpose = ProveErasure, erase = Delete, open)]
    pub places: Vec<Place>,
    /// Whom to tell when it is done: the owners of a workspace. Empty as soon as they were told.
    #[personal(category = Pseudonym, purpose = ProveErasure, erase = Delete, open)]
    pub owners: Vec<AccountId>,
    /// Who may see it when the workspace is gone: its owners, as keyed hashes.
    #[personal(category = Identifier, purpose = ProveErasure, erase = Delete, keyed)]
    pub readers: Vec<KeyedHash>,
    /// The part of the tables that is being read.
    #[non_personal(reason = "the number of a part of a table")]
    pub list: u32,
    /// The last item of that part that is done.
    #[personal(category = Pseudonym, purpose = ProveErasure, erase = Delete, open)]
    pub after: Option<Mark>,
    /// How many items this stage has met that had to go.
    #[non_personal(reason = "a count of rows")]
    pub met: u64,
    /// How many items stay behind because of a hold.
    #[non_personal(reason = "a count of rows")]
    pub held: u64,
    /// When the last of these holds ends, as far as this stage has seen.
    #[non_personal(reason = "when a hold ends")]
    pub held_until: Option<Timestamp>,
    /// When it goes on.
    #[non_personal(reason = "when a piece of work goes on")]
    pub due_at: Timestamp,
    /// When it began.
    #[non_personal(reason = "when a piece of work began")]
    pub started_at: Timestamp,
    /// Its last step.
    #[non_personal(reason = "when a piece of work went on")]
    pub updated_at: Timestamp,
    /// When it was done.
    #[non_personal(reason = "when a piece of work was done")]
    pub finished_at: Option<Timestamp>,
    /// Where in the ledger its receipt may be, from when it is about to be written.
    #[non_personal(reason = "the number of an entry")]
    pub ledger_from: Option<u64>,
    /// What was signed when it was done.
    #[non_personal(reason = "a signed list of counts, opaque ids and keyed hashes")]
    pub receipt: Option<Bytes>,
    /// The erasures of the other contacts of the same person.
    #[personal(category = Pseudonym, purpose = ProveErasure, erase = Delete, open)]
    pub together: Option<Vec<ErasureId>>,
    /// Of calls: which ones.
    #[personal(category = Pseudonym, purpose = ProveErasure, erase = Delete, open)]
    pub calls: Option<CallsMeant>,
    /// Of a contact: the last of the workspace's calls that was looked at, while some are left.
    #[personal(category = Pseudonym, purpose = ProveErasure, erase = Delete, open)]
    pub calls_reached: Option<CallId>,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl Erasure {
    /// An erasure that begins.
    pub fn new(id: ErasureId, erased: ErasureKind, tenant: TenantId, now: Timestamp) -> Self {
        Self {
            id,
            erased,
            tenant,
            stage: Stage::Counting,
            tallies: Vec::new(),
            places: Vec::new(),
            owners: Vec::new(),
            readers: Vec::new(),
            list: 0,
            after: None,
            met: 0,
            held: 0,
            held_until: None,
            due_at: now,
            started_at: now,
            updated_at: now,
            finished_at: None,
            ledger_from: None,
            receipt: None,
            together: None,
            calls: None,
            calls_reached: None,
            rev: 1,
        }
    }

    /// That calls were deleted, the one or those that are meant: nothing is left to do but the receipt.
    pub fn of_calls(
        workspace: WorkspaceId,
        one: Option<CallId>,
        meant: CallsMeant,
        tallies: Vec<Tally>,
        now: Timestamp,
    ) -> Self {
        let tenant = TenantId::Workspace(workspace);
        let id = one.map_or(ErasureId::new(now), |call| {
            ErasureId::from_uuid(call.uuid())
        });
        let begun = Self::new(id, ErasureKind::Calls, tenant, now);
        Self {
            stage: Stage::Verifying,
            calls: Some(meant),
            tallies,
            ..begun
        }
    }

    /// The erasure of an account.
    pub const fn of_account(id: AccountId) -> ErasureId {
        ErasureId::from_uuid(id.uuid())
    }

    /// The erasure of a contact.
    pub const fn of_contact(id: ContactId) -> ErasureId {
        ErasureId::from_uuid(id.uuid())
    }

    /// The erasure of a contact that begins, with those of the other contacts of the same person.
    pub fn begin_of(contact: &Contact, now: Timestamp) -> Self {
        let others: Vec<ErasureId> = contact.others().map(Self::of_contact).collect();
        let tenant = TenantId::Workspace(contact.workspace);
        Self {
            together: (!others.is_empty()).then_some(others),
            ..Self::new(
                Self::of_contact(contact.id),
                ErasureKind::Contact,
                tenant,
                now,
            )
        }
    }

    /// The erasure of a workspace.
    pub const fn of_workspace(id: WorkspaceId) -> ErasureId {
        ErasureId::from_uuid(id.uuid())
    }

    /// The subject, as its kind writes it.
    pub fn subject(&self) -> String {
        self.erased.subject(self.id)
    }

    /// As what an account is remembered among those who may see an erasure.
    pub fn reader(platform_key: &TenantKey, account: AccountId) -> KeyedHash {
        platform_key.hash(Use::Erasure, &account.to_string())
    }

    /// The erasure at its next stage, from the beginning of the tables.
    pub fn at(mut self, stage: Stage) -> Self {
        self.stage = stage;
        (self.list, self.after, self.met) = (0, None, 0);
        (self.held, self.held_until) = (0, None);
        self
    }

    /// Adds to what there was.
    pub fn count_before(&mut self, table: Table, kind: &str, count: u64) {
        tally(&mut self.tallies, table, kind).before += count;
    }

    /// Adds to what there is still.
    pub fn count_after(&mut self, table: Table, kind: &str, count: u64) {
        tally(&mut self.tallies, table, kind).after += count;
    }

    /// How many items there were, and how many there are.
    pub fn totals(&self) -> (u64, u64) {
        totals(&self.tallies)
    }
}

/// Where the last mail of an erased account goes: written when the account itself goes, and taken
/// away with the mail.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = farewell(id), tenant = Platform,
    no_subject = "the address of somebody who was erased, for the mail that says so; two days at most",
    class = Farewell, anchor = created_at,
)]
pub struct Farewell {
    /// Of which erasure.
    #[personal(category = Pseudonym, purpose = ProveErasure, erase = Delete, open)]
    pub id: ErasureId,
    /// Where the mail goes.
    #[personal(category = Contact, purpose = ProveErasure, erase = Delete)]
    pub email: Email,
    /// When the account went.
    #[non_personal(reason = "when a piece of work went on")]
    pub created_at: Timestamp,
}
