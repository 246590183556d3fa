//! The one door into storage.
//!
//! It asks three questions of everything that wants in: whose data is this (tenant and subject),
//! when does it die (retention class), who may read it and for what (sealed, purpose). The answers
//! stand on the type ([`Record`]), are collected in one [`registry`], and everything else follows
//! from there.
//!
//! | file | what |
//! |---|---|
//! | `record` | what a record is, how it becomes an item and back, the read filter |
//! | `registry` | the list of all records |
//! | `keys` | every key |
//! | `seal`, `keyring` | sealing under the key of a root, the key of a tenant, KMS |
//! | `subject` | subjects, their fence and their edges |
//! | `support` | threads with the operator |
//! | `db`, `transaction`, `meter` | the calls to DynamoDB, and their count |
//! | `objects`, `export` | files, in S3, and the copies of somebody's data that lie there |
//! | `erasing` | the end of a conversation that somebody deleted |
//! | `transcript` | how a thread grows: messages, lines of the system, changes of its head |
//! | `remains` | what ends, physically: new stamps, and removal |
//! | the rest | the records, one file per noun |

pub mod acceptance;
pub mod account;
pub mod analytics;
pub mod announcement;
pub mod api_key;
pub mod app;
pub mod assigning;
pub mod attachment;
pub mod audit;
pub mod billing;
pub mod break_glass;
pub mod call;
pub mod closing;
pub mod contact;
pub mod contact_note;
pub mod continuity;
pub mod conversation;
pub mod counter;
pub mod db;
pub mod device;
pub mod disclosure;
pub mod erasing;
pub mod erasure;
pub mod export;
pub mod field;
pub mod file_room;
pub mod flow;
pub mod flow_deed;
pub mod flow_figures;
pub mod flow_request;
pub mod flow_rule;
pub mod flow_run;
pub mod flow_server;
pub mod heard;
pub mod hold;
pub mod hours;
pub mod idempotency;
pub mod idle;
pub mod job;
pub mod keyring;
pub mod keys;
pub mod ledger;
pub mod mail_wish;
pub mod membership;
pub mod message;
pub mod meter;
pub mod notice;
pub mod notification;
pub mod objects;
pub mod operator;
pub mod passkey;
pub mod password;
pub mod photo;
pub mod preferences;
pub mod privacy;
pub mod push_day;
pub mod query;
pub mod reached;
pub mod record;
pub mod registry;
pub mod remains;
pub mod renewing;
pub mod restoring;
mod restricting;
pub mod saved_view;
pub mod seal;
pub mod second_factor;
pub mod shelf;
pub mod signing;
pub mod socket;
pub mod subject;
pub mod support;
pub mod suppression;
pub mod team;
pub mod together;
pub mod transaction;
pub mod transcript;
pub mod transcript_mail;
pub mod transfer;
pub mod webhook;
pub mod workspace;

pub use aws_sdk_dynamodb::types::AttributeValue;

pub use db::{Fetched, Store, StoreError};
pub use field::{Field, Irreversible};
pub use keyring::TenantKey;
pub use keys::{IndexKey, Key, Table};
pub use objects::{ObjectKey, ObjectPrefix, Objects};
pub use query::Query;
pub use record::{
    Decision, Declaration, Door, FieldDeclaration, Form, Indexes, Item, Owner, Record, Stored,
};
pub use seal::{DataKey, KeyedHash, Unsealed};
pub use subject::{RootRef, SubjectId};
pub use transaction::{CommitError, Refusal, Slot, Transaction};
