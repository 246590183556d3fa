//! A conversation begins without a flow, or gets a label, a team or an urgency: a rule of the inbox that comes
//! to hold by that begins its flow there, if nobody takes care of it yet and no flow has led it.
//!
//! One more read where a conversation begins or changes so. The flow begins on the condition that head and run
//! are as they were read; a record that comes again finds the run there.

use std::time::Duration;

use flow::{Arrival, What};
use shared::{
    app::{App, bot},
    domain::{
        Policy, TenantId, Timestamp,
        policy::{Lens, Module},
    },
    store::{
        CommitError, Item, RootRef, SubjectId, TenantKey, Transaction, Unsealed,
        conversation::{Conversation, Status},
        flow::Flow,
        flow_rule::{FlowRule, FlowRules},
        flow_run::{FlowRun, led_turn},
        keys,
        record::read_item,
        subject::State,
    },
};

use crate::failure::Failure;

/// How old a change is at most that begins a flow: what an archive brought, or what waited too long, begins
/// none.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// How often a conversation that changes meanwhile is looked at again.
const RACES: u32 = 4;

/// Begins the flow of the first rule that came to hold by this change. Whether one began.
pub async fn begin(app: &App, new: &Item, old: Option<&Item>) -> Result<bool, Failure> {
    let now = app.clock.now();
    let platform = Policy::platform();
    let lens = Lens {
        now,
        policy: &platform,
    };
    let Some(after) = read_item::<Conversation>(new, &Unsealed, lens)? else {
        return Ok(false);
    };
    let before = match old {
        Some(old) => read_item::<Conversation>(old, &Unsealed, lens)?,
        None => None,
    };
    if !waits(&after, now) || !is_news(&after, before.as_ref()) {
        return Ok(false);
    }
    let at_rules = keys::flow_rules(after.workspace);
    let fetched = app.store.batch(vec![at_rules.clone()]).await?;
    let Some(rules) = fetched.get::<FlowRules>(&at_rules, &Unsealed, lens)? else {
        return Ok(false);
    };
    let tenant_key = app
        .store
        .tenant_key(TenantId::Workspace(after.workspace), now)
        .await?;
    let came = |rule: &FlowRule| {
        rule.holds(&after) && before.as_ref().is_none_or(|before| !rule.holds(before))
    };
    let Some(rule) = rules.rules(&tenant_key)?.into_iter().find(came) else {
        return Ok(false);
    };
    for _ in 0..RACES {
        match begin_once(app, (&after, &rule), &tenant_key, now).await? {
            Began::Yes => return Ok(true),
            Began::No => return Ok(false),
            Began::Raced => {}
        }
    }
    Err(Failure::Later("a conversation that changes".to_owned()))
}

/// Whether it waits for people, and has just come to.
fn waits(head: &Conversation, now: Timestamp) -> bool {
    head.state == State::Live
        && head.status_at(now) == Status::Open
        && head.assignee.is_none()
        && head.in_seq > 0
        && now < head.changed_at.plus(FRESH)
}

/// Whether it began, or something changed that rules ask for.
fn is_news(after: &Conversation, before: Option<&Conversation>) -> bool {
    before.is_none_or(|before| {
        (&before.labels, before.team, before.priority)
            != (&after.labels, after.team, after.priority)
    })
}

enum Began {
    Yes,
    No,
    Raced,
}

async fn begin_once(
    app: &App,
    (seen, rule): (&Conversation, &FlowRule),
    tenant_key: &TenantKey,
    now: Timestamp,
) -> Result<Began, Failure> {
    let (workspace, conversation) = (seen.workspace, seen.id);
    let at_head = keys::conversation(workspace, conversation);
    let at_run = keys::flow_run(workspace, conversation);
    let at_flow = keys::flow(workspace, rule.flow);
    let wanted = vec![
        keys::policy(workspace),
        at_head.clone(),
        at_run.clone(),
        at_flow.clone(),
        keys::data_key(&RootRef::of(&at_flow)),
        keys::data_key(&RootRef::of(&at_head)),
    ];
    let fetched = app.store.batch(wanted).await?;
    let policy = fetched.live_policy(workspace, now)?;
    let open = |policy: &Policy| policy.has(Module::Conversations) && !policy.suspended;
    let Some(policy) = policy.filter(open) else {
        return Ok(Began::No);
    };
    let lens = Lens {
        now,
        policy: &policy,
    };
    let head = fetched.get::<Conversation>(&at_head, &Unsealed, lens)?;
    let still = |head: &Conversation| waits(head, now) && rule.holds(head);
    let Some(head) = head.filter(still) else {
        return Ok(Began::No);
    };
    let Some(key) = fetched.data_key(&at_head, tenant_key)? else {
        return Ok(Began::No);
    };
    let led = fetched.get::<FlowRun>(&at_run, &key, lens)?.is_some();
    let flow = match fetched.data_key(&at_flow, tenant_key)? {
        Some(key) => fetched.get::<Flow>(&at_flow, &key, lens)?,
        None => None,
    };
    if led || flow.is_none() {
        return Ok(Began::No);
    }
    let of = (rule.flow, rule.version);
    let Some(run) = bot::new_run((workspace, conversation), head.contact, of, now) else {
        return Ok(Began::No);
    };
    let arrival = Arrival::of(What::Start {
        node: Some(rule.node.clone()),
        vars: Vec::new(),
    });
    let turn = app.take_turn(run, &arrival, tenant_key, lens).await?;
    let mut transaction = Transaction::new(now);
    let by = (&turn, SubjectId::Flow(rule.flow));
    led_turn(&mut transaction, &head, by, &key, lens)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Began::Yes),
        Err(CommitError::Refused(_)) => Ok(Began::Raced),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}
