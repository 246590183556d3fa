//! Copies of somebody's data, made for them: how far each has got, and its parts.
//!
//! The parts are files, sealed under the key of the export, which is a root of its own: it ends
//! after seven days, or earlier with the person that it is about.

use std::fmt;

use aws_lc_rs::rand;
use data_encoding::HEXLOWER;
use shared_derive::Record;

use super::{
    db::{Store, StoreError, key_of},
    field::Field,
    job::{JobState, Mark},
    keyring::{TenantKey, Use},
    keys::{self, Key, Table},
    query::Query,
    record::Stored,
    seal::Unsealed,
    subject::{RootRef, SubjectId},
    transaction::Transaction,
};
use crate::{
    domain::{
        ContactId, ConversationId, ExportId, Policy, RequestId, TenantId, Timestamp, WorkspaceId,
        archive::{FileEntry, tables::ExportFormat},
        token::{self, Secret},
        words::Symbol,
    },
    words,
};

/// What the token of the mailed link opens with.
const LINK_PREFIX: &str = "cp";

words! {
    /// Whose data an export holds, and for whom it is made.
    pub enum ExportKind {
        /// An account's, for its holder.
        Account = "account",
        /// A contact's, for the workspace, which answers the contact's request with it.
        Contact = "contact",
        /// Some conversations of a contact, for somebody outside.
        Disclosure = "disclosure",
        /// A contact's, for the visitor.
        Visitor = "visitor",
        /// A whole workspace, for its owner.
        Workspace = "workspace",
    }
}

/// An export, and how far it has got.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = export(tenant, id), lists = export_list(tenant, subject, export_kind, id),
    due = export_due(tenant, id, export_state, created_at),
    tenant = tenant, subject = subject, class = Export, anchor = created_at,
)]
pub struct Export {
    /// Its id.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub id: ExportId,
    /// Whose keys it is under.
    #[non_personal(reason = "the id of a tenant")]
    pub tenant: TenantId,
    /// Whom it is about; of a whole workspace, who asked for it.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub subject: SubjectId,
    /// What it holds.
    #[non_personal(reason = "a kind of work")]
    pub export_kind: ExportKind,
    /// In which form, where it is another than that of archives.
    #[non_personal(reason = "a form of files")]
    pub format: Option<ExportFormat>,
    /// Which conversations alone; none where it is everything.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub scope: Vec<ConversationId>,
    /// The other contacts of the same person, from its first step on.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub together: Option<Vec<ContactId>>,
    /// Which request it answers, where one asked for it.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub request: Option<RequestId>,
    /// How far it is.
    #[non_personal(reason = "the state of a piece of work")]
    pub export_state: JobState,
    /// The list that it walks now.
    #[non_personal(reason = "the number of a list")]
    pub list: u32,
    /// The last entry of that list that is done.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub after: Option<Mark>,
    /// The last item that is done of the entry after that one.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub within: Option<Mark>,
    /// How many parts there are, the manifest aside.
    #[non_personal(reason = "a count of files")]
    pub parts: u32,
    /// How many records they hold.
    #[non_personal(reason = "a count of rows")]
    pub records: u64,
    /// When it was asked for.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub created_at: Timestamp,
    /// When it was done.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub finished_at: Option<Timestamp>,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl Export {
    /// An export that waits for its first step.
    pub fn new(
        tenant: TenantId,
        subject: SubjectId,
        export_kind: ExportKind,
        now: Timestamp,
    ) -> Self {
        Self {
            id: ExportId::new(now),
            tenant,
            subject,
            export_kind,
            format: None,
            scope: Vec::new(),
            together: None,
            request: None,
            export_state: JobState::Queued,
            list: 0,
            after: None,
            within: None,
            parts: 0,
            records: 0,
            created_at: now,
            finished_at: None,
            rev: 1,
        }
    }

    /// The form of its flat files; none where it is an archive.
    pub fn flat(&self) -> Option<ExportFormat> {
        self.format.filter(|form| *form != ExportFormat::Json)
    }

    /// The copy that answers a request: for whom it is about, and of nobody else.
    pub fn for_request(
        tenant: TenantId,
        subject: SubjectId,
        request: RequestId,
        now: Timestamp,
    ) -> Self {
        let kind = match tenant {
            TenantId::Platform => ExportKind::Account,
            TenantId::Workspace(_) => ExportKind::Visitor,
        };
        Self {
            request: Some(request),
            ..Self::new(tenant, subject, kind, now)
        }
    }

    /// The token of the link that leads somebody without an account to their copy: computed, so that
    /// it is stored nowhere.
    pub fn link_token(tenant_key: &TenantKey, workspace: WorkspaceId, id: ExportId) -> String {
        let place = [workspace.uuid(), id.uuid()];
        token::write(LINK_PREFIX, &place, &Self::secret(tenant_key, id))
    }

    /// Which copy the token of a link names, and the secret it brings.
    pub fn read_link_token(text: &str) -> Option<(WorkspaceId, ExportId, Secret)> {
        let ([workspace, id], secret) = token::read::<2>(LINK_PREFIX, text)?;
        let (workspace, id) = (WorkspaceId::from_uuid(workspace), ExportId::from_uuid(id));
        Some((workspace, id, secret))
    }

    /// The secret part of the link.
    pub fn secret(tenant_key: &TenantKey, id: ExportId) -> Secret {
        let hash = tenant_key.hash(Use::Code, &format!("copy {id}"));
        Secret::from_bytes(*hash.as_bytes())
    }

