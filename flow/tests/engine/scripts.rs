//! Scripts: flows tried out with nothing behind them.

use flow::simulate::{Script, explore, simulate};
use serde_json::{Value, json};

use crate::world::{compiled, document, node, read, say, variable};

fn order() -> Value {
    document(
        json!([variable("v_n", "number"), variable("v_id", "text")]),
        json!([
            node("a", "start", json!({})),
            node(
                "q",
                "ask",
                json!({
                    "md": "How many?", "input": {"kind": "number", "min": 1, "max": 9}, "save": "v_n", "timeout_s": 60
                })
            ),
            node(
                "c",
                "condition",
                json!({"cases": [{"id": "k", "when": {"var": "v_n", "op": "gt", "value": {"lit": 5}}}]})
            ),
            node(
                "h",
                "http",
                json!({
                    "method": "POST", "url": "https://shop.example/orders", "map": [{"path": "/id", "to": "v_id"}]
                })
            ),
            say("many", "That is a lot: {{ id }}"),
            node("p", "handoff", json!({})),
            node("z", "end", json!({"outcome": "ordered"})),
            node("y", "end", json!({"outcome": "late"})),
        ]),
        &[
            "a.next q",
            "q.next c",
            "q.timeout y",
            "q.failed p",
            "c.case:k h",
            "c.else z",
            "h.ok many",
            "h.error p",
            "many.next z",
            "p.resolved z",
        ],
    )
}

fn script(value: Value) -> Script {
    serde_json::from_value(value).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_script_says_what_was_said_and_what_was_reached() {
    let script = script(json!({
        "seed": 1, "now": "2026-11-22T09:00:00Z",
        "http": [{"url": "/orders", "status": 200, "body": {"id": "T7"}}],
        "steps": [
            {"expect": [{"text": "How many"}, {"node": "q"}, {"effect": "await"}]},
            {"say": "7"},
            {"expect": [{"text": "T7"}, {"var": {"name": "id", "value": "T7"}}, {"outcome": "ordered"}]}
        ]
    }));
    let simulation = simulate(&read(&order()), &compiled(&order()), &script).expect("it runs");
    assert_eq!(simulation.missed, []);
    assert_eq!(
        (simulation.coverage.nodes, simulation.coverage.nodes_of),
        (6, 8)
    );
    assert_eq!(
        (simulation.coverage.edges, simulation.coverage.edges_of),
        (5, 10)
    );
    assert_eq!(simulation.coverage.missed_nodes, ["p", "y"]);
}

#[test]
fn an_expectation_that_is_not_so_is_told() {
    let script = script(
        json!({"steps": [{"say": "2"}, {"expect": [{"outcome": "ordered"}, {"text": "T7"}]}]}),
    );
    let simulation = simulate(&read(&order()), &compiled(&order()), &script).expect("it runs");
    assert_eq!(simulation.missed.len(), 1);
    assert_eq!(simulation.missed[0].step, 1);
}

#[test]
fn time_goes_by_when_the_script_says_so() {
    let script = script(
        json!({"steps": [{"advance_ms": 59_999}, {"advance_ms": 1}, {"expect": [{"outcome": "late"}]}]}),
    );
    let simulation = simulate(&read(&order()), &compiled(&order()), &script).expect("it runs");
    assert_eq!(simulation.missed, []);
}

#[test]
fn a_script_says_nothing_unknown() {
    for wrong in [
        json!({"stepps": []}),
        json!({"steps": [{"shout": "x"}]}),
        json!({"now": "yesterday"}),
    ] {
        assert!(serde_json::from_value::<Script>(wrong).is_err());
    }
}

#[test]
fn walks_at_random_reach_everything_and_follow_from_their_seed() {
    let flow = compiled(&order());
    let first = explore(&read(&order()), &flow, 200, 3).expect("it runs");
    assert_eq!(first.coverage.missed_nodes, [""; 0]);
    assert_eq!((first.ended, first.failures.len()), (200, 0));
    assert_eq!(
        first,
        explore(&read(&order()), &flow, 200, 3).expect("it runs")
    );
}
