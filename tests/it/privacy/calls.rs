//! Requests that what is kept about calls goes (CALL-16): they are carried out, and say how much went.

use harness::{Client, Found, Harness, Member, WidgetApp, Workspace, text};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::json;
use shared::domain::policy::Lens;
use shared::domain::{CallId, Policy, Timestamp};
use shared::store::contact::Contact;
use shared::store::{Unsealed, keys};

use super::accounts::{ASK, DESK};
use crate::calls::{Guest, SECOND, World};
use crate::mail_in::{PRIVACY, outcome, raw};

const KIND: &str = "delete_call_metadata";

/// A call that is over, with what a device told of it.
async fn ended(world: &World, guest: &Guest) -> String {
    let (call, _) = world.ringing(guest).await;
    world.act(&world.agent, &call, "accept", 200).await;
    let quality = json!({ "last": true, "rtt_p50_ms": 40, "relayed": false });
    let path = format!("/v1/guest/calls/{call}/quality");
    guest.client.post(&path, quality, 204).await;
    guest.act(&call, "end", 200).await;
    world.harness.advance(SECOND);
    call
}

/// How many rows name a call, but for the guest's own of a day.
async fn rows(harness: &Harness, call: &str) -> usize {
    harness.drain().await;
    let items = harness.items().await;
    let of_it = items
        .iter()
        .filter(|item| item.contains(call) && !item.contains("GUEST#"));
    of_it.count()
}

async fn acts(owner: &Client, workspace: &Workspace) -> Vec<String> {
    let log = owner.get(&format!("{}/audit", workspace.path), 200).await;
    let lines = log["data"].as_array().expect("lines").iter();
    lines.map(|line| text(line, "act")).collect()
}

#[tokio::test]
async fn an_owner_asks_and_every_call_of_their_workspaces_until_then_is_gone() {
    let world = World::new().await;
    let harness = &world.harness;
    let eve = harness.sign_up("eve@example.com").await;
    let (first, second) = (world.guest().await, world.guest().await);
    let mut gone = vec![ended(&world, &first).await, ended(&world, &second).await];
    // One that goes on is over with it.
    let (live, _) = world.ringing(&world.guest().await).await;
    gone.push(live);
    harness.advance(SECOND);

    // Whoever may not delete calls asks for nothing but their own: an agent's wish ends none.
    let asked = world.agent.post(ASK, json!({ "type": KIND }), 202).await;
    harness.run_schedule("minute").await;
    let own = format!("{ASK}/{}", text(&asked, "id"));
    let seen = world.agent.get(&own, 200).await;
    assert_eq!(
        (&seen["status"], &seen["calls_deleted"]),
        (&json!("fulfilled"), &json!(0))
    );
    assert!(rows(harness, &gone[0]).await > 0);

    let asked = world.owner.post(ASK, json!({ "type": KIND }), 202).await;
    assert_eq!(asked["processing_details"], "executing");
    let again = world.owner.post(ASK, json!({ "type": KIND }), 200).await;
    assert_eq!(again["id"], asked["id"]);
    // What comes after the request is none of it.
    harness.advance(SECOND);
    let later = ended(&world, &world.guest().await).await;
    harness.run_schedule("minute").await;
    let own = format!("{ASK}/{}", text(&asked, "id"));
    let seen = world.owner.get(&own, 200).await;
    assert_eq!(seen["status"], "fulfilled", "{seen}");
    assert_eq!(seen["calls_deleted"], 3);
    for call in &gone {
        assert_eq!(rows(harness, call).await, 0, "something is left of {call}");
    }
    assert_eq!(world.show(&later).await["state"], "ended");
    harness.run_schedule("minute").await;
    assert!(
        acts(&world.owner, &world.workspace)
            .await
            .contains(&"calls_deleted".to_owned())
    );
    let mails = harness.mails("ada@example.com").await;
    assert!(
        mails.iter().any(|mail| mail.text.contains("calls")),
        "they are told"
    );
    // Who has no workspace has asked for nothing, and hears that it is done.
    let asked = eve.post(ASK, json!({ "type": KIND }), 202).await;
    harness.run_schedule("minute").await;
    let own = format!("{ASK}/{}", text(&asked, "id"));
    assert_eq!(eve.get(&own, 200).await["calls_deleted"], 0);
}

