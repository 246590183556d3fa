//! The erasure of a contact with very many messages, beside bare deletions by known keys.

use std::fs;

use clap::Args;
use serde_json::{Value, json};
use shared::app::{App, Clock};
use shared::domain::ContactId;
use shared::domain::policy::{Lens, Policy};
use shared::store::contact::Contact;
use shared::store::{Transaction, Unsealed, keys};

use super::counting::{Counted, Counting};
use super::figures::{rounded, start};
use super::filled::{Bed, Filled, Load};

/// How many keys the floor deletes with one call, as the erasure does.
const AT_ONCE: usize = 100;

/// The erasure of a contact.
#[derive(Args)]
pub struct Erasure {
    #[command(flatten)]
    load: Load,
}

/// What was measured.
struct Measured {
    seconds: f64,
    runs: u32,
    longest_run_seconds: f64,
    counted: Counted,
    memory_mib: (f64, f64),
    floor_per_second: f64,
}

impl Erasure {
    /// Runs it.
    pub async fn run(self) -> Result<String, String> {
        let bed = Bed::start(Clock::system()).await?;
        let contact = bed.fill(&self.load).await?;
        let other = bed.fill_little(&self.load).await?;
        let mut measured = erase(&bed, contact.id).await?;
        measured.floor_per_second = floor(bed.app()?, &other).await?;
        bed.stack.stop().await;
        Ok(match self.load.json {
            true => format!("{}\n", self.line(&measured)),
            false => self.text(&measured),
        })
    }

    fn per_second(&self, of: &Measured) -> f64 {
        rounded(f64::from(self.load.items) / of.seconds.max(f64::EPSILON))
    }

    fn line(&self, of: &Measured) -> Value {
        let (before, most) = of.memory_mib;
        json!({
            "bench": "erasure", "items": self.load.items, "conversations": self.load.conversations,
            "optimised": !cfg!(debug_assertions), "seconds": of.seconds, "runs": of.runs,
            "longest_run_seconds": of.longest_run_seconds, "calls": of.counted.calls,
            "read_units": of.counted.read_units, "write_units": of.counted.write_units,
            "memory_before_mib": before, "memory_most_mib": most,
            "per_second": self.per_second(of), "floor_per_second": of.floor_per_second,
        })
    }

    fn text(&self, of: &Measured) -> String {
        let (before, most) = of.memory_mib;
        format!(
            "A contact with {} messages in {} conversations was erased in {} s, {} items a second.\n\
             {} runs of the schedule, the longest {} s. Every transaction is a checkpoint.\n\
             Calls: {}. Write units: {}, read units: {}.\n\
             Memory of the whole process, database included: {before} MiB before, {most} MiB at the most.\n\
             Bare deletions by known keys, {AT_ONCE} at once: {} items a second.\n",
            self.load.items,
            self.load.conversations,
            of.seconds,
            self.per_second(of),
            of.runs,
            of.longest_run_seconds,
            of.counted.words(),
            of.counted.write_units,
            of.counted.read_units,
            of.floor_per_second,
        )
    }
}

/// Fences the contact and lets the schedule run until it has gone.
async fn erase(bed: &Bed, contact: ContactId) -> Result<Measured, String> {
    let app = bed.app()?;
    let place = keys::contact(bed.workspace, contact);
    let fetched = app.store.batch(vec![place.clone()]).await;
    let policy = Policy::of(shared::domain::Profile::Inbox);
    let lens = Lens {
        now: app.clock.now(),
        policy: &policy,
    };
    let found = fetched.and_then(|fetched| fetched.get::<Contact>(&place, &Unsealed, lens));
    let found = found.map_err(|error| error.to_string())?;
    let mut transaction = Transaction::new(lens.now);
    transaction
        .fence_contact(found.ok_or("no contact")?, None, lens)
        .map_err(|error| error.to_string())?;
    let committed = app.store.commit(transaction).await;
    committed.map_err(|_| "the contact could not be fenced")?;
    let counting = Counting::begin(&app.meter);
    // The most is counted from here on, where the system lets it: making the contact took more.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let before = memory_mib("VmRSS:");
    let (began, mut runs, mut longest) = (start(), 0, 0.0_f64);
    loop {
        let one = start();
        let answer = bed.stack.run_schedule("minute").await;
        let answer = answer.map_err(|error| error.to_string())?;
        runs += 1;
        longest = longest.max(one.elapsed().as_secs_f64());
        let report: Value = serde_json::from_slice(&answer).unwrap_or_default();
        if report["erased_contacts"] == 1 {
            break;
        }
    }
    let seconds = rounded(began.elapsed().as_secs_f64());
    Ok(Measured {
        seconds,
        runs,
        longest_run_seconds: rounded(longest),
        counted: counting.end().await?,
        memory_mib: (before, memory_mib("VmHWM:")),
        floor_per_second: 0.0,
    })
}

/// Deletes messages whose keys are known, and nothing else; how many a second.
async fn floor(app: &App, filled: &Filled) -> Result<f64, String> {
    let began = start();
    for keys in filled.messages.chunks(AT_ONCE) {
        let mut transaction = Transaction::new(app.clock.now());
        for key in keys {
            transaction.remove(key.clone());
        }
        let committed = app.store.commit(transaction).await;
        committed.map_err(|_| "a deletion was refused")?;
    }
    let seconds = began.elapsed().as_secs_f64().max(f64::EPSILON);
    Ok(rounded(filled.messages.len() as f64 / seconds))
}

/// A figure of this process in MiB; zero where the system does not tell it.
fn memory_mib(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    rounded(kib.unwrap_or(0.0) / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn an_erasure_says_what_it_measured_for_people_and_for_programs() {
        let small = |json| Erasure {
            load: Load {
                items: 30,
                conversations: 3,
                json,
            },
        };
        let line = small(true).run().await.expect("a line");
        let line: Value = serde_json::from_str(&line).expect("JSON");
        assert!(
            line["calls"]["TransactWriteItems"].as_u64() > Some(3),
            "{line}"
        );
        assert!(line["runs"].as_u64() >= Some(1), "{line}");
        let text = small(false).run().await.expect("a text");
        assert!(text.contains("30 messages in 3 conversations"), "{text}");
    }
}
