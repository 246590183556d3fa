//! Sign-ins by password from many clients at once, beside bare Argon2id on as many threads.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use auth::PASSWORD_COST;
use clap::Args;
use serde_json::{Value, json};
use shared::app::Clock;

use super::door::Door;
use super::figures::{Figures, Sample, rounded, start};
use super::stage::stage;
use crate::seed::find_code;
use crate::stack::{Stack, Storage};

/// How often one account signs in: an hour has room for a hundred.
const SIGN_INS_OF_AN_ACCOUNT: u32 = 80;
const PASSWORD: &str = "vexing umbrella 9";

/// Sign-ins by password.
#[derive(Args)]
pub struct LoginStorm {
    /// How many clients sign in at once.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=256))]
    clients: u32,
    /// How many sign-ins are measured, of all clients together.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    sign_ins: u32,
    /// Prints one line of JSON instead of a table.
    #[arg(long)]
    json: bool,
}

impl LoginStorm {
    /// Runs it.
    pub async fn run(self) -> Result<String, String> {
        let accounts = self.sign_ins.div_ceil(SIGN_INS_OF_AN_ACCOUNT).max(1);
        let stack = stage(Storage::Ephemeral, Clock::system()).await?;
        let door = Door::of(&stack);
        for account in 0..accounts {
            sign_up(&stack, &door, &address(account)).await?;
        }
        // Once for each, so that what is read once is read.
        for account in 0..accounts {
            sign_in(&door, account).await?;
        }
        let storm = self.storm(&door, accounts).await?;
        stack.stop().await;
        let floor = self.floor().await?;
        Ok(match self.json {
            true => format!("{}\n", self.line(accounts, storm, floor)),
            false => self.table(accounts, storm, floor),
        })
    }

    /// How many sign-ins one client makes; the first ones make the rest.
    const fn share(&self, client: u32) -> u32 {
        self.sign_ins / self.clients + (client < self.sign_ins % self.clients) as u32
    }

    async fn storm(&self, door: &Door, accounts: u32) -> Result<Figures, String> {
        let began = start();
        let mut clients = Vec::new();
        for client in 0..self.clients {
            let (door, share, step) = (door.clone(), self.share(client), self.clients);
            clients.push(tokio::spawn(async move {
                let mut each = Vec::with_capacity(share as usize);
                for turn in 0..share {
                    let one = start();
                    sign_in(&door, (client + turn * step) % accounts).await?;
                    each.push(one.elapsed());
                }
                Ok::<Vec<Duration>, String>(each)
            }));
        }
        let mut each = Vec::new();
        for client in clients {
            each.extend(client.await.map_err(|error| error.to_string())??);
        }
        Ok(Sample::new(each, began.elapsed()).figures())
    }

    /// Nothing but Argon2id, on a thread for each client.
    async fn floor(&self) -> Result<Figures, String> {
        let shares: Vec<u32> = (0..self.clients).map(|client| self.share(client)).collect();
        let measured = tokio::task::spawn_blocking(move || {
            let began = start();
            let threads: Vec<_> = shares
                .into_iter()
                .map(|share| std::thread::spawn(move || (0..share).map(|_| bare()).collect()))
                .collect();
            let mut each: Vec<Duration> = Vec::new();
            for thread in threads {
                let own: Option<Vec<Duration>> = thread.join().map_err(|_| "a thread failed")?;
                each.extend(own.ok_or("Argon2id did not run")?);
            }
            Ok::<_, &str>(Sample::new(each, began.elapsed()).figures())
        });
        let figures = measured.await.map_err(|error| error.to_string())?;
        figures.map_err(str::to_owned)
    }

    fn line(&self, accounts: u32, storm: Figures, floor: Figures) -> Value {
        let (memory_kib, passes, lanes) = PASSWORD_COST;
        json!({
            "bench": "login-storm", "clients": self.clients, "sign_ins": self.sign_ins,
            "accounts": accounts, "optimised": !cfg!(debug_assertions),
            "storm": storm,
            "floor": floor,
            "argon2id": { "memory_kib": memory_kib, "passes": passes, "lanes": lanes },
            "ratio": ratio(storm, floor),
        })
    }

