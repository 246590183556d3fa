//! What was written is found again by whoever may read it, without an index of words.

use std::time::Duration;

use harness::{Conversation, Harness, Member, Visitor, WidgetApp, Workspace, text};
use jsonwebtoken::{EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

const MS: Duration = Duration::from_millis(1);
const MINUTE: Duration = Duration::from_secs(60);

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    app: WidgetApp,
    visitor: Visitor,
    place: String,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let app = owner.app(&workspace).await;
        let visitor = harness.visitor(&app).await;
        let place = format!("{}/search", workspace.path);
        Self {
            harness,
            owner,
            workspace,
            app,
            visitor,
            place,
        }
    }

    async fn start(&self, words: &str) -> Conversation {
        self.harness.advance(MS);
        self.visitor.start(words).await
    }

    async fn say(&self, conversation: &Conversation, words: &str) -> Value {
        self.harness.advance(MS);
        self.owner.say(&self.workspace, conversation, words).await
    }

    async fn search(&self, body: Value) -> Value {
        self.owner.post(&self.place, body, 200).await
    }

    /// The messages that are found: conversation and number.
    async fn found(&self, words: &str) -> Vec<(String, u64)> {
        hits(&self.search(json!({ "query": words })).await)
    }

    fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.workspace.path)
    }
}

fn hits(answer: &Value) -> Vec<(String, u64)> {
    let data = answer["data"].as_array().expect("hits").iter();
    data.map(|hit| {
        (
            text(hit, "conversation_id"),
            hit["seq"].as_u64().expect("seq"),
        )
    })
    .collect()
}

/// CHAT-09: the history of a conversation is found by what was said in it, and what was taken out of it is
/// not.
#[tokio::test]
async fn what_was_written_is_found_whatever_its_case_and_accents_and_what_was_taken_away_is_not() {
    let world = World::new().await;
    let first = world.start("Wo ist mein Paket nach ZÜRICH?").await;
    world
        .say(&first, "Ihr Paket liegt in Zürich, Straße 7")
        .await;
    let second = world.start("Café geschlossen?").await;
    let note = json!({
        "client_message_id": harness::random_uuid(), "kind": "note", "text": "paket zurich: VIP",
    });
    let place = world.at(&format!("/conversations/{}/messages", second.id));
    world.harness.advance(MS);
    world.owner.post(&place, note, 201).await;

    // The latest change first, and in a conversation the latest message.
    let expected = vec![
        (second.id.clone(), 2),
        (first.id.clone(), 2),
        (first.id.clone(), 1),
    ];
    assert_eq!(world.found("zurich paket").await, expected);
    let answer = world.search(json!({ "query": "STRASSE 7" })).await;
    let hit = &answer["data"][0];
    assert_eq!(hit["snippet"], "Ihr Paket liegt in Zürich, Straße 7");
    assert_eq!(
        hit["highlights"],
        json!([{ "start": 27, "end": 33 }, { "start": 34, "end": 35 }])
    );
    assert_eq!(
        (&hit["type"], &hit["field"], &hit["author"]["type"]),
        (&json!("message"), &json!("text"), &json!("member"))
    );
    let looked = json!({
        "conversations": 2, "messages": 4, "contacts": 0, "back_to": null, "names": true,
    });
    assert_eq!(answer["searched"], looked);
    assert_eq!(
        answer["page"],
        json!({ "next_cursor": null, "has_more": false })
    );
    assert!(world.found("paket bern").await.is_empty());

    // Filters.
    let author = json!({ "query": "paket", "author": world.visitor.contact_id });
    assert_eq!(hits(&world.search(author).await), [(first.id.clone(), 1)]);
    let labels = world.at(&format!("/conversations/{}/labels", first.id));
    world
        .owner
        .put(&labels, json!({ "labels": ["refund-open"] }), 200)
        .await;
    let labelled = json!({ "query": "paket", "label": "refund-open" });
    assert_eq!(hits(&world.search(labelled).await).len(), 2);
    world.harness.advance(MS);
    let later = json!({ "query": "paket", "from": world.harness.now() });
    assert!(hits(&world.search(later).await).is_empty());
    let earlier = json!({ "query": "paket", "to": harness::START });
    assert!(hits(&world.search(earlier).await).is_empty());

    // Blacked out, deleted, and gone with its conversation.
    let message = world.at(&format!("/conversations/{}/messages/2", first.id));
    let blacked = json!({ "ranges": [{ "start": 19, "end": 25 }] });
    world
        .owner
        .post(&format!("{message}/redact"), blacked, 200)
        .await;
    assert!(world.found("zürich ihr").await.is_empty());
    world.owner.delete(&message, 200).await;
    assert!(world.found("paket strasse").await.is_empty());
    let second_place = world.at(&format!("/conversations/{}", second.id));
    world.owner.delete(&second_place, 204).await;
    assert_eq!(world.found("paket").await, [(first.id.clone(), 1)]);
}

