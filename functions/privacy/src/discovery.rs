//! `GET /.well-known/privacy.json`: where a program finds out how to use somebody's rights here, in
//! the terms of the Data Rights Protocol 1.0.

use axum::{extract::State, http::HeaderValue, response::IntoResponse};
use serde::Serialize;
use shared::{
    app::App,
    domain::{
        Profile,
        privacy::{ANSWER_WITHIN, Maker, RequestKind},
    },
    http::{Json, Problem, Problems},
};
use utoipa::ToSchema;

/// How to use one's rights here.
#[derive(Serialize, ToSchema)]
pub struct PrivacyDiscovery {
    /// The version of the protocol whose states and reasons are used.
    #[schema(example = "1.0")]
    version: &'static str,
    /// Who decides about the data of account holders; a workspace decides about those of its visitors.
    #[schema(example = "https://api.example.com")]
    controller: String,
    /// Where a person answers; null where the operator of this deployment has not said so.
    #[schema(example = "privacy@example.com")]
    contact: Option<String>,
    /// What visitors can ask for, or their teams for them.
    actions: Vec<RequestKind>,
    /// What holders of accounts can ask for.
    account_actions: Vec<RequestKind>,
    /// Within how many days it is answered.
    #[schema(example = 30)]
    answered_within_days: u64,
    /// Where holders of accounts ask.
    #[schema(example = "https://api.example.com/v1/privacy/requests")]
    account_requests: String,
    /// Where anybody reports a child, without a token.
    #[schema(example = "https://api.example.com/v1/privacy/child-reports")]
    child_reports: String,
    /// Where visitors ask, with the token of the widget.
    #[schema(example = "https://api.example.com/v1/widget/privacy/requests")]
    visitor_requests: String,
    /// The privacy policies, one for each profile.
    policies: Vec<PolicyLink>,
}

/// Where a policy is.
#[derive(Serialize, ToSchema)]
pub struct PolicyLink {
    /// Of which profile.
    profile: Profile,
    /// Where.
    #[schema(example = "https://api.example.com/policy/inbox")]
    url: String,
}

/// Find out how to use your rights.
#[utoipa::path(
    get,
    path = "/.well-known/privacy.json",
    operation_id = "privacy_discovery",
    responses((status = 200, description = "How.", body = PrivacyDiscovery), Problems),
    security(()),
)]
pub async fn handle(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    let issuer = &app.config.issuer;
    let contact = app.config.privacy_contact.as_ref();
    let found = PrivacyDiscovery {
        version: "1.0",
        controller: issuer.clone(),
        contact: contact.or(app.config.operator_email.as_ref()).cloned(),
        actions: asked_by(&[Maker::Visitor, Maker::Workspace]),
        account_actions: asked_by(&[Maker::AccountHolder]),
        answered_within_days: ANSWER_WITHIN.as_secs() / (24 * 60 * 60),
        account_requests: format!("{issuer}/v1/privacy/requests"),
        child_reports: format!("{issuer}/v1/privacy/child-reports"),
        visitor_requests: format!("{issuer}/v1/widget/privacy/requests"),
        policies: Profile::ALL
            .iter()
            .map(|profile| PolicyLink {
                profile: *profile,
                url: format!("{issuer}/policy/{}", profile.word()),
            })
            .collect(),
    };
    let cached = HeaderValue::from_static("max-age=3600");
    Ok(([(axum::http::header::CACHE_CONTROL, cached)], Json(found)))
}

/// What one of these can ask for.
fn asked_by(makers: &[Maker]) -> Vec<RequestKind> {
    let kinds = RequestKind::ALL.iter().copied();
    let may = |kind: &RequestKind| makers.iter().any(|maker| kind.may_be_made_by(*maker));
    kinds.filter(may).collect()
}
