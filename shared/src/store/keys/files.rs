//! The names of files.
//!
//! | what | name |
//! |---|---|
//! | part of an export | `exports/<tenant>/<export>/<number>` |
//! | what a link to an export leads to | `links/<link>` |
//! | entry of the ledger of erasures | `ledger/<number>` |

use crate::{
    domain::{ExportId, TenantId},
    store::objects::{ObjectKey, ObjectPrefix},
};

/// A part of an export.
pub fn export_part(tenant: TenantId, export: ExportId, number: u32) -> ObjectKey {
    ObjectKey::new(format!("exports/{tenant}/{export}/{number:06}"))
}

/// Every part of an export.
pub fn export_parts(tenant: TenantId, export: ExportId) -> ObjectPrefix {
    ObjectPrefix::new(format!("exports/{tenant}/{export}/"))
}

/// What one link leads to.
pub fn linked_file(export: ExportId, number: u32) -> ObjectKey {
    ObjectKey::new(format!("links/{export}/{number:06}"))
}

/// What the links to an export lead to.
pub fn linked_files_of(export: ExportId) -> ObjectPrefix {
    ObjectPrefix::new(format!("links/{export}/"))
}

/// What all links lead to.
pub fn linked_files() -> ObjectPrefix {
    ObjectPrefix::new("links/".to_owned())
}

/// An entry of the ledger of erasures.
pub fn ledger_entry(number: u64) -> ObjectKey {
    ObjectKey::new(format!("ledger/{number:016}"))
}

/// The ledger of erasures.
pub fn ledger() -> ObjectPrefix {
    ObjectPrefix::new("ledger/".to_owned())
}
