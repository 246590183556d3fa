//! What whoever is on call does: looks, lets go out again what was given up, rotates keys. And that the guide of
//! the first day says what the API takes.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use harness::contract::{operation, valid};
use harness::receiver::Receiver;
use harness::{Harness, repository, text};
use local::doctor::{self, State};
use local::redrive::{self, Mode, Wanted};
use serde_json::{Value, json};
use shared::store::StoreError;
use shared::store::signing::{MOST_KEYS, key_id};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const ADA: &str = "ada@example.com";
/// The waits between ten attempts, and some more.
const WAITS: [Duration; 11] = [
    MINUTE,
    MINUTE.saturating_mul(2),
    MINUTE.saturating_mul(6),
    MINUTE.saturating_mul(36),
    HOUR.saturating_mul(3),
    HOUR.saturating_mul(6),
    HOUR.saturating_mul(12),
    HOUR.saturating_mul(17),
    HOUR.saturating_mul(24),
    HOUR.saturating_mul(29),
    HOUR,
];

/// What was given up goes out again, once, under its own id, and nothing else does.
#[tokio::test]
async fn what_was_given_up_in_an_outage_goes_out_again_under_its_own_id() {
    let harness = Harness::start().await;
    let owner = harness.sign_up(ADA).await;
    let workspace = owner.workspace("inbox").await;
    let app = owner.app(&workspace).await;
    let receiver = Receiver::start().await;
    let place = format!("{}/webhooks", workspace.path);
    let body = json!({
        "name": "Shop", "url": receiver.url, "events": ["message.created"], "payload": "thin",
    });
    let hook = owner.post(&place, body, 201).await;
    receiver.answers(500);
    harness.visitor(&app).await.start("Hello").await;
    harness.drain().await;
    for wait in WAITS {
        harness.advance(wait);
        harness.run_schedule("minute").await;
    }
    let attempts = receiver.sent().len();
    assert_eq!(attempts, 10, "it was not given up");
    receiver.answers(204);
    let of = |workspace, hours: u32, mode| Wanted {
        workspace,
        within: HOUR * hours,
        mode,
    };
    let run = async |wanted| {
        let report = redrive::run(harness.app_of("retention"), wanted, |_| {}).await;
        let report = report.expect("a report");
        assert!(report.looked_at > 10);
        (report.again, report.put_aside)
    };
    let own = workspace.id.parse().ok();
    let other = shared::domain::WorkspaceId::new(harness.now());
    // Counting changes nothing; neither does what is older, or somebody else's.
    assert_eq!(run(of(None, 168, Mode::Count)).await, (1, 0));
    assert_eq!(run(of(None, 1, Mode::Redrive)).await, (0, 0));
    assert_eq!(run(of(Some(other), 168, Mode::Redrive)).await, (0, 0));
    harness.advance(MINUTE);
    harness.run_schedule("minute").await;
    assert_eq!(receiver.sent().len(), attempts);
    // Whoever put their endpoint aside is left alone.
    let owner = harness.sign_in(ADA).await;
    let place = format!("{place}/{}", text(&hook, "id"));
    let set = async |status: &str| {
        let now = owner.get(&place, 200).await;
        let rev = format!("\"{}\"", now["rev"]);
        let body = json!({ "status": status });
        owner
            .with_header("if-match", &rev)
            .patch(&place, body, 200)
            .await;
    };
    set("paused").await;
    assert_eq!(run(of(own, 168, Mode::Redrive)).await, (0, 1));
    set("enabled").await;
    assert_eq!(run(of(own, 168, Mode::Redrive)).await, (1, 0));
    harness.advance(MINUTE);
    harness.run_schedule("minute").await;
    let sent = receiver.sent();
    assert_eq!(sent.len(), attempts + 1);
    assert!(sent.iter().all(|one| one.id == sent[0].id));
    // It arrived, so there is nothing to do again.
    assert_eq!(run(of(own, 168, Mode::Redrive)).await, (0, 0));
}

