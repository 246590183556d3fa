//! What a deployment writes about itself: fields of a closed list, counts without a name, a failure once.

use std::fs;

use harness::{Fault, Harness, Kind, repository};
use reqwest::Method;
use serde_json::{Value, json};
use shared::lambda::LOG_FIELDS;
use shared::lambda::schedule::Report;

use crate::layers::{files, relative, source::code_only};
use crate::privacy_at_rest::log::Log;

const MACROS: [&str; 6] = [
    "error!(", "warn!(", "info!(", "debug!(", "trace!(", "span!(",
];

/// The fields of every line that a source writes, with the line's beginning.
fn fields(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for call in source.split("tracing::").skip(1) {
        let Some(name) = MACROS
            .iter()
            .find(|name| call.starts_with(**name) || call.contains(&format!("_{name}")))
        else {
            continue;
        };
        let Some(begin) = call.find(name).filter(|at| *at < 12) else {
            continue;
        };
        for part in arguments(&call[begin + name.len()..]) {
            let part = part.trim();
            // The message, or a level or a name of a span.
            if part.is_empty()
                || part.starts_with('"')
                || part.starts_with("Level::")
                || part.starts_with("target:")
            {
                continue;
            }
            let name = part.split('=').next().unwrap_or_default().trim();
            found.push(name.trim_start_matches(['%', '?']).to_owned());
        }
    }
    found
}

/// What stands between commas until the bracket closes.
fn arguments(text: &str) -> Vec<String> {
    let (mut depth, mut in_text, mut parts) = (0, false, vec![String::new()]);
    let mut before = ' ';
    for letter in text.chars() {
        match letter {
            '"' if before != '\\' => in_text = !in_text,
            '(' | '[' | '{' if !in_text => depth += 1,
            ')' | ']' | '}' if !in_text && depth == 0 => break,
            ')' | ']' | '}' if !in_text => depth -= 1,
            ',' if !in_text && depth == 0 => {
                parts.push(String::new());
                before = letter;
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("a part").push(letter);
        before = letter;
    }
    parts
}

/// CALL-23 and CHAT-05 are proven by what lines say; this is what they can say at all.
#[test]
fn every_field_of_every_line_of_the_log_stands_on_the_list() {
    let (mut lines, mut used) = (0, Vec::new());
    for room in ["functions", "shared/src"] {
        for file in files(&repository().join(room), "rs") {
            let source = code_only(&fs::read_to_string(&file).expect("a source"));
            for field in fields(&source) {
                let name = relative(&file, repository());
                assert!(
                    LOG_FIELDS.contains(&field.as_str()),
                    "{name}: the field {field} is on no list"
                );
                used.push(field);
            }
            lines += 1;
        }
    }
    assert!(lines > 100 && used.len() > 20, "nothing was read");
    let planted = "tracing::warn!(code = self.code.word(), email = %address, \"refused, twice\");";
    assert_eq!(fields(planted), ["code", "email"]);
    assert_eq!(
        fields("tracing::info_span!(\"x\", ?fault, workspace = f(a, b))"),
        ["fault", "workspace"]
    );
    // No list grows beyond what is used; these come from the runtime, the formatter and the harness.
    let given = [
        "functionName",
        "level",
        "message",
        "name",
        "requestId",
        "span",
        "xrayTraceId",
    ];
    for field in LOG_FIELDS {
        assert!(
            used.iter().any(|one| one == field) || given.contains(&field),
            "{field} is written nowhere"
        );
    }
}

/// A metric has a name and a count. A dimension could say who, and costs by the value.
#[tokio::test]
async fn metrics_are_counts_under_listed_names_without_a_dimension() {
    let harness = Harness::start().await;
    let mut report = Report::default();
    report.add("overdue_items", 3);
    let line = report.metrics(harness.now());
    let metrics = &line["_aws"]["CloudWatchMetrics"];
    assert_eq!(metrics.as_array().map(Vec::len), Some(1));
    assert_eq!(metrics[0]["Dimensions"], json!([[]]));
    let fields: Vec<&String> = line.as_object().expect("a line").keys().collect();
    assert_eq!(fields, ["_aws", "overdue_items"]);
}

/// What fails is told by one line with its cause, whatever it was tried on the way.
#[tokio::test]
async fn a_request_that_fails_is_logged_once_with_its_cause() {
    let harness = Harness::start().await;
    let (log, _listening) = Log::listen();
    harness
        .faults()
        .plan(Fault::new(Kind::ServerError).times(30));
    let body = json!({ "email": "ada@example.com", "adult": true });
    let answer = harness
        .anonymous()
        .send(Method::POST, "/v1/auth/signup", Some(body))
        .await;
    harness.faults().reset();
    assert_eq!(answer.status, 503, "{}", answer.text);
    let bytes = log.bytes();
    let text = String::from_utf8_lossy(&bytes);
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    // The SDK misses the connection of an answer that no server gave; faults stand below it.
    let ours = |line: &Value| !line["target"].to_string().contains("aws_smithy_runtime");
    let failed: Vec<Value> = lines
        .filter(|line| line["level"] == "ERROR" && ours(line))
        .collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    let fields = failed[0]["fields"].as_object().expect("fields");
    assert_eq!(fields["message"], "request failed");
    assert_eq!(fields["code"], "unavailable");
    assert_eq!(fields["route"], "/v1/auth/signup");
    assert!(
        fields["cause"]
            .as_str()
            .is_some_and(|cause| !cause.is_empty())
    );
    assert!(
        fields
            .keys()
            .all(|name| LOG_FIELDS.contains(&name.as_str())),
        "{fields:?}"
    );
}

/// Whoever looks after a deployment sees whose requests fail, and at which route.
#[tokio::test]
async fn a_request_that_fails_in_a_workspace_names_it_and_the_route() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let (log, _listening) = Log::listen();
    harness
        .faults()
        .plan(Fault::new(Kind::ServerError).times(30));
    let path = format!("{}/members", workspace.path);
    let answer = owner.send(Method::GET, &path, None).await;
    harness.faults().reset();
    assert_eq!(answer.status, 503, "{}", answer.text);
    let bytes = log.bytes();
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    let failed = lines.find(|line| line["fields"]["message"] == "request failed");
    let fields = failed.expect("a line")["fields"].clone();
    assert_eq!(fields["workspace"], workspace.id);
    assert_eq!(fields["route"], "/v1/workspaces/{workspace}/members");
}
