//! Data subjects: their fence, and the edges to everything that belongs to them.
//!
//! Edges lie in the base table, because an index cannot be read strongly, and an erasure that
//! missed a root would be a broken promise.

use std::fmt;

use shared_derive::Record;

use super::keys::{self, HEAD, Key, Table};
use crate::{
    domain::{
        AccountId, ApiKeyId, ContactId, FlowId, GuestId, MemberId, TenantId, Timestamp,
        personal::Pseudonymous, words::Symbol,
    },
    words,
};

/// A data subject: a person in one role. One human in two workspaces is two subjects, never joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubjectId {
    /// Somebody who signs in.
    Account(AccountId),
    /// Somebody a team talks with.
    Contact(ContactId),
    /// A flow: no person, but it writes as one does.
    Flow(FlowId),
    /// Somebody who calls without an account, for a day: nobody knows who they are.
    Guest(GuestId),
    /// A program of the customer: no person, but it writes as one does.
    Key(ApiKeyId),
    /// Somebody who works in a workspace.
    Member(MemberId),
}

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => id.fmt(f),
            Self::Contact(id) => id.fmt(f),
            Self::Flow(id) => id.fmt(f),
            Self::Guest(id) => id.fmt(f),
            Self::Key(id) => id.fmt(f),
            Self::Member(id) => id.fmt(f),
        }
    }
}

impl Symbol for SubjectId {
    fn symbol(&self) -> String {
        self.to_string()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let account = || text.parse().ok().map(Self::Account);
        let contact = || text.parse().ok().map(Self::Contact);
        let key = || text.parse().ok().map(Self::Key);
        let member = || text.parse().ok().map(Self::Member);
        let flow = || text.parse().ok().map(Self::Flow);
        let guest = || text.parse().ok().map(Self::Guest);
        account()
            .or_else(contact)
            .or_else(member)
            .or_else(key)
            .or_else(flow)
            .or_else(guest)
    }
}

impl Pseudonymous for SubjectId {}

impl From<AccountId> for SubjectId {
    fn from(id: AccountId) -> Self {
        Self::Account(id)
    }
}

impl From<ContactId> for SubjectId {
    fn from(id: ContactId) -> Self {
        Self::Contact(id)
    }
}

impl From<MemberId> for SubjectId {
    fn from(id: MemberId) -> Self {
        Self::Member(id)
    }
}

/// The partition of a root, as edges and data keys name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RootRef(String);

impl RootRef {
    /// The root that an item belongs to.
    pub fn of(key: &Key) -> Self {
        Self(key.pk.clone())
    }

    /// The root of a partition read from storage.
    pub fn from_partition(pk: &str) -> Self {
        Self(pk.to_owned())
    }

    /// The head of the root.
    pub fn head(&self) -> Key {
        Key {
            table: Table::Data,
            pk: self.0.clone(),
            sk: HEAD.to_owned(),
        }
    }

    /// The second part of the partition key: whose keys the root is under.
    pub fn tenant(&self) -> Option<TenantId> {
        TenantId::from_symbol(self.0.split('#').nth(1)?)
    }

    /// The last part of the partition key: the root's own id.
    pub fn id(&self) -> &str {
        self.0.rsplit('#').next().unwrap_or_default()
    }
}

impl fmt::Display for RootRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Symbol for RootRef {
    fn symbol(&self) -> String {
        self.0.clone()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }
}

impl Pseudonymous for RootRef {}

impl Symbol for TenantId {
    fn symbol(&self) -> String {
        self.to_string()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        match text {
            "platform" => Some(Self::Platform),
            other => other.parse().ok().map(Self::Workspace),
        }
    }
}

impl Pseudonymous for TenantId {}

words! {
    /// Whether a root or a subject may be used.
    pub enum State {
        /// To be deleted, which may be undone; nobody uses it meanwhile.
        Closing = "closing",
        /// It is being erased: nothing may be added, nothing is shown.
        Erasing = "erasing",
        /// As usual.
        Live = "live",
        /// It is kept, and nothing is done with it but what its person asks for.
        Restricted = "restricted",
    }
}

/// The fence of a subject: roots are made only while it says `live`.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = subject(tenant, subject), tenant = tenant,
    no_subject = "the fence of a subject: it holds the opaque id only, and goes last",
    class = Root, anchor = created_at,
)]
pub struct Subject {
    /// Whose keys the subject's roots are under.
    #[non_personal(reason = "the id of a tenant")]
    pub tenant: TenantId,
    /// The subject.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub subject: SubjectId,
    /// Whether roots may be made for it.
    #[non_personal(reason = "the state of an erasure")]
    pub state: State,
    /// When it came.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub created_at: Timestamp,
}

/// From a subject to one of its roots.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = edge(tenant, subject, root), tenant = tenant,
    no_subject = "an edge lies in the partition of its subject and goes with the root it names",
    class = Root, anchor = created_at,
)]
pub struct Edge {
    /// Whose keys the root is under.
    #[non_personal(reason = "the id of a tenant")]
    pub tenant: TenantId,
    /// The subject.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub subject: SubjectId,
    /// The root.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub root: RootRef,
    /// When it came.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub created_at: Timestamp,
}

impl Edge {
    /// The root that the sort key of an edge names; `None` for the fence beside the edges.
    pub fn root_of(sort_key: &str) -> Option<RootRef> {
        sort_key
            .strip_prefix(keys::EDGE)
            .map(RootRef::from_partition)
    }
}
