//! A history in which everybody writes everything, in words that occur nowhere else.

use std::collections::BTreeMap;

use harness::files::File;
use harness::{Client, Harness, Member, ORIGIN, message, random_uuid, text};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

use super::SEALED;

/// Words that occur nowhere else, by what they were written into.
#[derive(Default)]
pub struct Canaries(pub BTreeMap<String, String>);

impl Canaries {
    /// A word of 28 letters for a field, or for what else is typed.
    pub fn word(&mut self, place: &str) -> String {
        let letters = random_uuid().replace('-', "");
        let letter = |digit: char| {
            let at = digit.to_digit(16).unwrap_or_default() as usize;
            char::from(b"bcdfghjkmnpqrstv"[at])
        };
        let word: String = letters.chars().skip(4).map(letter).collect();
        let word = format!("{}{}", word[..1].to_uppercase(), &word[1..]);
        self.0.entry(place.to_owned()).or_insert(word).clone()
    }

    /// A word in the shape of a language tag: labels of eight letters at most.
    fn language(&mut self, place: &str) -> String {
        let word = self.word(place);
        let labels: Vec<&str> = [0..8, 8..16, 16..24, 24..28].map(|at| &word[at]).to_vec();
        self.0.insert(place.to_owned(), labels.join("-"));
        self.0[place].clone()
    }

    /// An address that is made of two of them.
    pub fn address(&mut self, place: &str) -> String {
        let domain = self.word(&format!("{place}, its domain")).to_lowercase();
        format!("{}@{domain}.example", self.word(place))
    }
}

