//! A day of a team, from a message at night to the end of everything that was said.

use std::{collections::BTreeSet, time::Duration};

use harness::files::follow;
use harness::{Conversation, Found, Harness, Member, Visitor, WidgetApp, Workspace, message, text};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use local::mail::Mail;
use reqwest::Method;
use serde_json::{Value, json};

use crate::attachments::photo;
use crate::privacy::rectified::found;

/// Who writes at night, at an address that the app signed for.
const GRACE: &str = "grace@example.com";
/// What people say, a word each that nobody else says.
const SAID: [&str; 5] = [
    "CANARYNIGHT",
    "CANARYWATCH",
    "CANARYREPLY",
    "CANARYNOTE",
    "CANARYANSWER",
];

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
struct Day {
    harness: Harness,
    owner: Member,
    agent: Member,
    agent_id: String,
    workspace: Workspace,
    app: WidgetApp,
    visitor: Visitor,
    conversation: Conversation,
}

impl Day {
    fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.workspace.path)
    }

    fn thread(&self, rest: &str) -> String {
        self.at(&format!("/conversations/{}{rest}", self.conversation.id))
    }

    /// A team that opens at one o'clock, and what somebody wrote at noon.
    async fn night() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let path = |rest: &str| format!("{}{rest}", workspace.path);
        let hours = json!({
            "time_zone": "UTC", "weekly": [{ "day": "thursday", "from": "13:00", "to": "18:00" }],
        });
        owner.put(&path("/business-hours"), hours, 200).await;
        let team = json!({ "name": "Returns", "assignment": "round_robin" });
        let team = text(&owner.post(&path("/teams"), team, 201).await, "id");
        let agent = harness.join(&owner, &workspace, "bob@example.com", "agent");
        let agent = agent.await;
        let agent_id = text(&agent.get(&workspace.path, 200).await, "member_id");
        let place = path(&format!("/teams/{team}/members/{agent_id}"));
        owner.send(Method::PUT, &place, None).await;
        let optional = json!({
            "platform": "web", "origins": [harness::ORIGIN], "identity": "optional",
        });
        let app = owner.app_with(&workspace, optional).await;
        let change = path(&format!("/apps/{}", app.id));
        let wants = json!({ "team_id": team, "asks_rating": true });
        owner.patch(&change, wants, 200).await;
        let visitor = signed(&harness, &workspace, &app).await;
        let conversation = visitor
            .start("Mein Paket kam zerbrochen an CANARYNIGHT")
            .await;
        harness.drain().await;
        Self {
            harness,
            owner,
            agent,
            agent_id,
            workspace,
            app,
            visitor,
            conversation,
        }
    }

    /// Whoever has a token of some minutes gets another one.
    async fn come_again(&mut self) {
        self.owner = self.owner.refresh().await;
        self.agent = self.agent.refresh().await;
        let resume = json!({ "resume_token": self.visitor.resume_token });
        self.visitor = self.harness.visitor_with(&self.app, resume).await;
    }

    /// What was mailed to the visitor under this subject.
    async fn mailed(&self, subject: &str) -> Vec<Mail> {
        self.harness.drain().await;
        let mails = self.harness.mails(GRACE).await.into_iter();
        mails.filter(|mail| mail.subject == subject).collect()
    }

    /// The visitor answers a mail, quoting it.
    async fn replies(&self, mail: &Mail, words: &str) {
        let to = mail
            .headers
            .get("Reply-To")
            .expect("an address for replies");
        let raw = format!(
            "From: Grace <{GRACE}>\r\nTo: {to}\r\nSubject: Re: New messages\r\nMessage-ID: <1@grace>\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n\r\nOn Thursday, Shop <{to}> wrote:\r\n\
             > Hello,\r\n"
        );
        let received = self.harness.stack.receive(raw.as_bytes(), Found::default());
        assert_eq!(received.expect("a desk").len(), 1);
        self.harness.drain().await;
    }

    /// What lies in the bucket.
    fn lies(&self) -> Vec<String> {
        let versions = self.harness.stack.objects.versions();
        versions.into_iter().map(|version| version.key).collect()
    }

    /// The numbers of the messages that somebody finds.
    async fn finds(&self, member: &Member, words: &str) -> Vec<u64> {
        let found = member
            .post(&self.at("/search"), json!({ "query": words }), 200)
            .await;
        let hits = found["data"].as_array().expect("hits").iter();
        hits.map(|hit| hit["seq"].as_u64().expect("a number"))
            .collect()
    }
}

