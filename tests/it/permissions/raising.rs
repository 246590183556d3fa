//! Nobody raises themselves by a field that is not theirs to write.

use harness::routes::{Actor, Ids, routes, token_of_nobody};
use harness::{Client, Harness, ORIGIN};
use serde_json::json;

use super::sorted;

/// What would raise whoever could write it, or take from somebody else.
const RAISING: [&str; 20] = [
    "account",
    "assignee",
    "author",
    "blocked",
    "created_at",
    "expires_at",
    "id",
    "identity_secret",
    "member",
    "modules",
    "public_key",
    "retention",
    "rev",
    "role",
    "seq",
    "state",
    "status",
    "tenant",
    "verified",
    "workspace",
];

#[tokio::test]
async fn no_body_takes_a_field_that_would_raise_whoever_sends_it() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("owner@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let before = sorted(&harness).await;
    let mut tried = 0;
    for route in routes() {
        let Some(example) = route.body(&Ids::unknown()) else {
            continue;
        };
        let client = match route.actor() {
            actor @ (Actor::Device | Actor::Guest) => {
                harness.anonymous().with_token(&token_of_nobody(actor))
            }
            Actor::Member => Client::clone(&owner),
            Actor::Visitor => visitor.with_header("origin", ORIGIN),
        };
        for field in RAISING.iter().filter(|field| example[**field].is_null()) {
            let mut body = example.clone();
            body[*field] = json!("owner");
            let path = route.at(&Ids::unknown());
            let problem = client
                .refused(
                    route.method.clone(),
                    &path,
                    Some(body),
                    400,
                    "unknown_field",
                )
                .await;
            assert_eq!(
                problem["errors"][0]["pointer"],
                format!("#/{field}"),
                "{}",
                route.key()
            );
            tried += 1;
        }
    }
    assert!(tried >= 300, "only {tried} fields");
    assert_eq!(
        sorted(&harness).await,
        before,
        "a refused body changed something"
    );
}
