//! A guest: somebody who calls without an account, by a token of a day.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};

use super::{
    actor::{Entry, in_use},
    bearer::bearer,
    problem::{Code, Problem},
};
use crate::{
    app::App,
    domain::{
        GuestId, WorkspaceId,
        policy::{Lens, Module},
        token::{self, Secret},
    },
    store::{
        Key, Unsealed,
        app::{App as Stock, Platform},
        call::{GUEST_PREFIX, Guest},
        keys,
    },
};

/// A guest's token that has the right shape. Nothing has been read yet.
#[derive(Clone, Debug)]
pub struct GuestToken {
    /// The workspace that the token names.
    pub workspace: WorkspaceId,
    /// The guest that the token names.
    pub guest: GuestId,
    secret: Secret,
}

impl FromRequestParts<App> for GuestToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let read = token::read::<2>(GUEST_PREFIX, bearer(parts)?);
        let ([workspace, guest], secret) = read.ok_or_else(|| Problem::new(Code::TokenInvalid))?;
        Ok(Self {
            workspace: WorkspaceId::from_uuid(workspace),
            guest: GuestId::from_uuid(guest),
            secret,
        })
    }
}

/// A guest whose day is not over, in a workspace that has calls.
#[derive(Debug)]
pub struct Guesting {
    /// The guest, as they were read.
    pub guest: Guest,
    /// The workspace as it was entered.
    pub entry: Entry,
}

impl App {
    /// A guest, and what lies at `keys`. One round trip.
    ///
    /// # Errors
    /// 401 when the day is over, or the token is none of ours; 403 where there are no calls.
    pub async fn guest(&self, token: &GuestToken, keys: Vec<Key>) -> Result<Guesting, Problem> {
        let guesting = self.guest_by(token.workspace, token.guest, keys).await?;
        match guesting.guest.token.matches(&token.secret) {
            true => Ok(guesting),
            false => Err(Problem::new(Code::TokenInvalid)),
        }
    }

    /// As [`App::guest`], for a socket: the guest's token was checked when it was opened.
    ///
    /// # Errors
    /// As [`App::guest`].
    pub async fn guest_by(
        &self,
        workspace: WorkspaceId,
        guest: GuestId,
        keys: Vec<Key>,
    ) -> Result<Guesting, Problem> {
        let invalid = || Problem::new(Code::TokenInvalid);
        let now = self.clock.now();
        let place = keys::guest(workspace, guest);
        let mut wanted = keys;
        wanted.push(place.clone());
        let fetched = self.entry_batch(workspace, wanted, now).await?;
        let policy = fetched.live_policy(workspace, now)?.ok_or_else(invalid)?;
        let lens = Lens {
            now,
            policy: &policy,
        };
        let guest = fetched.get::<Guest>(&place, &Unsealed, lens)?;
        let guest = guest.ok_or_else(invalid)?;
        in_use(&policy)?;
        let entry = self.entry(workspace, fetched, now).await?;
        entry.require(Module::Sessions)?;
        Ok(Guesting { guest, entry })
    }
}

/// Refuses callers from elsewhere than an app says: of a web app from other pages, of a mobile app
/// from another bundle.
///
/// # Errors
/// 403 `origin_refused`.
pub fn check_origin(app: &Stock, headers: &HeaderMap) -> Result<(), Problem> {
    let sent = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let allowed = match app.platform {
        Platform::Web => sent(header::ORIGIN.as_str())
            .is_some_and(|origin| app.origins.iter().any(|known| known.as_str() == origin)),
        Platform::Android | Platform::Ios => sent("x-bundle-id").is_some_and(|sent| {
            app.bundle_id
                .as_ref()
                .is_some_and(|known| known.as_str() == sent)
        }),
    };
    if allowed {
        Ok(())
    } else {
        Err(Problem::new(Code::OriginRefused))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::{
        domain::{
            AppId, Timestamp,
            text::{BundleId, Name, Origin},
        },
        store::{
            app::{Identity, Label},
            field::Bytes,
        },
    };

    fn app(platform: Platform) -> Stock {
        let at = Timestamp::from_ms(1_768_478_400_000);
        Stock {
            disabled_at: None,
            sessions_per_minute: None,
            id: AppId::new(at),
            workspace: WorkspaceId::new(at),
            name: Label::new(&Name::parse("Shop").expect("a name")),
            platform,
            origins: vec![Origin::parse("https://www.example.com").expect("an origin")],
            bundle_id: Some(BundleId::parse("com.example.shop").expect("a bundle")),
            identity: Identity::Off,
            team: None,
            asks_rating: None,
            relay_only: None,
            mails_offline: None,
            identity_secret: Bytes(Vec::new()),
            previous_secret: None,
            secret_rotated_at: None,
            key_salt: None,
            previous_key_salt: None,
            key_rotated_at: None,
            created_at: at,
            rev: 1,
        }
    }

    fn allowed(platform: Platform, header: &'static str, value: &'static str) -> bool {
        let headers = HeaderMap::from_iter([(
            header.parse().expect("a header"),
            HeaderValue::from_static(value),
        )]);
        check_origin(&app(platform), &headers).is_ok()
    }

    #[test]
    fn a_web_app_is_used_from_its_origins_and_a_mobile_app_from_its_bundle() {
        assert!(allowed(Platform::Web, "origin", "https://www.example.com"));
        for foreign in [
            "https://example.com",
            "http://www.example.com",
            "null",
            "",
            "https://www.example.com:8443",
            "https://www.example.com.evil.example",
        ] {
            assert!(!allowed(Platform::Web, "origin", foreign), "{foreign}");
        }
        assert!(!allowed(Platform::Web, "x-bundle-id", "com.example.shop"));
        for mobile in [Platform::Android, Platform::Ios] {
            assert!(allowed(mobile, "x-bundle-id", "com.example.shop"));
            assert!(!allowed(mobile, "x-bundle-id", "com.example.shop2"));
            assert!(!allowed(mobile, "origin", "https://www.example.com"));
        }
        assert!(check_origin(&app(Platform::Web), &HeaderMap::new()).is_err());
    }
}
