//! What goes around in circles, and what grows.

use flow::{Limit, Reason, Subflows, What, compile_draft};
use serde_json::{Value, json};

use crate::world::{Talk, compiled, document, node, read, say, variable};

fn draft(document: &Value) -> flow::Compiled {
    compile_draft(&read(document), &Subflows::new()).unwrap_or_else(|wrong| panic!("{wrong:?}"))
}

fn set(id: &str, to: &str, value: Value) -> Value {
    node(id, "set", json!({"to": to, "value": value}))
}

#[test]
fn a_circle_of_jumps_and_one_of_one_node_end() {
    let jumps = document(
        json!([]),
        json!([
            node("a", "start", json!({})),
            node("b", "jump", json!({"to": "c"})),
            node("c", "jump", json!({"to": "b"})),
        ]),
        &["a.next b"],
    );
    let itself = document(
        json!([variable("v_n", "number")]),
        json!([
            node("a", "start", json!({})),
            set("b", "v_n", json!({"lit": 1}))
        ]),
        &["a.next b", "b.next b"],
    );
    for (flow, limit) in [(jumps, Limit::Nodes), (itself, Limit::Edge)] {
        let (talk, turn) = Talk::begin(draft(&flow));
        assert_eq!(turn.failures[0].reason, Reason::Limit(limit));
        assert!(!turn.failures[0].path.is_empty());
        assert_eq!(talk.outcome(), Some("error"));
    }
}

#[test]
fn a_failure_goes_to_on_error_then_to_people_then_to_the_end() {
    let mut flow = document(
        json!([]),
        json!([
            node("a", "start", json!({})),
            node("b", "jump", json!({"to": "b"})),
            say("sorry", "Sorry."),
            node("h", "handoff", json!({})),
        ]),
        &["a.next b", "sorry.next b", "h.resolved b"],
    );
    flow["handlers"] = json!({"on_error": "sorry"});
    let (mut talk, turn) = Talk::begin(draft(&flow));
    assert_eq!(turn.failures.len(), 2);
    assert_eq!(talk.at(), "h");
    let turn = talk.take(What::Agent(flow::AgentDid::Resolved));
    assert_eq!(turn.failures.len(), 1);
    assert_eq!(talk.outcome(), Some("error"));
}

#[test]
fn requests_are_counted_until_the_visitor_says_something() {
    let flow = document(
        json!([]),
        json!([
            node("a", "start", json!({})),
            node(
                "h",
                "http",
                json!({"method": "GET", "url": "https://api.acme.example/"})
            ),
            node("w", "wait", json!({"for_s": 1})),
        ]),
        &["a.next h", "h.ok w", "h.error w", "w.next h"],
    );
    let (mut talk, _) = Talk::begin(compiled(&flow));
    for _ in 0..20 {
        let key = talk.key();
        talk.now_ms += 1_000;
        talk.take(What::Http {
            key: key.clone(),
            status: 500,
            body: Value::Null,
        });
        talk.take(What::Timer { key: talk.key() });
    }
    assert_eq!(talk.outcome(), Some("error"));
}

#[test]
fn a_conversation_has_only_so_many_turns() {
    let flow = document(
        json!([]),
        json!([
            node("a", "start", json!({})),
            node("q", "ask", json!({"input": {"kind": "text"}}))
        ]),
        &["a.next q", "q.next q"],
    );
    let (mut talk, _) = Talk::begin(compiled(&flow));
    for _ in 0..1_999 {
        assert!(talk.say("more").failures.is_empty());
    }
    talk.say("more");
    assert_eq!(talk.outcome(), Some("error"));
}

#[test]
fn a_state_never_takes_more_than_32_kib() {
    let variables: Vec<Value> = (0..40)
        .map(|n| variable(&format!("v_{n}"), "text"))
        .collect();
    let mut variables = variables;
    variables.push(json!({"id": "v_l", "name": "l", "type": "list<text>"}));
    let flow = document(
        Value::Array(variables),
        json!([
            node("a", "start", json!({})),
            node(
                "q",
                "ask",
                json!({"input": {"kind": "text"}, "save": "v_0"})
            ),
            set("b", "v_1", json!({"template": "{{ 0 }}"})),
            set("l", "v_l", json!({"append": {"var": "v_0"}})),
            set("m", "v_2", json!({"var": "v_0"})),
            set("n", "v_3", json!({"var": "v_0"})),
            set("o", "v_4", json!({"var": "v_0"})),
            set("p", "v_5", json!({"var": "v_0"})),
        ]),
        &[
            "a.next q", "q.next b", "b.next l", "l.next m", "m.next n", "n.next o", "o.next p",
            "p.next q",
        ],
    );
    for text in [
        "x".repeat(4_000),
        "\u{1}".repeat(1_300),
        "ü".repeat(4_000),
        "\"".repeat(4_000),
    ] {
        let (mut talk, _) = Talk::begin(draft(&flow));
        let mut failed = false;
        for _ in 0..50 {
            let turn = talk.say(&text);
            failed |= turn
                .failures
                .iter()
                .any(|failure| failure.reason == Reason::Limit(Limit::State));
            let stored = serde_json::to_string(&talk.state).expect("a state is JSON");
            assert!(stored.len() <= flow::MAX_STATE_BYTES, "{}", stored.len());
        }
        assert!(failed);
    }
}

#[test]
fn too_many_messages_and_too_deep_subflows_end() {
    let parts: Vec<Value> = (0..20)
        .map(|_| json!({"kind": "text", "md": "x"}))
        .collect();
    let flow = document(
        json!([]),
        json!([
            node("a", "start", json!({})),
            node("m", "message", json!({"parts": parts})),
            say("n", "one more"),
            node("z", "end", json!({})),
        ]),
        &["a.next m", "m.next n", "n.next z"],
    );
    let (_, turn) = Talk::begin(compiled(&flow));
    assert_eq!(turn.failures[0].reason, Reason::Limit(Limit::Messages));
    let through = |name: &str, version: u32| {
        read(&document(
            json!([]),
            json!([
                node("a", "start", json!({})),
                node("s", "subflow", json!({"flow": name, "version": version}))
            ]),
            &["a.next s"],
        ))
    };
    let subflows = Subflows::from([
        ("x@1".to_owned(), through("y", 1)),
        ("y@1".to_owned(), through("x", 1)),
    ]);
    let outer = through("x", 1);
    let wrong = flow::check(&outer, &subflows, &flow::Surroundings::default());
    assert!(
        wrong
            .iter()
            .any(|diagnostic| diagnostic.code == flow::Code::E121 && !diagnostic.path.is_empty())
    );
    let flow = compile_draft(&outer, &subflows).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    let (_, turn) = Talk::begin(flow);
    assert_eq!(turn.failures[0].reason, Reason::Limit(Limit::Frames));
}

#[test]
fn what_fails_after_a_subflow_is_the_fault_of_the_node_that_called_it() {
    let inner = document(json!([]), json!([node("i", "start", json!({}))]), &[]);
    let flow = document(
        json!([]),
        json!([
            node("a", "start", json!({})),
            node(
                "call",
                "subflow",
                json!({"flow": "flw_in", "version": 1, "give": [], "take": []})
            ),
        ]),
        &["a.next call", "call.next call", "call.error call"],
    );
    let subflows = Subflows::from([("flw_in@1".to_owned(), read(&inner))]);
    let draft = compile_draft(&read(&flow), &subflows).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    let (talk, turn) = Talk::begin(draft);
    assert_eq!(turn.failures[0].node, "call", "{:?}", turn.failures);
    assert_eq!(talk.outcome(), Some("error"));
}
