//! Sign-up, sign-in by mailed code, tokens and their renewal.
//!
//! | file | route |
//! |---|---|
//! | `sign_up` | `POST /v1/auth/signup` |
//! | `request_code` | `POST /v1/auth/otp` |
//! | `verify_code` | `POST /v1/auth/otp/verify` |
//! | `log_in` | `POST /v1/auth/login` |
//! | `second_step` | `POST /v1/auth/second-factor` |
//! | `step_up` | `POST /v1/auth/step-up` |
//! | `enrol_totp` | `POST /v1/account/totp` |
//! | `confirm_totp` | `POST /v1/account/totp/confirm` |
//! | `remove_totp` | `DELETE /v1/account/totp` |
//! | `make_recovery_codes` | `POST /v1/account/recovery-codes` |
//! | `show_account` | `GET /v1/account` |
//! | `change_account` | `PATCH /v1/account` |
//! | `ask_address` | `POST /v1/account/address` |
//! | `change_address` | `POST /v1/account/address/confirm` |
//! | `undo_deletion` | `POST /v1/account/undo-deletion` |
//! | `refresh` | `POST /v1/auth/refresh` |
//! | `forgot_password` | `POST /v1/auth/password/forgot` |
//! | `reset_password` | `POST /v1/auth/password/reset` |
//! | `change_password` | `POST /v1/auth/password/change` |
//! | `list_sessions` | `GET /v1/auth/sessions` |
//! | `end_session` | `DELETE /v1/auth/sessions/{session}` |
//! | `end_other_sessions` | `DELETE /v1/auth/sessions` |
//! | `log_out` | `POST /v1/auth/logout` |
//! | `jwks` | `GET /.well-known/jwks.json` |
//! | `pages` | the pages for browsers |
//!
//! What they share: `challenge` (a mailed code, asked for and answered), `factor` (a code of the
//! second factor, and what an answer does), `owner` (whose an address
//! is), `tokens` (what a session is proved with) and `signer` (the signing key). This function is the only one that can read the signing key.
//!
//! An address that has an account and one that has none get the same answer for the same work:
//! the same calls to storage, the same bytes but for id and time. Mail goes out from the table's
//! stream, later, so its time tells nothing either.

mod acceptance;
mod account;
mod ask_address;
mod challenge;
mod change_account;
mod change_address;
mod change_password;
mod common_passwords;
mod confirm_totp;
mod end_other_sessions;
mod end_session;
mod enrol_totp;
mod factor;
mod forgot_password;
mod jwks;
mod list_sessions;
mod log_in;
mod log_out;
mod make_recovery_codes;
mod owner;
mod pages;
mod password;
mod refresh;
mod remove_totp;
mod request_code;
mod reset_password;
mod second_step;
mod show_account;
mod sign_up;
mod signer;
mod step_up;
mod tokens;
mod undo_deletion;
mod verify_code;
mod visit;

/// What a password costs: kibibytes, passes and lanes of Argon2id. For benchmarks.
pub const PASSWORD_COST: (u32, u32, u32) = password::COST.parts();

use shared::http::platform;

use pages::{
    open_account, send_account, send_confirm, send_forgot, send_reset, send_sign_in, send_sign_up,
    send_verify, show_confirm, show_forgot, show_reset, show_sign_in, show_sign_up, show_verify,
};

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        sign_up,
        request_code,
        verify_code,
        log_in,
        forgot_password,
        reset_password,
        change_password,
        list_sessions,
        end_session,
        end_other_sessions,
        second_step,
        step_up,
        refresh,
        log_out,
        jwks,
        show_account,
        change_account,
        ask_address,
        change_address,
        undo_deletion,
        enrol_totp,
        confirm_totp,
        remove_totp,
        make_recovery_codes,
        show_sign_in,
        send_sign_in,
        show_sign_up,
        send_sign_up,
        show_verify,
        send_verify,
        show_confirm,
        send_confirm,
        show_forgot,
        send_forgot,
        show_reset,
        send_reset,
        open_account,
        send_account,
    ]
}
