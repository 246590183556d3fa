//! Figures: what a turn adds to them, and what they say.

use std::collections::BTreeMap;

use flow::figures::{Figures, figures, marks};
use flow::{Turn, What};
use serde_json::json;

use crate::world::{Talk, compiled, document, node, read, say, variable};

#[test]
fn visits_retries_ports_handoffs_and_ends_are_counted_and_nobody_is() {
    let flow = document(
        json!([variable("v_mail", "email")]),
        json!([
            node("s", "start", json!({})),
            node(
                "mail",
                "ask",
                json!({"md": "Mail?", "input": {"kind": "email"}, "save": "v_mail", "timeout_s": 60})
            ),
            node(
                "arm",
                "split",
                json!({"arms": [{"id": "a", "weight": 100}, {"id": "b", "weight": 0}]})
            ),
            node("people", "handoff", json!({})),
            say("late", "Too late."),
            node("e", "end", json!({})),
        ]),
        &[
            "s.next mail",
            "mail.next arm",
            "mail.timeout late",
            "mail.failed late",
            "arm.arm:a people",
            "arm.arm:b late",
            "people.resolved e",
            "late.next e",
        ],
    );
    let mut sums = BTreeMap::new();
    let mut add = |talk: &Talk, turn: &Turn| {
        for mark in marks(&talk.flow, turn) {
            *sums.entry(mark).or_insert(0) += 1;
        }
    };
    for answers in [["no", "ada@example.com"], ["ada@example.com", "again"]] {
        let (mut talk, turn) = Talk::begin(compiled(&flow));
        add(&talk, &turn);
        for answer in answers {
            let turn = talk.say(answer);
            add(&talk, &turn);
        }
    }
    let (mut talk, turn) = Talk::begin(compiled(&flow));
    add(&talk, &turn);
    talk.now_ms += 60_000;
    let key = talk.key();
    let turn = talk.take(What::Timer { key });
    add(&talk, &turn);
    let (talk, turn) = Talk::begin(compiled(&flow));
    add(&talk, &turn);
    let Figures {
        started,
        ended,
        handed_over,
        nodes,
        ..
    } = figures(&read(&flow), &sums);
    assert_eq!((started, ended, handed_over), (4, 1, 2));
    let mail = &nodes[1];
    let told = (mail.visits, mail.stayed, mail.retries, mail.timeouts);
    assert_eq!(told, (4, 1, 1, 1), "{mail:?}");
    let arms: Vec<(&str, u64)> = nodes[2]
        .ports
        .iter()
        .map(|port| (port.port.as_str(), port.count))
        .collect();
    assert_eq!(arms, [("arm:a", 2), ("arm:b", 0)]);
    assert_eq!((nodes[3].visits, nodes[3].stayed), (2, 2));
    assert_eq!((nodes[5].visits, nodes[5].stayed), (1, 0));
}