#[tokio::test]
async fn whoever_asks_by_mail_waits_for_the_operator_because_a_mailbox_alone_proves_no_account() {
    let world = World::new().await;
    let harness = &world.harness;
    let operator = super::accounts::operator(harness).await;
    let call = ended(&world, &world.guest().await).await;
    let mail = raw("ada@example.com", PRIVACY, &[], "Please delete our calls.");
    assert_eq!(outcome(harness, &mail, Found::default()).await, "taken");
    let letter = harness.mails("ada@example.com").await;
    let letter = &letter.last().expect("a letter").text;
    let (_, token) = letter
        .split_once("/privacy/confirm?token=")
        .expect("a link");
    let token = token.lines().next().expect("a line");
    let form = [("token", token), ("type", KIND)];
    harness
        .browser()
        .submit("/privacy/confirm", &form, 200)
        .await;
    harness.run_schedule("minute").await;
    assert!(rows(harness, &call).await > 0, "nobody has decided yet");
    let waits = operator.get(DESK, 200).await;
    let mut asked = waits["data"].as_array().expect("a list").iter();
    let asked = asked.rfind(|one| one["type"] == KIND);
    let id = text(asked.expect("the request"), "id");
    let decision = format!("{DESK}/{id}/decision");
    let yes = json!({ "decision": "fulfil" });
    let decided = operator.post(&decision, yes, 200).await;
    assert_eq!(decided["processing_details"], "executing");
    harness.run_schedule("minute").await;
    let seen = operator.get(&format!("{DESK}/{id}"), 200).await;
    assert_eq!(
        (&seen["status"], &seen["calls_deleted"]),
        (&json!("fulfilled"), &json!(1))
    );
    assert_eq!(rows(harness, &call).await, 0);
}

/// A workspace that has contacts, and calls besides.
async fn beside_an_inbox() -> World {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let now = owner.get(&workspace.path, 200).await;
    let same = owner.with_header("if-match", &format!("\"{}\"", now["rev"]));
    same.patch(&workspace.path, json!({ "calls": true }), 200)
        .await;
    let agent = harness
        .join(&owner, &workspace, "bob@example.com", "agent")
        .await;
    let agent_id = text(&agent.get(&workspace.path, 200).await, "member_id");
    let app = owner.app(&workspace).await;
    World {
        harness,
        owner,
        agent,
        agent_id,
        workspace,
        app,
    }
}

/// A session of a guest whom the app names, and signs for.
async fn named(world: &World, reference: &str) -> Guest {
    let key = aws_lc_rs::hmac::Key::new(
        aws_lc_rs::hmac::HMAC_SHA256,
        world.app.identity_secret.as_bytes(),
    );
    let signed = aws_lc_rs::hmac::sign(&key, reference.as_bytes());
    let signed = data_encoding::HEXLOWER.encode(signed.as_ref());
    let body = json!({
        "app_key": world.app.key, "user_ref": reference, "user_signature": signed,
    });
    world.guest_with(body).await
}

/// The contact that the app knows by a reference.
async fn contact(harness: &Harness, workspace: &Workspace, app: &WidgetApp, sub: &str) -> String {
    let claims = json!({
        "sub": sub, "aud": workspace.id, "exp": harness.now().seconds() + 600,
    });
    let key = EncodingKey::from_secret(app.identity_secret.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key);
    let more = json!({ "identity_token": token.expect("signed") });
    harness.visitor_with(app, more).await.contact_id
}

/// Enters the request for a contact and decides it: where it is.
async fn fulfil(member: &Member, workspace: &Workspace, contact: &str) -> String {
    let place = format!("{}/privacy/requests", workspace.path);
    let asks = json!({ "contact_id": contact, "type": KIND });
    let asked = member.post(&place, asks, 202).await;
    let decision = format!("{place}/{}/decision", text(&asked, "id"));
    let yes = json!({ "decision": "fulfil" });
    let decided = member.post(&decision, yes, 200).await;
    assert_eq!(decided["processing_details"], "executing");
    format!("{place}/{}", text(&asked, "id"))
}

