//! Sign-in of teams through their own providers, against one on this machine: whom it lets in, into what,
//! and everything that a bad provider or a stranger might try.

mod provider;
mod sessions;

use std::collections::HashMap;
use std::time::Duration;

use harness::provider::{BACK, Provider, Signing};
use harness::{Answer, Client, Harness, Member, Workspace, text};
use reqwest::Method;
use serde_json::{Value, json};

/// A workspace whose team signs in through a provider.
struct Team {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    provider: Provider,
}

/// A sign-in that a program began.
struct Begun {
    handle: String,
    url: String,
}

impl Team {
    async fn new(profile: &str) -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("owner@example.com").await;
        let workspace = owner.workspace(profile).await;
        let provider = Provider::start(&harness.stack.clock).await;
        let team = Self {
            harness,
            owner,
            workspace,
            provider,
        };
        let setting = team.provider.setting();
        team.owner.put(&team.place(), setting, 200).await;
        team
    }

    fn place(&self) -> String {
        format!("{}/oidc", self.workspace.path)
    }

    fn way(&self, step: &str) -> String {
        format!("/v1/auth/oidc/{}/{step}", self.workspace.id)
    }

    async fn change(&self, more: Value) -> Answer {
        let mut setting = self.provider.setting();
        for (name, value) in more.as_object().into_iter().flatten() {
            setting[name] = value.clone();
        }
        let seen = self.owner.send(Method::GET, &self.place(), None).await;
        let owner = self.owner.with_header("if-match", seen.header("etag"));
        owner.send(Method::PUT, &self.place(), Some(setting)).await
    }

    async fn begin(&self, who: &Client) -> Begun {
        let body = json!({ "redirect_uri": BACK, "adult": true });
        let begun = who.post(&self.way("start"), body, 200).await;
        Begun {
            handle: text(&begun, "sign_in"),
            url: text(&begun, "authorization_url"),
        }
    }

    async fn finish(&self, handle: &str, answer: &HashMap<String, String>) -> Answer {
        let mut body = json!({ "sign_in": handle });
        for (name, value) in answer {
            body[name] = json!(value);
        }
        let way = self.way("finish");
        let anonymous = self.harness.anonymous();
        anonymous.send(Method::POST, &way, Some(body)).await
    }

    /// A whole sign-in by a program.
    async fn sign_in(&self) -> Answer {
        let begun = self.begin(&self.harness.anonymous()).await;
        let answer = self.provider.come(&begun.url);
        self.finish(&begun.handle, &answer).await
    }

    /// Somebody who came in through the provider.
    async fn colleague(&self) -> Client {
        let signed = self.sign_in().await;
        assert_eq!(signed.status, 200, "{}", signed.text);
        self.with(&signed.body).await
    }

    async fn with(&self, signed: &Value) -> Client {
        let body = json!({ "refresh_token": signed["refresh_token"] });
        let anonymous = self.harness.anonymous();
        let tokens = anonymous.post("/v1/auth/refresh", body, 200).await;
        anonymous.with_token(&text(&tokens, "access_token"))
    }

    /// Everything that is stored, but counts of limits and sign-ins on their way.
    async fn kept(&self) -> Vec<String> {
        let mut items = self.harness.items().await;
        items.retain(|item| !item.contains("COUNTER#") && !item.contains("TeamAttempt"));
        items.sort();
        items
    }
}

fn failed(answer: &Answer, what: &str) {
    let seen = (answer.status, answer.body["code"].as_str());
    let expected = (401, Some("team_sign_in_failed"));
    assert_eq!(seen, expected, "{what}: {}", answer.text);
}

#[tokio::test]
async fn a_colleague_comes_in_through_the_provider_and_is_known_again() {
    let team = Team::new("inbox").await;
    let first = team.colleague().await;
    let seen = first.get(&team.workspace.path, 200).await;
    assert_eq!(seen["role"], "agent");
    let again = team.colleague().await.get(&team.workspace.path, 200).await;
    assert_eq!(again["member_id"], seen["member_id"]);
    let members = format!("{}/members", team.workspace.path);
    let members = team.owner.get(&members, 200).await;
    let names = members["data"].as_array().expect("members").iter();
    let names: Vec<&Value> = names.map(|member| &member["name"]).collect();
    assert!(names.contains(&&json!("Ada Lovelace")), "{names:?}");
    // The secret is told to nobody.
    let shown = team.owner.get(&team.place(), 200).await.to_string();
    assert!(!shown.contains("secret:"), "{shown}");
}

