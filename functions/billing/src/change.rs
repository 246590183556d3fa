//! `PATCH /v1/workspaces/{workspace}/billing`: other seats; an end with what is paid, or none after all.
//!
//! It is written down as a task and done within the minute: what Stripe says of it then is what counts.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::domain::Policy;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId, billing::plan::Limited},
    http::{AccessToken, Code, Json, Path, Problem, Problems},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        audit::Deed,
        billing::{StripeTask, TaskKind},
        keys,
    },
};
use utoipa::ToSchema;

use crate::account::{self, BillingView};

/// What is to change. Name at least one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeBilling {
    /// How many seats to pay for: not fewer than are used.
    #[schema(example = 5, minimum = 1)]
    seats: Option<u32>,
    /// Whether the subscription goes on after what is paid: `false` cancels, `true` takes that back.
    #[schema(example = true)]
    renews: Option<bool>,
}

/// Change seats, cancel, or take that back.
///
/// It takes effect within a minute or two; until Stripe has said so, the answer is as it was.
#[utoipa::path(
    patch,
    path = "/v1/workspaces/{workspace}/billing",
    operation_id = "change_billing",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = ChangeBilling,
    responses((status = 202, description = "It will be done.", body = BillingView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<ChangeBilling>,
) -> Result<(StatusCode, Json<BillingView>), Problem> {
    let entered = account::enter(&app, &token, workspace, Permission::BillingManage).await?;
    let plans = entered.sold()?;
    let entry = &entered.member.entry;
    let subscription = entered.account.as_ref();
    let subscription = subscription.and_then(|one| one.standing.subscription());
    let subscription = subscription
        .filter(|one| !one.status.is_terminal())
        .ok_or_else(|| Problem::new(Code::NoSubscription))?;
    let mut tasks = Vec::new();
    if let Some(seats) = body.seats {
        let used = app.used(entry, Limited::Seats).await?;
        let plan = entry.policy.plan.as_ref();
        let plan = plan.and_then(|granted| plans.named(&granted.plan));
        let most = plan.and_then(|plan| plan.seats).unwrap_or(u32::MAX);
        if seats < used.max(1) || seats > most {
            return Err(Problem::invalid(
                "#/seats",
                "out_of_range",
                "as many as are used, and no more than the plan has",
            ));
        }
        tasks.push(StripeTask {
            item: subscription.item.clone(),
            seats: Some(seats),
            ..StripeTask::new(TaskKind::SetSeats, &subscription.id, entry.now)
        });
    }
    if let Some(renews) = body.renews {
        let kind = match renews {
            true => TaskKind::Renew,
            false => TaskKind::EndWithPeriod,
        };
        tasks.push(StripeTask::new(kind, &subscription.id, entry.now));
    }
    if tasks.is_empty() {
        return Err(Problem::invalid("#", "required", "seats, renews or both"));
    }
    let mut transaction = Transaction::new(entry.now);
    for task in tasks {
        // The latest wish counts.
        transaction.overwrite(&Stored::new(task, &Policy::platform()), &Unsealed)?;
    }
    transaction.check_live(keys::policy(workspace));
    transaction.audit(entry.line(entered.member.id, Deed::BillingChanged))?;
    match app.store.commit(transaction).await {
        Ok(()) => {}
        Err(CommitError::Store(error)) => return Err(error.into()),
        Err(CommitError::Refused(_)) => return Err(Problem::new(Code::Conflict)),
    }
    Ok((StatusCode::ACCEPTED, Json(entered.view(&app).await?)))
}
