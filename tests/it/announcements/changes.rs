//! A change of the policy that matters: every owner hears of it once, before it holds; who goes on
//! using the service afterwards has accepted it.

use std::time::Duration;

use harness::{Harness, Member, repository};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::policy::{Lens, Policy};
use shared::domain::text::Email;
use shared::domain::time::DAY;
use shared::domain::{TenantId, Timestamp};
use shared::store::account::Account;
use shared::store::{RootRef, Stored, Transaction, keys};

use super::{ANNOUNCEMENTS, OPERATOR, again, carry_out, operator, with_subject};

const SUBJECT: &str = "Our policy changes";

/// The newest version of the policy that the program serves.
fn version() -> String {
    let path = repository().join("docs/privacy/inbox/history.json");
    let text = std::fs::read_to_string(path).expect("a history");
    let versions: Vec<Value> = serde_json::from_str(&text).expect("a list");
    let last = versions.last().expect("a version");
    last["date"].as_str().expect("a day").to_owned()
}

fn change(effective_at: Timestamp) -> Value {
    json!({
        "class": "material_change", "subject": SUBJECT, "text": "Hello,\n\nwe keep less.",
        "version": version(), "effective_at": effective_at,
    })
}

async fn count(harness: &Harness, email: &str) -> usize {
    with_subject(harness, email, SUBJECT).await.len()
}

/// CALL-37, FLOW-62: every owner exactly one notice, before the day, whatever they refused; nobody
/// else; and who becomes an owner meanwhile hears of it as well.
#[tokio::test]
async fn every_owner_hears_of_a_change_once_before_it_holds_and_nobody_else_does() {
    let harness = Harness::start().await;
    let ada = harness.sign_up("ada@example.com").await;
    let workspace = ada.workspace("inbox").await;
    ada.workspace("calls").await;
    let refusing = json!({ "preferences": { "mails": { "service": false } } });
    let client = ada.with_header("if-match", "\"0\"");
    client.patch("/v1/account", refusing, 200).await;
    harness
        .join(&ada, &workspace, "bob@example.com", "agent")
        .await;
    harness.sign_up("cara@example.com").await;
    let operator = operator(&harness).await;
    let effective_at = harness.now().plus(DAY * 15);
    for _ in 0..2 {
        // Announced twice, it is the same version.
        operator
            .post(ANNOUNCEMENTS, change(effective_at), 202)
            .await;
    }
    assert_eq!(carry_out(&harness).await, 1);
    assert_eq!(count(&harness, "ada@example.com").await, 1);
    let mails = with_subject(&harness, "ada@example.com", SUBJECT).await;
    let refusable = mails[0].headers.contains_key("List-Unsubscribe");
    assert!(!refusable, "this cannot be refused");
    assert!(mails[0].text.contains("/policy/inbox"), "{}", mails[0].text);
    for email in ["bob@example.com", "cara@example.com", OPERATOR] {
        assert_eq!(count(&harness, email).await, 0, "{email}");
    }
    // Cara becomes an owner on the way.
    let cara = again(&harness, "cara@example.com").await;
    cara.workspace("inbox").await;
    for _ in 0..20 {
        harness.advance(DAY);
        carry_out(&harness).await;
    }
    for email in ["ada@example.com", "cara@example.com"] {
        assert_eq!(count(&harness, email).await, 1, "{email}");
    }
    let late = mails_before(&harness, "cara@example.com", effective_at).await;
    assert_eq!(late, 1, "told after the day");
}

async fn mails_before(harness: &Harness, email: &str, day: Timestamp) -> usize {
    let mails = with_subject(harness, email, SUBJECT).await;
    mails.iter().filter(|mail| mail.sent_at < day).count()
}

fn notice(account: &Value) -> &Value {
    &account["policy"]["notice"]
}

