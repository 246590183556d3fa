//! What flows do besides leading a thread: mails to the visitor, and what they note about them.

use harness::{Fault, Kind, text};
use serde_json::{Value, json};

use super::bot;
use crate::flows::{World, document, edge};

/// Asks for a name, and for an address by `kind`; notes both, mails, asks on, and mails again.
fn copier(kind: &str, to: Value) -> Value {
    let mail = |subject: &str| json!({ "do": "email", "to": to, "subject": subject, "text": "Dear {{ name }},\n\nas you said." });
    let mut document = document(
        json!([
            { "id": "s", "type": "start", "data": {} },
            { "id": "name", "type": "ask", "data": { "md": "Your name?", "input": { "kind": "text" }, "save": "v_name" } },
            { "id": "ask", "type": "ask", "data": { "md": "Your address?", "input": { "kind": kind }, "save": "v_mail" } },
            { "id": "note", "type": "action", "data": { "do": "set_contact", "name": "name", "value": "{{ name }}" } },
            { "id": "place", "type": "action", "data": { "do": "set_contact", "name": "email", "value": "{{ mail }}" } },
            { "id": "copy", "type": "action", "data": mail("A copy\nfor {{ name }}") },
            { "id": "more", "type": "ask", "data": { "md": "More?", "input": { "kind": "text" } } },
            { "id": "again", "type": "action", "data": mail("And another") },
            { "id": "last", "type": "ask", "data": { "md": "Still there?", "input": { "kind": "text" } } },
        ]),
        json!([
            edge("s", "next", "name"),
            edge("name", "next", "ask"),
            edge("ask", "next", "note"),
            edge("note", "next", "place"),
            edge("place", "next", "copy"),
            edge("copy", "next", "more"),
            edge("more", "next", "again"),
            edge("again", "next", "last"),
            edge("last", "next", "again"),
        ]),
    );
    let mail = json!({ "id": "v_mail", "name": "mail", "type": "email", "pii": true });
    let variables = document["variables"].as_array_mut();
    variables.expect("variables").push(mail);
    document
}

impl World {
    /// Goes through a flow that has an address proved.
    async fn proves(&self, flow: &str, address: &str) -> String {
        let thread = self.begin(flow).await;
        self.say(&thread, "Grace").await;
        self.say(&thread, address).await;
        let code = self.harness.mail_code(address).await;
        self.say(&thread, &code).await;
        thread
    }

    /// The contact that a conversation is with.
    async fn contact_of(&self, thread: &str) -> Value {
        self.harness.drain().await;
        let contact = text(&self.seen(thread).await, "contact_id");
        let place = format!("{}/contacts/{contact}", self.workspace.path);
        self.owner.get(&place, 200).await
    }

    /// The subjects of what an address got, codes left aside.
    async fn subjects(&self, address: &str) -> Vec<String> {
        let mails = self.harness.mails(address).await;
        let subjects = mails.into_iter().map(|mail| mail.subject);
        subjects.filter(|subject| subject != "Your code").collect()
    }
}

