//! Copies of their data that people ask for: everything is in, nothing of others, and they end.

mod disclosures;
mod files;
mod runs;
mod tables;
mod transfers;

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Answer, Client, Harness, Member, Visitor, WidgetApp, Workspace, message, text};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::archive::{Manifest, Part};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Somebody who asks for a copy, and a neighbour of whom nothing may be in it.
struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    app: WidgetApp,
    visitor: Visitor,
    conversation: String,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let app = owner.app(&workspace).await;
        let visitor = signed(&harness, &workspace, &app).await;
        let neighbour = harness.visitor(&app).await;
        neighbour.start("canary-of-a-neighbour").await;
        let conversation = visitor.start("canary-question").await;
        owner.say(&workspace, &conversation, "canary-answer").await;
        let place = format!("{}/conversations/{}", workspace.path, conversation.id);
        let mut note = message("canary-note");
        note["kind"] = "note".into();
        owner.post(&format!("{place}/messages"), note, 201).await;
        let hold = json!({ "reason": "canary-reason", "until": "2026-12-31T00:00:00Z" });
        owner.put(&format!("{place}/hold"), hold, 200).await;
        let contact = format!("{}/contacts/{}", workspace.path, visitor.contact_id);
        let known = json!({ "name": "canary-name", "email": "canary@example.com" });
        owner.patch(&contact, known, 200).await;
        let memo = json!({ "text": "canary-memo" });
        let notes = format!("{}/contacts/{}/notes", workspace.path, visitor.contact_id);
        owner.post(&notes, memo, 201).await;
        Self {
            harness,
            owner,
            workspace,
            app,
            visitor,
            conversation: conversation.id,
        }
    }

    fn contact_exports(&self) -> String {
        let contact = &self.visitor.contact_id;
        format!("{}/contacts/{contact}/exports", self.workspace.path)
    }

    /// An export that is done, and where it is.
    async fn make(&self, by: &Client, at: &str) -> String {
        let asked = by.send(Method::POST, at, None).await;
        assert_eq!(asked.status, 202, "{}", asked.text);
        let place = match at.strip_suffix("/exports") {
            Some(rest) if rest.contains("/contacts/") => format!("{}/exports", self.workspace.path),
            _ => at.to_owned(),
        };
        let place = format!("{place}/{}", text(&asked.body, "id"));
        assert_eq!(by.get(&place, 200).await["state"], "queued");
        by.refused(
            Method::GET,
            &format!("{place}/parts/0"),
            None,
            409,
            "not_ready",
        )
        .await;
        self.harness.run_schedule("minute").await;
        let done = by.get(&place, 200).await;
        assert_eq!(done["state"], "done", "{done}");
        place
    }
}

/// A visitor whom the app vouches for.
async fn signed(harness: &Harness, workspace: &Workspace, app: &WidgetApp) -> Visitor {
    let claims = json!({
        "sub": "canary-17", "aud": workspace.id, "exp": harness.now().seconds() + 600,
    });
    let key = EncodingKey::from_secret(app.identity_secret.as_bytes());
    let signed = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key);
    let identity = json!({ "identity_token": signed.expect("signed") });
    harness.visitor_with(app, identity).await
}

/// The visitor of a world, come back.
async fn signed_again(world: &World) -> Visitor {
    signed(&world.harness, &world.workspace, &world.app).await
}

/// Follows a link as a browser does, without any token.
async fn follow(answer: &Answer) -> (u16, Vec<u8>) {
    let client = reqwest::Client::builder().no_proxy().build();
    let got = client.expect("a client").get(answer.header("location"));
    let got = got.send().await.expect("answered");
    let kept = got.headers().get("content-disposition").cloned();
    let status = got.status().as_u16();
    if status == 200 {
        let kept = kept.expect("a disposition");
        assert!(kept.to_str().expect("text").starts_with("attachment;"));
    }
    (status, got.bytes().await.expect("a body").to_vec())
}

