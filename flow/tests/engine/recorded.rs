//! Tests made of what happened.

use flow::simulate::{Script, Walked, record, simulate};
use flow::{Document, Subflows, compile_draft};
use serde_json::{Value, json};

use crate::world::{document, node, read, say, variable};

fn script(value: Value) -> Script {
    serde_json::from_value(value).unwrap_or_else(|error| panic!("{error}"))
}

fn way(document: &Document, script: &Script) -> Vec<Walked> {
    let flow = compile_draft(document, &Subflows::new()).expect("it runs");
    let played = simulate(document, &flow, script).expect("it plays");
    let visits = played.trace.into_iter();
    visits
        .map(|visit| Walked {
            node: visit.node,
            port: visit.port,
        })
        .collect()
}

/// The test recorded of a conversation: it goes the same way, and says none of these words.
fn recorded(document: &Value, happened: Value, private: &[&str]) -> Script {
    let document = read(document);
    let flow = compile_draft(&document, &Subflows::new()).expect("it runs");
    let went = way(&document, &script(happened));
    let test = record(&document, &Subflows::new(), &flow, &went).expect("a test is found");
    assert_eq!(way(&document, &test), went, "{test:?}");
    let played = simulate(&document, &flow, &test).expect("it plays");
    assert!(played.missed.is_empty(), "{:?}", played.missed);
    let text = serde_json::to_string(&test).expect("a script is JSON");
    for word in private {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert!(text.contains("expect"), "{text}");
    let again: Script = serde_json::from_str(&text).expect("it reads back");
    assert_eq!(again, test);
    test
}

/// Asks, compares, asks a server, sends people three ways, offers a call, and hands over.
fn long() -> Value {
    document(
        json!([
            variable("v_name", "text"),
            variable("v_age", "number"),
            variable("v_plan", "text"),
            variable("v_state", "text"),
        ]),
        json!([
            node("s", "start", json!({})),
            node(
                "name",
                "ask",
                json!({"md": "Name?", "input": {"kind": "text", "min_len": 2}, "save": "v_name"})
            ),
            node(
                "age",
                "ask",
                json!({"input": {"kind": "number", "min": 0}, "save": "v_age", "retry": {"max": 1}, "timeout_s": 60})
            ),
            node(
                "old",
                "condition",
                json!({"cases": [
                    {"id": "child", "when": {"var": "v_age", "op": "lt", "value": {"lit": 14}}},
                    {"id": "teen", "when": {"all": [
                        {"var": "v_age", "op": "gte", "value": {"lit": 14}}, {"var": "v_age", "op": "lt", "value": {"lit": 18}}]}},
                ]})
            ),
            node(
                "plan",
                "choice",
                json!({"options": [{"id": "a", "label": "A"}, {"id": "b", "label": "B"}], "save": "v_plan"})
            ),
            node(
                "ask",
                "http",
                json!({"method": "GET", "url": "https://api.acme.example/{{ name }}",
                "map": [{"path": "/data/state", "to": "v_state"}]})
            ),
            node(
                "known",
                "condition",
                json!({"cases": [
                {"id": "vip", "when": {"var": "v_state", "op": "eq", "value": {"lit": "vip"}}}]})
            ),
            node(
                "arms",
                "split",
                json!({"arms": [{"id": "x", "weight": 34}, {"id": "y", "weight": 33}, {"id": "z", "weight": 33}]})
            ),
            say("x", "X"),
            node("wait", "wait", json!({"for_s": 600})),
            node("call", "call", json!({"kind": "video"})),
            node("people", "handoff", json!({"wait_s": 60})),
            node("end", "end", json!({"outcome": "done"})),
        ]),
        &[
            "s.next name",
            "name.next age",
            "age.next old",
            "age.failed people",
            "age.timeout people",
            "old.case:child people",
            "old.case:teen plan",
            "old.else plan",
            "plan.opt:a ask",
            "plan.opt:b people",
            "ask.ok known",
            "ask.error people",
            "known.case:vip arms",
            "known.else people",
            "arms.arm:x x",
            "arms.arm:y call",
            "arms.arm:z wait",
            "x.next call",
            "wait.next call",
            "call.ended end",
            "call.missed people",
            "call.declined end",
            "call.unavailable people",
            "people.resolved end",
            "people.timeout end",
        ],
    )
}

#[test]
fn a_test_goes_the_way_of_a_conversation_and_says_none_of_its_words() {
    let said = ["Canary Ada", "17.5"];
    let begins = |rest: &[Value]| {
        let mut steps = vec![json!({"say": said[0]}), json!({"say": said[1]})];
        steps.extend(rest.iter().cloned());
        steps
    };
    let servers = json!([{"url": "acme", "status": 200, "body": {"data": {"state": "vip"}, "secret": "canary"}}]);
    for seed in 0..9 {
        for did in ["ended", "missed", "declined", "unavailable"] {
            let steps = begins(&[
                json!({"choose": ["a"]}),
                json!({"advance_ms": 240_000}),
                json!({"advance_ms": 360_000}),
                json!({"call": did}),
                json!({"agent": "resolved"}),
            ]);
            let happened = json!({"seed": seed, "http": servers, "steps": steps});
            recorded(&long(), happened, &["Canary", "17.5", "canary"]);
        }
    }
    let happened = json!({"http": [{"url": "", "status": 503}], "steps": begins(&[json!({"choose": ["a"]}), json!({"advance_ms": 60_000})])});
    let test = recorded(&long(), happened, &["Canary"]);
    assert_eq!(test.http[0].status, 500);
    // Somebody who says nonsense, and one who says nothing any more.
    let happened =
        json!({"steps": [{"say": "Canary"}, {"say": "?"}, {"say": "many"}, {"agent": "resolved"}]});
    recorded(&long(), happened, &["Canary", "many"]);
    let happened = json!({"steps": [{"say": "Canary"}, {"advance_ms": 60_000}]});
    recorded(&long(), happened, &["Canary"]);
    // One who only began.
    recorded(&long(), json!({}), &[]);
}

/// A question that takes what a pattern takes, and a fork that compares with one.
#[test]
fn what_a_pattern_takes_is_made_up_out_of_the_pattern() {
    let flow = document(
        json!([variable("v_a", "text"), variable("v_b", "text")]),
        json!([
            node("s", "start", json!({})),
            node(
                "q",
                "ask",
                json!({"input": {"kind": "text", "regex": "^[A-Z]{3}-[0-9]{4}$", "min_len": 8}, "save": "v_a"})
            ),
            node(
                "r",
                "ask",
                json!({"input": {"kind": "text"}, "save": "v_b"})
            ),
            node(
                "c",
                "condition",
                json!({"cases": [{"id": "x", "when": {"var": "v_b", "op": "matches", "value": {"lit": "^#[0-9]{6,}$"}}}]})
            ),
            node("z", "end", json!({"outcome": "number"})),
            node("y", "end", json!({})),
        ]),
        &["s.next q", "q.next r", "r.next c", "c.case:x z", "c.else y"],
    );
    let steps = json!({"steps": [{"say": "CAN-1234"}, {"say": "#1234567"}]});
    let test = recorded(&flow, steps, &["CAN-1234", "#1234567"]);
    assert_eq!(test.steps.len(), 5);
    // One who is asked again first.
    let steps = json!({"steps": [{"say": "canary"}, {"say": "CAN-1234"}, {"say": "nothing"}]});
    recorded(&flow, steps, &["canary", "CAN-1234", "nothing"]);
}

#[test]
fn a_way_that_nobody_can_make_up_makes_no_test() {
    let flow = document(
        json!([variable("v_a", "text")]),
        json!([
            node("s", "start", json!({})),
            node(
                "q",
                "ask",
                json!({"input": {"kind": "text"}, "save": "v_a"})
            ),
            node(
                "c",
                "condition",
                json!({"cases": [{"id": "x", "when": {"expr": "a == 'ABC' ~ '-1234'"}}]})
            ),
            node("z", "end", json!({})),
        ]),
        &["s.next q", "q.next c", "c.case:x z", "c.else z"],
    );
    let read = read(&flow);
    let program = compile_draft(&read, &Subflows::new()).expect("it runs");
    let went = way(&read, &script(json!({"steps": [{"say": "ABC-1234"}]})));
    assert_eq!(went.len(), 5);
    let stopped =
        |way: &[Walked]| record(&read, &Subflows::new(), &program, way).map_err(|not| not.at);
    assert_eq!(stopped(&went), Err(Some("q".to_owned())));
    let elsewhere = [Walked {
        node: "nowhere".to_owned(),
        port: None,
    }];
    assert_eq!(stopped(&elsewhere), Err(Some("nowhere".to_owned())));
    assert_eq!(stopped(&[]), Err(None));
}