#[tokio::test]
async fn a_flow_mails_whoever_proved_an_address_once_and_notes_what_was_said_of_them() {
    let world = World::new().await;
    let flow = world.live(&copier("otp_email", json!("{{ mail }}"))).await;
    let address = "grace@example.com";
    let thread = world.proves(&flow, address).await;
    assert_eq!(world.subjects(address).await, ["A copy for Grace"]);
    let seen = world.contact_of(&thread).await;
    assert_eq!(
        (&seen["name"], &seen["email"], &seen["email_proof"]),
        (&json!("Grace"), &json!(address), &json!("code")),
        "{seen}"
    );
    assert_eq!(world.harness.items_with("FLOWDEED#").await, 0, "it is done");
    let mails = world.harness.mails(address).await;
    let mail = mails.last().expect("a mail");
    assert!(
        mail.text.contains("Dear Grace,\n\nas you said."),
        "{}",
        mail.text
    );
    // Mail that fails goes out when it can, and once.
    let faults = world.harness.faults();
    faults.plan(Fault::new(Kind::Throttle).on("SendEmail").times(3));
    world.say(&thread, "Yes").await;
    world.harness.drain().await;
    world.harness.drain().await;
    assert_eq!(
        world.subjects(address).await,
        ["A copy for Grace", "And another"]
    );
    // No more than five of one conversation.
    for _ in 0..5 {
        world.say(&thread, "And on").await;
    }
    assert_eq!(world.subjects(address).await.len(), 5);
    assert_eq!(world.said(&thread).await.last(), Some(&bot("Still there?")));
    // Whoever wants no more mail gets none, of no flow.
    let link = mail
        .text
        .lines()
        .find(|line| line.contains("/unsubscribe?"));
    let (_, query) = link.and_then(|link| link.split_once('?')).expect("a link");
    let posted = world
        .harness
        .anonymous()
        .with_header("content-type", "application/x-www-form-urlencoded")
        .send_raw(
            reqwest::Method::POST,
            &format!("/unsubscribe?{query}"),
            b"List-Unsubscribe=One-Click".to_vec(),
        )
        .await;
    assert_eq!(posted.status, 200, "{}", posted.text);
    world.proves(&flow, address).await;
    assert_eq!(world.subjects(address).await.len(), 5);
}

#[tokio::test]
async fn an_address_that_mail_came_back_from_gets_none_of_a_flow_and_the_flow_goes_on() {
    let world = World::new().await;
    let address = "bounce+grace@simulator.amazonses.com";
    let invitations = format!("{}/invitations", world.workspace.path);
    let invited = json!({ "email": address, "role": "agent" });
    world.owner.post(&invitations, invited, 202).await;
    world.harness.drain().await;
    assert_eq!(world.harness.items_with("SUPPRESSED#").await, 1);
    let before = world.subjects(address).await;
    let flow = world.live(&copier("otp_email", json!("{{ mail }}"))).await;
    let thread = world.proves(&flow, address).await;
    // What was noted is noted: it is an address of theirs all the same.
    assert_eq!(world.contact_of(&thread).await["email"], json!(address));
    assert_eq!(world.subjects(address).await, before);
    assert_eq!(world.harness.items_with("FLOWDEED#").await, 0, "it is done");
    world.say(&thread, "Yes").await;
    assert_eq!(world.said(&thread).await.last(), Some(&bot("Still there?")));
    assert_eq!(world.subjects(address).await, before);
}

#[tokio::test]
async fn a_flow_says_how_urgent_a_conversation_is_and_whose_it_is_to_be() {
    let world = World::new().await;
    let teams = format!("{}/teams", world.workspace.path);
    let team = world
        .owner
        .post(&teams, json!({ "name": "Sales" }), 201)
        .await;
    let team = text(&team, "id");
    let deeds = |team: &str| {
        document(
            json!([
                { "id": "s", "type": "start", "data": {} },
                { "id": "urgent", "type": "action", "data": { "do": "set_priority", "priority": "urgent" } },
                { "id": "sales", "type": "action", "data": { "do": "put_to_team", "team": team } },
                { "id": "ask", "type": "ask", "data": { "md": "Your name?", "input": { "kind": "text" }, "save": "v_name" } },
                { "id": "people", "type": "handoff", "data": {} },
            ]),
            json!([
                edge("s", "next", "urgent"),
                edge("urgent", "next", "sales"),
                edge("sales", "next", "ask"),
                edge("ask", "next", "people"),
            ]),
        )
    };
    let flow = world.live(&deeds(&team)).await;
    let thread = world.begin(&flow).await;
    let seen = world.seen(&thread).await;
    assert_eq!(
        (&seen["status"], &seen["priority"], &seen["team_id"]),
        (&json!("bot"), &json!("urgent"), &json!(team)),
        "{seen}"
    );
    world.say(&thread, "Grace").await;
    let seen = world.seen(&thread).await;
    assert_eq!(
        (&seen["status"], &seen["team_id"]),
        (&json!("open"), &json!(team)),
        "it waits there"
    );
    let id = thread.rsplit('/').next().expect("an id");
    let place = format!(
        "{}/conversations/{id}/messages?limit=100",
        world.workspace.path
    );
    let list = world.owner.get(&place, 200).await;
    let lines = list["data"].as_array().expect("a list").iter();
    let events = lines.filter_map(|line| line["event"].as_str());
    let events: Vec<&str> = events.collect();
    assert_eq!(events, ["priority_changed", "put_to_team"]);
    // One that is not there keeps it from being published.
    let flow = world.make(&deeds("team_01kf0a1b2c3d4e5f6g7h8j9k0m")).await;
    let validate = format!("{flow}/validate");
    let found = world.owner.post(&validate, Value::Null, 200).await;
    assert_eq!(
        (&found["publishable"], &found["diagnostics"][0]["code"]),
        (&json!(false), &json!("E133")),
        "{found}"
    );
}

