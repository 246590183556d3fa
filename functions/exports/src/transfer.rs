//! The view of a transfer, and how one is read.

use serde::Serialize;
use shared::{
    domain::{DisclosureId, ExportId, MemberId, Timestamp, WorkspaceId},
    http::{Problem, actor::Entry},
    store::{
        DataKey, Key, RootRef, disclosure::DisclosureState, keys, transfer::Transfer as Record,
    },
};
use utoipa::ToSchema;

/// Who answers for a workspace from some day on.
#[derive(Serialize, ToSchema)]
pub struct TransferView {
    /// Its entry in the register of disclosures.
    disclosure_id: DisclosureId,
    /// Whether a second owner agreed.
    state: DisclosureState,
    /// Who answers for the workspace then.
    #[schema(example = "Example Holding Ltd, 1 Example Street, Springfield")]
    controller: String,
    /// What the transfer is known by.
    #[schema(example = "Purchase of the shop, 3 March")]
    reference: String,
    /// From when.
    takes_effect_at: Timestamp,
    /// Who proposed it.
    proposed_by: MemberId,
    /// When.
    proposed_at: Timestamp,
    /// Who agreed.
    agreed_by: Option<MemberId>,
    /// When; every owner was told then.
    agreed_at: Option<Timestamp>,
    /// The copy of the whole workspace: fetched as other exports are, for seven days.
    export_id: Option<ExportId>,
}

impl TransferView {
    pub fn of(transfer: &Record) -> Self {
        Self {
            disclosure_id: transfer.disclosure,
            state: match transfer.agreed_at {
                Some(_) => DisclosureState::Approved,
                None => DisclosureState::Proposed,
            },
            controller: transfer.controller.reveal().to_owned(),
            reference: transfer.reference.reveal().to_owned(),
            takes_effect_at: transfer.takes_effect_at,
            proposed_by: transfer.proposed_by,
            proposed_at: transfer.proposed_at,
            agreed_by: transfer.agreed_by,
            agreed_at: transfer.agreed_at,
            export_id: transfer.export,
        }
    }
}

/// What reading a transfer takes.
pub fn wanted(workspace: WorkspaceId) -> Vec<Key> {
    let root = RootRef::of(&keys::workspace(workspace));
    vec![keys::transfer(workspace), keys::data_key(&root)]
}

/// The last transfer of a workspace, and what seals it, out of a batch that asked for [`wanted`].
pub fn read(entry: &Entry) -> Result<(Option<Record>, DataKey), Problem> {
    let key = entry.data_key(&keys::workspace(entry.workspace))?;
    let key = key.ok_or_else(|| Problem::internal("a workspace without a key"))?;
    let transfer = entry.sealed::<Record>(&keys::transfer(entry.workspace), &key)?;
    Ok((transfer, key))
}
