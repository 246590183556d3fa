//! Visitors whom nobody signed for prove an address with a mailed code; from then on they are mailed as others are.

use super::{replies::raw, *};

use reqwest::Method;

const PLACE: &str = "/v1/widget/email";
const MONA: &str = "mona@example.com";

fn asks(email: &str) -> Value {
    json!({ "email": email })
}

fn says(code: &str) -> Option<Value> {
    Some(json!({ "code": code }))
}

/// A code that is another one.
fn wrong(code: &str) -> String {
    let number: u64 = code.parse().expect("digits");
    format!("{:08}", (number + 1) % 100_000_000)
}

/// The world with a visitor of whom nobody knows anything.
async fn stranger() -> World {
    let world = World::new().await;
    let visitor = world.harness.visitor(&world.app).await;
    let conversation = visitor.start("Where is my parcel?").await;
    World {
        visitor,
        conversation,
        ..world
    }
}

impl World {
    async fn asked(&self, email: &str) -> String {
        self.visitor.post(PLACE, asks(email), 202).await;
        self.harness.drain().await;
        self.harness.mail_code(email).await
    }

    async fn known(&self) -> (Value, Value) {
        let owner = self.owner().await;
        let seen = owner.get(&self.contact(), 200).await;
        (seen["email"].clone(), seen["email_proof"].clone())
    }

    async fn refuses(&self, code: &str) {
        let visitor = &self.visitor;
        let refused = visitor.refused(Method::PUT, PLACE, says(code), 401, "code_invalid");
        refused.await;
    }
}

#[tokio::test]
async fn an_address_that_a_mailed_code_proved_is_mailed_and_answers_come_in_from_it() {
    let world = stranger().await;
    let code = world.asked(MONA).await;
    assert_eq!(
        world.known().await,
        (Value::Null, Value::Null),
        "a word is no proof"
    );
    assert_eq!(world.harness.items_with(&code).await, 0);
    world.answer("One").await;
    assert_eq!(world.wait(9).await, 0);
    world.refuses(&wrong(&code)).await;
    let proved = world
        .visitor
        .put(PLACE, says(&code).expect("a body"), 200)
        .await;
    assert_eq!(proved, json!({ "email": MONA, "email_proof": "code" }));
    assert_eq!(world.known().await, (json!(MONA), json!("code")));
    world.refuses(&code).await;
    world.answer("Two").await;
    assert_eq!(world.wait(10).await, 1);
    let mails = world.harness.mails(MONA).await;
    let mail = mails.iter().find(|mail| mail.subject == SUBJECT);
    let mail = mail.expect("a mail about the conversation");
    assert_eq!(said(mail), ["One", "Two"]);
    let answer = raw(MONA, header(mail, "Reply-To"), &[], "Thank you!");
    assert_eq!(world.comes(&answer).await, "taken");
    assert_eq!(
        world.thread().await.last().map(String::as_str),
        Some("Thank you!")
    );
    // The team writes another one down: that one nobody has proved.
    let owner = world.owner().await;
    let changed = json!({ "email": "eve@example.com" });
    let seen = owner.patch(&world.contact(), changed, 200).await;
    assert_eq!(seen["email_proof"], Value::Null);
}

#[tokio::test]
async fn a_code_is_good_for_five_tries_ten_minutes_and_the_newest_wish() {
    let world = stranger().await;
    // However many arrive together, five are looked at.
    let code = world.asked(MONA).await;
    let (visitor, other) = (&world.visitor, wrong(&code));
    let tries = (0..7).map(|_| visitor.send(Method::PUT, PLACE, says(&other)));
    for answer in futures_of(tries).await {
        assert_eq!(answer, 401);
    }
    world.refuses(&code).await;
    // Asking again makes another code, and ends the one before.
    let second = world.asked(MONA).await;
    let third = world.asked("nora@example.com").await;
    if second != third {
        world.refuses(&second).await;
    }
    world.harness.advance(MINUTE * 10);
    world.refuses(&third).await;
    assert_eq!(world.known().await, (Value::Null, Value::Null));
    for body in ["1234567", "12345678a", ""] {
        let put = visitor.refused(Method::PUT, PLACE, says(body), 422, "validation_failed");
        put.await;
    }
    let post = visitor.refused(
        Method::POST,
        PLACE,
        Some(asks("nobody")),
        422,
        "validation_failed",
    );
    post.await;
}

#[tokio::test]
async fn who_is_blocked_or_was_signed_for_changes_no_address_and_an_address_gets_five_codes_an_hour()
 {
    let world = World::new().await;
    // The app signed for this one.
    let ask = || Some(asks(MONA));
    let visitor = &world.visitor;
    let refused = visitor.refused(Method::POST, PLACE, ask(), 409, "not_changeable");
    refused.await;
    let world = World {
        visitor: world.harness.visitor(&world.app).await,
        ..world
    };
    let owner = world.owner().await;
    let block = format!("{}/block", world.contact());
    owner.put(&block, json!({}), 200).await;
    let visitor = &world.visitor;
    let refused = visitor.refused(Method::POST, PLACE, ask(), 403, "blocked");
    refused.await;
    owner.delete(&block, 200).await;
    for _ in 0..5 {
        visitor.post(PLACE, asks(MONA), 202).await;
    }
    let refused = visitor.refused(Method::POST, PLACE, ask(), 429, "rate_limited");
    refused.await;
    world.harness.drain().await;
    assert_eq!(world.harness.mails(MONA).await.len(), 5);
}

/// What was answered to requests that were sent together.
async fn futures_of(
    tries: impl Iterator<Item = impl Future<Output = harness::Answer>>,
) -> Vec<u16> {
    let mut answers = Vec::new();
    for answer in futures_util::future::join_all(tries).await {
        answers.push(answer.status);
    }
    answers
}
