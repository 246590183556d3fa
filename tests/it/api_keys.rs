//! Keys of the API: programs of the customer come in as far as their scopes go, and no further.

use std::time::Duration;

use harness::files::File;
use harness::routes::{Actor, Ids, routes};
use harness::{Client, Conversation, Harness, Member, Visitor, Workspace, message, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

use crate::anonymous::{FOR_KEYS, is_asked_of_calls, takes_keys};

const EVERYTHING: [&str; 9] = [
    "calls.delete",
    "calls.read",
    "contacts.manage",
    "contacts.read",
    "conversations.read",
    "conversations.write",
    "flows.manage",
    "flows.read",
    "personal_data.read",
];

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    visitor: Visitor,
    conversation: Conversation,
    /// Where keys are made.
    place: String,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let visitor = harness.visitor(&owner.app(&workspace).await).await;
        let conversation = visitor.start("Hello").await;
        let place = format!("{}/api-keys", workspace.path);
        Self {
            harness,
            owner,
            workspace,
            visitor,
            conversation,
            place,
        }
    }

    async fn make(&self, scopes: &[&str]) -> (String, Client) {
        let body = json!({ "name": "Shop server", "scopes": scopes });
        let made = self.owner.post(&self.place, body, 201).await;
        let key = text(&made, "key");
        let client = self.harness.anonymous().with_token(&key);
        (text(&made, "id"), client)
    }

    fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.workspace.path)
    }

    fn messages(&self) -> String {
        self.at(&format!("/conversations/{}/messages", self.conversation.id))
    }

    async fn contact(&self) -> String {
        let place = self.at(&format!("/contacts/{}", self.visitor.contact_id));
        self.owner
            .patch(&place, json!({ "name": "Grace" }), 200)
            .await;
        place
    }
}

#[tokio::test]
async fn a_program_reads_and_writes_as_far_as_its_scopes_go() {
    let world = World::new().await;
    let contact = world.contact().await;
    let (id, program) = world.make(&EVERYTHING).await;
    let list = world.at("/conversations");
    let listed = program.get(&list, 200).await;
    assert_eq!(listed["data"][0]["id"], world.conversation.id.as_str());
    let one = format!("{list}/{}", world.conversation.id);
    assert_eq!(program.get(&one, 200).await["unread"], 1);
    let view = format!("{list}?view=mine");
    program
        .refused(Method::GET, &view, None, 422, "validation_failed")
        .await;
    program.get(&format!("{list}?view=unassigned"), 200).await;
    assert_eq!(program.get(&contact, 200).await["name"], "Grace");
    program.get(&world.at("/contacts"), 200).await;
    let changes = program.get(&world.at("/sync"), 200).await;
    assert_eq!(changes["changes"].as_array().map(Vec::len), Some(1));
    let cursor = text(&changes, "next_cursor");
    program
        .get(&world.at(&format!("/sync?cursor={cursor}")), 200)
        .await;
    // What it writes is the program's, safe to retry, and the visitor reads it.
    let body = message("Your parcel is on its way");
    let said = program.post(&world.messages(), body.clone(), 201).await;
    assert_eq!(said["author"], json!({ "type": "api_key", "id": id }));
    assert_eq!(program.post(&world.messages(), body, 200).await, said);
    let mut note = message("From the shop's own system");
    note["kind"] = "note".into();
    program.post(&world.messages(), note, 201).await;
    let read = world.visitor.read(&world.conversation).await;
    assert_eq!(read[1]["author"]["type"], "api_key");
    assert_eq!(read[2]["kind"], "internal");
    // Nobody has read anything for it.
    let unread = world.owner.get(&one, 200).await["unread"].clone();
    assert_eq!(unread, 1);
}

