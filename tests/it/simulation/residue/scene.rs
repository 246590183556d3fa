//! A person of whom there is something in every place where something of a person can be.

use std::collections::BTreeSet;

use aws_lc_rs::hmac;
use harness::files::File;
use harness::receiver::Receiver;
use harness::{Harness, Member, ORIGIN, Visitor, WidgetApp, Workspace, message, random_uuid, text};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

use super::CANARIES;

/// As what the app knows the visitor.
const NAMED: &str = "canary-4711";

/// A team, and a contact with everything that a contact can have.
pub struct Scene {
    pub harness: Harness,
    pub owner: Member,
    pub workspace: Workspace,
    /// The path of the contact.
    pub contact: String,
    /// The ids that the API gave out.
    pub ids: BTreeSet<String>,
    pub receiver: Receiver,
}

/// The visitor, the team's side, and where they meet.
struct Meeting<'a> {
    harness: &'a Harness,
    owner: &'a Member,
    workspace: &'a Workspace,
    visitor: &'a Visitor,
    /// The id of their conversation.
    thread: String,
}

impl Scene {
    pub async fn set() -> Self {
        Self::of(Harness::start().await).await
    }

    /// The same on a stack that runs.
    pub async fn of(harness: Harness) -> Self {
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let app = owner.app(&workspace).await;
        let receiver = Receiver::start().await;
        let at = |rest: &str| format!("{}{rest}", workspace.path);
        let hook = json!({
            "name": "Shop", "url": receiver.url, "payload": "thin",
            "events": ["conversation.created", "message.created"],
        });
        owner.post(&at("/webhooks"), hook, 201).await;
        let push = json!({ "contact": "mailto:push@shop.example" });
        owner.put(&at("/push/webpush"), push, 200).await;
        let visitor = signed(&harness, &workspace, &app).await;
        let thread = visitor.start(CANARIES[0]).await;
        let contact = at(&format!("/contacts/{}", visitor.contact_id));
        let meeting = Meeting {
            harness: &harness,
            owner: &owner,
            workspace: &workspace,
            visitor: &visitor,
            thread: thread.id.clone(),
        };
        meeting.of_the_visitor().await;
        meeting.of_the_team().await;
        meeting.call().await;
        let called = meeting.call_by_name(&app).await;
        let led = meeting.flow().await;
        let known = json!({ "name": CANARIES[2] });
        owner.patch(&contact, known, 200).await;
        let noted = json!({ "text": CANARIES[1] });
        owner.post(&format!("{contact}/notes"), noted, 201).await;
        let ids = [visitor.contact_id.clone(), thread.id, led, called].into();
        Self {
            harness,
            owner,
            workspace,
            contact,
            ids,
            receiver,
        }
    }
}

/// Somebody whom the customer signed for, so that a mail from their address would find them.
async fn signed(harness: &Harness, workspace: &Workspace, app: &WidgetApp) -> Visitor {
    let claims = json!({
        "sub": NAMED, "email": CANARIES[3], "aud": workspace.id,
        "exp": harness.now().seconds() + 600,
    });
    let key = EncodingKey::from_secret(app.identity_secret.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key);
    let context = json!({
        "context": {
            "page_url": "https://www.example.com/prices", "locale": "en", "timezone": "Europe/Paris",
        },
        "identity_token": token.expect("signed"),
    });
    harness.visitor_with(app, context).await
}

