//! What the policy says is never done, as closed lists: whoever adds a word to one of them has to
//! come here, and to decide it in the open.

use std::collections::BTreeSet;
use std::fs;

use harness::{Harness, repository};
use reqwest::Method;
use serde_json::json;
use shared::domain::personal::{Category, Purpose};
use shared::domain::policy::Profile;
use shared::domain::recipient::Recipient;
use shared::store::record::Decision;
use shared::store::registry;

use super::pages;

/// Every kind of personal data, with every purpose, of all fields of all records.
fn decisions() -> (BTreeSet<Category>, BTreeSet<Purpose>) {
    let fields = registry::ALL.iter().flat_map(|record| record.fields);
    let decided = fields.filter_map(|field| match field.decision {
        Decision::Personal {
            category, purpose, ..
        } => Some((category, purpose)),
        _ => None,
    });
    decided.unzip()
}

/// A page of the committed policy of a profile.
fn committed(profile: Profile, file: &str) -> String {
    let path = format!("docs/privacy/{}/{file}", profile.word());
    fs::read_to_string(repository().join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// CALL-08: all that is known of people is what they or their team gave, and what the service runs
/// on. Nothing is inferred: a category for it does not build (`tests/refused`).
#[test]
fn no_field_of_any_record_holds_what_somebody_concluded_about_a_person() {
    let given = [
        Category::Contact,
        Category::Content,
        Category::Name,
        Category::VisitContext,
    ];
    let technical = [Category::Identifier, Category::Pseudonym];
    let known: BTreeSet<Category> = given.into_iter().chain(technical).collect();
    assert_eq!(decisions().0, known);
}

/// CHAT-15: no field serves advertising, and nobody who would advertise can be sent anything.
#[test]
fn no_purpose_and_no_recipient_is_advertising() {
    let served: BTreeSet<Purpose> = [
        Purpose::AnswerRequests,
        Purpose::AnswerVisitor,
        Purpose::Authenticate,
        Purpose::ConnectCall,
        Purpose::Improve,
        Purpose::ProveErasure,
        Purpose::RunWorkspace,
        Purpose::Support,
        Purpose::TakePayments,
    ]
    .into();
    assert_eq!(decisions().1, served);
    let recipients: Vec<&str> = Recipient::ALL.iter().map(|one| one.word()).collect();
    let expected = [
        "apple",
        "browser_push",
        "expo",
        "flow_server",
        "google",
        "identity_provider",
        "webhook",
        "stripe",
    ];
    assert_eq!(recipients, expected);
}

/// CALL-02: what we decide about ourselves and what we do for customers are told apart, and what
/// GDPR Art. 30 asks for is said of both.
#[test]
fn both_halves_of_the_records_of_processing_are_complete() {
    for profile in Profile::ALL {
        let records = committed(*profile, "records.md");
        let (_, halves) = records
            .split_once("## As controller, Art. 30(1)")
            .expect("the first half");
        let (ours, theirs) = halves
            .split_once("## As processor, Art. 30(2)")
            .expect("the second half");
        let mut purposes = BTreeSet::new();
        for (half, who) in [(ours, "Controller: "), (theirs, "Controllers: ")] {
            for said in [
                who,
                "Recipients: ",
                "third country",
                "Security (Art. 32)",
                "Erased after",
            ] {
                assert!(half.contains(said), "{profile:?}: {said}");
            }
            let rows = half.lines().filter(|line| line.starts_with("| "));
            for row in rows.skip(1) {
                let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
                assert_eq!(cells.len(), 4, "{row}");
                assert!(cells.iter().all(|cell| !cell.is_empty()), "{row}");
                assert!(purposes.insert(cells[0].to_owned()), "twice: {row}");
            }
        }
        assert_eq!(purposes.len(), decisions().1.len(), "{profile:?}");
    }
}

/// FLOW-57: preferences lie with the account, nothing is measured, and abuse is counted without a
/// mark in the browser: whatever somebody does on the pages, they hold the session's cookie alone.
#[tokio::test]
async fn whatever_is_done_on_the_pages_one_cookie_is_set_and_the_list_says_which() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(pages::ADA).await;
    let change = json!({ "preferences": { "locale": "de", "theme": "dark" } });
    let first = ada.with_header("if-match", "\"0\"");
    let changed = first.send(Method::PATCH, "/v1/account", Some(change)).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.header("set-cookie"), "");

    let mut browser = pages::signed_in(&harness, "/sign-in", pages::ADA).await;
    let mut cookies = BTreeSet::new();
    for path in [
        "/account",
        "/sign-in",
        "/sign-up",
        "/forgot",
        "/docs",
        "/policy/flows",
    ] {
        let page = browser.open(path, 200).await;
        cookies.insert(name_of(page.header("set-cookie")));
    }
    let out = [("act", "sign_out")];
    let page = browser.submit("/account", &out, 303).await;
    cookies.insert(name_of(page.header("set-cookie")));
    cookies.remove("");
    assert_eq!(cookies, ["__Host-sid".to_owned()].into());
    for profile in Profile::ALL {
        let list = committed(*profile, "cookies.md");
        let rows = list.lines().filter(|line| line.starts_with("| __"));
        let names: Vec<&str> = rows
            .filter_map(|row| row.split_whitespace().nth(1))
            .collect();
        assert_eq!(names, ["__Host-sid"], "{profile:?}");
    }
}

fn name_of(cookie: &str) -> String {
    cookie.split('=').next().unwrap_or_default().to_owned()
}
