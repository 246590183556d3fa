//! The pages on which somebody changes their account: what they do, the proof they ask for first, and
//! how long a cookie that is used stays good.

use std::time::Duration;

use harness::{Answer, Browser, Harness};
use serde_json::json;

use super::{ADA, asking, hidden, items, leads, signed_in};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const OLD: &str = "vexing umbrella 9";
const NEW: &str = "another umbrella 10";
const SHORT: &str = "gnarled 9";

/// What a form sent must lead to.
async fn done(browser: &mut Browser, fields: &[(&str, &str)], led: &str) {
    let answer = browser.submit("/account", fields, 303).await;
    assert_eq!(leads(&answer), led);
    let page = browser.open(led, 200).await;
    assert!(page.text.contains("role=\"status\""), "{}", page.text);
}

/// The mailed code for the form of `page`, and the challenge that the form brings.
async fn code_for(harness: &Harness, page: &Answer, email: &str) -> (String, String) {
    let fields = hidden(page);
    let (_, challenge) = fields
        .into_iter()
        .find(|(name, _)| name == "challenge")
        .expect("a challenge");
    (challenge, harness.mail_code(email).await)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("{before} in {text}"));
    rest.split_once(after).expect("an end").0
}

/// FLOW-03
#[tokio::test]
async fn preferences_are_chosen_on_a_page_and_the_pages_follow_them() {
    let harness = Harness::start().await;
    let mut browser = signed_in(&harness, "/sign-up", ADA).await;
    let page = browser.open("/account?page=preferences", 200).await;
    assert!(page.text.contains("data-theme=\"system\""), "{}", page.text);
    let save = |rev, zone| {
        [
            ("act", "save_preferences"),
            ("rev", rev),
            ("locale", "en"),
            ("time_zone", zone),
            ("theme", "dark"),
            ("marketing_mail", "true"),
        ]
    };
    let before = items(&harness).await;
    browser
        .submit("/account", &save("0", "No where"), 422)
        .await;
    browser
        .submit("/account", &save("7", "Europe/Berlin"), 409)
        .await;
    assert_eq!(items(&harness).await, before);
    done(
        &mut browser,
        &save("0", "Europe/Berlin"),
        "/account?done=preferences",
    )
    .await;
    let page = browser.open("/account?page=preferences", 200).await;
    assert!(page.text.contains("data-theme=\"dark\""), "{}", page.text);
    assert!(
        page.text.contains("value=\"Europe/Berlin\""),
        "{}",
        page.text
    );
    let ada = harness.sign_in(ADA).await;
    let account = ada.get("/v1/account", 200).await;
    assert_eq!(
        (
            &account["preferences"]["theme"],
            &account["preferences"]["mails"]
        ),
        (
            &json!("dark"),
            &json!({ "service": false, "marketing": true })
        )
    );
}

