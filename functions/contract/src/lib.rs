//! The contract itself, and the answer to everything outside it.
//!
//! | file | route |
//! |---|---|
//! | `health` | `GET /health` |
//! | `version` | `GET /version` |
//! | `openapi` | `GET /openapi.json` |
//! | `docs` | `GET /docs` |
//! | `unknown` | every path that no function has (`$default`) |
//!
//! This function reads nothing and may read nothing: its role has no permission.

mod docs;
mod health;
mod openapi;
mod render;
mod unknown;
mod version;

/// The OpenAPI document as it is committed and served; `sotto openapi` writes it from the code.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![health, version, openapi, docs].otherwise(unknown::handle)
}
