//! Through which app a conversation began, and lists and searches of one inbox or one label.

use harness::{message, text};
use reqwest::Method;
use serde_json::{Value, json};

use super::{MS, World};

/// Two apps: in the first the thread of the world, labelled, and one more; in the second two, one of them
/// labelled. One more that the team began.
struct Inboxes {
    world: World,
    first: String,
    second: String,
    /// In the order in which they began.
    ids: Vec<String>,
}

impl Inboxes {
    async fn new() -> Self {
        let world = World::new().await;
        let first = text(&world.shown().await, "app_id");
        let app = world.owner.app(&world.workspace).await;
        let other = world.harness.visitor(&app).await;
        let mut ids = vec![world.conversation.id.clone()];
        for (n, visitor) in [&world.visitor, &other, &other].into_iter().enumerate() {
            world.harness.advance(MS * 5);
            ids.push(visitor.start(&format!("parcel {n}")).await.id);
        }
        world.harness.advance(MS * 5);
        let begun = json!({
            "contact_id": world.visitor.contact_id, "first_message": message("a parcel for you"),
        });
        let path = format!("{}/conversations", world.workspace.path);
        let begun = world.owner.post(&path, begun, 201).await;
        assert_eq!(begun["conversation"].get("app_id"), None, "{begun}");
        ids.push(text(&begun["conversation"], "id"));
        for n in [0, 3] {
            let labels = format!("{path}/{}/labels", ids[n]);
            let body = json!({ "labels": ["late", "parcel"] });
            world.owner.put(&labels, body, 200).await;
        }
        Self {
            world,
            first,
            second: app.id,
            ids,
        }
    }

    fn order(&self, places: &[usize]) -> Vec<String> {
        places.iter().map(|n| self.ids[*n].clone()).collect()
    }

    async fn listed(&self, query: &str) -> Vec<String> {
        self.world.listed(&self.world.owner, query).await
    }
}

#[tokio::test]
async fn a_conversation_says_its_inbox_and_every_view_is_of_one_inbox_or_one_label() {
    let inboxes = Inboxes::new().await;
    let (world, first, second) = (&inboxes.world, &inboxes.first, &inboxes.second);
    let oldest = format!("view=unassigned&sort=oldest&app_id={first}");
    assert_eq!(inboxes.listed(&oldest).await, inboxes.order(&[0, 1]));
    let all = inboxes.listed(&format!("app_id={second}")).await;
    assert_eq!(all.len(), 2);
    assert!(inboxes.order(&[2, 3]).iter().all(|id| all.contains(id)));
    let late = "view=unassigned&sort=oldest&label=late";
    assert_eq!(inboxes.listed(late).await, inboxes.order(&[0, 3]));
    let both = format!("{late}&app_id={second}&status=open&priority=none");
    assert_eq!(inboxes.listed(&both).await, inboxes.order(&[3]));
    let whose = format!(
        "contact_id={}&app_id={first}&sort=oldest",
        world.visitor.contact_id
    );
    assert_eq!(inboxes.listed(&whose).await, inboxes.order(&[0, 1]));
    assert!(inboxes.listed("label=nobodys").await.is_empty());
    let nobodys = "app_id=app_01kf0a1b2c3d4e5f6g7h8j9k0m";
    assert!(inboxes.listed(nobodys).await.is_empty());

    // One's own, and where one was named.
    let at = |n: usize, rest: &str| {
        let id = &inboxes.ids[n];
        format!("{}/conversations/{id}{rest}", world.workspace.path)
    };
    for n in [0, 2] {
        let me = json!({ "member_id": world.workspace.member_id });
        world.owner.put(&at(n, "/assignee"), me, 200).await;
        let note = json!({
            "client_message_id": harness::random_uuid(), "kind": "note", "text": "look",
            "mentions": [world.workspace.member_id],
        });
        world.owner.post(&at(n, "/messages"), note, 201).await;
    }
    for view in ["mine", "mentions"] {
        let query = format!("view={view}&app_id={second}");
        assert_eq!(inboxes.listed(&query).await, inboxes.order(&[2]), "{view}");
    }

    // Kept under a name, and changed to every other inbox.
    let views = format!("{}/saved-views", world.workspace.path);
    let late = json!({ "view": "unassigned", "app_id": second, "label": "late" });
    let kept = json!({ "name": "Late", "filter": late });
    let kept = world.owner.post(&views, kept, 201).await;
    assert_eq!(kept["filter"]["label"], "late", "{kept}");
    let view = format!("{views}/{}", text(&kept, "id"));
    let asked = format!("saved_view_id={}", text(&kept, "id"));
    assert_eq!(inboxes.listed(&asked).await, inboxes.order(&[3]));
    let other = json!({ "filter": { "view": "mine", "app_id": first } });
    world.owner.patch(&view, other, 200).await;
    assert_eq!(inboxes.listed(&asked).await, inboxes.order(&[0]));
    let said = format!("/conversations?{asked}&label=late");
    let said = format!("{}{said}", world.workspace.path);
    let both = world
        .owner
        .refused(Method::GET, &said, None, 422, "validation_failed");
    both.await;

    // What somebody does not see is in no inbox of theirs.
    let seat = format!("{}/members/{}", world.workspace.path, world.agent_id);
    let few = json!({ "visibility": "assigned" });
    world.owner.patch(&seat, few, 200).await;
    let query = format!("app_id={first}");
    assert!(world.listed(&world.agent, &query).await.is_empty());

    // How the team sorts its work is the team's.
    let own = format!("/v1/widget/conversations/{}", world.conversation.id);
    assert_eq!(world.visitor.get(&own, 200).await.get("app_id"), None);
}

