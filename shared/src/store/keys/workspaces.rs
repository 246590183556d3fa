//! Keys of workspaces: policy, people, apps, audit log, sign-in of teams, jobs.
//!
//! | what | table | partition key | sort key |
//! |---|---|---|---|
//! | that an address was invited | data | `INVITED#platform#<keyed hash>` | `<invitation>` |
//! | that an operator entered a workspace | data | `GLASS#<ws>` | `<id>` |
//! | workspace, its policy | data | `WORKSPACE#<ws>` | `HEAD`, `POLICY` |
//! | member, whether they are there | data | `MEMBERSHIP#<ws>#<member>` | `HEAD`, `AVAILABILITY`; photos: see `attachments` |
//! | hours of the team; teams; when one is looked at again | data | `TEAM#<ws>` | `HOURS`, `T#<team>`, `W#<team>` |
//! | that a member is in a team | data | `TEAMMATE#<ws>#<member>` | `<team>` |
//! | prepared answer, saved view: the workspace's, or a member's | data | `TEAM#<ws>`, `TEAMMATE#<ws>#<member>` | `C#<answer>`, `V#<view>` |
//! | invitation | data | `INVITATION#<ws>#<invitation>` | `HEAD` |
//! | app | data | `APP#<ws>` | `<app>` |
//! | audit log: lines that wait, the chain, its end | data | `AUDIT#<ws>` | `W#<line>`, `L#<number, twelve digits>`, `END` |
//! | sign-in of a team: provider, who is known to it, sign-ins on their way | data | `OIDC#<ws>` | `PROVIDER`, `I#<keyed hash>`, `S#<sign-in>` |
//! | register of disclosures | data | `DISCLOSURE#<ws>` | `<disclosure>` |
//! | key of the API | data | `APIKEY#<ws>` | `<keyed hash>` |
//! | job, and the list of those that are not done | data | `JOB#<ws>`, `JOBS#platform` | `<job>` |

use super::{IndexKey, Key, data, due, head};
use crate::{
    domain::{
        AppId, AuditId, BreakGlassId, CannedReplyId, DisclosureId, InvitationId, JobId, MemberId,
        SavedViewId, TeamId, TeamSignInId, Timestamp, WorkspaceId,
    },
    store::{seal::KeyedHash, subject::State},
};

/// That an address was invited.
pub fn invited(address: KeyedHash, invitation: InvitationId) -> Key {
    data(invitations_of(address), invitation.to_string())
}

/// The partition of all invitations of an address.
pub fn invitations_of(address: KeyedHash) -> String {
    format!("INVITED#platform#{address}")
}

/// That an operator entered a workspace.
pub fn break_glass(workspace: WorkspaceId, id: BreakGlassId) -> Key {
    data(break_glasses(workspace), id.to_string())
}

/// The partition of all entries of operators into a workspace.
pub fn break_glasses(workspace: WorkspaceId) -> String {
    format!("GLASS#{workspace}")
}

/// The head of a workspace.
pub fn workspace(id: WorkspaceId) -> Key {
    head(format!("WORKSPACE#{id}"))
}

/// The policy of a workspace: read with every request, so it lies apart and holds nothing sealed.
pub fn policy(id: WorkspaceId) -> Key {
    data(format!("WORKSPACE#{id}"), "POLICY")
}

/// Workspaces of the deployment, by id, which is by birth.
pub fn workspace_list(id: WorkspaceId) -> IndexKey {
    IndexKey {
        pk: all_workspaces(),
        sk: id.to_string(),
    }
}

/// The list of all workspaces.
pub fn all_workspaces() -> String {
    "WORKSPACE#platform".to_owned()
}

/// The end of a workspace, if its owner ended it and its erasure has not begun.
pub fn workspace_due(
    id: WorkspaceId,
    closes_at: Option<Timestamp>,
    state: State,
) -> Option<IndexKey> {
    let at = closes_at.filter(|_| state == State::Live)?;
    Some(due(at, &workspace(id).pk))
}

/// Which workspace this is the policy of.
pub fn policy_of(key: &Key) -> Option<WorkspaceId> {
    let id = key.pk.strip_prefix("WORKSPACE#")?.parse().ok()?;
    (*key == policy(id)).then_some(id)
}

