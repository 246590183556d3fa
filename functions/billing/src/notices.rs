//! Who is told by mail: owners, when a payment failed, a trial is about to end, or a plan has ended. A notice
//! is written with what it tells of, so it goes out once, however often Stripe repeats itself.

use shared::{
    app::App,
    domain::{
        Timestamp, WorkspaceId,
        billing::{
            event::{Event, EventKind},
            paper::{InvoiceStatus, Paper},
            plan::Granted,
            standing::{Standing, SubscriptionStatus},
        },
    },
    store::{
        StoreError, Transaction,
        notice::{Notice, NoticeKind},
    },
};

/// The most owners that are told: a transaction has room for a hundred writes.
const MOST_OWNERS: usize = 50;

/// What is told of a fact about how somebody pays, as it stands now: a reminder that comes late is none.
pub fn of_standing(
    event: &Event,
    standing: &Standing,
    before: Option<&Granted>,
    after: Option<&Granted>,
) -> Option<NoticeKind> {
    let trial = standing
        .subscription()
        .is_some_and(|one| one.status == SubscriptionStatus::Trialing);
    match (before, after) {
        (Some(_), None) => Some(NoticeKind::PlanEnded),
        _ if event.kind == EventKind::TrialWillEnd && trial => Some(NoticeKind::TrialEnding),
        _ => None,
    }
}

/// What is told of a document: that a payment failed, unless it has come meanwhile.
pub fn of_paper(event: &Event, paper: &Paper) -> Option<NoticeKind> {
    let open = paper
        .invoice
        .as_ref()
        .is_some_and(|invoice| invoice.status == InvoiceStatus::Open);
    (event.kind == EventKind::InvoicePaymentFailed && open).then_some(NoticeKind::PaymentFailed)
}

/// Tells every owner of a workspace.
///
/// # Errors
/// When they cannot be read.
pub async fn tell(
    app: &App,
    transaction: &mut Transaction,
    workspace: WorkspaceId,
    notice: Option<NoticeKind>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(kind) = notice else {
        return Ok(());
    };
    let owners = app.store.owner_accounts(workspace, now).await?;
    for owner in owners.into_iter().take(MOST_OWNERS) {
        transaction.notify(Notice::new(owner, kind, now).in_workspace(workspace))?;
    }
    Ok(())
}
