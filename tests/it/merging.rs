//! Two contacts of one person: shown as one, and one to everybody who asks about their data.

mod erased;

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Conversation, Harness, Member, Visitor, WidgetApp, Workspace, message, text};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::json;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Where visitors ask about their data.
const ASK: &str = "/v1/widget/privacy/requests";

/// Somebody who came without a name, and was signed for later: two contacts, and a neighbour.
struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    app: WidgetApp,
    early: Visitor,
    known: Visitor,
    neighbour: Visitor,
    asked_early: Conversation,
    asked_later: Conversation,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let app = owner.app(&workspace).await;
        let early = harness.visitor(&app).await;
        harness.advance(Duration::from_millis(1));
        let known = signed(&harness, &workspace, &app, "user-1").await;
        harness.advance(Duration::from_millis(1));
        let neighbour = harness.visitor(&app).await;
        neighbour.start("canary-of-a-neighbour").await;
        let asked_early = early.start("canary-early").await;
        harness.advance(Duration::from_millis(1));
        let asked_later = known.start("canary-later").await;
        Self {
            harness,
            owner,
            workspace,
            app,
            early,
            known,
            neighbour,
            asked_early,
            asked_later,
        }
    }

    /// The same, with the two contacts said to be one.
    async fn merged() -> Self {
        let world = Self::new().await;
        let into = json!({ "into": world.known.contact_id });
        let merge = world.of(&world.early, "/merge");
        world.owner.post(&merge, into, 200).await;
        world
    }

    fn place(&self, rest: &str) -> String {
        format!("{}/{rest}", self.workspace.path)
    }

    fn of(&self, visitor: &Visitor, rest: &str) -> String {
        self.place(&format!("contacts/{}{rest}", visitor.contact_id))
    }

    /// The ids in a list, in its order.
    async fn ids(&self, by: &Member, list: &str) -> Vec<String> {
        let page = by.get(&self.place(list), 200).await;
        let data = page["data"].as_array().expect("a list");
        data.iter().map(|one| text(one, "id")).collect()
    }

    /// Rows that name one of these ids, without what stays after an erasure.
    async fn left(&self, ids: &[&str]) -> Vec<String> {
        let stays = |item: &String| {
            [
                "Tombstone",
                "PrivacyRequest",
                "OpenWish",
                "OwnRequest",
                "Job",
                "OpenJob",
            ]
            .iter()
            .any(|kind| item.contains(&format!("\"kind\":{{\"S\":\"{kind}\"}}")))
        };
        let mut items = self.harness.items().await;
        items.retain(|item| ids.iter().any(|id| item.contains(id)) && !stays(item));
        items
    }

    async fn a_minute(&self) {
        for name in ["jobs", "minute", "erasures"] {
            self.harness.run_schedule(name).await;
        }
        self.harness.drain().await;
        self.harness.advance(MINUTE);
    }
}

/// A visitor whom the app vouches for.
async fn signed(harness: &Harness, workspace: &Workspace, app: &WidgetApp, sub: &str) -> Visitor {
    let ends = harness.now().seconds() + 600;
    let claims = json!({ "sub": sub, "aud": workspace.id, "exp": ends });
    let key = EncodingKey::from_secret(app.identity_secret.as_bytes());
    let signed = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key);
    let identity = json!({ "identity_token": signed.expect("signed") });
    harness.visitor_with(app, identity).await
}

