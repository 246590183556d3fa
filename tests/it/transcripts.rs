//! Transcripts: a thread as a document, for the team and for its visitor.

mod mailed;

use std::time::Duration;

use harness::{Answer, Client, Conversation, Harness, Member, Visitor, Workspace, message, text};
use reqwest::Method;
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const FORMATS: [&str; 3] = ["txt", "html", "json"];

/// A thread in which both sides, the team among itself and the system have said something.
struct World {
    harness: Harness,
    owner: Member,
    agent: Member,
    workspace: Workspace,
    visitor: Visitor,
    conversation: Conversation,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let agent = harness
            .join(&owner, &workspace, "bob@example.com", "agent")
            .await;
        let visitor = harness.visitor(&owner.app(&workspace).await).await;
        let place = format!("{}/contacts/{}", workspace.path, visitor.contact_id);
        let named = json!({ "name": "Grace Hopper" });
        owner.patch(&place, named, 200).await;
        let conversation = visitor.start("Where is <my> parcel?").await;
        let world = Self {
            harness,
            owner,
            agent,
            workspace,
            visitor,
            conversation,
        };
        world.agent.post(&world.at("/claim"), json!({}), 200).await;
        let mut note = message("CANARY-NOTE she is angry");
        note["kind"] = "note".into();
        world.agent.post(&world.at("/messages"), note, 201).await;
        let said = message("On its way.");
        world.agent.post(&world.at("/messages"), said, 201).await;
        world.owner.post(&world.at("/close"), json!({}), 200).await;
        world
    }

    fn at(&self, rest: &str) -> String {
        let Self {
            workspace,
            conversation,
            ..
        } = self;
        format!("{}/conversations/{}{rest}", workspace.path, conversation.id)
    }

    fn theirs(&self, query: &str) -> String {
        format!(
            "/v1/widget/conversations/{}/transcript{query}",
            self.conversation.id
        )
    }

    /// The name that the workspace has for a member.
    async fn name(&self, member: &Member) -> String {
        let own = text(&member.get(&self.workspace.path, 200).await, "member_id");
        let all = format!("{}/members", self.workspace.path);
        let all = self.owner.get(&all, 200).await;
        let all = all["data"].as_array().expect("members");
        let found = all.iter().find(|one| one["id"] == own.as_str());
        text(found.expect("the member"), "name")
    }
}

async fn taken(client: &Client, path: &str) -> Answer {
    let answer = client.send(Method::GET, path, None).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer
}

fn labels(transcript: &Value) -> Vec<String> {
    let people = transcript["people"].as_array().expect("people");
    people.iter().map(|one| text(one, "label")).collect()
}

#[tokio::test]
async fn a_member_takes_a_thread_along_in_three_forms_and_the_log_says_who_did() {
    let world = World::new().await;
    let agent = world.name(&world.agent).await;
    let kinds = ["text/plain", "text/html", "application/json"];
    for (format, kind) in FORMATS.into_iter().zip(kinds) {
        let path = world.at(&format!("/transcript?format={format}"));
        let answer = taken(&world.owner, &path).await;
        assert!(answer.header("content-type").starts_with(kind));
        let file = format!(
            "attachment; filename=\"{}.{format}\"",
            world.conversation.id
        );
        assert_eq!(answer.header("content-disposition"), file);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.text.contains("CANARY-NOTE"), "{}", answer.text);
        for said in ["Grace Hopper", &agent, "On its way."] {
            assert!(answer.text.contains(said), "{format}: {}", answer.text);
        }
        let whole = taken(&world.owner, &format!("{path}&notes=true"))
            .await
            .text;
        assert!(whole.contains("CANARY-NOTE"), "{whole}");
    }
    // Without a choice it is text, which reads like this.
    let plain = taken(&world.owner, &world.at("/transcript?notes=true")).await;
    let rows: Vec<&str> = plain.text.lines().collect();
    assert!(
        rows.contains(&"    Where is <my> parcel?"),
        "{}",
        plain.text
    );
    let told = [
        format!("{agent} took the conversation."),
        format!("{agent} (internal note):"),
    ];
    for told in told {
        assert!(plain.text.contains(&told), "{}", plain.text);
    }
    let html = taken(&world.owner, &world.at("/transcript?format=html")).await;
    assert!(html.text.contains("&lt;my&gt;") && !html.text.contains("<my>"));

    let log = format!("{}/audit?limit=100", world.workspace.path);
    let log = world.owner.get(&log, 200).await;
    let lines = log["data"].as_array().expect("lines").iter();
    let lines: Vec<&Value> = lines
        .filter(|line| line["act"] == "transcript_taken")
        .collect();
    assert_eq!(lines.len(), 8);
    for line in lines {
        assert_eq!(line["actor"]["id"], world.workspace.member_id.as_str());
        assert_eq!(line["target"]["kind"], "conversation");
    }
}

