//! An endpoint is told of the conversations of some apps and of some teams only.

use harness::text;
use reqwest::Method;
use serde_json::{Value, json};

use super::World;

/// Makes an endpoint that is told of some conversations only.
async fn hook(world: &World, events: &[&str], filters: Value) -> Value {
    let body = json!({
        "name": "Shop", "url": world.receiver.url, "events": events, "filters": filters,
    });
    world.owner.post(&world.at("/webhooks"), body, 201).await
}

async fn team(world: &World, name: &str) -> String {
    let body = json!({ "name": name });
    text(
        &world.owner.post(&world.at("/teams"), body, 201).await,
        "id",
    )
}

#[tokio::test]
async fn of_conversations_only_those_of_the_apps_and_teams_that_an_endpoint_chose_are_told() {
    let world = World::new().await;
    let owner = &world.owner;
    let other = owner.app(&world.workspace).await;
    let (ours, theirs) = (team(&world, "Ours").await, team(&world, "Theirs").await);
    let events = [
        "message.created",
        "conversation.assigned",
        "contact.created",
    ];
    let filters = json!({ "app_ids": [world.app.id], "team_ids": [ours] });
    let made = hook(&world, &events, filters.clone()).await;
    assert_eq!(made["filters"], filters);

    // What is about no conversation comes from everywhere.
    let visitor = world.visitor().await;
    let stranger = world.harness.visitor(&other).await;
    world.harness.drain().await;
    assert_eq!(world.receiver.taken(), ["contact.created"; 2]);

    // Neither what is no team's, nor what came by another app.
    let (mine, strange) = (visitor.start("Hello").await, stranger.start("Hello").await);
    let put = async |id: &str, team: &str| {
        let place = world.at(&format!("/conversations/{id}/team"));
        owner.put(&place, json!({ "team_id": team }), 200).await;
    };
    put(&strange.id, &ours).await;
    put(&mine.id, &theirs).await;
    world.harness.drain().await;
    assert_eq!(world.receiver.sent().len(), 2);

    // It comes to the team, somebody writes, and it leaves: all of that is told, and nothing after.
    put(&mine.id, &ours).await;
    visitor.say(&mine, "Anybody?").await;
    world.harness.drain().await;
    put(&mine.id, &theirs).await;
    world.harness.drain().await;
    visitor.say(&mine, "Still nobody?").await;
    stranger.say(&strange, "And I?").await;
    world.harness.drain().await;
    let sent = world.receiver.sent().split_off(2);
    let told: Vec<&str> = sent.iter().map(|one| one.event()).collect();
    assert_eq!(
        told,
        [
            "conversation.assigned",
            "message.created",
            "conversation.assigned"
        ]
    );
    for one in &sent {
        assert_eq!(one.body["data"]["conversation_id"], mine.id);
    }

    // A replay sends what was told, whatever is chosen by now; a contact that is gone is told in any case.
    let place = world.at(&format!("/webhooks/{}", text(&made, "id")));
    let none = json!({ "filters": { "app_ids": [other.id] } });
    let versioned = owner.with_header("if-match", "\"1\"");
    let changed = versioned.patch(&place, none, 200).await;
    let filters = json!({ "app_ids": [other.id], "team_ids": [] });
    assert_eq!(changed["filters"], filters);
    let again = json!({ "delivery_id": sent[1].id });
    let replay = format!("{place}/replay");
    assert_eq!(owner.post(&replay, again, 202).await["queued"], 1);
    world.due().await;
    visitor.say(&mine, "Hello?").await;
    stranger.say(&strange, "And I?").await;
    world.harness.drain().await;
    let later = world.receiver.sent().split_off(5);
    let told: Vec<&Value> = later
        .iter()
        .map(|one| &one.body["data"]["conversation_id"])
        .collect();
    assert_eq!(told, [&json!(mine.id), &json!(strange.id)]);
    assert_eq!(later[0].id, sent[1].id);
}

#[tokio::test]
async fn an_endpoint_chooses_among_what_there_is() {
    let world = World::new().await;
    let hooks = world.at("/webhooks");
    let team = team(&world, "Ours").await;
    let app = &world.app.id;
    let unknown = (
        "app_01kf0a1b2c3d4e5f6g7h8j9k0m",
        "team_01kf0a1b2c3d4e5f6g7h8j9k0m",
    );
    let made = hook(&world, &[], json!({})).await;
    assert_eq!(made["filters"], json!({ "app_ids": [], "team_ids": [] }));
    let place = format!("{hooks}/{}", text(&made, "id"));
    let versioned = world.owner.with_header("if-match", "\"1\"");
    for (filters, pointer) in [
        (
            json!({ "app_ids": [app, unknown.0] }),
            "#/filters/app_ids/1",
        ),
        (json!({ "team_ids": [unknown.1] }), "#/filters/team_ids/0"),
        (json!({ "team_ids": [team, team] }), "#/filters/team_ids"),
    ] {
        let mut body = json!({ "name": "Shop", "url": world.receiver.url, "events": [] });
        body["filters"] = filters.clone();
        let change = json!({ "filters": filters });
        for answer in [
            world.owner.send(Method::POST, &hooks, Some(body)).await,
            versioned.send(Method::PATCH, &place, Some(change)).await,
        ] {
            assert_eq!(answer.status, 422, "{}", answer.text);
            assert_eq!(answer.body["errors"][0]["pointer"], pointer);
        }
    }
    // Another workspace's are not there either.
    let other = world.owner.workspace("inbox").await;
    let elsewhere = world.owner.app(&other).await;
    let mut body = json!({ "name": "Shop", "url": world.receiver.url, "events": [] });
    body["filters"] = json!({ "app_ids": [elsewhere.id] });
    let answer = world.owner.send(Method::POST, &hooks, Some(body)).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
}
