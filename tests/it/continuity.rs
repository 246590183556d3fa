//! Conversations that go on by mail while the visitor is away.

mod proof;
mod replies;
mod settings;

use std::time::Duration;

use harness::{Conversation, Harness, Member, Visitor, WidgetApp, Workspace, message, text};
use jsonwebtoken::{EncodingKey, Header};
use local::mail::Mail;
use serde_json::{Value, json};
use tokio::sync::Mutex;

const GRACE: &str = "grace@example.com";
const MINUTE: Duration = Duration::from_secs(60);
const SUBJECT: &str = "New messages in your chat";
const ABOVE: &str = "--- Please write your answer above this line ---";

/// A team, and a visitor whom the app has vouched for, with the address, and who has asked something.
struct World {
    harness: Harness,
    owner: Mutex<Member>,
    workspace: Workspace,
    app: WidgetApp,
    visitor: Visitor,
    conversation: Conversation,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let optional = json!({
            "platform": "web", "origins": [harness::ORIGIN], "identity": "optional",
        });
        let app = owner.app_with(&workspace, optional).await;
        let visitor = signed(&harness, &workspace, &app, GRACE).await;
        let conversation = visitor.start("Where is my parcel?").await;
        Self {
            harness,
            owner: Mutex::new(owner),
            workspace,
            app,
            visitor,
            conversation,
        }
    }

    fn at(&self, rest: &str) -> String {
        let Self {
            workspace,
            conversation,
            ..
        } = self;
        format!("{}/conversations/{}{rest}", workspace.path, conversation.id)
    }

    fn contact(&self) -> String {
        format!(
            "{}/contacts/{}",
            self.workspace.path, self.visitor.contact_id
        )
    }

    /// The owner, with tokens that are good now.
    async fn owner(&self) -> Member {
        let mut owner = self.owner.lock().await;
        *owner = owner.refresh().await;
        owner.clone()
    }

    /// The team writes.
    async fn answer(&self, words: &str) -> Value {
        let owner = self.owner().await;
        let said = owner.post(&self.at("/messages"), message(words), 201).await;
        self.harness.drain().await;
        said
    }

    /// Lets time pass and the schedule look; how many mails it decided on.
    async fn wait(&self, minutes: u32) -> u64 {
        self.harness.advance(MINUTE * minutes);
        let report = self.harness.run_schedule("minute").await;
        report["continuity_mails"].as_u64().expect("a count")
    }

    /// What was mailed to the visitor about the conversation.
    async fn mails(&self) -> Vec<Mail> {
        let mails = self.harness.mails(GRACE).await.into_iter();
        mails.filter(|mail| mail.subject == SUBJECT).collect()
    }

    /// The texts of the thread, as the team reads them.
    async fn thread(&self) -> Vec<String> {
        let owner = self.owner().await;
        let path = self.at("/messages?after_seq=0&limit=100");
        let all = owner.get(&path, 200).await;
        let all = all["data"].as_array().expect("messages").iter();
        let said = all.filter(|one| one["kind"] == "text");
        said.map(|one| text(one, "text")).collect()
    }
}

/// A visitor whom the customer signed for, always the same one.
async fn signed(harness: &Harness, workspace: &Workspace, app: &WidgetApp, email: &str) -> Visitor {
    let claims = json!({
        "sub": "user-4711", "aud": workspace.id, "exp": harness.now().seconds() + 600, "email": email,
    });
    let key = EncodingKey::from_secret(app.identity_secret.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(jsonwebtoken::Algorithm::HS256), &claims, &key);
    let more = json!({ "identity_token": token.expect("signed") });
    harness.visitor_with(app, more).await
}

fn header<'m>(mail: &'m Mail, name: &str) -> &'m str {
    mail.headers.get(name).map_or("", String::as_str)
}

/// What of a mail was said by people.
fn said(mail: &Mail) -> Vec<&str> {
    let words = ["One", "Two", "Three", "Four"];
    let lines = mail.text.lines();
    lines.filter(|line| words.contains(line)).collect()
}

