//! A stand-in for Stripe: the few calls that we make, the pages that people are led to, and the webhooks,
//! signed as Stripe signs them. It runs where a deployment on this machine sells plans, keeps everything in
//! memory, and is driven by Stripe's own library in `tests/outside/stripe`.
//!
//! No card is typed here: a checkout is gone through with a button.

mod pages;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Path, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use shared::app::Clock;
use shared::domain::billing::signature::WebhookSecret;
use tokio::net::TcpListener;
use tower::ServiceExt;

/// The key of the API that the stand-in takes.
pub const SECRET_KEY: &str = "sk_test_local";
/// The secret that its webhooks are signed with.
pub const WEBHOOK_SECRET: &str = "whsec_local";
/// Where webhooks go.
const WEBHOOK: &str = "/v1/billing/stripe";
/// Seconds of a month, as this one has it.
const MONTH: i64 = 30 * 24 * 60 * 60;
/// What a seat costs a month, in cents.
const PRICE: i64 = 1500;

/// The stand-in.
#[derive(Clone)]
pub struct Stripe(Arc<Inner>);

struct Inner {
    url: String,
    clock: Clock,
    secret: WebhookSecret,
    /// The API that is told; empty until it runs.
    told: OnceLock<Router>,
    state: Mutex<Account>,
}

/// What becomes of webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Webhooks {
    /// They come.
    Told,
    /// They get lost.
    Lost,
}

/// Everything that an account at Stripe has.
#[derive(Default)]
struct Account {
    objects: BTreeMap<String, Value>,
    /// Oldest first.
    events: Vec<Value>,
    /// What was answered to a key.
    answers: BTreeMap<String, (u16, Value)>,
    made: u64,
    /// Whether the next payment fails.
    declines: bool,
    /// Whether webhooks get lost on their way.
    loses: bool,
}

type Fields = Vec<(String, String)>;

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    let found = fields.iter().find(|(one, _)| one == name);
    found.map(|(_, value)| value.as_str())
}

fn read(form: &[u8]) -> Fields {
    form_urlencoded::parse(form).into_owned().collect()
}

impl Stripe {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// When the system gives no port.
    pub async fn start(clock: Clock) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let stripe = Self(Arc::new(Inner {
            url: format!("http://{}", listener.local_addr()?),
            clock,
            secret: WebhookSecret::new(WEBHOOK_SECRET),
            told: OnceLock::new(),
            state: Mutex::default(),
        }));
        let router = Router::new()
            .route("/v1/{*path}", post(call).get(call).delete(call))
            .merge(pages::routes())
            .with_state(stripe.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(stripe)
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Tells `api` what happens, from now on.
    pub fn tell(&self, api: Router) {
        // The first one stays: a stack has one API.
        let _ = self.0.told.set(api);
    }

    /// Loses every webhook from now on, or none.
    pub fn lose(&self, webhooks: Webhooks) {
        self.state().loses = webhooks == Webhooks::Lost;
    }

    /// Has something happen that no button does: the id of the event.
    pub async fn happen(&self, kind: &str, object: Value) -> String {
        self.during(|account, now| {
            account.happened(kind, &object, now);
            let last = account.events.last().and_then(|event| event["id"].as_str());
            last.unwrap_or_default().to_owned()
        })
        .await
    }

    /// Gives an event another object, as another version of Stripe's API would.
    pub fn mend(&self, event: &str, object: Value) {
        let mut state = self.state();
        if let Some(event) = state.events.iter_mut().find(|one| one["id"] == event) {
            event["data"]["object"] = object;
        }
    }

    /// Whether there is such an object still.
    pub fn has(&self, id: &str) -> bool {
        self.state().objects.contains_key(id)
    }

    /// The events so far, oldest first.
    pub fn events(&self) -> Vec<Value> {
        self.state().events.clone()
    }

    fn state(&self) -> MutexGuard<'_, Account> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        self.0.clock.now().seconds()
    }

