//! Messages from many clients at once, beside the two bare calls that a message cannot do without.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, Put, TransactWriteItem};
use clap::Args;
use serde_json::{Value, json};
use shared::app::{App, Clock, clients};

use super::door::Door;
use super::figures::{Figures, Sample, rounded, start};
use super::stage::stage;
use crate::seed::{Demo, random_uuid};
use crate::stack::Storage;

/// How many items the read on entry asks for, and the write changes.
const READ: usize = 5;
const WRITTEN: usize = 3;
/// How many bytes an item of the floor has, about as a message has.
const ITEM_BYTES: usize = 350;
/// The longest message of the benchmark lives under a token that is good for ten minutes.
const TOKEN: Duration = Duration::from_secs(8 * 60);

/// Messages from many clients at once.
#[derive(Args)]
pub struct Messages {
    /// How many clients write at once; may be given often.
    #[arg(long, value_name = "N", default_values_t = [1, 32, 256], value_parser = clap::value_parser!(u32).range(1..=1000))]
    clients: Vec<u32>,
    /// How many messages are measured with each number of clients.
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    messages: u32,
    /// Prints one line of JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// What one number of clients came to.
struct Row {
    clients: u32,
    messages: Figures,
    floor: Figures,
}

/// What one message takes of AWS, counted by the store.
struct Units {
    round_trips: usize,
    read: f64,
    written: f64,
}

impl Units {
    /// US dollars for a million, before anybody is told of them: list prices of us-east-1 and the formula of
    /// docs/performance.md.
    fn dollars_per_million(&self) -> f64 {
        let gateway = 1.00;
        let lambda = 0.20 + 1.333_34e-2 * 0.25 * 6.0;
        let table = 0.625 * self.written + 0.125 * self.read;
        // Ten records of the stream together wake the outbox once.
        let stream = 0.20 / 10.0;
        let logs = 0.50 * 0.25;
        let egress = 0.09 * 0.5;
        rounded(gateway + lambda + table + stream + logs + egress)
    }
}

/// A client and the thread that it writes to.
type Line = (String, String);

impl Messages {
    /// Runs it.
    pub async fn run(self) -> Result<String, String> {
        let stack = stage(Storage::Ephemeral, Clock::system()).await?;
        let demo = Demo::prepare(&stack).await;
        let demo = demo.map_err(|error| error.to_string())?;
        let door = Door::of(&stack);
        let app = stack.app("messages").ok_or("no function messages")?;
        let most = self.clients.iter().copied().max().unwrap_or(1);
        let mut threads = Vec::new();
        for _ in 0..most {
            threads.push(begin(&door, &demo).await?);
        }
        let began = start();
        let mut rows = Vec::new();
        let mut units = None;
        for &clients in &self.clients {
            if began.elapsed() > TOKEN {
                return Err(
                    "this took longer than a token is good: measure fewer messages".to_owned(),
                );
            }
            let token = demo
                .member_token()
                .await
                .map_err(|error| error.to_string())?;
            let of = |thread: &String| {
                let ws = &demo.ids.workspace_id;
                let path = format!("/v1/workspaces/{ws}/conversations/{thread}/messages");
                (path, token.clone())
            };
            let lines: Vec<Line> = threads.iter().take(clients as usize).map(of).collect();
            // Once for each, so that what is read once is read.
            for (path, token) in &lines {
                say(&door, path, token).await?;
            }
            if units.is_none() {
                units = Some(one(&door, app, &lines[0]).await?);
            }
            let door = door.clone();
            let messages = self
                .measure(lines, move |(path, token)| {
                    let door = door.clone();
                    async move { say(&door, &path, &token).await }
                })
                .await?;
            let client = clients::dynamodb(&app.config, clients::https());
            let table = app.config.data_table.clone();
            let keys: Vec<u32> = (0..clients).collect();
            let floor = self
                .measure(keys, move |number| {
                    let (client, table) = (client.clone(), table.clone());
                    async move { bare(&client, &table, number).await }
                })
                .await?;
            rows.push(Row {
                clients,
                messages,
                floor,
            });
        }
        stack.stop().await;
        let units = units.ok_or("nothing was measured")?;
        Ok(match self.json {
            true => format!("{}\n", self.line(&rows, &units)),
            false => self.table(&rows, &units),
        })
    }

    /// Every line does the same again and again, one after another, all lines at once.
    async fn measure<T, F, W>(&self, lines: Vec<T>, once: F) -> Result<Figures, String>
    where
        T: Clone + Send + 'static,
        F: Fn(T) -> W + Clone + Send + 'static,
        W: Future<Output = Result<(), String>> + Send,
    {
        let share = self
            .messages
            .div_ceil(u32::try_from(lines.len()).unwrap_or(1));
        let began = start();
        let mut running = Vec::new();
        for line in lines {
            let once = once.clone();
            running.push(tokio::spawn(async move {
                let mut each = Vec::with_capacity(share as usize);
                for _ in 0..share {
                    let one = start();
                    once(line.clone()).await?;
                    each.push(one.elapsed());
                }
                Ok::<Vec<Duration>, String>(each)
            }));
        }
        let mut each = Vec::new();
        for line in running {
            each.extend(line.await.map_err(|error| error.to_string())??);
        }
        Ok(Sample::new(each, began.elapsed()).figures())
    }

