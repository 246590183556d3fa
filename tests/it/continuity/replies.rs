//! Answers by mail.

use super::*;

use harness::Found;

/// A mail as it stands on the wire.
pub(super) fn raw(from: &str, to: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let text = format!(
        "From: Somebody <{from}>\r\nTo: {to}\r\nSubject: Re: New messages\r\n{headers}\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
    );
    text.into_bytes()
}

/// What one mail came to: the one count that is not zero.
async fn outcome(harness: &Harness, mail: &[u8], found: Found) -> String {
    let received = harness.stack.receive(mail, found).expect("a desk");
    assert_eq!(received.len(), 1);
    let event = harness.stack.objects.next_event().expect("an event");
    let function = harness.stack.function("intake").expect("a function");
    let sent = event.to_string().into_bytes();
    let answer = function.invoke(sent, "an-event").await.expect("heard");
    let counts: Value = serde_json::from_slice(&answer).expect("counts");
    let counts = counts.as_object().expect("counts").iter();
    let mut over = counts.filter(|(_, count)| **count != json!(0));
    let one = over.next().expect("a count").0.clone();
    assert_eq!(over.next(), None);
    one
}

impl World {
    /// One that was mailed about: the address for replies.
    async fn mailed() -> (Self, String) {
        let world = Self::new().await;
        world.answer("One").await;
        assert_eq!(world.wait(10).await, 1);
        let mails = world.mails().await;
        let to = header(&mails[0], "Reply-To").to_owned();
        (world, to)
    }

    pub(super) async fn comes(&self, mail: &[u8]) -> String {
        outcome(&self.harness, mail, Found::default()).await
    }
}

#[tokio::test]
async fn an_answer_by_mail_is_the_visitors_word_without_what_it_quotes_and_counts_once() {
    let (world, to) = World::mailed().await;
    let quoting = format!(
        "Thank you, it is here.\r\n\r\nGrace\r\n\r\nOn Monday, Shop\r\n<{to}> wrote:\r\n> {ABOVE}\r\n>\r\n> Hello,"
    );
    let mail = raw(GRACE, &to, &["Message-ID: <1@grace>"], &quoting);
    assert_eq!(world.comes(&mail).await, "taken");
    let said = [
        "Where is my parcel?",
        "One",
        "Thank you, it is here.\n\nGrace",
    ];
    assert_eq!(world.thread().await, said);
    let owner = world.owner().await;
    let path = world.at("/messages?after_seq=2&limit=1");
    let last = owner.get(&path, 200).await["data"][0].clone();
    assert_eq!(last["author"]["id"], world.visitor.contact_id.as_str());
    assert_eq!(last["author"]["type"], "visitor");
    // The same mail by another way, and days later.
    assert_eq!(world.comes(&mail).await, "repeated");
    world.harness.advance(MINUTE * 60 * 24 * 3);
    assert_eq!(world.comes(&mail).await, "repeated");
    let owner = world.harness.sign_in("ada@example.com").await;
    owner.post(&world.at("/close"), json!({}), 200).await;
    // It opens what was closed, in whatever case the address is written.
    let mail = raw(
        &GRACE.to_uppercase(),
        &to.to_uppercase(),
        &[],
        "One more thing",
    );
    assert_eq!(world.comes(&mail).await, "taken");
    let seen = owner.get(&world.at(""), 200).await;
    assert_eq!(
        (&seen["status"], &seen["in_seq"]),
        (&json!("open"), &json!(3))
    );
}

#[tokio::test]
async fn files_that_come_by_mail_are_left_out_and_the_thread_says_so() {
    let (world, to) = World::mailed().await;
    let body = "--b\r\nContent-Type: text/plain\r\n\r\nHere it is\r\n--b\r\nContent-Type: image/png\r\n\
                Content-Disposition: attachment; filename=\"a.png\"\r\n\r\nCANARY\r\n--b--\r\n";
    let mail = format!(
        "From: {GRACE}\r\nTo: {to}\r\nSubject: Re\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{body}"
    );
    assert_eq!(world.comes(mail.as_bytes()).await, "taken");
    let thread = world.thread().await;
    let last = thread.last().expect("a message");
    assert!(
        last.starts_with("Here it is\n\n[Files came with this mail"),
        "{last}"
    );
    assert_eq!(world.harness.items_with("CANARY").await, 0);
}