#[tokio::test]
async fn two_contacts_of_one_person_are_listed_once_and_their_conversations_together() {
    let world = World::new().await;
    let place = world.of(&world.early, "/merge");
    let into = json!({ "into": world.known.contact_id });
    let shown = world.owner.post(&place, into.clone(), 200).await;
    assert_eq!(text(&shown, "id"), world.known.contact_id);
    let both = json!([world.known.contact_id, world.early.contact_id]);
    assert_eq!(shown["same_person"], both);
    // Once more changes nothing, whichever way round.
    assert_eq!(world.owner.post(&place, into, 200).await, shown);
    let back = json!({ "into": world.early.contact_id });
    let place = world.of(&world.known, "/merge");
    let again = world.owner.post(&place, back, 200).await;
    assert_eq!(again["same_person"], both);
    for visitor in [&world.early, &world.known] {
        let contact = world.owner.get(&world.of(visitor, ""), 200).await;
        assert_eq!(contact["same_person"], both);
        assert_eq!(contact["rev"], 2);
    }
    let neighbour = world.owner.get(&world.of(&world.neighbour, ""), 200).await;
    assert_eq!(neighbour["same_person"], json!([]));
    let listed = [&world.neighbour.contact_id, &world.known.contact_id];
    assert_eq!(
        world.ids(&world.owner, "contacts").await,
        listed.map(Clone::clone)
    );

    let threads = [&world.asked_later.id, &world.asked_early.id].map(Clone::clone);
    for visitor in [&world.early, &world.known] {
        let list = format!("conversations?contact_id={}", visitor.contact_id);
        assert_eq!(world.ids(&world.owner, &list).await, threads);
        // In pages that lose none, the other way round.
        let mut found = Vec::new();
        let mut next = format!("{list}&limit=1&sort=oldest");
        loop {
            let page = world.owner.get(&world.place(&next), 200).await;
            found.extend(
                page["data"]
                    .as_array()
                    .expect("a list")
                    .iter()
                    .map(|one| text(one, "id")),
            );
            let Some(cursor) = page["page"]["next_cursor"].as_str() else {
                break;
            };
            next = format!("{list}&limit=1&sort=oldest&cursor={cursor}");
        }
        found.reverse();
        assert_eq!(found, threads);
        let search = json!({ "query": "canary", "author": visitor.contact_id });
        let found = world.owner.post(&world.place("search"), search, 200).await;
        let found = found["data"].as_array().expect("a list");
        let found: BTreeSet<String> = found
            .iter()
            .map(|hit| text(hit, "conversation_id"))
            .collect();
        assert_eq!(found, BTreeSet::from(threads.clone()));
    }
    let log = world.owner.get(&world.place("audit"), 200).await["data"].to_string();
    assert_eq!(log.matches("contact_merged").count(), 1, "{log}");
}

/// A nudge for the team, once for a merge, by ids; a visitor learns nothing of it.
#[tokio::test]
async fn who_of_the_team_listens_hears_once_that_contacts_are_one_person_and_no_visitor_does() {
    let world = World::new().await;
    let mut socket = world.owner.socket(&world.workspace).await;
    socket.sub("inbox").await;
    let mut theirs = world.early.socket().await;
    theirs.sub(&world.asked_early.id).await;
    let merge = format!("contacts/{}/merge", world.early.contact_id);
    let into = json!({ "into": world.known.contact_id });
    world.owner.post(&world.place(&merge), into, 200).await;
    world.harness.drain().await;
    let merged = |frames: Vec<serde_json::Value>| -> Vec<serde_json::Value> {
        let all = frames.into_iter();
        all.filter(|frame| frame["t"] == "contact.merged").collect()
    };
    let heard = merged(socket.heard().await);
    let [one] = heard.as_slice() else {
        panic!("one frame, not {heard:?}");
    };
    crate::asyncapi::is_documented("serverSends", one);
    let contacts = one["contacts"].as_array().expect("a list").iter();
    let contacts: BTreeSet<&str> = contacts.filter_map(|id| id.as_str()).collect();
    let both = [world.early.contact_id.as_str(), &world.known.contact_id];
    assert_eq!(contacts, BTreeSet::from(both));
    assert!(merged(theirs.heard().await).is_empty());
}