#[tokio::test]
async fn a_search_looks_at_so_much_says_so_and_goes_on_where_it_was() {
    let world = World::new().await;
    let oldest = world.start("a needle").await;
    for n in 0..100 {
        world.start(&format!("hay {n}")).await;
    }
    let body = json!({ "query": "needle" });
    let first = world.search(body.clone()).await;
    assert!(hits(&first).is_empty());
    assert_eq!(first["searched"]["conversations"], 100);
    assert_eq!(first["searched"]["messages"], 100);
    assert!(first["searched"]["back_to"].is_string(), "{first}");
    assert_eq!(first["page"]["has_more"], true);
    let cursor = text(&first["page"], "next_cursor");
    let on = format!("{}?cursor={cursor}", world.place);
    let second = world.owner.post(&on, body, 200).await;
    assert_eq!(hits(&second), [(oldest.id.clone(), 1)]);
    assert_eq!(second["searched"]["conversations"], 1);
    assert_eq!(second["page"]["has_more"], false);
    // It is a cursor of this search only.
    let other = json!({ "query": "hay" });
    world
        .owner
        .refused(Method::POST, &on, Some(other), 400, "cursor_invalid")
        .await;
    let agent = world
        .harness
        .join(&world.owner, &world.workspace, "bob@example.com", "agent")
        .await;
    let same = json!({ "query": "needle" });
    agent
        .refused(Method::POST, &on, Some(same), 400, "cursor_invalid")
        .await;
}

