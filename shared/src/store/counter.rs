//! How often something was done lately, for limits. Whom a count is about is known only to a hash
//! under the random numbers of a day, and those are gone the day after: not even who holds every
//! other key can try out addresses then.

use std::{collections::HashMap, time::Duration};

use aws_lc_rs::hmac;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValue};
use shared_derive::Record;

use super::{
    db::{Store, StoreError},
    field::{Bytes, Field},
    keys,
    record::{Record, Stored},
    seal::{KeyedHash, Unsealed},
    transaction::{CommitError, Transaction},
};
use crate::domain::{
    Timestamp,
    policy::{Lens, Policy},
    time::DAY,
    token::Secret,
};

/// A count within one window of time.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = counter(of), tenant = Platform,
    no_subject = "a count under a hash whose salt is forgotten after a day; gone in an hour",
    class = Counter, anchor = since,
)]
pub struct Counter {
    /// What is counted, of whom and in which window, as a hash under the salt of the day.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, keyed)]
    pub of: KeyedHash,
    /// How often.
    #[non_personal(reason = "how often something was done")]
    pub count: u64,
    /// When the window began.
    #[non_personal(reason = "the beginning of an hour or of a part of it")]
    pub since: Timestamp,
}

/// The random numbers of one day. They lie in the table whose backups last seven days.
#[derive(Clone, Debug, Record)]
#[record(
    table = Keys, key = salt(since), tenant = Platform,
    no_subject = "random numbers of a day, about nobody", class = Salt, anchor = since,
)]
pub struct SaltRow {
    /// The beginning of the day.
    #[non_personal(reason = "the date of a day")]
    pub since: Timestamp,
    /// The numbers.
    #[non_personal(reason = "random numbers")]
    pub bytes: Bytes,
}

/// The salt of a day.
#[derive(Clone, Debug)]
pub struct Salt {
    since: Timestamp,
    secret: Secret,
}

/// The beginning of the window of this length that `now` lies in.
pub fn window_start(now: Timestamp, window: Duration) -> Timestamp {
    let length = i64::try_from(window.as_millis()).unwrap_or(i64::MAX).max(1);
    Timestamp::from_ms(now.ms() - now.ms().rem_euclid(length))
}

impl Salt {
    /// Whether it is the salt of the day that `now` lies in.
    pub fn is_of(&self, now: Timestamp) -> bool {
        self.since == window_start(now, DAY)
    }

    /// What stands for `parts` today. Each part is preceded by its length: `ab`, `c` is not `a`, `bc`.
    pub fn hash(&self, parts: &[&str]) -> KeyedHash {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
        let mut context = hmac::Context::with_key(&key);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut code = [0; 32];
        code.copy_from_slice(context.sign().as_ref());
        KeyedHash::from_code(code)
    }
}

impl Store {
    /// The salt of the day that `now` lies in: read, or made by whoever needs it first.
    pub async fn salt(&self, now: Timestamp) -> Result<Salt, StoreError> {
        let since = window_start(now, DAY);
        if let Some(salt) = self.read_salt(since, now).await? {
            return Ok(salt);
        }
        let secret = Secret::generate().ok_or(StoreError::Random)?;
        let row = SaltRow {
            since,
            bytes: Bytes(secret.as_bytes().to_vec()),
        };
        let mut transaction = Transaction::new(now);
        transaction.create(&Stored::new(row, &Policy::platform()), &Unsealed)?;
        match self.commit(transaction).await {
            Ok(()) => Ok(Salt { since, secret }),
            Err(CommitError::Store(error)) => Err(error),
            // Another environment was first: its numbers are today's.
            Err(CommitError::Refused(_)) => {
                let salt = self.read_salt(since, now).await?;
                salt.ok_or(StoreError::Conflict)
            }
        }
    }

    /// Forgets all counts of the day: without its salt nothing finds them.
    pub async fn forget_counts(&self, now: Timestamp) -> Result<(), StoreError> {
        self.delete(keys::salt(window_start(now, DAY))).await
    }

    async fn read_salt(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Salt>, StoreError> {
        let place = keys::salt(since);
        let fetched = self.batch(vec![place.clone()]).await?;
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let Some(row) = fetched.get::<SaltRow>(&place, &Unsealed, lens)? else {
            return Ok(None);
        };
        let bytes = row.bytes.0.try_into();
        let bytes = bytes.map_err(|_| StoreError::Corrupt("a salt of the wrong length"))?;
        let secret = Secret::from_bytes(bytes);
        Ok(Some(Salt { since, secret }))
    }

    /// Counts one more, and says how often it has been. One call, without a condition: a count that
    /// is too high costs the same as one that is not. An attempt whose answer was lost counts twice.
    pub async fn count_up(&self, of: KeyedHash, since: Timestamp) -> Result<u64, StoreError> {
        let counter = Counter {
            of,
            count: 0,
            since,
        };
        let stored = Stored::new(counter, &Policy::platform());
        let mut item = stored.to_item(&Unsealed)?;
        for name in ["pk", "sk", "count"] {
            item.remove(name);
        }
        let mut names = HashMap::from([("#count".to_owned(), "count".to_owned())]);
        let one = AttributeValue::N("1".to_owned());
        let mut values = HashMap::from([(":one".to_owned(), one)]);
        let mut sets = Vec::new();
        for (number, (name, value)) in item.into_iter().enumerate() {
            sets.push(format!("#a{number} = :a{number}"));
            names.insert(format!("#a{number}"), name);
            values.insert(format!(":a{number}"), value);
        }
        let begun = self.meter.begin("UpdateItem");
        let key = stored.record().key();
        let answer = self
            .client
            .update_item()
            .table_name(self.table(key.table))
            .set_key(Some(key.into_attributes()))
            .update_expression(format!("SET {} ADD #count :one", sets.join(", ")))
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::UpdatedNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let consumed = answer.as_ref().ok();
        let consumed = consumed.and_then(|answer| answer.consumed_capacity());
        self.meter.end_write(begun, consumed);
        let answer = answer.map_err(|error| StoreError::dynamodb(&error))?;
        let count = answer.attributes().and_then(|item| item.get("count"));
        u64::read(count).ok_or(StoreError::Corrupt("a count that does not read"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_begin_at_their_multiples_and_a_salt_is_of_one_day() {
        let now = Timestamp::from_ms(1_768_478_400_123);
        assert_eq!(window_start(now, DAY).ms(), 1_768_435_200_000);
        let minute = Duration::from_secs(60);
        assert_eq!(window_start(now, minute).ms(), 1_768_478_400_000);
        let salt = Salt {
            since: window_start(now, DAY),
            secret: Secret::from_bytes([7; 32]),
        };
        assert!(salt.is_of(now) && !salt.is_of(now.plus(DAY)));
    }

    #[test]
    fn what_is_counted_apart_has_hashes_apart() {
        let salt = |byte| Salt {
            since: Timestamp::from_ms(0),
            secret: Secret::from_bytes([byte; 32]),
        };
        let one = salt(1).hash(&["ab", "c"]);
        assert_eq!(one, salt(1).hash(&["ab", "c"]));
        assert_ne!(one, salt(1).hash(&["a", "bc"]));
        assert_ne!(one, salt(2).hash(&["ab", "c"]));
    }
}