/// The field of that name, of all that must be sealed.
fn field(name: &'static str) -> &'static str {
    assert!(SEALED.contains(&name), "{name} is not in the list");
    name
}

/// A history in which everybody writes everything, and what they wrote.
pub struct History {
    /// Where.
    pub harness: Harness,
    /// Who made the workspace.
    pub owner: Member,
    /// The path of the workspace.
    pub workspace: String,
    /// The path of another one.
    pub second: String,
    /// What the app is called, in the open.
    pub app_name: String,
    /// The conversation that both sides wrote in.
    pub conversation: String,
    /// What the operator was shown.
    pub operator_saw: String,
    /// What was typed.
    pub canaries: Canaries,
    /// Every address among it.
    pub addresses: Vec<String>,
}

impl History {
    /// Plays it.
    pub async fn play() -> Self {
        let mut canaries = Canaries::default();
        let harness = Harness::start().await;
        let owner_address = canaries.address(field("POST /v1/auth/signup #/email"));
        let owner = harness.sign_up(&owner_address).await;
        let stranger = canaries.address(field("POST /v1/auth/otp #/email"));
        harness
            .anonymous()
            .post("/v1/auth/otp", json!({ "email": stranger }), 202)
            .await;
        let nobody = canaries.address(field("POST /v1/auth/login #/email"));
        let login = json!({ "email": nobody, "password": "vexing umbrella 9" });
        harness.anonymous().post("/v1/auth/login", login, 401).await;
        let nobody = canaries.address(field("POST /v1/auth/password/forgot #/email"));
        harness
            .anonymous()
            .post("/v1/auth/password/forgot", json!({ "email": nobody }), 202)
            .await;
        let locale = canaries.language(field("PATCH /v1/account #/preferences/locale"));
        let zone = canaries.word(field("PATCH /v1/account #/preferences/time_zone"));
        let preferences = json!({ "preferences": { "locale": locale, "time_zone": zone } });
        let unset = owner.with_header("if-match", "\"0\"");
        unset.patch("/v1/account", preferences, 200).await;
        let passkey = canaries.word(field("POST /v1/account/passkeys/confirm #/name"));
        unset.add_passkey(&harness.security_key(), &passkey).await;
        let wanted = canaries.address(field("POST /v1/account/address #/email"));
        owner
            .post("/v1/account/address", json!({ "email": wanted }), 202)
            .await;
        let key = canaries.word("an Idempotency-Key");
        let body = json!({
            "name": canaries.word(field("POST /v1/workspaces #/name")), "profile": "inbox",
            "member_name": canaries.word(field("POST /v1/workspaces #/member_name")),
        });
        let made = owner
            .with_header("idempotency-key", &key)
            .post("/v1/workspaces", body, 201)
            .await;
        let workspace = format!("/v1/workspaces/{}", text(&made, "id"));
        let app_name = "Canaries'shop".to_owned();
        let mut history = Self {
            harness,
            owner,
            workspace,
            second: String::new(),
            app_name,
            conversation: String::new(),
            operator_saw: String::new(),
            canaries,
            addresses: vec![owner_address, stranger, wanted],
        };
        history.invite().await;
        history.rename().await;
        history.talk().await;
        history.build().await;
        history.announce().await;
        history.harness.drain().await;
        history
    }

    /// The operator writes to everybody.
    async fn announce(&mut self) {
        let operator = crate::announcements::operator(&self.harness).await;
        let subject = field("POST /v1/operator/announcements #/subject");
        let text = field("POST /v1/operator/announcements #/text");
        let body = json!({
            "class": "service", "subject": self.canaries.word(subject),
            "text": self.canaries.word(text),
        });
        let path = crate::announcements::ANNOUNCEMENTS;
        operator.post(path, body, 202).await;
        crate::announcements::carry_out(&self.harness).await;
    }

    /// Two flows: what somebody types into a document may be about anybody, too.
    async fn build(&mut self) {
        let flows = format!("{}/flows", self.workspace);
        let made = field("POST /v1/workspaces/{workspace}/flows #/name");
        let changed = field("PATCH /v1/workspaces/{workspace}/flows/{flow} #/name");
        let said = |word: &str| json!({ "schema": "flow/1", "name": word, "nodes": [] });
        let draft = said(&self.canaries.word("the document of a flow"));
        let body = json!({ "name": self.canaries.word(made), "document": draft });
        self.owner.post(&flows, body, 201).await;
        let other = self
            .owner
            .post(&flows, json!({ "name": "Other" }), 201)
            .await;
        let test = json!({ "name": self.canaries.word("a test of a flow"), "script": {} });
        let body = json!({ "name": self.canaries.word(changed), "tests": [test] });
        let flow = format!("{flows}/{}", text(&other, "id"));
        let owner = self.owner.with_header("if-match", "\"1\"");
        owner.patch(&flow, body, 200).await;
    }

    async fn invite(&mut self) {
        let name = field("POST /v1/workspaces/{workspace}/invitations #/email");
        let path = format!("{}/invitations", self.workspace);
        let [joins, waits] = [name, "another invitation"].map(|name| self.canaries.address(name));
        for address in [&joins, &waits] {
            self.owner
                .post(&path, json!({ "email": address, "role": "agent" }), 202)
                .await;
        }
        let token = self.harness.mail_token(&joins).await;
        let member = self.harness.sign_up(&joins).await;
        let name = self
            .canaries
            .word(field("POST /v1/invitations/accept #/name"));
        member
            .post(
                "/v1/invitations/accept",
                json!({ "token": token, "name": name }),
                200,
            )
            .await;
        self.addresses.extend([joins, waits]);
    }

    async fn talk(&mut self) {
        let path = format!("{}/apps", self.workspace);
        let body = json!({
            "name": self.app_name, "platform": "web", "origins": [ORIGIN], "identity": "optional",
        });
        let app = self.owner.post(&path, body, 201).await;
        let visitor = self.arrive(&app).await;
        let contact = text(&visitor["visitor"], "contact_id");
        let page = self.harness.anonymous().with_header("origin", ORIGIN);
        let widget = page.with_token(&text(&visitor, "session_token"));
        let mut write = |name| message(&self.canaries.word(name));
        let body = write(field("POST /v1/widget/conversations #/first_message/text"));
        let started = widget
            .post(
                "/v1/widget/conversations",
                json!({ "first_message": body }),
                201,
            )
            .await;
        self.conversation = text(&started["conversation"], "id");
        let body = write(field(
            "POST /v1/widget/conversations/{conversation}/messages #/text",
        ));
        let path = format!("/v1/widget/conversations/{}/messages", self.conversation);
        widget.post(&path, body, 201).await;

        let name = "POST /v1/widget/conversations/{conversation}/attachments #/name";
        let place = format!("/v1/widget/conversations/{}", self.conversation);
        self.send_file(&widget, &place, name).await;
        let name =
            "POST /v1/workspaces/{workspace}/conversations/{conversation}/attachments #/name";
        let place = format!("{}/conversations/{}", self.workspace, self.conversation);
        self.send_file(&self.owner.clone(), &place, name).await;

        let mut write = |name| message(&self.canaries.word(name));
        let name = "POST /v1/workspaces/{workspace}/conversations/{conversation}/messages #/text";
        let (reply, mut note) = (write(field(name)), write("a note"));
        note["kind"] = "note".into();
        let path = format!(
            "{}/conversations/{}/messages",
            self.workspace, self.conversation
        );
        for body in [reply, note] {
            self.owner.post(&path, body, 201).await;
        }
        let name = "POST /v1/workspaces/{workspace}/conversations #/first_message/text";
        let body = json!({ "contact_id": contact, "first_message": write(field(name)) });
        self.owner
            .post(&format!("{}/conversations", self.workspace), body, 201)
            .await;
        self.work_on_it().await;
        let page = page.post(
            "/v1/widget/sessions",
            json!({ "app_key": app["public_key"] }),
            201,
        );
        let unknown = text(&page.await, "session_token");
        let unknown = widget.with_token(&unknown);
        self.ask(&widget, &unknown, &contact).await;
    }

    /// What people ask about their data, and what is answered.
    async fn ask(&mut self, widget: &Client, unknown: &Client, contact: &str) {
        let path = "POST /v1/widget/privacy/requests #/";
        let canaries = &mut self.canaries;
        let body = json!({
            "type": "rectify",
            "message": canaries.word(&format!("{path}message")),
            "name": canaries.word(&format!("{path}name")),
            "email": canaries.address(&format!("{path}email")),
        });
        let asked = "/v1/widget/privacy/requests";
        widget.post(asked, body, 202).await;
        // Where no address is on file, one may be told.
        let reply_to = canaries.address(&format!("{path}reply_to"));
        let body = json!({ "type": "access", "reply_to": reply_to });
        unknown.post(asked, body, 202).await;
        let proved = canaries.address(field("POST /v1/widget/email #/email"));
        let place = "/v1/widget/email";
        unknown.post(place, json!({ "email": proved }), 202).await;
        self.harness.drain().await;
        let code = self.harness.mail_code(&proved).await;
        unknown.put(place, json!({ "code": code }), 200).await;
        self.addresses.push(proved);
        let path = "POST /v1/workspaces/{workspace}/privacy/requests #/";
        let body = json!({
            "type": "rectify", "contact_id": contact,
            "message": canaries.word(&format!("{path}message")),
            "name": canaries.word(&format!("{path}name")),
            "email": canaries.address(&format!("{path}email")),
        });
        let place = format!("{}/privacy/requests", self.workspace);
        let entered = self.owner.post(&place, body, 202).await;
        let name =
            "POST /v1/workspaces/{workspace}/privacy/requests/{request}/decision #/explanation";
        let explanation = canaries.word(field(name));
        let longer = json!({ "decision": "extend", "days": 5, "explanation": explanation });
        let place = format!("{place}/{}/decision", text(&entered, "id"));
        self.owner.post(&place, longer, 200).await;
        let own = "/v1/privacy/requests";
        let message = canaries.word(field("POST /v1/privacy/requests #/message"));
        let body = json!({ "type": "question", "message": message });
        let asked = self.owner.post(own, body, 202).await;
        let harness = &self.harness;
        let operator = harness.sign_up("demo@example.com").await;
        operator.enrol().await;
        harness.advance(std::time::Duration::from_secs(60));
        let operator = harness.sign_in("demo@example.com").await;
        let name = "POST /v1/operator/privacy/requests/{request}/decision #/explanation";
        let explanation = canaries.word(field(name));
        let answer = json!({ "decision": "fulfil", "explanation": explanation });
        let place = format!("/v1/operator{}/{}/decision", &own[3..], text(&asked, "id"));
        operator.post(&place, answer, 200).await;
        self.write_to_support(&operator).await;
    }

    /// What the owner writes to the operator, and what is answered.
    async fn write_to_support(&mut self, operator: &Member) {
        let mut says = |name: &'static str| json!({ "message": self.canaries.word(field(name)) });
        let (asks, goes_on, answers) = (
            says("POST /v1/support #/message"),
            says("POST /v1/support/{thread}/messages #/message"),
            says("POST /v1/operator/support/{thread}/messages #/message"),
        );
        let asked = self.owner.post("/v1/support", asks, 201).await;
        let report = json!({
            "message": self.canaries.word(field("POST /v1/privacy/child-reports #/message")),
            "email": self.canaries.address(field("POST /v1/privacy/child-reports #/email")),
        });
        let path = "/v1/privacy/child-reports";
        let anonymous = self.harness.anonymous();
        let answer = anonymous.send(Method::POST, path, Some(report)).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        let email = self.canaries.address(field("POST /v1/support #/email"));
        let body = json!({ "email": email, "message": "Hello" });
        let anonymous = self.harness.anonymous();
        let answer = anonymous
            .send(Method::POST, "/v1/support", Some(body))
            .await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        let place = format!("support/{}/messages", text(&asked, "id"));
        self.owner.post(&format!("/v1/{place}"), goes_on, 201).await;
        let place = format!("/v1/operator/{place}");
        operator.post(&place, answers, 201).await;
        let requests = operator.get("/v1/operator/privacy/requests", 200).await;
        self.operator_saw = requests.to_string();
        let threads = operator.get("/v1/operator/support", 200).await;
        for thread in threads["data"].as_array().expect("threads") {
            let path = format!("/v1/operator/support/{}", text(thread, "id"));
            self.operator_saw += &operator.get(&path, 200).await.to_string();
        }
    }

    /// A file that is called by a word of its own, with a message.
    async fn send_file(&mut self, client: &Client, place: &str, name: &'static str) {
        let file = File {
            name: self.canaries.word(field(name)),
            ..File::text("Hello")
        };
        self.harness.send_file(client, place, &file).await;
    }

    /// A second workspace, renamed with everything about it.
    async fn rename(&mut self) {
        let body = json!({ "name": "Plain", "profile": "inbox", "member_name": "Plain" });
        let made = self.owner.post("/v1/workspaces", body, 201).await;
        let place = format!("/v1/workspaces/{}", text(&made, "id"));
        let canaries = &mut self.canaries;
        let body = json!({
            "name": canaries.word(field("PATCH /v1/workspaces/{workspace} #/name")),
            "locale": canaries.language(field("PATCH /v1/workspaces/{workspace} #/locale")),
            "time_zone": canaries.word(field("PATCH /v1/workspaces/{workspace} #/time_zone")),
        });
        self.owner
            .with_header("if-match", "\"1\"")
            .patch(&place, body, 200)
            .await;
        let name = "PATCH /v1/workspaces/{workspace}/members/{member} #/name";
        let body = json!({ "name": canaries.word(field(name)) });
        let member = text(&made, "member_id");
        self.owner
            .patch(&format!("{place}/members/{member}"), body, 200)
            .await;
        self.second = place;
    }

    /// What a team does besides answering: correct itself, begin an answer, and hold on to it.
    async fn work_on_it(&mut self) {
        let place = format!("{}/conversations/{}", self.workspace, self.conversation);
        let sent = self
            .owner
            .post(&format!("{place}/messages"), message("Helo"), 201)
            .await;
        let seq = sent["seq"].as_u64().expect("a number");
        let name =
            "PATCH /v1/workspaces/{workspace}/conversations/{conversation}/messages/{seq} #/text";
        let body = json!({ "text": self.canaries.word(field(name)) });
        self.owner
            .patch(&format!("{place}/messages/{seq}"), body, 200)
            .await;
        let name = "PUT /v1/workspaces/{workspace}/conversations/{conversation}/draft #/text";
        let body = json!({ "text": self.canaries.word(field(name)) });
        self.owner.put(&format!("{place}/draft"), body, 200).await;
        let name = "POST /v1/workspaces/{workspace}/canned-replies #/text";
        let body = json!({ "name": "refund", "text": self.canaries.word(field(name)) });
        let canned = format!("{}/canned-replies", self.workspace);
        self.owner.post(&canned, body, 201).await;
        let other = json!({ "name": "money", "text": "Soon" });
        let kept = text(&self.owner.post(&canned, other, 201).await, "id");
        let name = "PATCH /v1/workspaces/{workspace}/canned-replies/{reply} #/text";
        let body = json!({ "text": self.canaries.word(field(name)) });
        self.owner
            .patch(&format!("{canned}/{kept}"), body, 200)
            .await;
        let name = "PUT /v1/workspaces/{workspace}/conversations/{conversation}/hold #/reason";
        let until = self.harness.now().plus(DAY);
        let body = json!({ "reason": self.canaries.word(field(name)), "until": until });
        self.owner.put(&format!("{place}/hold"), body, 200).await;
        let recipient =
            "POST /v1/workspaces/{workspace}/contacts/{contact}/disclosures #/recipient";
        let reference =
            "POST /v1/workspaces/{workspace}/contacts/{contact}/disclosures #/reference";
        let shown = self.owner.get(&place, 200).await;
        let contact = text(&shown, "contact_id");
        let body = json!({
            "ground": "rights_and_safety",
            "recipient": self.canaries.word(field(recipient)),
            "reference": self.canaries.word(field(reference)),
            "conversations": [self.conversation],
        });
        let disclosures = format!("{}/contacts/{contact}/disclosures", self.workspace);
        self.owner.post(&disclosures, body, 201).await;
        let controller = "PUT /v1/workspaces/{workspace}/transfer #/controller";
        let reference = "PUT /v1/workspaces/{workspace}/transfer #/reference";
        let body = json!({
            "controller": self.canaries.word(field(controller)),
            "reference": self.canaries.word(field(reference)),
            "takes_effect_at": self.harness.now().plus(DAY * 60),
        });
        let transfer = format!("{}/transfer", self.workspace);
        self.owner.put(&transfer, body, 201).await;
    }

    /// A signed visitor whom the team then corrects, and an anonymous one whom the team names.
    async fn arrive(&mut self, app: &Value) -> Value {
        let canaries = &mut self.canaries;
        let signed_address = canaries.address("an address in an identity token");
        let claims = json!({
            "sub": canaries.word(field("POST /v1/widget/sessions #/identity_token")),
            "name": canaries.word("a name in an identity token"), "email": signed_address,
            "aud": self.workspace.rsplit('/').next(), "exp": self.harness.now().seconds() + 600,
        });
        let secret = text(app, "identity_secret");
        let key = EncodingKey::from_secret(secret.as_bytes());
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key);
        let url = format!(
            "https://{}.example/{}?q={}#{}",
            canaries.word("a page's host"),
            canaries.word(field("POST /v1/widget/sessions #/context/page_url")),
            canaries.word("a page's query"),
            canaries.word("a page's fragment"),
        );
        let referrer = format!(
            "https://{}.example/{}?q={}",
            canaries.word(field("POST /v1/widget/sessions #/context/referrer")),
            canaries.word("a referrer's path"),
            canaries.word("a referrer's query"),
        );
        // Both have a shape to keep, and room for a name in it.
        let locale = canaries.language(field("POST /v1/widget/sessions #/context/locale"));
        let timezone = canaries.word(field("POST /v1/widget/sessions #/context/timezone"));
        let context = json!({
            "page_url": url, "referrer": referrer, "locale": locale, "timezone": timezone,
        });
        let page = self.harness.anonymous().with_header("origin", ORIGIN);
        let page = page.with_header("user-agent", &canaries.word("a User-Agent"));
        let mut body = json!({ "app_key": app["public_key"], "context": context });
        let anonymous = page.post("/v1/widget/sessions", body.clone(), 201).await;
        body["identity_token"] = token.expect("signed").into();
        let signed = page.post("/v1/widget/sessions", body, 201).await;

        let name = canaries.word(field(
            "PATCH /v1/workspaces/{workspace}/contacts/{contact} #/name",
        ));
        let address = canaries.address(field(
            "PATCH /v1/workspaces/{workspace}/contacts/{contact} #/email",
        ));
        let locale = canaries.language(field(
            "PATCH /v1/workspaces/{workspace}/contacts/{contact} #/locale",
        ));
        let id = text(&anonymous["visitor"], "contact_id");
        let path = format!("{}/contacts/{id}", self.workspace);
        self.owner
            .patch(
                &path,
                json!({ "name": name, "email": address, "locale": locale }),
                200,
            )
            .await;
        let note = canaries.word(field(
            "POST /v1/workspaces/{workspace}/contacts/{contact}/notes #/text",
        ));
        let notes = format!("{path}/notes");
        self.owner.post(&notes, json!({ "text": note }), 201).await;
        let entered_address =
            canaries.address(field("POST /v1/workspaces/{workspace}/contacts #/email"));
        let external = field("POST /v1/workspaces/{workspace}/contacts #/external_id");
        let entered = json!({
            "external_id": canaries.word(external),
            "name": canaries.word(field("POST /v1/workspaces/{workspace}/contacts #/name")),
            "email": entered_address,
            "locale": canaries.language(field(
                "POST /v1/workspaces/{workspace}/contacts #/locale",
            )),
        });
        let contacts = format!("{}/contacts", self.workspace);
        self.owner.post(&contacts, entered, 201).await;
        self.addresses
            .extend([signed_address, address, entered_address]);
        signed
    }

    /// Everything that the team is shown, in one text.
    pub async fn shown(&self) -> String {
        let lists = [
            "",
            "/members",
            "/contacts",
            "/conversations",
            "/apps",
            "/canned-replies",
            "/disclosures",
            "/transfer",
            "/flows",
            "/privacy/requests",
        ];
        let own = "/v1/privacy/requests";
        let mut shown = self.operator_saw.clone();
        shown += &self.owner.send(Method::GET, own, None).await.text;
        let support = self.owner.get("/v1/support", 200).await;
        for thread in support["data"].as_array().into_iter().flatten() {
            let path = format!("/v1/support/{}", text(thread, "id"));
            shown += &self.owner.send(Method::GET, &path, None).await.text;
        }
        for list in ["", "/members"] {
            let path = format!("{}{list}", self.second);
            shown += &self.owner.send(Method::GET, &path, None).await.text;
        }
        for list in lists {
            let path = format!("{}{list}", self.workspace);
            shown += &self.owner.send(Method::GET, &path, None).await.text;
        }
        let contacts = format!("{}/contacts", self.workspace);
        let list = self.owner.get(&contacts, 200).await;
        for contact in list["data"].as_array().expect("a list") {
            let path = format!("{contacts}/{}/notes", text(contact, "id"));
            shown += &self.owner.send(Method::GET, &path, None).await.text;
        }
        let flows = format!("{}/flows", self.workspace);
        let list = self.owner.get(&flows, 200).await;
        for flow in list["data"].as_array().expect("a list") {
            let path = format!("{flows}/{}", text(flow, "id"));
            shown += &self.owner.send(Method::GET, &path, None).await.text;
        }
        for conversation in self
            .owner
            .get(&format!("{}/conversations", self.workspace), 200)
            .await["data"]
            .as_array()
            .expect("a list")
        {
            let id = text(conversation, "id");
            for part in ["messages?limit=100", "draft", "hold"] {
                let path = format!("{}/conversations/{id}/{part}", self.workspace);
                shown += &self.owner.send(Method::GET, &path, None).await.text;
            }
        }
        shown
    }
}
