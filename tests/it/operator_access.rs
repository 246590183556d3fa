//! An operator in a workspace of somebody else: told to its owners, for hours, to read, and written
//! down.

use std::time::Duration;

use harness::{Conversation, Harness, Member, Visitor, Workspace, message, text};
use reqwest::Method;
use serde_json::{Value, json};

const OPERATOR: &str = "demo@example.com";
const HOUR: Duration = Duration::from_secs(60 * 60);
const MS: Duration = Duration::from_millis(1);

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    visitor: Visitor,
    conversation: Conversation,
    operator: Member,
    place: String,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let app = owner.app(&workspace).await;
        let visitor = harness.visitor(&app).await;
        let conversation = visitor.start("Hello").await;
        let operator = harness.sign_up(OPERATOR).await;
        operator.enrol().await;
        harness.advance(Duration::from_secs(60));
        let operator = harness.sign_in(OPERATOR).await;
        let place = format!("/v1/operator{}/break-glass", &workspace.path[3..]);
        Self {
            harness,
            owner,
            workspace,
            visitor,
            conversation,
            operator,
            place,
        }
    }

    async fn open(&self, hours: u32) -> Value {
        let body = json!({ "reason": "support", "case_number": 4711, "hours": hours });
        self.operator.post(&self.place, body, 201).await
    }

    fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.workspace.path)
    }

    fn thread(&self) -> String {
        self.at(&format!("/conversations/{}", self.conversation.id))
    }

    /// What of the log is about entries of the operator, oldest first.
    async fn told(&self) -> Vec<(String, String)> {
        let log = self.owner.get(&self.at("/audit?limit=100"), 200).await;
        let mut lines: Vec<(String, String)> = log["data"]
            .as_array()
            .expect("lines")
            .iter()
            .map(|line| (text(line, "act"), text(&line["actor"], "kind")))
            .filter(|(act, _)| act.starts_with("break_glass"))
            .collect();
        lines.reverse();
        lines
    }
}

fn lines(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = expected.iter();
    owned
        .map(|(act, who)| ((*act).to_owned(), (*who).to_owned()))
        .collect()
}

#[tokio::test]
async fn an_operator_who_enters_is_told_to_the_owners_and_every_reading_is_written_down() {
    let world = World::new().await;
    let World {
        harness,
        owner,
        operator,
        ..
    } = &world;
    let thread = world.thread();
    operator
        .refused(Method::GET, &thread, None, 404, "not_found")
        .await;
    let opened = world.open(2).await;
    let mails = harness.mails("ada@example.com").await;
    let mail = mails.last().expect("a mail");
    assert!(
        mail.text.contains("operator") && mail.text.contains(&world.workspace.id),
        "{}",
        mail.text
    );
    harness.advance(MS);
    operator.get(&thread, 200).await;
    harness.advance(MS);
    operator.get(&format!("{thread}/messages"), 200).await;
    harness.advance(MS);
    let contact = world.at(&format!("/contacts/{}", world.visitor.contact_id));
    assert_eq!(operator.get(&contact, 200).await["masked"], true);
    let seen = owner.get(&world.at("/break-glass"), 200).await;
    let entry = &seen["data"][0];
    assert_eq!(
        (
            &entry["id"],
            &entry["reason"],
            &entry["case_number"],
            &entry["open"]
        ),
        (&opened["id"], &json!("support"), &json!(4711), &json!(true))
    );
    let read = ("break_glass_read", "operator");
    let expected = lines(&[("break_glass_opened", "operator"), read, read, read]);
    assert_eq!(world.told().await, expected);
    let about = format!("/audit?about={}", world.conversation.id);
    let about = owner.get(&world.at(&about), 200).await;
    assert_eq!(about["data"].as_array().map(Vec::len), Some(2));
    // Of a colleague nothing is written.
    owner.get(&thread, 200).await;
    assert_eq!(world.told().await, expected);
}

