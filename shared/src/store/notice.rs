//! What an account is told by mail, because somebody else may have done it.
//!
//! A notice is written in the transaction of the act, by whichever function acts, and names ids
//! only. `outbox` looks the address up and mails it. A changed address needs no notice: `outbox`
//! sees the change of the account itself, and writes to the old address and to the new one.

use shared_derive::Record;

use super::{
    db::StoreError,
    record::Stored,
    seal::Unsealed,
    transaction::{Slot, Transaction},
};
use crate::{
    domain::{
        AccountId, NoticeId, Policy, Role, Timestamp, WorkspaceId,
        device::{Browser, Device, System},
    },
    words,
};

words! {
    /// What happened.
    pub enum NoticeKind {
        /// The account is to be deleted.
        AccountDeletionScheduled = "account_deletion_scheduled",
        /// It is not, after all.
        AccountDeletionUndone = "account_deletion_undone",
        /// A key of the API was deleted.
        ApiKeyDeleted = "api_key_deleted",
        /// A key of the API was made.
        ApiKeyMade = "api_key_made",
        /// Somebody who made keys of the API does not work here any more; the keys still do.
        ApiKeysLeft = "api_keys_left",
        /// The operator entered a workspace of the account.
        BreakGlass = "break_glass",
        /// What nobody in a workspace of the account has touched for two years is near its end.
        IdleDataEnding = "idle_data_ending",
        /// The account is a member of a workspace no longer.
        MembershipEnded = "membership_ended",
        /// A sign-in from a browser or a system that no session was from.
        NewDevice = "new_device",
        /// A passkey was added.
        PasskeyAdded = "passkey_added",
        /// A passkey answered whose counter had gone back: there may be a copy of it.
        PasskeyCopied = "passkey_copied",
        /// A passkey was removed.
        PasskeyRemoved = "passkey_removed",
        /// The password was changed by somebody signed in.
        PasswordChanged = "password_changed",
        /// The password was set anew by a mailed link.
        PasswordReset = "password_reset",
        /// A payment for a workspace of the account failed.
        PaymentFailed = "payment_failed",
        /// The plan of a workspace of the account has ended.
        PlanEnded = "plan_ended",
        /// The data of a child were reported in a workspace of the account, and are set aside.
        ChildReported = "child_reported",
        /// A member who asked to hear so got a conversation.
        ConversationAssigned = "conversation_assigned",
        /// As above: one began that nobody has.
        ConversationBegan = "conversation_began",
        /// As above: a visitor said how content they are.
        ConversationRated = "conversation_rated",
        /// As above: they were named in a note.
        Mentioned = "mentioned",
        /// As above: a team of theirs got a conversation.
        TeamGotConversation = "team_got_conversation",
        /// As above: a visitor wrote in a conversation of theirs.
        VisitorWrote = "visitor_wrote",
        /// Somebody asks a workspace of the account about their data.
        PrivacyRequestMade = "privacy_request_made",
        /// Such a request has to be answered soon.
        PrivacyRequestDue = "privacy_request_due",
        /// The time of such a request is over.
        PrivacyRequestOverdue = "privacy_request_overdue",
        /// A recovery code took the place of the second factor.
        RecoveryCodeUsed = "recovery_code_used",
        /// New recovery codes were made; the old ones are no good any more.
        RecoveryCodesMade = "recovery_codes_made",
        /// Somebody gave the account another role.
        RoleChanged = "role_changed",
        /// A second factor was added.
        SecondFactorAdded = "second_factor_added",
        /// A second factor was removed.
        SecondFactorRemoved = "second_factor_removed",
        /// A service of a workspace that the account owns is told nothing any more: it failed for days.
        WebhookDisabled = "webhook_disabled",
        /// The trial of a plan ends in a few days.
        TrialEnding = "trial_ending",
        /// A workspace that the account owns is to be deleted.
        WorkspaceDeletionScheduled = "workspace_deletion_scheduled",
        /// It is not, after all.
        WorkspaceDeletionUndone = "workspace_deletion_undone",
        /// The operator let a workspace go on.
        WorkspaceResumed = "workspace_resumed",
        /// The operator suspended a workspace.
        WorkspaceSuspended = "workspace_suspended",
        /// A workspace that its owner ended was erased.
        WorkspaceErased = "workspace_erased",
        /// Somebody else will answer for a workspace of the account.
        WorkspaceTransferred = "workspace_transferred",
    }
}

/// Something that an account is told by mail.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = notice(account, id), tenant = Platform,
    within = Account, class = Notice, anchor = created_at,
)]
pub struct Notice {
    /// Its id.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub id: NoticeId,
    /// Who is told.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub account: AccountId,
    /// What.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub notice: NoticeKind,
    /// In which workspace, where it happened in one.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: Option<WorkspaceId>,
    /// The role that the account has there now, where that is what happened.
    #[non_personal(reason = "a role of the workspace")]
    pub role: Option<Role>,
    /// From which browser, where that is what happened.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub browser: Option<Browser>,
    /// On which system.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub system: Option<System>,
    /// When.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub created_at: Timestamp,
}

impl NoticeKind {
    /// Whether it is mailed because somebody asked to hear of such things, and not because they have to.
    pub const fn was_asked_for(self) -> bool {
        matches!(
            self,
            Self::ConversationAssigned
                | Self::ConversationBegan
                | Self::ConversationRated
                | Self::Mentioned
                | Self::TeamGotConversation
                | Self::VisitorWrote
        )
    }
}

impl Notice {
    /// A notice to `account` of what happened at `now`.
    pub fn new(account: AccountId, notice: NoticeKind, now: Timestamp) -> Self {
        Self {
            id: NoticeId::new(now),
            account,
            notice,
            workspace: None,
            role: None,
            browser: None,
            system: None,
            created_at: now,
        }
    }

    /// The same, of what happened in a workspace.
    pub fn in_workspace(self, workspace: WorkspaceId) -> Self {
        Self {
            workspace: Some(workspace),
            ..self
        }
    }

    /// The same, of what the account may do there now.
    pub fn with_role(self, role: Role) -> Self {
        Self {
            role: Some(role),
            ..self
        }
    }

    /// The same, of what was done from a device.
    pub fn from_device(self, device: Device) -> Self {
        Self {
            browser: Some(device.browser),
            system: Some(device.system),
            ..self
        }
    }

    /// The device, where it matters.
    pub fn device(&self) -> Option<Device> {
        let (browser, system) = (self.browser?, self.system?);
        Some(Device { browser, system })
    }
}

impl Transaction {
    /// Tells an account of what this transaction does.
    ///
    /// # Errors
    /// None that a notice could cause.
    pub fn notify(&mut self, notice: Notice) -> Result<Slot, StoreError> {
        self.create(&Stored::new(notice, &Policy::platform()), &Unsealed)
    }
}
