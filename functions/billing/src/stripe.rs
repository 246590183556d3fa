//! The few calls to Stripe, through the egress door: a form out, JSON back, three tries at most.
//!
//! Whatever changes something bears an `Idempotency-Key`, so that a try whose answer was lost is not done
//! twice (docs.stripe.com/api/idempotent_requests).

use std::time::Duration;

use http::{HeaderName, Method};
use serde_json::Value;
use shared::{
    app::{
        App,
        config::Stripe,
        egress::{EgressError, Outgoing},
    },
    domain::{billing::StripeId, recipient::Recipient},
    http::{Code, Problem},
};

/// The version of the API that we speak. What comes back is read leniently all the same.
const VERSION: &str = "2025-03-31.basil";
/// How often a call is tried.
const TRIES: u32 = 3;
/// The pause before the second try.
const PAUSE: Duration = Duration::from_millis(150);

/// Why a call brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is not there, or not any more.
    Missing,
    /// Stripe understood, and said no.
    Refused(u16),
    /// Stripe does not answer, or not now.
    Unreachable,
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        tracing::warn!(?trouble, "a call to Stripe failed");
        Self::new(Code::Unavailable).with_detail("the payment service does not answer as it should")
    }
}

/// Stripe, as one request sees it.
pub struct Client<'a> {
    app: &'a App,
    stripe: &'a Stripe,
}

/// What a call does.
enum Call<'a> {
    Ask(&'a str),
    Change(&'a [(&'a str, &'a str)], &'a str),
    Delete(&'a str),
}

impl<'a> Client<'a> {
    /// A client, where the deployment sells plans.
    pub fn of(app: &'a App) -> Option<Self> {
        let stripe = app.config.stripe.as_ref()?;
        app.config.plans.as_ref().map(|_| Self { app, stripe })
    }

    /// Asks for something; `query` without its question mark.
    pub async fn ask(&self, path: &str, query: &str) -> Result<Value, Trouble> {
        self.call(path, Call::Ask(query)).await
    }

    /// Makes or changes something. The same `key` does it once.
    pub async fn change(
        &self,
        path: &str,
        form: &[(&str, &str)],
        key: &str,
    ) -> Result<Value, Trouble> {
        self.call(path, Call::Change(form, key)).await
    }

    /// Deletes something; what is gone already is as good.
    pub async fn delete(&self, path: &str, key: &str) -> Result<(), Trouble> {
        match self.call(path, Call::Delete(key)).await {
            Ok(_) | Err(Trouble::Missing) => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }

    async fn call(&self, path: &str, call: Call<'_>) -> Result<Value, Trouble> {
        for attempt in 0..TRIES {
            tokio::time::sleep(PAUSE * attempt * attempt).await;
            match self.try_once(path, &call).await {
                Err(Trouble::Unreachable) => {}
                other => return other,
            }
        }
        Err(Trouble::Unreachable)
    }

    async fn try_once(&self, path: &str, call: &Call<'_>) -> Result<Value, Trouble> {
        let place = match call {
            Call::Ask(query) if !query.is_empty() => format!("{}{path}?{query}", self.stripe.url),
            _ => format!("{}{path}", self.stripe.url),
        };
        let address = self.app.egress.address(&place);
        let address = address.map_err(|_| Trouble::Refused(0))?;
        let mut out = match call {
            Call::Ask(_) | Call::Delete(_) => Outgoing::get(Recipient::Stripe, address),
            Call::Change(form, _) => {
                let mut fields = form_urlencoded::Serializer::new(String::new());
                fields.extend_pairs(*form);
                Outgoing::form(Recipient::Stripe, address, fields.finish())
            }
        };
        if let Call::Delete(_) = call {
            out.method = Method::DELETE;
        }
        if let Call::Change(_, key) | Call::Delete(key) = call {
            let name = HeaderName::from_static("idempotency-key");
            out.headers.push((name, (*key).to_owned()));
        }
        let version = HeaderName::from_static("stripe-version");
        out.headers.push((version, VERSION.to_owned()));
        let out = out.with_authorization(format!("Bearer {}", self.stripe.key));
        let answer = self
            .app
            .egress
            .call(out)
            .await
            .map_err(|error| match error {
                EgressError::Unreachable => Trouble::Unreachable,
                EgressError::Refused | EgressError::TooLarge => Trouble::Refused(0),
            })?;
        match answer.status {
            200 | 201 => serde_json::from_slice(&answer.body).map_err(|_| Trouble::Unreachable),
            404 => Err(Trouble::Missing),
            // A request of the same key is on its way, too many are, or it is Stripe's own fault.
            409 | 429 | 500.. => Err(Trouble::Unreachable),
            status => Err(Trouble::Refused(status)),
        }
    }
}

/// The id that an answer bears.
pub fn id(value: &Value) -> Result<StripeId, Trouble> {
    let text = value["id"].as_str().unwrap_or_default();
    StripeId::parse(text).map_err(|_| Trouble::Refused(0))
}

/// The address that an answer leads to; only `https`, but for this machine.
pub fn link(value: &Value, name: &str) -> Result<String, Trouble> {
    let text = value[name].as_str().unwrap_or_default();
    let good = text.starts_with("https://") || text.starts_with("http://127.0.0.1:");
    good.then(|| text.to_owned()).ok_or(Trouble::Refused(0))
}