#[tokio::test]
async fn a_session_of_a_team_opens_its_workspace_and_nothing_else() {
    let team = Team::new("inbox").await;
    let colleague = team.colleague().await;
    // The same account, in a workspace of somebody else.
    let other = team.harness.sign_up("other@example.org").await;
    let elsewhere = other.workspace("inbox").await;
    let invitations = format!("{}/invitations", elsewhere.path);
    let invitation = json!({ "email": "ada@example.com", "role": "admin" });
    other.post(&invitations, invitation, 202).await;
    let token = team.harness.mail_token("ada@example.com").await;
    let accept = json!({ "token": token, "name": "Ada" });
    let refused = async |method: Method, path: &str, body: Option<Value>| {
        colleague
            .refused(method, path, body, 403, "team_session")
            .await;
    };
    refused(Method::POST, "/v1/invitations/accept", Some(accept.clone())).await;
    let account = team.harness.sign_in("ada@example.com").await;
    account.post("/v1/invitations/accept", accept, 200).await;
    refused(Method::GET, &elsewhere.path, None).await;
    refused(Method::GET, "/v1/workspaces", None).await;
    refused(Method::GET, "/v1/auth/sessions", None).await;
    refused(Method::DELETE, "/v1/auth/sessions", None).await;
    refused(Method::DELETE, "/v1/account", None).await;
    refused(Method::POST, "/v1/account/totp", None).await;
    let mine = json!({ "name": "Mine", "profile": "inbox", "member_name": "Ada" });
    refused(Method::POST, "/v1/workspaces", Some(mine)).await;
    let address = json!({ "email": "eve@example.com" });
    refused(Method::POST, "/v1/account/address", Some(address)).await;
    // What tells and changes nothing of the account is open; so is the way out.
    colleague.get("/v1/account", 200).await;
    account.get(&elsewhere.path, 200).await;
    let out = colleague.send(Method::POST, "/v1/auth/logout", None).await;
    assert_eq!(out.status, 204);
    let path = &team.workspace.path;
    colleague
        .refused(Method::GET, path, None, 401, "token_invalid")
        .await;
}

#[tokio::test]
async fn an_account_that_was_there_is_joined_only_when_it_began_the_sign_in() {
    let team = Team::new("inbox").await;
    let ada = team.harness.sign_up("ada@example.com").await;
    let before = team.kept().await;
    let refused = team.sign_in().await;
    let seen = (refused.status, refused.body["code"].as_str());
    assert_eq!(seen, (403, Some("link_required")), "{}", refused.text);
    // Somebody else's account does not help either.
    let eve = team.harness.sign_up("eve@example.com").await;
    let begun = team.begin(&eve).await;
    let answer = team.provider.come(&begun.url);
    let refused = team.finish(&begun.handle, &answer).await;
    assert_eq!(refused.body["code"], "link_required", "{}", refused.text);
    assert!(team.kept().await.len() > before.len(), "eve has an account");
    let begun = team.begin(&ada).await;
    let answer = team.provider.come(&begun.url);
    let joined = team.finish(&begun.handle, &answer).await;
    assert_eq!(joined.status, 200, "{}", joined.text);
    assert_eq!(joined.body["account"], ada.account_id.as_str());
    // From then on the provider's own name is enough, whatever address it says.
    team.provider
        .now(|says| says.claims = json!({ "email": "ada.lovelace@example.com" }));
    let again = team.sign_in().await;
    assert_eq!(again.body["account"], ada.account_id.as_str());
}

