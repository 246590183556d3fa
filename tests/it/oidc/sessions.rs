//! How fresh a proof at the provider is, and a provider's own sessions that end ours.

use harness::provider::BACK;
use harness::text;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Begun, Team, failed};

impl Team {
    /// A sign-in for which a proof at the provider may be so old.
    async fn begin_within(&self, seconds: u64) -> Begun {
        let body = json!({ "redirect_uri": BACK, "adult": true, "max_age_seconds": seconds });
        let anonymous = self.harness.anonymous();
        let begun = anonymous.post(&self.way("start"), body, 200).await;
        Begun {
            handle: text(&begun, "sign_in"),
            url: text(&begun, "authorization_url"),
        }
    }

    /// The provider says that somebody has signed out.
    async fn signed_out(&self, claims: Value) -> (u16, String) {
        let event = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
        let mut all = json!({ "events": event });
        for (name, value) in claims.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        let body = format!("logout_token={}", self.provider.token(&all)).into_bytes();
        let form = self.harness.anonymous();
        let form = form.with_header("content-type", "application/x-www-form-urlencoded");
        let way = self.way("backchannel-logout");
        let answer = form.send_raw(Method::POST, &way, body).await;
        let code = answer.body["code"].as_str().unwrap_or_default().to_owned();
        (answer.status, code)
    }

    fn of_session(&self, name: &str) {
        self.provider
            .now(|says| says.claims = json!({ "sid": name }));
    }
}

#[tokio::test]
async fn a_sign_in_that_asks_for_a_fresh_proof_takes_no_old_one_and_none_that_is_not_said() {
    let team = Team::new("inbox").await;
    let now = team.harness.now().seconds();
    let plain = team.begin(&team.harness.anonymous()).await;
    assert!(!plain.url.contains("max_age") && !plain.url.contains("prompt"));
    for (age, proved_at, good) in [
        (0, None, false),
        (0, Some(now - 3600), false),
        (0, Some(now), true),
        (600, Some(now - 599), true),
        (600, Some(now - 700), false),
        // A provider's clock may be off by a minute, and its word about the future is none.
        (600, Some(now - 660), true),
        (600, Some(now + 120), false),
    ] {
        team.provider.now(|says| {
            says.claims = match proved_at {
                Some(at) => json!({ "auth_time": at }),
                None => json!({}),
            };
        });
        let begun = team.begin_within(age).await;
        assert!(
            begun.url.contains(&format!("max_age={age}&")),
            "{}",
            begun.url
        );
        assert_eq!(begun.url.contains("prompt=login"), age == 0);
        let answer = team.provider.come(&begun.url);
        let signed = team.finish(&begun.handle, &answer).await;
        match good {
            true => assert_eq!(signed.status, 200, "{age} {proved_at:?}: {}", signed.text),
            false => failed(&signed, &format!("{age} {proved_at:?}")),
        }
    }
    let body = json!({ "redirect_uri": BACK, "max_age_seconds": 86401 });
    let anonymous = team.harness.anonymous();
    let refused = anonymous
        .refused(
            Method::POST,
            &team.way("start"),
            Some(body),
            422,
            "validation_failed",
        )
        .await;
    assert_eq!(refused["errors"][0]["pointer"], "#/max_age_seconds");
}

#[tokio::test]
async fn a_logout_token_that_names_a_session_alone_ends_what_began_with_it_and_nothing_else() {
    let team = Team::new("inbox").await;
    let path = team.workspace.path.clone();
    team.of_session("s-1");
    let (first, again) = (team.colleague().await, team.colleague().await);
    team.of_session("s-2");
    let second = team.colleague().await;
    // Neither somebody nor a session, or a session of nobody.
    let nobody = team.signed_out(json!({ "sub": null })).await;
    assert_eq!(nobody, (400, "logout_token_invalid".to_owned()));
    let unknown = json!({ "sub": null, "sid": "s-3" });
    assert_eq!(team.signed_out(unknown).await.0, 204);
    for client in [&first, &again, &second] {
        client.get(&path, 200).await;
    }
    for _ in 0..2 {
        let token = json!({ "sub": null, "sid": "s-1" });
        assert_eq!(team.signed_out(token).await.0, 204);
    }
    for client in [&first, &again] {
        client
            .refused(Method::GET, &path, None, 401, "token_invalid")
            .await;
    }
    second.get(&path, 200).await;
    // Whom the token names loses all of them, whichever session it names besides.
    let token = json!({ "sub": "person-1", "sid": "s-1" });
    assert_eq!(team.signed_out(token).await.0, 204);
    second
        .refused(Method::GET, &path, None, 401, "token_invalid")
        .await;
    let items = team.harness.items().await;
    assert!(
        !items.iter().any(|item| item.contains("s-2")),
        "a name lies in the open"
    );
}

#[tokio::test]
async fn a_session_that_began_with_a_factor_of_ours_ends_with_the_providers_too() {
    let team = Team::new("inbox").await;
    let path = team.workspace.path.clone();
    team.colleague().await;
    let ada = team.harness.sign_in("ada@example.com").await;
    ada.enrol().await;
    team.of_session("s-1");
    let halfway = team.sign_in().await;
    let proof = json!({
        "challenge_id": halfway.body["second_factor"]["challenge_id"],
        "code": team.harness.authenticators.code("ada@example.com"),
    });
    let anonymous = team.harness.anonymous();
    let tokens = anonymous.post("/v1/auth/second-factor", proof, 200).await;
    let client = anonymous.with_token(&text(&tokens, "access_token"));
    client.get(&path, 200).await;
    let token = json!({ "sub": null, "sid": "s-1" });
    assert_eq!(team.signed_out(token).await.0, 204);
    client
        .refused(Method::GET, &path, None, 401, "token_invalid")
        .await;
}
