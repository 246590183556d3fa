//! The pages: what a browser without scripts can do, what a link alone cannot, and the one cookie.

mod invitations;
mod proofs;
mod settings;

use harness::routes::routes;
use harness::{Answer, Browser, Harness, Member};
use serde_json::json;

/// Who opens the pages.
pub const ADA: &str = "ada@example.com";

/// Where an answer leads.
fn leads(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.header("location")
}

/// The pages with forms, and what their forms send.
const FORMS: [(&str, &[(&str, &str)]); 12] = [
    ("/sign-in", &[("email", ADA)]),
    ("/sign-up", &[("email", ADA), ("adult", "true")]),
    (
        "/verify",
        &[
            ("challenge", "chl_01kf0a1b2c3d4e5f6g7h8j9k0m"),
            ("code", "12345678"),
        ],
    ),
    (
        "/confirm",
        &[
            ("challenge", "chl_01kf0a1b2c3d4e5f6g7h8j9k0m"),
            ("code", "123456"),
        ],
    ),
    ("/account", &[("act", "sign_out")]),
    ("/account/delete", &[("act", "delete")]),
    ("/forgot", &[("email", ADA)]),
    (
        "/reset",
        &[("token", "rs_x.y"), ("password", "vexing umbrella 9")],
    ),
    ("/accept", &[("token", "iv_x.y"), ("name", "Ada")]),
    ("/privacy/confirm", &[("token", "pr_x.y")]),
    ("/support/confirm", &[("token", "x")]),
    (
        "/privacy/copy",
        &[
            ("token", "cp_x.y"),
            ("export", "exp_01kf0a1b2c3d4e5f6g7h8j9k0m"),
            ("part", "0"),
        ],
    ),
];

/// What the form of a page sends for a mailed code.
fn asking<'a>(page: &str, email: &'a str) -> Vec<(&'static str, &'a str)> {
    match page {
        "/sign-up" => vec![("email", email), ("adult", "true")],
        _ => vec![("email", email)],
    }
}

/// A browser in which somebody is signed in, by a mailed code.
pub async fn signed_in(harness: &Harness, page: &str, email: &str) -> Browser {
    let mut browser = harness.browser();
    let answer = browser.submit(page, &asking(page, email), 303).await;
    finish(harness, &mut browser, leads(&answer), email).await;
    browser
}

/// Types the mailed code into the page that `path` leads to; says where that leads.
async fn finish(harness: &Harness, browser: &mut Browser, path: &str, email: &str) -> String {
    let page = browser.open(path, 200).await;
    assert_eq!(browser.cookie, None, "a cookie before anybody is signed in");
    let code = harness.mail_code(email).await;
    let mut fields = hidden(&page);
    fields.push(("code".to_owned(), code));
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let answer = browser.submit("/verify", &fields, 303).await;
    assert!(browser.cookie.is_some(), "signing in sets the cookie");
    leads(&answer).to_owned()
}

