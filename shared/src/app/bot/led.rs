//! A conversation with its flow, read for what comes from elsewhere than the thread.

use super::App;
use crate::{
    domain::{ConversationId, Policy, TenantId, Timestamp, WorkspaceId, policy::Lens},
    store::{
        DataKey, RootRef, StoreError, TenantKey, Unsealed,
        conversation::{Conversation, Status},
        flow_run::FlowRun,
        keys,
        subject::State,
    },
};

/// A conversation that a flow leads, or led.
pub struct Led {
    /// The conversation.
    pub head: Conversation,
    /// How far it is in its flow.
    pub run: FlowRun,
    /// The key of the conversation.
    pub key: DataKey,
    /// The key of the workspace.
    pub tenant_key: TenantKey,
    /// When it was read.
    pub now: Timestamp,
    policy: Policy,
}

impl Led {
    /// How records of it are read and written.
    pub fn lens(&self) -> Lens<'_> {
        Lens {
            now: self.now,
            policy: &self.policy,
        }
    }

    /// Whether the flow leads it now.
    pub fn leads(&self) -> bool {
        self.head.status_at(self.now) == Status::Bot
    }
}

impl App {
    /// The conversation with its flow, in one batch read; none where one of them is not there any more.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn led(
        &self,
        workspace: WorkspaceId,
        conversation: ConversationId,
    ) -> Result<Option<Led>, StoreError> {
        let tenant = TenantId::Workspace(workspace);
        let (at_head, at_run) = (
            keys::conversation(workspace, conversation),
            keys::flow_run(workspace, conversation),
        );
        let wanted = vec![
            at_head.clone(),
            at_run.clone(),
            keys::data_key(&RootRef::of(&at_head)),
            keys::policy(workspace),
            keys::tenant_key(tenant),
        ];
        let fetched = self.store.batch(wanted).await?;
        let now = self.clock.now();
        let Some(policy) = fetched.live_policy(workspace, now)? else {
            return Ok(None);
        };
        let lens = Lens {
            now,
            policy: &policy,
        };
        let head = fetched.get::<Conversation>(&at_head, &Unsealed, lens)?;
        let Some(head) = head.filter(|head| head.state == State::Live) else {
            return Ok(None);
        };
        let tenant_key = self.store.unwrap_tenant_key(tenant, &fetched, now).await?;
        let Some(key) = fetched.data_key(&at_head, &tenant_key)? else {
            return Ok(None);
        };
        let run = fetched.get::<FlowRun>(&at_run, &key, lens)?;
        Ok(run.map(|run| Led {
            head,
            run,
            key,
            tenant_key,
            now,
            policy,
        }))
    }
}
