//! A browser that is signed in, and the account behind it.
//!
//! A session that is used goes on: idle, it ends after fourteen days, and at most once a day its use
//! is written down. The cookie stays the same. After thirty days it ends in any case.

use shared::{
    app::{App, sign_in},
    domain::{Policy, TenantId, Timestamp, policy::Lens, time::DAY},
    http::{AccessToken, Problem, page::SessionCookie},
    store::{
        CommitError, DataKey, Stored, Transaction, Unsealed,
        account::{Account, LoginSession},
        keys,
        password::Password,
        preferences::{Preferences, Theme},
    },
};

use crate::{
    account::{self, Own},
    platform::Platform,
};

/// Somebody at a page of their account.
pub struct Visit {
    /// Who.
    pub account: Account,
    /// By which session.
    pub session: LoginSession,
    /// The same for operations that take a token.
    pub token: AccessToken,
    /// Whether there is a password.
    pub has_password: bool,
    /// How many recovery codes are left, where there is a second factor.
    pub recovery_codes_left: Option<usize>,
    /// Whether an authenticator app proves it.
    pub has_app: bool,
    /// How many passkeys do.
    pub passkeys: usize,
    /// Their preferences.
    pub preferences: Preferences,
    /// Light or dark.
    pub theme: Theme,
    /// What seals the account.
    pub key: DataKey,
    /// The server's time for the whole request.
    pub now: Timestamp,
    policy: Policy,
}

impl Visit {
    /// Whether somebody has proved lately that it is still them.
    pub fn is_proved(&self) -> bool {
        self.session.is_proved(self.now)
    }

    /// What reads are filtered by.
    pub const fn lens(&self) -> Lens<'_> {
        Lens {
            now: self.now,
            policy: &self.policy,
        }
    }
}

/// Reads who is signed in, and by which session, if somebody is. One round trip, one write on the
/// first use of a day, and one call to KMS when the key of the platform is not remembered.
pub async fn of(app: &App, cookie: &SessionCookie) -> Result<Option<Visit>, Problem> {
    let Some(id) = cookie.account() else {
        return Ok(None);
    };
    let mut wanted = account::wanted(id);
    wanted.extend([keys::password(id), keys::tenant_key(TenantId::Platform)]);
    let Some(signed_in) = app.browsing_anyhow(cookie, wanted).await? else {
        return Ok(None);
    };
    let token = AccessToken::of(&signed_in);
    let (session, read) = Platform::around(app, signed_in).await?;
    if read.living(id)?.is_none() {
        return Ok(None);
    }
    let own = Own::read(&read, id)?;
    let has_password = read
        .sealed::<Password>(&keys::password(id), &own.key)?
        .is_some();
    let session = used(app, session, &read).await?;
    Ok(Some(Visit {
        recovery_codes_left: own.recovery_codes_left(),
        has_app: own.has_app(),
        passkeys: own.passkeys(),
        theme: own.preferences.theme,
        account: own.account,
        preferences: own.preferences,
        key: own.key,
        session,
        token,
        has_password,
        now: read.now,
        policy: read.policy,
    }))
}

/// Writes down that a session is used, once a day. What came first counts, and what ended meanwhile
/// stays ended.
async fn used(app: &App, session: LoginSession, read: &Platform) -> Result<LoginSession, Problem> {
    if read.now < session.rotated_at.plus(DAY) {
        return Ok(session);
    }
    let next = LoginSession {
        rotated_at: read.now,
        idle_from: sign_in::idle_from(session.started_at, read.now),
        // Its grace has long passed, and must not begin again.
        previous: None,
        ..session.clone()
    };
    let stored = Stored::next(next, &read.policy);
    let mut transaction = Transaction::new(read.now);
    transaction.replace(&stored, &Unsealed)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(stored.into_record()),
        Err(CommitError::Refused(_)) => Ok(session),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}