#[tokio::test]
async fn the_team_enters_it_for_a_contact_and_the_calls_of_that_person_go_and_nobody_elses() {
    let world = beside_an_inbox().await;
    let harness = &world.harness;
    let theirs = ended(&world, &named(&world, "user-1").await).await;
    let others = ended(&world, &named(&world, "user-2").await).await;
    let nobodys = ended(&world, &world.guest().await).await;
    let known = contact(harness, &world.workspace, &world.app, "user-1").await;
    let unknown = harness.visitor(&world.app).await.contact_id;
    for (contact, deleted) in [(&unknown, 0), (&known, 1)] {
        let request = fulfil(&world.owner, &world.workspace, contact).await;
        harness.run_schedule("minute").await;
        let seen = world.owner.get(&request, 200).await;
        assert_eq!(seen["status"], "fulfilled", "{seen}");
        assert_eq!(seen["calls_deleted"], deleted);
    }
    assert_eq!(rows(harness, &theirs).await, 0);
    for stays in [&others, &nobodys] {
        assert_eq!(world.show(stays).await["state"], "ended");
    }
}

/// Whatever fails, it is made up for by the next minute.
#[tokio::test]
async fn a_deletion_that_is_cut_off_anywhere_goes_on_a_minute_later() {
    for call in [2, 4, 6, 8, 11] {
        let world = World::new().await;
        let guest = world.guest().await;
        let gone = [ended(&world, &guest).await, ended(&world, &guest).await];
        let asked = world.owner.post(ASK, json!({ "type": KIND }), 202).await;
        let fault = harness::Fault::new(harness::Kind::ServerError)
            .after(call)
            .times(usize::MAX);
        world.harness.faults().plan(fault);
        let _cut_off = world.harness.try_schedule("minute").await;
        world.harness.faults().reset();
        for _ in 0..2 {
            world.harness.advance(SECOND * 60);
            world.harness.run_schedule("minute").await;
        }
        let own = format!("{ASK}/{}", text(&asked, "id"));
        assert_eq!(
            world.owner.get(&own, 200).await["status"],
            "fulfilled",
            "after {call}"
        );
        for call in &gone {
            assert_eq!(rows(&world.harness, call).await, 0);
        }
        // Whatever run deleted a call, a receipt counts it, once.
        for _ in 0..3 {
            world.harness.advance(SECOND * 60);
            world.harness.run_schedule("Erasures").await;
        }
        let receipts = receipts_of_calls(&world.harness).await;
        assert_eq!(
            receipts.iter().sum::<u64>(),
            2,
            "after {call}: {receipts:?}"
        );
    }
}

/// How many calls each receipt counts. Fails when one is not signed yet.
async fn receipts_of_calls(harness: &Harness) -> Vec<u64> {
    let rows = harness.items_under("ERASURE#").await.into_iter();
    let of_calls = rows.filter(|row| row["erased"]["S"] == "calls");
    let counted = of_calls.map(|row| {
        assert_eq!(row["stage"]["S"], "done", "{row}");
        let tallies = row["tallies"]["L"].as_array().expect("counts").iter();
        let calls = tallies.filter_map(|tally| tally["S"].as_str()?.strip_prefix("data Call "));
        let before = calls.filter_map(|counts| counts.split(' ').next()?.parse::<u64>().ok());
        before.sum()
    });
    counted.collect()
}

/// What a team asks in one request, cut off between one page and the next: what went has its receipt, and the
/// rest has another.
#[tokio::test]
async fn of_a_deletion_that_is_cut_off_what_went_has_a_receipt_and_the_rest_another() {
    let world = World::new().await;
    // More than one transaction takes.
    let mut all = Vec::new();
    for _ in 0..32 {
        let guest = world.guest().await;
        let call = text(&guest.begin(201).await["call"], "id");
        guest.act(&call, "end", 200).await;
        all.push(call);
    }
    world.harness.advance(SECOND);
    let deletions = format!("{}/call-deletions", world.workspace.path);
    let body = json!({ "before": world.harness.now() });
    let fault = harness::Fault::new(harness::Kind::ServerError)
        .on("TransactWriteItems")
        .after(1)
        .times(usize::MAX);
    world.harness.faults().plan(fault);
    let cut_off = world
        .owner
        .send(Method::POST, &deletions, Some(body.clone()));
    assert_eq!(cut_off.await.status, 503);
    world.harness.faults().reset();
    let rest = world.owner.post(&deletions, body, 200).await;
    assert_eq!(rest["deleted"], 2, "{rest}");
    // What may still be going on is not attested before it must be over.
    world.harness.run_schedule("Erasures").await;
    let open = world.harness.items_under("ERASURE#").await;
    let open = open.iter().filter(|row| row["stage"]["S"] != "done");
    assert_eq!(open.count(), 1);
    world.harness.advance(SECOND * 121);
    world.harness.run_schedule("Erasures").await;
    let mut receipts = receipts_of_calls(&world.harness).await;
    receipts.sort_unstable();
    assert_eq!(receipts, [2, 30]);
    assert_eq!(world.harness.items_under("CALL#").await.len(), 0);
    assert_eq!(all.len(), 32);
}

