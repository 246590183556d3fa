//! `POST /v1/auth/refresh`: a refresh token becomes the next one.
//!
//! Each token is good once. Its successor follows from it under a key of ours, so that a client
//! whose reply was lost, and two tabs that renew together, get the same successor within 30
//! seconds. A token that comes back later than that has been copied: the session ends, for the
//! thief and for the owner (RFC 9700, 4.14).
//!
//! One read and one transaction; on a repetition one read.

use std::time::Duration;

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::{App, sign_in},
    domain::{Timestamp, token::Secret},
    http::{Code, Json, Problem, Problems},
    store::{
        CommitError, StoreError, Stored, Transaction, Unsealed, account::LoginSession, keys,
        record::read_item,
    },
};
use utoipa::ToSchema;

use crate::{
    acceptance,
    platform::{self, Platform},
    signer,
    tokens::{RefreshToken, Tokens},
};

/// How long a token that was exchanged still leads to its successor.
const GRACE: Duration = Duration::from_secs(30);
/// How often an exchange is tried: whoever comes second finds the exchange done.
const ATTEMPTS: u32 = 3;

/// A refresh token to be exchanged.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewTokens {
    /// The refresh token of the last reply.
    #[schema(example = "rt_agnlhm7kc57htgv5tmvzx3xqaamoj5oypksxilfrmv2m5qjlbhjfm.dGhlIHNlY3JldA")]
    refresh_token: String,
}

/// What a refresh token is to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The one that is good: it is exchanged.
    Current,
    /// The one before, exchanged a moment ago: it leads to the same successor again.
    Repeated,
    /// Any other: somebody has what is not theirs.
    Reused,
}

/// Renew the tokens.
///
/// A refresh token is good once; repeat a request whose answer was lost within 30 seconds. A token
/// that comes back later ends the session.
#[utoipa::path(
    post,
    path = "/v1/auth/refresh",
    operation_id = "refresh_tokens",
    request_body = RenewTokens,
    responses((status = 200, description = "The next tokens.", body = Tokens), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    Json(body): Json<RenewTokens>,
) -> Result<Tokens, Problem> {
    let now = app.clock.now();
    let presented = RefreshToken::parse(&body.refresh_token).ok_or_else(invalid)?;
    let signer = signer::of(&app, now).await?;
    let at_session = keys::session(presented.account, presented.session);
    let mut wanted = vec![at_session.clone()];
    wanted.extend(platform::root(&keys::account(presented.account)));
    wanted.extend(acceptance::wanted(presented.account));
    let read = Platform::read(&app, wanted, now).await?;
    let mut session = read
        .open::<LoginSession>(&at_session)?
        .ok_or_else(invalid)?;
    let account = read.living(presented.account)?.ok_or_else(invalid)?;
    let successor = read.tenant_key.successor(&presented.secret);
    let tokens = Tokens::new(&app, signer, &account, session.id, &successor, now)?;
    for _ in 0..ATTEMPTS {
        match standing(&session, &presented.secret, now) {
            Standing::Repeated => return Ok(tokens),
            Standing::Reused => {
                app.store.delete(at_session).await?;
                tracing::warn!("a refresh token came back after its time: its session has ended");
                return Err(invalid());
            }
            Standing::Current => {}
        }
        let stored = Stored::next(rotated(session, &successor, now), &read.policy);
        let mut transaction = Transaction::new(now);
        let slot = transaction.replace(&stored, &Unsealed)?;
        acceptance::go_on(&read, presented.account, &mut transaction)?;
        match app.store.commit(transaction).await {
            Ok(()) => return Ok(tokens),
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(refusal)) => {
                // The refusal brings what lies there now: the exchange that came first.
                let found = refusal.found(slot).ok_or_else(invalid)?;
                session = read_item(found, &Unsealed, read.lens())?.ok_or_else(invalid)?;
            }
        }
    }
    Err(StoreError::Conflict.into())
}

const fn invalid() -> Problem {
    Problem::new(Code::TokenInvalid)
}

/// What `presented` is to the session at `now`.
fn standing(session: &LoginSession, presented: &Secret, now: Timestamp) -> Standing {
    let previous = session
        .previous
        .as_ref()
        .is_some_and(|hash| hash.matches(presented));
    if session.current.matches(presented) {
        Standing::Current
    } else if previous && now < session.rotated_at.plus(GRACE) {
        Standing::Repeated
    } else {
        Standing::Reused
    }
}

/// The session after the exchange of its token for `successor`.
fn rotated(session: LoginSession, successor: &Secret, now: Timestamp) -> LoginSession {
    LoginSession {
        current: successor.hash(),
        previous: Some(session.current),
        rotated_at: now,
        idle_from: sign_in::idle_from(session.started_at, now),
        ..session
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::{AccountId, SessionId};

    use super::*;

    const START: Timestamp = Timestamp::from_ms(1_768_478_400_000);

    fn secret(generation: u8) -> Secret {
        Secret::from_bytes([generation; 32])
    }

    /// A session whose token was exchanged `generation` times, the last time at `START`.
    fn session(generation: u8) -> LoginSession {
        let mut session = LoginSession {
            id: SessionId::new(START),
            account: AccountId::new(START),
            current: secret(0).hash(),
            previous: None,
            rotated_at: START,
            started_at: START,
            idle_from: START,
            proved_at: Some(START),
            second_factor_at: None,
            team: None,
            team_session: None,
            browser: None,
            system: None,
            rev: 1,
        };
        for next in 1..=generation {
            session = rotated(session, &secret(next), START);
        }
        session
    }

    #[test]
    fn a_token_is_good_once_repeats_for_thirty_seconds_and_then_ends_the_session() {
        use Standing::{Current, Repeated, Reused};
        let cases = [
            // (exchanged so often, presented generation, milliseconds since, standing)
            (0, 0, 0, Current),
            (0, 0, 60_000, Current),
            (0, 9, 0, Reused),
            (1, 1, 0, Current),
            (1, 1, 60_000, Current),
            (1, 0, 0, Repeated),
            (1, 0, 29_999, Repeated),
            (1, 0, 30_000, Reused),
            (1, 0, 60_000, Reused),
            // Two environments' clocks differ: the second may be a little behind the first.
            (1, 0, -5, Repeated),
            (2, 2, 0, Current),
            (2, 1, 0, Repeated),
            (2, 0, 0, Reused),
            (2, 9, 0, Reused),
        ];
        for (exchanged, presented, since_ms, expected) in cases {
            let now = Timestamp::from_ms(START.ms() + since_ms);
            let got = standing(&session(exchanged), &secret(presented), now);
            assert_eq!(got, expected, "{exchanged} {presented} {since_ms}");
        }
    }

    #[test]
    fn an_exchange_keeps_who_and_since_when_and_moves_the_idle_end() {
        let (before, later) = (session(1), START.plus(Duration::from_secs(3600)));
        let after = rotated(before.clone(), &secret(2), later);
        assert_eq!((after.id, after.account), (before.id, before.account));
        assert_eq!((after.started_at, after.idle_from), (START, later));
        assert_eq!(after.rotated_at, later);
        assert!(after.current.matches(&secret(2)));
        assert!(after.previous.is_some_and(|hash| hash.matches(&secret(1))));
    }
}
