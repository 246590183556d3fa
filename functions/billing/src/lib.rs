//! Plans and payments, where a deployment sells plans.
//!
//! | file | route |
//! |---|---|
//! | `take_event` | `POST /v1/billing/stripe` |
//! | `show` | `GET /v1/workspaces/{workspace}/billing` |
//! | `change` | `PATCH /v1/workspaces/{workspace}/billing` |
//! | `checkout` | `POST /v1/workspaces/{workspace}/billing/checkout` |
//! | `portal` | `POST /v1/workspaces/{workspace}/billing/portal` |
//! | `list_invoices` | `GET /v1/workspaces/{workspace}/billing/invoices` |
//! | `fetch_invoice` | `GET /v1/workspaces/{workspace}/billing/invoices/{invoice}/pdf` |
//!
//! | file | every minute |
//! |---|---|
//! | `tasks` | what is to be done at Stripe, and who waits |
//! | `reconcile` | asks Stripe, once a day, what happened that we were not told |
//!
//! What they share: `hear` (one event, once, whoever brings it), `stripe` (the few calls), `account` (how a
//! workspace pays), `notices` (who is told by mail).
//!
//! This is the one function that knows the secrets of Stripe and the one that reads the documents. It changes
//! nothing at Stripe that a webhook does not tell back: what a workspace has follows from what was heard.

mod account;
mod change;
mod checkout;
mod fetch_invoice;
mod hear;
mod list_invoices;
mod notices;
mod portal;
mod reconcile;
mod show;
mod stripe;
mod take_event;
mod tasks;

use shared::{
    app::App,
    lambda::schedule::{Report, Tick},
    store::StoreError,
};

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        take_event,
        show,
        change,
        checkout,
        portal,
        list_invoices,
        fetch_invoice,
    ]
}

/// Carries out one call of the schedule.
///
/// # Errors
/// When storage failed: what was done stays done, and the next call goes on from there.
pub async fn handle(app: &App, _: Tick) -> Result<Report, StoreError> {
    let mut report = Report::default();
    tasks::run(app, &mut report).await.map(|()| report)
}
