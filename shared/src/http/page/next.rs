//! Where a proof leads: pages of two functions ask for one, and a third page takes it.

use crate::words;

words! {
    /// Where a proof leads.
    pub enum Next {
        /// To another address.
        Address = "address",
        /// To the copies of one's own data.
        Copy = "copy",
        /// To the page that deletes the account.
        Delete = "delete",
        /// To the second factor.
        Factor = "factor",
        /// To the passkeys.
        Passkeys = "passkeys",
        /// To another password.
        Password = "password",
    }
}

impl Next {
    /// The path of the page.
    pub fn path(self) -> String {
        match self {
            Self::Copy => "/privacy/copy".to_owned(),
            Self::Delete | Self::Passkeys => format!("/account/{}", self.word()),
            Self::Address | Self::Factor | Self::Password => {
                format!("/account?page={}", self.word())
            }
        }
    }

    /// The path of the page that asks for the proof first.
    pub fn proof(self) -> String {
        format!("/account?page=prove&next={}", self.word())
    }
}
