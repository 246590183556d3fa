//! What the flows of a workspace may tell which servers: hosts that may get personal values, and secrets that
//! requests take along. A flow names a secret; its value is in no document, no reply and no archive.

use serde::{Deserialize, Serialize};
use shared_derive::Record;

use super::{db::StoreError, field::Bytes, keyring::TenantKey};
use crate::domain::{Timestamp, WorkspaceId, flow::ServerHost, label::LabelName};

/// The most secrets of a workspace.
pub const MOST_FLOW_SECRETS: usize = 50;

/// What the flows of a workspace may tell which servers.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = flow_servers(workspace), tenant = workspace,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct FlowServers {
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Hosts that may get personal values.
    #[non_personal(reason = "hosts of servers of the customer")]
    pub hosts: Vec<ServerHost>,
    /// The secrets, sealed as a whole.
    #[non_personal(reason = "secrets of the customer, sealed under the key of the workspace")]
    pub secrets: Bytes,
    /// Since when there are any.
    #[non_personal(reason = "when a setting of the workspace was made")]
    pub created_at: Timestamp,
    /// Counts changes. 0 where nothing is stored yet.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// A secret for servers. Without `Debug`: it holds the value.
#[derive(Clone, Serialize, Deserialize)]
pub struct FlowSecret {
    /// What flows call it.
    pub name: LabelName,
    /// The hosts that it is sent to, and no others.
    pub hosts: Vec<ServerHost>,
    /// What is sent.
    pub value: String,
    /// Since when it has this value.
    pub set_at: Timestamp,
}

impl FlowServers {
    /// Those of a workspace that has set nothing.
    ///
    /// # Errors
    /// When the empty list cannot be sealed.
    pub fn none(
        tenant_key: &TenantKey,
        workspace: WorkspaceId,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let none = Self {
            workspace,
            hosts: Vec::new(),
            secrets: Bytes(Vec::new()),
            created_at: now,
            rev: 0,
        };
        none.with_secrets(tenant_key, &[])
    }

    /// The secrets, by name.
    ///
    /// # Errors
    /// When they do not open under this key.
    pub fn secrets(&self, tenant_key: &TenantKey) -> Result<Vec<FlowSecret>, StoreError> {
        let bytes = tenant_key.open(&place(self.workspace), &self.secrets.0)?;
        serde_json::from_slice(&bytes)
            .map_err(|_| StoreError::Corrupt("secrets of flows that do not read"))
    }

    /// The same with other secrets.
    ///
    /// # Errors
    /// When they cannot be sealed.
    pub fn with_secrets(
        self,
        tenant_key: &TenantKey,
        secrets: &[FlowSecret],
    ) -> Result<Self, StoreError> {
        let text = serde_json::to_vec(secrets)
            .map_err(|_| StoreError::Corrupt("secrets of flows that cannot be written"))?;
        Ok(Self {
            secrets: Bytes(tenant_key.seal(&place(self.workspace), &text)?),
            ..self
        })
    }
}

fn place(workspace: WorkspaceId) -> String {
    format!("servers|{workspace}")
}
