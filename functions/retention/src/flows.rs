//! Flows that go on by themselves: a wait that is over, an answer that did not come, people who did not.

use flow::{Arrival, What};
use shared::{
    app::{App, bot::Standing},
    domain::{Policy, TenantId, Timestamp, policy::Lens},
    store::{
        Key, RootRef, StoreError, Unsealed, conversation::Conversation, flow_run::FlowRun, keys,
        message::Appended, subject::State, workspace::WorkspacePolicy,
    },
};

/// Takes the turn of a run whose deadline has passed; `None` when there is nothing to do.
pub async fn settle(
    app: &App,
    at_run: &Key,
    now: Timestamp,
) -> Result<Option<&'static str>, StoreError> {
    let root = RootRef::of(at_run);
    let at_head = root.head();
    let Some(tenant @ TenantId::Workspace(workspace)) = root.tenant() else {
        return Ok(None);
    };
    let wanted = vec![
        at_run.clone(),
        at_head.clone(),
        keys::data_key(&root),
        keys::policy(workspace),
        keys::tenant_key(tenant),
    ];
    let fetched = app.store.batch(wanted).await?;
    let platform = Policy::platform();
    let lens = Lens {
        now,
        policy: &platform,
    };
    let row = fetched.get::<WorkspacePolicy>(&keys::policy(workspace), &Unsealed, lens)?;
    let Some(policy) = row
        .filter(|row| row.state == State::Live)
        .map(|row| row.policy())
    else {
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
    let tenant_key = app.store.unwrap_tenant_key(tenant, &fetched, now).await?;
    let Some(key) = fetched.data_key(&at_head, &tenant_key)? else {
        return Ok(None);
    };
    let Some(run) = fetched.get::<FlowRun>(at_run, &key, lens)? else {
        return Ok(None);
    };
    if run.deadline.is_none_or(|at| at > now) {
        return Ok(None);
    }
    if !run.may_go_on(&head, now) {
        app.store.let_run_rest(run, &key, lens).await?;
        return Ok(None);
    }
    let waits_for = Standing::of(&run)?.state.wait.map(|wait| wait.key);
    let arrival = Arrival::of(What::Timer {
        key: waits_for.unwrap_or_default(),
    });
    let handed_over = run.handed_over_at;
    let mut turn = app.take_turn(run, &arrival, &tenant_key, lens).await?;
    turn.run.handed_over_at = handed_over;
    let done = app.store.flow_on(head, &turn, &key, lens).await?;
    Ok(matches!(done, Appended::Turned).then_some("flow_turns"))
}