#[tokio::test]
async fn without_a_scope_a_route_is_forbidden_and_without_personal_data_contacts_are_masked() {
    let world = World::new().await;
    let contact = world.contact().await;
    let (_, reader) = world.make(&["conversations.read"]).await;
    let (_, writer) = world.make(&["conversations.write"]).await;
    let (_, clerk) = world.make(&["contacts.read"]).await;
    let list = world.at("/conversations");
    for (client, method, path, body) in [
        (&reader, Method::GET, contact.clone(), None),
        (&reader, Method::POST, world.messages(), Some(message("x"))),
        (&writer, Method::GET, list.clone(), None),
        (&writer, Method::GET, world.at("/sync"), None),
        (&writer, Method::GET, world.messages(), None),
        (&clerk, Method::GET, list.clone(), None),
    ] {
        client.refused(method, &path, body, 403, "forbidden").await;
    }
    let masked = clerk.get(&contact, 200).await;
    assert_eq!(
        (&masked["masked"], &masked["name"]),
        (&json!(true), &Value::Null)
    );
    let all = clerk.get(&world.at("/contacts"), 200).await;
    assert!(!all.to_string().contains("Grace"));
    writer.post(&world.messages(), message("Hi"), 201).await;
}

#[tokio::test]
async fn a_key_opens_no_route_that_was_not_meant_for_it_and_no_other_workspace() {
    let world = World::new().await;
    let (_, program) = world.make(&EVERYTHING).await;
    let other = world.owner.workspace("inbox").await;
    let thread = format!("/v1/widget/conversations/{}", world.conversation.id);
    let file = File::text("Hello");
    let sent = world
        .harness
        .send_file(&world.visitor, &thread, &file)
        .await;
    let ids = Ids::unknown()
        .with("workspace", &world.workspace.id)
        .with("attachment", &text(&sent["attachments"][0], "id"))
        .with("contact", &world.visitor.contact_id)
        .with("conversation", &world.conversation.id);
    let (mut opened, mut shut) = (0, 0);
    for route in routes() {
        // What a key does with calls is asked in `calls::rights`.
        let of_calls = is_asked_of_calls(&route) && takes_keys(&route);
        if of_calls || route.operation()["security"] == json!([{}]) {
            continue;
        }
        let mut ids = ids.clone();
        if route.path.contains("{flow}") {
            ids = ids.with("flow", &world.owner.flow(&world.workspace).await);
        }
        // The version of a flow as it was made.
        let program = program.with_header("if-match", "\"2\"");
        let body = match route.path.ends_with("/messages") {
            true => Some(message("Hi")),
            false => route.body(&ids),
        };
        let body = body.filter(|_| route.method != Method::GET);
        if takes_keys(&route) {
            assert_eq!(route.actor(), Actor::Member);
            let answer = program
                .send(route.method.clone(), &route.at(&ids), body.clone())
                .await;
            assert!(answer.status < 400, "{}: {}", route.key(), answer.text);
            let elsewhere = route.at(&ids.clone().with("workspace", &other.id));
            program
                .refused(route.method.clone(), &elsewhere, body, 401, "token_invalid")
                .await;
            opened += 1;
        } else {
            program
                .refused(
                    route.method.clone(),
                    &route.at(&ids),
                    body,
                    401,
                    "token_invalid",
                )
                .await;
            shut += 1;
        }
    }
    let all = routes();
    let of_calls = all
        .iter()
        .filter(|route| takes_keys(route) && is_asked_of_calls(route));
    assert_eq!(opened, FOR_KEYS.len() - of_calls.count());
    assert!(shut > 30, "{shut}");
    // Nor a workspace that nobody has.
    let nowhere = Ids::unknown();
    let path = format!(
        "/v1/workspaces/{}/contacts",
        nowhere.all().last().expect("an id")
    );
    program
        .refused(Method::GET, &path, None, 401, "token_invalid")
        .await;
}

#[tokio::test]
async fn a_key_is_shown_once_and_stored_as_a_keyed_hash() {
    let world = World::new().await;
    let body = json!({
        "name": "Shop server", "scopes": ["contacts.read", "contacts.read"],
        "expires_at": "2026-02-01T00:00:00Z",
    });
    let made = world.owner.post(&world.place, body, 201).await;
    let key = text(&made, "key");
    assert_eq!(key.len(), 39);
    assert_eq!(made["scopes"], json!(["contacts.read"]));
    assert_eq!(text(&made, "prefix"), key[..7]);
    let listed = world.owner.get(&world.place, 200).await;
    let mut expected = made.clone();
    expected.as_object_mut().expect("an object").remove("key");
    assert_eq!(listed["data"], json!([expected]));
    assert!(!listed.to_string().contains(&key));
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key.as_bytes());
    let hash = data_encoding::BASE32_NOPAD
        .encode(&hash.as_ref()[..20])
        .to_ascii_lowercase();
    for needle in [&key[7..], hash.as_str()] {
        assert_eq!(world.harness.items_with(needle).await, 0);
    }
    // Whoever made it is told, in case it was somebody else.
    let mails = world.harness.mails("ada@example.com").await;
    let last = mails.last().expect("a mail");
    assert!(!last.text.contains(&key) && last.text.to_lowercase().contains("key"));
}

