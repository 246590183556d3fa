//! Views of conversations that somebody keeps under a name: the workspace's, or a member's own. They lie
//! beside the prepared answers, and go as those do. A view says what is looked for, and never what is
//! seen: that is the reader's own sight.

use shared_derive::Record;

use super::{
    app::Label,
    conversation::{Priority, Status},
};
use crate::{
    domain::{AppId, MemberId, SavedViewId, TeamId, Timestamp, WorkspaceId, label::LabelName},
    words,
};

words! {
    /// Whose conversations.
    pub enum View {
        /// Everybody's.
        All = "all",
        /// Those in which the member was named, by the last time.
        Mentions = "mentions",
        /// The member's own.
        Mine = "mine",
        /// Those that wait in a team for somebody: `team_id` says in which.
        Team = "team",
        /// Those that wait for somebody in the workspace, in no team.
        Unassigned = "unassigned",
    }
}

words! {
    /// In which order.
    pub enum Sort {
        /// The latest first.
        Newest = "newest",
        /// The longest waiting first.
        Oldest = "oldest",
        /// The most urgent first, then the longest waiting, of the 500 that wait longest: one page, in
        /// a queue.
        Priority = "priority",
    }
}

/// A view of conversations under a name.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = saved_view(workspace, member, id), tenant = workspace,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct SavedView {
    /// Its id.
    #[non_personal(reason = "the id of a saved view", export)]
    pub id: SavedViewId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Whose, if it is not the workspace's.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub member: Option<MemberId>,
    /// What it is called.
    #[non_personal(reason = "the label of a saved view", export)]
    pub name: Label,
    /// Whose conversations.
    #[non_personal(reason = "a choice of a list", export)]
    pub view: Option<View>,
    /// Of which team.
    #[non_personal(reason = "the id of a team", export)]
    pub team: Option<TeamId>,
    /// How they stand.
    #[non_personal(reason = "a choice of a list", export)]
    pub status: Option<Status>,
    /// How urgent they are.
    #[non_personal(reason = "a choice of a list", export)]
    pub priority: Option<Priority>,
    /// Of which inbox.
    #[non_personal(reason = "the id of an app", export)]
    pub app: Option<AppId>,
    /// With which label.
    #[non_personal(reason = "a choice of a list", export)]
    pub label: Option<LabelName>,
    /// In which order.
    #[non_personal(reason = "a choice of a list", export)]
    pub sort: Option<Sort>,
    /// Since when.
    #[non_personal(reason = "when a saved view was made", export)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl SavedView {
    /// One that looks for everything.
    pub const fn begin(
        id: SavedViewId,
        workspace: WorkspaceId,
        member: Option<MemberId>,
        name: Label,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            workspace,
            member,
            name,
            view: None,
            team: None,
            status: None,
            priority: None,
            app: None,
            label: None,
            sort: None,
            created_at: now,
            rev: 1,
        }
    }
}
