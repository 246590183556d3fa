//! The pages that people are led to: a checkout with two buttons, and a portal with a few.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;

use super::{Stripe, field, read};

/// The routes of the pages.
pub(super) fn routes() -> Router<Stripe> {
    Router::new()
        .route("/pay/{session}", get(show_pay).post(pay))
        .route("/portal/{customer}", get(show_portal).post(act))
        .route("/pdf/{invoice}", get(show_pdf))
}

/// A page with buttons.
fn page(title: &str, buttons: &[(&str, &str)]) -> Html<String> {
    let buttons = buttons.iter().map(|(act, label)| {
        format!("<p><button name=\"act\" value=\"{act}\">{label}</button></p>")
    });
    let buttons: String = buttons.collect();
    Html(format!(
        "<!doctype html><meta charset=\"utf-8\"><title>{title}</title><h1>{title}</h1>\
         <p>This stands in for Stripe. Nothing is paid.</p><form method=\"post\">{buttons}</form>"
    ))
}

async fn show_pay() -> Html<String> {
    page(
        "Buy a plan",
        &[("pay", "Pay with 4242"), ("back", "Go back")],
    )
}

async fn pay(State(stripe): State<Stripe>, Path(session): Path<String>, form: Bytes) -> Response {
    let back = stripe.state().objects.get(&session).cloned();
    let Some(session_object) = back else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let paid = field(&read(&form), "act") != Some("back");
    let name = if paid { "success_url" } else { "cancel_url" };
    if paid && stripe.check_out(&session).await.is_err() {
        return StatusCode::NOT_FOUND.into_response();
    }
    Redirect::to(session_object[name].as_str().unwrap_or("/")).into_response()
}

async fn show_portal() -> Html<String> {
    let buttons = [
        ("bill", "Bill the next month"),
        ("fail", "Let the next payment fail"),
        ("trial", "Say that the trial ends"),
        ("refund", "Give the last payment back"),
        ("cancel", "End the plan now"),
    ];
    page("Your plan", &buttons)
}

async fn act(State(stripe): State<Stripe>, Path(customer): Path<String>, form: Bytes) -> Redirect {
    let fields = read(&form);
    stripe
        .press(&customer, field(&fields, "act").unwrap_or_default())
        .await;
    Redirect::to(&format!("{}/portal/{customer}", stripe.url()))
}

async fn show_pdf(Path(invoice): Path<String>) -> Html<String> {
    Html(format!(
        "<!doctype html><title>{invoice}</title><p>Stripe would give a PDF here."
    ))
}
