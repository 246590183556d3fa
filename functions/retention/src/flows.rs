//! Flows that go on by themselves: a wait that is over, an answer that did not come, people who did not.

use flow::{Arrival, What};
use shared::{
    app::{App, bot::Standing},
    domain::{ConversationId, WorkspaceId},
    store::{StoreError, message::Appended},
};

/// Takes the turn of a run whose deadline has passed; `None` when there is nothing to do.
pub async fn settle(
    app: &App,
    (workspace, conversation): (WorkspaceId, ConversationId),
) -> Result<Option<&'static str>, StoreError> {
    let Some(led) = app.led(workspace, conversation).await? else {
        return Ok(None);
    };
    let (now, lens) = (led.now, led.lens());
    let run = led.run.clone();
    if run.deadline.is_none_or(|at| at > now) {
        return Ok(None);
    }
    if !run.may_go_on(&led.head, now) {
        app.store.let_run_rest(run, &led.key, lens).await?;
        return Ok(None);
    }
    let waits_for = Standing::of(&run)?.state.wait.map(|wait| wait.key);
    let arrival = Arrival::of(What::Timer {
        key: waits_for.unwrap_or_default(),
    });
    let handed_over = run.handed_over_at;
    let mut turn = app.take_turn(run, &arrival, &led.tenant_key, lens).await?;
    turn.run.handed_over_at = handed_over;
    let done = app
        .store
        .flow_on(led.head.clone(), &turn, &led.key, lens)
        .await?;
    Ok(matches!(done, Appended::Turned).then_some("flow_turns"))
}
