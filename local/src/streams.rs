//! From a table's stream to the function that reads it, as Lambda's event source mapping does it:
//! in order, at least once, with partial batch answers, halving, and a limit on attempts.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::data::{Data, DataError, SequenceNumber};
use crate::folder::DataFolder;
use crate::functions::{Failure, Function};
use crate::template::StreamSource;

/// How often the stream is looked at. Lambda polls four times a second; a developer waits less.
const POLL: Duration = Duration::from_millis(50);
/// How often a failing record is tried here, whatever the template allows: on a laptop one wants
/// to hear of it in seconds, not in hours.
const MOST_ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// What a [`Pump::drain`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Records that the function has taken.
    pub delivered: usize,
    /// Records that it kept refusing, and that were left behind.
    pub given_up: usize,
}

/// Moves one table's stream to one function. Clones are the same pump.
#[derive(Clone)]
pub struct Pump(Arc<Inner>);

struct Inner {
    source: StreamSource,
    data: Data,
    function: Function,
    folder: Option<Arc<DataFolder>>,
    pauses: bool,
    // Held while records are moved: they are moved by one at a time, or their order is lost.
    passed: Mutex<Option<SequenceNumber>>,
}

/// The checkpoint file: how far the function has got.
#[derive(Deserialize, Serialize)]
struct Checkpoint {
    passed: SequenceNumber,
}

/// What came of one invocation with `n` records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// All were taken.
    Taken,
    /// Those before this one were taken; it and those after it were not.
    FailedFrom(usize),
}

/// What to do next with a batch after an invocation.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Nothing is left of it.
    Done,
    /// Try these records again, as one batch.
    Again(Range<usize>, u32),
    /// Try the first half, then the second.
    Halve(Range<usize>, Range<usize>),
    /// These have been tried often enough.
    GiveUp(Range<usize>),
}

impl Pump {
    /// A pump that starts where the folder's checkpoint says, else at the beginning. With
    /// `pauses` it waits between attempts, as it should when nobody is waiting for it.
    ///
    /// # Errors
    /// When the checkpoint is damaged.
    pub fn new(
        source: StreamSource,
        data: Data,
        function: Function,
        folder: Option<Arc<DataFolder>>,
        pauses: bool,
    ) -> Result<Self, DataError> {
        let checkpoint: Option<Checkpoint> = match &folder {
            Some(folder) => folder.read_json(&checkpoint_file(&source))?,
            None => None,
        };
        let passed = Mutex::new(checkpoint.map(|checkpoint| checkpoint.passed));
        Ok(Self(Arc::new(Inner {
            source,
            data,
            function,
            folder,
            pauses,
            passed,
        })))
    }

    /// Delivers everything that is in the stream now, and what the deliveries themselves write.
    ///
    /// # Errors
    /// When the stream cannot be read or the checkpoint not written.
    pub async fn drain(&self) -> Result<Drained, DataError> {
        let mut passed = self.0.passed.lock().await;
        let mut drained = Drained::default();
        loop {
            let records = self.read(passed.clone()).await?;
            if records.is_empty() {
                return Ok(drained);
            }
            let last = records
                .last()
                .map(|record| sequence_number(record).to_owned());
            let heard = self.heard(records);
            self.deliver(&heard, &mut passed, &mut drained).await?;
            if let Some(last) = last {
                self.pass(&last, &mut passed).await?;
            }
        }
    }

