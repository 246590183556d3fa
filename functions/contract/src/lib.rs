//! The contract itself, and the answer to everything outside it.
//!
//! | file | route |
//! |---|---|
//! | `health` | `GET /health` |
//! | `version` | `GET /version` |
//! | `openapi` | `GET /openapi.json` |
//! | `docs` | `GET /docs` |
//! | `policy` | `GET /policy/{profile}` |
//!
//! It is also the template's `$default` route: every path that no function has is a problem here,
//! as [`shared::http::Routes`] has it for all.
//!
//! This function reads nothing but its settings and may read nothing: its role has no permission.

mod docs;
mod health;
mod openapi;
mod policy;
mod render;
mod version;

/// The OpenAPI document as it is committed and served; `sotto openapi` writes it from the code.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![health, version, openapi, docs, policy]
}
