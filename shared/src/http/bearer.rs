//! Bearer tokens that have the right shape, or a good signature. Nothing has been read yet: who is
//! really asking, `actor` says.

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};

use super::{
    actor::SignedIn,
    problem::{Code, Problem},
};
use crate::{
    app::{
        App,
        tokens::{Claims, TokenFault},
    },
    domain::{
        AccountId, ContactId, SessionId, VisitId, WorkspaceId,
        token::{self, Secret},
    },
};

/// What a widget's session token opens with.
pub const VISITOR_PREFIX: &str = "vt";
/// What a widget's resume token opens with.
pub const RESUME_PREFIX: &str = "vr";

pub(super) fn bearer(parts: &Parts) -> Result<&str, Problem> {
    let value = parts
        .headers
        .get(header::AUTHORIZATION)
        .ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .ok_or_else(|| Problem::new(Code::TokenInvalid))?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.trim())
    } else {
        Err(Problem::new(Code::TokenInvalid))
    }
}

/// A member's access token whose signature is good. Nothing has been read yet.
#[derive(Clone, Debug)]
pub struct AccessToken {
    account: AccountId,
    session: SessionId,
}

impl AccessToken {
    /// For a session that was proved otherwise: by the cookie of a page. What a page does is done by
    /// the operation that does it for a client.
    pub const fn of(signed_in: &SignedIn) -> Self {
        Self {
            account: signed_in.account,
            session: signed_in.session.id,
        }
    }

    /// The account that the token names.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The login session that the token names.
    pub const fn session(&self) -> SessionId {
        self.session
    }
}

impl FromRequestParts<App> for AccessToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = bearer(parts)?;
        let verified = app
            .verifier
            .verify(&app.store, &app.config.issuer, token, app.clock.now())
            .await?;
        match verified {
            Ok(Claims { sub, sid, .. }) => Ok(Self {
                account: sub,
                session: sid,
            }),
            Err(TokenFault::Expired) => Err(Problem::new(Code::TokenExpired)),
            Err(TokenFault::Invalid) => Err(Problem::new(Code::TokenInvalid)),
        }
    }
}

/// An access token, if one is sent. One that is not good is refused and not passed over.
#[derive(Clone, Debug)]
pub struct MaybeToken(pub Option<AccessToken>);

impl FromRequestParts<App> for MaybeToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(Self(None));
        }
        let token = AccessToken::from_request_parts(parts, app).await?;
        Ok(Self(Some(token)))
    }
}

/// A visitor's session token that has the right shape. Nothing has been read yet.
#[derive(Clone, Debug)]
pub struct VisitorToken {
    /// The workspace that the token names.
    pub workspace: WorkspaceId,
    /// The contact that the token names.
    pub contact: ContactId,
    visit: VisitId,
    secret: Secret,
}

impl VisitorToken {
    /// Reads a token of `prefix`.
    pub fn parse(prefix: &str, text: &str) -> Option<(Self, VisitId)> {
        let ([workspace, contact, visit], secret) = token::read::<3>(prefix, text)?;
        let visit = VisitId::from_uuid(visit);
        let token = Self {
            workspace: WorkspaceId::from_uuid(workspace),
            contact: ContactId::from_uuid(contact),
            visit,
            secret,
        };
        Some((token, visit))
    }

    /// The widget session that the token names.
    pub const fn visit(&self) -> VisitId {
        self.visit
    }

    /// The secret part.
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl FromRequestParts<App> for VisitorToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Self::parse(VISITOR_PREFIX, bearer(parts)?)
            .map(|(token, _)| token)
            .ok_or_else(|| Problem::new(Code::TokenInvalid))
    }
}