/// FLOW-26
#[tokio::test]
async fn a_second_factor_is_set_up_used_and_removed_without_a_script() {
    let harness = Harness::start().await;
    let mut browser = signed_in(&harness, "/sign-up", ADA).await;
    let page = browser.open("/account?page=password", 200).await;
    assert!(page.text.contains("15 characters"), "{}", page.text);
    let weak = [("act", "change_password"), ("password", SHORT)];
    browser.submit("/account", &weak, 422).await;
    let set = [("act", "change_password"), ("password", OLD)];
    done(&mut browser, &set, "/account?done=password").await;

    let shown = browser
        .submit("/account", &[("act", "begin_factor")], 200)
        .await;
    assert!(shown.text.contains("<svg"), "no picture: {}", shown.text);
    let secret = between(&shown.text, "<p class=\"key\">", "<").replace(' ', "");
    for wrong in ["000000", "x", ""] {
        let fields = [("act", "confirm_factor"), ("code", wrong)];
        let page = browser.submit("/account", &fields, 401).await;
        assert!(!page.text.contains(&secret), "shown again");
    }
    // A wrong code in a row costs time.
    harness.advance(Duration::from_secs(60));
    let code = harness.authenticators.adopt(ADA, &secret);
    let fields = [("act", "confirm_factor"), ("code", code.as_str())];
    let shown = browser.submit("/account", &fields, 200).await;
    let codes = between(&shown.text, "<ol class=\"codes\">", "</ol>");
    assert_eq!(codes.matches("<li>").count(), 10);
    // Sent twice, it leads to how things are.
    let again = browser.submit("/account", &fields, 303).await;
    assert_eq!(leads(&again), "/account");
    let page = browser.open("/account", 200).await;
    assert!(
        page.text.contains("10 recovery codes left"),
        "{}",
        page.text
    );

    // Beside it a shorter password will do, which the page says.
    let page = browser.open("/account?page=password", 200).await;
    assert!(page.text.contains("8 characters"), "{}", page.text);
    let change = |current, new| {
        [
            ("act", "change_password"),
            ("current_password", current),
            ("password", new),
        ]
    };
    for wrong in ["", NEW] {
        browser.submit("/account", &change(wrong, SHORT), 401).await;
    }
    done(&mut browser, &change(OLD, SHORT), "/account?done=password").await;

    let shown = browser
        .submit("/account", &[("act", "new_codes")], 200)
        .await;
    assert!(
        !shown
            .text
            .contains(codes.split("</li>").next().expect("a code"))
    );
    done(
        &mut browser,
        &[("act", "remove_factor")],
        "/account?done=factor_removed",
    )
    .await;
    let page = browser.open("/account", 200).await;
    assert!(page.text.contains(">Off<"), "{}", page.text);
}

#[tokio::test]
async fn an_address_is_changed_by_a_code_that_the_new_one_gets() {
    let harness = Harness::start().await;
    harness.sign_up("eve@example.com").await;
    let mut browser = signed_in(&harness, "/sign-up", ADA).await;
    let ask = |email| [("act", "ask_address"), ("email", email)];
    browser.submit("/account", &ask("no address"), 422).await;
    // Whether the address is somebody's is not told.
    let mut pages = Vec::new();
    for email in ["eve@example.com", "new@example.com"] {
        let answer = browser.submit("/account", &ask(email), 303).await;
        let page = browser.open(leads(&answer), 200).await;
        let (_, challenge) = hidden(&page).remove(0);
        pages.push(page.text.replace(&challenge, ""));
    }
    assert_eq!(pages[0], pages[1]);
    assert_eq!(harness.mails("eve@example.com").await.len(), 1);
    let answer = browser
        .submit("/account", &ask("new@example.com"), 303)
        .await;
    let page = browser.open(leads(&answer), 200).await;
    let (challenge, code) = code_for(&harness, &page, "new@example.com").await;
    let confirm = |code| {
        [
            ("act", "confirm_address"),
            ("challenge", challenge.as_str()),
            ("code", code),
        ]
    };
    browser.submit("/account", &confirm("0000 0000"), 401).await;
    done(&mut browser, &confirm(&code), "/account?done=address").await;
    let page = browser.open("/account", 200).await;
    assert!(page.text.contains("new@example.com") && !page.text.contains(ADA));
    let told = harness.mails(ADA).await.pop().expect("a mail");
    assert_eq!(told.subject, "Your Sotto address was changed");
}

