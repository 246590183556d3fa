//! Puts the lines of the audit log that wait into the chains of their workspaces.
//!
//! A line leaves the list of those that wait in the transaction that gives it its number, together
//! with the end of the chain: a run that is cut off has done a whole step or nothing, and of two runs
//! one is refused. Before a chain goes on its last line is looked at; a break is counted, which
//! alarms a person, and stays to be seen.

use std::{collections::BTreeSet, time::Duration};

use shared::{
    app::App,
    domain::{Policy, TenantId, Timestamp, WorkspaceId, policy::Lens},
    lambda::schedule::Report,
    store::{
        CommitError, Key, Query, Record as _, StoreError, Stored, Table, Transaction, Unsealed,
        audit::{AuditEnd, AuditEntry, AuditLine},
        db::key_of,
        keyring::TenantKeyRow,
        keys,
        query::Listed,
        record::read_item,
        remains::workspace_of,
    },
};

/// How long one run goes on: the next one starts after a minute.
const BUDGET: Duration = Duration::from_secs(45);
/// How many waiting lines are listed at once.
const PAGE: u16 = 100;
/// How many lines one transaction chains: two writes each, and the end.
const STEP: u16 = 45;

/// Chains whatever waits, workspace by workspace.
pub async fn run(app: &App, report: &mut Report) -> Result<(), StoreError> {
    let started = app.clock.now();
    report.add("chained_audit_lines", 0);
    report.add("broken_audit_chains", 0);
    let mut after: Option<(Key, String)> = None;
    let mut failed = None;
    let mut done = BTreeSet::new();
    loop {
        let mut waiting = Query::lists(keys::audits_waiting()).limit(PAGE);
        if let Some((key, sort_key)) = after.take() {
            waiting = waiting.after(key, sort_key);
        }
        let Listed { items, more } = app.store.page(waiting).await?;
        let workspaces: BTreeSet<WorkspaceId> = items.iter().filter_map(workspace_of).collect();
        for workspace in workspaces.difference(&done) {
            if app.clock.now() >= started.plus(BUDGET) {
                return failed.map_or(Ok(()), Err);
            }
            // One that fails must not hold up the others.
            if let Err(error) = chain(app, *workspace, started.plus(BUDGET), report).await {
                tracing::warn!(error = %error, "an audit log has to wait");
                failed = Some(error);
            }
        }
        done.extend(workspaces);
        let last = items.last().filter(|_| more);
        after = last.and_then(|item| {
            let sort_key = item.get("lists_sk")?.as_s().ok()?.clone();
            Some((key_of(Table::Data, item)?, sort_key))
        });
        if after.is_none() {
            return failed.map_or(Ok(()), Err);
        }
    }
}

/// Chains the lines of one workspace, oldest first, step by step.
async fn chain(
    app: &App,
    workspace: WorkspaceId,
    stop_at: Timestamp,
    report: &mut Report,
) -> Result<(), StoreError> {
    let tenant = TenantId::Workspace(workspace);
    let mut first = true;
    loop {
        let now = app.clock.now();
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let (at_end, at_key) = (keys::audit_end(workspace), keys::tenant_key(tenant));
        let fetched = app
            .store
            .batch(vec![at_end.clone(), at_key.clone()])
            .await?;
        // A workspace without its key is gone; what waits there goes with it.
        if fetched
            .get::<TenantKeyRow>(&at_key, &Unsealed, lens)?
            .is_none()
        {
            return Ok(());
        }
        let key = app.store.unwrap_tenant_key(tenant, &fetched, now).await?;
        let mut end = fetched.get::<AuditEnd>(&at_end, &Unsealed, lens)?;
        if first {
            let sound = sound(app, workspace, end.as_ref(), lens).await?;
            report.add("broken_audit_chains", u64::from(!sound));
            first = false;
        }
        let waiting = Query::partition(keys::audit(workspace))
            .between(keys::AUDIT_WAITING, format!("{}~", keys::AUDIT_WAITING))
            .limit(STEP);
        let Listed { items, more } = app.store.page(waiting).await?;
        let mut transaction = Transaction::new(now);
        let (mut chained, mut before) = (0, end.clone());
        for item in &items {
            let Some(entry) = read_item::<AuditEntry>(item, &Unsealed, lens)? else {
                continue;
            };
            transaction.consume(entry.key());
            let line = entry.chained(before.as_ref(), &key);
            transaction.create(&Stored::new(line.clone(), &policy), &Unsealed)?;
            before = Some(line.end(before));
            chained += 1;
        }
        let Some(next) = before.filter(|_| chained > 0) else {
            return Ok(());
        };
        match end.take() {
            None => transaction.create(&Stored::new(next, &policy), &Unsealed)?,
            Some(_) => transaction.replace(&Stored::next(next, &policy), &Unsealed)?,
        };
        match app.store.commit(transaction).await {
            Ok(()) => report.add("chained_audit_lines", chained),
            // Another run has them.
            Err(CommitError::Refused(_)) => return Ok(()),
            Err(CommitError::Store(error)) => return Err(error),
        }
        if !more || app.clock.now() >= stop_at {
            return Ok(());
        }
    }
}

/// Whether the chain still ends with the line that it ended with.
async fn sound(
    app: &App,
    workspace: WorkspaceId,
    end: Option<&AuditEnd>,
    lens: Lens<'_>,
) -> Result<bool, StoreError> {
    let Some(end) = end else {
        // A chain begins with its first line, and then never loses its end.
        let lines = Query::partition(keys::audit(workspace))
            .between(keys::AUDIT_LINE, format!("{}~", keys::AUDIT_LINE))
            .limit(1);
        return Ok(app.store.query(lines).await?.is_empty());
    };
    let place = keys::audit_line(workspace, end.seq);
    let fetched = app.store.batch(vec![place.clone()]).await?;
    let last = fetched.get::<AuditLine>(&place, &Unsealed, lens)?;
    Ok(end.closes(last.as_ref(), lens.now))
}
