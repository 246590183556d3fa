//! The document of the socket: whole, true to its examples, and true to the socket itself. Every
//! example of a client's frame is sent, and every frame that comes back is one of the document's.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use harness::{Harness, repository};
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

/// Everything that somebody sends.
const OPERATIONS: [&str; 4] = [
    "clientSends",
    "serverSends",
    "deviceSends",
    "serverSendsInCalls",
];

/// Holds a frame of a call against the document.
pub fn is_documented(operation: &str, frame: &Value) {
    let document = document();
    let all = messages(&document, operation);
    let message = all
        .iter()
        .find(|message| frame["t"] == kind(&document, message));
    let message = message.unwrap_or_else(|| panic!("nobody documented {frame}"));
    let validator = validator(&document, &message["payload"]);
    let fault = validator
        .validate(frame)
        .err()
        .map(|error| error.to_string());
    assert_eq!(fault, None, "{frame}");
}

/// `docs/asyncapi.yaml`.
fn document() -> Value {
    let file = repository().join("docs/asyncapi.yaml");
    let text = fs::read_to_string(file).expect("docs/asyncapi.yaml");
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("docs/asyncapi.yaml: {error}"))
}

/// What a chain of references leads to.
fn resolve<'a>(document: &'a Value, mut value: &'a Value) -> &'a Value {
    while let Some(reference) = value["$ref"].as_str() {
        let pointer = reference
            .strip_prefix('#')
            .expect("references stay in the document");
        value = document
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{reference} leads nowhere"));
    }
    value
}

/// The messages of one operation.
fn messages<'a>(document: &'a Value, operation: &str) -> Vec<&'a Value> {
    let listed = document["operations"][operation]["messages"]
        .as_array()
        .expect("messages");
    listed
        .iter()
        .map(|message| resolve(document, message))
        .collect()
}

/// The word in `t` of a message's frames.
fn kind<'a>(document: &'a Value, message: &'a Value) -> &'a str {
    let schema = resolve(document, &message["payload"]);
    schema["properties"]["t"]["const"]
        .as_str()
        .expect("a fixed t")
}

fn examples(message: &Value) -> impl Iterator<Item = &Value> {
    let examples = message["examples"].as_array().expect("examples");
    assert!(!examples.is_empty());
    examples.iter().map(|example| &example["payload"])
}

/// A schema of the document that takes no field besides.
fn validator(document: &Value, schema: &Value) -> Validator {
    let mut whole = json!({ "allOf": [schema], "components": document["components"] });
    close(&mut whole);
    let options = jsonschema::options()
        .with_draft(Draft::Draft7)
        .should_validate_formats(true);
    options.build(&whole).expect("a schema")
}

fn close(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Object(map) => {
            if map.get("properties").is_some_and(Value::is_object) {
                map.insert("additionalProperties".into(), false.into());
            }
            map.values_mut().for_each(close);
        }
        _ => {}
    }
}

fn every(value: &Value, visit: &mut impl FnMut(&Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| every(item, visit)),
        Value::Object(map) => map.values().for_each(|item| every(item, visit)),
        _ => {}
    }
}

/// A device whose clock is off is as good as any: the server's clock decides, and nobody says a time to it.
#[test]
fn no_frame_of_a_call_that_a_device_sends_says_a_time() {
    let document = document();
    let times = |operation: &str| {
        let mut times = 0;
        for message in messages(&document, operation) {
            let schema = resolve(&document, &message["payload"]);
            every(schema, &mut |value| {
                times += usize::from(value["format"] == "date-time")
            });
        }
        times
    };
    assert_eq!(times("deviceSends"), 0);
    assert!(times("serverSendsInCalls") >= 2, "the measure sees none");
}

#[test]
fn every_reference_leads_somewhere_and_every_message_is_sent_by_somebody() {
    let document = document();
    assert_eq!(document["asyncapi"], "3.0.0");
    every(&document, &mut |value| {
        resolve(&document, value);
    });
    let mut sent = BTreeSet::new();
    for operation in OPERATIONS {
        for message in messages(&document, operation) {
            sent.insert(message["title"].as_str().expect("a title"));
        }
    }
    let declared = document["components"]["messages"]
        .as_object()
        .expect("messages");
    let declared: BTreeSet<&str> = declared
        .values()
        .filter_map(|m| m["title"].as_str())
        .collect();
    assert_eq!(sent, declared);
    let channel = &document["channels"]["socket"]["messages"];
    assert_eq!(
        channel.as_object().map(|all| all.len()),
        Some(declared.len())
    );
}

