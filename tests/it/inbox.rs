//! The working inbox: whose a conversation is, how it stands, and a transcript that tells both.

use std::time::Duration;

use harness::{Conversation, Harness, Member, Visitor, Workspace, message, text};
use reqwest::Method;
use serde_json::{Value, json};

const HOUR: Duration = Duration::from_secs(3600);
const MS: Duration = Duration::from_millis(1);

/// A team of two, a visitor and a thread with one message.
struct World {
    harness: Harness,
    owner: Member,
    agent: Member,
    /// The agent's id as a member.
    agent_id: String,
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
        let members = owner.get(&format!("{}/members", workspace.path), 200).await;
        let members = members["data"].as_array().expect("members");
        let agent_id = members
            .iter()
            .find(|m| m["id"] != workspace.member_id.as_str());
        let agent_id = text(agent_id.expect("the agent"), "id");
        let visitor = harness.visitor(&owner.app(&workspace).await).await;
        let conversation = visitor.start("one").await;
        Self {
            harness,
            owner,
            agent,
            agent_id,
            workspace,
            visitor,
            conversation,
        }
    }

    /// The path of the thread, or of something of it.
    fn at(&self, rest: &str) -> String {
        format!(
            "{}/conversations/{}{rest}",
            self.workspace.path, self.conversation.id
        )
    }

    async fn shown(&self) -> Value {
        self.owner.get(&self.at(""), 200).await
    }

    /// The ids of a view.
    async fn listed(&self, member: &Member, query: &str) -> Vec<String> {
        let page = member
            .get(
                &format!("{}/conversations?{query}", self.workspace.path),
                200,
            )
            .await;
        page["data"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|head| text(head, "id"))
            .collect()
    }

    /// The words of the lines of the system, as the team reads them.
    async fn events(&self) -> Vec<String> {
        let lines = self.owner.read(&self.workspace, &self.conversation).await;
        let lines = lines.iter().filter(|line| line["kind"] == "system");
        lines.map(|line| text(line, "event")).collect()
    }

    async fn post(&self, rest: &str, expected: u16) -> Value {
        self.owner.post(&self.at(rest), json!({}), expected).await
    }

    /// The next day for tokens: both members sign in again.
    async fn pass(&mut self, by: Duration) {
        self.harness.advance(by);
        self.owner = self.harness.sign_in(&self.owner.email).await;
        self.agent = self.harness.sign_in(&self.agent.email).await;
    }
}

fn numbers(lines: &[Value]) -> Vec<u64> {
    lines
        .iter()
        .filter_map(|line| line["seq"].as_u64())
        .collect()
}

