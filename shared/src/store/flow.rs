//! Flows: a draft that changes, versions that never do, and which version is in use where.
//!
//! A document has up to 512 KiB and an item less, so it lies in pieces beside its head or its version,
//! sealed under the key of the flow. A version is found again by the keyed hash of its document: the
//! same document is the same version.

use shared_derive::Record;

use super::{
    db::{Fetched, StoreError},
    keyring::{TenantKey, Use},
    keys::{self, Key},
    record::Stored,
    seal::{DataKey, KeyedHash},
    subject::SubjectId,
    transaction::Transaction,
};
use crate::domain::{
    FlowId, Timestamp, WorkspaceId,
    flow::{Environment, MOST_PIECES, Piece},
    policy::{Lens, Policy},
    text::Name,
};

/// A flow.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = flow(workspace, id), lists = flow_list(workspace, id), tenant = workspace,
    no_subject = "a flow belongs to the workspace that built it; it goes when a member deletes it",
    class = Workspace, anchor = created_at,
)]
pub struct Flow {
    /// Its id.
    #[non_personal(reason = "the id of a flow", export)]
    pub id: FlowId,
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// What the team calls it; sealed, because it has room for anybody's name.
    #[personal(category = Content, purpose = RunWorkspace, erase = Delete)]
    pub name: Name,
    /// Who made it.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Pseudonymise, open)]
    pub made_by: SubjectId,
    /// How long its draft is, in bytes.
    #[non_personal(reason = "the size of a document")]
    pub draft_bytes: u64,
    /// Whether its tests have to hold before it is published.
    #[non_personal(reason = "a setting of a flow", export)]
    pub tests_required: bool,
    /// The number of its last version; 0 before the first.
    #[non_personal(reason = "a count of versions", export)]
    pub last_version: u64,
    /// The version that visitors go through.
    #[non_personal(reason = "the number of a version", export)]
    pub live_version: Option<u64>,
    /// The one before it, which a rollback goes back to.
    #[non_personal(reason = "the number of a version")]
    pub live_before: Option<u64>,
    /// The version that is tried out.
    #[non_personal(reason = "the number of a version", export)]
    pub test_version: Option<u64>,
    /// The one before it.
    #[non_personal(reason = "the number of a version")]
    pub test_before: Option<u64>,
    /// When it was made.
    #[non_personal(reason = "when a flow was made", export)]
    pub created_at: Timestamp,
    /// When it was changed last.
    #[non_personal(reason = "when a flow was changed", export)]
    pub updated_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl Flow {
    /// The version in use, and the one before it.
    pub const fn in_use(&self, environment: Environment) -> (Option<u64>, Option<u64>) {
        match environment {
            Environment::Live => (self.live_version, self.live_before),
            Environment::Test => (self.test_version, self.test_before),
        }
    }

    /// Takes another version into use, or none.
    pub const fn switch(&mut self, environment: Environment, version: Option<u64>) {
        match environment {
            Environment::Live => {
                self.live_before = self.live_version;
                self.live_version = version;
            }
            Environment::Test => {
                self.test_before = self.test_version;
                self.test_version = version;
            }
        }
    }
}

/// A piece of a document: of a version, or of the draft.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = flow_piece(workspace, flow, version, piece), tenant = workspace,
    within = Flow, class = Workspace, anchor = created_at,
)]
pub struct FlowPiece {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Of which flow.
    #[non_personal(reason = "the id of a flow", export)]
    pub flow: FlowId,
    /// Of which version; the draft's have none.
    #[non_personal(reason = "the number of a version", export)]
    pub version: Option<u64>,
    /// Its place among the pieces of the document.
    #[non_personal(reason = "a position", export)]
    pub piece: u64,
    /// What it says.
    #[personal(category = Content, purpose = RunWorkspace, erase = Delete)]
    pub text: Piece,
    /// When it was written.
    #[non_personal(reason = "when a flow was changed")]
    pub created_at: Timestamp,
}

/// The tests that live with a flow.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = flow_tests(workspace, flow), tenant = workspace,
    within = Flow, class = Workspace, anchor = created_at,
)]
pub struct FlowTests {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Of which flow.
    #[non_personal(reason = "the id of a flow", export)]
    pub flow: FlowId,
    /// The tests, as JSON.
    #[personal(category = Content, purpose = RunWorkspace, erase = Delete)]
    pub text: Piece,
    /// When they were written.
    #[non_personal(reason = "when a flow was changed")]
    pub created_at: Timestamp,
}

/// A published version: it never changes.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = flow_version(workspace, flow, number), tenant = workspace,
    within = Flow, class = Workspace, anchor = published_at,
)]
pub struct FlowVersion {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Of which flow.
    #[non_personal(reason = "the id of a flow", export)]
    pub flow: FlowId,
    /// Its number: 1 is the first.
    #[non_personal(reason = "the number of a version", export)]
    pub number: u64,
    /// What recognises its document.
    #[non_personal(reason = "a keyed hash of a document of the workspace")]
    pub hash: KeyedHash,
    /// How long its document is, in bytes.
    #[non_personal(reason = "the size of a document")]
    pub bytes: u64,
    /// How many nodes it has.
    #[non_personal(reason = "the size of a document")]
    pub nodes: u64,
    /// Who published it.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Pseudonymise, open)]
    pub published_by: SubjectId,
    /// When.
    #[non_personal(reason = "when a flow was published", export)]
    pub published_at: Timestamp,
}

/// Which document of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// Of which flow.
    pub flow: FlowId,
    /// Of which version; none is the draft.
    pub version: Option<u64>,
}

impl Place {
    /// Where its pieces lie.
    pub fn keys(self) -> impl Iterator<Item = Key> {
        let piece = move |n| keys::flow_piece(self.workspace, self.flow, self.version, n);
        (0..MOST_PIECES).map(piece)
    }

    /// The document out of a batch that asked for [`Place::keys`]; none when it is not there.
    ///
    /// # Errors
    /// When it does not open.
    pub fn read(
        self,
        fetched: &Fetched,
        key: &DataKey,
        lens: Lens<'_>,
    ) -> Result<Option<String>, StoreError> {
        let mut whole = None;
        for place in self.keys() {
            let Some(piece) = fetched.get::<FlowPiece>(&place, key, lens)? else {
                break;
            };
            whole
                .get_or_insert_with(String::new)
                .push_str(piece.text.reveal());
        }
        Ok(whole)
    }

    /// Writes the document, over what was there: whoever calls this holds a condition on its head, or
    /// makes the version with it.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn write(
        self,
        transaction: &mut Transaction,
        text: &str,
        key: &DataKey,
        (policy, now): (&Policy, Timestamp),
    ) -> Result<(), StoreError> {
        let pieces = Piece::all_of(text);
        let mut left = self.keys();
        for (n, text) in (0..).zip(pieces) {
            left.next();
            let piece = FlowPiece {
                workspace: self.workspace,
                flow: self.flow,
                version: self.version,
                piece: n,
                text,
                created_at: now,
            };
            transaction.overwrite(&Stored::new(piece, policy), key)?;
        }
        if self.version.is_none() {
            for gone in left {
                transaction.remove(gone);
            }
        }
        Ok(())
    }
}

/// What recognises a document within a workspace.
pub fn document_hash(tenant_key: &TenantKey, text: &str) -> KeyedHash {
    tenant_key.hash(Use::Flow, text)
}
