//! Tells services of a customer what happened, as Standard Webhooks has it: `webhook-id`,
//! `webhook-timestamp` and `webhook-signature` (`v1`, HMAC-SHA-256 over id, timestamp and body).
//!
//! A delivery is tried once by `outbox`, as soon as it is written, and from then on by the schedule of
//! the minute, until it is taken or given up. Whoever tries it reads it anew and writes down what came
//! of it; a crash in between leaves it due, so it is sent again under the same id. At least once.

mod content;

use std::time::Duration;

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use serde::Serialize;
use serde_json::Value;

use super::{
    App,
    egress::{EgressError, Outgoing, WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP},
};
use crate::{
    domain::{
        Permission, Policy, TenantId, Timestamp,
        policy::Lens,
        recipient::Recipient,
        webhook::{FAILING_FOR, HookEvent, MOST_REST, REST, next_attempt},
    },
    store::{
        CommitError, Key, StoreError, Stored, TenantKey, Transaction, Unsealed, keys,
        notice::{Notice, NoticeKind},
        webhook::{Delivery, DeliveryFault, DeliveryState, Webhook, WebhookHealth, WebhookStatus},
    },
};

/// How many people are told that an endpoint was switched off.
const MOST_TOLD: usize = 10;

/// Whose turn it is to try a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// `outbox`, at once, and shortly: others wait behind it.
    First,
    /// The schedule, when it is due.
    Due,
}

impl Turn {
    /// How long an endpoint has for its answer.
    const fn patience(self) -> Duration {
        match self {
            Self::First => Duration::from_secs(8),
            Self::Due => Duration::from_secs(15),
        }
    }
}

/// What came of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It was taken.
    Taken,
    /// It was not.
    Failed,
    /// Nothing was sent: it is not its turn, or there is nobody to tell any more.
    Nothing,
}

/// What an endpoint answered.
enum Answer {
    Status(u16, Option<Duration>),
    Fault(DeliveryFault),
}

/// What a delivery says.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    event: HookEvent,
    timestamp: Timestamp,
    data: &'a Value,
}

/// The signatures of a message: one for each secret, the newest first.
pub fn signatures<S: AsRef<[u8]>>(
    secrets: &[S],
    id: &str,
    timestamp_seconds: i64,
    body: &[u8],
) -> String {
    let sign = |secret: &S| {
        let mut context =
            hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_ref()));
        context.update(format!("{id}.{timestamp_seconds}.").as_bytes());
        context.update(body);
        format!("v1,{}", BASE64.encode(context.sign().as_ref()))
    };
    secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
}

/// A secret as its owner is shown it.
pub fn secret_text(secret: &[u8]) -> String {
    format!("whsec_{}", BASE64.encode(secret))
}

