//! The settings of the deployment, as its operators see them.

use serde::Serialize;
use shared::{
    domain::Timestamp,
    http::Versioned,
    store::operator::{DeploymentSettings, SignUpRule},
};
use utoipa::ToSchema;

/// The settings of the deployment.
#[derive(Serialize, ToSchema)]
pub struct SettingsView {
    /// Who may make an account: anybody, or whoever was invited into a workspace.
    sign_up: SignUpRule,
    /// When they were changed last; never, when absent.
    changed_at: Option<Timestamp>,
    /// Counts changes.
    #[schema(example = 1)]
    rev: u64,
}

impl SettingsView {
    /// The view of what was decided; of what holds as long as nothing was.
    pub fn versioned(found: Option<&DeploymentSettings>) -> Versioned<Self> {
        let rev = found.map_or(0, |found| found.rev);
        let view = Self {
            sign_up: found.map_or(SignUpRule::Open, |found| found.sign_up),
            changed_at: found.map(|found| found.changed_at),
            rev,
        };
        Versioned { rev, view }
    }
}
