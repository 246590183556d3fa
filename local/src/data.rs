//! The embedded DynamoDB: tables as the template declares them, in memory or in one file.
//!
//! The engine is `dynoxide`, which speaks DynamoDB's wire and stores in SQLite. What it does not do
//! by itself is done here: tables from the template, an index that keeps writes fast, expiry by TTL
//! when asked, and the end of stream records after 24 hours.
//!
//! A file database waits for the disk with every commit (SQLite's write-ahead log with
//! `synchronous = FULL`): what was acknowledged survives a kill and a power cut.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use dynoxide::{Database, DynoxideError};
use rusqlite::Connection;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::app::Clock;
use shared::domain::Timestamp;

use crate::REGION;
use crate::folder::{DataFolder, FolderError};
use crate::template::{Table, stream_arn};

mod elsewhere;

use elsewhere::Elsewhere;

/// The file of the data folder that holds the tables.
pub const DATABASE_FILE: &str = "data.sqlite";
/// How long a stream record can be read, as on AWS.
pub const STREAM_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// Without these, every write to a table with a stream reads all its stream records.
const STREAM_INDEXES: &str = "
    CREATE INDEX IF NOT EXISTS sotto_stream_sequence
        ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
    CREATE INDEX IF NOT EXISTS sotto_stream_shard
        ON _stream_records (table_name, shard_id, CAST(sequence_number AS INTEGER));";

/// A position in a stream: the sequence number of a record, 21 digits.
pub type SequenceNumber = String;

/// Why the tables cannot be used; one line.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The data folder is at fault.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A table in the folder is not the one of the template.
    #[error(
        "the table {0} in the data folder is not the one of the template; \
         move the folder away or choose another with --data"
    )]
    OtherTable(String),
    /// The engine refuses.
    #[error("the embedded database refuses: {0}")]
    Engine(String),
}

impl From<DynoxideError> for DataError {
    fn from(error: DynoxideError) -> Self {
        Self::Engine(error.to_string())
    }
}

impl From<serde_json::Error> for DataError {
    fn from(error: serde_json::Error) -> Self {
        Self::Engine(error.to_string())
    }
}

/// The tables.
#[derive(Clone)]
pub struct Data {
    database: Database,
    file: Option<PathBuf>,
    elsewhere: Option<Arc<Elsewhere>>,
}

