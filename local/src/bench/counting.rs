//! What a benchmark lets be done, counted call by call.

use std::collections::BTreeMap;
use std::time::Duration;

use shared::store::meter::Meter;
use tokio::task::JoinHandle;

/// How often the counter of calls is emptied: it remembers so many only.
const EVERY: Duration = Duration::from_millis(20);
/// What ends the counting.
const DONE: &str = "the end";

/// Calls to AWS, and what they took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    /// How many, by operation.
    pub calls: BTreeMap<&'static str, u64>,
    /// Read units of all of them.
    pub read_units: f64,
    /// Write units of all of them, indexes included.
    pub write_units: f64,
}

impl Counted {
    /// The calls in words.
    pub fn words(&self) -> String {
        let calls = self.calls.iter();
        let calls: Vec<String> = calls
            .map(|(name, count)| format!("{count} {name}"))
            .collect();
        calls.join(", ")
    }
}

/// A counter at work.
pub struct Counting {
    meter: Meter,
    task: JoinHandle<Counted>,
}

impl Counting {
    /// Counts what goes through `meter` from now on.
    pub fn begin(meter: &Meter) -> Self {
        meter.take();
        let emptied = meter.clone();
        let task = tokio::spawn(async move {
            let mut counted = Counted::default();
            loop {
                for call in emptied.take().calls {
                    counted.read_units += call.read_units;
                    counted.write_units += call.write_units;
                    *counted.calls.entry(call.operation).or_default() += 1;
                }
                if counted.calls.remove(DONE).is_some() {
                    return counted;
                }
                tokio::time::sleep(EVERY).await;
            }
        });
        let meter = meter.clone();
        Self { meter, task }
    }

    /// What was counted until now.
    ///
    /// # Errors
    /// When the counter has broken.
    pub async fn end(self) -> Result<Counted, String> {
        self.meter.end(self.meter.begin(DONE), true, 0.0, 0.0);
        self.task.await.map_err(|error| error.to_string())
    }
}
