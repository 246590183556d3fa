//! refused: item not found in `Purpose`

use shared::domain::{Timestamp, WorkspaceId, text::Text};
use shared_derive::Record;

#[derive(Record)]
#[record(table = Data, key = workspace(workspace), tenant = workspace, within = Workspace,
         class = Workspace, anchor = created_at)]
struct Note {
    #[non_personal(reason = "the id of a workspace")]
    workspace: WorkspaceId,
    #[personal(category = Content, purpose = Advertise, erase = Delete)]
    text: Text,
    #[non_personal(reason = "when a note was made")]
    created_at: Timestamp,
}

fn main() {}