impl Data {
    /// Tables in memory, whose TTL and stream times follow `clock`.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn ephemeral(clock: &Clock) -> Result<Self, DataError> {
        let database = Database::memory_with_clock(Arc::new(EngineClock(clock.clone())))?;
        // A second connection cannot reach a memory database: the indexes come with a copy.
        database.restore_from(indexed_empty_database()?)?;
        Ok(Self {
            database,
            file: None,
            elsewhere: None,
        })
    }

    /// Tables of another DynamoDB, at this base URL, in an account of their own there. Their TTL and the times of
    /// their streams follow `clock`, whatever the other one's clock says.
    ///
    /// # Errors
    /// When the engine refuses: it is there, and stays empty.
    pub fn elsewhere(url: &str, clock: &Clock) -> Result<Self, DataError> {
        let elsewhere = Elsewhere::new(url, clock.clone());
        Ok(Self {
            elsewhere: Some(Arc::new(elsewhere)),
            ..Self::ephemeral(clock)?
        })
    }

    /// The base URL of the DynamoDB that has the tables, and the account there, unless this process has them.
    pub fn served_elsewhere(&self) -> Option<(&str, &str)> {
        let elsewhere = self.elsewhere.as_ref()?;
        Some((elsewhere.url(), elsewhere.account()))
    }

    /// Tables in a file of the folder, whose times are the system's.
    ///
    /// # Errors
    /// When the file is damaged or the engine refuses.
    pub fn open(folder: &DataFolder) -> Result<Self, DataError> {
        let file = folder.file(DATABASE_FILE);
        let damaged = |reason: String| folder.damaged(DATABASE_FILE, reason);
        let existed = file.exists();
        let database = Database::new(&file.to_string_lossy())
            .map_err(|error| damaged(first_sentence(&error.to_string())))?;
        let prepare = || -> rusqlite::Result<Option<String>> {
            let connection = Connection::open(&file)?;
            if existed {
                let check: String =
                    connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
                if check != "ok" {
                    return Ok(Some(check));
                }
            }
            connection.execute_batch(STREAM_INDEXES)?;
            Ok(None)
        };
        match prepare() {
            Ok(None) => Ok(Self {
                database,
                file: Some(file),
                elsewhere: None,
            }),
            Ok(Some(reason)) => Err(damaged(first_sentence(&reason)).into()),
            Err(error) => Err(damaged(first_sentence(&error.to_string())).into()),
        }
    }

    /// Whether the folder holds tables already.
    pub fn exists(folder: &DataFolder) -> bool {
        folder.file(DATABASE_FILE).exists()
    }

    /// The engine, for its wire.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Creates the tables that are absent, and compares those that are there.
    ///
    /// # Errors
    /// When a table that is there has other keys, indexes, TTL or stream than the template's.
    pub fn prepare(&self, tables: &[Table]) -> Result<(), DataError> {
        if let Some(elsewhere) = &self.elsewhere {
            return elsewhere.prepare(tables);
        }
        let mut wanted: BTreeMap<&str, &Table> = tables
            .iter()
            .map(|table| (table.name.as_str(), table))
            .collect();
        for name in self.database.list_tables(request(json!({}))?)?.table_names {
            let matches = match wanted.remove(name.as_str()) {
                Some(table) => same(self.describe(&name)?, table.clone()),
                None => false,
            };
            if !matches {
                return Err(DataError::OtherTable(name));
            }
        }
        for (name, table) in wanted {
            self.database
                .create_table(request(serde_json::to_value(table)?)?)?;
            if let Some(attribute) = &table.ttl_attribute {
                self.database.update_time_to_live(request(json!({
                    "TableName": name,
                    "TimeToLiveSpecification": { "Enabled": true, "AttributeName": attribute },
                }))?)?;
            }
        }
        Ok(())
    }

    /// Deletes every item whose TTL has passed, in all tables, as AWS does within days; each
    /// deletion is a stream record of the service principal. Blocks. Returns how many went.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn sweep_ttl(&self) -> Result<usize, DataError> {
        if let Some(elsewhere) = &self.elsewhere {
            return elsewhere.sweep_ttl();
        }
        Ok(self.database.sweep_ttl()?)
    }

    /// The stream records of a table after a position, at most `limit`, as a function receives
    /// them. Blocks.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn stream_records(
        &self,
        table: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Value>, DataError> {
        if let Some(elsewhere) = &self.elsewhere {
            return elsewhere.stream_records(table, after, limit);
        }
        let arn = stream_arn(table);
        let position = match after {
            Some(number) => json!({
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": number,
            }),
            None => json!({ "ShardIteratorType": "TRIM_HORIZON" }),
        };
        let mut ask = json!({ "StreamArn": arn, "ShardId": dynoxide::streams::shard_id(table) });
        if let (Some(ask), Value::Object(position)) = (ask.as_object_mut(), position) {
            ask.extend(position);
        }
        let iterator = self
            .database
            .get_shard_iterator(request(ask)?)?
            .shard_iterator;
        let answer = self.database.get_records(request(json!({
            "ShardIterator": iterator, "Limit": limit,
        }))?)?;
        let mut records = serde_json::to_value(answer.records)?;
        for record in records.as_array_mut().into_iter().flatten() {
            record["eventSourceARN"] = arn.clone().into();
            record["awsRegion"] = REGION.into();
        }
        Ok(match records {
            Value::Array(records) => records,
            _ => Vec::new(),
        })
    }

    /// Forgets stream records of a table that are older than [`STREAM_RETENTION`] and that the
    /// reader has passed. AWS forgets unread ones too, but there a reader is never switched off.
    /// Blocks. A memory database keeps its records: it ends with the process.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn trim_stream(
        &self,
        table: &str,
        passed: &str,
        now: Timestamp,
    ) -> Result<usize, DataError> {
        let Some(file) = &self.file else { return Ok(0) };
        // The public number is the stored one, padded to 21 digits with a leading 1.
        let stored: i64 = passed
            .get(1..)
            .and_then(|digits| digits.parse().ok())
            .unwrap_or(0);
        let trim = || -> rusqlite::Result<usize> {
            let connection = Connection::open(file)?;
            connection.busy_timeout(Duration::from_secs(5))?;
            // Strictly before the reader: the last row gives the next one its number.
            connection.execute(
                "DELETE FROM _stream_records WHERE table_name = ?1 \
                 AND CAST(sequence_number AS INTEGER) < ?2 AND created_at < ?3",
                (table, stored, now.minus(STREAM_RETENTION).seconds()),
            )
        };
        trim().map_err(|error| DataError::Engine(error.to_string()))
    }

    fn describe(&self, name: &str) -> Result<Table, DataError> {
        let answer = self
            .database
            .describe_table(request(json!({ "TableName": name }))?)?;
        let mut table: Table = serde_json::from_value(serde_json::to_value(answer.table)?)?;
        let ttl = self
            .database
            .describe_time_to_live(request(json!({ "TableName": name }))?)?;
        table.ttl_attribute = ttl.time_to_live_description.attribute_name;
        Ok(table)
    }
}