/// A visitor whom the app vouches for, with the address.
async fn signed(harness: &Harness, workspace: &Workspace, app: &WidgetApp) -> Visitor {
    let claims = json!({
        "sub": "user-4711", "aud": workspace.id, "exp": harness.now().seconds() + 600, "email": GRACE,
    });
    let key = EncodingKey::from_secret(app.identity_secret.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key);
    let more = json!({ "identity_token": token.expect("signed") });
    harness.visitor_with(app, more).await
}

/// CHAT-03, CHAT-04, CHAT-09, CHAT-18: a conversation through every door, and nothing of it after its time.
#[tokio::test]
async fn a_message_of_the_night_is_answered_found_again_and_gone_with_everything_when_its_time_is_over()
 {
    let mut day = Day::night().await;
    let shown = day.owner.get(&day.thread(""), 200).await;
    assert_eq!(shown["assignee"], Value::Null, "the team sleeps");

    // Somebody who is awake says when the team opens. The visitor has left, so a mail goes after them, once.
    let tells = "Wir sind ab 13 Uhr da CANARYWATCH";
    day.owner
        .say(&day.workspace, &day.conversation, tells)
        .await;
    day.harness.drain().await;
    day.harness.advance(MINUTE * 10);
    let report = day.harness.run_schedule("minute").await;
    assert_eq!(report["continuity_mails"], 1, "{report}");
    let mails = day.mailed("New messages in your chat").await;
    let [mail] = mails.as_slice() else {
        panic!("{} mails", mails.len());
    };
    assert!(mail.text.contains("CANARYWATCH") && !mail.text.contains("CANARYNIGHT"));

    // They answer the mail, and what they quote is left out.
    day.replies(mail, "Danke, ich warte. CANARYREPLY").await;
    day.come_again().await;
    let last = day.thread("/messages?after_seq=2");
    let last = day.owner.get(&last, 200).await["data"][0].clone();
    assert_eq!(last["text"], "Danke, ich warte. CANARYREPLY");
    assert_eq!(last["author"]["id"], day.visitor.contact_id.as_str());

    // The team opens, and whose turn it is gets what came at night.
    day.harness.advance(MINUTE * 55);
    day.come_again().await;
    let mut socket = day.agent.socket(&day.workspace).await;
    socket.sub("inbox").await;
    let report = day.harness.run_schedule("minute").await;
    assert_eq!(report["assigned_conversations"], 1, "{report}");
    let shown = day.agent.get(&day.thread(""), 200).await;
    assert_eq!(shown["assignee"], day.agent_id.as_str());
    day.harness.drain().await;
    let told = day.agent.get(&day.at("/notifications"), 200).await;
    assert_eq!(told["data"][0]["event"], "assigned", "{told}");

    // A photo comes without the place where it was taken.
    let place = format!("/v1/widget/conversations/{}", day.conversation.id);
    let sent = day.harness.send_file(&day.visitor, &place, &photo()).await;
    let file = text(&sent["attachments"][0], "id");
    let content = day.thread(&format!("/attachments/{file}/content"));
    let (bytes, kind, kept) = follow(&day.agent, &content).await;
    let has = |what: &str| {
        let what = what.as_bytes();
        bytes.windows(what.len()).any(|part| part == what)
    };
    assert!(!has("52.5163N") && !has("Exif"), "a place is in the photo");
    assert_eq!(kind, "image/jpeg");
    assert!(kept.starts_with("attachment"), "{kept}");

    let mut note = message("Kundin ist verärgert CANARYNOTE");
    note["kind"] = "note".into();
    day.agent.post(&day.thread("/messages"), note, 201).await;
    day.harness.advance(MINUTE);
    let answer = "Das tut uns leid. Ersatz ist unterwegs. CANARYANSWER";
    day.agent
        .say(&day.workspace, &day.conversation, answer)
        .await;
    let close = day.thread("/close");
    day.agent.post(&close, Value::Null, 200).await;

    // Both sides take their copy along, the visitor by mail as well: notes are the team's.
    let transcript = day.thread("/transcript?format=txt&notes=true");
    let ours = day.agent.send(Method::GET, &transcript, None).await.text;
    let theirs = format!("{place}/transcript?format=txt");
    let theirs = day.visitor.send(Method::GET, &theirs, None).await.text;
    let asked = format!("{place}/transcript");
    let asked = day.visitor.send(Method::POST, &asked, None).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let mailed = day.mailed("Your conversation").await;
    assert_eq!(mailed.len(), 1);
    for copy in [&ours, &theirs, &mailed[0].text] {
        let all = ["CANARYNIGHT", "CANARYWATCH", "CANARYREPLY", "CANARYANSWER"];
        assert!(all.iter().all(|said| copy.contains(said)), "{copy}");
    }
    assert!(ours.contains("CANARYNOTE"));
    assert!(!theirs.contains("CANARYNOTE") && !mailed[0].text.contains("CANARYNOTE"));

    // They say how content they are, and whoever had them hears so.
    let rating = format!("{place}/rating");
    day.visitor.put(&rating, json!({ "rating": 4 }), 200).await;
    let shown = day.agent.get(&day.thread(""), 200).await;
    assert_eq!(shown["rating"], 4, "{shown}");
    day.harness.drain().await;
    let told = day.agent.get(&day.at("/notifications"), 200).await;
    assert_eq!(told["data"][0]["event"], "rated", "{told}");

    // It is found again, by whoever sees it.
    assert_eq!(day.finds(&day.agent, "ZERBROCHEN").await, [1]);
    assert_eq!(day.finds(&day.agent, "canaryreply").await, [3]);
    assert_eq!(day.finds(&day.agent, "verargert").await.len(), 1);
    assert_eq!(day.finds(&day.owner, "foto paket").await.len(), 1);
    let eve = day
        .harness
        .join(&day.owner, &day.workspace, "eve@example.com", "agent");
    let eve = eve.await;
    let id = text(&eve.get(&day.workspace.path, 200).await, "member_id");
    let only_own = json!({ "visibility": "assigned" });
    day.owner
        .patch(&day.at(&format!("/members/{id}")), only_own, 200)
        .await;
    assert!(day.finds(&eve, "zerbrochen").await.is_empty());

    // Its time is over: first for everybody, then physically. The scan opens every row there is.
    assert!(
        shown["expires_at"].is_string(),
        "every reply says when it ends"
    );
    assert!(
        !day.lies().is_empty(),
        "there is no file that could be left"
    );
    let before = found(&day.harness, &SAID).await;
    assert!(before.contains("Message"), "NO BASELINE: {before:?}");
    day.harness.advance(DAY * 761);
    day.owner = day.harness.sign_in("ada@example.com").await;
    assert!(day.finds(&day.owner, "zerbrochen").await.is_empty());
    let gone = day.thread("");
    day.owner
        .refused(Method::GET, &gone, None, 404, "not_found")
        .await;
    for _ in 0..2 {
        day.harness.run_schedule("sweep").await;
        day.harness.drain().await;
    }
    assert_eq!(found(&day.harness, &SAID).await, BTreeSet::new());
    assert_eq!(found(&day.harness, &[GRACE]).await, BTreeSet::new());
    assert_eq!(day.harness.items_with(&day.conversation.id).await, 0);
    assert_eq!(day.harness.items_with(&day.visitor.contact_id).await, 0);
    assert!(day.lies().is_empty(), "{:?}", day.lies());
}
