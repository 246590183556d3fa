//! What an account is told by mail, because somebody else may have done it.

mod team;

use std::time::Duration;

use harness::{Client, Harness, text};
use serde_json::{Value, json};
use shared::domain::policy::{Lens, Policy};
use shared::domain::text::Email;
use shared::domain::{AccountId, TenantId};
use shared::store::account::Account;
use shared::store::notice::{Notice, NoticeKind};
use shared::store::{RootRef, Stored, Transaction, keys};

const ADA: &str = "ada@example.com";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const NEWER_FIREFOX: &str =
    "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0";
const WINDOWS: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// The notices of sign-ins from new devices that somebody got.
async fn of_devices(harness: &Harness, email: &str) -> Vec<String> {
    let subject = "A new sign-in to your Sotto account";
    let mails = harness.mails(email).await.into_iter();
    let notices = mails.filter(|mail| mail.subject == subject);
    notices.map(|mail| mail.text).collect()
}

/// Asks for a code for Ada, and answers it.
async fn by_code(harness: &Harness, from: &Client) -> Value {
    let body = json!({ "email": ADA });
    let asked = from.post("/v1/auth/otp", body, 202).await;
    let code = harness.mail_code(ADA).await;
    let body = json!({ "challenge_id": asked["challenge_id"], "code": code });
    from.post("/v1/auth/otp/verify", body, 200).await
}

/// FLOW-18: who owns an account hears of a sign-in from a device that is not signed in to it.
#[tokio::test]
async fn a_sign_in_from_another_browser_or_system_is_told_once_and_from_the_same_one_never() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let from = |agent| anonymous.with_header("user-agent", agent);
    harness.sign_up(ADA).await;
    harness.sign_in(ADA).await;
    // Not on signing up, and not from the same device again.
    assert_eq!(of_devices(&harness, ADA).await.len(), 0);
    by_code(&harness, &from(FIREFOX)).await;
    let told = of_devices(&harness, ADA).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("From: Firefox, on Linux."), "{}", told[0]);
    // An hour has room for five codes.
    harness.advance(Duration::from_secs(60 * 60));
    // A newer version of the same browser is the same device.
    for agent in [FIREFOX, NEWER_FIREFOX] {
        by_code(&harness, &from(agent)).await;
    }
    assert_eq!(of_devices(&harness, ADA).await.len(), 1);
    let signed_in = by_code(&harness, &from(WINDOWS)).await;
    assert_eq!(of_devices(&harness, ADA).await.len(), 2);
    // A device that was signed out everywhere is new again.
    let client = anonymous.with_token(&text(&signed_in, "access_token"));
    client.delete("/v1/auth/sessions", 204).await;
    by_code(&harness, &from(FIREFOX)).await;
    assert_eq!(of_devices(&harness, ADA).await.len(), 3);
    by_code(&harness, &from(WINDOWS)).await;
    assert_eq!(of_devices(&harness, ADA).await.len(), 3);
}

#[tokio::test]
async fn a_sign_in_that_fails_or_stops_half_way_is_no_notice_and_its_second_step_is_one() {
    const PASSWORD: &str = "vexing umbrella 9";
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let firefox = anonymous.with_header("user-agent", FIREFOX);
    let ada = harness.sign_up(ADA).await;
    let body = json!({ "password": PASSWORD });
    ada.post("/v1/auth/password/change", body, 204).await;
    let codes = ada.enrol().await;
    let log_in = |password: &str| json!({ "email": ADA, "password": password });
    let path = "/v1/auth/login";
    firefox.post(path, log_in("another umbrella"), 401).await;
    let halfway = firefox.post(path, log_in(PASSWORD), 200).await;
    let answer = |code: &str| {
        let challenge = &halfway["second_factor"]["challenge_id"];
        json!({ "challenge_id": challenge, "code": code })
    };
    let second = "/v1/auth/second-factor";
    let wrong = codes[0].replace(char::is_alphanumeric, "A");
    firefox.post(second, answer(&wrong), 401).await;
    assert_eq!(of_devices(&harness, ADA).await.len(), 0);
    firefox.post(second, answer(&codes[0]), 200).await;
    assert_eq!(of_devices(&harness, ADA).await.len(), 1);
}

