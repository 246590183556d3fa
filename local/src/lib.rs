//! The whole stack in one process, without Docker, Java or an AWS account.
//!
//! The same function crates, the same AWS SDK calls and the same events as in a deployment; only
//! the services are embedded. `template.yaml` decides here what it decides there.
//!
//! | room | holds |
//! |---|---|
//! | [`template`], [`intrinsics`] | the template, and CloudFormation's functions in it |
//! | [`data`], [`kms`], [`mail`], [`objects`], [`wires`] | DynamoDB, KMS, SES v2 and S3, and the thread they share |
//! | [`flows`] | flows in files: `sotto flow` |
//! | [`folder`] | the data folder |
//! | [`faults`] | what goes wrong on demand between the SDK and the services |
//! | [`functions`] | the function crates, called as Lambda calls them |
//! | [`gateway`], [`event`] | API Gateway's HTTP API, and its events |
//! | [`sockets`] | API Gateway's WebSocket API, its events and `@connections` |
//! | [`stripe`] | a stand-in for Stripe |
//! | [`streams`] | Lambda's event source mapping on a table stream |
//! | [`stack`] | all of it, running |
//! | [`seed`], [`pages`] | the demo workspace, and the pages around it |
//! | [`openapi`] | the API's contract, from the code |
//! | [`policy`] | the privacy policy, from the code |
//! | [`announce`], [`import`], [`receipts`], [`restore`] | what the operator does: mail to many, taking an archive over, checking a receipt, serving from a backup |
//! | [`doctor`], [`redrive`], [`backfill`] | whether all is in order, what was given up, and rows of earlier releases |

mod account;
pub mod announce;
pub mod backfill;
pub mod bench;
pub mod data;
pub mod doctor;
pub mod egress;
pub mod event;
pub mod faults;
pub mod feedback;
pub mod flows;
pub mod folder;
pub mod functions;
pub mod gateway;
pub mod import;
pub mod inbound;
pub mod intrinsics;
pub mod kms;
pub mod mail;
pub mod objects;
pub mod openapi;
pub mod pages;
pub mod pattern;
pub mod policy;
pub mod pushes;
pub mod receipts;
pub mod redrive;
pub mod restore;
pub mod samples;
mod scanner;
pub mod seed;
pub mod sockets;
pub mod stack;
pub mod streams;
pub mod stripe;
pub mod template;
pub mod wires;

/// The region that every embedded service claims to be in.
pub const REGION: &str = "us-east-1";
/// The account that every ARN of this process names.
pub const ACCOUNT: &str = "000000000000";