    /// An event with its signature: the body and the header.
    pub fn signed(&self, event: &Value) -> (Vec<u8>, String) {
        let body = event.to_string().into_bytes();
        let header = self.0.secret.header(&body, self.0.clock.now());
        (body, header)
    }

    /// Tells of everything that happened since `from`, in order, each once. What is not heard is asked for
    /// later (`GET /v1/events`).
    async fn deliver(&self, from: usize) {
        let events = self.state().events.get(from..).unwrap_or_default().to_vec();
        if self.state().loses {
            return;
        }
        let Some(api) = self.0.told.get() else {
            return;
        };
        for event in events {
            let (body, header) = self.signed(&event);
            let request = Request::post(WEBHOOK)
                .header(header::HOST, "localhost")
                .header("stripe-signature", header)
                .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
                .extension(ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 1))))
                .body(Body::from(body));
            let Ok(request) = request else { continue };
            match api.clone().oneshot(request).await {
                Ok(answer) if answer.status().is_success() => {}
                Ok(answer) => tracing::warn!(status = %answer.status(), "a webhook was not heard"),
                Err(impossible) => match impossible {},
            }
        }
    }

    /// Does something and tells of it.
    async fn during<T>(&self, work: impl FnOnce(&mut Account, i64) -> T) -> T {
        let now = self.now();
        let (from, done) = {
            let mut state = self.state();
            let from = state.events.len();
            (from, work(&mut state, now))
        };
        self.deliver(from).await;
        done
    }

    /// Goes through a checkout as whoever pays would: the events are told before this returns.
    ///
    /// # Errors
    /// When there is no such session.
    pub async fn check_out(&self, session: &str) -> Result<Value, String> {
        let done = self
            .during(|account, now| account.check_out(session, now))
            .await;
        done.ok_or_else(|| format!("there is no session {session}"))
    }

    /// Does to a customer what a button of the portal does.
    pub async fn press(&self, customer: &str, button: &str) {
        self.during(|account, now| account.press(customer, button, now))
            .await;
    }
}

impl Account {
    fn id(&mut self, kind: &str, now: i64) -> String {
        self.made += 1;
        format!("{kind}_local{now:x}{:04}", self.made)
    }

    fn happened(&mut self, kind: &str, object: &Value, now: i64) {
        let id = self.id("evt", now);
        self.events.push(json!({
            "id": id, "object": "event", "type": kind, "created": now, "livemode": false,
            "api_version": "2025-03-31.basil", "pending_webhooks": 1,
            "request": { "id": null, "idempotency_key": null },
            "data": { "object": object },
        }));
    }

    /// Changes an object and says so.
    fn change(
        &mut self,
        id: &str,
        kind: &str,
        now: i64,
        change: impl FnOnce(&mut Value),
    ) -> Option<Value> {
        let object = self.objects.get_mut(id)?;
        change(object);
        let object = object.clone();
        self.happened(kind, &object, now);
        Some(object)
    }