async fn fetch(by: &Client, place: &str, part: u32) -> Vec<u8> {
    let answer = by
        .send(Method::GET, &format!("{place}/parts/{part}"), None)
        .await;
    assert_eq!(answer.status, 302, "{}", answer.text);
    let (status, bytes) = follow(&answer).await;
    assert_eq!(status, 200);
    bytes
}

/// The manifest, every record, and everything as one text.
async fn read(by: &Client, place: &str) -> (Manifest, Vec<(String, Value)>, String) {
    let manifest = Manifest::parse(&fetch(by, place, 0).await).expect("a manifest");
    let (mut records, mut whole) = (Vec::new(), String::new());
    let schema = jsonschema::validator_for(&manifest.schema).expect("a schema");
    for entry in &manifest.parts {
        let bytes = fetch(by, place, entry.number).await;
        let part = Part::parse(&bytes, entry).expect("the part that the manifest names");
        let value: Value = serde_json::from_slice(&bytes).expect("JSON");
        assert!(schema.is_valid(&value), "the schema does not fit: {value}");
        whole.push_str(&String::from_utf8(bytes).expect("text"));
        for record in part.records {
            records.push((record.kind, Value::Object(record.fields)));
        }
    }
    (manifest, records, whole)
}

fn kinds(records: &[(String, Value)]) -> BTreeSet<&str> {
    records.iter().map(|(kind, _)| kind.as_str()).collect()
}

/// CALL-29, FLOW-48: everything that is kept about a person, and nothing of anybody else.
#[tokio::test]
async fn a_contacts_export_holds_everything_about_them_and_nothing_of_a_neighbour() {
    let world = World::new().await;
    let place = world.make(&world.owner, &world.contact_exports()).await;
    let (manifest, records, whole) = read(&world.owner, &place).await;
    for canary in [
        "canary-question",
        "canary-answer",
        "canary-note",
        "canary-memo",
        "canary-reason",
        "canary-name",
        "canary@example.com",
        "canary-17",
    ] {
        assert!(whole.contains(canary), "{canary} is missing");
    }
    assert!(!whole.contains("neighbour") && !whole.contains("ada@example.com"));
    let expected = [
        "Contact",
        "ContactNote",
        "Conversation",
        "HoldNote",
        "Message",
        "Profile",
        "Visit",
    ];
    assert_eq!(kinds(&records), BTreeSet::from(expected));
    assert_eq!(manifest.subject, world.visitor.contact_id);
    assert_eq!(manifest.counts["Message"], 3);
    let reason = |kind: &str, field: &str| {
        let mut left = manifest.left_out.iter();
        left.any(|left| left.kind == kind && left.field.as_deref() == Some(field))
    };
    assert!(reason("Visit", "token") && reason("Visit", "resume"));
}

/// CALL-32, FLOW-51: people take their own data along, in a form that programs read.
#[tokio::test]
async fn a_visitors_own_export_leaves_out_what_is_the_teams_and_says_so() {
    let world = World::new().await;
    let place = world.make(&world.visitor, "/v1/widget/exports").await;
    let (manifest, records, whole) = read(&world.visitor, &place).await;
    for canary in [
        "canary-question",
        "canary-answer",
        "canary-name",
        "canary-17",
    ] {
        assert!(whole.contains(canary), "{canary} is missing");
    }
    for canary in ["canary-note", "canary-reason", "canary-memo"] {
        assert!(!whole.contains(canary), "{canary} is the team's");
    }
    assert_eq!(manifest.counts["Message"], 2);
    for kind in ["ContactNote", "HoldNote"] {
        assert!(!kinds(&records).contains(kind));
        let left = manifest.left_out.iter().find(|left| left.kind == kind);
        assert!(left.expect("named").reason.contains("Art. 15(4)"));
    }
    // It is the visitor's: the team does not see it, and the team's is not the visitor's.
    let id = place.rsplit('/').next().expect("an id");
    let theirs = format!("{}/exports/{id}", world.workspace.path);
    world
        .owner
        .refused(Method::GET, &theirs, None, 404, "not_found")
        .await;
    let teams = world.make(&world.owner, &world.contact_exports()).await;
    let id = teams.rsplit('/').next().expect("an id");
    for rest in ["", "/parts/0"] {
        let path = format!("/v1/widget/exports/{id}{rest}");
        world
            .visitor
            .refused(Method::GET, &path, None, 404, "not_found")
            .await;
    }
}

