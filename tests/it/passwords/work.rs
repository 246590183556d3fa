//! What passwords cost: counted, so that nobody learns from the work whether an address is known, and
//! so that hashes of an older cost become today's as their owners sign in.

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64_NOPAD;
use harness::{Client, Harness, asking};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::password::PasswordHash;
use shared::domain::policy::{Lens, Policy};
use shared::domain::{AccountId, TenantId};
use shared::store::password::Password;
use shared::store::{DataKey, RootRef, Stored, TenantKey, Transaction, keys};

use super::{LOG_IN, PASSWORD, SIGN_UP, is_refused, join, login};

const ADA: &str = "ada@example.com";

/// A stored password, with what opens it.
async fn stored(harness: &Harness, account: AccountId) -> (Password, DataKey, TenantKey) {
    let store = &harness.app_of("auth").store;
    let (now, policy) = (harness.now(), Policy::platform());
    let lens = Lens {
        now,
        policy: &policy,
    };
    let platform = store.tenant_key(TenantId::Platform, now).await;
    let platform = platform.expect("the platform's key");
    let (head, at) = (keys::account(account), keys::password(account));
    let wanted = vec![at.clone(), keys::data_key(&RootRef::of(&head))];
    let fetched = store.batch(wanted).await.expect("a read");
    let key = fetched.data_key(&head, &platform).expect("a key");
    let key = key.expect("the account's key");
    let found = fetched.get::<Password>(&at, &key, lens).expect("a record");
    (found.expect("a password"), key, platform)
}

/// What the password would have been stored as at an older, lesser cost.
fn hashed_before(platform: &TenantKey, password: &str) -> PasswordHash {
    let (salt, mut hash) = ([7; 16], [0; 32]);
    let params = Params::new(8192, 1, 1, Some(hash.len())).expect("a cost");
    let peppered = platform.pepper(password.as_bytes());
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(&*peppered, &salt, &mut hash)
        .expect("a hash");
    let (salt, hash) = (BASE64_NOPAD.encode(&salt), BASE64_NOPAD.encode(&hash));
    PasswordHash::new(format!("$argon2id$v=19$m=8192,t=1,p=1${salt}${hash}"))
}

/// The operations of a call, in order.
async fn operations(harness: &Harness, path: &str, body: Value, status: u16) -> Vec<&'static str> {
    let meter = &harness.app_of("auth").meter;
    meter.take();
    let answer = harness
        .anonymous()
        .send(Method::POST, path, Some(body))
        .await;
    assert_eq!(answer.status, status, "{}", answer.text);
    meter.take().operations()
}

fn runs(operations: &[&str]) -> usize {
    operations
        .iter()
        .filter(|name| **name == "Argon2id")
        .count()
}

#[tokio::test]
async fn a_hash_of_an_older_cost_becomes_todays_at_the_next_sign_in_and_costs_one_run_more_once() {
    let harness = Harness::start().await;
    let made = join(&harness, ADA, PASSWORD).await;
    let account: AccountId = harness::text(&made["account"], "id")
        .parse()
        .expect("an id");
    let (today, key, platform) = stored(&harness, account).await;
    let old = Password {
        hash: hashed_before(&platform, PASSWORD),
        ..today.clone()
    };
    let mut transaction = Transaction::new(harness.now());
    let next = Stored::next(old.clone(), &Policy::platform());
    transaction.replace(&next, &key).expect("a write");
    let store = &harness.app_of("auth").store;
    store.commit(transaction).await.expect("an older hash");

    // A wrong password is checked at the old cost, once, and changes nothing.
    is_refused(&harness.anonymous(), ADA, "another umbrella 10").await;
    let (kept, ..) = stored(&harness, account).await;
    assert_eq!(kept.hash, old.hash);

    let usual = {
        join(&harness, "kim@example.com", PASSWORD).await;
        operations(&harness, LOG_IN, login("kim@example.com", PASSWORD), 200).await
    };
    let first = operations(&harness, LOG_IN, login(ADA, PASSWORD), 200).await;
    assert_eq!((runs(&usual), runs(&first)), (1, 2));
    let besides = |all: &[&'static str]| {
        let calls = all.iter().copied().filter(|name| *name != "Argon2id");
        calls.collect::<Vec<_>>()
    };
    assert_eq!(
        besides(&usual),
        besides(&first),
        "in the same calls to storage"
    );
    let (now, ..) = stored(&harness, account).await;
    let cost = |hash: &PasswordHash| hash.phc().split('$').nth(3).map(str::to_owned);
    assert_eq!(cost(&now.hash), cost(&today.hash));
    assert_eq!(now.changed_at, today.changed_at, "nobody changed it");
    // From then on as ever.
    let second = operations(&harness, LOG_IN, login(ADA, PASSWORD), 200).await;
    assert_eq!(second, usual);
    is_refused(&harness.anonymous(), ADA, "another umbrella 10").await;
}

