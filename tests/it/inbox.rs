//! The working inbox: whose a conversation is, how it stands, and a transcript that tells both.

mod deletion;
mod inboxes;
mod messages;
mod reach;
mod snooze;
mod urgency;

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