#[tokio::test]
async fn an_operator_who_entered_reads_and_does_nothing_else() {
    let world = World::new().await;
    let operator = &world.operator;
    world.open(1).await;
    let (thread, forbidden) = (world.thread(), "forbidden");
    let until = world.harness.now().plus(HOUR);
    for (method, path, body) in [
        (
            Method::POST,
            format!("{thread}/messages"),
            Some(message("Hi")),
        ),
        (
            Method::PUT,
            format!("{thread}/read"),
            Some(json!({ "seq": 1 })),
        ),
        (Method::POST, format!("{thread}/close"), None),
        (
            Method::POST,
            format!("{thread}/snooze"),
            Some(json!({ "until": until })),
        ),
        (Method::DELETE, thread.clone(), None),
        (Method::GET, world.at("/audit"), None),
        (Method::GET, world.at("/apps"), None),
        (
            Method::PATCH,
            world.workspace.path.clone(),
            Some(json!({ "name": "Mine" })),
        ),
    ] {
        operator.refused(method, &path, body, 403, forbidden).await;
    }
    let members = world.owner.get(&world.at("/members"), 200).await;
    assert_eq!(
        members["data"].as_array().map(Vec::len),
        Some(1),
        "they are no colleague"
    );
    operator
        .refused(Method::POST, &world.at("/leave"), None, 404, "not_found")
        .await;
    let again = json!({ "reason": "abuse", "hours": 1 });
    operator
        .refused(
            Method::POST,
            &world.place,
            Some(again),
            409,
            "already_member",
        )
        .await;
}

#[tokio::test]
async fn the_hours_end_to_the_millisecond_and_the_minute_takes_the_seat_away() {
    let mut world = World::new().await;
    world.open(1).await;
    let mut socket = world.operator.socket(&world.workspace).await;
    world.harness.advance(HOUR - MS);
    world.operator = world.operator.refresh().await;
    world.operator.get(&world.thread(), 200).await;
    world.harness.advance(MS);
    let thread = world.thread();
    world
        .operator
        .refused(Method::GET, &thread, None, 404, "not_found")
        .await;
    let mine = world.operator.get("/v1/workspaces", 200).await;
    assert_eq!(mine["data"], json!([]));
    let before = world.harness.items_under("SEAT#").await.len();
    assert_eq!(
        world.harness.run_schedule("minute").await["ended_entries"],
        1
    );
    assert_eq!(world.harness.items_under("SEAT#").await.len(), before - 1);
    assert_eq!(
        world.harness.run_schedule("minute").await["ended_entries"],
        0
    );
    world.harness.drain().await;
    socket.closed().await;
    world.owner = world.harness.sign_in("ada@example.com").await;
    let told = world.told().await;
    assert_eq!(
        told.last(),
        Some(&("break_glass_ended".to_owned(), "system".to_owned()))
    );
    let seen = world.owner.get(&world.at("/break-glass"), 200).await;
    assert_eq!(seen["data"][0]["open"], false);
}

