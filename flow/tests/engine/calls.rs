//! Calls that a flow offers.

use flow::{Arrival, CallDid, Effect, Ignored, What};
use serde_json::{Value, json};

use crate::world::{Talk, compiled, document, node, variable};

/// Offers a call; where each port leads is its outcome.
fn offering(call: Value, ports: &[&str]) -> Value {
    let mut nodes = vec![node("a", "start", json!({})), node("c", "call", call)];
    let mut edges = vec!["a.next c".to_owned()];
    for port in ports {
        nodes.push(node(port, "end", json!({ "outcome": port })));
        edges.push(format!("c.{port} {port}"));
    }
    let edges: Vec<&str> = edges.iter().map(String::as_str).collect();
    document(
        json!([variable("v_n", "text")]),
        Value::Array(nodes),
        &edges,
    )
}

#[test]
fn an_offered_call_leads_on_by_what_became_of_it() {
    let flow = offering(
        json!({"kind": "audio", "md": "Talk to us, {{ n }}", "wait_s": 60}),
        &["ended", "missed", "declined", "unavailable"],
    );
    for (did, outcome) in [
        (CallDid::Ended, "ended"),
        (CallDid::Missed, "missed"),
        (CallDid::Declined, "declined"),
        (CallDid::Unavailable, "unavailable"),
    ] {
        let (mut talk, turn) = Talk::begin(compiled(&flow));
        assert_eq!(
            turn.effects,
            [Effect::OfferCall {
                key: "1.0".to_owned(),
                kind: flow::node::CallKind::Audio,
                md: Some("Talk to us, ".to_owned()),
                team: None,
                deadline: 1_060_000,
            }]
        );
        let of_another = What::Call {
            key: "0.0".to_owned(),
            did,
        };
        assert_eq!(talk.take(of_another).ignored, Some(Ignored::OutOfDate));
        let key = talk.key();
        talk.take(What::Call { key, did });
        assert_eq!(talk.outcome(), Some(outcome));
    }
}

#[test]
fn who_calls_in_time_may_speak_on_and_who_does_not_was_not_there() {
    let flow = offering(
        json!({"kind": "video", "wait_s": 60}),
        &["ended", "unavailable"],
    );
    let (mut talk, _) = Talk::begin(compiled(&flow));
    let key = talk.key();
    talk.now_ms += 60_000;
    talk.take(What::Timer { key: key.clone() });
    assert_eq!(talk.outcome(), Some("unavailable"));

    let (mut talk, _) = Talk::begin(compiled(&flow));
    let called = What::Call {
        key: key.clone(),
        did: CallDid::Joined,
    };
    talk.take(called);
    talk.now_ms += 4 * 3_600_000;
    let late = talk.take(What::Timer { key: key.clone() });
    assert_eq!(late.ignored, Some(Ignored::TooEarly));
    // Nothing follows on a call that was missed: then nobody was there.
    talk.take(What::Call {
        key: key.clone(),
        did: CallDid::Missed,
    });
    assert_eq!(talk.outcome(), Some("unavailable"));

    // Should nobody ever tell its end, it ends all the same.
    let (mut talk, _) = Talk::begin(compiled(&flow));
    talk.take(What::Call {
        key: key.clone(),
        did: CallDid::Joined,
    });
    talk.now_ms += 5 * 3_600_000;
    talk.take(What::Timer { key });
    assert_eq!(talk.outcome(), Some("unavailable"));
}

#[test]
fn where_there_are_no_calls_an_offer_is_left_at_once() {
    let flow = offering(json!({"kind": "video"}), &["ended", "unavailable"]);
    let begin = Arrival::of(What::Start {
        node: None,
        vars: Vec::new(),
    });
    let cx = flow::Cx {
        calls: false,
        ..crate::world::cx(0)
    };
    let turn = flow::step(&compiled(&flow), flow::State::new(), &begin, &cx).expect("it begins");
    let ended = turn.state.ended.and_then(|ended| ended.outcome);
    assert_eq!(ended.as_deref(), Some("unavailable"));
    assert_eq!(turn.effects.len(), 1, "{:?}", turn.effects);
    // Around and around, it meets a limit.
    let around = document(
        json!([]),
        json!([
            node("a", "start", json!({})),
            node("c", "call", json!({"kind": "video"}))
        ]),
        &["a.next c", "c.unavailable c"],
    );
    let turn = flow::step(&compiled(&around), flow::State::new(), &begin, &cx).expect("it begins");
    assert!(!turn.failures.is_empty());
}
