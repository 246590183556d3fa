//! The one cookie of the whole product: `__Host-sid`, set by signing in on a page (CALL-05).
//!
//! It holds the refresh token of a login session and is never exchanged: a page proves the session
//! with it, and the session is read with every request. So it shows in the list of sessions like
//! every other one, and is over at the very next call when it is revoked.
//!
//! The `__Host-` prefix (RFC 6265bis) makes the browser insist on `Secure`, on this host alone and
//! on the whole of it. Chromium takes it over plain HTTP on loopback too.

use std::fmt;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
};

use crate::{
    app::App,
    domain::{
        AccountId, SessionId,
        retention::SESSION_ABSOLUTE,
        token::{self, Secret},
    },
    http::{
        actor::SignedIn,
        problem::{Code, Problem},
    },
    store::Key,
};

/// Its name.
pub const NAME: &str = "__Host-sid";
/// What a refresh token opens with.
pub const REFRESH_PREFIX: &str = "rt";

/// The cookie that sets this refresh token.
pub(super) fn set(refresh_token: &str) -> Result<HeaderValue, Problem> {
    let seconds = SESSION_ABSOLUTE.as_secs();
    let text = format!(
        "{NAME}={refresh_token}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"
    );
    let mut value = HeaderValue::try_from(text)
        .map_err(|_| Problem::internal("a token that is no header's value"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The cookie that takes it away again.
pub(super) const fn cleared() -> HeaderValue {
    HeaderValue::from_static("__Host-sid=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax")
}

/// What a browser says of who is signed in. Nothing has been read yet.
#[derive(Clone)]
pub struct SessionCookie(Option<(AccountId, SessionId, Secret)>);

impl fmt::Debug for SessionCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionCookie(**)")
    }
}

impl SessionCookie {
    /// What the headers bring. Two cookies of the name are none: one of them is not ours.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut found = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='));
        let (first, second) = (found.next(), found.next());
        let only = first.filter(|_| second.is_none());
        Self(only.and_then(|text| {
            let ([account, session], secret) = token::read::<2>(REFRESH_PREFIX, text)?;
            Some((
                AccountId::from_uuid(account),
                SessionId::from_uuid(session),
                secret,
            ))
        }))
    }

    /// The account that the cookie names, if it names one: for what is read along.
    pub fn account(&self) -> Option<AccountId> {
        self.0.as_ref().map(|(account, ..)| *account)
    }
}

impl<S: Sync> FromRequestParts<S> for SessionCookie {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers))
    }
}

impl App {
    /// Who is signed in to their account in this browser, and what lies at `keys`. One round trip,
    /// none without a cookie. `None` when the session is over, was revoked, is not proved by the
    /// cookie, or began through a team's provider.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn browsing(
        &self,
        cookie: &SessionCookie,
        keys: Vec<Key>,
    ) -> Result<Option<SignedIn>, Problem> {
        let found = self.browsing_anyhow(cookie, keys).await?;
        Ok(found.filter(|signed_in| signed_in.session.team.is_none()))
    }

    /// As [`App::browsing`], even through a team's provider.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn browsing_anyhow(
        &self,
        cookie: &SessionCookie,
        keys: Vec<Key>,
    ) -> Result<Option<SignedIn>, Problem> {
        let Some((account, session, secret)) = &cookie.0 else {
            return Ok(None);
        };
        match self.signed_in_by((*account, *session), keys).await {
            Ok(signed_in) => Ok(Some(signed_in).filter(|it| it.session.current.matches(secret))),
            Err(problem) if problem.code() == Code::TokenInvalid => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    fn named(cookies: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(
                header::COOKIE,
                HeaderValue::try_from(*cookie).expect("a value"),
            );
        }
        SessionCookie::of(&headers).account().is_some()
    }

    #[test]
    fn one_cookie_of_the_right_shape_names_a_session_and_nothing_else_does() {
        let now = Timestamp::from_ms(1_768_478_400_000);
        let ids = [AccountId::new(now).uuid(), SessionId::new(now).uuid()];
        let token = token::write(REFRESH_PREFIX, &ids, &Secret::from_bytes([7; 32]));
        let own = format!("__Host-sid={token}");
        assert!(named(&[&own]));
        assert!(named(&[&format!("a=1; {own}; b=2")]));
        assert!(!named(&[&own, &own]), "two of them");
        assert!(!named(&[&format!("{own}; {own}")]), "two in one");
        assert!(!named(&[&format!("sid={token}")]), "without the prefix");
        assert!(!named(&[&own.replace("rt_", "vt_")]), "another token");
        assert!(!named(&["__Host-sid="]));
        assert!(!named(&[]));
    }

    #[test]
    fn the_cookie_has_every_guard_and_so_has_the_one_that_clears_it() {
        let set = set("rt_a.b").expect("a value");
        assert!(set.is_sensitive());
        for value in [set, cleared()] {
            let text = value.to_str().expect("text").to_owned();
            for part in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
                assert!(text.contains(&format!("; {part}")), "{text}");
            }
            assert!(!text.contains("Domain"), "{text}");
        }
    }
}