#[test]
fn every_example_is_what_its_schema_says() {
    let document = document();
    for operation in OPERATIONS {
        for message in messages(&document, operation) {
            let schema = validator(&document, &message["payload"]);
            for example in examples(message) {
                let fault = schema.validate(example).err();
                assert!(
                    fault.is_none(),
                    "{}: {}",
                    message["title"],
                    fault.expect("a fault")
                );
            }
            // The schema tells kinds apart, and takes nothing unknown.
            assert!(
                !schema.is_valid(&json!({ "t": "something else" })),
                "{}",
                message["title"]
            );
            let mut more = examples(message).next().expect("an example").clone();
            more["unknown"] = true.into();
            assert!(!schema.is_valid(&more), "{}", message["title"]);
        }
    }
}

#[tokio::test]
async fn every_example_of_a_client_is_understood_and_every_frame_of_the_server_is_documented() {
    let document = document();
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let colleague = harness
        .join(&owner, &workspace, "grace@example.com", "agent")
        .await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let conversation = visitor.start("Where is my parcel?").await;
    harness.drain().await;
    let mut team = owner.socket(&workspace).await;

    let mut frames = Vec::new();
    for message in messages(&document, "clientSends") {
        for example in examples(message) {
            team.send(about(example, &conversation.id)).await;
            let answers = team.heard().await;
            let kinds: Vec<&str> = answers
                .iter()
                .filter_map(|frame| frame["t"].as_str())
                .collect();
            let expected: &[&str] = match kind(&document, message) {
                "hello" => &["hello"],
                "ping" => &["pong"],
                "sub" => &["subbed"],
                "typing" => &[],
                "unsub" => &["unsubbed"],
                other => panic!("no answer is known for {other}"),
            };
            assert_eq!(kinds, expected, "{example}");
            frames.extend(answers);
        }
    }

    // What comes without being asked for.
    let mut widget = visitor.socket().await;
    frames.push(widget.ask(json!({ "t": "sub", "topic": "inbox" })).await);
    frames.push(widget.ask(json!({ "t": "shout" })).await);
    frames.push(team.sub(&conversation.id).await);
    widget
        .send(json!({ "t": "typing", "cnv": conversation.id, "typing": true }))
        .await;
    frames.push(team.next().await);
    visitor.say(&conversation, "Hello?").await;
    harness.drain().await;
    frames.push(team.next().await);
    let mut other = colleague.socket(&workspace).await;
    frames.push(other.sub("inbox").await);
    frames.push(team.next().await);
    let same = harness.visitor(&owner.app(&workspace).await).await;
    let merge = format!("{}/contacts/{}/merge", workspace.path, visitor.contact_id);
    let into = json!({ "into": same.contact_id });
    owner.post(&merge, into, 200).await;
    harness.drain().await;
    frames.extend(other.heard().await);
    frames.extend(team.heard().await);
    harness.advance(Duration::from_secs(116 * 60));
    frames.push(team.ask(json!({ "t": "ping" })).await);

    let documented = messages(&document, "serverSends");
    let mut seen = BTreeSet::new();
    for frame in &frames {
        let t = frame["t"].as_str().expect("a kind");
        let message = documented
            .iter()
            .find(|message| kind(&document, message) == t);
        let message = message.unwrap_or_else(|| panic!("nobody documented {frame}"));
        let fault = validator(&document, &message["payload"])
            .validate(frame)
            .err()
            .map(|e| e.to_string());
        assert_eq!(fault, None, "{frame}");
        seen.insert(t);
    }
    let all: BTreeSet<&str> = documented
        .iter()
        .map(|message| kind(&document, message))
        .collect();
    assert_eq!(seen, all, "every documented frame was seen");
}

/// An example with a conversation that is there.
fn about(example: &Value, conversation: &str) -> Value {
    let mut frame = example.clone();
    for field in ["topic", "cnv"] {
        if frame[field]
            .as_str()
            .is_some_and(|id| id.starts_with("cnv_"))
        {
            frame[field] = conversation.into();
        }
    }
    frame
}