#[tokio::test]
async fn the_conversations_of_a_person_are_those_that_the_reader_sees() {
    let world = World::merged().await;
    let agent = world
        .harness
        .join(&world.owner, &world.workspace, "bob@example.com", "agent")
        .await;
    let me = text(&agent.get(&world.workspace.path, 200).await, "member_id");
    let narrow = json!({ "visibility": "assigned" });
    world
        .owner
        .patch(&world.place(&format!("members/{me}")), narrow, 200)
        .await;
    let list = format!("conversations?contact_id={}", world.known.contact_id);
    assert_eq!(world.ids(&agent, &list).await, Vec::<String>::new());
    let assignee = format!("conversations/{}/assignee", world.asked_early.id);
    world
        .owner
        .put(&world.place(&assignee), json!({ "member_id": me }), 200)
        .await;
    let own = std::slice::from_ref(&world.asked_early.id);
    assert_eq!(world.ids(&agent, &list).await, own);
    for view in ["mine", "unassigned", "mentions"] {
        let path = world.place(&format!("{list}&view={view}"));
        agent
            .refused(Method::GET, &path, None, 422, "validation_failed")
            .await;
    }
    let gone = world.place("conversations?contact_id=ctc_01kf0a1b2c3d4e5f6g7h8j9k0m");
    agent
        .refused(Method::GET, &gone, None, 404, "not_found")
        .await;
}

/// What the team says of two contacts gives neither visitor anything of the other.
#[tokio::test]
async fn each_visitor_goes_on_as_before_and_sees_nothing_of_the_other() {
    let world = World::merged().await;
    let begun = world.early.start("And once more").await;
    // A session alone gets no copy: what the team said gives it nothing.
    let export = "/v1/widget/exports";
    world
        .early
        .refused(Method::POST, export, None, 403, "not_verified")
        .await;
    for (visitor, own, others) in [
        (&world.early, &world.asked_early, &world.asked_later),
        (&world.known, &world.asked_later, &world.asked_early),
    ] {
        let list = visitor.get("/v1/widget/conversations", 200).await;
        assert!(list.to_string().contains(&own.id) && !list.to_string().contains(&others.id));
        visitor.say(own, "Still me").await;
        let place = format!("/v1/widget/conversations/{}", others.id);
        visitor
            .refused(Method::GET, &place, None, 404, "not_found")
            .await;
        let body = json!({ "app_key": world.app.key, "resume_token": visitor.resume_token });
        let page = world
            .harness
            .anonymous()
            .with_header("origin", harness::ORIGIN);
        let session = page
            .send(Method::POST, "/v1/widget/sessions", Some(body))
            .await;
        assert_eq!(session.status, 201, "{}", session.text);
        assert_eq!(
            session.body["visitor"]["contact_id"],
            json!(visitor.contact_id)
        );
    }
    let list = format!("conversations?contact_id={}", world.known.contact_id);
    assert!(world.ids(&world.owner, &list).await.contains(&begun.id));
}