/// FLOW-63: going on after the day is written down, once, at the first renewal; not before the day.
#[tokio::test]
async fn who_renews_after_the_day_has_accepted_and_before_it_is_shown_what_comes() {
    let harness = Harness::start().await;
    let ada = harness.sign_up("ada@example.com").await;
    ada.workspace("inbox").await;
    let operator = operator(&harness).await;
    let effective_at = harness.now().plus(DAY * 14).plus(Duration::from_secs(60));
    operator
        .post(ANNOUNCEMENTS, change(effective_at), 202)
        .await;
    let ada = again(&harness, "ada@example.com").await.refresh().await;
    let before = ada.get("/v1/account", 200).await;
    assert_eq!(notice(&before)["version"], version());
    assert_eq!(before["policy"]["accepted"], Value::Null);
    let left = effective_at.ms() - harness.now().ms();
    harness.advance(Duration::from_millis(
        u64::try_from(left).expect("later") - 1,
    ));
    let ada = ada.refresh().await;
    let waiting = ada.get("/v1/account", 200).await;
    assert_eq!(
        waiting["policy"]["accepted"],
        Value::Null,
        "a millisecond early"
    );
    harness.advance(Duration::from_millis(1));
    let ada = ada.refresh().await;
    let accepted = ada.get("/v1/account", 200).await;
    assert_eq!(accepted["policy"]["accepted"]["version"], version());
    assert_eq!(*notice(&accepted), Value::Null);
    harness.advance(Duration::from_secs(60));
    let later = ada.refresh().await.get("/v1/account", 200).await;
    assert_eq!(later["policy"], accepted["policy"], "it was accepted once");
}

/// CALL-37: whom the mail does not reach is shown the change instead.
#[tokio::test]
async fn an_owner_whose_address_is_refused_is_shown_the_change() {
    let harness = Harness::start().await;
    let ada = harness.sign_up("ada@example.com").await;
    ada.workspace("inbox").await;
    move_to(&harness, &ada, "ada@nowhere.invalid").await;
    let operator = operator(&harness).await;
    let effective_at = harness.now().plus(DAY * 20);
    operator
        .post(ANNOUNCEMENTS, change(effective_at), 202)
        .await;
    assert_eq!(carry_out(&harness).await, 1);
    assert_eq!(count(&harness, "ada@nowhere.invalid").await, 0);
    let account = ada.refresh().await.get("/v1/account", 200).await;
    assert_eq!(notice(&account)["effective_at"], json!(effective_at));
}

/// Gives an account an address that no mail arrives at.
async fn move_to(harness: &Harness, member: &Member, email: &str) {
    let store = &harness.app_of("auth").store;
    let (now, policy) = (harness.now(), Policy::platform());
    let lens = Lens {
        now,
        policy: &policy,
    };
    let head = keys::account(member.account_id.parse().expect("an id"));
    let tenant_key = store
        .tenant_key(TenantId::Platform, now)
        .await
        .expect("a key");
    let wanted = vec![head.clone(), keys::data_key(&RootRef::of(&head))];
    let fetched = store.batch(wanted).await.expect("a read");
    let key = fetched
        .data_key(&head, &tenant_key)
        .expect("a key")
        .expect("a key");
    let found = fetched.get::<Account>(&head, &key, lens).expect("a record");
    let account = Account {
        email: Email::parse(email).expect("an address"),
        ..found.expect("an account")
    };
    let mut transaction = Transaction::new(now);
    transaction
        .replace(&Stored::next(account, &policy), &key)
        .expect("a write");
    store.commit(transaction).await.expect("a change");
}

#[tokio::test]
async fn a_change_is_told_two_weeks_ahead_to_every_owner_or_not_at_all() {
    let harness = Harness::start().await;
    let operator = operator(&harness).await;
    let soon = change(harness.now().plus(DAY * 13));
    let mut narrow = change(harness.now().plus(DAY * 20));
    narrow["workspaces"] = json!(["ws_01kf0a1b2c3d4e5f6g7h8j9k0m"]);
    for (body, pointer) in [(soon, "#/effective_at"), (narrow, "#/workspaces")] {
        let code = "validation_failed";
        let problem = operator
            .refused(Method::POST, ANNOUNCEMENTS, Some(body), 422, code)
            .await;
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    let account = operator.get("/v1/account", 200).await;
    assert_eq!(*notice(&account), Value::Null);
}
