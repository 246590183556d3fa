//! The wire events in `events/`: every file is what its function takes, and is answered as the
//! table in `events/README.md` says. The outside test sends the same files to built bootstraps.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use harness::contract::check;
use harness::{Answer, Fault, Harness, Kind, ORIGIN, repository, template};
use serde_json::Value;

/// One row of the table: the file, its answer as it is, and in a world that knows its ids.
struct Row {
    function: String,
    file: String,
    as_it_is: String,
    in_the_demo: String,
}

#[test]
fn every_event_file_stands_in_the_table_and_every_function_has_one() {
    let listed: BTreeSet<String> = rows()
        .iter()
        .map(|row| format!("{}/{}", row.function, row.file))
        .collect();
    let mut there = BTreeSet::new();
    let mut folders = BTreeSet::new();
    for folder in fs::read_dir(repository().join("events")).expect("events") {
        let folder = folder.expect("an entry");
        if !folder.path().is_dir() {
            continue;
        }
        let name = folder.file_name().to_string_lossy().into_owned();
        for file in fs::read_dir(folder.path()).expect("a folder") {
            let file = file.expect("an entry").file_name();
            there.insert(format!("{name}/{}", file.to_string_lossy()));
        }
        folders.insert(name);
    }
    assert_eq!(
        listed, there,
        "the table of events/README.md, and the files"
    );
    let functions: BTreeSet<String> = template()
        .functions
        .iter()
        .map(|function| function.folder.clone())
        .collect();
    assert_eq!(folders, functions, "a folder for every function");
}

#[test]
fn every_http_event_goes_to_a_route_of_its_function() {
    let template = template();
    let routes: BTreeMap<String, &str> = template
        .routes
        .iter()
        .map(|route| {
            let function = template.functions.iter().find(|f| f.id == route.function);
            (route.key(), function.expect("a function").folder.as_str())
        })
        .collect();
    for row in rows().iter().filter(|row| row.is_http()) {
        let event = row.event();
        let key = event["routeKey"].as_str().expect("a route key");
        assert_eq!(
            routes.get(key),
            Some(&row.function.as_str()),
            "{}",
            row.name()
        );
        assert_eq!(event["requestContext"]["routeKey"], key, "{}", row.name());
        let body = event["body"].as_str().unwrap_or_default();
        let length = event["headers"]["content-length"].as_str().unwrap_or("0");
        let bytes = match event["isBase64Encoded"] == true {
            true => data_encoding::BASE64
                .decode(body.as_bytes())
                .expect("base64")
                .len(),
            false => body.len(),
        };
        assert_eq!(length, bytes.to_string(), "{}", row.name());
    }
}

#[tokio::test]
async fn every_event_is_answered_as_its_table_says() {
    let harness = Harness::start().await;
    for row in rows() {
        let answer = answer(&harness, &row, row.event()).await;
        assert_eq!(answer, row.as_it_is, "{}", row.name());
    }
}

#[tokio::test]
async fn every_event_is_answered_as_its_table_says_where_its_ids_are_known() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.org").await;
    let workspace = owner.workspace("inbox").await;
    let app = owner.app(&workspace).await;
    let visitor = harness.visitor(&app).await;
    let conversation = visitor.start("Hello").await;
    let known = [
        ("put-a-member-token-here", owner.access_token.as_str()),
        ("put-a-visitor-token-here", &visitor.session_token),
        ("put-an-app-key-here", &app.key),
        ("ws_01kf0a1b2c3d4e5f6g7h8j9k0m", &workspace.id),
        ("cnv_01kf0a1b2c3d4e5f6g7h8j9k0m", &conversation.id),
        ("https://www.example.com", ORIGIN),
    ];
    for row in rows() {
        let mut text = row.event().to_string();
        for (placeholder, value) in known {
            text = text.replace(placeholder, value);
        }
        let event = serde_json::from_str(&text).expect("an event");
        let answer = answer(&harness, &row, event).await;
        assert_eq!(answer, row.in_the_demo, "{}", row.name());
    }
}