#[tokio::test]
async fn a_page_of_an_inbox_costs_what_any_page_does_and_may_be_short_while_there_is_more() {
    let inboxes = Inboxes::new().await;
    let world = &inboxes.world;
    let path = format!("{}/conversations", world.workspace.path);
    let meter = &world.harness.app_of("conversations").meter;
    let (mut found, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let asked = format!("{path}?limit=2&app_id={}{cursor}", inboxes.first);
        meter.take();
        let page = world.owner.get(&asked, 200).await;
        let reading = meter.take();
        assert_eq!(reading.sequential_round_trips(), 3);
        // One batch on entry, four shards, one batch of heads with read marks.
        assert!(reading.calls.len() <= 6, "{:?}", reading.operations());
        let data = page["data"].as_array().expect("a page");
        found.extend(data.iter().map(|one| text(one, "id")));
        pages += 1;
        match page["page"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
        // It goes on with the same list only.
        let other = format!("{path}?limit=2&app_id={}{cursor}", inboxes.second);
        world
            .owner
            .refused(Method::GET, &other, None, 400, "cursor_invalid")
            .await;
    }
    found.sort();
    let mut expected = inboxes.order(&[0, 1]);
    expected.sort();
    assert_eq!((found, pages), (expected, 3));

    // By urgency there is one page: what fits is looked for in all of the queue.
    let last = format!("{path}/{}", inboxes.ids[3]);
    for n in [0, 1, 2] {
        let place = format!("{path}/{}", inboxes.ids[n]);
        let urgent = json!({ "priority": "urgent" });
        world.owner.patch(&place, urgent, 200).await;
    }
    world
        .owner
        .patch(&last, json!({ "priority": "low" }), 200)
        .await;
    let ranked = |rest: &str| format!("view=unassigned&sort=priority&limit=1&{rest}");
    let low = inboxes.listed(&ranked("priority=low")).await;
    assert_eq!(low, inboxes.order(&[3]));
    let inbox = ranked(&format!("app_id={}", inboxes.second));
    assert_eq!(inboxes.listed(&inbox).await, inboxes.order(&[2]));
}

#[tokio::test]
async fn a_search_is_of_one_inbox_and_what_names_no_app_or_label_is_refused_at_the_field() {
    let inboxes = Inboxes::new().await;
    let world = &inboxes.world;
    let search = format!("{}/search", world.workspace.path);
    let found = async |body: Value| {
        let answer = world.owner.post(&search, body, 200).await;
        let hits = answer["data"].as_array().expect("hits").iter();
        let mut ids: Vec<String> = hits.map(|hit| text(hit, "conversation_id")).collect();
        ids.sort();
        (ids, answer["searched"]["conversations"].clone())
    };
    let sorted = |places: &[usize]| {
        let mut ids = inboxes.order(places);
        ids.sort();
        ids
    };
    let mut body = json!({ "query": "parcel", "app_id": inboxes.second });
    assert_eq!(found(body.clone()).await, (sorted(&[2, 3]), json!(2)));
    body["in"] = json!("conversations");
    assert_eq!(found(body.clone()).await, (sorted(&[3]), json!(2)));
    body["label"] = json!("late");
    assert_eq!(found(body.clone()).await, (sorted(&[3]), json!(1)));

    let mut contacts = body.clone();
    contacts["in"] = json!("contacts");
    contacts["label"] = Value::Null;
    let mut wrong = body.clone();
    wrong["app_id"] = json!("everything");
    for body in [contacts, wrong] {
        let refused = world.owner.post(&search, body, 422).await;
        assert_eq!(refused["errors"][0]["pointer"], "#/app_id", "{refused}");
    }
    let path = format!("{}/conversations", world.workspace.path);
    for (query, pointer) in [
        ("app_id=everything", "?app_id"),
        ("app_id=", "?app_id"),
        ("label=Late", "?label"),
        ("label=", "?label"),
    ] {
        let refused = world.owner.get(&format!("{path}?{query}"), 422).await;
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    let kept = json!({ "name": "Own", "filter": {} });
    let views = format!("{}/saved-views", world.workspace.path);
    let kept = text(&world.owner.post(&views, kept, 201).await, "id");
    for query in ["label=late", &format!("app_id={}", inboxes.first)] {
        let asked = format!("{path}?saved_view_id={kept}&{query}");
        world
            .owner
            .refused(Method::GET, &asked, None, 422, "validation_failed")
            .await;
    }
}
