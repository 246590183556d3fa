//! Flows that begin by rules of the inbox: when, where, and once.

use harness::text;
use reqwest::Method;
use serde_json::{Value, json};

use super::{bot, visitor};
use crate::flows::{World, document, edge};

/// Asks something, in a conversation of which a rule comes to hold.
fn ruled(rule: Value) -> Value {
    let mut trigger = json!({ "kind": "inbox_rule" });
    for (name, value) in rule.as_object().expect("an object") {
        trigger[name] = value.clone();
    }
    document(
        json!([
            { "id": "w", "type": "start", "data": {} },
            { "id": "s", "type": "start", "data": { "trigger": trigger } },
            { "id": "q", "type": "ask", "data": { "md": "Your name?", "input": { "kind": "text" }, "save": "v_name" } },
            { "id": "m", "type": "message", "data": { "parts": [{ "kind": "text", "md": "Thanks, {{ name }}." }] } },
            { "id": "people", "type": "handoff", "data": {} },
        ]),
        json!([
            edge("w", "next", "m"),
            edge("s", "next", "q"),
            edge("q", "next", "m"),
            edge("m", "next", "people"),
        ]),
    )
}

impl World {
    async fn of_team(&self, thread: &str) -> String {
        let id = thread.rsplit('/').next().expect("an id");
        format!("{}/conversations/{id}", self.workspace.path)
    }

    async fn hello(&self) -> String {
        let begun = self.visitor.start("Hello").await;
        self.harness.drain().await;
        format!("/v1/widget/conversations/{}", begun.id)
    }
}

#[tokio::test]
async fn a_conversation_that_begins_is_led_by_the_flow_whose_rule_says_so_and_only_once() {
    let world = World::new().await;
    let flow = world.live(&ruled(json!({}))).await;
    let thread = world.hello().await;
    assert_eq!(
        world.said(&thread).await,
        [visitor("Hello"), bot("Your name?")]
    );
    assert_eq!(world.seen(&thread).await["status"], "bot");
    world.say(&thread, "Grace").await;
    let seen = world.seen(&thread).await;
    assert_eq!(seen["status"], "open", "{seen}");
    // What happens to it later begins nothing again.
    let place = world.of_team(&thread).await;
    let labels = json!({ "labels": ["vip"] });
    world
        .owner
        .put(&format!("{place}/labels"), labels, 200)
        .await;
    world.harness.drain().await;
    let said = world.said(&thread).await;
    assert_eq!(
        said[2..],
        [visitor("Grace"), bot("Thanks, Grace.")],
        "{said:?}"
    );
    // Out of use, and gone, it begins nothing.
    let place = format!("{}/{flow}", world.flows());
    world.switch(&place, None).await;
    let thread = world.hello().await;
    assert_eq!(world.said(&thread).await, [visitor("Hello")]);
    world.switch(&place, Some(1)).await;
    world.owner.delete(&place, 204).await;
    world.harness.drain().await;
    let thread = world.hello().await;
    assert_eq!(world.said(&thread).await, [visitor("Hello")]);
    assert_eq!(world.seen(&thread).await["status"], "open");
}

#[tokio::test]
async fn a_rule_comes_to_hold_by_labels_teams_and_urgency_and_leaves_alone_what_somebody_has() {
    let world = World::new().await;
    let teams = format!("{}/teams", world.workspace.path);
    let team = world
        .owner
        .post(&teams, json!({ "name": "Bugs" }), 201)
        .await;
    let rule = json!({ "label": "vip", "team": team["id"], "priority": "high" });
    world.live(&ruled(rule)).await;
    let (ours, taken) = (world.hello().await, world.hello().await);
    for thread in [&ours, &taken] {
        let place = world.of_team(thread).await;
        world
            .owner
            .put(
                &format!("{place}/team"),
                json!({ "team_id": team["id"] }),
                200,
            )
            .await;
        if *thread == taken {
            let claim = format!("{place}/claim");
            world.agent.post(&claim, Value::Null, 200).await;
        }
        let labels = json!({ "labels": ["vip"] });
        world
            .owner
            .put(&format!("{place}/labels"), labels, 200)
            .await;
        world
            .owner
            .patch(&place, json!({ "priority": "medium" }), 200)
            .await;
        world.harness.drain().await;
        assert_eq!(world.said(thread).await, [visitor("Hello")]);
        world
            .owner
            .patch(&place, json!({ "priority": "urgent" }), 200)
            .await;
        world.harness.drain().await;
    }
    assert_eq!(
        world.said(&ours).await,
        [visitor("Hello"), bot("Your name?")]
    );
    assert_eq!(world.said(&taken).await, [visitor("Hello")]);
}

#[tokio::test]
async fn a_rule_about_a_team_that_is_not_there_or_no_label_keeps_a_flow_from_being_published() {
    let world = World::new().await;
    for (rule, code) in [
        (json!({ "team": "team_01jz0000000000000000000000" }), "E133"),
        (json!({ "label": "Not a label" }), "E100"),
        (json!({ "priority": "soon" }), "E100"),
        (json!({ "status": "open" }), "E100"),
    ] {
        let flow = world.make(&ruled(rule)).await;
        let found = world
            .owner
            .post(&format!("{flow}/validate"), Value::Null, 200)
            .await;
        let of_rule = found["diagnostics"].as_array().expect("a list").iter();
        let mut of_rule = of_rule.filter(|one| text(one, "pointer").starts_with("/nodes/1/"));
        assert!(of_rule.any(|one| one["code"] == code), "{code}: {found}");
        let versions = format!("{flow}/versions");
        let post = Method::POST;
        let refused = world
            .owner
            .refused(post, &versions, None, 422, "flow_has_errors");
        refused.await;
    }
}
