//! Other proofs on the pages than a mailed code: password, second factor, the link of a forgotten one.

use harness::Harness;

use super::{ADA, finish, hidden, leads, signed_in};

#[tokio::test]
async fn a_password_signs_a_browser_in_and_a_wrong_one_tells_nothing() {
    const PASSWORD: &str = "vexing umbrella 9";
    let harness = Harness::start().await;
    let mut browser = harness.browser();
    let weak = [("email", ADA), ("adult", "true"), ("password", "password")];
    let page = browser.submit("/sign-up", &weak, 422).await;
    assert!(!page.text.contains("value=\"password\""), "{}", page.text);
    let minor = [("email", ADA), ("password", PASSWORD)];
    browser.submit("/sign-up", &minor, 422).await;
    let fields = [("email", ADA), ("adult", "true"), ("password", PASSWORD)];
    let answer = browser.submit("/sign-up", &fields, 303).await;
    finish(&harness, &mut browser, leads(&answer), ADA).await;

    let mut browser = harness.browser();
    let mut pages = Vec::new();
    for (email, password) in [(ADA, "vexing umbrella 8"), ("eve@example.com", PASSWORD)] {
        let fields = [("email", email), ("password", password)];
        let page = browser.submit("/sign-in", &fields, 401).await;
        assert!(!page.text.contains(password), "{}", page.text);
        pages.push(page.text.replace(email, ""));
    }
    assert_eq!(pages[0], pages[1]);
    let fields = [("email", ADA), ("password", PASSWORD)];
    let answer = browser.submit("/sign-in", &fields, 303).await;
    assert_eq!(leads(&answer), "/account");
    browser.open("/account", 200).await;
    // The second button mails a code, whatever stands in the field.
    let fields = [("email", ADA), ("password", "x"), ("act", "mail_code")];
    let answer = harness.browser().submit("/sign-in", &fields, 303).await;
    assert!(leads(&answer).starts_with("/verify?"), "{}", leads(&answer));
}

/// FLOW-26
#[tokio::test]
async fn a_second_factor_comes_between_the_mailed_code_and_the_cookie() {
    let harness = Harness::start().await;
    let recovery = harness.sign_up(ADA).await.enrol().await;
    for code in [harness.authenticators.code(ADA), recovery[0].clone()] {
        let mut browser = harness.browser();
        let answer = browser.submit("/sign-in", &[("email", ADA)], 303).await;
        let page = browser.open(leads(&answer), 200).await;
        let mailed = harness.mail_code(ADA).await;
        let challenge = hidden(&page)[0].1.clone();
        let fields = [("challenge", challenge.as_str()), ("code", &mailed)];
        let answer = browser.submit("/verify", &fields, 303).await;
        assert_eq!(browser.cookie, None, "a cookie for half a sign-in");
        assert!(leads(&answer).starts_with("/confirm?challenge="));
        let page = browser.open(leads(&answer), 200).await;
        let challenge = hidden(&page)[0].1.clone();
        for wrong in ["000000", "abc", ""] {
            let fields = [("challenge", challenge.as_str()), ("code", wrong)];
            browser.submit("/confirm", &fields, 401).await;
        }
        let spaced = format!(" {code} ");
        let fields = [("challenge", challenge.as_str()), ("code", &spaced)];
        let answer = browser.submit("/confirm", &fields, 303).await;
        assert_eq!(leads(&answer), "/account");
        browser.open("/account", 200).await;
        // Used.
        browser.cookie = None;
        browser.submit("/confirm", &fields, 401).await;
        assert_eq!(browser.cookie, None);
    }
}

#[tokio::test]
async fn the_link_of_a_forgotten_password_sets_a_new_one_once_and_signs_everybody_out() {
    const PASSWORD: &str = "vexing umbrella 9";
    let harness = Harness::start().await;
    harness.sign_up(ADA).await;
    let mut held = signed_in(&harness, "/sign-in", ADA).await;
    let mut browser = harness.browser();
    let page = browser.open("/sign-in", 200).await;
    assert!(page.text.contains("href=\"/forgot\""), "{}", page.text);
    let answer = browser.submit("/forgot", &[("email", ADA)], 303).await;
    let page = browser.open(leads(&answer), 200).await;
    assert!(page.text.contains("role=\"status\""), "{}", page.text);
    let mail = harness.mails(ADA).await.pop().expect("a mail");
    let start = format!("{}/reset?token=", harness.stack.api);
    let link = mail.text.lines().find(|line| line.starts_with(&start));
    let path = &link.expect("a link")[harness.stack.api.len()..];
    let page = browser.open(path, 200).await;
    let token = hidden(&page)[0].1.clone();
    // What is no password uses nothing up.
    for weak in ["", "short", "Password123456789"] {
        let fields = [("token", token.as_str()), ("password", weak)];
        let page = browser.submit("/reset", &fields, 422).await;
        assert_eq!(hidden(&page)[0].1, token, "the form is there again");
    }
    held.open("/account", 200).await;
    let fields = [("token", token.as_str()), ("password", PASSWORD)];
    let page = browser.submit("/reset", &fields, 200).await;
    assert!(page.text.contains("href=\"/sign-in\""), "{}", page.text);
    assert_eq!(browser.cookie, None, "a mailbox alone signs nobody in");
    held.open("/account", 303).await;
    // Used, and never mailed: one answer, and nothing of it is markup.
    let mut told = Vec::new();
    for bad in [token.as_str(), "", "rs_x.y", "\"><script>"] {
        let fields = [("token", bad), ("password", "another umbrella 10")];
        let page = browser.submit("/reset", &fields, 401).await;
        assert!(page.text.contains("href=\"/forgot\""), "{}", page.text);
        told.push(page.text);
    }
    assert!(told.iter().all(|text| *text == told[0]));
    let page = browser.open("/reset?token=%22%3E%3Cscript%3E", 200).await;
    assert!(!page.text.contains("<script"), "{}", page.text);
    let fields = [("email", ADA), ("password", PASSWORD)];
    browser.submit("/sign-in", &fields, 303).await;
    browser.open("/account", 200).await;
}
