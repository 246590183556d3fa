//! refused: `Note` has no owner: `subject`, `within` or `no_subject`

use shared::domain::{Timestamp, WorkspaceId, text::Text};
use shared_derive::Record;

#[derive(Record)]
#[record(table = Data, key = workspace(workspace), tenant = workspace,
         class = Workspace, anchor = created_at)]
struct Note {
    #[non_personal(reason = "the id of a workspace")]
    workspace: WorkspaceId,
    #[personal(category = Content, purpose = RunWorkspace, erase = Delete)]
    text: Text,
    #[non_personal(reason = "when a note was made")]
    created_at: Timestamp,
}

fn main() {}