/// A new key signs, tokens of the ones before stay good, and only the newest is left in the end.
#[tokio::test]
async fn another_key_signs_and_nobody_is_signed_out() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let store = &harness.app_of("auth").store;
    let before = store.public_keys(harness.now()).await.expect("keys");
    assert_eq!(before.keys.len(), 1);
    harness.advance(MINUTE);
    let after = store.rotate_signing(harness.now()).await.expect("rotated");
    assert_eq!(after.keys[1..], before.keys[..]);
    ada.get("/v1/account", 200).await;
    let served = harness.anonymous().get("/.well-known/jwks.json", 200).await;
    let served: Vec<Value> = served["keys"].as_array().expect("keys").clone();
    let ids: Vec<String> = served.iter().map(|key| text(key, "kid")).collect();
    let stored: Vec<String> = after.keys.iter().map(|key| key_id(&key.0)).collect();
    assert_eq!(ids, stored);
    // The private half that lies there is that of the first public one.
    let private = store.signing_key(harness.now()).await.expect("a key");
    let pair = Ed25519KeyPair::from_pkcs8(&private).expect("a pair");
    assert_eq!(pair.public_key().as_ref(), after.keys[0].0);

    // Three are good at most, and two who rotate at once do not lose one another's key.
    let at = harness.now().plus(MINUTE);
    let (one, other) = tokio::join!(store.rotate_signing(at), store.rotate_signing(at));
    let lost = [&one, &other]
        .iter()
        .filter(|done| matches!(done, Err(StoreError::Conflict)))
        .count();
    let now = store.public_keys(at).await.expect("keys");
    assert_eq!((lost, now.keys.len()), (1, 3));
    let at = at.plus(MINUTE);
    store.rotate_signing(at).await.expect("rotated");
    let now = store.public_keys(at).await.expect("keys");
    assert_eq!(now.keys.len(), MOST_KEYS);
    assert!(!now.keys.contains(&before.keys[0]), "the oldest went");
    let left = store.retire_signing(at).await.expect("retired");
    assert_eq!(left.keys, now.keys[..1]);
    assert_eq!(store.public_keys(at).await.expect("keys").keys, left.keys);
}

/// It sees what is right, what DynamoDB was told otherwise, and what `init` has not made.
#[tokio::test]
async fn the_doctor_sees_what_is_right_and_what_is_wrong_over_the_wires_of_the_functions() {
    let harness = Harness::start().await;
    let app = harness.app_of("retention");
    let http = shared::app::clients::https();
    let wires = doctor::Clients::new(&app.config, &http);
    let mut heard = 0;
    let found = doctor::deployment(app, &wires, None, |_| heard += 1).await;
    assert_eq!(heard, found.len(), "each is told of as it is found");
    let states: BTreeMap<&str, State> = found
        .iter()
        .map(|finding| (finding.what.as_str(), finding.state))
        .collect();
    for good in [
        "table DataTable, TTL",
        "table KeysTable, TTL",
        "bucket sealed",
        "bucket passing",
        "signing key",
        "key of receipts",
        "ledger of erasures",
        "mail",
        "operator",
        "mail that comes in",
        "Lambda concurrency",
    ] {
        assert_eq!(states.get(good), Some(&State::Good), "{good}: {found:#?}");
    }
    // Embedded tables are not encrypted by KMS, which is said of them and of nothing else.
    let bad: Vec<&str> = found
        .iter()
        .filter(|finding| finding.state == State::Bad)
        .map(|finding| finding.what.as_str())
        .collect();
    assert!(
        bad.iter().all(|what| what.starts_with("table ")),
        "{found:#?}"
    );
    // A deployment before `sotto init`.
    let gone = app.store.delete(shared::store::keys::signing_keys()).await;
    gone.expect("deleted");
    let found = doctor::deployment(app, &wires, None, |_| {}).await;
    let keys = found.iter().find(|finding| finding.what == "signing key");
    let keys = keys.expect("a finding");
    assert!(keys.state == State::Bad && keys.says.contains("sotto init"));
    assert_eq!(doctor::worst(&found), State::Bad);
}

/// docs/production.md: every call with a body is one that the API takes, to a route that there is.
#[test]
fn the_guide_of_the_first_day_says_what_the_api_takes() {
    let guide = std::fs::read_to_string(repository().join("docs/production.md")).expect("a guide");
    let guide = guide.replace("\\\n", " ");
    let mut calls = 0;
    for line in guide.lines().filter(|line| line.contains("curl -s $API/")) {
        let path = line.split("$API").nth(1).expect("a path");
        let path = path.split_whitespace().next().expect("a path");
        let path = path.trim_end_matches(')').replace("$WS", "ws_1");
        let body = line.split_once(" -d '").map(|(_, rest)| {
            let end = rest.rfind("}'").expect("the end of a body");
            // What the shell puts in.
            let text = rest[..=end]
                .replace("'$CHALLENGE'", "chl_01kf0a1b2c3d4e5f6g7h8j9k0m")
                .replace(
                    "'$APP'",
                    "pk_01kf0a1b2c3d4e5f6g7h8j9k0m01kf0a1b2c3d4e5f6g7h8j9k0n",
                );
            let text = text.replace("'$(uuidgen)'", "0198c9a0-5b1c-7c3e-9d2f-1a2b3c4d5e6f");
            let text = text.replace('…', "12345678");
            serde_json::from_str::<Value>(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
        });
        let method = if body.is_some() { "POST" } else { "GET" };
        let (template, found) =
            operation(method, &path).unwrap_or_else(|| panic!("there is no {method} {path}"));
        if let Some(body) = body {
            let schema = &found["requestBody"]["content"]["application/json"]["schema"];
            let name = format!("guide {method} {template}");
            if let Err(fault) = valid(&name, schema, &body) {
                panic!("{method} {path}: {fault}");
            }
        }
        calls += 1;
    }
    assert_eq!(calls, 7, "the guide has other calls");
}
