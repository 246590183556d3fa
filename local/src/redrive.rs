//! `sotto redrive`: what was given up while something was down goes out again.
//!
//! What leaves the system waits as rows, not in a queue: what `outbox` could not bring to a service of a
//! customer is tried ten times over three days and then given up. After an outage on our side that was not the receivers'
//! fault, so the operator lets all of it wait again, of one workspace or of all. Each goes out under the id that
//! it had, by which a receiver knows it; one that arrived is left alone, and so is an endpoint that its team
//! put aside.

use std::collections::HashMap;
use std::time::Duration;

use shared::{
    app::App,
    domain::{Policy, Timestamp, WebhookId, WorkspaceId, policy::Lens},
    store::{
        Item, StoreError, Stored, Table, Transaction, Unsealed, keys,
        record::{Record, read_item},
        transaction::CommitError,
        webhook::{Delivery, DeliveryState, Webhook, WebhookStatus},
        workspace::WorkspacePolicy,
    },
};

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Of one workspace only.
    pub workspace: Option<WorkspaceId>,
    /// What happened at most so long ago.
    pub within: Duration,
    /// Whether to do it.
    pub mode: Mode,
}

/// Whether anything is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// What was given up waits again.
    Redrive,
    /// It is counted only.
    Count,
}

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many items were looked at.
    pub looked_at: u64,
    /// How many had been given up, and wait again (or would).
    pub again: u64,
    /// How many are left alone, because their endpoint takes nothing.
    pub put_aside: u64,
}

/// What is known of a workspace and its endpoints, read once.
#[derive(Default)]
struct Known {
    policies: HashMap<WorkspaceId, Option<Policy>>,
    endpoints: HashMap<(WorkspaceId, WebhookId), bool>,
}

/// Lets what was given up wait again. `say` hears how far it is.
///
/// # Errors
/// When storage fails; what was done stays done, and running it again goes on.
pub async fn run(
    app: &App,
    wanted: Wanted,
    mut say: impl FnMut(String),
) -> Result<Report, StoreError> {
    let mut report = Report::default();
    let mut known = Known::default();
    let since = app.clock.now().minus(wanted.within);
    let (mut after, mut pages) = (None, 0_u64);
    loop {
        let page = app.store.read_through(Table::Data, after).await?;
        report.looked_at += page.items.len() as u64;
        for item in page.items.iter().filter(|item| is_delivery(item)) {
            consider(app, item, (wanted, since), &mut known, &mut report).await?;
        }
        pages += 1;
        if pages.is_multiple_of(100) {
            let Report {
                looked_at, again, ..
            } = report;
            say(format!("{looked_at} items looked at, {again} wait again."));
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(report),
        }
    }
}

fn is_delivery(item: &Item) -> bool {
    let kind = item.get("kind").and_then(|kind| kind.as_s().ok());
    kind.is_some_and(|kind| kind == Delivery::DECLARATION.name)
}

async fn consider(
    app: &App,
    item: &Item,
    (wanted, since): (Wanted, Timestamp),
    known: &mut Known,
    report: &mut Report,
) -> Result<(), StoreError> {
    let now = app.clock.now();
    let platform = Policy::platform();
    // Deliveries live for as long whatever a workspace chose; its own policy stamps the next version.
    let lens = Lens {
        now,
        policy: &platform,
    };
    let Some(found) = read_item::<Delivery>(item, &Unsealed, lens)? else {
        return Ok(());
    };
    let asked = wanted.workspace.is_none_or(|one| one == found.workspace);
    if !asked || found.delivery_state != DeliveryState::Failed || found.happened_at < since {
        return Ok(());
    }
    let Some(policy) = known.policy(app, found.workspace, now).await? else {
        return Ok(());
    };
    if !known.takes(app, &policy, &found, now).await? {
        report.put_aside += 1;
        return Ok(());
    }
    if wanted.mode == Mode::Count {
        report.again += 1;
        return Ok(());
    }
    let mut transaction = Transaction::new(now);
    transaction.replace(&Stored::next(found.again(now), &policy), &Unsealed)?;
    match app.store.commit(transaction).await {
        Ok(()) => report.again += 1,
        // Its team did the same meanwhile, or it has ended.
        Err(CommitError::Refused(_)) => {}
        Err(CommitError::Store(error)) => return Err(error),
    }
    Ok(())
}

impl Known {
    /// The policy of a workspace that is there.
    async fn policy(
        &mut self,
        app: &App,
        workspace: WorkspaceId,
        now: Timestamp,
    ) -> Result<Option<Policy>, StoreError> {
        if let Some(known) = self.policies.get(&workspace) {
            return Ok(known.clone());
        }
        let platform = Policy::platform();
        let lens = Lens {
            now,
            policy: &platform,
        };
        let place = keys::policy(workspace);
        let fetched = app.store.batch(vec![place.clone()]).await?;
        let row = fetched.get::<WorkspacePolicy>(&place, &Unsealed, lens)?;
        let policy = row.map(|row| row.policy());
        self.policies.insert(workspace, policy.clone());
        Ok(policy)
    }

    /// Whether the endpoint of a delivery is told anything.
    async fn takes(
        &mut self,
        app: &App,
        policy: &Policy,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let which = (delivery.workspace, delivery.webhook);
        if let Some(known) = self.endpoints.get(&which) {
            return Ok(*known);
        }
        let place = keys::webhook(which.0, which.1);
        let fetched = app.store.batch(vec![place.clone()]).await?;
        let found = fetched.get::<Webhook>(&place, &Unsealed, Lens { now, policy })?;
        let takes = found.is_some_and(|endpoint| endpoint.status == WebhookStatus::Enabled);
        self.endpoints.insert(which, takes);
        Ok(takes)
    }
}