impl App {
    /// Tries the delivery at `place`, if it is its turn.
    ///
    /// # Errors
    /// When storage fails; then it stays due.
    pub async fn deliver(&self, place: &Key, turn: Turn) -> Result<Told, StoreError> {
        let Some((workspace, webhook, _)) = keys::delivery_of(place) else {
            return Ok(Told::Nothing);
        };
        let tenant = TenantId::Workspace(workspace);
        let (at_webhook, at_health) = (
            keys::webhook(workspace, webhook),
            keys::webhook_health(workspace, webhook),
        );
        let wanted = vec![
            place.clone(),
            at_webhook.clone(),
            at_health.clone(),
            keys::policy(workspace),
            keys::tenant_key(tenant),
        ];
        let fetched = self.store.batch(wanted).await?;
        let now = self.clock.now();
        let Some(policy) = fetched.live_policy(workspace, now)? else {
            return Ok(Told::Nothing);
        };
        let lens = Lens {
            now,
            policy: &policy,
        };
        let waits = |one: &Delivery| one.delivery_state == DeliveryState::Pending;
        let delivery = fetched.get::<Delivery>(place, &Unsealed, lens)?;
        let Some(delivery) = delivery.filter(waits) else {
            return Ok(Told::Nothing);
        };
        let is_its_turn = match turn {
            Turn::First => delivery.attempts == 0,
            Turn::Due => delivery.next_attempt_at.is_some_and(|at| at <= now),
        };
        if !is_its_turn {
            return Ok(Told::Nothing);
        }
        let Some(webhook) = fetched.get::<Webhook>(&at_webhook, &Unsealed, lens)? else {
            if turn == Turn::Due {
                self.store.delete(place.clone()).await?;
            }
            return Ok(Told::Nothing);
        };
        if webhook.status != WebhookStatus::Enabled {
            let given_up = Delivery {
                delivery_state: DeliveryState::Failed,
                next_attempt_at: None,
                fault: Some(DeliveryFault::Disabled),
                ..delivery
            };
            let mut transaction = Transaction::new(now);
            transaction.replace(&Stored::next(given_up, &policy), &Unsealed)?;
            self.commit_or_leave(transaction).await?;
            return Ok(Told::Failed);
        }
        let health = fetched.get::<WebhookHealth>(&at_health, &Unsealed, lens)?;
        let health = health.unwrap_or_else(|| WebhookHealth::good(workspace, webhook.id, now));
        if let Some(until) = health.rest_until.filter(|until| *until > now) {
            // Left alone. The first turn leaves it due; the schedule puts it off.
            if turn == Turn::Due {
                let spread = Duration::from_millis(u64::from(delivery.chance()) * 50);
                let later = Delivery {
                    next_attempt_at: Some(until.plus(spread)),
                    ..delivery
                };
                let mut transaction = Transaction::new(now);
                transaction.replace(&Stored::next(later, &policy), &Unsealed)?;
                self.commit_or_leave(transaction).await?;
            }
            return Ok(Told::Nothing);
        }
        // A service that fails is left to the schedule: mail waits for nobody.
        if turn == Turn::First && health.failing_since.is_some() {
            return Ok(Told::Nothing);
        }
        let tenant_key = self.store.unwrap_tenant_key(tenant, &fetched, now).await?;
        let answer = self
            .send(&webhook, &delivery, &tenant_key, turn, lens)
            .await?;
        self.note(turn, webhook, delivery, health, answer, &policy)
            .await
    }

    async fn send(
        &self,
        webhook: &Webhook,
        delivery: &Delivery,
        tenant_key: &TenantKey,
        turn: Turn,
        lens: Lens<'_>,
    ) -> Result<Answer, StoreError> {
        let Ok(address) = self.egress.address(&webhook.address(tenant_key)?) else {
            return Ok(Answer::Fault(DeliveryFault::RefusedAddress));
        };
        let data = Box::pin(self.content(webhook, delivery, tenant_key, lens)).await?;
        let body = Body {
            event: delivery.event,
            timestamp: delivery.happened_at,
            data: &data,
        };
        let body = serde_json::to_vec(&body)
            .map_err(|_| StoreError::Corrupt("a payload that cannot be written"))?;
        let (id, seconds) = (delivery.id.to_string(), lens.now.seconds());
        let secrets = webhook.secrets(tenant_key, lens.now);
        let secrets: Vec<&[u8]> = secrets.iter().map(|secret| secret.as_slice()).collect();
        let signature = signatures(&secrets, &id, seconds, &body);
        let call = Outgoing::json(Recipient::Webhook, address, body)
            .with(WEBHOOK_ID, id)
            .with(WEBHOOK_TIMESTAMP, seconds.to_string())
            .with(WEBHOOK_SIGNATURE, signature)
            .with(http::header::USER_AGENT, "Sotto-Webhooks".to_owned())
            .within(turn.patience());
        Ok(match self.egress.call(call).await {
            Ok(answer) => Answer::Status(answer.status, answer.retry_after),
            Err(EgressError::Refused) => Answer::Fault(DeliveryFault::RefusedAddress),
            Err(EgressError::TooLarge | EgressError::Unreachable) => {
                Answer::Fault(DeliveryFault::Unreachable)
            }
        })
    }