    fn line(&self, rows: &[Row], units: &Units) -> Value {
        let rows: Vec<Value> = rows
            .iter()
            .map(|row| {
                json!({
                    "clients": row.clients, "messages": row.messages, "floor": row.floor,
                    "ratio": ratio(row),
                })
            })
            .collect();
        json!({
            "bench": "messages", "optimised": !cfg!(debug_assertions), "rows": rows,
            "round_trips": units.round_trips, "read_units": units.read,
            "write_units": units.written, "dollars_per_million": units.dollars_per_million(),
        })
    }

    fn table(&self, rows: &[Row], units: &Units) -> String {
        let mut text = format!(
            "{} messages of members for each number of clients, each client in a thread of its own\n\n\
             {:>8}{:>14}{:>12}{:>12}{:>14}{:>8}\n",
            self.messages, "clients", "messages/s", "p50 ms", "p99 ms", "floor/s", "ratio"
        );
        for row in rows {
            text.push_str(&format!(
                "{:>8}{:>14.1}{:>12.2}{:>12.2}{:>14.1}{:>8.2}\n",
                row.clients,
                row.messages.per_second,
                row.messages.p50_ms,
                row.messages.p99_ms,
                row.floor.per_second,
                ratio(row)
            ));
        }
        text.push_str(&format!(
            "\nThe floor is a bare read of {READ} items and a bare transaction of {WRITTEN}, by the same SDK over the same\n\
             wire, from as many clients; a ratio of 1.00 would be an API that costs nothing besides.\n\
             One message: {} round trips, {:.1} read and {:.1} write units; ${:.2} for a million,\n\
             before anybody is told of them (goal: $7.10).\n",
            units.round_trips,
            units.read,
            units.written,
            units.dollars_per_million()
        ));
        if cfg!(debug_assertions) {
            text.push_str("\nBuilt without optimisation: run it with --release.\n");
        }
        text
    }
}

fn ratio(row: &Row) -> f64 {
    rounded(row.messages.per_second / row.floor.per_second.max(f64::EPSILON))
}

fn message() -> Value {
    json!({ "client_message_id": random_uuid(), "text": "It arrives today, between nine and noon." })
}

/// A visitor of their own begins a thread; its id.
async fn begin(door: &Door, demo: &Demo) -> Result<String, String> {
    let body = json!({ "app_key": demo.ids.app_key });
    let session = door.post("/v1/widget/sessions", None, &body).await?;
    let token = session["session_token"].as_str().ok_or("no session")?;
    let body = json!({ "first_message": message() });
    let begun = door
        .post("/v1/widget/conversations", Some(token), &body)
        .await?;
    let id = begun["conversation"]["id"]
        .as_str()
        .or(begun["id"].as_str());
    id.map(str::to_owned).ok_or_else(|| "no thread".to_owned())
}

async fn say(door: &Door, path: &str, token: &str) -> Result<(), String> {
    door.post(path, Some(token), &message()).await.map(|_| ())
}

/// What one message takes, with everything warm that stays warm.
async fn one(door: &Door, app: &App, line: &Line) -> Result<Units, String> {
    app.meter.take();
    say(door, &line.0, &line.1).await?;
    let reading = app.meter.take();
    Ok(Units {
        round_trips: reading.sequential_round_trips(),
        read: reading.read_units(),
        written: reading.write_units(),
    })
}

/// The two calls that a message cannot do without, and nothing else.
async fn bare(client: &Client, table: &str, number: u32) -> Result<(), String> {
    let key = |part: usize| {
        HashMap::from([
            (
                "pk".to_owned(),
                AttributeValue::S(format!("BENCH#{number}")),
            ),
            ("sk".to_owned(), AttributeValue::S(part.to_string())),
        ])
    };
    let wanted = KeysAndAttributes::builder()
        .set_keys(Some((0..READ).map(key).collect()))
        .consistent_read(true)
        .build()
        .map_err(|error| error.to_string())?;
    let read = client.batch_get_item().request_items(table, wanted).send();
    read.await.map_err(|error| error.to_string())?;
    let mut writes = Vec::new();
    for part in 0..WRITTEN {
        let mut item = key(part);
        item.insert("text".to_owned(), AttributeValue::S("x".repeat(ITEM_BYTES)));
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(item))
            .build();
        let put = put.map_err(|error| error.to_string())?;
        writes.push(TransactWriteItem::builder().put(put).build());
    }
    let written = client
        .transact_write_items()
        .set_transact_items(Some(writes));
    written
        .send()
        .await
        .map(|_| ())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_messages_cost_what_the_goal_says() {
        let units = Units {
            round_trips: 2,
            read: 5.0,
            written: 8.0,
        };
        let dollars = units.dollars_per_million();
        assert!((dollars - 7.035).abs() < 0.001, "{dollars}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn messages_are_measured_beside_their_floor_and_counted() {
        let bench = Messages {
            clients: vec![1, 3],
            messages: 6,
            json: true,
        };
        let line = bench.run().await.expect("a line");
        let line: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(line["rows"].as_array().map(Vec::len), Some(2));
        for figure in [
            "/rows/0/messages/p50_ms",
            "/rows/1/floor/per_second",
            "/rows/1/ratio",
        ] {
            let value = line.pointer(figure).and_then(Value::as_f64);
            assert!(value.is_some_and(|value| value > 0.0), "{figure}: {line}");
        }
        // As tests/it/costs.rs has them.
        assert_eq!(line["round_trips"], 2);
        assert_eq!(
            (&line["read_units"], &line["write_units"]),
            (&json!(5.0), &json!(8.0))
        );
    }
}