/// The head of a membership.
pub fn membership(workspace: WorkspaceId, member: MemberId) -> Key {
    head(format!("MEMBERSHIP#{workspace}#{member}"))
}

/// Which member of which workspace this is the head of.
pub fn membership_of(head: &Key) -> Option<(WorkspaceId, MemberId)> {
    let (workspace, member) = head.pk.strip_prefix("MEMBERSHIP#")?.split_once('#')?;
    Some((workspace.parse().ok()?, member.parse().ok()?))
}

/// What a member says about being there.
pub fn availability(workspace: WorkspaceId, member: MemberId) -> Key {
    data(membership(workspace, member).pk, "AVAILABILITY")
}

/// When the team of a workspace works.
pub fn business_hours(workspace: WorkspaceId) -> Key {
    data(teams(workspace), "HOURS")
}

/// The partition of what organises the team of a workspace.
pub fn teams(workspace: WorkspaceId) -> String {
    format!("TEAM#{workspace}")
}

/// A team of a workspace.
pub fn team(workspace: WorkspaceId, team: TeamId) -> Key {
    data(teams(workspace), format!("{TEAM}{team}"))
}

/// What the sort keys of teams open with.
pub const TEAM: &str = "T#";

/// Where prepared answers and saved views lie: those of a member with their places in teams.
pub fn shelf(workspace: WorkspaceId, owner: Option<MemberId>) -> String {
    owner.map_or_else(|| teams(workspace), |member| teams_of(workspace, member))
}

/// A prepared answer.
pub fn canned_reply(workspace: WorkspaceId, owner: Option<MemberId>, id: CannedReplyId) -> Key {
    data(shelf(workspace, owner), format!("{CANNED}{id}"))
}

/// What the sort keys of prepared answers open with.
pub const CANNED: &str = "C#";

/// A saved view.
pub fn saved_view(workspace: WorkspaceId, owner: Option<MemberId>, id: SavedViewId) -> Key {
    data(shelf(workspace, owner), format!("{SAVED_VIEW}{id}"))
}

/// What the sort keys of saved views open with.
pub const SAVED_VIEW: &str = "V#";

/// When a team is tried again for what waits in it.
pub fn team_wait(workspace: WorkspaceId, team: TeamId) -> Key {
    data(teams(workspace), format!("{TEAM_WAIT}{team}"))
}

const TEAM_WAIT: &str = "W#";

/// Which team of which workspace this says it of.
pub fn team_wait_of(key: &Key) -> Option<(WorkspaceId, TeamId)> {
    let workspace = key.pk.strip_prefix("TEAM#")?.parse().ok()?;
    let team = key.sk.strip_prefix(TEAM_WAIT)?.parse().ok()?;
    Some((workspace, team))
}

/// The next try of a team.
pub fn team_wait_due(workspace: WorkspaceId, try_at: Timestamp) -> Option<IndexKey> {
    Some(due(try_at, &teams(workspace)))
}

/// That a member is in a team.
pub fn teammate(workspace: WorkspaceId, member: MemberId, team: TeamId) -> Key {
    data(teams_of(workspace, member), team.to_string())
}

/// The partition of all teams that a member is in.
pub fn teams_of(workspace: WorkspaceId, member: MemberId) -> String {
    format!("TEAMMATE#{workspace}#{member}")
}

/// Members of a team, by id.
pub fn teammate_list(workspace: WorkspaceId, team: TeamId, member: MemberId) -> IndexKey {
    IndexKey {
        pk: teammates(workspace, team),
        sk: member.to_string(),
    }
}

/// The list of all members of a team.
pub fn teammates(workspace: WorkspaceId, team: TeamId) -> String {
    format!("TEAMMATE#{workspace}#{team}")
}

/// Members of a workspace, by id.
pub fn membership_list(workspace: WorkspaceId, member: MemberId) -> IndexKey {
    IndexKey {
        pk: memberships(workspace),
        sk: member.to_string(),
    }
}

/// The list of all members of a workspace.
pub fn memberships(workspace: WorkspaceId) -> String {
    format!("MEMBERSHIP#{workspace}")
}

/// The head of an invitation.
pub fn invitation(workspace: WorkspaceId, id: InvitationId) -> Key {
    head(format!("INVITATION#{workspace}#{id}"))
}