#[tokio::test]
async fn what_cannot_be_taken_back_asks_for_a_proof_first_on_a_page_of_its_own() {
    let harness = Harness::start().await;
    let mut browser = signed_in(&harness, "/sign-up", ADA).await;
    harness.advance(Duration::from_secs(10 * 60));
    let proof = |next: &str| format!("/account?page=prove&next={next}");
    for next in ["address", "factor", "password"] {
        let path = format!("/account?page={next}");
        assert_eq!(leads(&browser.open(&path, 303).await), proof(next));
    }
    assert_eq!(
        leads(&browser.open("/account/delete", 303).await),
        proof("delete")
    );
    let before = items(&harness).await;
    let acts: [&[(&str, &str)]; 3] = [
        &[("act", "ask_address"), ("email", "new@example.com")],
        &[("act", "change_password"), ("password", OLD)],
        &[("act", "begin_factor")],
    ];
    for fields in acts {
        let answer = browser.submit("/account", fields, 303).await;
        assert!(leads(&answer).starts_with("/account?page=prove&next="));
    }
    let answer = browser
        .submit("/account/delete", &[("act", "delete")], 303)
        .await;
    assert_eq!(leads(&answer), proof("delete"));
    assert_eq!(items(&harness).await, before, "done without a proof");

    // By a mailed code where there is nothing else; the cookie gets another value, and the old one
    // is worth nothing.
    let page = browser.open(&proof("password"), 200).await;
    assert!(!page.text.contains("type=\"password\""), "{}", page.text);
    let ask = [("act", "mail_code"), ("next", "password")];
    let answer = browser.submit("/account", &ask, 303).await;
    let page = browser.open(leads(&answer), 200).await;
    let (challenge, code) = code_for(&harness, &page, ADA).await;
    let prove = |code| {
        [
            ("act", "prove"),
            ("next", "password"),
            ("challenge", challenge.as_str()),
            ("code", code),
        ]
    };
    for wrong in ["00000000", "x", ""] {
        browser.submit("/account", &prove(wrong), 401).await;
    }
    let old = browser.cookie.clone();
    let answer = browser.submit("/account", &prove(&code), 303).await;
    assert_eq!(leads(&answer), "/account?page=password");
    assert!(browser.cookie.is_some() && browser.cookie != old);
    let mut copy = harness.browser();
    copy.cookie = old;
    copy.open("/account", 303).await;
    let set = [("act", "change_password"), ("password", OLD)];
    done(&mut browser, &set, "/account?done=password").await;

    // By the password where there is one.
    harness.advance(Duration::from_secs(10 * 60));
    let page = browser.open(&proof("delete"), 200).await;
    assert!(page.text.contains("type=\"password\""), "{}", page.text);
    let prove = |password| [("act", "prove"), ("next", "delete"), ("password", password)];
    browser.submit("/account", &prove(NEW), 401).await;
    let answer = browser.submit("/account", &prove(OLD), 303).await;
    assert_eq!(leads(&answer), "/account/delete");
    browser.open("/account/delete", 200).await;
}

#[tokio::test]
async fn with_a_second_factor_only_that_one_is_a_proof() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    ada.post("/v1/auth/password/change", json!({ "password": OLD }), 204)
        .await;
    ada.enrol().await;
    let mut browser = harness.browser();
    let fields = [("email", ADA), ("password", OLD)];
    let answer = browser.submit("/sign-in", &fields, 303).await;
    let page = browser.open(leads(&answer), 200).await;
    let (_, challenge) = hidden(&page).remove(0);
    let code = harness.authenticators.code(ADA);
    let fields = [("challenge", challenge.as_str()), ("code", &code)];
    browser.submit("/confirm", &fields, 303).await;
    harness.advance(Duration::from_secs(10 * 60));
    let page = browser.open("/account?page=prove&next=factor", 200).await;
    for word in ["type=\"password\"", "mail_code"] {
        assert!(!page.text.contains(word), "{word}: {}", page.text);
    }
    let by_password = [("act", "prove"), ("next", "factor"), ("password", OLD)];
    browser.submit("/account", &by_password, 403).await;
    let code = harness.authenticators.code(ADA);
    let by_factor = [("act", "prove"), ("next", "factor"), ("code", &code)];
    let answer = browser.submit("/account", &by_factor, 303).await;
    assert_eq!(leads(&answer), "/account?page=factor");
    browser.open("/account?page=factor", 200).await;
}

