//! The operators of a deployment, and what they have decided for it.

use shared_derive::Record;

use super::{
    db::StoreError,
    record::Stored,
    seal::Unsealed,
    transaction::{Slot, Transaction},
};
use crate::{
    domain::{
        AccountId, AnnouncementId, AppId, AuditId, Policy, RequestId, Timestamp, WorkspaceId,
    },
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

words! {
    /// What an operator did.
    pub enum OperatorAct {
        /// Announced something to many.
        Announced = "announced",
        /// Capped an app, lifted its cap, or switched it off or on.
        AppLimited = "app_limited",
        /// Left a workspace before the time.
        BreakGlassClosed = "break_glass_closed",
        /// Entered a workspace.
        BreakGlassOpened = "break_glass_opened",
        /// Seated an operator; the first one seats themselves.
        OperatorSeated = "operator_seated",
        /// Unseated an operator.
        OperatorUnseated = "operator_unseated",
        /// Answered what the holder of an account asked about their data.
        RequestAnswered = "request_answered",
        /// Took more time for it.
        RequestExtended = "request_extended",
        /// Refused it.
        RequestRefused = "request_refused",
        /// Opened or closed sign-up.
        SettingsChanged = "settings_changed",
        /// Let a workspace go on.
        WorkspaceResumed = "workspace_resumed",
        /// Suspended a workspace.
        WorkspaceSuspended = "workspace_suspended",
    }
}

/// A line of the operators' own log: opaque ids, for twelve months. It is written with the act, in one
/// transaction. It stays when an operator's account is erased: the id leads nowhere then, and the others
/// go on answering for what was done.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = operator_deed(id), tenant = Platform,
    no_subject = "what was done with the deployment; who did it is an opaque id, gone in twelve months",
    class = Audit, anchor = created_at,
)]
pub struct OperatorDeed {
    /// Its id; the log is sorted by it.
    #[non_personal(reason = "the id of a line in a log")]
    pub id: AuditId,
    /// Who.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Pseudonymise, open)]
    pub operator: AccountId,
    /// What.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Pseudonymise, open)]
    pub act: OperatorAct,
    /// In which workspace, if in one.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: Option<WorkspaceId>,
    /// To which app, if to one.
    #[non_personal(reason = "the id of an app")]
    pub app: Option<AppId>,
    /// To which operator, if to one.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Pseudonymise, open)]
    pub account: Option<AccountId>,
    /// Which announcement, if one.
    #[non_personal(reason = "the id of a text to many")]
    pub announcement: Option<AnnouncementId>,
    /// About which request, if about one.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Pseudonymise, open)]
    pub request: Option<RequestId>,
    /// When.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Pseudonymise, open)]
    pub created_at: Timestamp,
}

impl OperatorDeed {
    /// That `operator` did this at `now`.
    pub fn new(operator: AccountId, act: OperatorAct, now: Timestamp) -> Self {
        Self {
            id: AuditId::new(now),
            operator,
            act,
            workspace: None,
            app: None,
            account: None,
            announcement: None,
            request: None,
            created_at: now,
        }
    }

    /// The same, in a workspace.
    pub fn in_workspace(self, workspace: WorkspaceId) -> Self {
        Self {
            workspace: Some(workspace),
            ..self
        }
    }
}

impl Transaction {
    /// Writes a line of the operators' own log, with the act.
    ///
    /// # Errors
    /// None that a line could cause.
    pub fn deed(&mut self, deed: OperatorDeed) -> Result<Slot, StoreError> {
        self.create(&Stored::new(deed, &Policy::platform()), &Unsealed)
    }
}