    /// Writes down what came of an attempt.
    async fn note(
        &self,
        turn: Turn,
        webhook: Webhook,
        delivery: Delivery,
        before: WebhookHealth,
        answer: Answer,
        policy: &Policy,
    ) -> Result<Told, StoreError> {
        let now = self.clock.now();
        let (status, fault, rest) = judged(&answer);
        let taken = fault.is_none();
        let attempts = delivery.attempts + 1;
        let next = match taken {
            true => None,
            false => next_attempt(attempts, delivery.chance(), now),
        };
        let health = WebhookHealth {
            failing_since: match taken {
                true => None,
                false => before.failing_since.or(Some(now)),
            },
            rest_until: rest.map(|rest| now.plus(rest)),
            ..before.clone()
        };
        let long = health
            .failing_since
            .is_some_and(|since| since.plus(FAILING_FOR) <= now);
        let ends = turn == Turn::Due && !taken && (status == Some(410) || long);
        let mut transaction = Transaction::new(now);
        let noted = Delivery {
            delivery_state: match (taken, next) {
                (true, _) => DeliveryState::Delivered,
                (false, Some(_)) => DeliveryState::Pending,
                (false, None) => DeliveryState::Failed,
            },
            attempts,
            next_attempt_at: next,
            last_attempt_at: Some(now),
            answer: status.map(u64::from),
            fault,
            ..delivery
        };
        transaction.replace(&Stored::next(noted, policy), &Unsealed)?;
        if ends {
            let workspace = webhook.workspace;
            let off = Webhook {
                status: WebhookStatus::Disabled,
                disabled_at: Some(now),
                ..webhook
            };
            transaction.replace(&Stored::next(off, policy), &Unsealed)?;
            let owners = self
                .store
                .accounts_that_may(workspace, Permission::WorkspaceOwn, now)
                .await?;
            for owner in owners.into_iter().take(MOST_TOLD) {
                let notice = Notice::new(owner, NoticeKind::WebhookDisabled, now);
                transaction.notify(notice.in_workspace(workspace))?;
            }
        }
        if health != before {
            transaction.overwrite(&Stored::new(health, policy), &Unsealed)?;
        }
        self.commit_or_leave(transaction).await?;
        Ok(match taken {
            true => Told::Taken,
            false => Told::Failed,
        })
    }

    /// Commits what came of a delivery; where somebody else was there before, theirs stays, and a delivery
    /// that they left due comes again.
    pub(super) async fn commit_or_leave(&self, transaction: Transaction) -> Result<(), StoreError> {
        match self.store.commit(transaction).await {
            Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}

/// The status of an answer, why it counts as a failure, and how long the endpoint is left alone.
fn judged(answer: &Answer) -> (Option<u16>, Option<DeliveryFault>, Option<Duration>) {
    match answer {
        Answer::Status(status @ 200..=299, _) => (Some(*status), None, None),
        Answer::Status(status @ (429 | 502 | 503 | 504), after) => {
            let rest = after.unwrap_or(REST).clamp(REST, MOST_REST);
            (Some(*status), Some(DeliveryFault::Status), Some(rest))
        }
        Answer::Status(status, _) => (Some(*status), Some(DeliveryFault::Status), None),
        Answer::Fault(fault @ DeliveryFault::Unreachable) => (None, Some(*fault), Some(REST)),
        Answer::Fault(fault) => (None, Some(*fault), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_as_the_example_of_the_specification() {
        // The example that the libraries of Standard Webhooks test themselves with.
        let secret = BASE64
            .decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            .expect("base64");
        let body = br#"{"test": 2432232314}"#;
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        assert_eq!(
            signatures(&[&secret], id, 1_614_265_330, body),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn only_two_hundreds_count_and_a_service_that_has_too_much_to_do_is_left_alone() {
        let of = |status, after| judged(&Answer::Status(status, after));
        for taken in [200, 202, 204, 299] {
            assert_eq!(of(taken, None), (Some(taken), None, None));
        }
        for failed in [199, 301, 302, 307, 400, 404, 410, 500] {
            assert_eq!(
                of(failed, None),
                (Some(failed), Some(DeliveryFault::Status), None)
            );
        }
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(of(429, None).2, Some(REST));
        assert_eq!(of(503, seconds(600)).2, seconds(600));
        assert_eq!(of(503, seconds(1)).2, Some(REST));
        assert_eq!(of(503, seconds(1_000_000)).2, Some(MOST_REST));
        assert_eq!(
            judged(&Answer::Fault(DeliveryFault::Unreachable)).2,
            Some(REST)
        );
    }
}
