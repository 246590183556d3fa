//! Deadlines that have passed and that nobody has knocked for: the end of a snooze, a deletion that
//! has to go on, the erasure of a contact, a team in which something waits, and mail to a visitor who is away.
//!
//! Reads treat a snooze whose time has come as over already. What is done here is to write it down,
//! so that clients that wait for a change learn of it too.

use std::time::Duration;

use shared::{
    app::App,
    domain::{Policy, TenantId, Timestamp, policy::Lens},
    lambda::schedule::Report,
    store::{
        Key, Query, RootRef, StoreError, Table, Unsealed,
        account::Seat,
        audit::{Deed, Line},
        break_glass::BreakGlass,
        contact::Contact,
        conversation::Conversation,
        db::key_of,
        erasing::Ended,
        keys,
        subject::State,
        transcript::Changed,
    },
};

use crate::{calls, disclosures, flows, requests};

/// How long one run goes on: the next one starts after a minute.
const BUDGET: Duration = Duration::from_secs(45);
/// How many deadlines are read at once.
const PAGE: u16 = 100;

/// Carries out what is due.
pub async fn run(app: &App, report: &mut Report) -> Result<(), StoreError> {
    let now = app.clock.now();
    report.add("woken_conversations", 0);
    report.add("flow_turns", 0);
    report.add("counted_flows", 0);
    report.add("ended_calls", 0);
    report.add("erased_conversations", 0);
    report.add("erased_contacts", 0);
    report.add("assigned_conversations", 0);
    report.add("ended_entries", 0);
    report.add("finished_exports", 0);
    report.add("continuity_mails", 0);
    report.add("overdue_requests", 0);
    report.add("told_disclosures", 0);
    let mut failed = None;
    'due: for shard in 0..keys::DUE_SHARDS {
        // One page: what was done leaves the index, and the rest is there in a minute.
        let due = Query::due(keys::due_shard(shard))
            .between("0", keys::until(now))
            .limit(PAGE);
        for item in app.store.query(due).await? {
            if app.clock.now() >= now.plus(BUDGET) {
                break 'due;
            }
            // Workspaces that end are the business of `erasures`.
            let due = |key: &Key| {
                let head = key.sk == keys::HEAD || keys::is_seat(key);
                head || keys::team_wait_of(key).is_some()
                    || keys::flow_run_of(key).is_some()
                    || keys::continuity_of(key).is_some()
                    || keys::flow_ticked(key).is_some()
                    || keys::disclosed(key).is_some()
            };
            let Some(key) = key_of(Table::Data, &item).filter(due) else {
                continue;
            };
            match settle(app, &key, (now, now.plus(BUDGET))).await {
                Ok(Some(what)) => report.add(what, 1),
                Ok(None) => {}
                // One that fails must not hold up the others.
                Err(error) => failed = Some(error),
            }
        }
    }
    match crate::exports::end_links(app, now.plus(2 * BUDGET)).await {
        Ok(ended) => report.add("ended_links", ended),
        Err(error) => failed = Some(error),
    }
    failed.map_or(Ok(()), Err)
}

