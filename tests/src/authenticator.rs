//! Authenticator apps of the tests' people: one per address, on the stack's clock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::BASE32_NOPAD;
use reqwest::Method;
use serde_json::{Value, json};
use shared::app::Clock;
use totp_rs::Builder;

use crate::client::{Client, text};

const STEP_SECONDS: u64 = 30;

/// What somebody's app and drawer hold.
#[derive(Debug)]
struct Authenticator {
    seed: [u8; 20],
    last_step: u64,
    recovery_codes: Vec<String>,
}

/// The apps of everybody in a test.
#[derive(Clone, Debug)]
pub struct Authenticators {
    clock: Clock,
    of: Arc<Mutex<HashMap<String, Authenticator>>>,
}

impl Authenticators {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            of: Arc::default(),
        }
    }

    /// Sets one up for whoever is signed in with `client`, if they have none: returns the recovery
    /// codes.
    pub(crate) async fn enrol(&self, client: &Client, email: &str) -> Vec<String> {
        let answer = client.send(Method::POST, "/v1/account/totp", None).await;
        if answer.status == 409 {
            return Vec::new();
        }
        assert_eq!(answer.status, 201, "no authenticator: {}", answer.text);
        let secret = text(&answer.body, "secret");
        let seed = BASE32_NOPAD.decode(secret.as_bytes()).expect("base32");
        let seed = seed.try_into().expect("twenty bytes");
        // The step before the present one, so that the next sign-in needs no other time.
        let step = self.step() - 1;
        let code = digits(&seed, step);
        let path = "/v1/account/totp/confirm";
        let codes = client.post(path, json!({ "code": code }), 200).await;
        let codes = codes["recovery_codes"].as_array().expect("recovery codes");
        let recovery_codes: Vec<String> = codes
            .iter()
            .map(|code| code.as_str().expect("a code").to_owned())
            .collect();
        let authenticator = Authenticator {
            seed,
            last_step: step,
            recovery_codes: recovery_codes.clone(),
        };
        let mut all = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(email.to_ascii_lowercase(), authenticator);
        recovery_codes
    }

    /// Takes over a secret that a page showed, as somebody types it into their app: the first code.
    pub fn adopt(&self, email: &str, secret: &str) -> String {
        let seed = BASE32_NOPAD.decode(secret.as_bytes()).expect("base32");
        let seed = seed.try_into().expect("twenty bytes");
        let last_step = self.step() - 1;
        let authenticator = Authenticator {
            seed,
            last_step,
            recovery_codes: Vec::new(),
        };
        let mut all = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(email.to_ascii_lowercase(), authenticator);
        digits(&seed, last_step)
    }

    /// A code for `email` that is good now: of the app while it has one that was not used, and a
    /// recovery code after that.
    pub fn code(&self, email: &str) -> String {
        let now = self.step();
        let mut all = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.get_mut(&email.to_ascii_lowercase());
        let found = found.unwrap_or_else(|| panic!("{email} has no authenticator"));
        let step = (found.last_step + 1).max(now - 1);
        if step > now + 1 {
            return found.recovery_codes.pop().expect("a recovery code is left");
        }
        found.last_step = step;
        digits(&found.seed, step)
    }

    /// Signs in where a first factor was right: the tokens, or what is asked for first.
    pub(crate) async fn pass(&self, client: &Client, email: &str, answer: Value) -> Value {
        let asked = &answer["second_factor"];
        if asked.is_null() {
            return answer;
        }
        let body = json!({ "challenge_id": asked["challenge_id"], "code": self.code(email) });
        client.post("/v1/auth/second-factor", body, 200).await
    }

    fn step(&self) -> u64 {
        self.clock.now().seconds().unsigned_abs() / STEP_SECONDS
    }
}

/// The code of a step (RFC 6238).
pub fn digits(seed: &[u8; 20], step: u64) -> String {
    let app = Builder::new().with_secret(*seed).build_noncompliant();
    app.generate(step * STEP_SECONDS).to_string()
}
