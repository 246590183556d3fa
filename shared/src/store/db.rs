//! The calls to DynamoDB: batch read, query, transaction, delete. Each is counted; each retries
//! what is safe to retry, a bounded number of times, and then says so.

use std::{collections::HashMap, str::FromStr, time::Duration};

use aws_lc_rs::rand;
use aws_sdk_dynamodb::{
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    operation::{
        batch_get_item::BatchGetItemOutput, query::QueryOutput,
        transact_write_items::TransactWriteItemsError,
    },
    types::{
        AttributeValue, CancellationReason, ConsumedCapacity, KeysAndAttributes,
        ReturnConsumedCapacity, Select, TransactWriteItem,
    },
};

use super::{
    keyring::{DataKeyRow, Keyring, TenantKey, TenantKeyRow},
    keys::{self, Key, Table},
    meter::Meter,
    objects::Objects,
    query::{Listed, Query, Source},
    record::{Item, Record, read_item},
    seal::{DataKey, Unsealed},
    subject::RootRef,
    transaction::{CommitError, Refusal, Transaction},
};
use crate::domain::{
    TenantId, Timestamp,
    policy::{Lens, Policy},
};

/// How often unprocessed keys and conflicting transactions are tried before the caller is told.
const ATTEMPTS: u32 = 6;
/// The first pause between attempts; it doubles, with jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(15);
/// The most keys of one batch read (DynamoDB's limit).
pub const BATCH_KEYS: usize = 100;

/// Why storage did not do it. Nothing here names a person.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Throttled, timed out or failing: a retry may work.
    #[error("{service} is unavailable: {cause}")]
    Unavailable {
        /// Which service.
        service: &'static str,
        /// What it said.
        cause: String,
    },
    /// Refused for good: permissions, a missing table, a request that is not valid.
    #[error("{service} refused: {cause}")]
    Refused {
        /// Which service.
        service: &'static str,
        /// What it said.
        cause: String,
    },
    /// Other writers kept winning for all attempts.
    #[error("the transaction kept conflicting")]
    Conflict,
    /// What lies there is not what was written.
    #[error("corrupt: {0}")]
    Corrupt(&'static str),
    /// The system has no random numbers.
    #[error("no random numbers")]
    Random,
}

