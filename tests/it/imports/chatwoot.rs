//! `sotto import --chatwoot`: what Chatwoot gave away is taken over, and what was not is told of.

use std::fs;
use std::path::Path;
use std::time::Duration;

use harness::{Harness, Member, START, Workspace};
use local::import::{self, ImportError, Report};
use serde_json::{Value, json};
use tempfile::TempDir;

const DAY_SECONDS: i64 = 24 * 60 * 60;

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            harness,
            owner,
            workspace,
            folder,
        }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(name), content).expect("written");
    }

    async fn import(&self) -> Result<Report, ImportError> {
        let to = self.workspace.id.parse().expect("an id");
        let app = self.harness.app_of("retention");
        import::chatwoot::run(app, self.folder.path(), (7, to), |_| {}).await
    }

    async fn get(&self, rest: &str) -> Value {
        let path = format!("{}{rest}", self.workspace.path);
        self.owner.get(&path, 200).await
    }
}

/// Seconds since 1970, so many days before the test begins.
fn days_ago(days: i64) -> i64 {
    START.seconds() - days * DAY_SECONDS
}

/// The files as Chatwoot makes them: a table of contacts, a page of conversations, pages of messages.
fn fill(world: &World) {
    world.write(
        "shop_7_contacts.csv",
        "id,name,email,phone_number,identifier\n\
         11,Zoë Brontë,zoe@example.com,+49301234567,user-11\n\
         12,Kim,not an address,,\n\
         ,Nobody,,,\n",
    );
    let sender = json!({
        "id": 11, "name": "Zoë Brontë", "email": "zoe@example.com", "phone_number": "+49301234567",
        "identifier": "user-11", "thumbnail": "", "custom_attributes": {}, "type": "contact",
    });
    let conversation = |id: u64, status: &str, days: i64| {
        json!({
            "id": id, "account_id": 7, "inbox_id": 3, "uuid": "0f3a", "status": status,
            "labels": ["refund_open", "über"], "priority": "high", "custom_attributes": {},
            "created_at": days_ago(days), "last_activity_at": days_ago(days),
            "timestamp": days_ago(days), "snoozed_until": null, "messages": [],
            "meta": { "sender": sender, "channel": "Channel::WebWidget",
                      "assignee": { "id": 2, "name": "Bob" } },
        })
    };
    let list = json!({ "data": { "meta": { "all_count": 3 }, "payload": [
        conversation(101, "open", 10), conversation(102, "resolved", 900),
        conversation(103, "snoozed", 5),
    ] } });
    world.write("conversations-1.json", list.to_string());
    let message = |id: u64, conversation: u64, kind: u64, days: i64, words: Value| {
        json!({
            "id": id, "content": words, "inbox_id": 3, "conversation_id": conversation,
            "message_type": kind, "content_type": "text", "status": "sent", "private": false,
            "content_attributes": {}, "created_at": days_ago(days) + id as i64, "source_id": null,
            "sender": { "id": if kind == 0 { 11 } else { 2 },
                        "type": if kind == 0 { "contact" } else { "user" } },
        })
    };
    let mut note = message(1004, 101, 1, 10, json!("She is a good customer"));
    note["private"] = true.into();
    let mut photo = message(1005, 101, 0, 10, json!(null));
    photo["attachments"] = json!([{ "id": 1, "file_type": "image" }]);
    let page = json!({ "meta": { "contact": { "id": 11 } }, "payload": [
        // The answer stands before the question, as in pages that go backwards.
        message(1002, 101, 1, 10, json!("Seven euros")),
        message(1001, 101, 0, 10, json!("How much?")),
        message(1003, 101, 2, 10, json!("Bob self-assigned this conversation")),
        note, photo,
        message(1006, 101, 0, 10, json!("x".repeat(10_001))),
        { "id": 1007, "message_type": 0 },
    ] });
    world.write("messages-101.json", page.to_string());
    let old = json!({ "payload": [message(900, 102, 0, 900, json!("Long ago"))] });
    world.write("messages-102.json", old.to_string());
    world.write("broken.json", "{\"payload\":");
}

