//! What a team keeps at hand: prepared answers. They are the workspace's, or a member's own; those lie
//! with the member's places in teams, and go with them.

use shared_derive::Record;

use super::{
    app::Label,
    db::StoreError,
    field::Bytes,
    keyring::TenantKey,
    record::{Fields, Item, read_item},
    seal::Unsealed,
};
use crate::{
    domain::{CannedReplyId, MemberId, Timestamp, WorkspaceId, policy::Lens, text::Text},
    words,
};

/// How many prepared answers a member, or the workspace, keeps.
pub const MOST_KEPT: u16 = 200;

words! {
    /// Whose something is.
    pub enum KeptFor {
        /// The member's who made it; nobody else is shown it.
        Me = "me",
        /// The workspace's.
        Workspace = "workspace",
    }
}

/// A prepared answer.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = canned_reply(workspace, member, id), tenant = workspace,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct CannedReply {
    /// Its id.
    #[non_personal(reason = "the id of a prepared answer", export)]
    pub id: CannedReplyId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Whose, if it is not the workspace's.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub member: Option<MemberId>,
    /// What it is found by.
    #[non_personal(reason = "the label of a prepared answer", export)]
    pub name: Label,
    /// What it says, sealed.
    #[non_personal(
        reason = "a text that a team prepared, sealed under the key of the workspace",
        export
    )]
    pub text: Bytes,
    /// Since when.
    #[non_personal(reason = "when a prepared answer was made")]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl CannedReply {
    fn place(id: CannedReplyId) -> String {
        format!("canned|{id}")
    }

    /// A text, sealed for storage.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn seal(
        tenant_key: &TenantKey,
        id: CannedReplyId,
        text: &Text,
    ) -> Result<Bytes, StoreError> {
        let sealed = tenant_key.seal(&Self::place(id), text.reveal().as_bytes())?;
        Ok(Bytes(sealed))
    }

    /// What an archive says of one, whose text lies sealed under another key than the rest.
    ///
    /// # Errors
    /// When it does not open.
    pub fn tell_text(
        item: &Item,
        mut fields: Fields,
        tenant_key: &TenantKey,
        lens: Lens<'_>,
    ) -> Result<Fields, StoreError> {
        if let Some(reply) = read_item::<Self>(item, &Unsealed, lens)? {
            fields.insert("text".to_owned(), reply.text(tenant_key)?.into());
        }
        Ok(fields)
    }

    /// The text.
    ///
    /// # Errors
    /// When it does not open under this key.
    pub fn text(&self, tenant_key: &TenantKey) -> Result<String, StoreError> {
        let bytes = tenant_key.open(&Self::place(self.id), &self.text.0)?;
        let text = std::str::from_utf8(&bytes);
        let text = text.map_err(|_| StoreError::Corrupt("a prepared answer that is no text"))?;
        Ok(text.to_owned())
    }
}
