//! What the deployment tells a function, read once. No other file reads the environment.

use std::collections::HashMap;

use crate::domain::billing::{plan::Plans, signature::WebhookSecret};

/// The settings of a function. `template.yaml` sets them; the embedded stack reads them there.
#[derive(Clone, Debug)]
pub struct Config {
    /// `DATA_TABLE`.
    pub data_table: String,
    /// `KEYS_TABLE`.
    pub keys_table: String,
    /// `SEALED_BUCKET`: where files lie, and the ledger.
    pub sealed_bucket: String,
    /// `PASSING_BUCKET`: where uploads, mail, exports and copies for links lie for a while.
    pub passing_bucket: String,
    /// `KMS_KEY_ID`: the key that wraps the keys of tenants.
    pub kms_key_id: String,
    /// `ISSUER`: the public address of the API, which tokens name as their issuer.
    pub issuer: String,
    /// `MAIL_FROM`: the sender of mail.
    pub mail_from: String,
    /// `MAIL_CONFIGURATION`: the SES configuration set of all mail; what becomes of a mail is told
    /// under its name.
    pub mail_configuration: String,
    /// `WEBSOCKET_URL`: the address of the WebSocket API with its stage, as `https`; sockets open
    /// there, and frames are posted there.
    pub websocket_url: String,
    /// `ORIGIN_SECRET`: what our CloudFront sends with every request, if there is one before the API.
    pub origin_secret: Option<String>,
    /// `OPERATOR_EMAIL`: whose account is the operator's; nobody's without it.
    pub operator_email: Option<String>,
    /// `OPERATOR_NAME`: name and postal address of the company that operates the deployment, as its policies
    /// say them; a gap there without it.
    pub operator_name: Option<String>,
    /// `PRIVACY_CONTACT`: where a person answers questions about privacy; the operator's address
    /// without it.
    pub privacy_contact: Option<String>,
    /// `SUPPORT_CONTACT`: where mail to the operator comes in, and answers are replied to; nowhere
    /// without it.
    pub support_contact: Option<String>,
    /// `REPLY_CONTACT`: where visitors answer mail about their conversations; without it none is sent.
    pub reply_contact: Option<String>,
    /// `BILLING_PLANS`: what is sold; nothing without it, and then everything is allowed.
    pub plans: Option<Plans>,
    /// `STRIPE_SECRET_KEY`, `STRIPE_WEBHOOK_SECRETS` and `STRIPE_URL`: where it is paid. Only the function
    /// `billing` is given them.
    pub stripe: Option<Stripe>,
    /// `STUN_URLS`, `TURN_URLS` and `TURN_SECRET`: what helps devices of a call find each other; set
    /// for the function that gives it out, and for no other.
    pub relay: Relay,
    /// `AWS_REGION`, set by Lambda.
    pub region: String,
    /// The credentials of the function's role, set by Lambda, fixed for its environment's life.
    pub credentials: Credentials,
    /// `AWS_ENDPOINT_URL_DYNAMODB`: another address than AWS's, for the embedded stack.
    pub dynamodb_url: Option<String>,
    /// `AWS_ENDPOINT_URL_KMS`.
    pub kms_url: Option<String>,
    /// `AWS_ENDPOINT_URL_S3`; buckets are then the first part of the path.
    pub s3_url: Option<String>,
    /// `AWS_ENDPOINT_URL_SESV2`.
    pub ses_url: Option<String>,
    /// `PUSH_URL`: where those who bring notifications are, for the embedded stack; elsewhere each is where
    /// it always is.
    pub push_url: Option<String>,
}

/// How we are known to Stripe.
#[derive(Clone)]
pub struct Stripe {
    /// The secret key of the API, `sk_…` or `rk_…`.
    pub key: String,
    /// The secrets of the webhook endpoint, separated by commas: two while one is being replaced.
    pub webhook_secrets: Vec<WebhookSecret>,
    /// Where its API is.
    pub url: String,
}

/// Where Stripe's API is.
const STRIPE_URL: &str = "https://api.stripe.com";

impl Stripe {
    /// Whether the key is about money: events about a test are then none of ours, and the other way round.
    pub fn livemode(&self) -> bool {
        self.key.contains("_live_")
    }
}

impl std::fmt::Debug for Stripe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stripe(**)")
    }
}

/// What helps two devices of a call find a way to each other; empty where nothing was set up.
#[derive(Clone, Default)]
pub struct Relay {
    /// Servers that say how a device looks from outside, as `stun:` addresses.
    pub stun_urls: Vec<String>,
    /// Relays, as `turn:` or `turns:` addresses.
    pub turn_urls: Vec<String>,
    /// The secret that the relays share with us.
    pub turn_secret: Option<String>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Relay(**)")
    }
}

