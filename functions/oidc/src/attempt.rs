//! A sign-in that begins, and the proof that who ends it began it.
//!
//! Nobody may be led into somebody else's sign-in, and nobody may finish with a code that was caught on
//! its way. A program brings back a secret that it was given. A browser has no cookie before it is
//! signed in and that page has no script, so it is shown four digits before it leaves and types them
//! when it comes back: one try, in the browser that the provider led back.

use aws_lc_rs::constant_time;
use shared::{
    app::{App, limit::Act},
    domain::{AccountId, TeamSignInId, Timestamp, WorkspaceId, text::Setting},
    http::{Allowance, Code, Problem, actor::Entry},
    store::{
        CommitError, StoreError, Stored, TenantKey, Transaction, Unsealed, keys,
        team::{Beginner, TeamAttempt, TeamProvider},
    },
};

use crate::{
    provider::{self, Unusable},
    setting,
};

/// What a sign-in begins with.
pub struct Wish {
    /// Who begins it.
    pub beginner: Beginner,
    /// Where to be led back to; our own page, when absent.
    pub redirect_uri: Option<Setting>,
    /// Who is signed in to their account there.
    pub account: Option<AccountId>,
    /// When it was said that whoever signs in is of age.
    pub adult_at: Option<Timestamp>,
    /// How fresh their proof at the provider has to be, if that matters.
    pub max_age_seconds: Option<u64>,
}

/// A sign-in that has begun.
pub struct Begun {
    /// Where the browser goes.
    pub authorization_url: String,
    /// The host of that.
    pub host: String,
    /// The sign-in.
    pub attempt: TeamAttempt,
    /// The key that what it is bound with follows from.
    pub tenant_key: TenantKey,
}

/// Begins a sign-in: one read, one write; and two calls to the provider when it is not remembered.
///
/// # Errors
/// 404 when the workspace has no provider, 422 for a place to be led back to that its owner did not
/// name, 503 while the provider does not answer.
pub async fn begin(
    app: &App,
    allowed: &Allowance,
    workspace: WorkspaceId,
    wish: Wish,
) -> Result<Begun, Problem> {
    debug_assert_eq!(allowed.act(), Act::TeamSignIn);
    let entry = app
        .enter(workspace, vec![keys::team_provider(workspace)])
        .await?;
    let provider = setting::of(&entry)?.ok_or_else(Problem::not_found)?;
    let redirect_uri = match wish.redirect_uri {
        Some(uri) if provider.redirect_uris.contains(&uri) => uri,
        Some(_) => {
            let detail = "one of the places that the owner of the workspace named";
            return Err(Problem::invalid("#/redirect_uri", "not_allowed", detail));
        }
        None => Setting::parse(&setting::callback(&app.config.issuer, workspace))
            .map_err(|_| Problem::internal("an address of ours that is none"))?,
    };
    let description = provider::known(app, &provider).await.map_err(told)?;
    let attempt = TeamAttempt {
        id: TeamSignInId::new(entry.now),
        workspace,
        beginner: wish.beginner,
        redirect_uri,
        account: wish.account,
        adult_at: wish.adult_at,
        max_age_seconds: wish.max_age_seconds,
        provider_since: provider.since,
        created_at: entry.now,
        rev: 1,
    };
    let authorization_url = description.authorization_url(&provider, &attempt, &entry.tenant_key);
    let mut transaction = Transaction::new(entry.now);
    let stored = Stored::new(attempt, &entry.policy);
    transaction.create(&stored, &Unsealed)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Begun {
            authorization_url,
            host: description.host().to_owned(),
            attempt: stored.into_record(),
            tenant_key: entry.tenant_key,
        }),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(StoreError::Conflict.into()),
    }
}

/// What somebody proves with that they began it.
pub enum Proof {
    /// The digits that the browser was shown.
    Digits(String),
    /// The secret that the program was given.
    Handle(String),
}

/// A sign-in that came back to who began it.
pub struct Returned {
    /// The sign-in; it is used up.
    pub attempt: TeamAttempt,
    /// The provider that was asked.
    pub provider: TeamProvider,
    /// The workspace as it was entered.
    pub entry: Entry,
}

/// Takes a sign-in back, once. Whatever is wrong with it looks alike.
///
/// # Errors
/// 401 `team_sign_in_failed`.
pub async fn take(
    app: &App,
    workspace: WorkspaceId,
    state: &str,
    proof: &Proof,
    wanted: Vec<shared::store::Key>,
) -> Result<Returned, Problem> {
    let (named, id) = TeamAttempt::read_state(state).ok_or_else(|| failed("no state"))?;
    if named != workspace {
        return Err(failed("a state of another workspace"));
    }
    let place = keys::team_attempt(workspace, id);
    let mut wanted = wanted;
    wanted.extend([keys::team_provider(workspace), place.clone()]);
    let entry = app.enter(workspace, wanted).await?;
    let attempt = entry.open::<TeamAttempt>(&place)?;
    let attempt = attempt.ok_or_else(|| failed("no such sign-in"))?;
    let key = &entry.tenant_key;
    let same = |a: &str, b: &str| {
        constant_time::verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
    };
    // Whoever does not know the whole state has seen no answer, and uses nothing up.
    if !same(state, &attempt.state(key)) {
        return Err(failed("a state that we did not make"));
    }
    let began = match (proof, attempt.beginner) {
        (Proof::Digits(digits), Beginner::Browser) => same(digits, &attempt.digits(key)),
        (Proof::Handle(handle), Beginner::Program) => same(handle, &attempt.handle(key)),
        _ => false,
    };
    let mut transaction = Transaction::new(entry.now);
    transaction.consume_version(place, attempt.rev);
    match app.store.commit(transaction).await {
        Ok(()) => {}
        Err(CommitError::Store(error)) => return Err(error.into()),
        Err(CommitError::Refused(_)) => return Err(failed("used already")),
    }
    if !began {
        return Err(failed("ended by somebody who did not begin it"));
    }
    let provider = setting::of(&entry)?.filter(|one| one.since == attempt.provider_since);
    let provider = provider.ok_or_else(|| failed("another provider by now"))?;
    Ok(Returned {
        attempt,
        provider,
        entry,
    })
}

/// A sign-in that did not work. Why, is for the log, and names nobody.
pub fn failed(why: &'static str) -> Problem {
    tracing::info!(why, "a sign-in through a team was refused");
    Problem::new(Code::TeamSignInFailed)
}

/// What people hear of a provider that cannot be used.
pub fn told(unusable: Unusable) -> Problem {
    tracing::info!(?unusable, "the provider of a team cannot be used");
    match unusable {
        Unusable::Unreachable => {
            let detail = "the team's sign-in service does not answer";
            Problem::new(Code::Unavailable).with_detail(detail)
        }
        Unusable::Refused | Unusable::Wrong(_) => Problem::new(Code::TeamSignInFailed),
    }
}