#[tokio::test]
async fn a_visitor_whom_no_app_vouches_for_gets_nothing() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    visitor
        .refused(
            Method::POST,
            "/v1/widget/exports",
            None,
            403,
            "not_verified",
        )
        .await;
}

#[tokio::test]
async fn an_accounts_export_holds_the_account_and_no_secret() {
    let world = World::new().await;
    let place = world.make(&world.owner, "/v1/account/exports").await;
    let (manifest, records, whole) = read(&world.owner, &place).await;
    assert!(whole.contains("ada@example.com"));
    // What a member wrote is the visitor's record.
    assert!(!whole.contains("canary"), "{whole}");
    for kind in ["Account", "LoginSession", "Membership", "Seat"] {
        assert!(kinds(&records).contains(kind), "{kind} is missing");
    }
    assert!(manifest.left_out.iter().any(|left| left.kind == "Password"));
    // Nobody else gets at it, and nobody without a fresh proof.
    let eve = world.harness.sign_up("eve@example.com").await;
    eve.refused(Method::GET, &place, None, 404, "not_found")
        .await;
    let part = format!("{place}/parts/0");
    eve.refused(Method::GET, &part, None, 404, "not_found")
        .await;
    world.harness.advance(Duration::from_secs(11 * 60));
    let late = world.owner.refresh().await;
    late.refused(Method::GET, &part, None, 403, "step_up_required")
        .await;
    late.refused(
        Method::POST,
        "/v1/account/exports",
        None,
        403,
        "step_up_required",
    )
    .await;
}

/// FLOW-46: a whole workspace goes along with the business.
#[tokio::test]
async fn a_workspaces_export_is_for_owners_and_holds_everybody() {
    let world = World::new().await;
    let admin = world
        .harness
        .join(&world.owner, &world.workspace, "kim@example.com", "admin")
        .await;
    let exports = format!("{}/exports", world.workspace.path);
    admin
        .refused(Method::POST, &exports, None, 403, "forbidden")
        .await;
    let flows = format!("{}/flows", world.workspace.path);
    let draft = json!({ "schema": "flow/1", "name": "canary-of-a-flow", "nodes": [] });
    let flow = json!({ "name": "Intake", "document": draft });
    world.owner.post(&flows, flow, 201).await;
    world.owner.flow(&world.workspace).await;
    let place = world.make(&world.owner, &exports).await;
    let (manifest, records, whole) = read(&world.owner, &place).await;
    for word in [
        "canary-question",
        "canary-of-a-neighbour",
        "canary-note",
        "canary-of-a-flow",
        "inbox",
    ] {
        assert!(whole.contains(word), "{word} is missing");
    }
    assert!(!whole.contains("identity_secret"));
    let all = [
        "App",
        "Contact",
        "Conversation",
        "Flow",
        "FlowPiece",
        "FlowVersion",
        "Membership",
        "Workspace",
        "WorkspacePolicy",
    ];
    for kind in all {
        assert!(kinds(&records).contains(kind), "{kind} is missing");
    }
    assert_eq!(manifest.counts["Contact"], 2);
    admin
        .refused(Method::GET, &place, None, 404, "not_found")
        .await;
}