#[tokio::test]
async fn of_two_members_who_claim_at_once_one_wins_and_the_other_is_told_who() {
    let world = World::new().await;
    for round in 0..8 {
        let conversation = world.visitor.start(&format!("{round}")).await;
        let path = format!(
            "{}/conversations/{}/claim",
            world.workspace.path, conversation.id
        );
        let (ours, theirs) = tokio::join!(
            world.owner.send(Method::POST, &path, None),
            world.agent.send(Method::POST, &path, None),
        );
        let mut statuses = [ours.status, theirs.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", ours.text, theirs.text);
        let (won, lost) = if ours.status == 200 {
            (&ours, &theirs)
        } else {
            (&theirs, &ours)
        };
        assert_eq!(lost.body["code"], "already_assigned");
        let holder = text(&won.body, "assignee");
        assert!(text(&lost.body, "detail").contains(&holder));
        let lines = world.owner.read(&world.workspace, &conversation).await;
        assert_eq!(numbers(&lines), [1, 2], "one line tells of one claim");
        assert_eq!(
            (&lines[1]["event"], &lines[1]["actor"]),
            (&json!("claimed"), &json!(holder))
        );
    }
}

#[tokio::test]
async fn every_change_may_be_repeated_without_a_second_line() {
    let world = World::new().await;
    for verb in ["/claim", "/close", "/reopen", "/spam"] {
        let first = world.post(verb, 200).await;
        assert_eq!(world.post(verb, 200).await, first, "{verb}");
    }
    let assign = json!({ "member_id": world.agent_id });
    let first = world
        .owner
        .put(&world.at("/assignee"), assign.clone(), 200)
        .await;
    assert_eq!(
        world.owner.put(&world.at("/assignee"), assign, 200).await,
        first
    );
    let first = world.owner.delete(&world.at("/assignee"), 200).await;
    assert_eq!(world.owner.delete(&world.at("/assignee"), 200).await, first);
    let until = json!({ "until": world.harness.now().plus(HOUR) });
    let first = world
        .owner
        .post(&world.at("/snooze"), until.clone(), 200)
        .await;
    assert_eq!(
        world.owner.post(&world.at("/snooze"), until, 200).await,
        first
    );
    let labels = json!({ "labels": ["vip", "refund", "vip"] });
    let first = world
        .owner
        .put(&world.at("/labels"), labels.clone(), 200)
        .await;
    assert_eq!(
        world.owner.put(&world.at("/labels"), labels, 200).await,
        first
    );
    assert_eq!(first["labels"], json!(["refund", "vip"]));

    let expected = [
        "claimed",
        "closed",
        "reopened",
        "marked_spam",
        "assigned",
        "unassigned",
        "snoozed",
        "labelled",
    ];
    assert_eq!(world.events().await, expected);
    let lines = world
        .owner
        .read(&world.workspace, &world.conversation)
        .await;
    assert_eq!(numbers(&lines), (1..=9).collect::<Vec<u64>>());
    assert_eq!(lines[5]["subject_member"], world.agent_id.as_str());
    assert_eq!(lines[5]["author"], json!({ "type": "system", "id": null }));
    assert_eq!(lines[8]["labels"], json!(["refund", "vip"]));
    let shown = world.shown().await;
    let counts = (
        &shown["seq"],
        &shown["in_seq"],
        &shown["out_seq"],
        &shown["unread"],
    );
    assert_eq!(
        counts,
        (&json!(9), &json!(1), &json!(0), &json!(1)),
        "lines are nobody's messages"
    );
}

#[tokio::test]
async fn the_visitor_reads_that_it_was_closed_and_of_the_rest_only_that_it_has_a_number() {
    let world = World::new().await;
    for verb in ["/claim", "/close", "/reopen", "/spam"] {
        world.post(verb, 200).await;
    }
    let seen = world.visitor.read(&world.conversation).await;
    let hidden = |seq: u64| json!({ "seq": seq, "kind": "internal" });
    assert_eq!((&seen[1], &seen[4]), (&hidden(2), &hidden(5)));
    assert_eq!(
        (&seen[2]["event"], &seen[3]["event"]),
        (&json!("closed"), &json!("reopened"))
    );
    let path = format!("/v1/widget/conversations/{}", world.conversation.id);
    let shown = world.visitor.get(&path, 200).await;
    assert_eq!(
        (&shown["status"], &shown["unread"]),
        (&json!("open"), &json!(0)),
        "spam is not told"
    );
    for team in ["labels", "snoozed_until", "waiting_since"] {
        assert!(shown[team].is_null(), "{team}");
    }
    // Back from spam: the visitor never knew.
    world.post("/reopen", 200).await;
    assert_eq!(world.visitor.read(&world.conversation).await[5], hidden(6));
}

#[tokio::test]
async fn a_message_opens_what_was_closed_and_leaves_spam_where_it_is() {
    let world = World::new().await;
    world.post("/close", 200).await;
    world
        .visitor
        .say(&world.conversation, "one more thing")
        .await;
    assert_eq!(world.shown().await["status"], "open");
    world.post("/close", 200).await;
    let mut note = message("not for the visitor");
    note["kind"] = "note".into();
    world.owner.post(&world.at("/messages"), note, 201).await;
    assert_eq!(
        world.shown().await["status"],
        "closed",
        "a note opens nothing"
    );
    let body = message("we found it");
    let said = world
        .owner
        .post(&world.at("/messages"), body.clone(), 201)
        .await;
    assert_eq!(
        world.owner.post(&world.at("/messages"), body, 200).await,
        said
    );
    assert_eq!(world.shown().await["status"], "open");
    assert_eq!(
        world.events().await,
        ["closed", "reopened", "closed", "reopened"]
    );
    let lines = world
        .owner
        .read(&world.workspace, &world.conversation)
        .await;
    assert_eq!(lines[2]["actor"], world.visitor.contact_id.as_str());
    assert_eq!(numbers(&lines), (1..=8).collect::<Vec<u64>>());

    world.post("/spam", 200).await;
    world.visitor.say(&world.conversation, "buy now").await;
    world
        .owner
        .say(&world.workspace, &world.conversation, "no")
        .await;
    assert_eq!(world.shown().await["status"], "spam");
    assert_eq!(
        world
            .listed(&world.owner, "view=unassigned&status=spam")
            .await,
        std::slice::from_ref(&world.conversation.id)
    );
}

#[tokio::test]
async fn a_snooze_is_over_to_the_millisecond_wherever_it_is_read() {
    let mut world = World::new().await;
    let id = [world.conversation.id.clone()];
    let until = world.harness.now().plus(HOUR);
    let put_aside = world
        .owner
        .post(&world.at("/snooze"), json!({ "until": until }), 200)
        .await;
    assert_eq!(
        (&put_aside["status"], &put_aside["snoozed_until"]),
        (&json!("snoozed"), &json!(until))
    );
    world.pass(HOUR - MS).await;
    assert_eq!(world.shown().await["status"], "snoozed");
    assert!(
        world
            .listed(&world.owner, "view=unassigned")
            .await
            .is_empty()
    );
    assert_eq!(
        world
            .listed(&world.owner, "view=unassigned&status=snoozed")
            .await,
        id
    );
    assert_eq!(world.listed(&world.owner, "status=snoozed").await, id);
    let counts = format!("{}/conversations/counts", world.workspace.path);
    let unassigned = &world.owner.get(&counts, 200).await["unassigned"];
    assert_eq!(*unassigned, json!({ "open": 0, "snoozed": 1 }));
    // A knock too early changes nothing.
    assert_eq!(world.post("/wake", 200).await["status"], "snoozed");

    world.pass(MS).await;
    let shown = world.shown().await;
    assert_eq!(
        (&shown["status"], &shown["snoozed_until"]),
        (&json!("open"), &Value::Null)
    );
    assert_eq!(world.listed(&world.owner, "view=unassigned").await, id);
    assert!(
        world
            .listed(&world.owner, "view=unassigned&status=snoozed")
            .await
            .is_empty()
    );
    assert_eq!(world.listed(&world.owner, "status=open").await, id);
    let unassigned = &world.owner.get(&counts, 200).await["unassigned"];
    assert_eq!(*unassigned, json!({ "open": 1, "snoozed": 0 }));
    assert_eq!(
        world.events().await,
        ["snoozed"],
        "nobody has written it down yet"
    );

    let woken = world.post("/wake", 200).await;
    assert_eq!(woken["status"], "open");
    assert_eq!(world.post("/wake", 200).await, woken);
    assert_eq!(world.events().await, ["snoozed", "woke"]);
    let lines = world
        .owner
        .read(&world.workspace, &world.conversation)
        .await;
    assert!(lines[2]["actor"].is_null(), "the clock did it");
    assert_eq!(lines[1]["until"], json!(until));
    assert_eq!(world.listed(&world.owner, "view=unassigned").await, id);
}

#[tokio::test]
async fn any_write_is_a_knock_and_the_visitors_message_brings_a_snoozed_thread_back() {
    let mut world = World::new().await;
    let snooze = |world: &World| json!({ "until": world.harness.now().plus(HOUR) });
    world
        .owner
        .post(&world.at("/snooze"), snooze(&world), 200)
        .await;
    // A member's words leave it put aside; the visitor's do not.
    world
        .owner
        .say(&world.workspace, &world.conversation, "please wait")
        .await;
    assert_eq!(world.shown().await["status"], "snoozed");
    world.visitor.say(&world.conversation, "still there?").await;
    assert_eq!(world.shown().await["status"], "open");
    assert_eq!(world.events().await, ["snoozed", "woke"]);

    world
        .owner
        .post(&world.at("/snooze"), snooze(&world), 200)
        .await;
    world.pass(HOUR).await;
    world
        .owner
        .say(&world.workspace, &world.conversation, "here I am")
        .await;
    world
        .owner
        .post(&world.at("/snooze"), snooze(&world), 200)
        .await;
    world.pass(HOUR).await;
    world.post("/reopen", 200).await;
    world
        .owner
        .post(&world.at("/snooze"), snooze(&world), 200)
        .await;
    world.pass(HOUR).await;
    world.post("/close", 200).await;
    let expected = [
        "snoozed", "woke", "snoozed", "woke", "snoozed", "woke", "snoozed", "woke", "closed",
    ];
    assert_eq!(world.events().await, expected);
    let lines = world
        .owner
        .read(&world.workspace, &world.conversation)
        .await;
    assert_eq!(
        numbers(&lines),
        (1..=lines.len() as u64).collect::<Vec<u64>>()
    );
}

#[tokio::test]
async fn views_hold_what_is_theirs_in_pages_that_lose_none() {
    let world = World::new().await;
    let mut ids = vec![world.conversation.id.clone()];
    for n in 0..6 {
        world.harness.advance(MS * 5);
        ids.push(world.visitor.start(&format!("{n}")).await.id);
    }
    world.harness.advance(MS * 5);
    // A message moves nothing in a queue.
    world.visitor.say(&world.conversation, "again").await;
    let newest: Vec<String> = ids.iter().rev().cloned().collect();
    assert_eq!(world.listed(&world.owner, "view=unassigned").await, newest);
    assert_eq!(
        world
            .listed(&world.owner, "view=unassigned&sort=oldest")
            .await,
        ids
    );
    assert_eq!(world.listed(&world.owner, "view=all").await[0], ids[0]);
    for sort in ["newest", "oldest"] {
        for view in ["unassigned", "all"] {
            let whole = world
                .listed(&world.owner, &format!("view={view}&sort={sort}"))
                .await;
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let query = format!("view={view}&sort={sort}&limit=2{cursor}");
                let path = format!("{}/conversations?{query}", world.workspace.path);
                let page = world.owner.get(&path, 200).await;
                seen.extend(
                    page["data"]
                        .as_array()
                        .expect("a list")
                        .iter()
                        .map(|c| text(c, "id")),
                );
                let Some(next) = page["page"]["next_cursor"].as_str() else {
                    break;
                };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(seen, whole, "{view} {sort}");
        }
    }

    let at =
        |n: usize, rest: &str| format!("{}/conversations/{}{rest}", world.workspace.path, ids[n]);
    world.harness.advance(MS * 5);
    world.agent.post(&at(3, "/claim"), json!({}), 200).await;
    world.harness.advance(MS * 5);
    world.agent.post(&at(1, "/claim"), json!({}), 200).await;
    world.agent.post(&at(5, "/claim"), json!({}), 200).await;
    world.agent.post(&at(5, "/close"), json!({}), 200).await;
    assert_eq!(
        world.listed(&world.agent, "view=mine").await,
        [ids[1].clone(), ids[3].clone()]
    );
    assert_eq!(
        world.listed(&world.agent, "view=mine&status=closed").await,
        [ids[5].clone()]
    );
    assert!(world.listed(&world.owner, "view=mine").await.is_empty());
    assert_eq!(world.listed(&world.owner, "view=unassigned").await.len(), 4);
    assert_eq!(
        world.listed(&world.owner, "status=closed").await,
        [ids[5].clone()]
    );
    let counts = world
        .agent
        .get(
            &format!("{}/conversations/counts", world.workspace.path),
            200,
        )
        .await;
    let expected = json!({
        "mine": { "open": 2, "snoozed": 0 }, "unassigned": { "open": 4, "snoozed": 0 }, "counted_to": 1000,
    });
    assert_eq!(counts, expected);

    // A cursor belongs to its own view and order.
    let path = format!("{}/conversations", world.workspace.path);
    let page = world
        .owner
        .get(&format!("{path}?view=unassigned&limit=1"), 200)
        .await;
    let cursor = text(&page["page"], "next_cursor");
    for other in [
        "view=mine",
        "view=all",
        "view=unassigned&sort=oldest",
        "view=unassigned&status=spam",
    ] {
        let path = format!("{path}?{other}&cursor={cursor}");
        world
            .owner
            .refused(Method::GET, &path, None, 400, "cursor_invalid")
            .await;
    }
    for bad in ["view=theirs", "sort=random", "status=lost"] {
        let path = format!("{path}?{bad}");
        world
            .owner
            .refused(Method::GET, &path, None, 422, "validation_failed")
            .await;
    }
}

#[tokio::test]
async fn whoever_waits_longest_is_known_until_somebody_answers() {
    let world = World::new().await;
    let began = world.shown().await["created_at"].clone();
    world.harness.advance(MS * 5);
    world.visitor.say(&world.conversation, "two").await;
    assert_eq!(world.shown().await["waiting_since"], began);
    world
        .owner
        .say(&world.workspace, &world.conversation, "here")
        .await;
    assert!(world.shown().await["waiting_since"].is_null());
}

#[tokio::test]
async fn a_conversation_is_given_only_to_a_member_and_not_over_a_change_nobody_has_seen() {
    let world = World::new().await;
    let path = world.at("/assignee");
    let nobody = json!({ "member_id": "mbr_01h455vb4pex5vsknk084sn02q" });
    let problem = world
        .owner
        .refused(Method::PUT, &path, Some(nobody), 422, "validation_failed")
        .await;
    assert_eq!(problem["errors"][0]["pointer"], "#/member_id");
    let shown = world.shown().await;
    world.agent.post(&world.at("/claim"), json!({}), 200).await;
    let stale = world
        .owner
        .with_header("if-match", &format!("\"{}\"", shown["rev"]));
    let mine = json!({ "member_id": world.workspace.member_id });
    stale
        .refused(Method::PUT, &path, Some(mine.clone()), 409, "conflict")
        .await;
    stale
        .refused(Method::DELETE, &path, None, 409, "conflict")
        .await;
    let labels = json!({ "labels": ["vip"] });
    stale
        .refused(
            Method::PUT,
            &world.at("/labels"),
            Some(labels),
            409,
            "conflict",
        )
        .await;
    assert_eq!(world.shown().await["assignee"], world.agent_id.as_str());
    let given = world.owner.put(&path, mine, 200).await;
    assert_eq!(given["assignee"], world.workspace.member_id.as_str());
}

#[tokio::test]
async fn labels_are_few_slugs_and_the_transcript_says_which_came_and_went() {
    let world = World::new().await;
    let path = world.at("/labels");
    let put = |labels: Value| json!({ "labels": labels });
    world
        .owner
        .put(&path, put(json!(["vip", "refund"])), 200)
        .await;
    world
        .owner
        .put(&path, put(json!(["vip", "open-case"])), 200)
        .await;
    let lines = world
        .owner
        .read(&world.workspace, &world.conversation)
        .await;
    assert_eq!(
        (&lines[2]["event"], &lines[2]["labels"]),
        (&json!("labelled"), &json!(["open-case"]))
    );
    assert_eq!(
        (&lines[3]["event"], &lines[3]["labels"]),
        (&json!("unlabelled"), &json!(["refund"]))
    );
    let before = world.shown().await;
    let many: Vec<String> = (0..21).map(|n| format!("l{n}")).collect();
    let long = "x".repeat(41);
    for bad in [
        json!(many),
        json!(["Not A Slug"]),
        json!([""]),
        json!([long]),
        json!(["-a"]),
    ] {
        world
            .owner
            .refused(Method::PUT, &path, Some(put(bad)), 422, "validation_failed")
            .await;
    }
    assert_eq!(world.shown().await, before);
    assert_eq!(
        world.owner.put(&path, put(json!(many[..20])), 200).await["labels"]
            .as_array()
            .map(Vec::len),
        Some(20)
    );
    assert_eq!(
        world.owner.put(&path, put(json!([])), 200).await["labels"],
        json!([])
    );
}

#[tokio::test]
async fn a_snooze_ends_in_the_future_and_before_the_conversation() {
    let world = World::new().await;
    let now = world.harness.now();
    let before = world.shown().await;
    for until in [
        now,
        now.minus(MS),
        now.plus(HOUR * 24 * 760),
        now.plus(HOUR * 24 * 36500),
    ] {
        let body = Some(json!({ "until": until }));
        let problem = world
            .owner
            .refused(
                Method::POST,
                &world.at("/snooze"),
                body,
                422,
                "validation_failed",
            )
            .await;
        assert_eq!(problem["errors"][0]["pointer"], "#/until");
    }
    assert_eq!(world.shown().await, before);
    world
        .owner
        .post(&world.at("/snooze"), json!({ "until": now.plus(MS) }), 200)
        .await;
}

#[tokio::test]
async fn a_writer_edits_within_fifteen_minutes_and_the_old_words_are_nowhere() {
    let mut world = World::new().await;
    let said = world
        .owner
        .say(&world.workspace, &world.conversation, "It arives CANARY")
        .await;
    let path = world.at("/messages/2");
    let better = json!({ "text": "It arrives today." });
    let edited = world.owner.patch(&path, better.clone(), 200).await;
    assert_eq!(
        (&edited["text"], &edited["rev"], &edited["id"]),
        (&better["text"], &json!(2), &said["id"])
    );
    assert!(edited["edited_at"].is_string());
    assert_eq!(
        world.owner.patch(&path, better.clone(), 200).await,
        edited,
        "a repeat changes nothing"
    );
    // Both sides see it, and a line that says which message to read again.
    for lines in [
        world.visitor.read(&world.conversation).await,
        world
            .owner
            .read(&world.workspace, &world.conversation)
            .await,
    ] {
        assert_eq!(lines[1]["text"], better["text"]);
        assert_eq!(
            (&lines[2]["event"], &lines[2]["subject_seq"]),
            (&json!("message_edited"), &json!(2))
        );
        assert_eq!(numbers(&lines), [1, 2, 3]);
    }
    // An old version, another writer, a line of the system, what is not there, and too late.
    let other = json!({ "text": "Never." });
    let refused = async |member: &harness::Client, path: &str, status: u16, code: &str| {
        member
            .refused(Method::PATCH, path, Some(other.clone()), status, code)
            .await
    };
    refused(
        &world.owner.with_header("if-match", "\"1\""),
        &path,
        409,
        "conflict",
    )
    .await;
    refused(&world.agent, &path, 403, "forbidden").await;
    refused(&world.owner, &world.at("/messages/1"), 403, "forbidden").await;
    refused(
        &world.owner,
        &world.at("/messages/3"),
        409,
        "not_changeable",
    )
    .await;
    refused(&world.owner, &world.at("/messages/9"), 404, "not_found").await;
    refused(&world.owner, &world.at("/messages/x"), 404, "not_found").await;
    world.pass(Duration::from_secs(15 * 60)).await;
    refused(&world.owner, &path, 409, "not_changeable").await;
    assert_eq!(
        world
            .owner
            .read(&world.workspace, &world.conversation)
            .await[1]["text"],
        better["text"]
    );
}

#[tokio::test]
async fn a_repeated_send_finds_its_message_even_when_that_was_changed_meanwhile() {
    let world = World::new().await;
    let body = message("first words");
    let path = world.at("/messages");
    world.owner.post(&path, body.clone(), 201).await;
    let edited = world
        .owner
        .patch(
            &world.at("/messages/2"),
            json!({ "text": "better words" }),
            200,
        )
        .await;
    assert_eq!(world.owner.post(&path, body.clone(), 200).await, edited);
    let deleted = world.owner.delete(&world.at("/messages/2"), 200).await;
    assert_eq!(world.owner.post(&path, body, 200).await, deleted);
}

#[tokio::test]
async fn a_deleted_message_keeps_its_number_and_nothing_else() {
    let world = World::new().await;
    world
        .agent
        .say(&world.workspace, &world.conversation, "the agent's")
        .await;
    let path = world.at("/messages/1");
    world
        .agent
        .refused(Method::DELETE, &path, None, 403, "forbidden")
        .await;
    let stale = world.owner.with_header("if-match", "\"7\"");
    stale
        .refused(Method::DELETE, &path, None, 409, "conflict")
        .await;
    let deleted = world.owner.delete(&path, 200).await;
    assert_eq!(
        (&deleted["text"], &deleted["seq"]),
        (&Value::Null, &json!(1))
    );
    assert_eq!(world.owner.delete(&path, 200).await, deleted);
    assert!(world.agent.delete(&world.at("/messages/2"), 200).await["deleted_at"].is_string());
    assert_eq!(world.events().await, ["message_deleted", "message_deleted"]);
    let seen = world.visitor.read(&world.conversation).await;
    assert_eq!(
        (&seen[0]["text"], &seen[0]["author"]["type"]),
        (&Value::Null, &json!("visitor"))
    );
    assert_eq!(numbers(&seen), [1, 2, 3, 4]);
    let line = world.at("/messages/3");
    world
        .owner
        .refused(Method::DELETE, &line, None, 409, "not_changeable")
        .await;
    let edit = Some(json!({ "text": "back" }));
    world
        .agent
        .refused(
            Method::PATCH,
            &world.at("/messages/2"),
            edit,
            409,
            "not_changeable",
        )
        .await;
    // Unread counts are what they were: a deleted message was a message.
    assert_eq!(world.shown().await["in_seq"], 1);
}

#[tokio::test]
async fn redaction_blacks_characters_out_for_good() {
    let world = World::new().await;
    world
        .visitor
        .say(&world.conversation, "käse 4711 0815!")
        .await;
    let path = world.at("/messages/2/redact");
    let parts = json!({ "ranges": [{ "start": 5, "end": 9 }, { "start": 10, "end": 14 }] });
    let redacted = world.agent.post(&path, parts.clone(), 200).await;
    assert_eq!(
        (&redacted["text"], &redacted["redacted"]),
        (&json!("käse ████ ████!"), &json!(true))
    );
    assert_eq!(world.agent.post(&path, parts, 200).await, redacted);
    assert_eq!(
        world.visitor.read(&world.conversation).await[1]["text"],
        "käse ████ ████!"
    );
    assert_eq!(world.events().await, ["message_redacted"]);
    for bad in [
        json!([]),
        json!([{ "start": 3, "end": 3 }]),
        json!([{ "start": 0, "end": 16 }]),
        json!([{ "start": 0, "end": 1 }, { "start": 9, "end": 2 }]),
    ] {
        let body = Some(json!({ "ranges": bad }));
        world
            .agent
            .refused(Method::POST, &path, body, 422, "validation_failed")
            .await;
    }
    let negative = Some(json!({ "ranges": [{ "start": -1, "end": 2 }] }));
    world
        .agent
        .refused(Method::POST, &path, negative, 422, "validation_failed")
        .await;
    assert_eq!(
        world.visitor.read(&world.conversation).await[1]["text"],
        "käse ████ ████!"
    );
}

#[tokio::test]
async fn a_changed_note_is_told_to_the_team_only() {
    let world = World::new().await;
    let mut note = message("difficult");
    note["kind"] = "note".into();
    world.owner.post(&world.at("/messages"), note, 201).await;
    world
        .owner
        .patch(
            &world.at("/messages/2"),
            json!({ "text": "demanding" }),
            200,
        )
        .await;
    let seen = world.visitor.read(&world.conversation).await;
    let hidden = |seq: u64| json!({ "seq": seq, "kind": "internal" });
    assert_eq!(seen[1..], [hidden(2), hidden(3)]);
}

#[tokio::test]
async fn edits_and_sends_at_once_leave_no_gap_and_lose_no_edit() {
    let world = World::new().await;
    for n in 0..4 {
        world
            .owner
            .say(&world.workspace, &world.conversation, &format!("draft {n}"))
            .await;
    }
    let mut tasks = Vec::new();
    for n in 0..4u64 {
        let (owner, path) = (
            world.owner.clone(),
            world.at(&format!("/messages/{}", n + 2)),
        );
        tasks.push(tokio::spawn(async move {
            owner
                .patch(&path, json!({ "text": format!("final {n}") }), 200)
                .await;
        }));
        let visitor = world.visitor.clone();
        let path = format!(
            "/v1/widget/conversations/{}/messages",
            world.conversation.id
        );
        tasks.push(tokio::spawn(async move {
            visitor.post(&path, message("meanwhile"), 201).await;
        }));
    }
    for task in tasks {
        task.await.expect("a writer");
    }
    let lines = world
        .owner
        .read(&world.workspace, &world.conversation)
        .await;
    assert_eq!(numbers(&lines), (1..=13).collect::<Vec<u64>>());
    for n in 0..4 {
        assert_eq!(lines[n + 1]["text"], format!("final {n}"));
    }
}

#[tokio::test]
async fn a_draft_waits_for_its_writer_and_for_nobody_else() {
    let world = World::new().await;
    let path = world.at("/draft");
    world
        .owner
        .refused(Method::GET, &path, None, 404, "not_found")
        .await;
    world
        .owner
        .put(&path, json!({ "text": "Dear CANARY" }), 200)
        .await;
    world
        .owner
        .put(&path, json!({ "text": "Dear Ada" }), 200)
        .await;
    assert_eq!(world.owner.get(&path, 200).await["text"], "Dear Ada");
    world
        .agent
        .refused(Method::GET, &path, None, 404, "not_found")
        .await;
    assert_eq!(
        world.harness.items_with("Dear").await,
        0,
        "a draft lies in the open"
    );
    assert_eq!(
        world.shown().await["rev"],
        1,
        "a draft changes nobody's conversation"
    );
    world.owner.delete(&path, 204).await;
    world.owner.delete(&path, 204).await;
    world
        .owner
        .refused(Method::GET, &path, None, 404, "not_found")
        .await;
    let empty = Some(json!({ "text": "" }));
    world
        .owner
        .refused(Method::PUT, &path, empty, 422, "validation_failed")
        .await;
}

#[tokio::test]
async fn of_a_deleted_conversation_a_tombstone_is_left_and_nothing_else() {
    let world = World::new().await;
    let other = world.visitor.start("another").await;
    world
        .owner
        .say(&world.workspace, &world.conversation, "two")
        .await;
    world
        .owner
        .put(&world.at("/read"), json!({ "seq": 2 }), 200)
        .await;
    world
        .agent
        .put(&world.at("/draft"), json!({ "text": "three" }), 200)
        .await;
    world
        .agent
        .refused(Method::DELETE, &world.at(""), None, 403, "forbidden")
        .await;
    world.owner.delete(&world.at(""), 204).await;

    let left: Vec<String> = world.harness.items().await;
    let left: Vec<&String> = left
        .iter()
        .filter(|item| item.contains(&world.conversation.id))
        .collect();
    // What remembers a request by its key holds the id for its own 24 hours.
    let kinds: Vec<&str> = ["Tombstone", "Idempotency"]
        .into_iter()
        .filter(|kind| left.iter().any(|item| item.contains(kind)))
        .collect();
    assert_eq!((left.len(), kinds.len()), (2, 2), "{left:#?}");
    for path in ["", "/messages", "/draft"] {
        world
            .owner
            .refused(Method::GET, &world.at(path), None, 404, "not_found")
            .await;
    }
    world
        .owner
        .refused(Method::DELETE, &world.at(""), None, 404, "not_found")
        .await;
    let body = Some(message("hello?"));
    let widget = format!(
        "/v1/widget/conversations/{}/messages",
        world.conversation.id
    );
    world
        .visitor
        .refused(Method::POST, &widget, body, 404, "not_found")
        .await;
    for query in ["view=all", "view=unassigned"] {
        let listed = world.listed(&world.owner, query).await;
        assert_eq!(listed, std::slice::from_ref(&other.id));
    }
    world.harness.drain().await;
    world.harness.advance(HOUR * 24 * 7 + HOUR);
    world.harness.sweep_ttl().await;
    assert_eq!(world.harness.items_with(&world.conversation.id).await, 0);
}

#[tokio::test]
async fn a_long_conversation_is_gone_at_once_and_deleted_in_steps() {
    let world = World::new().await;
    for n in 0..60 {
        world
            .visitor
            .say(&world.conversation, &format!("{n}"))
            .await;
    }
    world.owner.delete(&world.at(""), 202).await;
    world
        .owner
        .refused(Method::GET, &world.at(""), None, 404, "not_found")
        .await;
    let body = Some(message("hello?"));
    world
        .owner
        .refused(Method::POST, &world.at("/messages"), body, 404, "not_found")
        .await;
    assert!(world.listed(&world.owner, "view=all").await.is_empty());
    assert!(
        world
            .listed(&world.owner, "view=unassigned")
            .await
            .is_empty()
    );
    // Nobody asks for it again: the schedule goes on with it.
    world.harness.advance(Duration::from_secs(60));
    let report = world.harness.run_schedule("minute").await;
    assert_eq!(report["erased_conversations"], 1, "{report}");
    world
        .owner
        .refused(Method::DELETE, &world.at(""), None, 404, "not_found")
        .await;
}

#[tokio::test]
async fn a_long_deletion_that_is_asked_for_again_goes_on() {
    let world = World::new().await;
    for n in 0..60 {
        let text = format!("{n}");
        world.visitor.say(&world.conversation, &text).await;
    }
    world.owner.delete(&world.at(""), 202).await;
    world.owner.delete(&world.at(""), 204).await;
}

#[tokio::test]
async fn who_sees_only_the_own_conversations_finds_no_other_on_any_route() {
    let world = World::new().await;
    let mine = world.visitor.start("mine").await;
    let claim = format!("{}/conversations/{}/claim", world.workspace.path, mine.id);
    world.agent.post(&claim, json!({}), 200).await;
    let seat = format!("{}/members/{}", world.workspace.path, world.agent_id);
    world
        .owner
        .patch(&seat, json!({ "visibility": "assigned" }), 200)
        .await;
    for view in ["all", "mine"] {
        assert_eq!(
            world.listed(&world.agent, &format!("view={view}")).await,
            std::slice::from_ref(&mine.id),
            "{view}"
        );
    }
    assert!(
        world
            .listed(&world.agent, "view=unassigned")
            .await
            .is_empty()
    );
    let counts = world
        .agent
        .get(
            &format!("{}/conversations/counts", world.workspace.path),
            200,
        )
        .await;
    assert_eq!(
        (&counts["mine"]["open"], &counts["unassigned"]["open"]),
        (&json!(1), &json!(0))
    );
    for (method, rest, body) in [
        (Method::GET, "", None),
        (Method::GET, "/messages", None),
        (Method::POST, "/messages", Some(message("hi"))),
        (Method::PUT, "/read", Some(json!({ "seq": 1 }))),
        (Method::POST, "/claim", None),
        (Method::POST, "/close", None),
        (Method::PUT, "/draft", Some(json!({ "text": "hi" }))),
        (
            Method::POST,
            "/messages/1/redact",
            Some(json!({ "ranges": [{ "start": 0, "end": 1 }] })),
        ),
    ] {
        world
            .agent
            .refused(method, &world.at(rest), body, 404, "not_found")
            .await;
    }
    // Given to them, it is there; taken away, it is not.
    let theirs = json!({ "member_id": world.agent_id });
    world.owner.put(&world.at("/assignee"), theirs, 200).await;
    world.agent.get(&world.at(""), 200).await;
    world.owner.delete(&world.at("/assignee"), 200).await;
    world
        .agent
        .refused(Method::GET, &world.at(""), None, 404, "not_found")
        .await;
}

#[tokio::test]
async fn a_conversation_on_hold_is_not_deleted_until_it_is_released() {
    let world = World::new().await;
    let until = world.harness.now().plus(HOUR * 24);
    let hold = json!({ "reason": "Complaint 17", "until": until });
    world.owner.put(&world.at("/hold"), hold, 200).await;
    world
        .owner
        .refused(Method::DELETE, &world.at(""), None, 409, "on_hold")
        .await;
    world
        .owner
        .send(Method::DELETE, &world.at("/hold"), None)
        .await;
    world.owner.delete(&world.at(""), 204).await;
}

#[tokio::test]
async fn who_may_only_read_changes_nothing() {
    let world = World::new().await;
    let viewer = world
        .harness
        .join(&world.owner, &world.workspace, "vera@example.com", "viewer")
        .await;
    let before = world.shown().await;
    for verb in ["/claim", "/close", "/reopen", "/spam", "/wake"] {
        viewer
            .refused(Method::POST, &world.at(verb), None, 403, "forbidden")
            .await;
    }
    viewer
        .refused(
            Method::DELETE,
            &world.at("/assignee"),
            None,
            403,
            "forbidden",
        )
        .await;
    viewer
        .refused(Method::DELETE, &world.at(""), None, 403, "forbidden")
        .await;
    viewer
        .refused(
            Method::DELETE,
            &world.at("/messages/1"),
            None,
            403,
            "forbidden",
        )
        .await;
    let labels = Some(json!({ "labels": ["vip"] }));
    viewer
        .refused(Method::PUT, &world.at("/labels"), labels, 403, "forbidden")
        .await;
    assert_eq!(world.shown().await, before);
}

#[tokio::test]
async fn a_change_is_one_batch_and_one_transaction_and_a_page_one_query_and_one_batch() {
    let world = World::new().await;
    world.shown().await;
    let meter = &world.harness.app_of("conversations").meter;
    let until = json!({ "until": world.harness.now().plus(HOUR) });
    let labels = json!({ "labels": ["vip"] });
    let assign = json!({ "member_id": world.agent_id });
    let draft = json!({ "text": "May I" });
    let calls: [(Method, &str, Option<Value>); 9] = [
        (Method::POST, "/claim", None),
        (Method::PUT, "/assignee", Some(assign)),
        (Method::DELETE, "/assignee", None),
        (Method::PUT, "/labels", Some(labels)),
        (Method::POST, "/snooze", Some(until)),
        (Method::POST, "/reopen", None),
        (Method::POST, "/spam", None),
        (Method::POST, "/close", None),
        (Method::PUT, "/draft", Some(draft)),
    ];
    for (method, rest, body) in calls {
        meter.take();
        let answer = world.owner.send(method, &world.at(rest), body).await;
        assert_eq!(answer.status, 200, "{rest}: {}", answer.text);
        assert_eq!(
            meter.take().operations(),
            ["BatchGetItem", "TransactWriteItems"],
            "{rest}"
        );
    }
    // What is done already is one read.
    world.post("/close", 200).await;
    assert_eq!(meter.take().operations(), ["BatchGetItem"]);

    world.post("/reopen", 200).await;
    world.post("/claim", 200).await;
    for n in 0..30 {
        world.visitor.start(&n.to_string()).await;
    }
    for view in ["mine", "unassigned"] {
        meter.take();
        world
            .listed(&world.owner, &format!("view={view}&limit=50"))
            .await;
        let reading = meter.take();
        assert_eq!(
            reading.operations(),
            ["BatchGetItem", "Query", "BatchGetItem"],
            "{view}"
        );
        assert_eq!(reading.sequential_round_trips(), 3);
    }
    let meter = &world.harness.app_of("messages").meter;
    world
        .owner
        .say(&world.workspace, &world.conversation, "two")
        .await;
    let last = world.shown().await["seq"].as_u64().expect("a number");
    let path = world.at(&format!("/messages/{last}"));
    meter.take();
    world
        .owner
        .patch(&path, json!({ "text": "three" }), 200)
        .await;
    assert_eq!(
        meter.take().operations(),
        ["BatchGetItem", "TransactWriteItems"]
    );
}

#[tokio::test]
async fn a_plain_message_moves_one_index_and_no_queue() {
    let world = World::new().await;
    let place = async || {
        let items = world.harness.items().await;
        let head = items
            .iter()
            .find(|item| item.contains("\"kind\":{\"S\":\"Conversation\"}"));
        let head: Value = serde_json::from_str(head.expect("the head")).expect("JSON");
        let of = |name: &str| head[name]["S"].clone();
        assert!(
            head["due_pk"].is_null(),
            "an open conversation waits for nothing"
        );
        (of("changes_sk"), (of("lists_pk"), of("lists_sk")))
    };
    let before = place().await;
    world.harness.advance(MS);
    world.visitor.say(&world.conversation, "two").await;
    let after = place().await;
    assert_ne!(before.0, after.0);
    assert_eq!(before.1, after.1);
    // Within one millisecond the change index still moves forward.
    world
        .owner
        .say(&world.workspace, &world.conversation, "three")
        .await;
    let third = place().await;
    assert!(third.0.as_str() > after.0.as_str());
    assert_eq!(before.1, third.1);
}