#[tokio::test]
async fn a_password_from_a_new_device_is_told_of_once() {
    const PASSWORD: &str = "vexing umbrella 9";
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let body = json!({ "password": PASSWORD });
    ada.post("/v1/auth/password/change", body, 204).await;
    let firefox = harness.anonymous().with_header("user-agent", FIREFOX);
    let body = json!({ "email": ADA, "password": PASSWORD });
    for _ in 0..2 {
        firefox.post("/v1/auth/login", body.clone(), 200).await;
        assert_eq!(of_devices(&harness, ADA).await.len(), 1);
    }
}

#[tokio::test]
async fn every_notice_reaches_the_address_of_its_account_in_text_and_html_without_remote_content() {
    let harness = Harness::start().await;
    let ada = harness.sign_up("ada@example.com").await;
    let account: AccountId = ada.account_id.parse().expect("an id");
    let store = &harness.app_of("auth").store;
    let before = harness.mails("ada@example.com").await.len();
    for kind in NoticeKind::ALL {
        let mut transaction = Transaction::new(harness.now());
        let notice = Notice::new(account, *kind, harness.now());
        transaction.notify(notice).expect("a write");
        store.commit(transaction).await.expect("a notice");
    }
    let mails = harness.mails("ada@example.com").await.split_off(before);
    assert_eq!(mails.len(), NoticeKind::ALL.len());
    for mail in &mails {
        let html = mail.html.as_deref().expect("an HTML part");
        assert!(mail.text.contains("2026-01-15 12:00 UTC"), "{}", mail.text);
        for word in ["src=", "url(", "@import", "<link", "<img", "<script", "@"] {
            assert!(!html.contains(word) && !mail.text.contains(word), "{word}");
        }
    }
}

#[tokio::test]
async fn a_notice_that_waits_for_more_than_a_day_is_not_mailed() {
    let harness = Harness::start().await;
    let ada = harness.sign_up("ada@example.com").await;
    let before = harness.mails("ada@example.com").await.len();
    let mut transaction = Transaction::new(harness.now());
    let account = ada.account_id.parse().expect("an id");
    let notice = Notice::new(account, NoticeKind::PasswordChanged, harness.now());
    transaction.notify(notice).expect("a write");
    let store = &harness.app_of("auth").store;
    store.commit(transaction).await.expect("a notice");
    harness.advance(std::time::Duration::from_secs(24 * 60 * 60));
    assert_eq!(harness.mails("ada@example.com").await.len(), before);
}

#[tokio::test]
async fn a_changed_address_is_told_to_the_old_one_and_to_the_new_one() {
    let harness = Harness::start().await;
    let ada = harness.sign_up("ada@example.com").await;
    let before = harness.mails("ada@example.com").await.len();
    let store = &harness.app_of("auth").store;
    let (now, policy) = (harness.now(), Policy::platform());
    let lens = Lens {
        now,
        policy: &policy,
    };
    let head = keys::account(ada.account_id.parse().expect("an id"));
    // Twice: a change of anything else is told to nobody.
    for email in ["grace@example.com", "Grace@example.com"] {
        let tenant_key = store
            .tenant_key(TenantId::Platform, now)
            .await
            .expect("a key");
        let wanted = vec![head.clone(), keys::data_key(&RootRef::of(&head))];
        let fetched = store.batch(wanted).await.expect("a read");
        let found = fetched.data_key(&head, &tenant_key).expect("a key");
        let key = found.expect("a key");
        let found = fetched.get::<Account>(&head, &key, lens).expect("a record");
        let account = Account {
            email: Email::parse(email).expect("an address"),
            ..found.expect("an account")
        };
        let mut transaction = Transaction::new(now);
        let next = Stored::next(account, &policy);
        transaction.replace(&next, &key).expect("a write");
        store.commit(transaction).await.expect("a change");
    }
    let old = harness.mails("ada@example.com").await;
    let new = harness.mails("grace@example.com").await;
    assert_eq!((old.len(), new.len()), (before + 1, 1));
    assert_eq!(new[0].subject, "Your Sotto address was changed");
    assert_eq!(old[before].text, new[0].text);
}
