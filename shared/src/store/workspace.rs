//! Workspaces: the tenants.

use shared_derive::Record;

use super::{Fetched, StoreError, Unsealed, keys, subject::State};
use crate::domain::{
    TeamId, Timestamp, WorkspaceId,
    billing::plan::Granted,
    policy::{
        Lens, Module, Policy, Profile, Step, SuspensionReason, TeamSignIn, VisitorMail, WayIn,
    },
    text::{Locale, Name, TimeZone},
};

/// What a workspace is called.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = workspace(id), tenant = id,
    no_subject = "a workspace belongs to an organisation; it goes when the organisation deletes it",
    class = Workspace, anchor = created_at,
)]
pub struct Workspace {
    /// Its id.
    #[non_personal(reason = "the id of a workspace")]
    pub id: WorkspaceId,
    /// Its name: that of a sole trader is a person's (CALL-10), so it is sealed.
    #[personal(category = Name, purpose = RunWorkspace, erase = Delete)]
    pub name: Name,
    /// The language its members write in; sealed, because the shape has room for a name.
    #[personal(category = Content, purpose = RunWorkspace, erase = Delete)]
    pub locale: Option<Locale>,
    /// Where its members work; sealed for the same reason.
    #[personal(category = Content, purpose = RunWorkspace, erase = Delete)]
    pub time_zone: Option<TimeZone>,
    /// When it was made.
    #[non_personal(reason = "when a workspace was made", export)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// The present policy of a workspace: read with every request, so it holds nothing sealed.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = policy(workspace), lists = workspace_list(workspace),
    due = workspace_due(workspace, closes_at, state), tenant = workspace,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct WorkspacePolicy {
    /// Which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Which family of promises.
    #[non_personal(reason = "a setting of the workspace", export)]
    pub profile: Profile,
    /// What it can do.
    #[non_personal(reason = "a setting of the workspace", export)]
    pub modules: Vec<Module>,
    /// Whether members come in with a second factor only, where the profile leaves that open.
    #[non_personal(reason = "a setting of the workspace", export)]
    pub second_factor_required: Option<bool>,
    /// What is mailed to visitors who are away, where the workspace said so.
    #[non_personal(reason = "a setting of the workspace", export)]
    pub visitor_mail: Option<VisitorMail>,
    /// The team that gets what visitors begin where no app names another.
    #[non_personal(reason = "a setting of the workspace", export)]
    pub default_team: Option<TeamId>,
    /// Whether devices of every call speak through a relay only, where the workspace said so.
    #[non_personal(reason = "a setting of the workspace", export)]
    pub calls_relay_only: Option<bool>,
    /// Since when members sign in through the team's present provider, if they do.
    #[non_personal(reason = "when a setting of the workspace changed")]
    pub team_sign_in_since: Option<Timestamp>,
    /// Which other ways in there are.
    #[non_personal(reason = "a setting of the workspace")]
    pub ways_in: Option<WayIn>,
    /// When it will be erased, if its owner ended it.
    #[non_personal(reason = "when a workspace ends")]
    pub closes_at: Option<Timestamp>,
    /// Since when the operator has suspended it.
    #[non_personal(reason = "the state of a workspace")]
    pub suspended_at: Option<Timestamp>,
    /// Why, as one of a few words.
    #[non_personal(reason = "the state of a workspace")]
    pub suspended_for: Option<SuspensionReason>,
    /// The plan that is paid for, if one is.
    #[non_personal(reason = "a setting of the workspace", export)]
    pub plan: Option<Granted>,
    /// Days that conversations are kept.
    #[non_personal(reason = "a setting of the workspace", export)]
    pub conversation_days: u32,
    /// Shorter retentions that still hold for what is older than a lengthening.
    #[non_personal(reason = "a setting of the workspace, and when it changed")]
    pub retention_steps: Option<Vec<Step>>,
    /// When the retention was changed last.
    #[non_personal(reason = "when a setting of the workspace changed")]
    pub retention_changed_at: Option<Timestamp>,
    /// Whether it may be used.
    #[non_personal(reason = "the state of an erasure")]
    pub state: State,
    /// When it was made.
    #[non_personal(reason = "when a workspace was made", export)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl WorkspacePolicy {
    /// The policy as reads and writes need it.
    pub fn policy(&self) -> Policy {
        Policy {
            profile: self.profile,
            modules: self.modules.clone(),
            second_factor_required: self.profile.second_factor_required()
                || self.second_factor_required.unwrap_or(false),
            visitor_mail: self
                .visitor_mail
                .unwrap_or_else(|| self.profile.visitor_mail()),
            default_team: self.default_team,
            calls_relay_only: self.calls_relay_only.unwrap_or(false),
            team_sign_in: self.team_sign_in_since.map(|since| TeamSignIn {
                since,
                ways: self.ways_in.unwrap_or(WayIn::Any),
            }),
            closes_at: self.closes_at,
            suspended: self.suspended_at.is_some(),
            plan: self.plan.clone(),
            conversation_days: self.conversation_days,
            steps: self.retention_steps.clone().unwrap_or_default(),
            version: self.rev,
            hold: None,
        }
    }

    /// The row with the retention of `policy`, from `now` on. Its version is the row's next one.
    pub fn with_retention(self, policy: &Policy, now: Timestamp) -> Self {
        Self {
            conversation_days: policy.conversation_days,
            retention_steps: Some(policy.steps.clone()),
            retention_changed_at: Some(now),
            ..self
        }
    }
}

impl Fetched {
    /// The policy of a workspace that may be used, whose row was read with the others; none when it is
    /// not there, set aside, or being erased.
    ///
    /// # Errors
    /// When the row cannot be read.
    pub fn live_policy(
        &self,
        workspace: WorkspaceId,
        now: Timestamp,
    ) -> Result<Option<Policy>, StoreError> {
        let platform = Policy::platform();
        let lens = Lens {
            now,
            policy: &platform,
        };
        let row = self.get::<WorkspacePolicy>(&keys::policy(workspace), &Unsealed, lens)?;
        let live = row.filter(|row| row.state == State::Live);
        Ok(live.map(|row| row.policy()))
    }
}