    fn of<'a>(&'a self, kind: &'a str, customer: &'a str) -> impl Iterator<Item = Value> + 'a {
        let all = self.objects.values();
        all.filter(move |one| one["object"] == kind && one["customer"] == customer)
            .cloned()
    }

    fn check_out(&mut self, session: &str, now: i64) -> Option<Value> {
        let session = self.objects.get(session)?.clone();
        if session["status"] == "complete" {
            return Some(session);
        }
        let customer = session["customer"].as_str()?.to_owned();
        let card = self.id("pm", now);
        let method = json!({
            "id": card, "object": "payment_method", "type": "card", "customer": customer, "created": now,
            "livemode": false, "card": { "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034,
                "country": "DE", "fingerprint": "Xt5EWLLDS7FJjR1c", "funding": "credit" },
        });
        self.objects.insert(card.clone(), method.clone());
        self.happened("payment_method.attached", &method, now);
        self.change(&customer, "customer.updated", now, |object| {
            object["name"] = json!("Example GmbH");
            object["email"] = json!("books@example.com");
            object["address"] = json!({ "line1": "Beispielweg 1", "line2": null, "city": "Berlin",
                "postal_code": "10115", "state": null, "country": "DE" });
            object["invoice_settings"]["default_payment_method"] = json!(card);
        });
        let trial = session["trial_days"].as_i64().unwrap_or(0);
        let ends = now
            + if trial > 0 {
                trial * 24 * 60 * 60
            } else {
                MONTH
            };
        let (subscription, item) = (self.id("sub", now), self.id("si", now));
        let object = json!({
            "id": subscription, "object": "subscription", "customer": customer, "created": now,
            "livemode": false, "status": if trial > 0 { "trialing" } else { "active" },
            "cancel_at_period_end": false, "cancel_at": null, "canceled_at": null,
            "default_payment_method": card, "metadata": session["subscription_metadata"],
            "trial_end": (trial > 0).then_some(ends),
            "items": { "object": "list", "data": [{ "id": item, "object": "subscription_item",
                "quantity": session["quantity"], "current_period_start": now, "current_period_end": ends,
                "price": { "id": session["price"], "object": "price", "unit_amount": PRICE,
                    "currency": "eur" } }] },
        });
        self.objects.insert(subscription.clone(), object.clone());
        self.happened("customer.subscription.created", &object, now);
        self.bill(&subscription, if trial > 0 { 0 } else { PRICE }, now);
        let id = session["id"].as_str()?.to_owned();
        self.change(&id, "checkout.session.completed", now, |session| {
            session["status"] = json!("complete");
            session["payment_status"] = json!("paid");
            session["subscription"] = json!(subscription);
        })
    }

    /// Bills a subscription for a month; the payment fails when the next one is to fail.
    fn bill(&mut self, subscription: &str, price: i64, now: i64) {
        let Some(object) = self.objects.get(subscription).cloned() else {
            return;
        };
        let customer = object["customer"].as_str().unwrap_or_default();
        let payer = self.objects.get(customer).cloned().unwrap_or_default();
        let seats = object["items"]["data"][0]["quantity"].as_i64().unwrap_or(1);
        let id = self.id("in", now);
        let invoice = json!({
            "id": id, "object": "invoice", "customer": customer, "created": now, "livemode": false,
            "number": format!("LOCAL-{:04}", self.made), "status": "open", "currency": "eur",
            "total": price * seats, "amount_due": price * seats, "amount_paid": 0,
            "customer_name": payer["name"], "customer_address": payer["address"], "customer_tax_ids": [],
            "status_transitions": { "finalized_at": now, "paid_at": null },
            "parent": { "type": "subscription_details", "subscription_details": { "subscription": subscription } },
        });
        self.objects.insert(id.clone(), invoice.clone());
        self.happened("invoice.finalized", &invoice, now);
        if std::mem::take(&mut self.declines) {
            self.change(&id, "invoice.payment_failed", now, |invoice| {
                invoice["attempt_count"] = json!(1)
            });
            self.change(
                subscription,
                "customer.subscription.updated",
                now,
                |object| {
                    object["status"] = json!("past_due");
                },
            );
        } else {
            self.change(&id, "invoice.paid", now, |invoice| {
                invoice["status"] = json!("paid");
                invoice["amount_paid"] = invoice["total"].clone();
                invoice["status_transitions"]["paid_at"] = json!(now);
            });
        }
    }

    fn press(&mut self, customer: &str, button: &str, now: i64) {
        let live = self.of("subscription", customer);
        let live = live.filter(|one| one["status"] != "canceled").last();
        let Some(subscription) = live.and_then(|one| Some(one["id"].as_str()?.to_owned())) else {
            return;
        };
        match button {
            "fail" => {
                self.declines = true;
                self.bill(&subscription, PRICE, now);
            }
            "bill" => self.bill(&subscription, PRICE, now),
            "trial" => {
                self.change(
                    &subscription,
                    "customer.subscription.trial_will_end",
                    now,
                    |_| {},
                );
            }
            "cancel" => {
                self.end(&subscription, now);
            }
            "refund" => {
                let paid = self
                    .of("invoice", customer)
                    .filter(|one| one["status"] == "paid")
                    .last();
                let Some(paid) = paid else { return };
                let charge = json!({
                    "id": self.id("ch", now), "object": "charge", "customer": customer, "created": now,
                    "currency": "eur", "amount": paid["total"], "amount_refunded": paid["total"],
                    "refunded": true, "invoice": paid["id"],
                });
                self.happened("charge.refunded", &charge, now);
            }
            _ => {}
        }
    }

    fn end(&mut self, subscription: &str, now: i64) -> Option<Value> {
        self.change(
            subscription,
            "customer.subscription.deleted",
            now,
            |object| {
                object["status"] = json!("canceled");
                object["canceled_at"] = json!(now);
            },
        )
    }

    /// One call of the API.
    fn answer(
        &mut self,
        (method, path): (&str, &str),
        fields: &Fields,
        url: &str,
        now: i64,
    ) -> (u16, Value) {
        let parts: Vec<&str> = path.split('/').collect();
        let said = match (method, parts.as_slice()) {
            ("POST", ["customers"]) => {
                let id = self.id("cus", now);
                let customer = json!({ "id": id, "object": "customer", "created": now, "livemode": false,
                    "name": null, "email": null, "address": null, "metadata": metadata(fields, "metadata"),
                    "invoice_settings": { "default_payment_method": null } });
                self.objects.insert(id, customer.clone());
                self.happened("customer.created", &customer, now);
                Some(customer)
            }
            ("DELETE", ["customers", id]) => {
                let live: Vec<Value> = self.of("subscription", id).collect();
                for one in live.iter().filter(|one| one["status"] != "canceled") {
                    self.end(one["id"].as_str().unwrap_or_default(), now);
                }
                let gone = self.objects.remove(*id);
                gone.map(|customer| {
                    self.happened("customer.deleted", &customer, now);
                    json!({ "id": id, "object": "customer", "deleted": true })
                })
            }
            ("POST", ["checkout", "sessions"]) => self.begin(fields, url, now),
            ("POST", ["billing_portal", "sessions"]) => {
                let customer = field(fields, "customer").unwrap_or_default();
                let there = self.objects.contains_key(customer);
                there.then(|| {
                    json!({ "id": self.id("bps", now), "object": "billing_portal.session",
                    "customer": customer, "url": format!("{url}/portal/{customer}") })
                })
            }
            ("POST", ["subscriptions", id]) => {
                self.change(id, "customer.subscription.updated", now, |object| {
                    if let Some(ends) = field(fields, "cancel_at_period_end") {
                        object["cancel_at_period_end"] = json!(ends == "true");
                    }
                    let seats = field(fields, "items[0][quantity]")
                        .and_then(|text| text.parse::<u32>().ok());
                    if let Some(seats) = seats {
                        object["items"]["data"][0]["quantity"] = json!(seats);
                    }
                })
            }
            ("DELETE", ["subscriptions", id]) => self.end(id, now),
            ("GET", ["events"]) => Some(self.list_events(fields)),
            ("GET", ["events", id]) => self.events.iter().find(|one| one["id"] == *id).cloned(),
            ("GET", ["invoices", id]) => self.objects.get(*id).cloned().map(|mut invoice| {
                invoice["invoice_pdf"] = json!(format!("{url}/pdf/{id}"));
                invoice
            }),
            ("GET", [_, id] | ["checkout", "sessions", id]) => self.objects.get(*id).cloned(),
            _ => None,
        };
        match said {
            Some(object) => (200, object),
            None => {
                let error = json!({ "type": "invalid_request_error", "code": "resource_missing",
                    "message": "No such object" });
                (404, json!({ "error": error }))
            }
        }
    }

    fn begin(&mut self, fields: &Fields, url: &str, now: i64) -> Option<Value> {
        let customer = field(fields, "customer")?;
        self.objects.contains_key(customer).then_some(())?;
        let id = self.id("cs_test", now);
        let days = field(fields, "subscription_data[trial_period_days]");
        let session = json!({
            "id": id, "object": "checkout.session", "mode": field(fields, "mode"), "customer": customer,
            "status": "open", "payment_status": "unpaid", "created": now, "livemode": false,
            "client_reference_id": field(fields, "client_reference_id"),
            "price": field(fields, "line_items[0][price]")?,
            "quantity": field(fields, "line_items[0][quantity]")?.parse::<u32>().ok()?,
            "trial_days": days.and_then(|days| days.parse::<i64>().ok()),
            "subscription_metadata": metadata(fields, "subscription_data[metadata]"),
            "success_url": field(fields, "success_url")?, "cancel_url": field(fields, "cancel_url"),
            "url": format!("{url}/pay/{id}"),
        });
        self.objects.insert(id, session.clone());
        Some(session)
    }

    /// Newest first, as Stripe lists them.
    fn list_events(&self, fields: &Fields) -> Value {
        let since = field(fields, "created[gte]").and_then(|text| text.parse::<i64>().ok());
        let limit = field(fields, "limit")
            .and_then(|text| text.parse().ok())
            .unwrap_or(10);
        let mut events = self
            .events
            .iter()
            .rev()
            .filter(|one| one["created"].as_i64() >= since);
        if let Some(after) = field(fields, "starting_after") {
            events.find(|one| one["id"] == after);
        }
        let page: Vec<&Value> = events.by_ref().take(limit).collect();
        let more = events.next().is_some();
        json!({ "object": "list", "url": "/v1/events", "has_more": more, "data": page })
    }
}

