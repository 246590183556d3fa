//! The same again is the same again, whatever comes in.

use flow::{AgentDid, Arrival, CallDid, State, What, step};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{compiled, cx, document, node, say, variable};

fn many_sided() -> Value {
    let mut flow = document(
        json!([
            variable("v_a", "text"), variable("v_n", "number"), variable("v_when", "datetime"),
            {"id": "v_l", "name": "l", "type": "list<text>"}
        ]),
        json!([
            node("a", "start", json!({})),
            node(
                "q",
                "ask",
                json!({"md": "Name?", "input": {"kind": "text"}, "save": "v_a", "timeout_s": 30})
            ),
            node(
                "n",
                "ask",
                json!({"input": {"kind": "number", "min": 0.5}, "save": "v_n", "retry": {"max": 2}})
            ),
            node(
                "s",
                "split",
                json!({"arms": [{"id": "x", "weight": 30}, {"id": "y", "weight": 70}]})
            ),
            node("t", "set", json!({"to": "v_when", "value": {"now": {}}})),
            node(
                "i",
                "set",
                json!({"to": "v_l", "value": {"append": {"template": "{{ a }}{{ n / 3 }}"}}})
            ),
            node(
                "c",
                "choice",
                json!({
                    "options": [{"id": "o", "label": "Go {{ a }}"}, {"id": "p", "label": "P"}], "multi": true
                })
            ),
            node(
                "h",
                "http",
                json!({
                    "method": "GET", "url": "https://api.acme.example/{{ a }}", "map": [{"path": "/x", "to": "v_a"}]
                })
            ),
            node("w", "wait", json!({"for_s": 7})),
            node("p", "handoff", json!({"note": "{{ l }}"})),
            say("m", "{{ a }} {{ n }} {{ when }} {{ l|join('+') }}"),
        ]),
        &[
            "a.next q",
            "q.next n",
            "q.timeout w",
            "n.next s",
            "n.failed p",
            "s.arm:x t",
            "s.arm:y i",
            "t.next c",
            "i.next c",
            "c.opt:o h",
            "c.next h",
            "h.ok w",
            "h.error p",
            "w.next m",
            "p.resolved m",
            "m.next q",
        ],
    );
    flow["handlers"] = json!({"commands": [{"name": "again", "to": "a"}], "on_invalid": "m"});
    flow
}

fn arrivals() -> impl Strategy<Value = Vec<(u8, String, u32)>> {
    prop::collection::vec(
        (0_u8..12, "\\PC{0,12}|[0-9]{1,3}|o|p|P", 0_u32..40_000),
        1..60,
    )
}

fn what(kind: u8, text: &str, key: &str) -> What {
    match kind {
        0..4 => What::Text(text.to_owned()),
        4 => What::Choice(vec!["o".to_owned()]),
        5 => What::Choice(vec![text.to_owned(), "p".to_owned()]),
        6 => What::Http {
            key: key.to_owned(),
            status: 200,
            body: json!({"x": text}),
        },
        7 => What::Http {
            key: key.to_owned(),
            status: 500,
            body: Value::Null,
        },
        8 => What::Timer {
            key: key.to_owned(),
        },
        9 => What::Agent(AgentDid::Resolved),
        10 => What::Command("again".to_owned()),
        _ => What::Call {
            key: key.to_owned(),
            did: CallDid::Ended,
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn the_same_arrivals_give_the_same_turns_byte_for_byte(arrivals in arrivals(), seed: u64) {
        let flow = compiled(&many_sided());
        let play = || {
            let mut told = String::new();
            let mut state = State::new();
            let mut now = 1_700_000_000_000;
            let mut first = Some(What::Start { node: None, vars: vec![("a".to_owned(), json!("Ada"))] });
            for (n, (kind, text, wait)) in arrivals.iter().enumerate() {
                now += i64::from(*wait);
                let key = state.wait.as_ref().map(|wait| wait.key.clone()).unwrap_or_default();
                let what = first.take().unwrap_or_else(|| what(*kind, text, &key));
                let arrival = Arrival { id: Some(n.to_string()), what };
                let before = state.clone();
                let cx = flow::Cx { seed, ..cx(now) };
                let turn = step(&flow, state, &arrival, &cx).expect("the state is of this flow");
                if turn.ignored.is_some() && turn.effects.is_empty() && turn.trace.is_empty() {
                    assert_eq!(before, turn.state, "what is ignored changes nothing");
                } else {
                    assert_eq!(before.turn + 1, turn.state.turn);
                }
                let stored = serde_json::to_string(&turn.state).expect("a state is JSON");
                assert!(stored.len() <= flow::MAX_STATE_BYTES);
                told.push_str(&stored);
                told.push_str(&serde_json::to_string(&turn.effects).expect("effects are JSON"));
                state = serde_json::from_str(&stored).expect("a state is read again");
                assert_eq!(state, turn.state);
            }
            told
        };
        prop_assert_eq!(play(), play());
    }

    #[test]
    fn a_document_of_any_shape_is_read_or_refused(text in "\\PC{0,200}", n in 0_usize..40) {
        let _ = flow::Document::parse(text.as_bytes());
        let mut value = many_sided();
        let hurt = json!([null, -1, {"a": 1}, [[]], text, 1e300, true]);
        let nodes = value["nodes"].as_array().map_or(1, Vec::len);
        let wrong = hurt[n % 7].clone();
        match n % 5 {
            0 => value["nodes"][n % nodes]["data"] = wrong,
            1 => value["nodes"][n % nodes]["id"] = wrong,
            2 => value["edges"][n % 10]["from"]["port"] = wrong,
            3 => value["edges"][n % 10]["to"]["node"] = wrong,
            _ => value["handlers"] = wrong,
        }
        if let Ok(document) = flow::Document::from_value(&value) {
            let found = flow::check(&document, &flow::Subflows::new(), &flow::Surroundings::default());
            let compiled = flow::compile(&document, &flow::Subflows::new(), &flow::Surroundings::default());
            prop_assert_eq!(compiled.is_ok(), flow::publishable(&found));
        }
    }
}

/// The bytes of a turn on whatever machine this runs: written down once.
#[test]
fn a_turn_has_the_same_bytes_on_every_machine() {
    let flow = compiled(&many_sided());
    let begin = Arrival::of(What::Start {
        node: None,
        vars: Vec::new(),
    });
    let turn = step(&flow, State::new(), &begin, &cx(0)).expect("it begins");
    let turn = step(
        &flow,
        turn.state,
        &Arrival::of(What::Text("Zoë".to_owned())),
        &cx(5),
    )
    .expect("it goes on");
    let turn = step(
        &flow,
        turn.state,
        &Arrival::of(What::Text("10".to_owned())),
        &cx(9),
    )
    .expect("it goes on");
    let told = serde_json::to_string(&(&turn.state, &turn.effects)).expect("a turn is JSON");
    assert_eq!(told, include_str!("turn.json").trim_end());
}
