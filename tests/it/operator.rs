//! The operator of a deployment: who it is, and that a suspended workspace rests without losing
//! anything.

use harness::{Harness, Member, ORIGIN, message};
use reqwest::Method;
use serde_json::json;

/// Whom the embedded stack names.
const OPERATOR: &str = "demo@example.com";

/// The operator, signed in with both factors.
async fn operator(harness: &Harness) -> Member {
    let operator = harness.sign_up(OPERATOR).await;
    operator.enrol().await;
    harness.advance(std::time::Duration::from_secs(60));
    harness.sign_in(OPERATOR).await
}

#[tokio::test]
async fn only_the_named_address_with_both_factors_is_the_operator() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let path = format!("/v1/operator{}", &workspace.path[3..]);
    let suspend = format!("{path}/suspend");
    let reason = json!({ "reason": "abuse" });
    for (method, path, body) in [
        (Method::GET, path.clone(), None),
        (Method::POST, suspend.clone(), Some(reason.clone())),
        (Method::POST, format!("{path}/resume"), None),
    ] {
        owner.refused(method, &path, body, 403, "forbidden").await;
    }
    let halfway = harness.sign_up(OPERATOR).await;
    halfway
        .refused(
            Method::POST,
            &suspend,
            Some(reason),
            403,
            "second_factor_required",
        )
        .await;
    let app = owner.app(&workspace).await;
    harness.visitor(&app).await.start("Hello").await;
}

#[tokio::test]
async fn a_suspended_workspace_may_be_read_and_nothing_else_until_it_is_resumed() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let app = owner.app(&workspace).await;
    let visitor = harness.visitor(&app).await;
    let conversation = visitor.start("Hello").await;
    let operator = operator(&harness).await;
    let path = format!("/v1/operator{}", &workspace.path[3..]);
    let before = operator.get(&path, 200).await;
    assert_eq!(before["state"], "active");
    assert!(
        before.get("name").is_none(),
        "the name is the workspace's own: {before}"
    );

    let suspended = json!({ "reason": "abuse" });
    let first = operator
        .post(&format!("{path}/suspend"), suspended.clone(), 200)
        .await;
    assert_eq!(
        (&first["state"], &first["suspended_for"]),
        (&json!("suspended"), &json!("abuse"))
    );
    harness.advance(std::time::Duration::from_secs(1));
    let again = operator
        .post(&format!("{path}/suspend"), suspended, 200)
        .await;
    assert_eq!(first, again);

    let messages = format!(
        "{}/conversations/{}/messages",
        workspace.path, conversation.id
    );
    let closed = "workspace_suspended";
    owner.get(&messages, 200).await;
    owner.get(&workspace.path, 200).await;
    owner
        .refused(Method::POST, &messages, Some(message("Hi")), 403, closed)
        .await;
    let widget = format!("/v1/widget/conversations/{}/messages", conversation.id);
    visitor
        .refused(Method::GET, &widget, None, 403, closed)
        .await;
    let page = harness.anonymous().with_header("origin", ORIGIN);
    let start = Some(json!({ "app_key": app.key }));
    page.refused(Method::POST, "/v1/widget/sessions", start, 403, closed)
        .await;
    // A stranger hears nothing of it.
    let stranger = harness.sign_up("eve@example.com").await;
    stranger
        .refused(
            Method::POST,
            &messages,
            Some(message("Hi")),
            404,
            "not_found",
        )
        .await;

    let resumed = operator
        .post(&format!("{path}/resume"), json!({}), 200)
        .await;
    assert_eq!(resumed["state"], "active");
    visitor.say(&conversation, "Still here").await;
    owner.say(&workspace, &conversation, "So are we").await;
}

#[tokio::test]
async fn a_workspace_that_is_none_is_404_to_the_operator() {
    let harness = Harness::start().await;
    let operator = operator(&harness).await;
    let path = "/v1/operator/workspaces/ws_01kf0a1b2c3d4e5f6g7h8j9k0m";
    operator
        .refused(Method::GET, path, None, 404, "not_found")
        .await;
    operator
        .refused(
            Method::GET,
            "/v1/operator/workspaces/x",
            None,
            404,
            "not_found",
        )
        .await;
}
