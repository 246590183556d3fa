//! The sweep of very many messages whose time is over, beside bare deletions by known keys and the least that their
//! rows take of AWS.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use shared::app::{App, Clock};
use shared::domain::Profile;
use shared::domain::policy::Policy;
use shared::store::Table;

use super::counting::{Counted, Counting};
use super::figures::{rounded, start};
use super::filled::{Bed, Filled, Load};

/// Beyond the end of everything that was made.
const LATER: Duration = Duration::from_secs(60 * 60);
/// The most runs that are waited for: each goes on for four minutes at most.
const MOST_RUNS: u32 = 100;
/// How often the clock is moved on while the sweep runs, which ends a run by it.
const TICK: Duration = Duration::from_millis(100);
/// What a row of a message takes at least, in write units: it has less than a kilobyte and stands in no index.
const LEAST_WRITE_UNITS: f64 = 1.0;
/// The goal: what the whole takes of write units, beside the least.
const GOAL: f64 = 1.1;

/// The sweep of what is over.
#[derive(Args)]
pub struct Sweep {
    #[command(flatten)]
    load: Load,
}

/// What was measured.
struct Measured {
    /// How many rows there were, of both tables, and how many of them went.
    rows: (u64, u64),
    seconds: f64,
    runs: u32,
    counted: Counted,
    /// What reading both tables once takes, by the bytes of their rows, eventually consistent.
    least_read_units: f64,
    floor_per_second: f64,
}

impl Sweep {
    /// Runs it.
    pub async fn run(self) -> Result<String, String> {
        // A clock of its own, which is moved over the end of everything.
        let clock = Clock::manual(Clock::system().now());
        let bed = Bed::start(clock.clone()).await?;
        let floor_per_second = floor(bed.app()?, &bed.fill_little(&self.load).await?).await?;
        bed.fill(&self.load).await?;
        let days = Policy::of(Profile::Inbox).conversation_days;
        clock.advance(shared::domain::time::DAY * days + LATER);
        let ticking = tokio::spawn(async move {
            loop {
                tokio::time::sleep(TICK).await;
                clock.advance(TICK);
            }
        });
        let measured = sweep(&bed).await;
        ticking.abort();
        let mut measured = measured?;
        measured.floor_per_second = floor_per_second;
        bed.stack.stop().await;
        if measured.rows.1 < u64::from(self.load.items) {
            return Err(format!("only {} rows went", measured.rows.1));
        }
        Ok(match self.load.json {
            true => format!("{}\n", self.line(&measured)),
            false => self.text(&measured),
        })
    }

    fn line(&self, of: &Measured) -> Value {
        json!({
            "bench": "sweep", "items": self.load.items, "conversations": self.load.conversations,
            "optimised": !cfg!(debug_assertions), "rows": of.rows.0, "swept": of.rows.1,
            "seconds": of.seconds, "runs": of.runs, "calls": of.counted.calls,
            "read_units": of.counted.read_units, "write_units": of.counted.write_units,
            "least_read_units": of.least_read_units, "least_write_units": of.least_write_units(),
            "write_ratio": of.write_ratio(), "write_ratio_goal": GOAL,
            "per_second": of.per_second(), "floor_per_second": of.floor_per_second, "time_ratio": of.time_ratio(),
        })
    }

    fn text(&self, of: &Measured) -> String {
        let (rows, swept) = of.rows;
        let met = match of.write_ratio() <= GOAL {
            true => "met",
            false => "missed",
        };
        format!(
            "{} messages in {} conversations were over. Of {rows} rows the sweep took {swept} in {} s and {} runs, {} a second.\n\
             Calls: {}.\n\
             Write units: {}, {} times the least of one a row (goal {GOAL}: {met}). Read units: {}; to read both tables once \
             takes {}.\n\
             Bare deletions by known keys, one after another: {} a second; a swept row takes {} times as long.\n",
            self.load.items,
            self.load.conversations,
            of.seconds,
            of.runs,
            of.per_second(),
            of.counted.words(),
            of.counted.write_units,
            of.write_ratio(),
            of.counted.read_units,
            of.least_read_units,
            of.floor_per_second,
            of.time_ratio(),
        )
    }
}

