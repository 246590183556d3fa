//! `POST /v1/workspaces/{workspace}/billing/checkout`: the page of Stripe's where a plan is bought.
//!
//! The card, the address and everything else is typed there; no script and no field of it is ours (CALL-07,
//! CALL-12). What was bought is known when Stripe tells it, and not when the browser comes back.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        AuditId, Permission, Policy, WorkspaceId,
        billing::{
            StripeId,
            plan::{Limited, PlanName},
            standing::Standing,
        },
        text::Setting,
    },
    http::{AccessToken, Code, Json, Path, Problem, Problems},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        audit::Deed,
        billing::{BillingAccount, StripeCustomer},
        keys,
    },
};
use utoipa::ToSchema;

use crate::{
    account::{self, Entered, HostedPage, back_to},
    stripe::{Client, id, link},
};

/// What is bought.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginCheckout {
    /// Which plan.
    plan: PlanName,
    /// How many seats; as many as are used, unless said otherwise.
    #[schema(example = 5, minimum = 1)]
    seats: Option<u32>,
    /// Where Stripe leads back to, bought or not: the page of the account, unless said otherwise.
    #[schema(example = "https://app.example.com/settings/plan")]
    return_url: Option<Setting>,
}

/// Begin to buy a plan, on a page of Stripe's.
///
/// Lead the browser to `url`. Once it is paid, the plan holds within seconds.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/billing/checkout",
    operation_id = "begin_checkout",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = BeginCheckout,
    responses((status = 201, description = "The page.", body = HostedPage), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<BeginCheckout>,
) -> Result<(StatusCode, Json<HostedPage>), Problem> {
    let entered = account::enter(&app, &token, workspace, Permission::BillingManage).await?;
    entered.member.belongs()?;
    let entry = &entered.member.entry;
    let plan = entered.sold()?.named(&body.plan);
    let (plan, price) = plan
        .and_then(|plan| Some((plan, plan.price.as_ref()?)))
        .ok_or_else(|| Problem::invalid("#/plan", "unknown_plan", "a plan that is sold here"))?;
    let nothing = Standing::default();
    let standing = entered
        .account
        .as_ref()
        .map_or(&nothing, |one| &one.standing);
    if standing.open().any(|one| one.status.is_good()) {
        return Err(Problem::new(Code::SubscribedAlready));
    }
    let used = app.used(entry, Limited::Seats).await?;
    let seats = body.seats.unwrap_or(used.max(1));
    if seats < used.max(1) || plan.seats.is_some_and(|most| seats > most) {
        return Err(Problem::invalid(
            "#/seats",
            "out_of_range",
            "as many as are used, and no more than the plan has",
        ));
    }
    let back = back_to(&app, body.return_url.as_ref())?;
    let stripe = Client::of(&app).ok_or_else(|| Problem::new(Code::BillingOff))?;
    let customer = customer(&app, &stripe, &entered).await?;
    let (workspace, seats) = (workspace.to_string(), seats.to_string());
    let trial = plan.trial_days.to_string();
    let mut form = vec![
        ("mode", "subscription"),
        ("customer", customer.as_str()),
        ("client_reference_id", &workspace),
        ("line_items[0][price]", price.as_str()),
        ("line_items[0][quantity]", &seats),
        ("subscription_data[metadata][workspace]", &workspace),
        ("billing_address_collection", "required"),
        ("customer_update[address]", "auto"),
        ("customer_update[name]", "auto"),
        ("success_url", &back),
        ("cancel_url", &back),
    ];
    // A plan is tried once.
    if plan.trial_days > 0 && standing.subscription().is_none() {
        form.push(("subscription_data[trial_period_days]", &trial));
    }
    let key = format!("checkout-{}", AuditId::new(entry.now));
    let session = stripe.change("/v1/checkout/sessions", &form, &key).await?;
    let url = link(&session, "url")?;
    Ok((StatusCode::CREATED, Json(HostedPage { url })))
}

/// What Stripe calls who pays for a workspace: made with the first checkout, and written down before
/// anything is sold to them.
async fn customer(
    app: &App,
    stripe: &Client<'_>,
    entered: &Entered<'_>,
) -> Result<StripeId, Problem> {
    let entry = &entered.member.entry;
    let workspace = entry.workspace;
    if let Some(account) = &entered.account {
        return Ok(account.customer.clone());
    }
    let name = workspace.to_string();
    let form = [("metadata[workspace]", name.as_str())];
    let key = format!("customer-{name}");
    let made = stripe.change("/v1/customers", &form, &key);
    let customer = id(&made.await?)?;
    let account = BillingAccount {
        workspace,
        customer: customer.clone(),
        standing: Standing::default(),
        created_at: entry.now,
        rev: 1,
    };
    let link = StripeCustomer {
        customer: customer.clone(),
        workspace,
        created_at: entry.now,
    };
    let mut transaction = Transaction::new(entry.now);
    transaction.create(&Stored::new(account, &entry.policy), &entered.key)?;
    transaction.create(&Stored::new(link, &Policy::platform()), &Unsealed)?;
    transaction.check_live(keys::policy(workspace));
    transaction.audit(entry.line(entered.member.id, Deed::BillingChanged))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(customer),
        Err(CommitError::Store(error)) => Err(error.into()),
        // A colleague was faster; with the same key Stripe gave both the same customer.
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
