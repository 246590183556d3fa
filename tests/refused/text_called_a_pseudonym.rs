//! refused: may not be stored open: only opaque ids, times, closed words and counts may

use shared::domain::{Timestamp, WorkspaceId, text::Text};
use shared_derive::Record;

#[derive(Record)]
#[record(table = Data, key = workspace(workspace), tenant = workspace, within = Workspace,
         class = Workspace, anchor = created_at)]
struct Note {
    #[non_personal(reason = "the id of a workspace")]
    workspace: WorkspaceId,
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    text: Text,
    #[non_personal(reason = "when a note was made")]
    created_at: Timestamp,
}

impl shared::store::registry::Registered for Note {}

fn main() {}
