//! Rules of the inbox that begin flows: those of the versions that are live, in one row of the workspace, so
//! that a conversation that begins costs one read to know.

use flow::node::Urgency;
use serde::{Deserialize, Serialize};
use shared_derive::Record;

use super::{
    conversation::{Conversation, Priority},
    db::StoreError,
    field::Bytes,
    keyring::TenantKey,
};
use crate::domain::{FlowId, Timestamp, WorkspaceId};

/// The most rules of a workspace.
pub const MOST_FLOW_RULES: usize = 50;

/// Rules that begin flows of a workspace.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = flow_rules(workspace), tenant = workspace,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct FlowRules {
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// The rules, sealed as a whole.
    #[non_personal(reason = "settings of the customer, sealed under the key of the workspace")]
    pub rules: Bytes,
    /// Since when there are any.
    #[non_personal(reason = "when a setting of the workspace was made")]
    pub created_at: Timestamp,
    /// Counts changes. 0 where nothing is stored yet.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// A rule of the inbox and what it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowRule {
    /// The flow.
    pub flow: FlowId,
    /// In which version.
    pub version: u64,
    /// At which start, by id.
    pub node: String,
    /// What has to hold.
    pub rule: flow::node::InboxRule,
}

impl FlowRule {
    /// The rules of a document that is a version of a flow; none where it does not read.
    pub fn all_of(text: &str, flow: FlowId, version: u64) -> Vec<Self> {
        let Ok(document) = flow::Document::parse(text.as_bytes()) else {
            return Vec::new();
        };
        let rules = document.inbox_rules();
        let rules = rules.map(|(node, rule)| Self {
            flow,
            version,
            node: node.to_owned(),
            rule: rule.clone(),
        });
        rules.collect()
    }

    /// Whether it holds of a conversation.
    pub fn holds(&self, head: &Conversation) -> bool {
        let flow::node::InboxRule {
            label,
            team,
            priority,
        } = &self.rule;
        let labelled = label.as_ref().is_none_or(|label| {
            let mut labels = head.labels.iter();
            labels.any(|known| known.to_string() == *label)
        });
        let of_team = team
            .as_ref()
            .is_none_or(|team| head.team.is_some_and(|known| known.to_string() == *team));
        let urgent = priority.is_none_or(|least| head.priority().rank() >= rank(least));
        labelled && of_team && urgent
    }
}

impl FlowRules {
    /// Those of a workspace that has none.
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
            rules: Bytes(Vec::new()),
            created_at: now,
            rev: 0,
        };
        none.with(tenant_key, &[])
    }

    /// The rules, in the order in which they are asked.
    ///
    /// # Errors
    /// When they do not open under this key.
    pub fn rules(&self, tenant_key: &TenantKey) -> Result<Vec<FlowRule>, StoreError> {
        let bytes = tenant_key.open(&place(self.workspace), &self.rules.0)?;
        serde_json::from_slice(&bytes)
            .map_err(|_| StoreError::Corrupt("rules of flows that do not read"))
    }

    /// The same with other rules.
    ///
    /// # Errors
    /// When they cannot be sealed.
    pub fn with(self, tenant_key: &TenantKey, rules: &[FlowRule]) -> Result<Self, StoreError> {
        let text = serde_json::to_vec(rules)
            .map_err(|_| StoreError::Corrupt("rules of flows that cannot be written"))?;
        Ok(Self {
            rules: Bytes(tenant_key.seal(&place(self.workspace), &text)?),
            ..self
        })
    }
}

fn rank(least: Urgency) -> u8 {
    priority(least).rank()
}

/// How urgent a conversation is, in the words of flows.
pub const fn priority(urgency: Urgency) -> Priority {
    match urgency {
        Urgency::Low => Priority::Low,
        Urgency::Medium => Priority::Medium,
        Urgency::High => Priority::High,
        Urgency::Urgent => Priority::Urgent,
    }
}

fn place(workspace: WorkspaceId) -> String {
    format!("rules|{workspace}")
}