/// FLOW-37
#[tokio::test]
async fn an_account_is_deleted_and_kept_on_pages() {
    let harness = Harness::start().await;
    let owner = harness.sign_up(ADA).await;
    let workspace = owner.workspace("inbox").await;
    let mut browser = signed_in(&harness, "/sign-in", ADA).await;
    let delete = [("act", "delete")];
    let page = browser.submit("/account/delete", &delete, 409).await;
    assert!(page.text.contains("only owner"), "{}", page.text);
    harness
        .join(&owner, &workspace, "kim@example.com", "owner")
        .await;
    browser.open("/account/delete", 200).await;
    let page = browser.submit("/account/delete", &delete, 200).await;
    assert!(page.text.contains("2026-01-22"), "{}", page.text);
    assert_eq!(browser.cookie, None, "still signed in");
    let mail = harness.mails(ADA).await.pop().expect("a mail");
    let link = format!("{}/account?page=keep", harness.stack.api);
    assert!(mail.text.contains(&link), "{}", mail.text);

    // The page says the same about every address.
    let mut pages = Vec::new();
    for email in [ADA, "eve@example.com"] {
        let fields = [("act", "ask_keep"), ("email", email)];
        let answer = browser.submit("/account", &fields, 303).await;
        let page = browser.open(leads(&answer), 200).await;
        let (_, challenge) = hidden(&page).remove(0);
        pages.push((page.text.replace(&challenge, ""), challenge));
    }
    assert_eq!(pages[0].0, pages[1].0);
    assert_eq!(harness.mails("eve@example.com").await.len(), 0);
    let code = harness.mail_code(ADA).await;
    for (challenge, code, status) in [
        (&pages[0].1, "00000000", 401),
        (&pages[1].1, &code, 401),
        (&pages[0].1, &code, 303),
        (&pages[0].1, &code, 401),
    ] {
        let fields = [("act", "keep"), ("challenge", challenge), ("code", code)];
        let answer = browser.submit("/account", &fields, status).await;
        if status == 303 {
            let page = browser.open(leads(&answer), 200).await;
            assert!(page.text.contains("Your account stays"), "{}", page.text);
        }
        assert_eq!(browser.cookie, None, "keeping signs nobody in");
    }
    signed_in(&harness, "/sign-in", ADA).await;
}

/// CALL-05
#[tokio::test]
async fn a_cookie_that_is_used_is_good_for_thirty_days_and_one_that_is_not_for_fourteen() {
    let harness = Harness::start().await;
    let mut used = signed_in(&harness, "/sign-up", ADA).await;
    let mut unused = signed_in(&harness, "/sign-in", ADA).await;
    let held = used.cookie.clone();
    let before = items(&harness).await;
    used.open("/account", 200).await;
    assert_eq!(
        items(&harness).await,
        before,
        "a page of the same day writes"
    );
    for day in 1..30 {
        harness.advance(DAY);
        used.open("/account", 200).await;
        // The second look of a day writes nothing.
        let before = items(&harness).await;
        used.open("/account", 200).await;
        assert_eq!(items(&harness).await, before, "day {day}");
        if day == 13 {
            let mut copy = unused.clone();
            // A sign-in that looks on the thirteenth day only.
            assert_eq!(copy.open("/sign-in", 200).await.status, 200);
        }
        if day == 14 {
            unused.open("/account", 303).await;
        }
    }
    assert_eq!(used.cookie, held, "one cookie all along");
    harness.advance(DAY);
    used.open("/account", 303).await;
}

#[tokio::test]
async fn the_page_of_a_reset_link_says_how_long_the_password_must_be() {
    let harness = Harness::start().await;
    harness.sign_up(ADA).await;
    let kim = harness.sign_up("kim@example.com").await;
    kim.enrol().await;
    for (email, fewest) in [(ADA, "At least 15"), ("kim@example.com", "At least 8")] {
        let mut browser = harness.browser();
        let fields = asking("/forgot", email);
        browser.submit("/forgot", &fields, 303).await;
        let mail = harness.mails(email).await.pop().expect("a mail");
        let token = between(&mail.text, "/reset?token=", "\n").to_owned();
        let page = browser.open(&format!("/reset?token={token}"), 200).await;
        assert!(page.text.contains(fewest), "{}", page.text);
        let weak = [("token", token.as_str()), ("password", "short")];
        let page = browser.submit("/reset", &weak, 422).await;
        let said = fewest.to_lowercase();
        assert!(page.text.to_lowercase().contains(&said), "{}", page.text);
    }
    let mut browser = harness.browser();
    let page = browser.open("/reset?token=rs_x.y", 200).await;
    assert!(page.text.contains("At least 15"), "{}", page.text);
}
