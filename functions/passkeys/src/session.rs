//! A proof that is accepted: the refresh token that it leads to.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::{
    domain::{
        AccountId, SessionId,
        token::{self, Secret},
    },
    http::{Json, page::cookie::REFRESH_PREFIX},
};
use utoipa::ToSchema;

/// What a passkey leads to.
#[derive(Serialize, ToSchema)]
pub struct PasskeyProved {
    /// `POST /v1/auth/refresh` gives an access token for it.
    #[schema(example = "rt_agnlhm7kc57htgv5tmvzx3xqaamoj5oypksxilfrmv2m5qjlbhjfm.dGhlIHNlY3JldA")]
    refresh_token: String,
    /// Who is signed in.
    account: AccountId,
}

impl PasskeyProved {
    /// The token of a session, whose secret nobody has seen yet.
    pub fn new(account: AccountId, session: SessionId, secret: &Secret) -> Self {
        let ids = [account.uuid(), session.uuid()];
        Self {
            refresh_token: token::write(REFRESH_PREFIX, &ids, secret),
            account,
        }
    }

    /// For a browser's cookie.
    pub fn refresh_token(&self) -> &str {
        &self.refresh_token
    }
}

impl IntoResponse for PasskeyProved {
    fn into_response(self) -> Response {
        ([(header::CACHE_CONTROL, "no-store")], Json(self)).into_response()
    }
}
