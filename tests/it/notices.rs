//! What an account is told by mail, because somebody else may have done it.

use harness::Harness;
use shared::domain::policy::{Lens, Policy};
use shared::domain::text::Email;
use shared::domain::{AccountId, TenantId};
use shared::store::account::Account;
use shared::store::notice::{Notice, NoticeKind};
use shared::store::{RootRef, Stored, Transaction, keys};

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
