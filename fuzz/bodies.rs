//! What must hold whatever the bytes: shared by the fuzz targets and by the properties on stable.
#![allow(dead_code, reason = "each target takes one")]

use flow::simulate::explore;
use flow::typebot::import;
use flow::{
    AgentDid, Arrival, CallDid, Cx, Document, Effect, FileRef, Limits, MAX_STATE_BYTES, State,
    Subflows, Surroundings, What, check, compile, compile_draft, node::Part, publishable,
    step as engine_step,
};
use serde_json::{Value, json};

/// The most arrivals of one input.
const ARRIVALS: usize = 64;
/// The most bytes that a template makes.
const RENDERED: usize = 64 * 1024;
/// How many walks a document is tried with: each is bounded by the limits of the engine.
const WALKS: u32 = 3;

/// A document is read or refused; what has no error compiles, and what compiles can be walked through.
pub fn document(bytes: &[u8]) {
    let Ok(document) = Document::parse(bytes) else {
        return;
    };
    runs(&document);
}

/// An export is brought over or refused; what comes over is a document like any other, and every block of it is
/// there or has a line in the report.
pub fn typebot(bytes: &[u8]) {
    let Ok(imported) = import(bytes) else {
        return;
    };
    assert!(imported.blocks_mapped <= imported.blocks);
    let lost = imported.blocks - imported.blocks_mapped;
    assert!(
        lost == 0 || !imported.report.is_empty(),
        "a loss without a line"
    );
    let text = serde_json::to_vec(&imported.document).expect("a document is JSON");
    if let Ok(document) = Document::parse(&text) {
        runs(&document);
    }
}

fn runs(document: &Document) {
    let (subflows, around) = (Subflows::new(), Surroundings::default());
    let found = check(document, &subflows, &around);
    let compiled = compile(document, &subflows, &around);
    assert_eq!(compiled.is_ok(), publishable(&found));
    if let Ok(draft) = compile_draft(document, &subflows) {
        // It may have no start; then nobody walks.
        let _ = explore(document, &draft, WALKS, 1);
    }
}

/// A line that is the source, and what its variables hold: a template wherever a flow has one, an expression
/// wherever it has one of those. It is refused or evaluated, what it makes is bounded, and made again it is the same.
pub fn templates(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (source, held) = text.split_once('\n').unwrap_or((&text, "1e9"));
    let held_json: Value = serde_json::from_str(held).unwrap_or_else(|_| held.into());
    let vars = || {
        let name = |name: &str, value: Value| (name.to_owned(), value);
        vec![
            name("a", held.into()),
            name("n", held_json.clone()),
            name("l", json!([held, held_json, held])),
            name("j", held_json.clone()),
        ]
    };
    for (kind, data) in [
        (
            "message",
            json!({"parts": [{"kind": "text", "md": source}]}),
        ),
        ("set", json!({"to": "v_a", "value": {"template": source}})),
        ("set", json!({"to": "v_j", "value": {"expr": source}})),
        (
            "condition",
            json!({"cases": [{"id": "c", "when": {"expr": source}}]}),
        ),
        (
            "http",
            json!({"method": "POST", "url": format!("https://api.acme.example/{source}"), "body": {"json": source}}),
        ),
    ] {
        let document = json!({
            "schema": "flow/1", "name": "One template",
            "variables": [
                {"id": "v_a", "name": "a", "type": "text"}, {"id": "v_n", "name": "n", "type": "number"},
                {"id": "v_l", "name": "l", "type": "list<text>"}, {"id": "v_j", "name": "j", "type": "json"}
            ],
            "nodes": [
                {"id": "s", "type": "start", "data": {}},
                {"id": "t", "type": kind, "data": data},
                {"id": "e", "type": "end", "data": {}}
            ],
            "edges": [
                {"id": "1", "from": {"node": "s", "port": "next"}, "to": {"node": "t"}},
                {"id": "2", "from": {"node": "t", "port": if kind == "condition" { "else" } else { "next" }}, "to": {"node": "e"}}
            ]
        });
        let text = document.to_string();
        let Ok(document) = Document::parse(text.as_bytes()) else {
            continue;
        };
        let _ = check(&document, &Subflows::new(), &Surroundings::default());
        let Ok(flow) = compile_draft(&document, &Subflows::new()) else {
            continue;
        };
        let once = || {
            let arrival = Arrival::of(What::Start {
                node: None,
                vars: vars(),
            });
            let cx = Cx {
                now_ms: 1_700_000_000_000,
                seed: 7,
                offset_minutes: 0,
                limits: Limits::default(),
                calls: true,
            };
            engine_step(&flow, State::new(), &arrival, &cx).expect("a flow that begins")
        };
        let turn = once();
        for effect in &turn.effects {
            let made = match effect {
                Effect::Send {
                    part: Part::Text { md },
                    ..
                } => md.len(),
                Effect::Http { request, .. } => request.url.len().min(RENDERED),
                _ => 0,
            };
            assert!(made <= RENDERED, "{made} bytes");
        }
        let state = serde_json::to_string(&turn.state).expect("a state is JSON");
        assert!(state.len() <= MAX_STATE_BYTES);
        assert_eq!(once(), turn);
    }
}

