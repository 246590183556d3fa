//! The tokens of a widget session: one for half an hour, one to resume with.
//!
//! A resume changes both. The new resume token follows from the old one and the workspace's key,
//! and the session token follows from the resume token, so whoever did not hear the answer to a
//! resume asks again and is told the same: a lost reply costs no visitor its history, and two tabs
//! that wake up together do not throw each other out.

use std::time::Duration;

use shared::{
    domain::{
        ContactId, Timestamp, VisitId, WorkspaceId,
        token::{self, Secret},
    },
    http::bearer::{RESUME_PREFIX, VISITOR_PREFIX},
    store::{StoreError, TenantKey, app::App, contact::Visit, keyring::Use},
};

/// How long a session token is good.
const SESSION_LIFETIME: Duration = Duration::from_secs(30 * 60);
/// How long the resume token before the present one leads to the present one.
const GRACE: Duration = Duration::from_secs(60);

/// The tokens of a visit, as the visitor gets them.
#[derive(Debug)]
pub struct Tokens {
    session: Secret,
    resume: Secret,
}

/// What a resume token is good for.
#[derive(Debug)]
pub enum Resumed {
    /// The visit goes on with new tokens, once the next version of it is written.
    Next(Visit, Tokens),
    /// It went on a moment ago, with these tokens: nothing is to be written.
    Already(Tokens),
    /// Nothing.
    No,
}

impl Tokens {
    /// The tokens that follow from a resume secret.
    fn of(tenant_key: &TenantKey, visit: VisitId, resume: Secret) -> Self {
        let origin = token::write(RESUME_PREFIX, &[visit.uuid()], &resume);
        let derived = tenant_key.hash(Use::Refresh, &format!("session of {origin}"));
        Self {
            session: Secret::from_bytes(*derived.as_bytes()),
            resume,
        }
    }

    /// Both tokens on the wire: the session's, then the one to resume with.
    pub fn write(&self, visit: &Visit) -> (String, String) {
        let place = [
            visit.workspace.uuid(),
            visit.contact.uuid(),
            visit.id.uuid(),
        ];
        let session = token::write(VISITOR_PREFIX, &place, &self.session);
        (session, token::write(RESUME_PREFIX, &place, &self.resume))
    }
}

/// A new visit of `contact` through `app`, which says who gets what is begun in it.
///
/// # Errors
/// When the system has no random numbers.
pub fn begin(
    tenant_key: &TenantKey,
    workspace: WorkspaceId,
    app: &App,
    contact: ContactId,
    now: Timestamp,
) -> Result<(Visit, Tokens), StoreError> {
    let id = VisitId::new(now);
    let tokens = Tokens::of(
        tenant_key,
        id,
        Secret::generate().ok_or(StoreError::Random)?,
    );
    let visit = Visit {
        id,
        contact,
        workspace,
        app: app.id,
        team: app.team,
        asks_rating: app.asks_rating,
        mails_offline: app.mails_offline,
        token: tokens.session.hash(),
        token_ends_at: now.plus(SESSION_LIFETIME),
        resume: tokens.resume.hash(),
        started_at: now,
        rev: 1,
    };
    Ok((visit, tokens))
}

/// What `presented` is good for at `visit`.
pub fn resume(
    tenant_key: &TenantKey,
    visit: &Visit,
    presented: &Secret,
    now: Timestamp,
) -> Resumed {
    let tokens = Tokens::of(tenant_key, visit.id, tenant_key.successor(presented));
    if visit.resume.matches(presented) {
        let next = Visit {
            token: tokens.session.hash(),
            token_ends_at: now.plus(SESSION_LIFETIME),
            resume: tokens.resume.hash(),
            started_at: now,
            ..visit.clone()
        };
        return Resumed::Next(next, tokens);
    }
    let before = visit.resume.matches(&tokens.resume);
    if before && now < visit.started_at.plus(GRACE) {
        Resumed::Already(tokens)
    } else {
        Resumed::No
    }
}
