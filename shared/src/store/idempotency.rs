//! What a repeated request leads back to: a resource's id, never a body.

use shared_derive::Record;

use super::{seal::KeyedHash, subject::SubjectId};
use crate::domain::{TenantId, Timestamp, words::Symbol};

/// The memory of one idempotency key.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = idempotency(tenant, principal, request), tenant = tenant,
    no_subject = "hashes and an id that point at nobody once the resource is gone; 24 hours",
    class = Idempotency, anchor = created_at,
)]
pub struct Idempotency {
    /// Whose keys.
    #[non_personal(reason = "the id of a tenant")]
    pub tenant: TenantId,
    /// Who asked.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub principal: SubjectId,
    /// The route and the client's key, as a keyed hash.
    #[personal(category = Identifier, purpose = RunWorkspace, erase = Delete, keyed)]
    pub request: KeyedHash,
    /// The content of the request, as a keyed hash: another content under the same key is refused.
    #[personal(category = Identifier, purpose = RunWorkspace, erase = Delete, keyed)]
    pub content: KeyedHash,
    /// The id of what the request made.
    #[non_personal(reason = "the id of a resource that was made")]
    pub resource: ResourceId,
    /// When.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub created_at: Timestamp,
}

/// The id of a resource, of whatever kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceId(String);

impl ResourceId {
    /// Of any id.
    pub fn of(id: impl std::fmt::Display) -> Self {
        Self(id.to_string())
    }

    /// The id, if it is of the kind `T`.
    pub fn parse<T: std::str::FromStr>(&self) -> Option<T> {
        self.0.parse().ok()
    }
}

impl Symbol for ResourceId {
    fn symbol(&self) -> String {
        self.0.clone()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }
}
