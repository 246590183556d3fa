//! Keys of exports.
//!
//! | what | table | partition key | sort key |
//! |---|---|---|---|
//! | export, its parts | data | `EXPORT#<tenant>#<export>` | `HEAD`, `P#<number>` |

use super::{HEAD, IndexKey, Key, data, due, head};
use crate::{
    domain::{ExportId, TenantId, Timestamp},
    store::{export::ExportKind, job::JobState, subject::SubjectId},
};

/// The opening of the sort key of a part.
const PART: &str = "P#";

/// The head of an export.
pub fn export(tenant: TenantId, id: ExportId) -> Key {
    head(format!("EXPORT#{tenant}#{id}"))
}

/// Whether something is the head of an export.
pub fn is_export(head: &Key) -> bool {
    head.pk.starts_with("EXPORT#") && head.sk == HEAD
}

/// A part of an export.
pub fn export_part_row(tenant: TenantId, export: ExportId, number: u32) -> Key {
    data(
        format!("EXPORT#{tenant}#{export}"),
        format!("{PART}{number:06}"),
    )
}

/// The partition of an export, and the opening of the sort keys of its parts.
pub fn export_part_rows(tenant: TenantId, export: ExportId) -> (String, &'static str) {
    (format!("EXPORT#{tenant}#{export}"), PART)
}

/// The place of an export in its list.
pub fn export_list(
    tenant: TenantId,
    subject: SubjectId,
    kind: ExportKind,
    id: ExportId,
) -> IndexKey {
    IndexKey {
        pk: exports_of(tenant, subject, kind),
        sk: id.to_string(),
    }
}

/// The list of exports about, or for, somebody; or of those of a whole tenant, whoever asked.
fn exports_of(tenant: TenantId, subject: SubjectId, kind: ExportKind) -> String {
    match kind {
        ExportKind::Workspace => whole_exports(tenant),
        ExportKind::Account
        | ExportKind::Contact
        | ExportKind::Disclosure
        | ExportKind::Visitor => {
            format!("EXPORT#{tenant}#{subject}")
        }
    }
}

/// The list of exports that hold everybody of a tenant.
pub fn whole_exports(tenant: TenantId) -> String {
    format!("EXPORT#{tenant}#whole")
}

/// An export is due until it is done.
pub fn export_due(
    tenant: TenantId,
    id: ExportId,
    state: JobState,
    created_at: Timestamp,
) -> Option<IndexKey> {
    (state != JobState::Done).then(|| due(created_at, &export(tenant, id).pk))
}
