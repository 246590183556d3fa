//! The provider of a team, as its owner sees it.

use serde::Serialize;
use shared::{
    domain::{
        Role, Timestamp, WorkspaceId,
        policy::{Policy, WayIn},
        text::{MailDomain, Setting},
    },
    http::{Problem, actor::Entry},
    store::{keys, team::TeamProvider, workspace::WorkspacePolicy},
};
use utoipa::ToSchema;

/// The sign-in service of a team. Its secret is told to nobody.
#[derive(Serialize, ToSchema)]
pub struct ProviderView {
    /// Its name for itself, which is where it is asked.
    #[schema(example = "https://id.example.com")]
    issuer: Setting,
    /// What this installation is called there.
    #[schema(example = "sotto")]
    client_id: Setting,
    /// Whose addresses it may vouch for.
    domains: Vec<MailDomain>,
    /// What somebody who comes for the first time becomes.
    role: Role,
    /// Which other ways in there are.
    ways_in: WayIn,
    /// The words of `amr` and `acr` that mean that the provider saw a second factor.
    accepted_factors: Vec<Setting>,
    /// Where programs of yours are led back to.
    redirect_uris: Vec<Setting>,
    /// To be registered at the provider: where people are led back to.
    #[schema(example = "https://api.example.com/sign-in/team/ws_01kf0a1b2c3d4e5f6g7h8j9k0m")]
    callback_uri: String,
    /// To be registered at the provider: where it says that somebody has signed out.
    #[schema(
        example = "https://api.example.com/v1/auth/oidc/ws_01kf0a1b2c3d4e5f6g7h8j9k0m/backchannel-logout"
    )]
    backchannel_logout_uri: String,
    /// Since when it is this one: sessions that began before are over.
    since: Timestamp,
    /// Counts changes.
    #[schema(example = 1)]
    rev: u64,
}

impl ProviderView {
    /// The view of a provider under a policy.
    pub fn new(provider: &TeamProvider, policy: &Policy, issuer: &str) -> Self {
        let workspace = provider.workspace;
        let ways_in = policy.team_sign_in.map_or(WayIn::Any, |team| team.ways);
        Self {
            issuer: provider.issuer.clone(),
            client_id: provider.client_id.clone(),
            domains: provider.domains.clone(),
            role: provider.role,
            ways_in,
            accepted_factors: provider.accepted_factors.clone(),
            redirect_uris: provider.redirect_uris.clone(),
            callback_uri: callback(issuer, workspace),
            backchannel_logout_uri: format!("{issuer}/v1/auth/oidc/{workspace}/backchannel-logout"),
            since: provider.since,
            rev: provider.rev,
        }
    }
}

/// Where a provider leads browsers back to: a place of each workspace's own, so that no provider's
/// answer can be taken for another's (RFC 9700, 4.4.2).
pub fn callback(issuer: &str, workspace: WorkspaceId) -> String {
    format!("{issuer}/sign-in/team/{workspace}")
}

/// The provider out of a batch on entry that asked for it.
pub fn of(entry: &Entry) -> Result<Option<TeamProvider>, Problem> {
    entry.open(&keys::team_provider(entry.workspace))
}

/// The row of the workspace's policy, read on entry.
pub fn policy_row(entry: &Entry) -> Result<WorkspacePolicy, Problem> {
    entry
        .open(&keys::policy(entry.workspace))?
        .ok_or_else(Problem::not_found)
}