impl Measured {
    fn per_second(&self) -> f64 {
        rounded(self.rows.1 as f64 / self.seconds.max(f64::EPSILON))
    }

    fn time_ratio(&self) -> f64 {
        rounded(self.floor_per_second / self.per_second().max(f64::EPSILON))
    }

    fn least_write_units(&self) -> f64 {
        self.rows.1 as f64 * LEAST_WRITE_UNITS
    }

    fn write_ratio(&self) -> f64 {
        rounded(self.counted.write_units / self.least_write_units().max(f64::EPSILON))
    }
}

/// Lets the sweep run until it has read everything and finds nothing more.
async fn sweep(bed: &Bed) -> Result<Measured, String> {
    let app = bed.app()?;
    let (rows, bytes) = size(app).await?;
    let counting = Counting::begin(&app.meter);
    let (began, mut runs, mut swept) = (start(), 0, 0);
    let mut seconds = 0.0;
    while runs < MOST_RUNS {
        let answer = bed.stack.run_schedule("Sweep").await;
        let answer = answer.map_err(|error| error.to_string())?;
        let report: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let deleted = report["deleted_items"].as_u64().unwrap_or_default();
        let whole = report["sweep_heartbeat"] == 1;
        if deleted == 0 && whole {
            break;
        }
        runs += 1;
        swept += deleted;
        seconds = began.elapsed().as_secs_f64();
        if whole {
            break;
        }
    }
    Ok(Measured {
        rows: (rows, swept),
        seconds: rounded(seconds),
        runs,
        counted: counting.end().await?,
        // Half a unit for each four kilobytes.
        least_read_units: (bytes as f64 / 4096.0).ceil() * 0.5,
        floor_per_second: 0.0,
    })
}

/// How many rows both tables have, and about how many bytes.
async fn size(app: &App) -> Result<(u64, u64), String> {
    let (mut rows, mut bytes) = (0, 0);
    for table in [Table::Data, Table::Keys] {
        let mut after = None;
        loop {
            let page = app.store.read_through(table, after).await;
            let page = page.map_err(|error| error.to_string())?;
            rows += page.items.len() as u64;
            let sizes = page.items.iter().flatten().map(|(name, value)| {
                let text = value.as_s().map(String::len);
                let number = value.as_n().map(|digits| digits.len() / 2 + 1);
                let blob = value.as_b().map(|blob| blob.as_ref().len());
                (name.len() + text.or(number).or(blob).unwrap_or(1)) as u64
            });
            bytes += sizes.sum::<u64>();
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
    }
    Ok((rows, bytes))
}

/// Deletes messages whose keys are known, one after another, as the sweep does; how many a second.
async fn floor(app: &App, filled: &Filled) -> Result<f64, String> {
    let began = start();
    for key in &filled.messages {
        let done = app.store.delete(key.clone()).await;
        done.map_err(|error| error.to_string())?;
    }
    let seconds = began.elapsed().as_secs_f64().max(f64::EPSILON);
    Ok(rounded(filled.messages.len() as f64 / seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_sweep_says_what_it_measured_for_people_and_for_programs() {
        let small = |json| Sweep {
            load: Load {
                items: 30,
                conversations: 3,
                json,
            },
        };
        let line = small(true).run().await.expect("a line");
        let line: Value = serde_json::from_str(&line).expect("JSON");
        assert!(line["swept"].as_u64() >= Some(30), "{line}");
        assert!(line["calls"]["DeleteItem"].as_u64() >= Some(30), "{line}");
        let write = line["write_units"].as_f64().expect("a number");
        assert!(write >= 30.0, "{line}");
        let text = small(false).run().await.expect("a text");
        assert!(
            text.contains("30 messages in 3 conversations were over"),
            "{text}"
        );
        assert!(text.contains("goal 1.1"), "{text}");
    }
}
