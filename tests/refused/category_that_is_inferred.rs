//! refused: item not found in `Category`

use shared::domain::{Timestamp, WorkspaceId, text::Text};
use shared_derive::Record;

#[derive(Record)]
#[record(table = Data, key = workspace(workspace), tenant = workspace, within = Workspace,
         class = Workspace, anchor = created_at)]
struct Note {
    #[non_personal(reason = "the id of a workspace")]
    workspace: WorkspaceId,
    #[personal(category = Inferred, purpose = RunWorkspace, erase = Delete)]
    mood: Text,
    #[non_personal(reason = "when a note was made")]
    created_at: Timestamp,
}

fn main() {}