fn metadata(fields: &Fields, name: &str) -> Value {
    let open = format!("{name}[");
    let own = fields.iter().filter_map(|(key, value)| {
        let key = key.strip_prefix(&open)?.strip_suffix(']')?;
        Some((key.to_owned(), json!(value)))
    });
    Value::Object(own.collect())
}

/// A call of the API: the key, the fields, and an answer that is remembered under the caller's key.
async fn call(
    State(stripe): State<Stripe>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let method = request.method().to_string();
    let headers = request.headers().clone();
    let body = to_bytes(request.into_body(), 64 * 1024)
        .await
        .unwrap_or_default();
    if !is_known(&headers) {
        let error =
            json!({ "error": { "type": "invalid_request_error", "message": "Invalid API Key" } });
        return (StatusCode::UNAUTHORIZED, axum::Json(error)).into_response();
    }
    let fields = match method.as_str() {
        "POST" => read(&body),
        _ => read(query.unwrap_or_default().as_bytes()),
    };
    let key = headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    let key = key
        .filter(|_| method != "GET")
        .map(|key| format!("{method} {path} {key}"));
    let before = key
        .as_ref()
        .and_then(|key| stripe.state().answers.get(key).cloned());
    let (status, answer) = match before {
        Some(before) => before,
        None => {
            let url = stripe.url().to_owned();
            let done = stripe.during(|account, now| {
                let answer = account.answer((&method, &path), &fields, &url, now);
                if let Some(key) = key {
                    account.answers.insert(key, answer.clone());
                }
                answer
            });
            done.await
        }
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [("request-id", "req_local")], axum::Json(answer)).into_response()
}

fn is_known(headers: &HeaderMap) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    given.and_then(|given| given.strip_prefix("Bearer ")) == Some(SECRET_KEY)
}
