//! Sign-up, sign-in by mailed code, tokens and their renewal.
//!
//! | file | route |
//! |---|---|
//! | `sign_up` | `POST /v1/auth/signup` |
//! | `request_code` | `POST /v1/auth/otp` |
//! | `verify_code` | `POST /v1/auth/otp/verify` |
//! | `refresh` | `POST /v1/auth/refresh` |
//! | `log_out` | `POST /v1/auth/logout` |
//! | `jwks` | `GET /.well-known/jwks.json` |
//!
//! What they share: `challenge` (a mailed code, asked for and answered), `owner` (whose an address
//! is), `tokens` (what a session is proved with), `signer` (the signing key) and `platform` (the
//! tenant that accounts are in). This function is the only one that can read the signing key.
//!
//! An address that has an account and one that has none get the same answer for the same work:
//! the same calls to storage, the same bytes but for id and time. Mail goes out from the table's
//! stream, later, so its time tells nothing either.

mod challenge;
mod jwks;
mod log_out;
mod owner;
mod platform;
mod refresh;
mod request_code;
mod sign_up;
mod signer;
mod tokens;
mod verify_code;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![sign_up, request_code, verify_code, refresh, log_out, jwks]
}