    /// Delivers once more what the stream still holds and the function has taken, in its order, as
    /// Lambda may: it promises at least once. The position does not move.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub async fn redeliver(&self) -> Result<usize, DataError> {
        let passed = self.0.passed.lock().await;
        let (mut taken, mut after) = (Vec::new(), None);
        loop {
            let page = self.read(after.clone()).await?;
            let Some(last) = page.last() else { break };
            after = Some(sequence_number(last).to_owned());
            taken.extend(page);
        }
        taken.retain(|record| {
            passed
                .as_deref()
                .is_some_and(|last| sequence_number(record) <= last)
        });
        let taken = self.heard(taken);
        for batch in taken.chunks(self.0.source.batch_size.max(1)) {
            self.invoke(batch).await;
        }
        Ok(taken.len())
    }

    /// Moves behind everything that is in the stream now, as the stream of a table does that was put
    /// back from a backup: it begins anew, and tells nothing of before.
    ///
    /// # Errors
    /// When the stream cannot be read or the checkpoint not written.
    pub async fn skip(&self) -> Result<(), DataError> {
        let mut passed = self.0.passed.lock().await;
        let mut after = None;
        while let Some(last) = self.read(after.clone()).await?.last() {
            after = Some(sequence_number(last).to_owned());
        }
        match after {
            Some(last) => self.pass(&last, &mut passed).await,
            None => Ok(()),
        }
    }

    /// Delivers for as long as the stack runs.
    pub async fn run(self) {
        loop {
            if let Err(error) = self.drain().await {
                tracing::error!(table = %self.0.source.table, %error, "the stream cannot be read");
                tokio::time::sleep(MOST_ATTEMPTS * POLL).await;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Forgets the stream records that are behind the function and older than a day.
    ///
    /// # Errors
    /// When the engine refuses.
    pub async fn trim(&self, now: shared::domain::Timestamp) -> Result<usize, DataError> {
        let Some(passed) = self.0.passed.lock().await.clone() else {
            return Ok(0);
        };
        let inner = Arc::clone(&self.0);
        blocking(move || inner.data.trim_stream(&inner.source.table, &passed, now)).await
    }

    async fn read(&self, after: Option<SequenceNumber>) -> Result<Vec<Value>, DataError> {
        let inner = Arc::clone(&self.0);
        blocking(move || {
            let StreamSource {
                table, batch_size, ..
            } = &inner.source;
            inner
                .data
                .stream_records(table, after.as_deref(), *batch_size)
        })
        .await
    }

    /// The records that come to the function: the others are dropped before it is called, as on AWS.
    fn heard(&self, mut records: Vec<Value>) -> Vec<Value> {
        let filters = &self.0.source.filters;
        if !filters.is_empty() {
            records.retain(|record| filters.iter().any(|filter| filter.fits(record)));
        }
        records
    }

    async fn deliver(
        &self,
        records: &[Value],
        passed: &mut Option<SequenceNumber>,
        drained: &mut Drained,
    ) -> Result<(), DataError> {
        let limit = self
            .0
            .source
            .retry_attempts
            .unwrap_or(MOST_ATTEMPTS)
            .min(MOST_ATTEMPTS);
        // Batches still to do, the next one last.
        let mut waiting = Vec::new();
        if !records.is_empty() {
            waiting.push((0..records.len(), 0));
        }
        while let Some((batch, attempts)) = waiting.pop() {
            if self.0.pauses && attempts > 0 {
                tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempts - 1)).await;
            }
            let outcome = self.invoke(&records[batch.clone()]).await;
            let taken = match outcome {
                Outcome::Taken => batch.len(),
                Outcome::FailedFrom(index) => index,
            };
            drained.delivered += taken;
            let mut reached = batch.start + taken;
            match next_step(batch, attempts, outcome, limit, self.0.source.bisect) {
                Step::Done => {}
                Step::Again(rest, attempts) => waiting.push((rest, attempts)),
                Step::Halve(first, second) => waiting.extend([(second, 0), (first, 0)]),
                Step::GiveUp(rest) => {
                    drained.given_up += rest.len();
                    reached = rest.end;
                    tracing::error!(
                        function = %self.0.function.id(),
                        records = rest.len(),
                        from = sequence_number(&records[rest.start]),
                        "stream records were given up; on AWS a dead-letter queue names them"
                    );
                }
            }
            if let Some(last) = reached.checked_sub(1) {
                self.pass(sequence_number(&records[last]), passed).await?;
            }
        }
        Ok(())
    }

    async fn invoke(&self, records: &[Value]) -> Outcome {
        let event = json!({ "Records": records }).to_string().into_bytes();
        let id = format!("stream-{}", sequence_number(&records[0]));
        let answer = self.0.function.invoke(event, &id).await;
        outcome(records, answer)
    }

    async fn pass(
        &self,
        number: &str,
        passed: &mut Option<SequenceNumber>,
    ) -> Result<(), DataError> {
        if passed.as_deref() == Some(number) {
            return Ok(());
        }
        *passed = Some(number.to_owned());
        let inner = Arc::clone(&self.0);
        let checkpoint = Checkpoint {
            passed: number.to_owned(),
        };
        blocking(move || match &inner.folder {
            Some(folder) => Ok(folder.write_json(&checkpoint_file(&inner.source), &checkpoint)?),
            None => Ok(()),
        })
        .await
    }
}