/// Invitations of a workspace, by id.
pub fn invitation_list(workspace: WorkspaceId, id: InvitationId) -> IndexKey {
    IndexKey {
        pk: invitations(workspace),
        sk: id.to_string(),
    }
}

/// The list of all invitations of a workspace.
pub fn invitations(workspace: WorkspaceId) -> String {
    format!("INVITATION#{workspace}")
}

/// An app of a workspace.
pub fn app(workspace: WorkspaceId, app: AppId) -> Key {
    data(apps(workspace), app.to_string())
}

/// The partition of all apps of a workspace.
pub fn apps(workspace: WorkspaceId) -> String {
    format!("APP#{workspace}")
}

/// A key of the API, by the keyed hash of its text.
pub fn api_key(workspace: WorkspaceId, token: KeyedHash) -> Key {
    data(api_keys(workspace), token.to_string())
}

/// The partition of all API keys of a workspace.
pub fn api_keys(workspace: WorkspaceId) -> String {
    format!("APIKEY#{workspace}")
}

/// A line of the audit log that waits for its place in the chain.
pub fn audit_waiting(workspace: WorkspaceId, line: AuditId) -> Key {
    data(audit(workspace), format!("{AUDIT_WAITING}{line}"))
}

/// What the sort keys of waiting lines open with.
pub const AUDIT_WAITING: &str = "W#";

/// The list of the lines that wait, of all workspaces, oldest first.
pub fn audit_waiting_list(line: AuditId) -> IndexKey {
    IndexKey {
        pk: audits_waiting(),
        sk: line.to_string(),
    }
}

/// The list of all lines that wait.
pub fn audits_waiting() -> String {
    "AUDIT#platform".to_owned()
}

/// A line of the audit log in its place.
pub fn audit_line(workspace: WorkspaceId, seq: u64) -> Key {
    data(audit(workspace), audit_sort(seq))
}

/// Twelve digits sort as numbers do.
pub fn audit_sort(seq: u64) -> String {
    format!("{AUDIT_LINE}{seq:012}")
}

/// What the sort keys of lines in the chain open with.
pub const AUDIT_LINE: &str = "L#";

/// Where the chain of a workspace ends.
pub fn audit_end(workspace: WorkspaceId) -> Key {
    data(audit(workspace), "END")
}

/// The partition of the audit log of a workspace.
pub fn audit(workspace: WorkspaceId) -> String {
    format!("AUDIT#{workspace}")
}

/// The sign-in service of a team. Not a head: it is sealed under the key of the workspace.
pub fn team_provider(workspace: WorkspaceId) -> Key {
    data(team_sign_in(workspace), "PROVIDER")
}

/// Somebody whom a team's provider has vouched for.
pub fn team_identity(workspace: WorkspaceId, identity: KeyedHash) -> Key {
    data(
        team_sign_in(workspace),
        format!("{TEAM_IDENTITY}{identity}"),
    )
}

/// A session of a team's provider that somebody signed in with.
pub fn team_session(workspace: WorkspaceId, session: KeyedHash) -> Key {
    data(team_sign_in(workspace), format!("P#{session}"))
}

/// What the sort keys of those open with.
pub const TEAM_IDENTITY: &str = "I#";

/// A sign-in that a team's provider was asked for.
pub fn team_attempt(workspace: WorkspaceId, id: TeamSignInId) -> Key {
    data(team_sign_in(workspace), format!("S#{id}"))
}

/// The partition of everything about a team's sign-in.
pub fn team_sign_in(workspace: WorkspaceId) -> String {
    format!("OIDC#{workspace}")
}

/// An entry of the register of disclosures.
pub fn disclosure(workspace: WorkspaceId, id: DisclosureId) -> Key {
    data(disclosures(workspace), id.to_string())
}

/// The register of disclosures of a workspace.
pub fn disclosures(workspace: WorkspaceId) -> String {
    format!("DISCLOSURE#{workspace}")
}

/// Up to when a workspace was told of the end of what nobody touches.
pub fn idle_told(id: WorkspaceId) -> Key {
    data(workspace(id).pk, "IDLE")
}

/// Who answers for a workspace from some day on.
pub fn transfer(id: WorkspaceId) -> Key {
    data(workspace(id).pk, "TRANSFER")
}

/// A job of a workspace.
pub fn job(workspace: WorkspaceId, job: JobId) -> Key {
    data(format!("JOB#{workspace}"), job.to_string())
}