#[tokio::test]
async fn an_address_that_nobody_proved_is_noted_as_such_gets_no_mail_and_replaces_none_that_was() {
    let world = World::new().await;
    let proves = world.live(&copier("otp_email", json!("{{ mail }}"))).await;
    let asks = world.live(&copier("email", Value::Null)).await;
    let (own, other) = ("grace@example.com", "eve@example.com");
    let thread = world.begin(&asks).await;
    world.say(&thread, "Grace").await;
    world.say(&thread, other).await;
    assert_eq!(world.subjects(other).await.len(), 0);
    let seen = world.contact_of(&thread).await;
    assert_eq!(
        (&seen["email"], &seen["email_proof"]),
        (&json!(other), &Value::Null)
    );
    world.proves(&proves, own).await;
    assert_eq!(world.contact_of(&thread).await["email"], json!(own));
    let thread = world.begin(&asks).await;
    world.say(&thread, "Grace").await;
    world.say(&thread, other).await;
    let seen = world.contact_of(&thread).await;
    assert_eq!(
        (&seen["email"], &seen["email_proof"]),
        (&json!(own), &json!("code"))
    );
    assert_eq!(world.subjects(other).await.len(), 0);
    assert_eq!(
        world.subjects(own).await.len(),
        2,
        "the proved one is known by now"
    );
    // The team set another address: nobody has proved that one.
    let contact = text(&seen, "id");
    let place = format!("{}/contacts/{contact}", world.workspace.path);
    let body = json!({ "email": other });
    world.owner.patch(&place, body, 200).await;
    world.say(&thread, "More").await;
    assert_eq!(world.subjects(other).await.len(), 0);
}

#[tokio::test]
async fn a_flow_that_mails_anybody_else_or_notes_what_contacts_do_not_have_is_not_published() {
    let world = World::new().await;
    for to in [
        "eve@example.com",
        "{{ name }}",
        "{{ mail }}, eve@example.com",
    ] {
        let flow = world.make(&copier("otp_email", json!(to))).await;
        let found = world
            .owner
            .post(&format!("{flow}/validate"), Value::Null, 200)
            .await;
        let codes: Vec<&str> = found["diagnostics"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|one| one["code"].as_str())
            .collect();
        assert_eq!(found["publishable"], false, "{to}");
        assert!(codes.contains(&"E151"), "{to}: {codes:?}");
    }
    let mut other = copier("otp_email", Value::Null);
    other["nodes"][3]["data"]["name"] = "external_id".into();
    let flow = world.make(&other).await;
    let found = world
        .owner
        .post(&format!("{flow}/validate"), Value::Null, 200)
        .await;
    assert_eq!(found["diagnostics"][0]["code"], "E100", "{found}");
    let pointer = text(&found["diagnostics"][0], "pointer");
    assert!(pointer.starts_with("/nodes/3/data"), "{pointer}");
}
