//! `POST /v1/billing/stripe`: Stripe tells what happened.
//!
//! The signature is over the raw bytes, so it is checked before anything is read of them, and the answer is
//! 2xx only when what the event says is written down. What is refused here Stripe sends again, for three days.

use axum::{
    extract::{Request, State},
    http::StatusCode,
};
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use shared::{
    app::App,
    domain::billing::{
        StripeId,
        event::Event,
        signature::{self, MAX_BODY_BYTES},
    },
    http::{Code, Problem, Problems},
};
use utoipa::ToSchema;

use crate::hear::{Way, hear};

/// The header with the signature.
const HEADER: &str = "stripe-signature";

/// An event of Stripe's, as much of it as is looked at.
#[derive(Deserialize, ToSchema)]
#[expect(
    dead_code,
    reason = "says in the document what is sent; the bytes are read elsewhere"
)]
pub struct SentEvent {
    /// Its id; it counts once.
    #[schema(example = "evt_1QxYzA2eZvKYlo2C")]
    id: StripeId,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "customer.subscription.updated")]
    kind: String,
    /// When, in seconds since the epoch.
    #[schema(example = 1768478400)]
    created: i64,
    /// Whether it is about money.
    #[schema(example = false)]
    livemode: bool,
    /// What it happened to.
    #[schema(value_type = Object)]
    data: serde_json::Value,
}

/// Hear of a payment, from Stripe.
///
/// The header `Stripe-Signature` says that it is from there; nobody else can use this route.
#[utoipa::path(
    post,
    path = "/v1/billing/stripe",
    operation_id = "hear_stripe",
    params(("Stripe-Signature" = Option<String>, Header, description = "Signs the raw body: `t=…,v1=…`.")),
    request_body(content = SentEvent, content_type = "application/json; charset=utf-8"),
    responses((status = 204, description = "It is written down, now or before."), Problems),
    security(()),
)]
pub async fn handle(State(app): State<App>, request: Request) -> Result<StatusCode, Problem> {
    let (Some(stripe), Some(_)) = (&app.config.stripe, &app.config.plans) else {
        return Err(Problem::new(Code::BillingOff));
    };
    let header = request.headers().get(HEADER).cloned();
    let body = Limited::new(request.into_body(), MAX_BODY_BYTES);
    let body = body.collect().await.map_err(|_| {
        Problem::new(Code::BodyTooLarge).with_detail("an event has 256 KiB at the most")
    })?;
    let body = body.to_bytes();
    let refused = |why: &'static str| {
        tracing::warn!(why, "a webhook was refused");
        Problem::new(Code::WebhookRefused).with_detail(why)
    };
    let header = header.as_ref().and_then(|value| value.to_str().ok());
    let header = header.ok_or_else(|| refused("a Stripe-Signature"))?;
    signature::verify(&body, header, &stripe.webhook_secrets, app.clock.now())
        .map_err(|unsigned| refused(words(unsigned)))?;
    let event = Event::parse(&body).map_err(|missing| refused(missing.0))?;
    if event.livemode != stripe.livemode() {
        return Err(refused("an event of the mode of this deployment's key"));
    }
    if event.account.is_some() {
        return Err(refused("an event of the account itself, and of no other"));
    }
    hear(&app, &event, Way::Told).await?;
    Ok(StatusCode::NO_CONTENT)
}

const fn words(unsigned: signature::Unsigned) -> &'static str {
    use signature::Unsigned;
    match unsigned {
        Unsigned::Malformed => "a Stripe-Signature with one time and a signature",
        Unsigned::TooOld | Unsigned::TooNew => "a signature of the last five minutes",
        Unsigned::Wrong => "a signature with a secret of this endpoint",
    }
}
