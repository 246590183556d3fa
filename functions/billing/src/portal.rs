//! `POST /v1/workspaces/{workspace}/billing/portal`: the page of Stripe's where card and address are changed.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{AuditId, Permission, WorkspaceId, text::Setting},
    http::{AccessToken, Code, Json, Path, Problem, Problems},
};
use utoipa::ToSchema;

use crate::{
    account::{self, HostedPage, back_to},
    stripe::{Client, link},
};

/// Where it leads back to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenPortal {
    /// Where Stripe leads back to: the page of the account, unless said otherwise.
    #[schema(example = "https://app.example.com/settings/plan")]
    return_url: Option<Setting>,
}

/// Open the page of Stripe's where card, address and plan are changed.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/billing/portal",
    operation_id = "open_billing_portal",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = OpenPortal,
    responses((status = 201, description = "The page.", body = HostedPage), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<OpenPortal>,
) -> Result<(StatusCode, Json<HostedPage>), Problem> {
    let entered = account::enter(&app, &token, workspace, Permission::BillingManage).await?;
    entered.member.belongs()?;
    entered.sold()?;
    let back = back_to(&app, body.return_url.as_ref())?;
    let customer = entered.customer()?;
    let stripe = Client::of(&app).ok_or_else(|| Problem::new(Code::BillingOff))?;
    let form = [
        ("customer", customer.as_str()),
        ("return_url", back.as_str()),
    ];
    let key = format!("portal-{}", AuditId::new(entered.member.entry.now));
    let session = stripe.change("/v1/billing_portal/sessions", &form, &key);
    let url = link(&session.await?, "url")?;
    Ok((StatusCode::CREATED, Json(HostedPage { url })))
}
