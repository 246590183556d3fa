//! Mail that comes in.

mod asking;
mod privacy;
mod support;
mod visitors;

use harness::{Found, Harness};
use serde_json::{Value, json};

/// Where somebody writes about privacy.
pub const PRIVACY: &str = "privacy@example.com";
const ADA: &str = "ada@example.com";

/// A mail as it stands on the wire, with more headers before the text.
pub fn raw(from: &str, to: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let text = format!(
        "From: Somebody <{from}>\r\nTo: {to}\r\nSubject: About me\r\n{headers}\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
    );
    text.into_bytes()
}

/// Lets SES take a mail in, and hands over the event that tells of it, undelivered.
fn came(harness: &Harness, mail: &[u8], found: Found) -> Value {
    let received = harness.stack.receive(mail, found).expect("a desk");
    assert_eq!(received.len(), 1);
    let event = harness.stack.objects.next_event().expect("an event");
    assert_eq!(event["detail"]["object"]["key"], received[0].key.as_str());
    event
}

/// Tells `intake` of something; none when it failed.
async fn told(harness: &Harness, event: &Value) -> Option<Value> {
    let function = harness.stack.function("intake").expect("a function");
    let sent = event.to_string().into_bytes();
    let answer = function.invoke(sent, "an-event").await.ok()?;
    Some(serde_json::from_slice(&answer).expect("counts"))
}

/// What one mail came to: the one count that is not zero.
pub async fn outcome(harness: &Harness, mail: &[u8], found: Found) -> String {
    let event = came(harness, mail, found);
    let counts = told(harness, &event).await.expect("heard");
    let counts = counts.as_object().expect("counts").iter();
    let mut over = counts.filter(|(_, count)| **count != json!(0));
    let one = over.next().expect("a count").0.clone();
    assert_eq!(over.next(), None);
    one
}

/// How many mails lie in the bucket.
fn lying(harness: &Harness) -> usize {
    let versions = harness.stack.objects.versions();
    versions
        .iter()
        .filter(|one| one.key.starts_with("mail/"))
        .count()
}