impl Meeting<'_> {
    fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.workspace.path)
    }

    fn in_thread(&self, rest: &str) -> String {
        self.at(&format!("/conversations/{}{rest}", self.thread))
    }

    /// A file, a device, and what the widget tells of itself.
    async fn of_the_visitor(&self) {
        let place = format!("/v1/widget/conversations/{}", self.thread);
        let file = File::text("canary-question in a file");
        self.harness.send_file(self.visitor, &place, &file).await;
        let senders = self.visitor.get("/v1/widget/push", 200).await;
        let key = text(&senders["data"][0], "public_key");
        let (_, subscription) = self.harness.subscription(Some(&key));
        let device = json!({ "provider": "webpush", "subscription": subscription });
        self.visitor.post("/v1/widget/devices", device, 201).await;
        let beacon = json!({ "client_beacon_id": random_uuid(), "load_ms": 840 });
        let sent = self
            .visitor
            .send(Method::POST, "/v1/widget/beacons", Some(beacon));
        assert_eq!(sent.await.status, 204);
    }

    /// An answer, a note that names a colleague, a draft, how far was read, and a transcript by mail.
    async fn of_the_team(&self) {
        let answer = message(CANARIES[1]);
        self.owner
            .post(&self.in_thread("/messages"), answer, 201)
            .await;
        let bob = self
            .harness
            .join(self.owner, self.workspace, "bob@example.com", "agent")
            .await;
        let bob = text(&bob.get(&self.workspace.path, 200).await, "member_id");
        let mut note = message(CANARIES[1]);
        note["kind"] = "note".into();
        note["mentions"] = json!([bob]);
        self.owner
            .post(&self.in_thread("/messages"), note, 201)
            .await;
        let read = json!({ "seq": 2 });
        self.owner.put(&self.in_thread("/read"), read, 200).await;
        let draft = json!({ "text": "Well" });
        self.owner.put(&self.in_thread("/draft"), draft, 200).await;
        let mailed = json!({ "to": "me", "notes": true });
        self.owner
            .post(&self.in_thread("/transcript"), mailed, 202)
            .await;
    }

    /// A call that was offered in the conversation and is over.
    async fn call(&self) {
        let now = self.owner.get(&self.workspace.path, 200).await;
        let same = self
            .owner
            .with_header("if-match", &format!("\"{}\"", now["rev"]));
        same.patch(&self.workspace.path, json!({ "calls": true }), 200)
            .await;
        let offer = json!({ "kind": "video", "conversation_id": self.thread });
        let link = self.owner.post(&self.at("/call-links"), offer, 201).await;
        let page = self.harness.anonymous();
        let come = json!({ "link": text(&link, "token"), "client_id": random_uuid() });
        let session = page.post("/v1/guest/sessions", come, 201).await;
        let guest = page.with_token(&text(&session, "guest_token"));
        let wanted = json!({ "kind": "video", "client_id": random_uuid() });
        let begun = guest.post("/v1/guest/calls", wanted, 201).await;
        let device = page.with_token(&text(&begun["join"], "join_token"));
        device.post("/v1/calls/join", Value::Null, 201).await;
        let end = format!("/v1/guest/calls/{}/cancel", text(&begun["call"], "id"));
        guest.post(&end, Value::Null, 200).await;
    }

    /// A call of a guest whom the app names as it names the visitor: its id.
    async fn call_by_name(&self, app: &WidgetApp) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, app.identity_secret.as_bytes());
        let signed = data_encoding::HEXLOWER.encode(hmac::sign(&key, NAMED.as_bytes()).as_ref());
        let page = self.harness.anonymous().with_header("origin", ORIGIN);
        let named = json!({ "app_key": app.key, "user_ref": NAMED, "user_signature": signed });
        let session = page.post("/v1/guest/sessions", named, 201).await;
        let guest = page.with_token(&text(&session, "guest_token"));
        let wanted = json!({ "kind": "video", "client_id": random_uuid() });
        let begun = guest.post("/v1/guest/calls", wanted, 201).await;
        let call = text(&begun["call"], "id");
        let device = page.with_token(&text(&begun["join"], "join_token"));
        device.post("/v1/calls/join", Value::Null, 201).await;
        let end = format!("/v1/guest/calls/{call}/cancel");
        guest.post(&end, Value::Null, 200).await;
        call
    }

    /// A conversation that a flow leads: its id.
    async fn flow(&self) -> String {
        let flow = self.owner.flow(self.workspace).await;
        let place = self.at(&format!("/flows/{flow}"));
        let shown = self.owner.send(Method::GET, &place, None).await;
        let same = self.owner.with_header("if-match", shown.header("etag"));
        let live = json!({ "version": 1 });
        same.put(&format!("{place}/environments/live"), live, 200)
            .await;
        let begin = format!("/v1/widget/flows/{flow}/conversations");
        let body = json!({ "client_id": random_uuid() });
        let begun = self.visitor.post(&begin, body, 201).await;
        text(&begun, "conversation_id")
    }
}