#[tokio::test]
async fn a_page_that_ends_within_a_conversation_goes_on_there() {
    let world = World::new().await;
    let long = world.start("word 1").await;
    for n in 2..=120 {
        world.say(&long, &format!("word {n}")).await;
    }
    let other = world.start("another word").await;
    let (mut all, mut cursor) = (Vec::new(), String::new());
    let mut pages = 0;
    loop {
        let path = format!("{}?limit=50{cursor}", world.place);
        let page = world
            .owner
            .post(&path, json!({ "query": "word" }), 200)
            .await;
        all.extend(hits(&page));
        pages += 1;
        match page["page"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
        // What changes meanwhile comes to the beginning, and nothing is left out for it.
        world.say(&other, "hay").await;
    }
    let mut expected = vec![(other.id.clone(), 1)];
    expected.extend((1..=120).rev().map(|seq| (long.id.clone(), seq)));
    assert_eq!(all, expected);
    assert_eq!(pages, 3);
}

#[tokio::test]
async fn people_are_found_by_what_they_told_and_by_nobody_who_may_not_see_it() {
    let world = World::new().await;
    let claims = json!({
        "sub": "user-4711", "aud": world.workspace.id, "name": "Zoë Brontë", "email": "zoe@example.com",
        "exp": world.harness.now().seconds() + 600,
    });
    let secret = EncodingKey::from_secret(world.app.identity_secret.as_bytes());
    let token = jsonwebtoken::encode(&Header::default(), &claims, &secret).expect("a token");
    let known = world
        .harness
        .visitor_with(&world.app, json!({ "identity_token": token }))
        .await;
    world.harness.advance(MS);
    let conversation = known.start("Hello").await;
    world.start("Hello").await;
    for (query, field) in [
        ("bronte", "name"),
        ("ZOE@EXAMPLE", "email"),
        ("user-4711", "external_id"),
    ] {
        let people = world
            .search(json!({ "query": query, "in": "contacts" }))
            .await;
        assert_eq!(people["data"].as_array().map(Vec::len), Some(1), "{query}");
        let hit = &people["data"][0];
        assert_eq!(hit["field"], field);
        assert_eq!(hit["contact_id"], known.contact_id.as_str());
        assert_eq!(hit["contact_name"], "Zoë Brontë");
        assert_eq!(people["searched"]["contacts"], 2);
        let threads = json!({ "query": query, "in": "conversations" });
        let threads = world.search(threads).await;
        assert_eq!(
            threads["data"][0]["conversation_id"],
            conversation.id.as_str()
        );
        assert_eq!(threads["data"].as_array().map(Vec::len), Some(1));
    }
    // An id that is exactly theirs comes first, and once, however many pages follow.
    let one = format!("{}?limit=1", world.place);
    let exact = json!({ "query": "user-4711", "in": "contacts" });
    let first = world.owner.post(&one, exact.clone(), 200).await;
    assert_eq!(first["data"].as_array().map(Vec::len), Some(1));
    let on = format!(
        "{}?cursor={}",
        world.place,
        text(&first["page"], "next_cursor")
    );
    let rest = world.owner.post(&on, exact, 200).await;
    assert_eq!(rest["data"], json!([]));
    assert_eq!(rest["page"]["has_more"], false);

    let hello = world.search(json!({ "query": "hello" })).await;
    assert_eq!(hello["data"][1]["contact_name"], "Zoë Brontë");
    let viewer = world
        .harness
        .join(&world.owner, &world.workspace, "kim@example.com", "viewer")
        .await;
    let shown = viewer
        .post(&world.place, json!({ "query": "hello" }), 200)
        .await;
    assert_eq!(hits(&shown).len(), 2);
    assert!(!shown.to_string().contains("Bront"), "{shown}");
    assert_eq!(shown["searched"]["names"], false);
    let by_name = json!({ "query": "bronte", "in": "conversations" });
    let nothing = viewer.post(&world.place, by_name, 200).await;
    assert_eq!(nothing["data"], json!([]));
    let people = json!({ "query": "bronte", "in": "contacts" });
    viewer
        .refused(Method::POST, &world.place, Some(people), 403, "forbidden")
        .await;
    // The label is no name: it is found.
    let labels = world.at(&format!("/conversations/{}/labels", conversation.id));
    world
        .owner
        .put(&labels, json!({ "labels": ["refund-open"] }), 200)
        .await;
    let labelled = json!({ "query": "REFUND", "in": "conversations" });
    let labelled = viewer.post(&world.place, labelled, 200).await;
    assert_eq!(labelled["data"][0]["field"], "labels");
}

#[tokio::test]
async fn a_bad_search_is_a_problem() {
    let world = World::new().await;
    for (body, pointer) in [
        (json!({ "query": "\u{301}" }), "#/query"),
        (json!({ "query": " " }), "#/query"),
        (json!({ "query": "x".repeat(201) }), "#/query"),
        (json!({ "query": "x", "in": "drafts" }), "#/in"),
        (json!({ "query": "x", "author": "somebody" }), "#/author"),
        (json!({ "query": "x", "label": "No Label" }), "#/label"),
        (
            json!({ "query": "x", "in": "contacts", "from": world.harness.now() }),
            "#/from",
        ),
        (
            json!({ "query": "x", "in": "conversations", "author": world.visitor.contact_id }),
            "#/author",
        ),
    ] {
        let refused = world
            .owner
            .refused(
                Method::POST,
                &world.place,
                Some(body),
                422,
                "validation_failed",
            )
            .await;
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
}

#[tokio::test]
async fn what_is_over_is_not_found_though_its_row_is_still_there() {
    let world = World::new().await;
    world.start("a needle").await;
    assert_eq!(world.found("needle").await.len(), 1);
    world.harness.advance(MINUTE * 60 * 24 * 761);
    let owner = world.harness.sign_in("ada@example.com").await;
    let answer = owner
        .post(&world.place, json!({ "query": "needle" }), 200)
        .await;
    assert!(hits(&answer).is_empty());
    assert_eq!(answer["searched"]["messages"], 0);
}

/// What a search costs: every conversation that is looked at is its head, its key and its newest fifty
/// messages; nothing is written but the count of its limit.
#[tokio::test]
async fn a_search_of_ten_conversations_is_six_round_trips_and_counts_what_it_reads() {
    let world = World::new().await;
    for n in 0..10 {
        world.start(&format!("hay {n}")).await;
    }
    world.found("warm").await;
    let meter = &world.harness.app_of("conversations").meter;
    meter.take();
    world.found("nothing").await;
    let reading = meter.take();
    // Entry, its count, four shards of the index at once, heads, keys, ten threads at once.
    assert_eq!(reading.sequential_round_trips(), 6, "{reading:?}");
    assert_eq!(reading.calls.len(), 1 + 1 + 4 + 1 + 1 + 10);
    let (without, written) = (reading.read_units(), reading.write_units());
    assert!(without <= 3.0 + 4.0 + 3.0 * 10.0, "{without} units");
    assert_eq!(written, 1.0);
    // The names of those who are found are one batch more.
    world.found("hay").await;
    let reading = meter.take();
    assert_eq!(reading.sequential_round_trips(), 7, "{reading:?}");
    // Contacts: entry, its count, list and index of ids at once, one batch.
    world
        .search(json!({ "query": "nobody", "in": "contacts" }))
        .await;
    let reading = meter.take();
    assert_eq!(reading.sequential_round_trips(), 4, "{reading:?}");
}

#[tokio::test]
async fn whoever_searches_too_often_waits_and_nobody_else_does() {
    let world = World::new().await;
    let bob = world
        .harness
        .join(&world.owner, &world.workspace, "bob@example.com", "agent")
        .await;
    let body = json!({ "query": "hay" });
    for _ in 0..120 {
        world.search(body.clone()).await;
    }
    world
        .owner
        .refused(
            Method::POST,
            &world.place,
            Some(body.clone()),
            429,
            "rate_limited",
        )
        .await;
    bob.post(&world.place, body.clone(), 200).await;
    world.harness.advance(MINUTE);
    world.search(body).await;
}
