//! What the thread hears of a call that was offered in it.

use super::Call;
use crate::{
    domain::{TenantId, Timestamp, call::Side, policy::Lens},
    store::{
        RootRef,
        conversation::Conversation,
        db::{Store, StoreError},
        keys,
        message::Event,
        seal::Unsealed,
        subject::{State, SubjectId},
        transcript::Line,
    },
};

impl Store {
    /// Tells the thread that `before`, a call that was offered in it, is over as `after` says: that the two
    /// spoke, or that nobody took it. Once for a call, however often it is asked for.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn tell_thread(
        &self,
        before: &Call,
        after: &Call,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // What never rang, nobody has to know of.
        let (Some(conversation), Some(_)) = (before.conversation, after.rang_at) else {
            return Ok(());
        };
        let workspace = before.workspace;
        let tenant = TenantId::Workspace(workspace);
        let at_head = keys::conversation(workspace, conversation);
        let mut wanted = vec![
            at_head.clone(),
            keys::policy(workspace),
            keys::data_key(&RootRef::of(&at_head)),
        ];
        if self.keyring().remembered(tenant, now).is_none() {
            wanted.push(keys::tenant_key(tenant));
        }
        let fetched = self.batch(wanted).await?;
        let Some(policy) = fetched.live_policy(workspace, now)? else {
            return Ok(());
        };
        let lens = Lens {
            now,
            policy: &policy,
        };
        let tenant_key = self.unwrap_tenant_key(tenant, &fetched, now).await?;
        let head = fetched.get::<Conversation>(&at_head, &Unsealed, lens)?;
        let head = head.filter(|head| head.state == State::Live);
        let key = fetched.data_key(&at_head, &tenant_key)?;
        let (Some(head), Some(key)) = (head, key) else {
            return Ok(());
        };
        let event = match after.connected_at {
            Some(_) => Event::CallHeld,
            None => Event::CallMissed,
        };
        let caller = match after.caller {
            Side::Agent => after.member.map(SubjectId::Member),
            Side::Guest => Some(SubjectId::Contact(head.contact)),
        };
        let line = Line::new(event, caller).member(after.member.or(after.asked));
        let once = (SubjectId::Contact(head.contact), after.id.uuid());
        self.tell_once(head, &line, once, &key, lens).await?;
        Ok(())
    }
}
