//! The pages of passkeys: their one script, and the forms that it sends.

use harness::{Answer, Browser, Harness};
use serde_json::Value;

use super::{ADA, with_passkey};

const PAGE: &str = "/account/passkeys";

/// What a page asks the browser.
fn options(page: &Answer) -> Value {
    let data = page.text.split("data-options=\"").nth(1);
    let data = data.and_then(|rest| rest.split('"').next());
    let data = data.expect("a page that asks").replace("&quot;", "\"");
    serde_json::from_str(&data).expect("options")
}

/// A hidden field of a page.
fn field(page: &Answer, name: &str) -> String {
    let marker = format!("name=\"{name}\" value=\"");
    let value = page.text.split(&marker).nth(1);
    let value = value.and_then(|rest| rest.split('"').next());
    value.unwrap_or_else(|| panic!("no {name}")).to_owned()
}

/// Signs a browser in by mailed code, as far as that goes: where it is led.
async fn first_half(harness: &Harness, browser: &mut Browser) -> String {
    let form = [("email", ADA), ("password", ""), ("act", "mail_code")];
    let to = browser.submit("/sign-in", &form, 303).await;
    let challenge = to
        .header("location")
        .split('=')
        .nth(1)
        .expect("a challenge")
        .to_owned();
    let code = harness.mail_code(ADA).await;
    let form = [("challenge", challenge.as_str()), ("code", &code)];
    let to = browser.submit("/verify", &form, 303).await;
    to.header("location").to_owned()
}

/// A page asks with a script that its policy names, and with nothing else that runs.
fn asks(page: &Answer) {
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("script-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    let script = page.text.split("<script>").nth(1).expect("a script");
    let script = script.split("</script>").next().expect("its end");
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, script.as_bytes());
    let hash = data_encoding::BASE64.encode(hash.as_ref());
    assert!(policy.contains(&hash), "another script than the policy's");
    assert_eq!(page.text.matches("<script").count(), 1);
    for word in [" onclick=", "javascript:", " src="] {
        assert!(!page.text.contains(word), "{word}");
    }
}

#[tokio::test]
async fn a_passkey_is_added_and_used_and_removed_in_a_browser() {
    let harness = Harness::start().await;
    harness.sign_up(ADA).await;
    let mut browser = harness.browser();
    assert_eq!(browser.open(PAGE, 303).await.header("location"), "/sign-in");
    assert_eq!(first_half(&harness, &mut browser).await, "/account");
    let page = browser.open(PAGE, 200).await;
    assert!(!page.header("content-security-policy").contains("script"));
    browser
        .submit(PAGE, &[("act", "add"), ("name", " ")], 422)
        .await;
    let page = browser
        .submit(PAGE, &[("act", "add"), ("name", "blue <key>")], 200)
        .await;
    asks(&page);
    let mut key = harness.security_key();
    let given = key.create(&options(&page)).to_string();
    let ceremony = field(&page, "ceremony");
    let form = [
        ("act", "added"),
        ("ceremony", ceremony.as_str()),
        ("name", "blue <key>"),
        ("credential", &given),
    ];
    let codes = browser.submit(PAGE, &form, 200).await;
    assert_eq!(codes.text.matches("<li>").count(), 10);
    let again = browser.submit(PAGE, &form, 401).await;
    assert!(again.text.contains("was not accepted"));
    let page = browser.open(PAGE, 200).await;
    assert!(page.text.contains("blue &lt;key&gt;"), "{}", page.text);
    let passkey = field(&page, "passkey");

    // Another browser signs in with it.
    let mut other = harness.browser();
    let path = first_half(&harness, &mut other).await;
    assert!(path.starts_with("/confirm?challenge="), "{path}");
    let page = other.open(&path, 200).await;
    assert!(page.text.contains("action=\"/confirm/passkey\""));
    let challenge = path.split('=').nth(1).expect("a challenge").to_owned();
    let page = other
        .submit("/confirm/passkey", &[("challenge", &challenge)], 200)
        .await;
    asks(&page);
    assert_eq!(other.cookie, None);
    let wrong = [("challenge", challenge.as_str()), ("credential", "{}")];
    other.submit("/confirm/passkey", &wrong, 401).await;
    let page = other
        .submit("/confirm/passkey", &[("challenge", &challenge)], 200)
        .await;
    let given = key.get(&options(&page)).to_string();
    let form = [("challenge", challenge.as_str()), ("credential", &given)];
    let to = other.submit("/confirm/passkey", &form, 303).await;
    assert_eq!(to.header("location"), "/account");
    other.open("/account", 200).await;

    // It is removed where it is named.
    browser
        .submit(PAGE, &[("act", "remove"), ("passkey", &passkey)], 303)
        .await;
    let page = browser.open(PAGE, 200).await;
    assert!(!page.text.contains("blue"));
    assert_eq!(
        other.open("/account", 303).await.header("location"),
        "/sign-in"
    );
}

#[tokio::test]
async fn the_page_that_asks_for_a_proof_takes_a_passkey() {
    let harness = Harness::start().await;
    let (_, mut key, _) = with_passkey(&harness, ADA).await;
    let mut browser = harness.browser();
    let path = first_half(&harness, &mut browser).await;
    let challenge = path.split('=').nth(1).expect("a challenge").to_owned();
    let ask = [("challenge", challenge.as_str())];
    let page = browser.submit("/confirm/passkey", &ask, 200).await;
    let given = key.get(&options(&page)).to_string();
    let form = [("challenge", challenge.as_str()), ("credential", &given)];
    browser.submit("/confirm/passkey", &form, 303).await;
    let before = browser.cookie.clone();
    harness.advance(std::time::Duration::from_secs(11 * 60));
    let proof = "/account?page=prove&next=passkeys";
    assert_eq!(browser.open(PAGE, 303).await.header("location"), proof);
    let page = browser.open(proof, 200).await;
    assert!(page.text.contains("value=\"ask_proof\""));
    let ask = [("act", "ask_proof"), ("next", "passkeys")];
    let page = browser.submit(PAGE, &ask, 200).await;
    asks(&page);
    let ceremony = field(&page, "ceremony");
    let prove = |given: &str| {
        [
            ("act", "prove".to_owned()),
            ("next", "passkeys".to_owned()),
            ("ceremony", ceremony.clone()),
            ("credential", given.to_owned()),
        ]
    };
    let form = prove(&key.get(&options(&page)).to_string());
    let form: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let to = browser.submit(PAGE, &form, 303).await;
    assert_eq!(to.header("location"), PAGE);
    assert_ne!(browser.cookie, before);
    browser.open(PAGE, 200).await;
    // Once.
    browser.submit(PAGE, &form, 401).await;
}

#[tokio::test]
async fn no_other_site_sends_the_forms_and_nobody_without_a_cookie() {
    let harness = Harness::start().await;
    for (path, form) in [
        (PAGE, [("act", "add"), ("name", "key")].as_slice()),
        (
            "/confirm/passkey",
            [("challenge", "chl_01kf0a1b2c3d4e5f6g7h8j9k0m")].as_slice(),
        ),
    ] {
        let mut elsewhere = harness
            .browser()
            .with_header("sec-fetch-site", "cross-site");
        elsewhere.submit(path, form, 403).await;
    }
    let mut browser = harness.browser();
    let form = [("act", "add"), ("name", "key")];
    let to = browser.submit(PAGE, &form, 303).await;
    assert_eq!(to.header("location"), "/sign-in");
}