/// Thread: 1 the visitor's, 2 the claim, 3 a note, 4 the team's, 5 closed.
#[tokio::test]
async fn a_transcript_says_what_a_message_answers() {
    let world = World::new().await;
    let agent = world.name(&world.agent).await;
    for seq in [4, 1] {
        let mut answer = message("Where exactly?");
        answer["reply_to_seq"] = seq.into();
        let place = format!(
            "/v1/widget/conversations/{}/messages",
            world.conversation.id
        );
        world.visitor.post(&place, answer, 201).await;
    }
    let at = |answer: &str| format!("(in answer to {answer}, 2026-01-15 12:00:0");
    for format in ["txt", "html"] {
        let path = world.theirs(&format!("?format={format}"));
        let page = taken(&world.visitor, &path).await.text;
        for told in [at(&agent), at("You")] {
            assert!(page.contains(&told), "{format}: {page}");
        }
        // A part that does not hold what is answered says no more than that.
        let part = taken(&world.visitor, &format!("{path}&after_seq=5"))
            .await
            .text;
        let elsewhere = "(in answer to an earlier message)";
        assert_eq!(part.matches(elsewhere).count(), 2, "{format}: {part}");
    }
    let json = taken(&world.owner, &world.at("/transcript?format=json")).await;
    let messages = json.body["messages"].as_array().expect("messages");
    let answers: Vec<u64> = messages
        .iter()
        .filter_map(|one| one["reply_to_seq"].as_u64())
        .collect();
    assert_eq!(answers, [4, 1]);
}

#[tokio::test]
async fn a_transcript_leaves_nothing_behind_but_the_line_that_it_was_taken() {
    let world = World::new().await;
    let mut before = world.harness.items().await;
    for format in FORMATS {
        taken(&world.visitor, &world.theirs(&format!("?format={format}"))).await;
    }
    let mut after = world.harness.items().await;
    before.sort();
    after.sort();
    assert_eq!(after, before, "a visitor's transcript left something");
    taken(&world.owner, &world.at("/transcript")).await;
    let after = world.harness.items().await;
    let new: Vec<&String> = after.iter().filter(|item| !before.contains(item)).collect();
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(new[0].contains("AUDIT#"), "{new:?}");
}

#[tokio::test]
async fn a_visitors_transcript_holds_what_was_said_to_them_and_nothing_of_the_team() {
    let world = World::new().await;
    let agent = world.name(&world.agent).await;
    for format in FORMATS {
        let path = world.theirs(&format!("?format={format}"));
        let answer = taken(&world.visitor, &path).await;
        for hidden in ["CANARY-NOTE", "took the conversation", "claimed"] {
            assert!(!answer.text.contains(hidden), "{format}: {}", answer.text);
        }
        for said in ["You", &agent, "On its way."] {
            assert!(answer.text.contains(said), "{format}: {}", answer.text);
        }
    }
    let json = taken(&world.visitor, &world.theirs("?format=json"))
        .await
        .body;
    let messages = json["messages"].as_array().expect("messages");
    let numbers: Vec<u64> = messages.iter().filter_map(|m| m["seq"].as_u64()).collect();
    assert_eq!(numbers, [1, 4, 5], "the claim and the note are not theirs");
    // Another visitor's is not there, and neither is one that nobody has.
    let app = world.owner.app(&world.workspace).await;
    let other = world.harness.visitor(&app).await;
    let path = world.theirs("");
    other
        .refused(Method::GET, &path, None, 404, "not_found")
        .await;
}

#[tokio::test]
async fn who_may_not_see_a_name_a_thread_or_a_copy_does_not_get_it_in_a_transcript() {
    let world = World::new().await;
    let path = world.at("/transcript?format=json");
    let viewer = world
        .harness
        .join(&world.owner, &world.workspace, "vi@example.com", "viewer")
        .await;
    let masked = taken(&viewer, &path).await;
    assert!(!masked.text.contains("Grace"), "{}", masked.text);
    assert!(labels(&masked.body).contains(&"Visitor".to_owned()));
    // Who sees only their own finds no other's thread.
    let member = text(&viewer.get(&world.workspace.path, 200).await, "member_id");
    let member = format!("{}/members/{member}", world.workspace.path);
    let own = json!({ "visibility": "assigned" });
    world.owner.patch(&member, own, 200).await;
    viewer
        .refused(Method::GET, &path, None, 404, "not_found")
        .await;
    for (query, pointer) in [
        ("format=pdf", "?format"),
        ("notes=perhaps", "?notes"),
        ("after_seq=-1", "?after_seq"),
        ("pages=2", "?pages"),
    ] {
        let path = world.at(&format!("/transcript?{query}"));
        let answer = world.owner.send(Method::GET, &path, None).await;
        assert!(
            matches!(answer.status, 400 | 422),
            "{query}: {}",
            answer.text
        );
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{query}");
    }
}