#[tokio::test]
async fn a_stream_event_that_cannot_be_handled_now_is_named_so_no_failures_means_something() {
    let harness = Harness::start().await;
    for row in rows().iter().filter(|row| row.as_it_is == "no failures") {
        harness
            .faults()
            .plan(Fault::new(Kind::Throttle).times(usize::MAX));
        let answer = answer(&harness, row, row.event()).await;
        harness.faults().reset();
        assert!(
            answer.contains("itemIdentifier"),
            "{}: {answer}",
            row.name()
        );
    }
}

/// Sends an event to its function, and says the answer in the table's words.
async fn answer(harness: &Harness, row: &Row, event: Value) -> String {
    let function = harness.stack.function(&row.function).expect("a function");
    let sent = event.to_string().into_bytes();
    let bytes = function
        .invoke(sent, "an-event")
        .await
        .unwrap_or_else(|error| {
            panic!("{}: {error}", row.name());
        });
    let said: Value = serde_json::from_slice(&bytes).expect("JSON");
    if !event["task"].is_null() || event["detail-type"].is_string() {
        assert!(
            said.as_object().is_some_and(|counts| !counts.is_empty()),
            "{}: {said}",
            row.name()
        );
        return "a report".into();
    }
    if event["requestContext"]["connectionId"].is_string() {
        // A frame's answer says whether it did anything.
        let frame: Value = said["body"].as_str().map_or(Value::Null, |body| {
            serde_json::from_str(body).expect("JSON")
        });
        assert!(
            frame.is_null() || frame["t"] == "error",
            "{}: {frame}",
            row.name()
        );
        return said["statusCode"].to_string();
    }
    if event["routeKey"].is_null() {
        let failures = said["batchItemFailures"].as_array();
        let failures = failures.unwrap_or_else(|| panic!("{}: {said}", row.name()));
        return if failures.is_empty() {
            "no failures".into()
        } else {
            said.to_string()
        };
    }
    let text = said["body"].as_str().unwrap_or_default().to_owned();
    let headers = said["headers"].as_object().into_iter().flatten();
    let headers = headers
        .filter_map(|(name, value)| Some((name.parse().ok()?, value.as_str()?.parse().ok()?)));
    let answer = Answer {
        status: said["statusCode"]
            .as_u64()
            .and_then(|n| u16::try_from(n).ok())
            .expect("a status"),
        headers: headers.collect(),
        body: serde_json::from_str(&text).unwrap_or_default(),
        text,
    };
    let http = &event["requestContext"]["http"];
    let (method, path) = (http["method"].as_str(), http["path"].as_str());
    let sent = event["body"].as_str().unwrap_or_default();
    let (method, path) = (method.expect("a method"), path.expect("a path"));
    let kept = check(method, path, sent.as_bytes(), &answer);
    kept.unwrap_or_else(|fault| panic!("{}: {fault}", row.name()));
    let problem = answer.header("content-type") == "application/problem+json";
    assert_eq!(
        problem,
        answer.status >= 400,
        "{}: {}",
        row.name(),
        answer.text
    );
    answer.status.to_string()
}

impl Row {
    /// Whether the file is a request, and its answer a status.
    fn is_http(&self) -> bool {
        self.as_it_is.parse::<u16>().is_ok() && self.event()["requestContext"]["http"].is_object()
    }

    fn name(&self) -> String {
        format!("{}/{}", self.function, self.file)
    }

    fn event(&self) -> Value {
        let file = repository()
            .join("events")
            .join(&self.function)
            .join(&self.file);
        let text = fs::read_to_string(file).expect("an event file");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", self.name()))
    }
}

/// The rows of the table in `events/README.md`.
fn rows() -> Vec<Row> {
    let text = fs::read_to_string(repository().join("events/README.md")).expect("the table");
    let words = |line: &str| -> Vec<String> {
        line.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect()
    };
    let rows: Vec<Row> = text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| match &words(line)[..] {
            [path, _, as_it_is, in_the_demo] => {
                let (function, file) = path.split_once('/').expect("a folder and a file");
                Row {
                    function: function.to_owned(),
                    file: file.to_owned(),
                    as_it_is: as_it_is.clone(),
                    in_the_demo: in_the_demo.clone(),
                }
            }
            _ => panic!("not four cells: {line}"),
        })
        .collect();
    assert!(rows.len() >= 9, "only {} rows", rows.len());
    rows
}