#[tokio::test]
async fn what_a_provider_says_wrongly_lets_nobody_in() {
    let team = Team::new("inbox").await;
    let before = team.kept().await;
    let other = Provider::start(&team.harness.stack.clock)
        .await
        .issuer
        .clone();
    let now = team.harness.now().seconds();
    let claims = [
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "aud": "another" }),
        json!({ "aud": ["sotto", "another"] }),
        json!({ "azp": "another" }),
        json!({ "iss": other }),
        json!({ "exp": now - 61 }),
        json!({ "exp": null }),
        json!({ "iat": now + 3600 }),
        json!({ "sub": "" }),
        json!({ "sub": "x".repeat(256) }),
        json!({ "email_verified": false }),
        json!({ "email_verified": null }),
        json!({ "email_verified": "yes" }),
        json!({ "email": "ada@example.org" }),
        json!({ "email": "ada@below.example.com" }),
        json!({ "email": "ada@notexample.com" }),
        json!({ "email": "no address" }),
        json!({ "email": null }),
    ];
    for wrong in claims {
        team.provider.now(|says| says.claims = wrong.clone());
        failed(&team.sign_in().await, &wrong.to_string());
    }
    team.provider.now(|says| says.claims = json!({}));
    for signing in [
        Signing::Nothing,
        Signing::OtherKey,
        Signing::PublicAsSecret,
        Signing::UnknownName,
    ] {
        team.provider.now(|says| says.signing = signing);
        failed(&team.sign_in().await, &format!("{signing:?}"));
    }
    team.provider.now(|says| says.signing = Signing::Own);
    assert_eq!(
        team.kept().await,
        before,
        "a refused sign-in changed something"
    );
    assert_eq!(
        team.sign_in().await.status,
        200,
        "so the refusals mean something"
    );
}

#[tokio::test]
async fn a_sign_in_ends_once_where_it_began_and_for_the_provider_that_was_asked() {
    let team = Team::new("inbox").await;
    let anonymous = team.harness.anonymous();
    let before = team.kept().await;
    let (a, b) = (team.begin(&anonymous).await, team.begin(&anonymous).await);
    let answer = team.provider.come(&a.url);
    // Somebody who caught the answer on its way, and then the one who began: it is used up.
    failed(&team.finish(&b.handle, &answer).await, "a foreign handle");
    failed(&team.finish(&a.handle, &answer).await, "used up");
    for (name, value) in [
        ("state", "os_x.y".to_owned()),
        ("state", format!("{}A", answer["state"])),
        ("iss", "https://id.example.com".to_owned()),
        ("iss", String::new()),
        ("code", "code-of-nobody".to_owned()),
    ] {
        let begun = team.begin(&anonymous).await;
        let mut answer = team.provider.come(&begun.url);
        answer.insert(name.to_owned(), value.clone());
        failed(
            &team.finish(&begun.handle, &answer).await,
            &format!("{name}={value}"),
        );
    }
    // RFC 9207: the provider promised to name itself.
    let begun = team.begin(&anonymous).await;
    let mut answer = team.provider.come(&begun.url);
    answer.remove("iss");
    failed(
        &team.finish(&begun.handle, &answer).await,
        "nobody's answer",
    );
    // Another workspace's way.
    let elsewhere = team.owner.workspace("inbox").await;
    let begun = team.begin(&anonymous).await;
    let answer = team.provider.come(&begun.url);
    let body = json!({ "sign_in": begun.handle, "code": answer["code"], "state": answer["state"] });
    let way = format!("/v1/auth/oidc/{}/finish", elsewhere.id);
    let refused = anonymous.send(Method::POST, &way, Some(body)).await;
    failed(&refused, "the way of another workspace");
    let begun = team.begin(&anonymous).await;
    let answer = team.provider.come(&begun.url);
    team.harness.advance(Duration::from_secs(600));
    failed(
        &team.finish(&begun.handle, &answer).await,
        "ten minutes later",
    );
    let after = team.kept().await;
    assert!(before.iter().all(|item| after.contains(item)));
    // A code that was exchanged is no good again, under whatever sign-in.
    let begun = team.begin(&anonymous).await;
    let answer = team.provider.come(&begun.url);
    assert_eq!(team.finish(&begun.handle, &answer).await.status, 200);
    failed(&team.finish(&begun.handle, &answer).await, "twice");
}