/// Does what a root waits for, if its time has come: the count to add to.
async fn settle(
    app: &App,
    head: &Key,
    (now, stop_at): (Timestamp, Timestamp),
) -> Result<Option<&'static str>, StoreError> {
    let has_time = || app.clock.now() < stop_at;
    if keys::is_seat(head) {
        return Box::pin(end_visit(app, head, now)).await;
    }
    if let Some(team) = keys::team_wait_of(head) {
        let given = Box::pin(app.store.give_out(team, None, now)).await?;
        return Ok((given > 0).then_some("assigned_conversations"));
    }
    if let Some(flow) = keys::flow_ticked(head) {
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let counted = Box::pin(app.store.add_up(flow, lens)).await?;
        return Ok((counted > 0).then_some("counted_flows"));
    }
    if keys::disclosed(head).is_some() {
        return Box::pin(disclosures::tell(app, head, now)).await;
    }
    if let Some(place) = keys::continuity_of(head) {
        let decided = Box::pin(app.store.decide_mail(place, now)).await?;
        return Ok(decided.then_some("continuity_mails"));
    }
    if let Some(place) = keys::flow_run_of(head) {
        return Box::pin(flows::settle(app, place)).await;
    }
    if keys::is_export(head) {
        let done = Box::pin(crate::exports::go_on(app, head)).await?;
        return Ok(done.then_some("finished_exports"));
    }
    if keys::is_privacy_request(head) {
        return requests::settle(app, head, now).await;
    }
    if keys::is_call(head) {
        return Box::pin(calls::settle(app, head, now)).await;
    }
    let root = RootRef::of(head);
    let Some(tenant @ TenantId::Workspace(workspace)) = root.tenant() else {
        return Ok(None);
    };
    let mut wanted = vec![head.clone(), keys::policy(workspace)];
    // A line of the transcript is sealed; nothing of a contact is written any more.
    if !keys::is_contact(head) {
        wanted.extend([keys::data_key(&root), keys::tenant_key(tenant)]);
    }
    let fetched = app.store.batch(wanted).await?;
    let Some(policy) = fetched.live_policy(workspace, now)? else {
        return Ok(None);
    };
    let lens = Lens {
        now,
        policy: &policy,
    };
    if keys::is_contact(head) {
        let contact = fetched.get::<Contact>(head, &Unsealed, lens)?;
        let Some(contact) = contact else {
            return Ok(None);
        };
        if contact.state != State::Erasing {
            // Set aside, or used again: its conversations follow.
            if contact.follow_at.is_some() {
                if contact.figures_refused_at.is_some() {
                    let (workspace, id) = (contact.workspace, contact.id);
                    app.store.forget_beacons(workspace, id).await?;
                }
                Box::pin(app.store.follow(&contact, lens)).await?;
            }
            return Ok(None);
        }
        let ended = Box::pin(app.store.erase_contact(&contact, has_time, lens)).await?;
        return Ok((ended == Ended::Whole).then_some("erased_contacts"));
    }
    let Some(conversation) = fetched.get::<Conversation>(head, &Unsealed, lens)? else {
        return Ok(None);
    };
    if conversation.state == State::Erasing {
        let ended = Box::pin(
            app.store
                .end_whole_conversation(conversation, has_time, lens),
        )
        .await?;
        return Ok((ended == Ended::Whole).then_some("erased_conversations"));
    }
    if !conversation.is_due(now) {
        return Ok(None);
    }
    let tenant_key = app.store.unwrap_tenant_key(tenant, &fetched, now).await?;
    let Some(key) = fetched.data_key(head, &tenant_key)? else {
        return Ok(None);
    };
    let changed = app.store.wake(conversation, &key, lens).await?;
    Ok(matches!(changed, Changed::Done(_)).then_some("woken_conversations"))
}

/// Takes the seat of an operator away whose hours are over. Nothing was shown to them since.
async fn end_visit(
    app: &App,
    place: &Key,
    now: Timestamp,
) -> Result<Option<&'static str>, StoreError> {
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    let fetched = app.store.batch(vec![place.clone()]).await?;
    let seat = fetched.get::<Seat>(place, &Unsealed, lens)?;
    let Some(seat) = seat.filter(|seat| !seat.is_good(now)) else {
        return Ok(None);
    };
    let Some(id) = seat.break_glass else {
        return Ok(None);
    };
    let tenant = TenantId::Workspace(seat.workspace);
    let at_entry = keys::break_glass(seat.workspace, id);
    let wanted = vec![at_entry.clone(), keys::tenant_key(tenant)];
    let fetched = app.store.batch(wanted).await?;
    let Some(entry) = fetched.get::<BreakGlass>(&at_entry, &Unsealed, lens)? else {
        return Ok(None);
    };
    let key = app.store.unwrap_tenant_key(tenant, &fetched, now).await?;
    let line = Line::of_the_system(&key, seat.workspace, Deed::BreakGlassEnded, now);
    let line = line.about(seat.member);
    let ended = app.store.end_break_glass(entry, line, None, now).await?;
    Ok(ended.then_some("ended_entries"))
}
