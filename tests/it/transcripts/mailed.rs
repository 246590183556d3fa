//! Transcripts by mail: only to an address that was proved, once, and of the thread as it is when the mail goes.

use super::*;

use local::mail::Mail;

const SUBJECT: &str = "Your conversation";
const MONA: &str = "mona@example.com";
const BOB: &str = "bob@example.com";
const MINUTE: Duration = Duration::from_secs(60);

impl World {
    /// The visitor proves an address.
    async fn proved(&self) {
        let place = "/v1/widget/email";
        self.visitor
            .post(place, json!({ "email": MONA }), 202)
            .await;
        self.harness.drain().await;
        let code = self.harness.mail_code(MONA).await;
        self.visitor.put(place, json!({ "code": code }), 200).await;
    }

    async fn mails(&self, to: &str) -> Vec<Mail> {
        self.harness.drain().await;
        let mails = self.harness.mails(to).await.into_iter();
        mails.filter(|mail| mail.subject == SUBJECT).collect()
    }

    async fn wants(&self, member: &Member, body: Value) -> Value {
        member.post(&self.at("/transcript"), body, 202).await
    }
}

fn header<'m>(mail: &'m Mail, name: &str) -> &'m str {
    mail.headers.get(name).map_or("", String::as_str)
}

#[tokio::test]
async fn a_visitor_gets_a_transcript_once_at_an_address_that_they_proved_and_answers_it() {
    let world = World::new().await;
    let place = world.theirs("");
    let visitor = &world.visitor;
    let refused = visitor.refused(Method::POST, &place, None, 409, "address_unproved");
    refused.await;
    world.proved().await;
    let asked = world
        .visitor
        .send(Method::POST, &world.theirs(""), None)
        .await;
    assert_eq!(
        (asked.status, asked.body["to"].as_str()),
        (202, Some("visitor"))
    );
    world.harness.advance(MINUTE * 9);
    let again = world
        .visitor
        .send(Method::POST, &world.theirs(""), None)
        .await;
    assert_eq!(
        again.body, asked.body,
        "one wish stands for ten minutes of them"
    );
    let mails = world.mails(MONA).await;
    let [mail] = mails.as_slice() else {
        panic!("{} mails", mails.len());
    };
    for said in ["Where is <my> parcel?", "On its way.", "You:"] {
        assert!(mail.text.contains(said), "{}", mail.text);
    }
    for hidden in ["CANARY-NOTE", "took the conversation"] {
        assert!(!mail.text.contains(hidden), "{}", mail.text);
    }
    let html = mail.html.as_deref().expect("an HTML part");
    assert!(html.contains("&lt;my&gt;") && !html.contains("<my>"));
    assert!(header(mail, "Reply-To").starts_with("reply+"));
    assert_eq!(header(mail, "List-Unsubscribe"), "", "they asked for it");
    // The stream tells everything twice, and nothing more comes of it.
    world.harness.stack.redeliver().await.expect("a stream");
    assert_eq!(world.mails(MONA).await.len(), 1);
    world.harness.advance(MINUTE);
    world
        .visitor
        .send(Method::POST, &world.theirs(""), None)
        .await;
    assert_eq!(world.mails(MONA).await.len(), 2);
    // What belongs to the mails goes with the conversation.
    let owner = world.owner.refresh().await;
    owner.delete(&world.at(""), 204).await;
    world.harness.drain().await;
    world.harness.run_schedule("minute").await;
    world.harness.drain().await;
    let left = world.harness.items().await;
    let left = left
        .iter()
        .filter(|item| item.contains("TRANSCRIPT#") || item.contains("REPLY#"));
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn the_team_sends_a_transcript_to_who_may_be_mailed_and_to_itself_with_its_notes() {
    let world = World::new().await;
    let place = world.at("/transcript");
    let to = |who: &str| json!({ "to": who });
    let refused = async |body: Value, status: u16, code: &str| {
        let body = Some(body);
        let answer = world
            .agent
            .refused(Method::POST, &place, body, status, code);
        answer.await;
    };
    refused(to("visitor"), 409, "address_unproved").await;
    refused(to("nobody"), 422, "validation_failed").await;
    let notes = json!({ "to": "visitor", "notes": true });
    refused(notes, 422, "validation_failed").await;
    world.proved().await;
    assert_eq!(
        world.wants(&world.agent, to("visitor")).await["to"],
        "visitor"
    );
    let mails = world.mails(MONA).await;
    assert_eq!(mails.len(), 1);
    assert!(!mails[0].text.contains("CANARY-NOTE"), "{}", mails[0].text);
    let link = header(&mails[0], "List-Unsubscribe").trim_matches(['<', '>']);
    let (_, link) = link.split_once("/unsubscribe").expect("a way out");
    // To the member: their own address, and what the team wrote only when asked for.
    assert_eq!(world.wants(&world.agent, to("me")).await["to"], "me");
    assert_eq!(world.mails(BOB).await.len(), 1);
    world.harness.advance(Duration::from_secs(1));
    let whole = json!({ "to": "me", "notes": true });
    world.wants(&world.agent, whole).await;
    let mails = world.mails(BOB).await;
    assert_eq!(mails.len(), 2);
    let with_notes = |mail: &&Mail| mail.text.contains("CANARY-NOTE");
    assert_eq!(mails.iter().filter(with_notes).count(), 1);
    for mail in &mails {
        assert!(mail.text.contains("Grace Hopper"), "{}", mail.text);
        assert_eq!(header(mail, "Reply-To"), "");
    }
    let log = format!("{}/audit?limit=100", world.workspace.path);
    let log = world.owner.get(&log, 200).await;
    let lines = log["data"].as_array().expect("lines").iter();
    let mailed = lines.filter(|line| line["act"] == "transcript_mailed");
    assert_eq!(mailed.count(), 3);
    // Who wants no more mail gets none of the team's, and what they want themselves all the same.
    let form = b"List-Unsubscribe=One-Click".to_vec();
    let nobody = world.harness.anonymous();
    let nobody = nobody.with_header("content-type", "application/x-www-form-urlencoded");
    let path = format!("/unsubscribe{link}");
    let answer = nobody.send_raw(Method::POST, &path, form).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    refused(to("visitor"), 409, "mail_refused").await;
    world.harness.advance(MINUTE * 9);
    let agent = world.agent.refresh().await;
    world.harness.advance(MINUTE);
    let own = world
        .visitor
        .send(Method::POST, &world.theirs(""), None)
        .await;
    assert_eq!(own.status, 202, "{}", own.text);
    assert_eq!(world.mails(MONA).await.len(), 2);
    // A blocked one gets none, and a workspace that mails no messages mails no transcripts.
    let contact = format!(
        "{}/contacts/{}",
        world.workspace.path, world.visitor.contact_id
    );
    let owner = world.owner.refresh().await;
    owner.put(&format!("{contact}/block"), json!({}), 200).await;
    let body = Some(to("visitor"));
    let answer = agent.refused(Method::POST, &place, body, 409, "mail_refused");
    answer.await;
}

#[tokio::test]
async fn a_transcript_goes_nowhere_when_its_thread_its_reader_or_the_address_went_meanwhile() {
    let world = World::new().await;
    world.proved().await;
    // The wishes are written, and carried out later than what happens next.
    world
        .visitor
        .send(Method::POST, &world.theirs(""), None)
        .await;
    world.wants(&world.agent, json!({ "to": "me" })).await;
    let contact = format!(
        "{}/contacts/{}",
        world.workspace.path, world.visitor.contact_id
    );
    let other = json!({ "email": "eve@example.com" });
    world.owner.patch(&contact, other, 200).await;
    let agent = text(
        &world.agent.get(&world.workspace.path, 200).await,
        "member_id",
    );
    let agent = format!("{}/members/{agent}", world.workspace.path);
    world.owner.delete(&agent, 202).await;
    for to in [MONA, "eve@example.com", BOB] {
        assert_eq!(world.mails(to).await.len(), 0, "{to}");
    }
}

/// Longer than a part of a download, it is in one mail as a whole; and only what is too long for a mail ends there, which
/// the mail says.
#[tokio::test]
async fn a_long_conversation_is_mailed_whole_as_far_as_a_mail_takes_it_and_says_where_it_ends() {
    let world = World::new().await;
    world.proved().await;
    let say = async |count: usize| {
        let words = "Wort ".repeat(1_990);
        for number in 0..count {
            let said = message(&format!("{words} {number}"));
            world.agent.post(&world.at("/messages"), said, 201).await;
        }
    };
    say(60).await;
    world
        .agent
        .post(&world.at("/messages"), message("CANARYLAST"), 201)
        .await;
    world.wants(&world.agent, json!({ "to": "me" })).await;
    let mails = world.mails(BOB).await;
    let last = mails.last().expect("a mail");
    assert!(last.text.len() > 590_000 && last.text.contains("CANARYLAST"));
    assert!(!last.text.contains("longer than a mail can be"));
}