#[tokio::test]
async fn what_chatwoot_gave_away_is_taken_over_and_what_was_not_is_told_of() {
    let world = World::new().await;
    fill(&world);
    let report = world.import().await.expect("imported");
    assert_eq!(
        (report.contacts, report.conversations, report.messages),
        (2, 1, 3),
        "{report}"
    );
    // Of 900 days ago: over here. Of 103 nothing was said.
    assert_eq!(report.over, 1, "{report}");
    let left = |what: &str| report.unmapped.get(what).copied().unwrap_or_default();
    for (what, count) in [
        ("assignees", 3),
        ("conversations without a message", 1),
        ("files of messages", 1),
        ("labels", 3),
        ("lines of activity", 1),
        ("messages without words", 1),
        ("phone numbers of contacts", 1),
        ("priorities", 3),
    ] {
        assert_eq!(left(what), count, "{what}: {report}");
    }
    assert_eq!(report.broken.len(), 5, "{report}");
    let told = report.to_string();
    assert!(
        told.contains("shop_7_contacts.csv: row 4: a contact without an id"),
        "{told}"
    );
    for personal in ["zoe@", "not an address", "Nobody", "+49"] {
        assert!(!told.contains(personal), "{told}");
    }

    let list = world.get("/conversations").await;
    let thread = &list["data"][0];
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&thread["status"], &thread["labels"], &thread["seq"]),
        (&json!("open"), &json!(["refund-open"]), &json!(3))
    );
    assert_eq!(
        (&thread["in_seq"], &thread["out_seq"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(thread["assignee"], Value::Null);
    let id = thread["id"].as_str().expect("an id");
    let messages = world
        .get(&format!("/conversations/{id}/messages?after_seq=0"))
        .await;
    let said: Vec<(&Value, &Value, &Value)> = messages["data"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|said| (&said["text"], &said["kind"], &said["author"]["type"]))
        .collect();
    assert_eq!(
        said,
        [
            (&json!("How much?"), &json!("text"), &json!("visitor")),
            (&json!("Seven euros"), &json!("text"), &json!("member")),
            (
                &json!("She is a good customer"),
                &json!("note"),
                &json!("member")
            ),
        ]
    );
    let contact = world
        .get(&format!(
            "/contacts/{}",
            thread["contact_id"].as_str().expect("an id")
        ))
        .await;
    assert_eq!(
        (&contact["name"], &contact["email"], &contact["external_id"]),
        (
            &json!("Zoë Brontë"),
            &json!("zoe@example.com"),
            &json!("user-11")
        )
    );
    // And found as what was written here is.
    let search = format!("{}/search", world.workspace.path);
    let found = world
        .owner
        .post(&search, json!({ "query": "SEVEN" }), 200)
        .await;
    assert_eq!(found["data"][0]["conversation_id"], id);
}

#[tokio::test]
async fn the_same_again_changes_nothing_and_another_account_is_somebody_else() {
    let world = World::new().await;
    fill(&world);
    world.import().await.expect("imported");
    let before = world.get("/contacts").await;
    let again = world.import().await.expect("imported");
    assert_eq!(
        (again.contacts, again.conversations, again.messages),
        (0, 0, 0)
    );
    assert_eq!(again.there, 3, "{again}");
    assert_eq!(world.get("/contacts").await, before);
    let to = world.workspace.id.parse().expect("an id");
    let app = world.harness.app_of("retention");
    let folder: &Path = world.folder.path();
    let other = import::chatwoot::run(app, folder, (8, to), |_| {}).await;
    assert_eq!(other.expect("imported").contacts, 2);
}

/// CHAT-18: what comes from elsewhere ends when it would have, had it been written here.
#[tokio::test]
async fn what_was_taken_over_ends_by_its_own_time() {
    let world = World::new().await;
    fill(&world);
    world.import().await.expect("imported");
    world
        .harness
        .advance(Duration::from_secs(751 * 24 * 60 * 60));
    let owner = world.harness.sign_in("ada@example.com").await;
    let list = format!("{}/conversations", world.workspace.path);
    assert_eq!(owner.get(&list, 200).await["data"], json!([]));
    let nothing = world.folder.path().join("nothing");
    fs::create_dir(&nothing).expect("a folder");
    let to = world.workspace.id.parse().expect("an id");
    let app = world.harness.app_of("retention");
    let refused = import::chatwoot::run(app, &nothing, (7, to), |_| {}).await;
    assert!(matches!(refused, Err(ImportError::File(_))));
}
