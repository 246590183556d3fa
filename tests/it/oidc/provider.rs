//! The provider that an owner sets: which can be used, and which is refused.

use std::time::Duration;

use harness::Client;
use reqwest::Method;
use serde_json::json;

use super::Team;

#[tokio::test]
async fn an_owner_sets_only_a_provider_that_can_be_used() {
    let team = Team::new("inbox").await;
    let before = team.kept().await;
    let cases = [
        (
            json!({ "issuer": "http://10.0.0.1" }),
            "#/issuer",
            "not_allowed",
        ),
        (
            json!({ "issuer": "https://127.0.0.1" }),
            "#/issuer",
            "not_allowed",
        ),
        (
            json!({ "issuer": "https://[::1]" }),
            "#/issuer",
            "not_allowed",
        ),
        (
            json!({ "issuer": "http://169.254.169.254" }),
            "#/issuer",
            "not_allowed",
        ),
        (
            json!({ "issuer": "https://localhost" }),
            "#/issuer",
            "not_allowed",
        ),
        (
            json!({ "issuer": "https://id.example.com:8443" }),
            "#/issuer",
            "not_allowed",
        ),
        (
            json!({ "issuer": "http://127.0.0.1:1" }),
            "#/issuer",
            "not_reachable",
        ),
        (json!({ "role": "owner" }), "#/role", "forbidden"),
        (json!({ "role": "admin" }), "#/role", "forbidden"),
        (json!({ "domains": [] }), "#/domains", "required"),
        (json!({ "domains": ["com"] }), "#/domains/0", "bad_domain"),
        (
            json!({ "redirect_uris": ["http://a.example"] }),
            "#/redirect_uris/0",
            "bad_url",
        ),
    ];
    for (wrong, pointer, code) in cases {
        let answer = team.change(wrong.clone()).await;
        let error = &answer.body["errors"][0];
        assert_eq!(
            (&error["pointer"], &error["code"]),
            (&json!(pointer), &json!(code)),
            "{wrong}: {}",
            answer.text
        );
    }
    let issuer = team.provider.issuer.clone();
    let descriptions = [
        json!({ "issuer": "https://id.example.com" }),
        json!({ "jwks_uri": "http://169.254.169.254/latest/meta-data" }),
        json!({ "token_endpoint": "https://localhost/token" }),
        json!({ "id_token_signing_alg_values_supported": ["none", "HS256"] }),
        json!({ "code_challenge_methods_supported": ["plain"] }),
        json!({ "response_types_supported": ["id_token"] }),
        json!({ "token_endpoint_auth_methods_supported": ["private_key_jwt"] }),
        json!({ "authorization_endpoint": null }),
    ];
    for wrong in descriptions {
        team.provider.now(|says| says.description = wrong.clone());
        let answer = team.change(json!({})).await;
        assert_eq!(
            (answer.status, &answer.body["errors"][0]["pointer"]),
            (422, &json!("#/issuer")),
            "{wrong}: {}",
            answer.text
        );
    }
    team.provider.now(|says| {
        says.description = json!({});
        says.moved = Some(format!("{issuer}/elsewhere"));
    });
    assert_eq!(
        team.change(json!({})).await.body["errors"][0]["code"],
        "bad_discovery"
    );
    team.provider.now(|says| {
        says.moved = None;
        says.padding = 300 * 1024;
    });
    assert_eq!(
        team.change(json!({})).await.body["errors"][0]["code"],
        "bad_discovery"
    );
    assert_eq!(
        team.kept().await,
        before,
        "a refused setting changed something"
    );
    team.provider.now(|says| says.padding = 0);
    let owner = &team.owner;
    let setting = team.provider.setting();
    let place = team.place();
    let put = async |client: &Client, expected: u16, code: &str| {
        client
            .refused(Method::PUT, &place, Some(setting.clone()), expected, code)
            .await;
    };
    put(owner, 428, "precondition_required").await;
    put(&owner.with_header("if-match", "\"9\""), 409, "conflict").await;
    // A secret of one provider is not sent to another.
    let mut another = setting.clone();
    another["client_id"] = json!("another");
    another
        .as_object_mut()
        .expect("an object")
        .remove("client_secret");
    let tagged = owner.with_header("if-match", "\"1\"");
    let refused = tagged
        .refused(Method::PUT, &place, Some(another), 422, "validation_failed")
        .await;
    assert_eq!(refused["errors"][0]["pointer"], "#/client_secret");
    team.harness.advance(Duration::from_secs(601));
    let stale = owner.refresh().await.with_header("if-match", "\"1\"");
    put(&stale, 403, "step_up_required").await;
}
