//! How a test's stack begins: behind an edge, selling plans, with a relay, or on a folder that there is already.

use std::path::Path;
use std::sync::Arc;

use local::stack::{Stack, StackOptions, Storage};
use local::template::Template;
use shared::app::Clock;
use shared::domain::Timestamp;

use crate::{Authenticators, Client, Harness, START, log, template};

impl Harness {
    /// Starts a stack.
    pub async fn start() -> Self {
        Self::of(template()).await
    }

    /// Starts a stack behind a CloudFront that proves itself by this secret.
    pub async fn behind_the_edge(secret: &str) -> Self {
        let mut template = Template::clone(&template());
        for function in &mut template.functions {
            let secret = ("ORIGIN_SECRET".to_owned(), secret.to_owned());
            function.environment.extend([secret]);
        }
        Self::of(Arc::new(template)).await
    }

    /// Starts a stack that sells plans, through the stand-in for Stripe.
    pub async fn selling(plans: &str) -> Self {
        let mut template = Template::clone(&template());
        template.set("BILLING_PLANS", plans);
        Self::of(Arc::new(template)).await
    }

    /// Starts a stack whose calls have a relay, which shares this secret with them.
    pub async fn with_relay(secret: &str) -> Self {
        let mut template = Template::clone(&template());
        for function in &mut template.functions {
            let relay = [
                ("STUN_URLS", "stun:turn.example.com"),
                (
                    "TURN_URLS",
                    "turn:turn.example.com,turns:turn.example.com:443",
                ),
                ("TURN_SECRET", secret),
            ];
            let relay = relay.map(|(name, value)| (name.to_owned(), value.to_owned()));
            function.environment.extend(relay);
        }
        Self::of(Arc::new(template)).await
    }

    /// Starts a stack on a data folder, whose rows were written at [`START`], at another time.
    pub async fn in_folder(folder: &Path, now: Timestamp) -> Self {
        let storage = Storage::Folder(folder.to_owned());
        let options = StackOptions::for_tests(template(), Clock::manual(now));
        Self::with(StackOptions { storage, ..options }).await
    }

    async fn of(template: Arc<Template>) -> Self {
        Self::with(StackOptions::for_tests(template, Clock::manual(START))).await
    }

    async fn with(options: StackOptions) -> Self {
        let storage = match (options.storage, data_wire()) {
            (Storage::Ephemeral, Some(url)) => Storage::Elsewhere(url),
            (storage, _) => storage,
        };
        let options = StackOptions { storage, ..options };
        let started = Stack::start(options).await;
        let stack = started.unwrap_or_else(|error| panic!("the stack does not start: {error}"));
        let client = Client::new(&stack.api);
        let authenticators = Authenticators::new(stack.clock.clone());
        Self {
            stack,
            authenticators,
            client,
            _log: log::watch(),
        }
    }
}

/// The base URL of the DynamoDB that the tests run on, where it is not the embedded one: `tests/outside/suite.py`.
#[expect(
    clippy::disallowed_methods,
    reason = "what a run of the tests is held against, which no deployment knows"
)]
fn data_wire() -> Option<String> {
    std::env::var("DATA_WIRE").ok()
}