/// Whatever comes in, in whatever order: the state stays small and reads back, and the same again is the same.
pub fn step(bytes: &[u8]) {
    let document = Document::parse(MANY_SIDED.as_bytes()).expect("a document of ours");
    let flow = compile_draft(&document, &Subflows::new()).expect("it runs");
    let play = || {
        let mut state = State::new();
        let mut told = String::new();
        let mut now_ms = 1_700_000_000_000;
        let mut rest = bytes;
        let mut arrival = Arrival::of(What::Start {
            node: None,
            vars: Vec::new(),
        });
        for _ in 0..ARRIVALS {
            let cx = Cx {
                now_ms,
                seed: 7,
                offset_minutes: 0,
                limits: Limits::default(),
                calls: true,
            };
            let turn = engine_step(&flow, state, &arrival, &cx).expect("a state of this flow");
            let text = serde_json::to_string(&turn.state).expect("a state is JSON");
            assert!(text.len() <= MAX_STATE_BYTES);
            told.push_str(&text);
            told.push_str(&serde_json::to_string(&turn.effects).expect("effects are JSON"));
            state = serde_json::from_str(&text).expect("a state reads back");
            let [kind, length, after @ ..] = rest else {
                break;
            };
            let (said, left) = after.split_at(usize::from(*length).min(after.len()));
            rest = left;
            now_ms += i64::from(*length) * 1_000;
            let key = state.wait.as_ref().map(|wait| wait.key.clone());
            arrival = Arrival {
                id: (kind & 0x80 != 0).then(|| length.to_string()),
                what: what(
                    *kind,
                    &String::from_utf8_lossy(said),
                    key.unwrap_or_default(),
                ),
            };
        }
        told
    };
    assert_eq!(play(), play());
}

fn what(kind: u8, text: &str, key: String) -> What {
    let text = text.to_owned();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text.clone()));
    match kind % 16 {
        0 => What::Choice(vec![text, "o".to_owned()]),
        1 => What::Timer { key },
        2 => What::Timer { key: text },
        3 => What::Http {
            key,
            status: 200,
            body,
        },
        4 => What::Http {
            key: text,
            status: 0,
            body: Value::Null,
        },
        5 => What::Event { key, body },
        6 => What::Agent(AgentDid::Resolved),
        7 => What::Agent(AgentDid::Took),
        8 => What::Call {
            key,
            did: match text.len() % 5 {
                0 => CallDid::Ended,
                1 => CallDid::Joined,
                2 => CallDid::Declined,
                3 => CallDid::Missed,
                _ => CallDid::Unavailable,
            },
        },
        9 => What::Command(text),
        10 => What::Files(vec![FileRef {
            id: text,
            media_type: "image/png".to_owned(),
        }]),
        11 => What::Proven(text),
        12 => What::Start {
            node: Some(text),
            vars: vec![("a".to_owned(), body)],
        },
        13 if text == "cancel" => What::Cancel,
        _ => What::Text(text),
    }
}