/// The credentials of a role.
#[derive(Clone)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(**)")
    }
}

/// A variable that is missing, empty, or none that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the environment variable {0} is not set, or is not what it has to be; template.yaml sets it for every function"
)]
pub struct ConfigError(pub &'static str);

/// `AWS_LAMBDA_LOG_LEVEL`, which Lambda sets from the template's `LoggingConfig`; `INFO` without it.
#[expect(
    clippy::disallowed_methods,
    reason = "the only place that reads the environment"
)]
pub fn log_level() -> tracing::Level {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok();
    level
        .and_then(|level| level.parse().ok())
        .unwrap_or(tracing::Level::INFO)
}

impl Config {
    /// The variables that `template.yaml` must set, in its words.
    pub const VARIABLES: [&'static str; 19] = [
        "DATA_TABLE",
        "KEYS_TABLE",
        "SEALED_BUCKET",
        "PASSING_BUCKET",
        "KMS_KEY_ID",
        "ISSUER",
        "MAIL_FROM",
        "MAIL_CONFIGURATION",
        "WEBSOCKET_URL",
        "ORIGIN_SECRET",
        "OPERATOR_EMAIL",
        "OPERATOR_NAME",
        "PRIVACY_CONTACT",
        "SUPPORT_CONTACT",
        "REPLY_CONTACT",
        "BILLING_PLANS",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRETS",
        "STRIPE_URL",
    ];

    /// The variables that only the function of calls has: they hold the secret of its relay.
    pub const CALL_VARIABLES: [&'static str; 3] = ["STUN_URLS", "TURN_URLS", "TURN_SECRET"];

    /// From the process's own environment.
    #[expect(
        clippy::disallowed_methods,
        reason = "the only place that reads the environment"
    )]
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// From a list of variables: the embedded stack runs many functions in one process.
    pub fn from_vars(vars: &HashMap<String, String>) -> Result<Self, ConfigError> {
        Self::from_lookup(|name| vars.get(name).cloned())
    }

    fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let optional = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let listed = |name: &str| -> Vec<String> {
            let list = optional(name).unwrap_or_default();
            let parts = list.split(',').map(str::trim);
            parts
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let required = |name: &'static str| optional(name).ok_or(ConfigError(name));
        let plans = optional("BILLING_PLANS").map(|text| Plans::parse(&text));
        let secrets = optional("STRIPE_WEBHOOK_SECRETS").unwrap_or_default();
        let secrets = secrets.split(',').map(str::trim);
        let secrets = secrets.filter(|secret| !secret.is_empty());
        let webhook_secrets = secrets.map(WebhookSecret::new).collect();
        let stripe = optional("STRIPE_SECRET_KEY").map(|key| Stripe {
            key,
            webhook_secrets,
            url: optional("STRIPE_URL").unwrap_or_else(|| STRIPE_URL.to_owned()),
        });
        Ok(Self {
            data_table: required("DATA_TABLE")?,
            keys_table: required("KEYS_TABLE")?,
            sealed_bucket: required("SEALED_BUCKET")?,
            passing_bucket: required("PASSING_BUCKET")?,
            kms_key_id: required("KMS_KEY_ID")?,
            issuer: required("ISSUER")?,
            mail_from: required("MAIL_FROM")?,
            mail_configuration: required("MAIL_CONFIGURATION")?,
            websocket_url: required("WEBSOCKET_URL")?,
            origin_secret: optional("ORIGIN_SECRET"),
            operator_email: optional("OPERATOR_EMAIL"),
            operator_name: optional("OPERATOR_NAME"),
            privacy_contact: optional("PRIVACY_CONTACT"),
            support_contact: optional("SUPPORT_CONTACT"),
            reply_contact: optional("REPLY_CONTACT"),
            plans: plans
                .transpose()
                .map_err(|_| ConfigError("BILLING_PLANS"))?,
            stripe,
            relay: Relay {
                stun_urls: listed("STUN_URLS"),
                turn_urls: listed("TURN_URLS"),
                turn_secret: optional("TURN_SECRET"),
            },
            region: required("AWS_REGION")?,
            credentials: Credentials {
                access_key_id: required("AWS_ACCESS_KEY_ID")?,
                secret_access_key: required("AWS_SECRET_ACCESS_KEY")?,
                session_token: optional("AWS_SESSION_TOKEN"),
            },
            dynamodb_url: optional("AWS_ENDPOINT_URL_DYNAMODB"),
            kms_url: optional("AWS_ENDPOINT_URL_KMS"),
            s3_url: optional("AWS_ENDPOINT_URL_S3"),
            ses_url: optional("AWS_ENDPOINT_URL_SESV2"),
            push_url: optional("PUSH_URL"),
        })
    }
}
