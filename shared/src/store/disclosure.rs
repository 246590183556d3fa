//! What was handed over to somebody outside, and why: the register of a workspace (FLOW-45, FLOW-47,
//! CHAT-17), and the note of it with the person whom it is about.
//!
//! The register outlives the person, so it names them by a keyed hash and their conversations by a
//! count. The note lies with the contact and goes with it; until a second person has approved, it
//! also says what is to be handed over.

use shared_derive::Record;

use super::{
    keyring::{TenantKey, Use},
    seal::KeyedHash,
};
use crate::{
    domain::{
        ContactId, ConversationId, DisclosureId, ExportId, MemberId, Timestamp, WorkspaceId,
        text::Text,
    },
    words,
};

words! {
    /// Why something is handed over.
    pub enum Ground {
        /// A court or an authority may demand it.
        LegalDemand = "legal_demand",
        /// Somebody's rights, property or safety would be harmed without it.
        RightsAndSafety = "rights_and_safety",
        /// The terms are enforced with it.
        Terms = "terms",
        /// The business that a workspace belongs to changes hands, and the workspace with it.
        BusinessTransfer = "business_transfer",
    }
}

words! {
    /// How far a disclosure is.
    pub enum DisclosureState {
        /// A second person agreed: the copy is made.
        Approved = "approved",
        /// It was turned down, or withdrawn.
        Declined = "declined",
        /// It waits for a second person.
        Proposed = "proposed",
    }
}

/// An entry of the register.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = disclosure(workspace, id), tenant = workspace,
    within = Workspace, class = Disclosure, anchor = proposed_at,
)]
pub struct Disclosure {
    /// Its id.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub id: DisclosureId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Whom it is about: recognised by who has the key and the id, told to nobody.
    #[personal(category = Identifier, purpose = RunWorkspace, erase = Pseudonymise, keyed)]
    pub about: KeyedHash,
    /// Why.
    #[non_personal(reason = "one of four grounds")]
    pub ground: Ground,
    /// Who gets it. Words of the team, who may name somebody in them.
    #[personal(category = Content, purpose = RunWorkspace, erase = Delete)]
    pub recipient: Text,
    /// What the demand is known by, and what it says.
    #[personal(category = Content, purpose = RunWorkspace, erase = Delete)]
    pub reference: Text,
    /// How many conversations.
    #[non_personal(reason = "a count of conversations")]
    pub conversations: u64,
    /// How far it is.
    #[non_personal(reason = "the state of a piece of work")]
    pub disclosure_state: DisclosureState,
    /// Who proposed it.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Pseudonymise, open)]
    pub proposed_by: MemberId,
    /// When.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub proposed_at: Timestamp,
    /// Who approved or declined it.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Pseudonymise, open)]
    pub decided_by: Option<MemberId>,
    /// When.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub decided_at: Option<Timestamp>,
    /// The copy that was made of it, for seven days.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub export: Option<ExportId>,
    /// Until when the person may not be told, where the law says so.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub silent_until: Option<Timestamp>,
    /// When the person was told by mail; never, where no address of theirs was proved.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub told_at: Option<Timestamp>,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl Disclosure {
    /// What stands in the register for a whole workspace.
    pub fn pseudonym_of_all(tenant_key: &TenantKey, workspace: WorkspaceId) -> KeyedHash {
        tenant_key.hash(Use::Disclosure, &workspace.to_string())
    }

    /// What stands in the register for a contact.
    pub fn pseudonym(tenant_key: &TenantKey, contact: ContactId) -> KeyedHash {
        tenant_key.hash(Use::Disclosure, &contact.to_string())
    }
}

/// The note of a disclosure with the contact: it is in the contact's own copy of their data.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = disclosed_part(workspace, contact, id),
    due = disclosed_due(workspace, contact, tell_at), tenant = workspace,
    within = Contact, class = Root, anchor = proposed_at,
)]
pub struct DisclosedPart {
    /// Of which disclosure.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub id: DisclosureId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Whom it is about.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub contact: ContactId,
    /// Why.
    #[non_personal(reason = "one of four grounds")]
    pub ground: Ground,
    /// Who gets it.
    #[personal(category = Content, purpose = RunWorkspace, erase = Delete)]
    pub recipient: Text,
    /// What of theirs.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub conversations: Vec<ConversationId>,
    /// When it was proposed.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub proposed_at: Timestamp,
    /// When it was approved; absent until then.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub approved_at: Option<Timestamp>,
    /// Until when the person may not be told.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub silent_until: Option<Timestamp>,
    /// When the person is to be told by mail, until that was done or could not be.
    #[non_personal(reason = "when a schedule has to tell somebody")]
    pub tell_at: Option<Timestamp>,
    /// When they were told.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub told_at: Option<Timestamp>,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}
