//! A team as its workspace sees it.

use serde::Serialize;
use shared::{
    domain::{MemberId, TeamId, Timestamp, WorkspaceId},
    http::{Problem, actor::Entry},
    store::{
        assigning::{Assignment, Team},
        keys,
    },
};
use utoipa::ToSchema;

/// A team.
#[derive(Serialize, ToSchema)]
pub struct TeamView {
    /// Its id.
    id: TeamId,
    /// What the workspace calls it.
    #[schema(example = "Billing")]
    name: String,
    /// How what waits in it finds somebody.
    assignment: Assignment,
    /// How many open conversations a member has at most before nothing more is given to them; null
    /// for as many as come.
    #[schema(example = 8)]
    capacity: Option<u64>,
    /// Since when.
    created_at: Timestamp,
    /// Who is in it, by id; only where one team is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Vec<MemberId>>,
    /// Counts changes.
    #[schema(example = 1)]
    rev: u64,
}

impl TeamView {
    /// The view of a team.
    pub fn new(team: &Team) -> Self {
        Self {
            id: team.id,
            name: team.name.as_str().to_owned(),
            assignment: team.assignment,
            capacity: team.capacity,
            created_at: team.created_at,
            members: None,
            rev: team.rev,
        }
    }

    /// The view of a team with those who are in it.
    pub fn with_members(team: &Team, members: Vec<MemberId>) -> Self {
        Self {
            members: Some(members),
            ..Self::new(team)
        }
    }
}

/// The team, out of the batch read on entry, which asked for its key.
///
/// # Errors
/// 404 without it.
pub fn found(entry: &Entry, workspace: WorkspaceId, team: TeamId) -> Result<Team, Problem> {
    entry
        .open(&keys::team(workspace, team))?
        .ok_or_else(Problem::not_found)
}

/// How many open conversations somebody may be given at most: at least one.
///
/// # Errors
/// 422 for none, and for more than a thousand.
pub fn check_capacity(capacity: Option<u64>) -> Result<(), Problem> {
    match capacity {
        Some(most) if !(1..=1000).contains(&most) => {
            let detail = "1 to 1000, or null for as many as come";
            Err(Problem::invalid("#/capacity", "out_of_range", detail))
        }
        _ => Ok(()),
    }
}