#[tokio::test]
async fn a_deleted_or_ended_key_is_refused_at_its_next_call() {
    let world = World::new().await;
    let (id, program) = world.make(&["conversations.read"]).await;
    let list = world.at("/conversations");
    program.get(&list, 200).await;
    let place = format!("{}/{id}", world.place);
    world.owner.delete(&place, 204).await;
    program
        .refused(Method::GET, &list, None, 401, "token_invalid")
        .await;
    world
        .owner
        .refused(Method::DELETE, &place, None, 404, "not_found")
        .await;
    let ends = world.harness.now().plus(DAY);
    let body = json!({ "name": "Short", "scopes": ["conversations.read"], "expires_at": ends });
    let made = world.owner.post(&world.place, body, 201).await;
    let program = world.harness.anonymous().with_token(&text(&made, "key"));
    program.get(&list, 200).await;
    world.harness.advance(DAY - Duration::from_millis(1));
    program.get(&list, 200).await;
    world.harness.advance(Duration::from_millis(1));
    program
        .refused(Method::GET, &list, None, 401, "token_invalid")
        .await;
    // The day of the last use, and nothing closer.
    let owner = world.owner.refresh().await;
    let keys = owner.get(&world.place, 200).await;
    assert_eq!(keys["data"][0]["last_used_on"], "2026-01-16T00:00:00.000Z");
}

#[tokio::test]
async fn a_key_costs_one_read_and_its_first_use_of_a_day_one_write() {
    let world = World::new().await;
    let (_, program) = world.make(&["contacts.read"]).await;
    let contact = world.contact().await;
    let meter = &world.harness.app_of("visitors").meter;
    meter.take();
    program.get(&contact, 200).await;
    let first = meter.take().operations();
    program.get(&contact, 200).await;
    assert_eq!(first, ["BatchGetItem", "TransactWriteItems"]);
    assert_eq!(meter.take().operations(), ["BatchGetItem"]);
    // What is mistyped is refused without a read.
    for bad in ["sk_", "sk_0000000000000000000000000000000000aa"] {
        let client = world.harness.anonymous().with_token(bad);
        client
            .refused(Method::GET, &contact, None, 401, "token_invalid")
            .await;
    }
    assert!(meter.take().operations().is_empty());
}

#[tokio::test]
async fn a_key_is_made_with_a_fresh_proof_for_what_keys_may_do_and_fifty_times_at_most() {
    let world = World::new().await;
    let invalid = async |body: Value, pointer: &str, code: &str| {
        let problem = world
            .owner
            .refused(
                Method::POST,
                &world.place,
                Some(body),
                422,
                "validation_failed",
            )
            .await;
        let error = &problem["errors"][0];
        assert_eq!(
            (&error["pointer"], &error["code"]),
            (&json!(pointer), &json!(code))
        );
    };
    let key = |scopes: Value| json!({ "name": "Shop", "scopes": scopes });
    invalid(key(json!([])), "#/scopes", "required").await;
    for scope in ["members.manage", "workspace.own", "api_keys.manage"] {
        let scopes = json!(["contacts.read", scope]);
        invalid(key(scopes), "#/scopes/1", "not_for_keys").await;
    }
    invalid(key(json!(["everything"])), "#/scopes/0", "unknown_word").await;
    let mut past = key(json!(["contacts.read"]));
    past["expires_at"] = json!(world.harness.now());
    invalid(past, "#/expires_at", "in_the_past").await;
    for _ in 0..50 {
        world.make(&["contacts.read"]).await;
    }
    let one_more = Some(key(json!(["contacts.read"])));
    let post = Method::POST;
    world
        .owner
        .refused(
            post.clone(),
            &world.place,
            one_more.clone(),
            409,
            "not_changeable",
        )
        .await;
    world.harness.advance(Duration::from_secs(11 * 60));
    let later = world.owner.refresh().await;
    later
        .refused(post, &world.place, one_more, 403, "step_up_required")
        .await;
}
