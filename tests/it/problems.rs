//! Bad input, of every kind and on every route that takes some: each has its problem, points at the
//! field, repeats nothing of what was sent, and changes nothing.

mod bodies;
mod lists;
mod places;

use harness::routes::{Actor, Route, token_of_nobody};
use harness::{Answer, Client, Conversation, Harness, Member, ORIGIN, Visitor, Workspace};

/// What must never come back. Upper case, so that it is no word of ours.
const CANARY: &str = "CANARY";

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    visitor: Visitor,
    conversation: Conversation,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let visitor = harness.visitor(&owner.app(&workspace).await).await;
        let conversation = visitor.start("Hello").await;
        Self {
            harness,
            owner,
            workspace,
            visitor,
            conversation,
        }
    }

    /// Somebody whom the route lets in.
    fn caller(&self, route: &Route) -> Client {
        match route.actor() {
            actor @ (Actor::Device | Actor::Guest) => {
                let nobody = token_of_nobody(actor);
                self.harness.anonymous().with_token(&nobody)
            }
            Actor::Member => Client::clone(&self.owner),
            Actor::Visitor => self.visitor.with_header("origin", ORIGIN),
        }
    }

    async fn items(&self) -> Vec<String> {
        let mut items = self.harness.items().await;
        items.sort();
        items
    }
}

/// What must be said, and at which field; `""` for none.
struct Said(u16, &'static str, String);

fn said(status: u16, code: &'static str, pointer: impl Into<String>) -> Said {
    Said(status, code, pointer.into())
}

fn is_problem(what: &str, answer: &Answer, said: &Said) {
    let Said(status, code, pointer) = said;
    let seen = (
        answer.status,
        answer.body["code"].as_str().unwrap_or_default(),
    );
    assert_eq!(seen, (*status, *code), "{what}: {}", answer.text);
    let at = answer.body["errors"][0]["pointer"]
        .as_str()
        .unwrap_or_default();
    assert_eq!(at, pointer, "{what}: {}", answer.text);
    is_clean(what, answer);
}

fn is_clean(what: &str, answer: &Answer) {
    assert!(
        (400..500).contains(&answer.status),
        "{what}: {} {}",
        answer.status,
        answer.text
    );
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{what}"
    );
    let headers = format!("{:?}", answer.headers);
    let repeats = answer.text.contains(CANARY) || headers.contains(CANARY);
    assert!(!repeats, "{what} repeats what was sent: {}", answer.text);
    for error in answer.body["errors"].as_array().into_iter().flatten() {
        let detail = error["detail"].as_str().unwrap_or_default();
        let rust = [
            "struct", "enum", "u16", "u64", "i64", "f64", "sequence", "variant", "::", "line ",
        ];
        let rust = rust.iter().find(|word| detail.contains(**word));
        assert_eq!(rust, None, "{what} speaks Rust: {detail}");
        assert!(
            !detail.is_empty() && detail != "another value",
            "{what} says nothing: {detail}"
        );
    }
}
