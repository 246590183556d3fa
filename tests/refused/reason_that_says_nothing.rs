//! refused: a reason is a sentence that a reviewer can judge

use shared::domain::{Timestamp, WorkspaceId, text::Text};
use shared_derive::Record;

#[derive(Record)]
#[record(table = Data, key = workspace(workspace), tenant = workspace, within = Workspace,
         class = Workspace, anchor = created_at)]
struct Note {
    #[non_personal(reason = "fine")]
    workspace: WorkspaceId,
    #[personal(category = Content, purpose = RunWorkspace, erase = Delete)]
    text: Text,
    #[non_personal(reason = "when a note was made")]
    created_at: Timestamp,
}

fn main() {}