/// Whether two tables are one, whatever the order in which their parts are named.
fn same(mut one: Table, mut other: Table) -> bool {
    for table in [&mut one, &mut other] {
        table.attribute_definitions.sort();
        table
            .global_secondary_indexes
            .sort_by(|a, b| a.index_name.cmp(&b.index_name));
    }
    one == other
}

/// The engine's requests are made of JSON, as they come over the wire.
fn request<T: DeserializeOwned>(body: Value) -> Result<T, DataError> {
    Ok(serde_json::from_value(body)?)
}

fn first_sentence(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.split(". ")
        .next()
        .unwrap_or(line)
        .trim_end_matches('.')
        .to_owned()
}

/// The address of an empty database with the stream indexes; made once per process, in memory.
fn indexed_empty_database() -> Result<&'static str, DataError> {
    const ADDRESS: &str = "file:sotto-empty?mode=memory&cache=shared";
    /// Both connections stay open as long as the process: the database lives in them.
    struct Empty {
        _engine: Database,
        _indexed: std::sync::Mutex<Connection>,
    }
    static EMPTY: OnceLock<Result<Empty, String>> = OnceLock::new();
    let empty = EMPTY.get_or_init(|| {
        let engine = Database::new(ADDRESS).map_err(|error| error.to_string())?;
        let connection = Connection::open(ADDRESS).map_err(|error| error.to_string())?;
        connection
            .execute_batch(STREAM_INDEXES)
            .map_err(|error| error.to_string())?;
        Ok(Empty {
            _engine: engine,
            _indexed: std::sync::Mutex::new(connection),
        })
    });
    match empty {
        Ok(_) => Ok(ADDRESS),
        Err(reason) => Err(DataError::Engine(reason.clone())),
    }
}

/// Our clock as the engine reads it.
struct EngineClock(Clock);

impl dynoxide::storage_backend::Clock for EngineClock {
    fn now_unix_secs(&self) -> u64 {
        u64::try_from(self.0.now().seconds()).unwrap_or(0)
    }

    fn now_unix_secs_f64(&self) -> f64 {
        self.0.now().ms() as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        serde_json::from_value(json!({
            "TableName": "data",
            "AttributeDefinitions": [
                { "AttributeName": "pk", "AttributeType": "S" },
                { "AttributeName": "changes_pk", "AttributeType": "S" },
            ],
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
            "GlobalSecondaryIndexes": [{
                "IndexName": "changes",
                "KeySchema": [{ "AttributeName": "changes_pk", "KeyType": "HASH" }],
                "Projection": { "ProjectionType": "KEYS_ONLY" },
            }],
            "StreamSpecification": { "StreamViewType": "NEW_AND_OLD_IMAGES" },
        }))
        .map(|table: Table| Table {
            ttl_attribute: Some("ttl".into()),
            ..table
        })
        .expect("a table")
    }