/// The hidden fields of a page's form.
fn hidden(page: &Answer) -> Vec<(String, String)> {
    let inputs = page.text.split("<input type=\"hidden\" name=\"").skip(1);
    inputs
        .map(|rest| {
            let (name, rest) = rest.split_once("\" value=\"").expect("a value");
            let (value, _) = rest.split_once('"').expect("its end");
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

async fn invite(harness: &Harness, owner: &Member, email: &str) -> String {
    let workspace = owner.workspace("inbox").await;
    let path = format!("{}/invitations", workspace.path);
    owner
        .post(&path, json!({ "email": email, "role": "agent" }), 202)
        .await;
    harness.mail_token(email).await
}

async fn items(harness: &Harness) -> Vec<String> {
    let mut items = harness.items().await;
    items.sort();
    items
}

/// CALL-05
#[tokio::test]
async fn a_mailed_code_signs_a_browser_in_until_it_signs_out() {
    let harness = Harness::start().await;
    let mut browser = signed_in(&harness, "/sign-up", ADA).await;
    for _ in 0..2 {
        let page = browser.open("/account", 200).await;
        assert!(page.text.contains(ADA), "{}", page.text);
    }
    let held = browser.cookie.clone();
    let answer = browser
        .submit("/account", &[("act", "sign_out")], 303)
        .await;
    assert_eq!(leads(&answer), "/sign-in?signed_out=1");
    assert_eq!(browser.cookie, None, "signing out clears the cookie");
    let page = browser.open("/sign-in?signed_out=1", 200).await;
    assert!(page.text.contains("signed out"), "{}", page.text);
    // Not only forgotten by the browser: whoever kept a copy is out as well.
    browser.cookie = held;
    assert_eq!(leads(&browser.open("/account", 303).await), "/sign-in");

    let mut again = signed_in(&harness, "/sign-in", ADA).await;
    again.open("/account", 200).await;
}

#[tokio::test]
async fn a_session_that_is_over_is_over_for_the_browser_at_once() {
    let harness = Harness::start().await;
    harness.sign_up(ADA).await;
    let mut browser = signed_in(&harness, "/sign-in", ADA).await;
    let cookie = browser.cookie.clone().expect("a cookie");
    // The same session, elsewhere: its renewal takes the place of what the cookie holds.
    let renewed = harness
        .anonymous()
        .post("/v1/auth/refresh", json!({ "refresh_token": cookie }), 200)
        .await;
    assert!(renewed["access_token"].is_string());
    browser.open("/account", 303).await;

    let mut browser = signed_in(&harness, "/sign-in", ADA).await;
    browser.open("/account", 200).await;
    harness.advance(std::time::Duration::from_secs(31 * 24 * 3600));
    browser.open("/account", 303).await;
}

#[tokio::test]
async fn what_is_no_cookie_of_ours_signs_nobody_in() {
    let harness = Harness::start().await;
    harness.sign_up(ADA).await;
    let browser = signed_in(&harness, "/sign-in", ADA).await;
    let cookie = browser.cookie.clone().expect("a cookie");
    let (place, secret) = cookie.split_once('.').expect("place and secret");
    let turned = if secret.starts_with('A') { "B" } else { "A" };
    let forged = format!("{place}.{turned}{}", &secret[1..]);
    for other in ["", "x", place, &forged, &cookie.replace("rt_", "vt_")] {
        let mut browser = browser.clone();
        browser.cookie = Some(other.to_owned());
        assert_eq!(leads(&browser.open("/account", 303).await), "/sign-in");
    }
    // The right one twice: which of them a page planted is not known.
    let mut twice = browser.with_header("cookie", &format!("__Host-sid={forged}"));
    twice.open("/account", 303).await;
    let mut good = browser.clone();
    good.open("/account", 200).await;
}

#[tokio::test]
async fn opening_a_page_changes_nothing_and_sets_no_cookie() {
    let harness = Harness::start().await;
    let owner = harness.sign_up(ADA).await;
    let token = invite(&harness, &owner, "bob@example.com").await;
    let mut browser = harness.browser();
    browser.submit("/forgot", &[("email", ADA)], 303).await;
    let reset = harness.mail_token(ADA).await;
    let before = items(&harness).await;
    let mails = harness.stack.mailbox.list().len();
    for path in [
        "/sign-in".to_owned(),
        "/sign-up".to_owned(),
        format!("/sign-up?invitation={token}"),
        "/verify?challenge=chl_01kf0a1b2c3d4e5f6g7h8j9k0m".to_owned(),
        "/confirm?challenge=chl_01kf0a1b2c3d4e5f6g7h8j9k0m".to_owned(),
        "/forgot?asked=1".to_owned(),
        format!("/reset?token={reset}"),
        format!("/accept?token={token}"),
    ] {
        for _ in 0..2 {
            let page = browser.open(&path, 200).await;
            assert_eq!(page.header("set-cookie"), "", "{path}");
        }
    }
    browser.open("/account", 303).await;
    assert_eq!(items(&harness).await, before);
    harness.drain().await;
    assert_eq!(harness.stack.mailbox.list().len(), mails);
}

#[tokio::test]
async fn every_page_shuts_out_scripts_frames_caches_and_other_hosts() {
    let harness = Harness::start().await;
    let owner = harness.sign_up(ADA).await;
    let token = invite(&harness, &owner, "bob@example.com").await;
    let mut browser = signed_in(&harness, "/sign-in", ADA).await;
    let pages = [
        ("/sign-in".to_owned(), 200),
        ("/sign-up".to_owned(), 200),
        (
            "/verify?challenge=chl_01kf0a1b2c3d4e5f6g7h8j9k0m".to_owned(),
            200,
        ),
        (
            "/confirm?challenge=chl_01kf0a1b2c3d4e5f6g7h8j9k0m".to_owned(),
            200,
        ),
        ("/account".to_owned(), 200),
        (format!("/accept?token={token}"), 404),
        ("/forgot".to_owned(), 200),
        ("/reset?token=rs_x.y".to_owned(), 200),
        ("/unsubscribe?token=un_x".to_owned(), 404),
        ("/privacy/confirm?token=pr_x.y".to_owned(), 200),
        ("/support/confirm?token=x".to_owned(), 200),
        ("/privacy/copy?token=cp_x.y".to_owned(), 401),
        ("/verify".to_owned(), 422),
        ("/sign-in?x=1".to_owned(), 400),
    ];
    let asked: Vec<&str> = pages
        .iter()
        .filter_map(|(path, _)| path.split('?').next())
        .collect();
    for route in routes() {
        let page = route.path.split('/').count() == 2
            && route.operation()["responses"]["404"]["content"]["text/html"].is_object();
        assert!(
            !page || asked.contains(&route.path.as_str()),
            "ask for {} here",
            route.path
        );
    }
    for (path, status) in pages {
        let page = browser.open(&path, status).await;
        let policy = page.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("content-type", "text/html; charset=utf-8"),
            ("content-language", "en"),
        ] {
            assert_eq!(page.header(name), value, "{path}");
        }
        for word in [
            "<script",
            "javascript:",
            " on",
            "http://",
            "https://",
            "src=",
        ] {
            // Words may begin with these letters; attributes do so within a tag.
            let tags = page
                .text
                .split('<')
                .skip(1)
                .filter_map(|rest| rest.split('>').next());
            let found = tags
                .filter(|tag| !tag.starts_with("style"))
                .any(|tag| format!("<{tag}").contains(word));
            assert!(!found, "{path} has {word}");
        }
    }
}

#[tokio::test]
async fn a_form_from_another_site_is_refused_and_changes_nothing() {
    let harness = Harness::start().await;
    harness.sign_up(ADA).await;
    let browser = signed_in(&harness, "/sign-in", ADA).await;
    let before = items(&harness).await;
    let foreign = [
        [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ],
        [("sec-fetch-site", "same-site"), ("origin", "null")],
        [("sec-fetch-site", "none"), ("origin", "null")],
        [
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://evil.example"),
        ],
        [
            ("sec-fetch-site", "cross-site"),
            ("origin", &harness.stack.api),
        ],
    ];
    for (path, fields) in FORMS {
        for headers in &foreign {
            let mut browser = browser.clone();
            for (name, value) in headers {
                browser = browser.with_header(name, value);
            }
            let page = browser.submit(path, fields, 403).await;
            assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
            assert_eq!(page.header("set-cookie"), "", "{path}");
        }
    }
    assert_eq!(items(&harness).await, before);
    let mut browser = browser.clone();
    browser.open("/account", 200).await;
    // A browser that does not say where from, but whose origin is ours, is taken.
    let program = harness
        .anonymous()
        .with_header("content-type", "application/x-www-form-urlencoded");
    let form = format!("email={}", "ada%40example.com");
    let bare = program
        .send_raw(
            harness::method("POST"),
            "/sign-in",
            form.clone().into_bytes(),
        )
        .await;
    assert_eq!(
        (bare.status, bare.body["code"].as_str()),
        (403, Some("cross_site"))
    );
}

#[tokio::test]
async fn a_form_is_a_form_with_its_own_fields() {
    let harness = Harness::start().await;
    let before = items(&harness).await;
    let large = "a".repeat(1024 * 1024);
    for (path, fields) in FORMS {
        let mut browser = harness.browser();
        let mut more = fields.to_vec();
        more.push(("role", "owner"));
        browser.submit(path, &more, 400).await;
        let twice: Vec<_> = fields.iter().chain(fields).copied().collect();
        browser.submit(path, &twice, 422).await;
        browser.submit(path, &[], 422).await;
        browser.submit(path, &[(fields[0].0, &large)], 413).await;
        let mut json = browser.with_header("content-type", "application/json");
        json.submit(path, fields, 415).await;
    }
    assert_eq!(items(&harness).await, before);
}

#[tokio::test]
async fn a_wrong_code_shows_the_form_again_and_five_are_looked_at() {
    let harness = Harness::start().await;
    harness.sign_up(ADA).await;
    let mut browser = harness.browser();
    let answer = browser.submit("/sign-in", &[("email", ADA)], 303).await;
    let page = browser.open(leads(&answer), 200).await;
    let code = harness.mail_code(ADA).await;
    let challenge = hidden(&page)[0].1.clone();
    let wrong = if code == "00000000" {
        "00000001"
    } else {
        "00000000"
    };
    for text in ["", "1234", "abcdefgh", "<b>"] {
        let fields = [("challenge", challenge.as_str()), ("code", text)];
        let page = browser.submit("/verify", &fields, 401).await;
        assert!(!page.text.contains("<b>"), "{}", page.text);
    }
    for _ in 0..5 {
        let fields = [("challenge", challenge.as_str()), ("code", wrong)];
        let page = browser.submit("/verify", &fields, 401).await;
        assert!(page.text.contains("role=\"alert\""), "{}", page.text);
        assert_eq!(hidden(&page)[0].1, challenge, "the form is there again");
    }
    let fields = [("challenge", challenge.as_str()), ("code", code.as_str())];
    browser.submit("/verify", &fields, 401).await;
    assert_eq!(browser.cookie, None);
}

#[tokio::test]
async fn blanks_in_a_code_do_not_matter() {
    let harness = Harness::start().await;
    harness.sign_up(ADA).await;
    let mut browser = harness.browser();
    let answer = browser.submit("/sign-in", &[("email", ADA)], 303).await;
    let page = browser.open(leads(&answer), 200).await;
    let code = harness.mail_code(ADA).await;
    let spaced = format!(" {} {} ", &code[..4], &code[4..]);
    let challenge = hidden(&page)[0].1.clone();
    let fields = [("challenge", challenge.as_str()), ("code", &spaced)];
    browser.submit("/verify", &fields, 303).await;
    browser.open("/account", 200).await;
}

#[tokio::test]
async fn the_page_does_not_tell_whether_an_address_has_an_account() {
    let harness = Harness::start().await;
    harness.sign_up(ADA).await;
    let mut answers = Vec::new();
    for page in ["/sign-in", "/sign-up", "/forgot"] {
        for email in [ADA, "nobody@example.com"] {
            let mut browser = harness.browser();
            harness.app_of("auth").meter.take();
            let answer = browser.submit(page, &asking(page, email), 303).await;
            let calls = harness.app_of("auth").meter.take().operations().join(" ");
            let path = leads(&answer)
                .split('=')
                .next()
                .unwrap_or_default()
                .to_owned();
            answers.push((page, path, leads(&answer).len(), answer.text.len(), calls));
        }
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[2], answers[3]);
    assert_eq!(answers[4], answers[5]);
}

#[tokio::test]
async fn an_address_that_is_none_shows_the_form_again_and_is_no_markup() {
    let harness = Harness::start().await;
    let before = items(&harness).await;
    for page in ["/sign-in", "/sign-up", "/forgot"] {
        for email in [
            "ada",
            "ada@example.com\r\nBcc: eve@example.com",
            "\u{430}da@example.com",
            "\"><script>alert(1)</script>@x",
        ] {
            let mut browser = harness.browser();
            let answer = browser.submit(page, &asking(page, email), 422).await;
            assert!(answer.text.contains("role=\"alert\""), "{}", answer.text);
            assert!(!answer.text.contains("<script"), "{}", answer.text);
        }
    }
    assert_eq!(items(&harness).await, before);
}

#[tokio::test]
async fn the_account_page_lists_where_somebody_is_signed_in_and_ends_one_of_their_own() {
    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let harness = Harness::start().await;
    let elsewhere = harness.sign_up(ADA).await;
    let mut browser = harness.browser().with_header("user-agent", FIREFOX);
    let answer = browser.submit("/sign-in", &[("email", ADA)], 303).await;
    finish(&harness, &mut browser, leads(&answer), ADA).await;
    let page = browser.open("/account", 200).await;
    for part in ["Firefox on Linux", "(this one)", "2026-01-15"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    let others = hidden(&page);
    assert_eq!(others.len(), 1, "no button for this one");
    let session = others[0].1.clone();
    let end = [("act", "end_session"), ("session", session.as_str())];
    // Somebody else's button does not reach it.
    let mut eve = signed_in(&harness, "/sign-up", "eve@example.com").await;
    eve.submit("/account", &end, 303).await;
    elsewhere.get("/v1/account", 200).await;
    browser.submit("/account", &end[..1], 422).await;
    for bad in ["", "x", "acc_01kf0a1b2c3d4e5f6g7h8j9k0m"] {
        let fields = [("act", "end_session"), ("session", bad)];
        browser.submit("/account", &fields, 422).await;
    }
    let mut nobody = harness.browser();
    let answer = nobody.submit("/account", &end, 303).await;
    assert_eq!(leads(&answer), "/sign-in");
    elsewhere.get("/v1/account", 200).await;
    for _ in 0..2 {
        // Over already is as good as ended.
        let answer = browser.submit("/account", &end, 303).await;
        assert_eq!(leads(&answer), "/account");
    }
    elsewhere
        .refused(
            harness::method("GET"),
            "/v1/account",
            None,
            401,
            "token_invalid",
        )
        .await;
    let page = browser.open("/account", 200).await;
    assert!(hidden(&page).is_empty(), "{}", page.text);
}