impl StoreError {
    /// Whether the same request may succeed later.
    pub const fn retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Conflict)
    }

    pub(super) fn kms<E, R>(error: &SdkError<E, R>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
        R: std::fmt::Debug,
    {
        Self::of_call("KMS", error)
    }

    pub(super) fn s3<E, R>(error: &SdkError<E, R>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
        R: std::fmt::Debug,
    {
        Self::of_call("S3", error)
    }

    pub(super) fn dynamodb<E, R>(error: &SdkError<E, R>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
        R: std::fmt::Debug,
    {
        Self::of_call("DynamoDB", error)
    }

    fn of_call<E, R>(service: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
        R: std::fmt::Debug,
    {
        // The message of a service error may quote keys; the code says enough.
        let cause = match error {
            SdkError::ServiceError(context) => context
                .err()
                .code()
                .unwrap_or("an unnamed error")
                .to_owned(),
            other => DisplayErrorContext(other)
                .to_string()
                .chars()
                .take(200)
                .collect(),
        };
        let for_good = [
            "AccessDenied",
            "AccessDeniedException",
            "BadDigest",
            "NoSuchBucket",
            "ValidationException",
            "ResourceNotFoundException",
            "UnrecognizedClientException",
            "NotFoundException",
            "InvalidCiphertextException",
        ];
        if for_good.contains(&cause.as_str()) {
            Self::Refused { service, cause }
        } else {
            Self::Unavailable { service, cause }
        }
    }
}

/// Storage, as one function sees it.
#[derive(Clone)]
pub struct Store {
    pub(super) client: aws_sdk_dynamodb::Client,
    data_table: String,
    keys_table: String,
    keyring: Keyring,
    objects: Objects,
    pub(super) meter: Meter,
}

/// The names of the tables and the KMS key.
#[derive(Clone, Debug)]
pub struct Names {
    /// The table of everything but keys.
    pub data_table: String,
    /// The table of keys.
    pub keys_table: String,
    /// The KMS key that wraps the keys of tenants.
    pub kms_key_id: String,
}

/// What a batch read found.
#[derive(Clone, Debug, Default)]
pub struct Fetched(pub(super) HashMap<Key, Item>);

impl Fetched {
    /// A record, if it is there and has not expired.
    pub fn get<R: Record>(
        &self,
        key: &Key,
        seal: &R::Seal,
        lens: Lens<'_>,
    ) -> Result<Option<R>, StoreError> {
        self.0
            .get(key)
            .map_or(Ok(None), |item| read_item(item, seal, lens))
    }

    /// Whether anything lies there, over or not.
    pub fn holds(&self, key: &Key) -> bool {
        self.0.contains_key(key)
    }

    /// What lies there, unfiltered: only for what decides about deletion.
    pub(super) fn raw(&self, key: &Key) -> Option<&Item> {
        self.0.get(key)
    }

    /// The key of a root, if the root still has one.
    pub fn data_key(
        &self,
        root: &Key,
        tenant_key: &TenantKey,
    ) -> Result<Option<DataKey>, StoreError> {
        let key = keys::data_key(&RootRef::of(root));
        let platform = Policy::platform();
        // A key's own end is that of its root, which the root's record checks.
        let lens = Lens {
            now: Timestamp::from_ms(0),
            policy: &platform,
        };
        self.get::<DataKeyRow>(&key, &Unsealed, lens)?
            .map(|row| tenant_key.open_data_key(&row))
            .transpose()
    }
}

impl Store {
    /// Storage over the two clients.
    pub fn new(
        client: aws_sdk_dynamodb::Client,
        kms: aws_sdk_kms::Client,
        names: Names,
        objects: Objects,
        meter: Meter,
    ) -> Self {
        let Names {
            data_table,
            keys_table,
            kms_key_id,
        } = names;
        let keyring = Keyring::new(kms, kms_key_id, meter.clone());
        Self {
            client,
            data_table,
            keys_table,
            keyring,
            objects,
            meter,
        }
    }

    /// The keys of tenants.
    pub const fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Files.
    pub const fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The same tables beside other files.
    pub(super) fn with_objects(&self, objects: Objects) -> Self {
        Self {
            objects,
            ..self.clone()
        }
    }

    pub(super) fn table(&self, table: Table) -> String {
        match table {
            Table::Data => self.data_table.clone(),
            Table::Keys => self.keys_table.clone(),
        }
    }

    /// The key of a tenant: remembered, or read and unwrapped.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the tenant has none.
    pub async fn tenant_key(
        &self,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<TenantKey, StoreError> {
        if let Some(key) = self.keyring.remembered(tenant, now) {
            return Ok(key);
        }
        let key = keys::tenant_key(tenant);
        let fetched = self.batch(vec![key]).await?;
        self.unwrap_tenant_key(tenant, &fetched, now).await
    }

    /// The key of a tenant out of a batch that asked for it, or the remembered one.
    pub async fn unwrap_tenant_key(
        &self,
        tenant: TenantId,
        fetched: &Fetched,
        now: Timestamp,
    ) -> Result<TenantKey, StoreError> {
        if let Some(key) = self.keyring.remembered(tenant, now) {
            return Ok(key);
        }
        let policy = Policy::platform();
        let row = fetched
            .get::<TenantKeyRow>(
                &keys::tenant_key(tenant),
                &Unsealed,
                Lens {
                    now,
                    policy: &policy,
                },
            )?
            .ok_or(StoreError::Corrupt("a tenant without a key"))?;
        self.keyring.unwrap(&row, now).await
    }

    /// Reads up to 100 items at once, strongly consistent. Unprocessed keys are asked for again;
    /// when they stay unprocessed the answer is an error, never "absent".
    pub async fn batch(&self, mut wanted: Vec<Key>) -> Result<Fetched, StoreError> {
        wanted.sort();
        wanted.dedup();
        let mut fetched = Fetched::default();
        let mut pending = self.batch_request(&wanted)?;
        for attempt in 0..ATTEMPTS {
            if pending.is_empty() {
                return Ok(fetched);
            }
            pause(attempt).await;
            let begun = self.meter.begin("BatchGetItem");
            let answer = self
                .client
                .batch_get_item()
                .set_request_items(Some(pending))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await;
            let units = answer
                .as_ref()
                .map_or(0.0, |answer| units(answer.consumed_capacity()));
            self.meter.end(begun, true, units, 0.0);
            let answer = answer.map_err(|error| StoreError::dynamodb(&error))?;
            pending = self.take_batch(answer, &mut fetched)?;
        }
        if pending.is_empty() {
            return Ok(fetched);
        }
        let cause = "keys stayed unprocessed".to_owned();
        Err(StoreError::Unavailable {
            service: "DynamoDB",
            cause,
        })
    }

    /// Reads any number of items, strongly consistent, in batches one after the other.
    pub async fn batch_all(&self, mut wanted: Vec<Key>) -> Result<Fetched, StoreError> {
        wanted.sort();
        wanted.dedup();
        let mut all = Fetched::default();
        for part in wanted.chunks(BATCH_KEYS) {
            all.0.extend(self.batch(part.to_vec()).await?.0);
        }
        Ok(all)
    }

    fn batch_request(
        &self,
        wanted: &[Key],
    ) -> Result<HashMap<String, KeysAndAttributes>, StoreError> {
        if wanted.len() > BATCH_KEYS {
            return Err(StoreError::Corrupt("a batch of more than 100 keys"));
        }
        let mut request = HashMap::new();
        for table in [Table::Data, Table::Keys] {
            let keys: Vec<_> = wanted
                .iter()
                .filter(|key| key.table == table)
                .map(|key| key.clone().into_attributes())
                .collect();
            if !keys.is_empty() {
                let keys = KeysAndAttributes::builder()
                    .set_keys(Some(keys))
                    .consistent_read(true)
                    .build()
                    .map_err(|_| StoreError::Corrupt("a batch that could not be built"))?;
                request.insert(self.table(table), keys);
            }
        }
        Ok(request)
    }

    fn take_batch(
        &self,
        answer: BatchGetItemOutput,
        fetched: &mut Fetched,
    ) -> Result<HashMap<String, KeysAndAttributes>, StoreError> {
        for (name, items) in answer.responses.unwrap_or_default() {
            let table = if name == self.keys_table {
                Table::Keys
            } else {
                Table::Data
            };
            for item in items {
                let key =
                    key_of(table, &item).ok_or(StoreError::Corrupt("an item without a key"))?;
                fetched.0.insert(key, item);
            }
        }
        Ok(answer.unprocessed_keys.unwrap_or_default())
    }

    /// Reads a list. The items of an index are keys only: fetch them with [`Store::batch`].
    pub async fn query(&self, query: Query) -> Result<Vec<Item>, StoreError> {
        Ok(self.page(query).await?.items)
    }

    /// Reads a page of a list, and says whether the list goes on: a page ends at its limit, or
    /// before it where DynamoDB has read a megabyte.
    pub async fn page(&self, query: Query) -> Result<Listed, StoreError> {
        let answer = self.run(query, None).await?;
        let more = answer.last_evaluated_key.is_some();
        Ok(Listed {
            items: answer.items.unwrap_or_default(),
            more,
        })
    }

    /// Counts a list, up to its limit, without fetching it.
    pub async fn count(&self, query: Query) -> Result<u64, StoreError> {
        let answer = self.run(query, Some(Select::Count)).await?;
        Ok(u64::try_from(answer.count).unwrap_or(0))
    }

    async fn run(&self, query: Query, select: Option<Select>) -> Result<QueryOutput, StoreError> {
        let (pk, sk, index) = match query.source {
            Source::Data => ("pk", "sk", None),
            Source::Index("changes") => ("changes_pk", "changes_sk", Some("changes")),
            Source::Index("due") => ("due_pk", "due_sk", Some("due")),
            Source::Index(_) => ("lists_pk", "lists_sk", Some("lists")),
        };
        let consistent = index.is_none();
        let mut request = self
            .client
            .query()
            .table_name(&self.data_table)
            .set_index_name(index.map(str::to_owned))
            .consistent_read(consistent)
            .scan_index_forward(!query.newest_first)
            .limit(i32::from(query.limit))
            .set_select(select)
            .expression_attribute_names("#pk", pk)
            .expression_attribute_values(":pk", AttributeValue::S(query.partition.clone()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        request = match query.range {
            None => request.key_condition_expression("#pk = :pk"),
            Some((low, high)) => request
                .key_condition_expression("#pk = :pk AND #sk BETWEEN :low AND :high")
                .expression_attribute_names("#sk", sk)
                .expression_attribute_values(":low", AttributeValue::S(low))
                .expression_attribute_values(":high", AttributeValue::S(high)),
        };
        if let (Some(after), Some(index_sort)) = (query.after, query.after_index) {
            let mut start = after.into_attributes();
            if index.is_some() {
                start.insert(pk.to_owned(), AttributeValue::S(query.partition));
                start.insert(sk.to_owned(), AttributeValue::S(index_sort));
            }
            request = request.set_exclusive_start_key(Some(start));
        }
        let begun = self.meter.begin("Query");
        let answer = request.send().await;
        let read = answer
            .as_ref()
            .ok()
            .and_then(|answer| answer.consumed_capacity())
            .map_or(0.0, |capacity| units(std::slice::from_ref(capacity)));
        self.meter.end(begun, consistent, read, 0.0);
        answer.map_err(|error| StoreError::dynamodb(&error))
    }

    /// Writes all of it or nothing. Conflicts with other transactions are tried again.
    pub async fn commit(&self, transaction: Transaction) -> Result<(), CommitError> {
        let items = transaction.into_items(|table| self.table(table))?;
        // One token for all attempts: a write whose answer was lost is not done twice.
        let token = idempotency_token()?;
        for attempt in 0..ATTEMPTS {
            pause(attempt).await;
            match self.try_commit(items.clone(), &token).await? {
                Attempt::Done => return Ok(()),
                Attempt::Refused(refusal) => return Err(CommitError::Refused(refusal)),
                Attempt::Conflict => {}
            }
        }
        Err(CommitError::Store(StoreError::Conflict))
    }

    async fn try_commit(
        &self,
        items: Vec<TransactWriteItem>,
        token: &str,
    ) -> Result<Attempt, StoreError> {
        let begun = self.meter.begin("TransactWriteItems");
        let answer = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .client_request_token(token)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let written = answer
            .as_ref()
            .map_or(0.0, |answer| units(answer.consumed_capacity()));
        self.meter.end(begun, true, 0.0, written);
        let error = match answer {
            Ok(_) => return Ok(Attempt::Done),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                Ok(judge(cancelled.cancellation_reasons()))
            }
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => {
                Ok(Attempt::Conflict)
            }
            _ => Err(StoreError::dynamodb(&error)),
        }
    }

    /// Deletes an item, whether or not it is there.
    pub async fn delete(&self, key: Key) -> Result<(), StoreError> {
        let begun = self.meter.begin("DeleteItem");
        let answer = self
            .client
            .delete_item()
            .table_name(self.table(key.table))
            .set_key(Some(key.into_attributes()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let consumed = answer.as_ref().ok();
        let consumed = consumed.and_then(|answer| answer.consumed_capacity());
        self.meter.end_write(begun, consumed);
        answer
            .map(|_| ())
            .map_err(|error| StoreError::dynamodb(&error))
    }
}

/// How one attempt to commit ended.
enum Attempt {
    Done,
    Refused(Refusal),
    Conflict,
}

/// A failed condition is an answer; a conflict or a throttle is a reason to try again.
fn judge(reasons: &[CancellationReason]) -> Attempt {
    let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    if !reasons.iter().any(failed) {
        return Attempt::Conflict;
    }
    let found = reasons
        .iter()
        .map(|reason| failed(reason).then(|| reason.item().cloned().unwrap_or_default()));
    Attempt::Refused(Refusal(found.collect()))
}

/// The id that an item stands under in the index `lists`: its sort key there.
pub fn listed_id<I: FromStr>(item: &Item) -> Option<I> {
    item.get("lists_sk")?.as_s().ok()?.parse().ok()
}

/// The key of an item.
pub fn key_of(table: Table, item: &Item) -> Option<Key> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    Some(Key {
        table,
        pk: text("pk")?,
        sk: text("sk")?,
    })
}

pub(super) fn units(capacity: &[ConsumedCapacity]) -> f64 {
    capacity
        .iter()
        .filter_map(ConsumedCapacity::capacity_units)
        .sum()
}

fn idempotency_token() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| StoreError::Random)?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}

/// Waits before the attempt after the first: doubling, with full jitter.
async fn pause(attempt: u32) {
    if attempt == 0 {
        return;
    }
    let longest = FIRST_PAUSE * 2u32.pow(attempt - 1);
    let mut byte = [0];
    let share = rand::fill(&mut byte).map_or(1.0, |()| f64::from(byte[0]) / 255.0);
    tokio::time::sleep(longest.mul_f64(share)).await;
}