    /// An export of some conversations of a contact, for somebody outside.
    pub fn of_conversations(
        workspace: WorkspaceId,
        contact: ContactId,
        scope: Vec<ConversationId>,
        now: Timestamp,
    ) -> Self {
        let export = Self::new(
            workspace.into(),
            contact.into(),
            ExportKind::Disclosure,
            now,
        );
        Self { scope, ..export }
    }
}

/// SHA-256 of a part, as an archive's manifest writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum(pub String);

impl Symbol for Checksum {
    fn symbol(&self) -> String {
        self.0.clone()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }
}

/// How many records of a kind there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The kind.
    pub kind: String,
    /// How many.
    pub count: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.count)
    }
}

impl Symbol for Tally {
    fn symbol(&self) -> String {
        self.to_string()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let (kind, count) = text.split_once(':')?;
        Some(Self {
            kind: kind.to_owned(),
            count: count.parse().ok()?,
        })
    }
}

/// A part of an export: number 0 is the manifest.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = export_part_row(tenant, export, number), tenant = tenant,
    within = Export, class = Export, anchor = created_at,
)]
pub struct ExportPart {
    /// Of which export.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub export: ExportId,
    /// Whose keys it is under.
    #[non_personal(reason = "the id of a tenant")]
    pub tenant: TenantId,
    /// Which part.
    #[non_personal(reason = "the number of a file")]
    pub number: u32,
    /// What the file must hash to.
    #[non_personal(reason = "the hash of a file whose content has random ids in it")]
    pub sha256: Checksum,
    /// How large it is.
    #[non_personal(reason = "the size of a file")]
    pub bytes: u64,
    /// What is in it.
    #[non_personal(reason = "a count of rows")]
    pub tallies: Vec<Tally>,
    /// Which file it is; absent for a document of records.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub file: Option<FileEntry>,
    /// Which run wrote it, as the name of the file says; absent of before names said so.
    #[non_personal(reason = "a random number")]
    pub run: Option<u64>,
    /// How often it was fetched.
    #[non_personal(reason = "a count of downloads")]
    pub downloads: u64,
    /// When the export was asked for.
    #[non_personal(reason = "when a piece of work was asked for")]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl ExportPart {
    /// The number of a run that writes parts: no other run has it.
    ///
    /// # Errors
    /// When there is no chance to be had.
    pub fn run() -> Result<u64, StoreError> {
        let mut bytes = [0; 8];
        rand::fill(&mut bytes).map_err(|_| StoreError::Random)?;
        Ok(u64::from_be_bytes(bytes))
    }
}

impl Transaction {
    /// Begins an export: the schedule of the minute makes it. Whom it is about has to be there.
    ///
    /// # Errors
    /// When the records cannot be written.
    pub fn begin_export(
        &mut self,
        export: Export,
        tenant_key: &TenantKey,
    ) -> Result<Stored<Export>, StoreError> {
        let place = keys::export(export.tenant, export.id);
        let data_key = tenant_key.new_data_key(&place, export.created_at)?;
        let stored = Stored::new(export, &Policy::platform());
        self.create_root(&stored, &Unsealed, &data_key)?;
        Ok(stored)
    }
}

/// How many exports are looked at once; there are three at most of one kind.
const PAGE: u16 = 100;

impl Store {
    /// Ends the exports of a whole workspace that were asked for until `until`: somebody who may be
    /// in them is being erased. Later ones leave out who is fenced.
    ///
    /// # Errors
    /// When storage failed; doing it again is safe.
    pub async fn end_whole_exports(
        &self,
        workspace: WorkspaceId,
        until: Timestamp,
    ) -> Result<u64, StoreError> {
        let list = keys::whole_exports(workspace.into());
        let items = self.query(Query::lists(list).limit(PAGE)).await?;
        let heads: Vec<Key> = items
            .iter()
            .filter_map(|item| key_of(Table::Data, item))
            .collect();
        if heads.is_empty() {
            return Ok(0);
        }
        let fetched = self.batch_all(heads.clone()).await?;
        let mut ended = 0;
        for item in heads.iter().filter_map(|head| fetched.raw(head)) {
            let asked = Timestamp::read(item.get("created_at"));
            if asked.is_none_or(|asked| asked <= until) {
                self.end_at_once(item).await?;
                ended += 1;
            }
        }
        Ok(ended)
    }

    /// Deletes the files of a root that is not there any more.
    ///
    /// # Errors
    /// When storage failed; doing it again is safe.
    pub async fn remove_lost_files(&self, head: &Key) -> Result<(), StoreError> {
        let fetched = self.batch(vec![head.clone()]).await?;
        if fetched.raw(head).is_none() {
            self.remove_files(&RootRef::of(head)).await?;
        }
        Ok(())
    }

    /// Deletes the files of a root, every version of each; most roots have none. Before the root
    /// itself goes: a crash leaves the head, which leads here again.
    ///
    /// # Errors
    /// When S3 did not do all of it.
    pub async fn remove_files(&self, root: &RootRef) -> Result<u64, StoreError> {
        let is_export = root.to_string().starts_with("EXPORT#");
        let (Some(tenant), Ok(export)) = (root.tenant(), root.id().parse::<ExportId>()) else {
            return Ok(0);
        };
        if !is_export {
            return Ok(0);
        }
        // Files first: what a link led to would outlive its export otherwise.
        let parts = self
            .objects()
            .erase(&keys::export_parts(tenant, export))
            .await?;
        let linked = self.objects().erase(&keys::linked_files_of(export)).await?;
        Ok(parts + linked)
    }
}
