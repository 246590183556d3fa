//! The nouns of Sotto and its seams to the outside world.
//!
//! # Layers
//! `lambda` → `http` → `app` → `store` → `domain`; a layer imports only from those to its right.
//! The test `layers` in the integration binary reads the `use` lines and goes red on an upward one.
//!
//! | layer | holds | is the only one that knows |
//! |---|---|---|
//! | [`domain`] | values, identifiers, policy, retention, permissions: pure | the rules |
//! | [`store`] | records, keys, sealing, the one door into storage | `aws_sdk_dynamodb`, `aws_sdk_kms` |
//! | [`app`] | configuration, clock, clients | the environment and the time |
//! | [`http`] | routes, actors, JSON, pages, problems | axum |
//! | [`lambda`] | entry points | `lambda_runtime` |
//!
//! # What may live here
//! A noun used by two functions, or a seam to the outside. Never a verb: what only one function
//! uses lives in that function.

// Generated code of the record macro names this crate from inside and from outside alike.
extern crate self as shared;

pub mod app;
pub mod domain;
pub mod http;
pub mod lambda;
pub mod store;
