//! refused: `String` cannot be sealed: a `#[personal(...)]` field holds a type of `shared::domain`, such as `Text`, `Name` or `Email`

use shared::domain::{Timestamp, WorkspaceId, text::Text};
use shared_derive::Record;

#[derive(Record)]
#[record(table = Data, key = workspace(workspace), tenant = workspace, within = Workspace,
         class = Workspace, anchor = created_at)]
struct Note {
    #[non_personal(reason = "the id of a workspace")]
    workspace: WorkspaceId,
    #[personal(category = Content, purpose = RunWorkspace, erase = Delete)]
    text: String,
    #[non_personal(reason = "when a note was made")]
    created_at: Timestamp,
}

impl shared::store::registry::Registered for Note {}
fn unused(_: Text) {}

fn main() {}
