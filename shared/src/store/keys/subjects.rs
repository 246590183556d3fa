//! Keys of subjects, of what their data is sealed with, and of what they asked for.
//!
//! | what | table | partition key | sort key |
//! |---|---|---|---|
//! | subject: fence, edges to its roots | data | `SUBJECT#<tenant>#<subject>` | `HEAD`, `E#<root>` |
//! | idempotency key | data | `IDEMPOTENCY#<tenant>#<principal>` | `<keyed hash>` |
//! | key of a tenant | keys | `TENANT#<tenant>` | `KEY` |
//! | key of a root | keys | the root's partition key | `KEY` |

use super::{Key, Table, data, head};
use crate::{
    domain::TenantId,
    store::{
        seal::KeyedHash,
        subject::{RootRef, SubjectId},
    },
};

/// The fence of a subject: while it is live, roots may be made for it.
pub fn subject(tenant: TenantId, subject: SubjectId) -> Key {
    head(subject_partition(tenant, subject))
}

/// The edge from a subject to one of its roots.
pub fn edge(tenant: TenantId, subject: SubjectId, root: RootRef) -> Key {
    data(subject_partition(tenant, subject), format!("{EDGE}{root}"))
}

/// What the sort keys of edges open with.
pub const EDGE: &str = "E#";

/// The partition of a subject: its fence and its edges.
pub fn subject_partition(tenant: TenantId, subject: SubjectId) -> String {
    format!("SUBJECT#{tenant}#{subject}")
}

/// What an idempotency key led to.
pub fn idempotency(tenant: TenantId, principal: SubjectId, key: KeyedHash) -> Key {
    data(requests(tenant, principal), key.to_string())
}

/// The partition of what the idempotency keys of somebody led to.
pub fn requests(tenant: TenantId, principal: SubjectId) -> String {
    format!("IDEMPOTENCY#{tenant}#{principal}")
}

/// The wrapped key of a tenant.
pub fn tenant_key(tenant: TenantId) -> Key {
    Key {
        table: Table::Keys,
        pk: format!("TENANT#{tenant}"),
        sk: "KEY".to_owned(),
    }
}

/// The wrapped key of a root.
pub fn data_key(root: &RootRef) -> Key {
    Key {
        table: Table::Keys,
        pk: root.to_string(),
        sk: "KEY".to_owned(),
    }
}

/// The key of a root, as its own row names it.
pub fn root_key(root: RootRef) -> Key {
    data_key(&root)
}