    fn put(data: &Data, pk: &str, ttl: i64) {
        let item = json!({ "pk": { "S": pk }, "ttl": { "N": ttl.to_string() } });
        let put = request(json!({ "TableName": "data", "Item": item })).expect("a request");
        data.database().put_item(put).expect("put");
    }

    #[test]
    fn ttl_follows_the_clock_and_the_stream_says_so() {
        let clock = Clock::manual(Timestamp::from_ms(1_768_478_400_000));
        let data = Data::ephemeral(&clock).expect("memory");
        data.prepare(&[table()]).expect("tables");
        put(
            &data,
            "soon",
            clock.now().plus(Duration::from_secs(60)).seconds(),
        );
        put(
            &data,
            "later",
            clock.now().plus(Duration::from_secs(600)).seconds(),
        );
        assert_eq!(data.sweep_ttl().expect("sweep"), 0);
        clock.advance(Duration::from_secs(61));
        assert_eq!(data.sweep_ttl().expect("sweep"), 1);

        let records = data.stream_records("data", None, 100).expect("records");
        let names: Vec<_> = records
            .iter()
            .map(|record| record["eventName"].as_str())
            .collect();
        assert_eq!(names, [Some("INSERT"), Some("INSERT"), Some("REMOVE")]);
        assert_eq!(
            records[2]["userIdentity"]["principalId"],
            "dynamodb.amazonaws.com"
        );
        assert_eq!(records[2]["eventSourceARN"], stream_arn("data"));
        let second = records[1]["dynamodb"]["SequenceNumber"].as_str();
        let rest = data.stream_records("data", second, 100).expect("records");
        assert_eq!(rest, records[2..]);
    }

    #[test]
    fn a_file_keeps_tables_and_refuses_other_ones() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let folder = DataFolder::open(parent.path()).expect("folder");
        let data = Data::open(&folder).expect("a new file");
        data.prepare(&[table()]).expect("tables");
        put(&data, "kept", 0);
        drop(data);

        let data = Data::open(&folder).expect("the same file");
        data.prepare(&[table()]).expect("the same tables");
        let number = |records: &[Value]| {
            records[0]["dynamodb"]["SequenceNumber"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        let first = number(&data.stream_records("data", None, 1).expect("records"));
        put(&data, "second", 0);
        let second = number(
            &data
                .stream_records("data", Some(&first), 1)
                .expect("records"),
        );
        let days_later = Timestamp::from_ms(i64::MAX / 2);
        assert_eq!(
            data.trim_stream("data", &second, days_later).expect("trim"),
            1
        );
        assert_eq!(
            number(&data.stream_records("data", None, 1).expect("records")),
            second
        );

        let other = Table {
            ttl_attribute: None,
            ..table()
        };
        assert!(matches!(
            data.prepare(&[other]),
            Err(DataError::OtherTable(_))
        ));
    }

    #[test]
    fn every_commit_waits_for_the_disk() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let folder = DataFolder::open(parent.path()).expect("folder");
        drop(Data::open(&folder).expect("a new file"));
        // The engine sets no level of its own, so a new connection shows the one it runs with.
        let connection = Connection::open(folder.file(DATABASE_FILE)).expect("open");
        let level: i64 = connection
            .query_row("PRAGMA synchronous", [], |row| row.get(0))
            .expect("the level");
        assert_eq!(level, 2, "2 is FULL");
    }

    #[test]
    fn a_damaged_file_is_one_clear_line() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let folder = DataFolder::open(parent.path()).expect("folder");
        std::fs::write(folder.file(DATABASE_FILE), vec![7; 8192]).expect("write");
        let error = Data::open(&folder).err().expect("damaged").to_string();
        assert!(
            error.contains("damaged") && !error.contains('\n'),
            "{error}"
        );
    }
}
