//! Passkeys (WebAuthn Level 3) as second factors.
//!
//! | file | route |
//! |---|---|
//! | `list_passkeys` | `GET /v1/account/passkeys` |
//! | `begin_registration` | `POST /v1/account/passkeys` |
//! | `finish_registration` | `POST /v1/account/passkeys/confirm` |
//! | `remove_passkey` | `DELETE /v1/account/passkeys/{passkey}` |
//! | `begin_second_step` | `POST /v1/auth/second-factor/passkey` |
//! | `finish_second_step` | `POST /v1/auth/second-factor/passkey/confirm` |
//! | `begin_step_up` | `POST /v1/auth/step-up/passkey` |
//! | `finish_step_up` | `POST /v1/auth/step-up/passkey/confirm` |
//! | `pages` | `/account/passkeys`, and `/confirm/passkey` |
//!
//! What they share: `ceremony` (what the library is asked, and what its answer means), `answer` (what a
//! browser sends) and `session` (the refresh token that a proof leads to).
//!
//! # A ceremony
//! Its challenge is random and lies sealed in the table for ten minutes. Any answer uses it up, a wrong
//! one too; an answer for one purpose, session or account is none for another. A passkey is looked for
//! among those of the account that the ceremony is of, and nowhere else.
//!
//! This function reads what strangers' devices write and links everything that takes, so it holds little:
//! it has no signing key, and what it gives out is a refresh token.

mod answer;
mod begin_registration;
mod begin_second_step;
mod begin_step_up;
mod ceremony;
mod finish_registration;
mod finish_second_step;
mod finish_step_up;
mod list_passkeys;
mod pages;
mod remove_passkey;
mod session;

use pages::{send_confirm_passkey, send_passkeys, show_passkeys};

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        list_passkeys,
        begin_registration,
        finish_registration,
        remove_passkey,
        begin_second_step,
        finish_second_step,
        begin_step_up,
        finish_step_up,
        show_passkeys,
        send_passkeys,
        send_confirm_passkey,
    ]
}
