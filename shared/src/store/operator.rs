//! The operators of a deployment, and what they have decided for it.

use shared_derive::Record;

use crate::{
    domain::{AccountId, Timestamp},
    words,
};

/// That an account is an operator. Read with every call of one.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = operator_seat(account), tenant = Platform,
    within = Account, class = Account, anchor = seated_at,
)]
pub struct OperatorSeat {
    /// Who.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub account: AccountId,
    /// By whom; by the deployment's own setting, when absent.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub seated_by: Option<AccountId>,
    /// Since when.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub seated_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

words! {
    /// Who may make an account.
    pub enum SignUpRule {
        /// Whoever was invited into a workspace.
        Closed = "closed",
        /// Anybody.
        Open = "open",
    }
}

/// What the operators have decided; nothing of it is there before they have.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = deployment_settings(), tenant = Platform,
    no_subject = "settings of the deployment, about nobody", class = Operation, anchor = changed_at,
)]
pub struct DeploymentSettings {
    /// Who may make an account.
    #[non_personal(reason = "a setting of the deployment")]
    pub sign_up: SignUpRule,
    /// When they were changed last.
    #[non_personal(reason = "when a setting was changed")]
    pub changed_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}