#[tokio::test]
async fn an_owner_or_the_operator_ends_it_before_its_time() {
    let world = World::new().await;
    let World {
        owner, operator, ..
    } = &world;
    let thread = world.thread();
    let admin = world
        .harness
        .join(owner, &world.workspace, "bob@example.com", "admin")
        .await;
    world.open(8).await;
    let theirs = world.at("/break-glass");
    admin
        .refused(Method::DELETE, &theirs, None, 403, "forbidden")
        .await;
    admin.get(&theirs, 200).await;
    operator.get(&thread, 200).await;
    owner.delete(&theirs, 204).await;
    operator
        .refused(Method::GET, &thread, None, 404, "not_found")
        .await;
    owner.delete(&theirs, 204).await;
    world.harness.advance(MS);
    world.open(1).await;
    operator.get(&thread, 200).await;
    operator.delete(&world.place, 204).await;
    operator
        .refused(Method::GET, &thread, None, 404, "not_found")
        .await;
    operator.delete(&world.place, 204).await;
    let ends: Vec<String> = world
        .told()
        .await
        .into_iter()
        .filter(|(act, _)| act == "break_glass_ended")
        .map(|(_, who)| who)
        .collect();
    assert_eq!(ends, ["member", "operator"], "each was ended once");
    let first = owner.get(&format!("{theirs}?limit=1"), 200).await;
    assert_eq!(first["page"]["has_more"], true);
    let cursor = text(&first["page"], "next_cursor");
    let rest = owner
        .get(&format!("{theirs}?limit=1&cursor={cursor}"), 200)
        .await;
    assert_eq!(rest["page"]["has_more"], false);
    assert_ne!(rest["data"][0]["id"], first["data"][0]["id"]);
    let bad = format!("{theirs}?cursor=CANARY");
    owner
        .refused(Method::GET, &bad, None, 400, "cursor_invalid")
        .await;
}

#[tokio::test]
async fn entering_takes_a_reason_hours_a_fresh_proof_and_an_operator() {
    let world = World::new().await;
    let (operator, place) = (&world.operator, &world.place);
    let before = world.harness.items().await.len();
    for (body, code) in [
        (
            json!({ "reason": "abuse", "hours": 0 }),
            "validation_failed",
        ),
        (
            json!({ "reason": "abuse", "hours": 9 }),
            "validation_failed",
        ),
        (
            json!({ "reason": "curiosity", "hours": 1 }),
            "validation_failed",
        ),
        (json!({ "reason": "abuse" }), "validation_failed"),
    ] {
        operator
            .refused(Method::POST, place, Some(body), 422, code)
            .await;
    }
    let good = json!({ "reason": "abuse", "hours": 1 });
    world
        .owner
        .refused(Method::POST, place, Some(good.clone()), 403, "forbidden")
        .await;
    world
        .owner
        .refused(Method::DELETE, place, None, 403, "forbidden")
        .await;
    let nowhere = "/v1/operator/workspaces/ws_01kf0a1b2c3d4e5f6g7h8j9k0m/break-glass";
    operator
        .refused(Method::POST, nowhere, Some(good.clone()), 404, "not_found")
        .await;
    assert_eq!(world.told().await, []);
    world.harness.advance(Duration::from_secs(10 * 60));
    let stale = operator.refresh().await;
    stale
        .refused(Method::POST, place, Some(good), 403, "step_up_required")
        .await;
    // The operator's own seat came with the first call, and the line that says so.
    assert!(world.harness.items().await.len() <= before + 2);
}

#[tokio::test]
async fn a_suspension_and_its_end_are_told_to_the_owners_and_written_down() {
    let world = World::new().await;
    let World {
        harness,
        owner,
        operator,
        ..
    } = &world;
    let place = world.place.trim_end_matches("/break-glass");
    let reason = json!({ "reason": "abuse" });
    operator
        .post(&format!("{place}/suspend"), reason.clone(), 200)
        .await;
    operator
        .post(&format!("{place}/suspend"), reason, 200)
        .await;
    harness.advance(MS);
    operator
        .post(&format!("{place}/resume"), json!({}), 200)
        .await;
    let mails = harness.mails("ada@example.com").await;
    let of = |word: &str| {
        mails
            .iter()
            .filter(|mail| mail.subject.contains(word))
            .count()
    };
    assert_eq!((of("suspended"), of("may be used again")), (1, 1));
    let log = owner.get(&world.at("/audit?limit=2"), 200).await;
    let acts: Vec<&str> = [0, 1]
        .map(|n| log["data"][n]["act"].as_str().expect("an act"))
        .to_vec();
    assert_eq!(acts, ["workspace_resumed", "workspace_suspended"]);
    assert_eq!(log["data"][0]["actor"]["kind"], "operator");
}