#[tokio::test]
async fn what_the_team_writes_to_somebody_away_goes_out_once_in_one_mail_that_can_be_answered_and_ended()
 {
    let world = World::new().await;
    world.answer("One").await;
    assert_eq!(world.wait(4).await, 0);
    world.answer("Two").await;
    assert_eq!(world.wait(5).await, 0, "nine minutes are not ten");
    assert_eq!(world.mails().await.len(), 0);
    assert_eq!(world.wait(1).await, 1);
    let mails = world.mails().await;
    let [mail] = mails.as_slice() else {
        panic!("{} mails", mails.len());
    };
    assert_eq!(said(mail), ["One", "Two"]);
    assert!(mail.text.contains("2 new messages from"), "{}", mail.text);
    assert!(!mail.text.contains("Where is my parcel?"), "{}", mail.text);
    let to = header(mail, "Reply-To");
    assert!(
        to.starts_with("reply+") && to.find('@').is_some_and(|at| at <= 64),
        "{to}"
    );
    assert_eq!(header(mail, "Auto-Submitted"), "auto-generated");
    assert_eq!(
        header(mail, "List-Unsubscribe-Post"),
        "List-Unsubscribe=One-Click"
    );
    assert!(header(mail, "List-Unsubscribe").contains("/unsubscribe?token=ur_"));
    // The stream tells everything twice, and time passes: nothing more comes of it.
    world.harness.stack.redeliver().await.expect("a stream");
    world.harness.drain().await;
    for _ in 0..3 {
        assert_eq!(world.wait(20).await, 0);
    }
    assert_eq!(world.mails().await.len(), 1);
    // What is said next is told fifteen minutes after the first mail at the earliest, and alone.
    world.answer("Three").await;
    assert_eq!(world.wait(10).await, 1);
    let mails = world.mails().await;
    assert_eq!(said(&mails[1]), ["Three"]);
    assert_eq!(
        header(&mails[1], "Reply-To"),
        to,
        "one address for one conversation"
    );
    world.answer("Four").await;
    assert_eq!(world.wait(10).await, 0);
    assert_eq!(world.wait(5).await, 1);
}

#[tokio::test]
async fn who_is_here_or_has_read_or_was_answered_before_they_wrote_is_not_mailed() {
    let world = World::new().await;
    world.answer("One").await;
    world.harness.advance(MINUTE * 10);
    let mut socket = world.visitor.socket().await;
    socket.sub(&world.conversation.id).await;
    assert_eq!(world.wait(0).await, 0, "a socket is open");
    socket.close().await;
    world.harness.drain().await;
    // They are looked for again, and are away now.
    let path = format!("/v1/widget/conversations/{}/read", world.conversation.id);
    let visitor = signed(&world.harness, &world.workspace, &world.app, GRACE).await;
    visitor.put(&path, json!({ "seq": 2 }), 200).await;
    world.harness.drain().await;
    assert_eq!(world.wait(11).await, 0, "they have read it");
    // What stands before their own last word they had before them.
    world.answer("Two").await;
    visitor.say(&world.conversation, "Thanks").await;
    world.answer("Three").await;
    assert_eq!(world.wait(11).await, 1);
    assert_eq!(said(&world.mails().await[0]), ["Three"]);
}

#[tokio::test]
async fn a_mail_has_what_is_there_when_it_goes_and_nothing_that_was_taken_back() {
    let world = World::new().await;
    world.answer("One").await;
    let two = world.answer("Two").await;
    let mut note = message("CANARY-NOTE");
    note["kind"] = "note".into();
    world
        .owner()
        .await
        .post(&world.at("/messages"), note, 201)
        .await;
    let place = world.at(&format!("/messages/{}", two["seq"]));
    world.owner().await.delete(&place, 200).await;
    assert_eq!(world.wait(10).await, 1);
    let mails = world.mails().await;
    assert_eq!(said(&mails[0]), ["One"]);
    assert!(!mails[0].text.contains("CANARY"), "{}", mails[0].text);
    // Nothing is left of the second one.
    let three = world.answer("Three").await;
    let owner = world.owner().await;
    let place = world.at(&format!("/messages/{}", three["seq"]));
    owner.delete(&place, 200).await;
    world.wait(15).await;
    assert_eq!(world.mails().await.len(), 1);
}
