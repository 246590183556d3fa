//! What a function is given: configuration, clock, storage, mail. The only layer that knows the
//! environment and the time.

pub mod bot;
pub mod clients;
pub mod clock;
pub mod config;
pub mod egress;
pub mod ice;
pub mod limit;
pub mod mail;
pub mod nudge;
pub mod push;
pub mod sign_in;
pub mod tokens;
pub mod transcript;
pub mod webhook;

use std::{ops::Deref, sync::Arc};

use aws_smithy_runtime_api::client::http::SharedHttpClient;

pub use clock::Clock;
pub use config::{Config, ConfigError};
pub use egress::Egress;
pub use mail::{Announced, Conversing, Mail, MailError, MailKind, Mailer, Written};
pub use nudge::Connections;

use crate::store::{
    Store,
    db::Names,
    meter::Meter,
    objects::{Buckets, Objects},
};

/// Everything a handler may touch. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
pub struct Parts {
    /// What the deployment says.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// The one door into storage.
    pub store: Store,
    /// Mail out.
    pub mailer: Mailer,
    /// What counts of limits are hashed with, once it has been read.
    pub limits: limit::Remembered,
    /// Programs of flows that were read already.
    pub programs: bot::Programs,
    /// Frames to open sockets.
    pub connections: Connections,
    /// What Google gave those out to who send.
    pub push_tokens: push::Tokens,
    /// The door for everything else that leaves.
    pub egress: Egress,
    /// What was called, and what it cost.
    pub meter: Meter,
    /// The keys that access tokens are checked with.
    pub verifier: tokens::Verifier,
    /// The key that access tokens are signed with, once `auth` has read it; empty anywhere else.
    pub signer: tokio::sync::OnceCell<tokens::Signer>,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// An app over `config`, whose calls to AWS go through `http`, and all others through `egress`.
    pub fn new(config: Config, clock: Clock, http: SharedHttpClient, egress: Egress) -> Self {
        let meter = Meter::default();
        let names = Names {
            data_table: config.data_table.clone(),
            keys_table: config.keys_table.clone(),
            kms_key_id: config.kms_key_id.clone(),
        };
        let objects = Objects::new(
            clients::s3(&config, http.clone()),
            Buckets {
                sealed: config.sealed_bucket.clone(),
                passing: config.passing_bucket.clone(),
            },
            meter.clone(),
        );
        let store = Store::new(
            clients::dynamodb(&config, http.clone()),
            clients::kms(&config, http.clone()),
            names,
            objects,
            meter.clone(),
        );
        let mailer = Mailer::new(&config, http.clone(), meter.clone());
        let connections = Connections::new(&config, http, meter.clone());
        let verifier = tokens::Verifier::default();
        let signer = tokio::sync::OnceCell::new();
        Self(Arc::new(Parts {
            config,
            clock,
            store,
            mailer,
            programs: bot::Programs::default(),
            connections,
            push_tokens: push::Tokens::default(),
            egress: egress.counting_with(meter.clone()),
            limits: limit::Remembered::default(),
            meter,
            verifier,
            signer,
        }))
    }

    /// Warms the connection that every request needs: reads the public keys, which also checks
    /// that the deployment has some. Called in a function's init phase.
    pub async fn warm(&self) {
        if let Err(error) = self.verifier.refresh(&self.store, self.clock.now()).await {
            tracing::warn!(error = %error, "the first read failed");
        }
    }
}
