//! Sign-in of teams through their own providers: OpenID Connect, authorization code with PKCE.
//!
//! | file | route |
//! |---|---|
//! | `show_provider` | `GET /v1/workspaces/{workspace}/oidc` |
//! | `set_provider` | `PUT /v1/workspaces/{workspace}/oidc` |
//! | `remove_provider` | `DELETE /v1/workspaces/{workspace}/oidc` |
//! | `start` | `POST /v1/auth/oidc/{workspace}/start` |
//! | `finish` | `POST /v1/auth/oidc/{workspace}/finish` |
//! | `end_by_provider` | `POST /v1/auth/oidc/{workspace}/backchannel-logout` |
//! | `pages` | `/sign-in/team`, and where the provider leads back to |
//!
//! What they share: `attempt` (a sign-in that has begun), `provider` (what is asked of a provider, and
//! the memory of its keys), `token` (what its tokens must be), `identity` (whose account it is) and
//! `setting` (the view of a provider).
//!
//! # What a provider may say
//! The owner of one workspace chose it, and nobody else vouches for it. So it says who comes into that
//! workspace, and nothing about an account: a session that begins here is good for that workspace and
//! for nothing else ([`shared::store::account::LoginSession::team`]). An account that was there before
//! is joined only when it began the sign-in itself, being signed in, and the addresses agree.
//!
//! This is the one function that calls hosts which strangers name, so it holds little: it has no
//! signing key, and what it gives out is a refresh token.

mod attempt;
mod end_by_provider;
mod finish;
mod identity;
mod pages;
mod provider;
mod remove_provider;
mod set_provider;
mod setting;
mod show_provider;
mod start;
mod token;

use pages::{send_return, send_team, show_return, show_team};

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        show_provider,
        set_provider,
        remove_provider,
        start,
        finish,
        end_by_provider,
        show_team,
        send_team,
        show_return,
        send_return,
    ]
}