#[tokio::test]
async fn a_workspaces_export_holds_its_endpoints_without_secret_or_address_and_what_they_were_told()
{
    let world = World::new().await;
    let receiver = harness::receiver::Receiver::start().await;
    // What happened before is told to nobody.
    world.harness.drain().await;
    let hook = json!({ "name": "Shop server", "url": receiver.url, "events": ["message.created"] });
    let hooks = format!("{}/webhooks", world.workspace.path);
    let made = world.owner.post(&hooks, hook, 201).await;
    world.visitor.start("One more thing").await;
    world.harness.drain().await;
    assert_eq!(receiver.taken().len(), 1);
    let exports = format!("{}/exports", world.workspace.path);
    let place = world.make(&world.owner, &exports).await;
    let (manifest, records, whole) = read(&world.owner, &place).await;
    let of = |kind: &str| -> Vec<&Value> {
        let all = records.iter().filter(|(name, _)| name == kind);
        all.map(|(_, fields)| fields).collect()
    };
    assert_eq!((of("Webhook").len(), of("Delivery").len()), (1, 1));
    assert_eq!(of("Webhook")[0]["name"], "Shop server");
    assert_eq!(of("Delivery")[0]["webhook"], made["id"]);
    assert_eq!(of("Delivery")[0]["event"], "message.created");
    assert_eq!(of("Delivery")[0]["answer"], 204);
    let secret = text(&made, "secret");
    assert!(!whole.contains(&secret) && !whole.contains(&receiver.url));
    let left = manifest.left_out.iter();
    let left: Vec<_> = left.filter(|left| left.kind == "Webhook").collect();
    assert!(!left.is_empty(), "what is left out is named");
}

/// CALL-31: no archive of a workspace holds somebody who was erased, be it ready or being made.
#[tokio::test]
async fn an_erasure_ends_the_exports_of_the_whole_workspace_that_hold_the_contact() {
    let world = World::new().await;
    let exports = format!("{}/exports", world.workspace.path);
    let ready = world.make(&world.owner, &exports).await;
    let waiting = world.owner.send(Method::POST, &exports, None).await;
    let waiting = format!("{exports}/{}", text(&waiting.body, "id"));
    // A copy of the neighbour alone is nobody else's business.
    let contacts = world
        .owner
        .get(&format!("{}/contacts", world.workspace.path), 200)
        .await;
    let contacts = contacts["data"].as_array().expect("a list");
    let ids = contacts.iter().map(|contact| text(contact, "id"));
    let mut neighbour = ids.filter(|id| *id != world.visitor.contact_id);
    let neighbour = neighbour.next().expect("a neighbour");
    let others = format!("{}/contacts/{neighbour}/exports", world.workspace.path);
    let others = world.make(&world.owner, &others).await;

    let held = &world.conversation;
    let held = format!("{}/conversations/{held}/hold", world.workspace.path);
    world.owner.delete(&held, 202).await;
    let contact = &world.visitor.contact_id;
    let contact = format!("{}/contacts/{contact}", world.workspace.path);
    world.owner.delete(&contact, 202).await;
    world.harness.advance(Duration::from_secs(60));
    let report = world.harness.run_schedule("minute").await;
    assert_eq!(report["erased_contacts"], 1, "{report}");
    for place in [&ready, &waiting] {
        world
            .owner
            .refused(Method::GET, place, None, 404, "not_found")
            .await;
    }
    world.owner.get(&others, 200).await;
    let stays = others.rsplit('/').next().expect("an id");
    let mut left = world.harness.stack.objects.versions();
    left.retain(|file| file.key.starts_with("exports/") && !file.key.contains(stays));
    let left: Vec<&String> = left.iter().map(|file| &file.key).collect();
    assert!(left.is_empty(), "{left:?}");
    // What is asked for afterwards holds the neighbour, and nothing of the erased one.
    let after = world.make(&world.owner, &exports).await;
    let (_, _, whole) = read(&world.owner, &after).await;
    assert!(whole.contains("canary-of-a-neighbour"));
    assert!(!whole.contains("canary-question") && !whole.contains(&world.visitor.contact_id));
}

