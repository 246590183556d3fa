//! Who answers for a workspace from some day on: it changes hands with the business that it belongs to
//! (FLOW-46). What was agreed stands in the register of disclosures as well, for longer than this.

use shared_derive::Record;

use crate::domain::{DisclosureId, ExportId, MemberId, Timestamp, WorkspaceId, text::Text};

/// The last transfer of a workspace: proposed by one owner, agreed to by another.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = transfer(workspace), tenant = workspace,
    within = Workspace, class = Workspace, anchor = proposed_at,
)]
pub struct Transfer {
    /// Which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Its entry in the register.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub disclosure: DisclosureId,
    /// Who answers for it then. Words of an owner, who may name somebody in them.
    #[personal(category = Content, purpose = RunWorkspace, erase = Delete)]
    pub controller: Text,
    /// What the transfer is known by.
    #[personal(category = Content, purpose = RunWorkspace, erase = Delete)]
    pub reference: Text,
    /// From when.
    #[non_personal(reason = "when somebody else answers for a workspace", export)]
    pub takes_effect_at: Timestamp,
    /// Who proposed it.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Pseudonymise, open)]
    pub proposed_by: MemberId,
    /// When.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub proposed_at: Timestamp,
    /// Who agreed.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Pseudonymise, open)]
    pub agreed_by: Option<MemberId>,
    /// When.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub agreed_at: Option<Timestamp>,
    /// The copy of the whole workspace that was made of it, for seven days.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub export: Option<ExportId>,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}
