//! Nothing that is said in a call is recorded: nobody has the means to, and what comes anyhow is refused.

use std::collections::BTreeSet;
use std::fs;

use harness::repository;
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::personal::{Category, Purpose};
use shared::store::record::Decision;
use shared::store::registry;

use super::World;
use crate::deployment::resources;

/// Services that record, or keep what was recorded.
const RECORDERS: [&str; 9] = [
    "chime:*",
    "firehose:*",
    "ivs:*",
    "kinesis:*",
    "kinesisvideo:*",
    "mediaconvert:*",
    "rekognition:*",
    "s3:*",
    "transcribe:*",
];

fn statements(function: &Value) -> Vec<Value> {
    let policies = function["Policies"].as_array().cloned().unwrap_or_default();
    let lists = policies
        .iter()
        .filter_map(|policy| policy["Statement"].as_array());
    lists.flatten().cloned().collect()
}

/// What is wrong with a function that serves calls.
fn faults(function: &Value) -> Vec<String> {
    let actions = |statement: &Value| -> BTreeSet<String> {
        let named = match &statement["Action"] {
            Value::String(one) => vec![json!(one)],
            many => many.as_array().cloned().unwrap_or_default(),
        };
        named
            .iter()
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect()
    };
    let mut denied = BTreeSet::new();
    let mut faults = Vec::new();
    for statement in statements(function) {
        let named = actions(&statement);
        if statement["Effect"] == "Deny" && statement["Resource"] == "*" {
            denied.extend(named);
            continue;
        }
        for action in named {
            let service = format!("{}:*", action.split(':').next().unwrap_or_default());
            if RECORDERS.contains(&service.as_str()) {
                faults.push(format!("{action} is allowed"));
            }
        }
    }
    for recorder in RECORDERS {
        if !denied.contains(recorder) {
            faults.push(format!("{recorder} is not denied"));
        }
    }
    faults
}

/// CALL-17
#[test]
fn the_functions_of_calls_may_write_no_file_and_start_no_recording() {
    let functions = resources("AWS::Serverless::Function");
    let of_calls: Vec<_> = functions
        .into_iter()
        .filter(|(name, _)| ["RealtimeFunction", "SessionsFunction"].contains(&name.as_str()))
        .collect();
    assert_eq!(of_calls.len(), 2);
    for (name, function) in &of_calls {
        assert_eq!(faults(function), Vec::<String>::new(), "{name}");
    }
    // The measure sees what it should.
    let mut planted = of_calls[0].1.clone();
    let list = planted["Policies"][0]["Statement"]
        .as_array_mut()
        .expect("statements");
    list.retain(|statement| statement["Sid"] != "NothingIsRecorded");
    list.push(json!({ "Effect": "Allow", "Action": "s3:PutObject", "Resource": "x" }));
    assert_eq!(faults(&planted).len(), 1 + RECORDERS.len());
}

/// CALL-17: sound and pictures are refused, whatever they are called.
#[tokio::test]
async fn a_body_of_sound_or_pictures_is_refused_by_every_route_that_takes_a_body() {
    let world = World::new().await;
    let guest = world.guest().await;
    let (call, _) = world.ringing(&guest).await;
    world.act(&world.agent, &call, "accept", 200).await;
    for kind in [
        "audio/webm",
        "video/webm",
        "audio/ogg",
        "video/mp4",
        "application/octet-stream",
    ] {
        let client = guest.client.with_header("content-type", kind);
        for path in [
            "/v1/guest/calls".to_owned(),
            format!("/v1/guest/calls/{call}/quality"),
        ] {
            let answer = client
                .send_raw(Method::POST, &path, b"\x1aE\xdf\xa3".to_vec())
                .await;
            assert_eq!(
                (answer.status, &answer.body["code"]),
                (415, &json!("media_type")),
                "{kind} {path}"
            );
        }
    }
}

/// The kinds that tell of calls.
const OF_CALLS: [&str; 6] = [
    "Call",
    "CallBlock",
    "CallQuality",
    "Guest",
    "CallLink",
    "JoinPass",
];

/// CALL-01, CALL-15: what is kept of calls serves to bring people together and nothing else, and is an id, a
/// time, a word or a count.
#[test]
fn every_field_of_a_call_serves_the_call_and_none_says_who_somebody_is() {
    let mut fields = 0;
    for record in registry::ALL {
        let of_calls = OF_CALLS.contains(&record.name);
        for field in record.fields {
            let Decision::Personal {
                category, purpose, ..
            } = field.decision
            else {
                continue;
            };
            let what = format!("{}.{}", record.name, field.name);
            if !of_calls {
                assert_ne!(purpose, Purpose::ConnectCall, "{what}");
                continue;
            }
            assert!(
                [Category::Pseudonym, Category::Identifier].contains(&category),
                "{what}"
            );
            assert!(
                [Purpose::ConnectCall, Purpose::Authenticate].contains(&purpose),
                "{what}"
            );
            fields += 1;
        }
    }
    assert!(fields > 30, "{fields}");
}

/// CALL-21: every field of a call is shown to somebody or decides something; what nobody reads is not kept.
#[test]
fn what_is_kept_of_a_call_is_read_somewhere() {
    let mut code = String::new();
    for folder in [
        "functions/sessions/src",
        "functions/realtime/src",
        "functions/outbox/src",
        "shared/src/store",
        "shared/src/http",
    ] {
        for file in fs::read_dir(repository().join(folder))
            .expect("a folder")
            .flatten()
        {
            if file.path().is_file() {
                code.push_str(&fs::read_to_string(file.path()).expect("a text"));
            }
        }
    }
    for record in registry::ALL {
        if !OF_CALLS.contains(&record.name) {
            continue;
        }
        for field in record.fields {
            let read = format!(".{}", field.name);
            let derived = [
                "workspace",
                "id",
                "rev",
                "created_at",
                "told_at",
                "call",
                "side",
            ];
            assert!(
                derived.contains(&field.name) || code.contains(&read),
                "{}.{} is kept and read by nobody",
                record.name,
                field.name
            );
        }
    }
}