    fn table(&self, accounts: u32, storm: Figures, floor: Figures) -> String {
        let (memory_kib, passes, lanes) = PASSWORD_COST;
        let row = |name: &str, of: Figures| {
            format!(
                "{name:<16}{:>10.1}/s{:>10.1} ms{:>10.1} ms\n",
                of.per_second, of.p50_ms, of.p99_ms
            )
        };
        let warning = match cfg!(debug_assertions) {
            true => "\nBuilt without optimisation: run it with --release.\n",
            false => "",
        };
        format!(
            "{} sign-ins by password, {} clients at once, {accounts} accounts\n\n\
             {:<16}{:>12}{:>13}{:>13}\n{}{}\n\
             Ratio {:.2}: 1.00 would be a sign-in that costs nothing but its Argon2id\n\
             ({memory_kib} KiB, {passes} passes, {lanes} lane), run on as many threads.\n{warning}",
            self.sign_ins,
            self.clients,
            "",
            "rate",
            "p50",
            "p99",
            row("sign-ins", storm),
            row("bare Argon2id", floor),
            ratio(storm, floor),
        )
    }
}

fn ratio(storm: Figures, floor: Figures) -> f64 {
    rounded(storm.per_second / floor.per_second.max(f64::EPSILON))
}

fn address(account: u32) -> String {
    format!("storm{account}@example.com")
}

async fn sign_in(door: &Door, account: u32) -> Result<(), String> {
    let body = json!({ "email": address(account), "password": PASSWORD });
    let answer = door.post("/v1/auth/login", None, &body).await?;
    match answer["access_token"].is_string() {
        true => Ok(()),
        false => Err("a sign-in brought no token".to_owned()),
    }
}

async fn sign_up(stack: &Stack, door: &Door, address: &str) -> Result<(), String> {
    let body = json!({ "email": address, "adult": true, "password": PASSWORD });
    let asked = door.post("/v1/auth/signup", None, &body).await?;
    stack.drain().await.map_err(|error| error.to_string())?;
    let mail = stack.mailbox.to(address).pop();
    let code = mail.as_ref().and_then(|mail| find_code(&mail.text));
    let code = code.ok_or("no code came")?;
    let body = json!({ "challenge_id": asked["challenge_id"], "code": code });
    door.post("/v1/auth/otp/verify", None, &body)
        .await
        .map(|_| ())
}

/// One bare run, as a password takes it; `None` when it does not run.
fn bare() -> Option<Duration> {
    let (memory_kib, passes, lanes) = PASSWORD_COST;
    let mut hash = [0; 32];
    let began = start();
    let params = Params::new(memory_kib, passes, lanes, Some(hash.len())).ok()?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(PASSWORD.as_bytes(), &[7; 16], &mut hash)
        .ok()?;
    Some(began.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_in_is_somebodys_and_the_shares_differ_by_one_at_most() {
        for (clients, sign_ins) in [(4, 200), (3, 10), (7, 3), (1, 1)] {
            let storm = LoginStorm {
                clients,
                sign_ins,
                json: false,
            };
            let shares: Vec<u32> = (0..clients).map(|client| storm.share(client)).collect();
            assert_eq!(shares.iter().sum::<u32>(), sign_ins);
            let most = shares.iter().max().expect("a client");
            assert!(shares.iter().all(|share| most - share <= 1), "{shares:?}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_storm_says_what_it_measured_for_people_and_for_programs() {
        let storm = |json| LoginStorm {
            clients: 2,
            sign_ins: 4,
            json,
        };
        let line = storm(true).run().await.expect("a line");
        let line: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(
            (&line["clients"], &line["sign_ins"]),
            (&json!(2), &json!(4))
        );
        for figure in ["/storm/per_second", "/floor/p99_ms", "/ratio"] {
            let value = line.pointer(figure).and_then(Value::as_f64);
            assert!(value.is_some_and(|value| value > 0.0), "{figure}: {line}");
        }
        let table = storm(false).run().await.expect("a table");
        for word in ["sign-ins", "bare Argon2id", "p99", "Ratio"] {
            assert!(table.contains(word), "{table}");
        }
    }
}