const MANY_SIDED: &str = r#"{
    "schema": "flow/1", "name": "Many sides",
    "variables": [
        {"id": "v_a", "name": "a", "type": "text"}, {"id": "v_n", "name": "n", "type": "number"},
        {"id": "v_l", "name": "l", "type": "list<text>"}, {"id": "v_j", "name": "j", "type": "json"}
    ],
    "nodes": [
        {"id": "s", "type": "start", "data": {}},
        {"id": "q", "type": "ask", "data": {"md": "?", "input": {"kind": "text"}, "save": "v_a", "timeout_s": 30}},
        {"id": "n", "type": "ask", "data": {"input": {"kind": "number"}, "save": "v_n", "retry": {"max": 2}}},
        {"id": "c", "type": "choice", "data": {"options": [{"id": "o", "label": "{{ a }}"}, {"id": "p", "label": "P"}]}},
        {"id": "h", "type": "http", "data": {"method": "POST", "url": "https://api.acme.example/{{ a }}",
            "body": {"json": {"a": "{{ a }}", "l": "{{ l }}"}}, "map": [{"path": "", "to": "v_j"}, {"path": "/a", "to": "v_a"}]}},
        {"id": "v", "type": "event", "data": {"name": "paid", "timeout_s": 60, "map": [{"path": "/n", "to": "v_n"}]}},
        {"id": "i", "type": "set", "data": {"to": "v_l", "value": {"append": {"template": "{{ a }}{{ n }}"}}}},
        {"id": "f", "type": "ask", "data": {"md": "File?", "input": {"kind": "file"}}},
        {"id": "o", "type": "ask", "data": {"md": "Mail?", "input": {"kind": "otp_email"}, "retry": {"max": 2}}},
        {"id": "t", "type": "handoff", "data": {"note": "{{ l }}{{ j }}", "wait_s": 60}},
        {"id": "k", "type": "call", "data": {"kind": "video", "md": "{{ a }}"}},
        {"id": "e", "type": "end", "data": {}}
    ],
    "edges": [
        {"id": "1", "from": {"node": "s", "port": "next"}, "to": {"node": "q"}},
        {"id": "2", "from": {"node": "q", "port": "next"}, "to": {"node": "n"}},
        {"id": "3", "from": {"node": "q", "port": "timeout"}, "to": {"node": "v"}},
        {"id": "4", "from": {"node": "n", "port": "next"}, "to": {"node": "c"}},
        {"id": "5", "from": {"node": "n", "port": "failed"}, "to": {"node": "t"}},
        {"id": "6", "from": {"node": "c", "port": "opt:o"}, "to": {"node": "h"}},
        {"id": "7", "from": {"node": "c", "port": "next"}, "to": {"node": "i"}},
        {"id": "8", "from": {"node": "h", "port": "ok"}, "to": {"node": "i"}},
        {"id": "9", "from": {"node": "h", "port": "error"}, "to": {"node": "t"}},
        {"id": "10", "from": {"node": "i", "port": "next"}, "to": {"node": "f"}},
        {"id": "11", "from": {"node": "f", "port": "next"}, "to": {"node": "o"}},
        {"id": "12", "from": {"node": "o", "port": "next"}, "to": {"node": "v"}},
        {"id": "13", "from": {"node": "o", "port": "failed"}, "to": {"node": "q"}},
        {"id": "14", "from": {"node": "v", "port": "next"}, "to": {"node": "q"}},
        {"id": "15", "from": {"node": "v", "port": "timeout"}, "to": {"node": "k"}},
        {"id": "18", "from": {"node": "k", "port": "ended"}, "to": {"node": "q"}},
        {"id": "19", "from": {"node": "k", "port": "unavailable"}, "to": {"node": "t"}},
        {"id": "16", "from": {"node": "t", "port": "resolved"}, "to": {"node": "q"}},
        {"id": "17", "from": {"node": "t", "port": "timeout"}, "to": {"node": "e"}}
    ]
}"#;