#[tokio::test]
async fn nobody_else_answers_and_no_program_does() {
    let (world, to) = World::mailed().await;
    let before = world.thread().await;
    for stranger in ["eve@example.com", "ada@example.com"] {
        let mail = raw(stranger, &to, &[], "Send the money");
        assert_eq!(world.comes(&mail).await, "strangers", "{stranger}");
    }
    let (name, host) = to.split_once('@').expect("an address");
    let forged = [
        format!("reply@{host}"),
        format!("reply+x@{host}"),
        format!("{}aaaa@{host}", &name[..name.len() - 4]),
        format!("reply+{}@{host}", "a".repeat(42)),
    ];
    for forged in forged {
        let mail = raw(GRACE, &forged, &[], "Hello");
        assert_eq!(world.comes(&mail).await, "unknown", "{forged}");
    }
    for written in [
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "List-Id: <x.example.com>",
        "X-Autoreply: yes",
    ] {
        let mail = raw(GRACE, &to, &[written], "I am away");
        assert_eq!(world.comes(&mail).await, "automatic", "{written}");
    }
    // Our own mail, which somebody's mailbox sent back.
    for own in ["reply@example.com", "sotto@example.com"] {
        let mail = raw(own, &to, &[], "Hello");
        let came = world.comes(&mail).await;
        assert!(
            ["automatic", "strangers"].contains(&came.as_str()),
            "{came}"
        );
    }
    let forged = Found {
        dmarc: "fail",
        ..Found::default()
    };
    let mail = raw(GRACE, &to, &[], "Hello");
    assert_eq!(outcome(&world.harness, &mail, forged).await, "refused");
    assert_eq!(world.thread().await, before);
    // Another address is on file now: the old one is nobody's.
    let owner = world.owner().await;
    let changed = json!({ "email": "grace@example.org" });
    owner.patch(&world.contact(), changed, 200).await;
    assert_eq!(world.comes(&mail).await, "strangers");
}

#[tokio::test]
async fn an_address_ends_after_a_month_and_with_its_conversation_and_nothing_is_left_of_it() {
    let (world, to) = World::mailed().await;
    world.harness.advance(MINUTE * 60 * 24 * 31);
    let mail = raw(GRACE, &to, &[], "Are you still there?");
    assert_eq!(world.comes(&mail).await, "unknown");

    let (world, to) = World::mailed().await;
    assert_eq!(world.harness.items_with("\"REPLY#").await, 1);
    let owner = world.owner().await;
    owner.delete(&world.at(""), 204).await;
    world.harness.drain().await;
    assert_eq!(world.harness.items_with("\"REPLY#").await, 0);
    assert_eq!(world.harness.items_with("\"CONTINUITY\"").await, 0);
    let mail = raw(GRACE, &to, &[], "Hello?");
    assert_eq!(world.comes(&mail).await, "unknown");

    let (world, to) = World::mailed().await;
    let owner = world.owner().await;
    owner.delete(&world.contact(), 202).await;
    let mail = raw(GRACE, &to, &[], "Hello?");
    assert_eq!(world.comes(&mail).await, "unknown");
    world.wait(1).await;
    world.harness.drain().await;
    assert_eq!(world.harness.items_with("\"REPLY#").await, 0);
}

#[tokio::test]
async fn answers_of_one_thread_have_a_limit_and_keep_who_writes_them() {
    let (world, to) = World::mailed().await;
    // Whoever goes on by mail is kept as whoever comes to the page.
    world.harness.advance(MINUTE * 60 * 24 * 20);
    for count in 0..30 {
        let mail = raw(GRACE, &to, &[], &format!("Word {count}"));
        assert_eq!(world.comes(&mail).await, "taken", "{count}");
    }
    let mail = raw(GRACE, &to, &[], "One too many");
    assert_eq!(world.comes(&mail).await, "limited");
    let owner = world.harness.sign_in("ada@example.com").await;
    let seen = owner.get(&world.contact(), 200).await;
    assert_eq!(seen["last_seen_at"], json!(world.harness.now()));
}