#[tokio::test]
async fn two_sign_ins_that_renew_one_old_hash_at_once_are_both_right() {
    let harness = Harness::start().await;
    let made = join(&harness, ADA, PASSWORD).await;
    let account: AccountId = harness::text(&made["account"], "id")
        .parse()
        .expect("an id");
    for _ in 0..4 {
        let (today, key, platform) = stored(&harness, account).await;
        let old = Password {
            hash: hashed_before(&platform, PASSWORD),
            ..today
        };
        let mut transaction = Transaction::new(harness.now());
        let next = Stored::next(old, &Policy::platform());
        transaction.replace(&next, &key).expect("a write");
        let store = &harness.app_of("auth").store;
        store.commit(transaction).await.expect("an older hash");
        let anonymous = harness.anonymous();
        let sign_in = || anonymous.send(Method::POST, LOG_IN, Some(login(ADA, PASSWORD)));
        let (a, b) = tokio::join!(sign_in(), sign_in());
        assert_eq!((a.status, b.status), (200, 200), "{} {}", a.text, b.text);
    }
}

/// What a stranger sees of an answer, and what it cost: calls with their units, and runs.
async fn seen(harness: &Harness, client: &Client, path: &str, body: Value) -> (Value, Vec<String>) {
    let meter = &harness.app_of("auth").meter;
    meter.take();
    let answer = client.send(Method::POST, path, Some(body)).await;
    let calls = meter.take().calls;
    let work = calls
        .iter()
        .map(|call| {
            format!(
                "{} {} {}",
                call.operation, call.read_units, call.write_units
            )
        })
        .collect();
    let headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
    let fields: Vec<String> = match answer.body.as_object() {
        Some(fields) => fields.keys().cloned().collect(),
        None => Vec::new(),
    };
    // An id and a time differ from call to call; their length does not.
    let shown = json!([answer.status, headers, fields, answer.text.len()]);
    (shown, work)
}

/// CHAT-10
#[tokio::test]
async fn an_unknown_address_costs_and_is_answered_what_a_known_one_is_wherever_one_is_asked_for() {
    let harness = Harness::start().await;
    let (known, unknown) = ("known00@example.com", "unknown@example.com");
    join(&harness, known, PASSWORD).await;
    let with_password =
        |email: &str| json!({ "email": email, "adult": true, "password": PASSWORD });
    let only = |email: &str| json!({ "email": email });
    type Asks<'a> = &'a dyn Fn(&str) -> Value;
    let cases: [(&str, Asks<'_>, usize, [usize; 2]); 5] = [
        (SIGN_UP, &|email| asking(SIGN_UP, email), 0, [1, 1]),
        (SIGN_UP, &with_password, 1, [1, 1]),
        ("/v1/auth/otp", &only, 0, [1, 0]),
        (
            LOG_IN,
            &|email| login(email, "another umbrella 10"),
            1,
            [0, 0],
        ),
        ("/v1/auth/password/forgot", &only, 0, [1, 0]),
    ];
    for (path, body, argon_runs, mails) in cases {
        // An address that was written to is a known one no more than before.
        let mut answers = Vec::new();
        for (email, mails) in [known, unknown].into_iter().zip(mails) {
            let before = harness.mails(email).await.len();
            let client = Client::clone(&harness.anonymous());
            let answer = seen(&harness, &client, path, body(email)).await;
            let run = answer.1.iter().filter(|call| call.starts_with("Argon2id"));
            assert_eq!(run.count(), argon_runs, "{path}");
            let after = harness.mails(email).await.len();
            assert_eq!(after - before, mails, "{path}: mails to {email}");
            answers.push(answer);
        }
        assert_eq!(answers[0], answers[1], "{path} tells who has an account");
    }
}
