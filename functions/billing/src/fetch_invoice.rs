//! `GET /v1/workspaces/{workspace}/billing/invoices/{invoice}/pdf`: the document itself lies with Stripe.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId, billing::StripeId},
    http::{AccessToken, Code, Json, Path, Problem, Problems},
    store::keys,
};

use crate::{
    account::{self, HostedPage},
    list_invoices,
    stripe::{Client, Trouble, link},
};

/// Fetch the PDF of an invoice.
///
/// The link is Stripe's, and good for whoever has it.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/billing/invoices/{invoice}/pdf",
    operation_id = "fetch_invoice",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("invoice" = StripeId, Path, description = "The invoice."),
    ),
    responses((status = 200, description = "Where it is.", body = HostedPage), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, invoice)): Path<(WorkspaceId, StripeId)>,
) -> Result<Json<HostedPage>, Problem> {
    let entered = account::enter(&app, &token, workspace, Permission::BillingRead).await?;
    let account = entered.account.as_ref().ok_or_else(Problem::not_found)?;
    let now = entered.member.entry.now;
    let found = list_invoices::read(&app, &[keys::paper(invoice.clone())], now).await?;
    let own = found.iter().any(|paper| paper.customer == account.customer);
    let bills = found.iter().any(|paper| paper.paper.invoice.is_some());
    if !own || !bills {
        return Err(Problem::not_found());
    }
    let stripe = Client::of(&app).ok_or_else(|| Problem::new(Code::BillingOff))?;
    let asked = stripe.ask(&format!("/v1/invoices/{invoice}"), "").await;
    let answer = asked.map_err(|trouble| match trouble {
        Trouble::Missing => Problem::not_found(),
        other => other.into(),
    })?;
    let url = link(&answer, "invoice_pdf")?;
    Ok(Json(HostedPage { url }))
}
