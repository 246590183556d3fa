//! The HTTP edge: the only layer that knows axum.

pub mod actor;
pub mod bearer;
pub mod caller;
pub mod cursor;
mod device;
pub mod entitlement;
pub mod filter;
pub mod guest;
pub mod idempotent;
pub mod json;
pub mod limit;
pub mod operator;
pub mod page;
pub mod person;
pub mod platform;
pub mod problem;
pub mod revision;
pub mod routes;
pub mod second_factor;
pub mod telemetry;
pub mod thread;
pub mod ticket;
pub mod view;
pub mod whole;

pub use actor::{Member, SignedIn, Visitor};
pub use bearer::{AccessToken, MaybeToken, VisitorToken};
pub use caller::{Caller, Credential};
pub use cursor::{Page, PageInfo, Paging};
pub use guest::{GuestToken, Guesting};
pub use idempotent::IdempotencyKey;
pub use json::{Json, Path, Query};
pub use limit::{Allowance, Client};
pub use operator::Operator;
pub use problem::{Code, FieldError, Problem, Problems};
pub use revision::{IfMatch, Versioned};
pub use routes::Routes;