/// A crash fails the whole batch; else the first sequence number that the answer names decides,
/// and one that is not of this batch fails it whole, as on AWS.
fn outcome(records: &[Value], answer: Result<Vec<u8>, Failure>) -> Outcome {
    let Ok(answer) = answer else {
        return Outcome::FailedFrom(0);
    };
    let Ok(answer) = serde_json::from_slice::<Value>(&answer) else {
        return Outcome::FailedFrom(0);
    };
    let failures = answer["batchItemFailures"].as_array();
    let failed = failures.into_iter().flatten().map(|failure| {
        let named = failure["itemIdentifier"].as_str().unwrap_or_default();
        records
            .iter()
            .position(|record| sequence_number(record) == named)
            .unwrap_or(0)
    });
    failed.min().map_or(Outcome::Taken, Outcome::FailedFrom)
}

fn next_step(
    batch: Range<usize>,
    attempts: u32,
    outcome: Outcome,
    limit: u32,
    bisect: bool,
) -> Step {
    let Outcome::FailedFrom(index) = outcome else {
        return Step::Done;
    };
    let rest = batch.start + index..batch.end;
    // Attempts count for as long as the same record stands in the way.
    let attempts = if index > 0 { 0 } else { attempts + 1 };
    match (attempts > limit, rest.len()) {
        // Halving costs no attempt, and finds the bad record among good ones.
        (_, length) if bisect && length > 1 && attempts > 0 => {
            let middle = rest.start + length / 2;
            Step::Halve(rest.start..middle, middle..rest.end)
        }
        (true, _) => Step::GiveUp(rest),
        (false, _) => Step::Again(rest, attempts),
    }
}

fn sequence_number(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"]
        .as_str()
        .unwrap_or_default()
}

fn checkpoint_file(source: &StreamSource) -> String {
    format!("stream-{}.json", source.table)
}

/// The engine and the disk block; the runtime's own threads must not.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DataError> + Send + 'static,
) -> Result<T, DataError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| DataError::Engine(error.to_string()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(count: usize) -> Vec<Value> {
        (0..count)
            .map(|n| json!({ "dynamodb": { "SequenceNumber": n.to_string() } }))
            .collect()
    }

    fn failures(ids: &[&str]) -> Result<Vec<u8>, Failure> {
        let named: Vec<Value> = ids
            .iter()
            .map(|id| json!({ "itemIdentifier": id }))
            .collect();
        Ok(json!({ "batchItemFailures": named })
            .to_string()
            .into_bytes())
    }

    #[test]
    fn the_first_failure_decides() {
        let records = records(4);
        assert_eq!(outcome(&records, failures(&[])), Outcome::Taken);
        assert_eq!(
            outcome(&records, failures(&["3", "2"])),
            Outcome::FailedFrom(2)
        );
        assert_eq!(
            outcome(&records, failures(&["of another batch"])),
            Outcome::FailedFrom(0)
        );
        assert_eq!(
            outcome(&records, Err(Failure::Crashed)),
            Outcome::FailedFrom(0)
        );
    }

    /// Runs a batch against a function that refuses some records; returns what was given up, and
    /// how often each record was seen.
    fn run(count: usize, refused: &[usize], bisect: bool) -> (Vec<usize>, Vec<u32>) {
        let mut seen = vec![0; count];
        let mut given_up = Vec::new();
        let mut waiting = vec![(0..count, 0)];
        while let Some((batch, attempts)) = waiting.pop() {
            batch.clone().for_each(|index| seen[index] += 1);
            let failed = batch.clone().position(|index| refused.contains(&index));
            let outcome = failed.map_or(Outcome::Taken, Outcome::FailedFrom);
            match next_step(batch, attempts, outcome, 3, bisect) {
                Step::Done => {}
                Step::Again(rest, attempts) => waiting.push((rest, attempts)),
                Step::Halve(first, second) => waiting.extend([(second, 0), (first, 0)]),
                Step::GiveUp(rest) => given_up.extend(rest),
            }
        }
        (given_up, seen)
    }

    #[test]
    fn a_bad_record_is_given_up_alone_and_in_order() {
        let (given_up, seen) = run(10, &[0, 4, 9], true);
        assert_eq!(given_up, [0, 4, 9]);
        assert!(
            seen.iter().all(|times| (1..=20).contains(times)),
            "{seen:?}"
        );
    }

    #[test]
    fn without_halving_a_bad_record_takes_those_after_it_along() {
        let (given_up, seen) = run(4, &[2], false);
        assert_eq!(given_up, [2, 3]);
        assert_eq!(seen, [1, 1, 5, 5]);
    }
}
