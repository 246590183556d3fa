//! What `outbox` does for flows converges whatever fails at whichever of its calls: a rule that begins a flow, what
//! a flow notes and mails, and what it hears of a call.

use harness::{Fault, Kind, text};
use serde_json::{Value, json};

use super::{
    bot,
    calls::{offering, video},
    visitor,
};
use crate::flows::{World, document, edge};

/// Nothing was done, and all of it was, but nobody heard so: other kinds are as one of these, and take longer.
const KINDS: [Kind; 2] = [Kind::ServerError, Kind::TimeoutAfter];

impl World {
    /// Delivers the stream while its calls from the `call`-th on fail for a while; whether one was left to fail.
    async fn drains_badly(&self, kind: Kind, call: usize) -> bool {
        let faults = self.harness.faults();
        faults.reset();
        // Three in a row: more than the SDK's own retries heal.
        faults.plan(Fault::new(kind).after(call).times(3));
        self.harness.drain().await;
        let spent = faults.spent() > 0;
        faults.reset();
        self.harness.drain().await;
        spent
    }
}

#[tokio::test]
async fn a_rule_begins_its_flow_once_whatever_fails_at_whichever_call() {
    let world = World::new().await;
    let trigger = json!({ "trigger": { "kind": "inbox_rule" } });
    let flow = document(
        json!([
            { "id": "s", "type": "start", "data": trigger },
            { "id": "q", "type": "ask", "data": { "md": "Your name?", "input": { "kind": "text" }, "save": "v_name" } },
            { "id": "e", "type": "end", "data": {} },
        ]),
        json!([edge("s", "next", "q"), edge("q", "next", "e")]),
    );
    world.live(&flow).await;
    world.harness.drain().await;
    for kind in KINDS {
        for call in 0.. {
            let begun = world.visitor.start("Hello").await;
            let spent = world.drains_badly(kind, call).await;
            let thread = format!("/v1/widget/conversations/{}", begun.id);
            let said = world.said(&thread).await;
            assert_eq!(
                said,
                [visitor("Hello"), bot("Your name?")],
                "{kind:?} at {call}"
            );
            assert_eq!(world.seen(&thread).await["status"], "bot");
            if !spent {
                assert!(call > 2, "no call was made");
                break;
            }
        }
    }
}

/// Has an address proved; then notes and mails in one turn.
fn busy() -> Value {
    let mut document = offering(video());
    let more = json!([
        { "id": "ask", "type": "ask", "data": { "md": "Your address?", "input": { "kind": "otp_email" }, "save": "v_mail" } },
        { "id": "place", "type": "action", "data": { "do": "set_contact", "name": "email", "value": "{{ mail }}" } },
        { "id": "note", "type": "action", "data": { "do": "set_contact", "name": "name", "value": "{{ name }}" } },
        { "id": "copy", "type": "action", "data": { "do": "email", "subject": "For {{ name }}", "text": "As you said." } },
    ]);
    let nodes = document["nodes"].as_array_mut().expect("nodes");
    nodes.extend(more.as_array().expect("nodes").iter().cloned());
    let edges = document["edges"].as_array_mut().expect("edges");
    edges[1] = edge("name", "next", "ask");
    edges.extend([
        edge("ask", "next", "place"),
        edge("place", "next", "note"),
        edge("note", "next", "copy"),
        edge("copy", "next", "call"),
    ]);
    let mail = json!({ "id": "v_mail", "name": "mail", "type": "email", "pii": true });
    let variables = document["variables"].as_array_mut();
    variables.expect("variables").push(mail);
    document
}

#[tokio::test]
async fn what_a_flow_does_is_done_whatever_fails_at_whichever_call() {
    let world = World::new().await;
    world.let_call(true).await;
    let flow = world.live(&busy()).await;
    let address = "grace@example.com";
    // Proved once; then it is known, and the flow of the sweep asks nothing.
    let sweep = {
        let mut document = busy();
        let edges = document["edges"].as_array_mut().expect("edges");
        edges[1] = edge("name", "next", "note");
        edges.retain(|edge| edge["from"]["node"] != "ask" && edge["from"]["node"] != "place");
        let nodes = document["nodes"].as_array_mut().expect("nodes");
        nodes.retain(|node| node["id"] != "ask" && node["id"] != "place");
        world.live(&document).await
    };
    let proves = world.begin(&flow).await;
    world.say(&proves, "Grace").await;
    world.say(&proves, address).await;
    let code = world.harness.mail_code(address).await;
    world.say(&proves, &code).await;
    world.harness.drain().await;
    let contact = text(&world.seen(&proves).await, "contact_id");
    let contact = format!("{}/contacts/{contact}", world.workspace.path);
    for kind in KINDS {
        for call in 0.. {
            let name = format!("Grace {kind:?} {call}");
            let thread = world.begin(&sweep).await;
            world.say(&thread, &name).await;
            let spent = world.drains_badly(kind, call).await;
            let what = format!("{kind:?} at {call}");
            assert_eq!(world.owner.get(&contact, 200).await["name"], name.as_str());
            assert_eq!(world.harness.items_with("FLOWDEED#").await, 0, "{what}");
            // The mail service knows no key of idempotency: between its yes and the end of
            // the row a mail may go out again, and once more for each answer that is lost.
            let subject = format!("For {name}");
            let mails = world.harness.mails(address).await.into_iter();
            let mails = mails.filter(|mail| mail.subject == subject).count();
            let most = if kind == Kind::TimeoutAfter { 4 } else { 2 };
            assert!((1..=most).contains(&mails), "{what}: {mails}");
            if !spent {
                assert!(call > 5, "no call was made");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_flow_hears_of_its_call_once_whatever_fails_at_whichever_call() {
    let world = World::new().await;
    world.let_call(true).await;
    let flow = world.live(&offering(video())).await;
    for kind in KINDS {
        for call in 0.. {
            let (thread, token) = world.offered(&flow).await;
            let (guest, id, join) = world.calls_by(&token).await;
            let device = world.harness.anonymous().with_token(&join);
            device.post("/v1/calls/join", Value::Null, 201).await;
            let cancel = format!("/v1/guest/calls/{id}/cancel");
            guest.post(&cancel, Value::Null, 200).await;
            let spent = world.drains_badly(kind, call).await;
            let said = world.said(&thread).await;
            assert_eq!(
                said[3..],
                [bot("Sorry that nobody came."), bot("More?")],
                "{kind:?} at {call}"
            );
            if !spent {
                assert!(call > 4, "no call was made");
                break;
            }
        }
    }
}