#[tokio::test]
async fn who_is_let_go_by_provider_owner_or_team_is_out_at_once_and_does_not_come_back() {
    let team = Team::new("inbox").await;
    let path = team.workspace.path.clone();
    let anonymous = team.harness.anonymous();
    let form = anonymous.with_header("content-type", "application/x-www-form-urlencoded");
    let say = async |token: String| {
        let body = format!("logout_token={token}").into_bytes();
        form.send_raw(Method::POST, &team.way("backchannel-logout"), body)
            .await
    };
    let event = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    let colleague = team.colleague().await;
    let ticket = format!("{path}/realtime/tickets");
    let ticket = colleague.post(&ticket, json!({}), 201).await;
    let mut socket = harness::Socket::open(&text(&ticket, "url")).await;
    // What is no logout token ends nothing.
    let old = team.harness.now().seconds() - 700;
    for wrong in [
        json!({}),
        json!({ "events": event, "nonce": "n" }),
        json!({ "events": event, "iat": old }),
        json!({ "events": event, "aud": "another" }),
        json!({ "events": {} }),
    ] {
        let answer = say(team.provider.token(&wrong)).await;
        assert_eq!(
            answer.body["code"], "logout_token_invalid",
            "{wrong}: {}",
            answer.text
        );
    }
    colleague.get(&path, 200).await;
    let stranger = team
        .provider
        .token(&json!({ "events": event, "sub": "person-2" }));
    assert_eq!(say(stranger).await.status, 204);
    colleague.get(&path, 200).await;
    let token = team.provider.token(&json!({ "events": event }));
    for _ in 0..2 {
        assert_eq!(say(token.clone()).await.status, 204);
    }
    colleague
        .refused(Method::GET, &path, None, 401, "token_invalid")
        .await;
    team.harness.drain().await;
    socket.closed().await;
    // By the team: signing in once more does not bring them back.
    let colleague = team.colleague().await;
    let member = text(&colleague.get(&path, 200).await, "member_id");
    team.owner
        .delete(&format!("{path}/members/{member}"), 202)
        .await;
    colleague
        .refused(Method::GET, &path, None, 404, "not_found")
        .await;
    failed(&team.sign_in().await, "removed from the team");
    // By the owner, who removes the provider; whoever comes after the next one is somebody new.
    team.provider.now(|says| {
        says.claims = json!({ "sub": "person-3", "email": "grace@example.com", "name": "Grace" });
    });
    let grace = team.colleague().await;
    grace.get(&path, 200).await;
    let owner = team.owner.with_header("if-match", "\"1\"");
    let gone = owner.send(Method::DELETE, &team.place(), None).await;
    assert_eq!(gone.status, 204, "{}", gone.text);
    grace
        .refused(Method::GET, &path, None, 401, "token_invalid")
        .await;
    let left = team.harness.items().await;
    assert!(!left.iter().any(|item| item.contains("TeamIdentity")));
    let start = json!({ "redirect_uri": BACK });
    anonymous
        .refused(
            Method::POST,
            &team.way("start"),
            Some(start),
            404,
            "not_found",
        )
        .await;
    team.owner
        .refused(Method::GET, &team.place(), None, 404, "not_found")
        .await;
}

#[tokio::test]
async fn a_second_factor_at_the_provider_counts_where_the_owner_says_so_and_ours_holds_elsewhere() {
    let team = Team::new("flows").await;
    let path = team.workspace.path.clone();
    team.provider
        .now(|says| says.claims = json!({ "amr": ["pwd", "otp"] }));
    let colleague = team.colleague().await;
    colleague
        .refused(Method::GET, &path, None, 403, "second_factor_required")
        .await;
    let set = team.change(json!({ "accepted_factors": ["otp"] })).await;
    assert_eq!(set.status, 200, "{}", set.text);
    team.colleague().await.get(&path, 200).await;
    team.provider
        .now(|says| says.claims = json!({ "amr": ["pwd"] }));
    let colleague = team.colleague().await;
    colleague
        .refused(Method::GET, &path, None, 403, "second_factor_required")
        .await;
    // An account with a factor of its own proves it, and gets a session of the team all the same.
    let ada = team.harness.sign_in("ada@example.com").await;
    ada.enrol().await;
    let halfway = team.sign_in().await;
    assert_eq!(halfway.status, 200, "{}", halfway.text);
    assert!(halfway.body["refresh_token"].is_null());
    let proof = json!({
        "challenge_id": halfway.body["second_factor"]["challenge_id"],
        "code": team.harness.authenticators.code("ada@example.com"),
    });
    let anonymous = team.harness.anonymous();
    let passed = anonymous.post("/v1/auth/second-factor", proof, 200).await;
    let colleague = team
        .harness
        .anonymous()
        .with_token(&text(&passed, "access_token"));
    colleague.get(&path, 200).await;
    colleague
        .refused(Method::GET, "/v1/workspaces", None, 403, "team_session")
        .await;
}