#[tokio::test]
async fn a_merge_that_is_wrong_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let second = signed(&world.harness, &world.workspace, &world.app, "user-2").await;
    let place = world.of(&second, "/merge");
    let before = world.owner.get(&world.place("contacts"), 200).await;
    let into = |id: &str| Some(json!({ "into": id }));
    for (body, status, code) in [
        // An app said of these two that they are two.
        (into(&world.known.contact_id), 409, "not_changeable"),
        (into(&second.contact_id), 422, "validation_failed"),
        (into("ctc_01kf0a1b2c3d4e5f6g7h8j9k0m"), 404, "not_found"),
        (
            into("cnv_01kf0a1b2c3d4e5f6g7h8j9k0m"),
            422,
            "validation_failed",
        ),
        (Some(json!({})), 422, "validation_failed"),
    ] {
        let answer = world
            .owner
            .refused(Method::POST, &place, body, status, code);
        answer.await;
    }
    let agent = world
        .harness
        .join(&world.owner, &world.workspace, "bob@example.com", "agent")
        .await;
    agent
        .refused(
            Method::POST,
            &place,
            into(&world.early.contact_id),
            403,
            "forbidden",
        )
        .await;
    assert_eq!(world.owner.get(&world.place("contacts"), 200).await, before);

    // Whoever was joined to one who is vouched for is not joined to another one either, and ten are enough.
    let merge = |who: &str| world.place(&format!("contacts/{who}/merge"));
    let known = json!({ "into": world.known.contact_id });
    world
        .owner
        .post(&merge(&world.early.contact_id), known.clone(), 200)
        .await;
    for (who, whom) in [
        (&world.early, &second),
        (&second, &world.early),
        (&second, &world.known),
    ] {
        let body = into(&whom.contact_id);
        let path = merge(&who.contact_id);
        world
            .owner
            .refused(Method::POST, &path, body, 409, "not_changeable")
            .await;
    }
    // Two who are merged already become one with all of their contacts: there are no chains.
    let mut pair = Vec::new();
    for _ in 0..2 {
        pair.push(world.harness.visitor(&world.app).await.contact_id);
    }
    world
        .owner
        .post(&merge(&pair[0]), json!({ "into": pair[1] }), 200)
        .await;
    let whole = world.owner.post(&merge(&pair[0]), known.clone(), 200).await;
    let ids = [
        &world.known.contact_id,
        &world.early.contact_id,
        &pair[0],
        &pair[1],
    ];
    let mut seen: Vec<String> = serde_json::from_value(whole["same_person"].clone()).expect("ids");
    assert_eq!(seen.first(), Some(ids[0]));
    seen.sort();
    let mut all: Vec<String> = ids.into_iter().cloned().collect();
    all.sort();
    assert_eq!(seen, all);
    for _ in 0..6 {
        let one = world.harness.visitor(&world.app).await.contact_id;
        world.owner.post(&merge(&one), known.clone(), 200).await;
    }
    let eleventh = world.harness.visitor(&world.app).await.contact_id;
    world
        .owner
        .refused(
            Method::POST,
            &merge(&eleventh),
            Some(known),
            409,
            "not_changeable",
        )
        .await;
}

#[tokio::test]
async fn a_block_and_a_refusal_hold_for_the_whole_person() {
    let world = World::new().await;
    world
        .early
        .put("/v1/widget/figures", json!({ "allowed": false }), 200)
        .await;
    world
        .owner
        .put(&world.of(&world.early, "/block"), json!({}), 200)
        .await;
    let into = json!({ "into": world.known.contact_id });
    let shown = world
        .owner
        .post(&world.of(&world.early, "/merge"), into, 200)
        .await;
    // The stricter of what held for each.
    assert_eq!(shown["blocked"], true);
    let place = format!("/v1/widget/conversations/{}/messages", world.asked_later.id);
    world
        .known
        .refused(Method::POST, &place, Some(message("Hey")), 403, "blocked")
        .await;
    let contact =
        |visitor: &Visitor| format!("CONTACT#{}#{}", world.workspace.id, visitor.contact_id);
    let refuses = async |visitor: &Visitor| {
        let rows = world.harness.items_under(&contact(visitor)).await;
        rows.iter()
            .any(|row| format!("{row:?}").contains("figures_refused_at"))
    };
    assert!(refuses(&world.known).await);
    world
        .owner
        .delete(&world.of(&world.known, "/block"), 200)
        .await;
    world.early.say(&world.asked_early, "Back").await;
    world.known.say(&world.asked_later, "Back").await;
    // One allows it again for themselves; who refuses, refuses for both.
    world
        .known
        .put("/v1/widget/figures", json!({ "allowed": true }), 200)
        .await;
    assert!(!refuses(&world.known).await && refuses(&world.early).await);
    world
        .early
        .put("/v1/widget/figures", json!({ "allowed": true }), 200)
        .await;
    world
        .known
        .put("/v1/widget/figures", json!({ "allowed": false }), 200)
        .await;
    assert!(refuses(&world.known).await && refuses(&world.early).await);
}