/// CALL-31: with somebody go the calls that they made under the name that the app knows them by.
#[tokio::test]
async fn whoever_is_erased_takes_their_calls_along_and_those_have_a_receipt_of_their_own() {
    let world = beside_an_inbox().await;
    let harness = &world.harness;
    let theirs = ended(&world, &named(&world, "user-1").await).await;
    let others = ended(&world, &named(&world, "user-2").await).await;
    let nobodys = ended(&world, &world.guest().await).await;
    let known = contact(harness, &world.workspace, &world.app, "user-1").await;
    let unknown = harness.visitor(&world.app).await.contact_id;
    for (contact, calls) in [(&unknown, vec![]), (&known, vec![1])] {
        let path = format!("{}/contacts/{contact}", world.workspace.path);
        world.owner.delete(&path, 202).await;
        for _ in 0..3 {
            harness.advance(SECOND * 60);
            harness.run_schedule("minute").await;
            harness.run_schedule("Erasures").await;
        }
        assert_eq!(receipts_of_calls(harness).await, calls);
    }
    assert_eq!(rows(harness, &theirs).await, 0);
    for stays in [&others, &nobodys] {
        assert!(rows(harness, stays).await > 0);
    }
}

/// The calls of a workspace may take longer to walk than a run has.
#[tokio::test]
async fn an_erasure_goes_on_in_the_calls_of_a_workspace_from_where_it_was_cut_off() {
    let world = beside_an_inbox().await;
    let harness = &world.harness;
    let others = ended(&world, &named(&world, "user-2").await).await;
    let theirs = ended(&world, &named(&world, "user-1").await).await;
    let known = contact(harness, &world.workspace, &world.app, "user-1").await;
    // Older than theirs, and more than are read at once.
    let items = harness.items_under("CALL#").await.into_iter();
    let head = items.filter(|item| item["sk"]["S"] == "HEAD");
    let mut head = head.map(|item| item.to_string());
    let head = head.rfind(|item| item.contains(&others));
    let head = head.expect("a call");
    let long_ago = Timestamp::from_ms(harness.now().ms() - 60_000);
    for _ in 0..120 {
        let other = head.replace(&others, &CallId::new(long_ago).to_string());
        let other = serde_json::from_str(&other).expect("an item");
        harness.forge(other).await;
    }

    let path = format!("{}/contacts/{known}", world.workspace.path);
    world.owner.delete(&path, 202).await;
    let store = &harness.app_of("retention").store;
    let workspace = world.workspace.id.parse().expect("an id");
    let place = keys::contact(workspace, known.parse().expect("an id"));
    let policy = Policy::platform();
    let lens = Lens {
        now: harness.now(),
        policy: &policy,
    };
    let run = async || {
        let fetched = store.batch(vec![place.clone()]).await.expect("read");
        let head = fetched.get::<Contact>(&place, &Unsealed, lens);
        let head = head.expect("reads").expect("a contact that is erased");
        let ended = store.erase_contact(&head, || false, lens).await;
        ended.expect("went on");
        let reached = harness.items_under("ERASURE#").await;
        reached
            .iter()
            .any(|row| row["calls_reached"]["S"].is_string())
    };
    assert!(run().await, "it did not write down where it is");
    assert!(rows(harness, &theirs).await > 0, "NO BASELINE");
    run().await;
    assert_eq!(rows(harness, &theirs).await, 0, "it began anew");
    assert!(rows(harness, &others).await > 0);
    // Whom it is about is gone soon, and the row leads nowhere.
    for _ in 0..3 {
        harness.advance(SECOND * 60);
        harness.run_schedule("minute").await;
        harness.run_schedule("Erasures").await;
    }
    assert_eq!(receipts_of_calls(harness).await, [1]);
    let left = harness.items_under("ERASURE#").await;
    assert!(left.iter().all(|row| row["calls_reached"].is_null()));
}