#[tokio::test]
async fn of_a_member_who_has_gone_the_words_stay_and_the_name_does_not() {
    let world = World::new().await;
    let name = world.name(&world.agent).await;
    let agent = text(
        &world.agent.get(&world.workspace.path, 200).await,
        "member_id",
    );
    let agent = format!("{}/members/{agent}", world.workspace.path);
    world.owner.delete(&agent, 202).await;
    let path = world.at("/transcript?format=json&notes=true");
    let transcript = taken(&world.owner, &path).await;
    assert!(labels(&transcript.body).contains(&"Former teammate 1".to_owned()));
    assert!(!transcript.text.contains(&name), "{}", transcript.text);
    assert!(transcript.text.contains("On its way."));
}

#[tokio::test]
async fn a_long_thread_comes_in_parts_that_lose_nothing() {
    let world = World::new().await;
    let long = "é".repeat(9_990);
    for n in 0..30 {
        world.harness.advance(Duration::from_millis(1));
        world
            .visitor
            .say(&world.conversation, &format!("{n} {long}"))
            .await;
    }
    let head = world.owner.get(&world.at(""), 200).await;
    let (mut numbers, mut after, mut parts) = (Vec::new(), 0, 0);
    loop {
        let path = world.at(&format!(
            "/transcript?format=json&notes=true&after_seq={after}"
        ));
        let part = taken(&world.owner, &path).await;
        assert!(part.text.len() < 1024 * 1024, "{} bytes", part.text.len());
        let messages = part.body["messages"].as_array().expect("messages");
        numbers.extend(messages.iter().filter_map(|m| m["seq"].as_u64()));
        parts += 1;
        match part.body["next_after_seq"].as_u64() {
            Some(next) => after = next,
            None => break,
        }
    }
    let all: Vec<u64> = (1..=head["seq"].as_u64().expect("a number")).collect();
    assert_eq!(numbers, all);
    assert_eq!(parts, 2);
    let text = taken(&world.visitor, &world.theirs("")).await.text;
    assert!(text.contains("The conversation goes on after message number"));
}

/// CHAT-03: a transcript dies with its thread.
#[tokio::test]
async fn a_transcript_ends_with_its_conversation_and_a_message_in_it_with_the_message() {
    let mut world = World::new().await;
    let path = world.at("/transcript");
    world.owner.delete(&world.at("/messages/4"), 200).await;
    let text = taken(&world.owner, &path).await.text;
    assert!(text.contains("This message was deleted.") && !text.contains("On its way."));

    world.harness.advance(DAY * 500);
    world.owner = world.harness.sign_in("ada@example.com").await;
    world
        .owner
        .say(&world.workspace, &world.conversation, "Still here?")
        .await;
    world.harness.advance(DAY * 300);
    world.owner = world.harness.sign_in("ada@example.com").await;
    let json = taken(&world.owner, &format!("{path}?format=json")).await;
    assert_eq!(json.body["older_ended"], true);
    assert!(!json.text.contains("parcel") && json.text.contains("Still here?"));
    let text = taken(&world.owner, &path).await.text;
    assert!(text.contains("Older messages have been deleted"), "{text}");

    world.harness.advance(DAY * 460);
    world.owner = world.harness.sign_in("ada@example.com").await;
    world
        .owner
        .refused(Method::GET, &path, None, 404, "not_found")
        .await;
}

#[tokio::test]
async fn a_transcript_is_four_round_trips_for_a_member_and_three_for_a_visitor() {
    let world = World::new().await;
    let meter = &world.harness.app_of("messages").meter;
    meter.take();
    taken(&world.owner, &world.at("/transcript")).await;
    let reading = meter.take();
    let entry_names_and_line = [
        "BatchGetItem",
        "Query",
        "BatchGetItem",
        "TransactWriteItems",
    ];
    assert_eq!(reading.operations(), entry_names_and_line);
    taken(&world.visitor, &world.theirs("")).await;
    let reading = meter.take();
    assert_eq!(
        reading.operations(),
        ["BatchGetItem", "Query", "BatchGetItem"]
    );
    assert!(reading.calls.iter().all(|call| call.consistent));
}