#[tokio::test]
async fn the_same_data_makes_the_same_parts() {
    let world = World::new().await;
    let first = world.make(&world.owner, &world.contact_exports()).await;
    let second = world.make(&world.owner, &world.contact_exports()).await;
    let (one, ..) = read(&world.owner, &first).await;
    let (two, ..) = read(&world.owner, &second).await;
    assert_eq!(one.parts, two.parts);
}

#[tokio::test]
async fn a_part_is_fetched_ten_times_and_three_exports_lie_there_at_most() {
    let world = World::new().await;
    let place = world.make(&world.owner, &world.contact_exports()).await;
    for _ in 0..10 {
        fetch(&world.owner, &place, 1).await;
    }
    let part = format!("{place}/parts/1");
    world
        .owner
        .refused(Method::GET, &part, None, 410, "downloads_used_up")
        .await;
    let none = format!("{place}/parts/7");
    world
        .owner
        .refused(Method::GET, &none, None, 404, "not_found")
        .await;
    for _ in 0..2 {
        world.make(&world.owner, &world.contact_exports()).await;
    }
    let more = world.contact_exports();
    world
        .owner
        .refused(Method::POST, &more, None, 409, "exports_left")
        .await;
}

#[tokio::test]
async fn what_lies_there_is_sealed_and_what_a_link_led_to_is_gone_in_minutes() {
    let world = World::new().await;
    let place = world.make(&world.owner, &world.contact_exports()).await;
    let objects = &world.harness.stack.objects;
    let shows = |word: &str| {
        let versions = objects.versions();
        let bytes = versions
            .iter()
            .filter_map(|version| objects.bytes_of(version));
        let mut bytes = bytes.collect::<Vec<_>>().into_iter();
        bytes.any(|bytes| {
            bytes
                .windows(word.len())
                .any(|part| part == word.as_bytes())
        })
    };
    assert!(!shows("canary-question"), "in clear");
    let answer = world
        .owner
        .send(Method::GET, &format!("{place}/parts/1"), None)
        .await;
    assert!(shows("canary-question"), "a link leads to nothing readable");
    world.harness.advance(Duration::from_secs(10 * 60));
    world.harness.run_schedule("minute").await;
    assert!(
        !shows("canary-question"),
        "what the link led to is still there"
    );
    assert_eq!(follow(&answer).await.0, 404);
}

#[tokio::test]
async fn an_export_ends_after_seven_days_and_earlier_with_the_person() {
    let world = World::new().await;
    // The ledger of erasures names nobody, and stays.
    let files = || {
        let all = world.harness.stack.objects.versions();
        let of_people = all.iter().filter(|file| !file.key.starts_with("ledger/"));
        of_people.count()
    };
    let place = world.make(&world.owner, &world.contact_exports()).await;
    fetch(&world.owner, &place, 1).await;
    assert_eq!(files(), 3, "manifest, part and copy");
    let hold = format!(
        "{}/conversations/{}/hold",
        world.workspace.path, world.conversation
    );
    world.owner.delete(&hold, 202).await;
    let contact = format!(
        "{}/contacts/{}",
        world.workspace.path, world.visitor.contact_id
    );
    world.owner.delete(&contact, 202).await;
    world.harness.run_schedule("minute").await;
    world.harness.drain().await;
    assert_eq!(files(), 0, "files of somebody who is forgotten");
    world
        .owner
        .refused(Method::GET, &place, None, 404, "not_found")
        .await;

    let own = world.make(&world.owner, "/v1/account/exports").await;
    assert_eq!(files(), 2);
    world.harness.advance(7 * DAY);
    let owner = world.harness.sign_in("ada@example.com").await;
    owner
        .refused(Method::GET, &own, None, 404, "not_found")
        .await;
    world.harness.run_schedule("sweep").await;
    assert_eq!(files(), 0, "files of an export that is over");
    let left = world.harness.items().await;
    assert!(
        !left.iter().any(|item| item.contains("EXPORT#")),
        "rows are left"
    );
}
