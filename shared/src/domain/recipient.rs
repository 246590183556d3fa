//! Who may get something from us besides AWS: a closed list, which the egress door asks for and the
//! list of subprocessors is rendered from. A kind that is not here can be sent nothing.

use crate::words;

words! {
    /// A kind of recipient outside of AWS.
    pub enum Recipient {
        /// The sign-in service of a team, at an address that the owner of a workspace set.
        IdentityProvider = "identity_provider",
    }
}

/// Who decided that a recipient gets something (GDPR Art. 28).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChosenBy {
    /// The customer, who instructs us: it is the customer's recipient and not our subprocessor.
    Customer,
}

impl Recipient {
    /// Who chose it.
    pub const fn chosen_by(self) -> ChosenBy {
        match self {
            Self::IdentityProvider => ChosenBy::Customer,
        }
    }

    /// What readers of the policy call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IdentityProvider => "The identity provider of a team",
        }
    }

    /// What it gets, and what for.
    pub const fn gets(self) -> &'static str {
        match self {
            Self::IdentityProvider => {
                "signs the team's members in; gets the secrets of that sign-in and no data of anybody"
            }
        }
    }
}