#[tokio::test]
async fn what_is_set_aside_and_what_is_objected_to_is_so_for_the_whole_person() {
    let world = World::merged().await;
    let asked = world
        .early
        .post(ASK, json!({ "type": "child_report" }), 202)
        .await;
    for visitor in [&world.early, &world.known] {
        visitor
            .refused(
                Method::GET,
                "/v1/widget/conversations",
                None,
                403,
                "restricted",
            )
            .await;
        let place = world.of(visitor, "");
        world
            .owner
            .refused(Method::GET, &place, None, 404, "not_found")
            .await;
    }
    assert_eq!(world.ids(&world.owner, "conversations").await.len(), 1);
    let place = world.place(&format!("privacy/requests/{}/decision", text(&asked, "id")));
    let no = json!({ "decision": "deny", "reason": "no_match", "explanation": "Born in 1980." });
    world.owner.post(&place, no, 200).await;
    world.a_minute().await;
    world.a_minute().await;
    assert_eq!(world.ids(&world.owner, "conversations").await.len(), 3);
    for visitor in [&world.early, &world.known] {
        visitor.get("/v1/widget/conversations", 200).await;
    }
    // An objection of one is that of both.
    let objects = json!({ "type": "object", "message": "No figures" });
    world.known.post(ASK, objects, 202).await;
    let early = format!("CONTACT#{}#{}", world.workspace.id, world.early.contact_id);
    let rows = world.harness.items_under(&early).await;
    assert!(
        rows.iter()
            .any(|row| format!("{row:?}").contains("figures_refused_at"))
    );
}

#[tokio::test]
async fn a_copy_holds_every_contact_of_the_person_whichever_is_asked_for() {
    let world = World::merged().await;
    let known = json!({ "name": "canary-name", "email": "grace@example.com" });
    world
        .owner
        .patch(&world.of(&world.early, ""), known, 200)
        .await;
    for visitor in [&world.early, &world.known] {
        let asked = world
            .owner
            .send(Method::POST, &world.of(visitor, "/exports"), None)
            .await;
        assert_eq!(asked.status, 202, "{}", asked.text);
        world.harness.run_schedule("minute").await;
        let export = world.place(&format!("exports/{}", text(&asked.body, "id")));
        let done = world.owner.get(&export, 200).await;
        assert_eq!(done["state"], "done", "{done}");
        let told = read(&world.owner, &export).await;
        for canary in ["canary-early", "canary-later", "canary-name"] {
            assert!(
                told.contains(canary),
                "{canary} of {}: {told}",
                visitor.contact_id
            );
        }
        assert!(!told.contains("canary-of-a-neighbour"));
    }
    // Whom the app vouches for gets it without a decision.
    let asked = world
        .known
        .send(Method::POST, "/v1/widget/exports", None)
        .await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    world.harness.run_schedule("minute").await;
    let export = format!("/v1/widget/exports/{}", text(&asked.body, "id"));
    assert!(read(&world.known, &export).await.contains("canary-early"));
    // An address alone does not: the team says first whether it was right about the two.
    let asks = world
        .early
        .post(ASK, json!({ "type": "export" }), 202)
        .await;
    let mails = world.harness.mails("grace@example.com").await;
    let mailed = &mails.last().expect("a mail").text;
    let (_, link) = mailed
        .split_once("/privacy/confirm?token=")
        .expect("a link");
    let token = link.lines().next().expect("a line").to_owned();
    let mut browser = world.harness.browser();
    browser
        .submit("/privacy/confirm", &[("token", &token)], 200)
        .await;
    let own = world
        .early
        .get(&format!("{ASK}/{}", text(&asks, "id")), 200)
        .await;
    assert_eq!(own["processing_details"], "waiting_for_decision", "{own}");
}

/// The text of all parts of an export.
async fn read(by: &harness::Client, export: &str) -> String {
    let done = by.get(export, 200).await;
    let mut told = String::new();
    for part in 1..=done["parts"].as_u64().expect("a count") {
        let found = by
            .send(Method::GET, &format!("{export}/parts/{part}"), None)
            .await;
        assert_eq!(found.status, 302, "{}", found.text);
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        let got = client
            .get(found.header("location"))
            .send()
            .await
            .expect("answered");
        told += &got.text().await.expect("a text");
    }
    told
}
