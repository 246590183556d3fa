//! Up to when a workspace was told of the end of what nobody touches (CHAT-18).

use shared_derive::Record;

use super::{
    contact::Contact,
    conversation::Conversation,
    field::Field as _,
    record::{Item, Record as _},
    remains::hold_of,
    subject::State,
};
use crate::domain::{Timestamp, WorkspaceId, idle, policy::Lens};

/// The last letter to a workspace about what is near its end.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = idle_told(workspace), tenant = workspace,
    within = Workspace, class = Workspace, anchor = told_at,
)]
pub struct IdleTold {
    /// Which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// When it was told.
    #[non_personal(reason = "when a workspace was told of what is near its end")]
    pub told_at: Timestamp,
    /// Of everything that ends by then.
    #[non_personal(reason = "a date of a workspace")]
    pub covers_until: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// When a conversation or a contact ends that nobody has touched for two years; none for anything else, for
/// what is being erased, and for what has a while left.
pub fn near_end(item: &Item, lens: Lens<'_>) -> Option<Timestamp> {
    let kind = item.get("kind")?.as_s().ok()?;
    let heads = [Contact::DECLARATION.name, Conversation::DECLARATION.name];
    let is_live = State::read(item.get("state")) == Some(State::Live);
    if !heads.contains(&kind.as_str()) || !is_live {
        return None;
    }
    let anchor = Timestamp::read(item.get("anchor"))?;
    let policy = lens.policy.under(hold_of(item, lens.now));
    idle::near_end(&policy, anchor, lens.now)
}