#[tokio::test]
async fn where_the_team_is_the_only_way_in_owners_alone_come_by_their_accounts() {
    let team = Team::new("inbox").await;
    let path = team.workspace.path.clone();
    let bob = team
        .harness
        .join(&team.owner, &team.workspace, "bob@example.com", "agent")
        .await;
    bob.get(&path, 200).await;
    let set = team.change(json!({ "ways_in": "team" })).await;
    assert_eq!(set.status, 200, "{}", set.text);
    bob.refused(Method::GET, &path, None, 403, "team_sign_in_required")
        .await;
    team.owner.get(&path, 200).await;
    team.colleague().await.get(&path, 200).await;
}

#[tokio::test]
async fn a_browser_types_back_the_digits_that_it_was_shown() {
    let team = Team::new("inbox").await;
    let mut browser = team.harness.browser();
    browser.open("/sign-in/team", 200).await;
    browser
        .submit("/sign-in/team", &[("workspace", "nothing")], 404)
        .await;
    let fields = [("workspace", team.workspace.id.as_str()), ("adult", "yes")];
    let between = |text: &str, open: &str, close: &str| {
        let rest = text.split(open).nth(1).unwrap_or_default();
        rest.split(close)
            .next()
            .unwrap_or_default()
            .replace("&amp;", "&")
    };
    for right in [false, true] {
        let page = browser.submit("/sign-in/team", &fields, 200).await;
        assert!(
            browser.cookie.is_none(),
            "a cookie before anybody is signed in"
        );
        let digits = between(&page.text, "id=\"digits\">", "<");
        let url = between(&page.text, "id=\"provider\" href=\"", "\"");
        let answer = team.provider.come(&url);
        let back = form_query(&answer);
        let path = format!("/sign-in/team/{}", team.workspace.id);
        let shown = browser
            .open(&format!("{path}?{back}&session_state=x"), 200)
            .await;
        assert!(shown.text.contains(&answer["code"]));
        let wrong = if digits == "0000" { "0001" } else { "0000" };
        let typed = if right { digits.as_str() } else { wrong };
        let form = [
            ("code", answer["code"].as_str()),
            ("state", answer["state"].as_str()),
            ("iss", answer["iss"].as_str()),
            ("digits", typed),
        ];
        browser
            .submit(&path, &form, if right { 303 } else { 401 })
            .await;
        assert_eq!(browser.cookie.is_some(), right);
    }
    let account = browser.open("/account", 200).await;
    assert!(account.text.contains("ada@example.com"));
    browser
        .open(
            &format!("/sign-in/team/{}?error=access_denied", team.workspace.id),
            422,
        )
        .await;
}

fn form_query(answer: &HashMap<String, String>) -> String {
    let pairs: Vec<String> = answer
        .iter()
        .map(|(name, value)| format!("{name}={}", value.replace('/', "%2F").replace(':', "%3A")))
        .collect();
    pairs.join("&")
}

/// FLOW-42: what leaves is counted under the name of its recipient, and the provider alone is asked.
#[tokio::test]
async fn what_leaves_besides_aws_is_counted_under_the_name_of_a_listed_recipient() {
    let team = Team::new("inbox").await;
    let (app, before) = (team.harness.app_of("oidc"), team.provider.asked());
    app.meter.take();
    team.provider.now(|says| {
        says.claims = json!({ "email": null });
        says.described =
            json!({ "sub": "person-1", "email": "ada@example.com", "email_verified": true });
    });
    assert_eq!(team.sign_in().await.status, 200);
    let operations = app.meter.take().operations();
    let aws = [
        "BatchGetItem",
        "DeleteItem",
        "Decrypt",
        "PutItem",
        "Query",
        "TransactWriteItems",
        "UpdateItem",
    ];
    let left: Vec<&str> = operations
        .into_iter()
        .filter(|one| !aws.contains(one))
        .collect();
    assert_eq!(
        left, ["identity_provider"; 4],
        "description, keys, token and userinfo"
    );
    assert_eq!(team.provider.asked() - before, 4);
    for recipient in left {
        let listed = shared::domain::recipient::Recipient::ALL.iter();
        assert!(listed.into_iter().any(|one| one.word() == recipient));
    }
}
