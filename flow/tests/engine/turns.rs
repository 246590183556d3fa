//! What each node does, and what a turn takes.

use flow::{AgentDid, Arrival, CallDid, Effect, Ignored, Note, Subflows, What};
use serde_json::{Value, json};

use crate::world::{Talk, compiled, compiled_with, document, node, read, say, texts, variable};

fn intake() -> Value {
    document(
        json!([variable("v_email", "email"), variable("v_kind", "text")]),
        json!([
            node("n0", "start", json!({"trigger": {"kind": "widget_open"}})),
            say("n1", "Hi {{ email|default('there') }}"),
            node(
                "n2",
                "ask",
                json!({
                    "input": {"kind": "email"}, "save": "v_email",
                    "retry": {"max": 1, "md": "That is not an email."}, "timeout_s": 60
                })
            ),
            node(
                "n3",
                "choice",
                json!({
                    "md": "What is it?",
                    "options": [{"id": "o1", "label": "A bug", "value": "bug"}, {"id": "o2", "label": "Something else"}],
                    "save": "v_kind"
                })
            ),
            node(
                "n4",
                "condition",
                json!({"cases": [
                    {"id": "c1", "when": {"all": [{"var": "v_kind", "op": "eq", "value": {"lit": "bug"}}]}}
                ]})
            ),
            say("n5", "A bug then, {{ email }}"),
            node(
                "n6",
                "handoff",
                json!({"note": "{{ email }}: {{ kind }}", "wait_s": 120})
            ),
            node("n7", "end", json!({"outcome": "done"})),
            node("n8", "end", json!({"outcome": "gave up"})),
            node("n9", "end", json!({"outcome": "nobody"})),
        ]),
        &[
            "n0.next n1",
            "n1.next n2",
            "n2.next n3",
            "n2.failed n8",
            "n2.timeout n9",
            "n3.next n4",
            "n4.case:c1 n5",
            "n4.else n6",
            "n5.next n7",
            "n6.resolved n7",
            "n6.timeout n9",
        ],
    )
}

#[test]
fn a_flow_asks_again_and_goes_on_by_what_was_answered() {
    let (mut talk, turn) = Talk::begin(compiled(&intake()));
    assert_eq!(texts(&turn), ["Hi there"]);
    assert!(matches!(
        turn.effects.last(),
        Some(Effect::Await {
            deadline: Some(1_060_000),
            ..
        })
    ));
    let turn = talk.say("no idea");
    assert_eq!(texts(&turn), ["That is not an email."]);
    assert_eq!(turn.trace[0].note, Some(Note::InvalidAnswer));
    let turn = talk.say("ada@example.org");
    assert_eq!(texts(&turn), ["What is it?"]);
    let turn = talk.take(What::Choice(vec!["o1".to_owned()]));
    assert_eq!(texts(&turn), ["A bug then, ada@example.org"]);
    assert_eq!(talk.outcome(), Some("done"));
}

#[test]
fn who_cannot_answer_leaves_by_failed() {
    let (mut talk, _) = Talk::begin(compiled(&intake()));
    talk.say("no");
    talk.say("no");
    assert_eq!(talk.outcome(), Some("gave up"));
}

#[test]
fn a_choice_understands_ids_values_and_labels() {
    for (answer, at) in [
        ("o2", "n6"),
        ("BUG", ""),
        ("a bug, please", ""),
        ("something else", "n6"),
    ] {
        let (mut talk, _) = Talk::begin(compiled(&intake()));
        talk.say("ada@example.org");
        talk.say(answer);
        assert_eq!(talk.at(), at, "{answer}");
    }
}

#[test]
fn people_have_the_conversation_until_they_give_it_back() {
    let (mut talk, _) = Talk::begin(compiled(&intake()));
    talk.say("ada@example.org");
    let turn = talk.say("something else");
    let handoff = turn
        .effects
        .iter()
        .find(|effect| effect.name() == "handoff");
    let Some(Effect::Handoff { note, .. }) = handoff else {
        panic!("no hand-off")
    };
    assert_eq!(note.as_deref(), Some("ada@example.org: Something else"));
    assert_eq!(talk.say("hello?").ignored, Some(Ignored::WithPeople));
    talk.take(What::Agent(AgentDid::Took));
    talk.now_ms += 10_000_000;
    assert_eq!(talk.say("hello?").ignored, Some(Ignored::WithPeople));
    talk.take(What::Agent(AgentDid::Resolved));
    assert_eq!(talk.outcome(), Some("done"));
}

#[test]
fn late_early_and_doubled_inputs_change_nothing() {
    let (mut talk, _) = Talk::begin(compiled(&intake()));
    let before = talk.state.clone();
    let key = talk.key();
    for (what, reason) in [
        (What::Timer { key: key.clone() }, Ignored::TooEarly),
        (
            What::Timer {
                key: "9.9".to_owned(),
            },
            Ignored::OutOfDate,
        ),
        (
            What::Event {
                key: key.clone(),
                body: json!(1),
            },
            Ignored::OutOfDate,
        ),
        (
            What::Http {
                key: key.clone(),
                status: 200,
                body: json!(1),
            },
            Ignored::OutOfDate,
        ),
        (What::Choice(vec!["o1".to_owned()]), Ignored::NotAsked),
        (What::Files(Vec::new()), Ignored::NotAsked),
        (
            What::Proven("ada@example.org".to_owned()),
            Ignored::NotAsked,
        ),
        (What::Agent(AgentDid::Resolved), Ignored::NotAsked),
        (
            What::Call {
                key,
                did: CallDid::Ended,
            },
            Ignored::OutOfDate,
        ),
        (What::Command("restart".to_owned()), Ignored::UnknownCommand),
        (
            What::Start {
                node: None,
                vars: Vec::new(),
            },
            Ignored::AlreadyStarted,
        ),
    ] {
        let turn = talk.take(what);
        assert_eq!((turn.ignored, &turn.state), (Some(reason), &before));
        assert!(turn.effects.is_empty());
    }
    let said = Arrival {
        id: Some("m1".to_owned()),
        what: What::Text("ada@example.org".to_owned()),
    };
    assert_eq!(talk.arrive(&said).ignored, None);
    let before = talk.state.clone();
    let again = talk.arrive(&said);
    assert_eq!(
        (again.ignored, &again.state),
        (Some(Ignored::Repeated), &before)
    );
}

#[test]
fn a_deadline_that_passed_is_settled_before_what_came_too_late() {
    let (mut talk, _) = Talk::begin(compiled(&intake()));
    talk.now_ms += 60_000;
    let turn = talk.say("ada@example.org");
    assert_eq!(talk.outcome(), Some("nobody"));
    assert_eq!(turn.ignored, Some(Ignored::Ended));
    let (mut talk, _) = Talk::begin(compiled(&intake()));
    talk.now_ms += 60_000;
    let key = talk.key();
    talk.take(What::Timer { key });
    assert_eq!(talk.outcome(), Some("nobody"));
}

#[test]
fn effects_have_keys_that_follow_from_the_turn() {
    let (mut talk, first) = Talk::begin(compiled(&intake()));
    let keys = |turn: &flow::Turn| {
        turn.effects
            .iter()
            .map(|effect| effect.key().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&first), ["1.0", "1.1"]);
    assert_eq!(keys(&talk.say("ada@example.org")), ["2.0", "2.1"]);
}

fn asks_a_server() -> Value {
    document(
        json!([
            variable("v_id", "text"),
            variable("v_status", "number"),
            variable("v_n", "number")
        ]),
        json!([
            node("a", "start", json!({})),
            node("s", "set", json!({"to": "v_n", "value": {"lit": 3}})),
            node(
                "h",
                "http",
                json!({
                    "method": "POST", "url": "https://api.acme.example/t?n={{ n }}",
                    "headers": [{"k": "x-name", "v": "a\r\nb: {{ n }}"}],
                    "body": {"json": {"n": "{{ n }}", "text": "n is {{ n }}"}},
                    "map": [{"path": "/ticket/id", "to": "v_id"}, {"path": "#status", "to": "v_status"}]
                })
            ),
            say("ok", "Ticket {{ id }}, {{ status }}"),
            say("error", "No luck"),
            node("z", "end", json!({})),
        ]),
        &[
            "a.next s",
            "s.next h",
            "h.ok ok",
            "h.error error",
            "ok.next z",
            "error.next z",
        ],
    )
}

#[test]
fn a_server_is_asked_by_the_shell_and_its_answer_comes_back() {
    let (mut talk, turn) = Talk::begin(compiled(&asks_a_server()));
    let Some(Effect::Http { key, request }) = turn.effects.first() else {
        panic!("no request")
    };
    assert_eq!(request.url, "https://api.acme.example/t?n=3");
    assert_eq!(
        request.headers,
        [("x-name".to_owned(), "a  b: 3".to_owned())]
    );
    assert_eq!(request.body.as_deref(), Some(r#"{"n":3,"text":"n is 3"}"#));
    assert_eq!(talk.say("hello?").ignored, Some(Ignored::NotAsked));
    let body = json!({"ticket": {"id": "T1"}});
    let turn = talk.take(What::Http {
        key: key.clone(),
        status: 201,
        body,
    });
    assert_eq!(texts(&turn), ["Ticket T1, 201"]);
    let (mut talk, _) = Talk::begin(compiled(&asks_a_server()));
    let key = talk.key();
    let turn = talk.take(What::Http {
        key,
        status: 0,
        body: Value::Null,
    });
    assert_eq!(texts(&turn), ["No luck"]);
}

#[test]
fn values_are_set_in_every_way() {
    let set = |id: &str, to: &str, value: Value| node(id, "set", json!({"to": to, "value": value}));
    let lists = json!([
        {"id": "v_list", "name": "list", "type": "list<text>", "default": ["a", "b", "c"]},
        {"id": "v_other", "name": "other", "type": "list<text>", "default": ["x", "y", "z"]},
        variable("v_one", "text"), variable("v_two", "text"), variable("v_n", "number"),
        variable("v_day", "date"), variable("v_now", "datetime"), variable("v_id", "text"),
        variable("v_part", "text"), variable("v_same", "text"), variable("v_bad", "number"),
    ]);
    let flow = document(
        lists,
        json!([
            node("a", "start", json!({})),
            set("b", "v_list", json!({"append": {"lit": "d"}})),
            set("c", "v_list", json!({"remove": {"lit": "b"}})),
            set("d", "v_one", json!({"pop": "v_list"})),
            set("e", "v_two", json!({"shift": "v_list"})),
            set(
                "f",
                "v_same",
                json!({"same_index": {"item": {"lit": "y"}, "base": "v_other", "take": "v_other"}})
            ),
            set("g", "v_n", json!({"expr": "other|length * 2 + 1"})),
            set("h", "v_day", json!({"today": {"add_days": 1}})),
            set("i", "v_now", json!({"now": {}})),
            set("j", "v_id", json!({"id": {}})),
            set("k", "v_part", json!({"part_of_day": {}})),
            set("l", "v_bad", json!({"template": "no number"})),
            say(
                "m",
                "{{ list }}|{{ one }}|{{ two }}|{{ same }}|{{ n }}|{{ day }}|{{ now }}|{{ part }}|{{ bad }}|"
            ),
            node("z", "end", json!({})),
        ]),
        &[
            "a.next b", "b.next c", "c.next d", "d.next e", "e.next f", "f.next g", "g.next h",
            "h.next i", "i.next j", "j.next k", "k.next l", "l.next m", "m.next z",
        ],
    );
    let wrong = flow::check(
        &read(&flow),
        &Subflows::new(),
        &flow::Surroundings::default(),
    );
    assert_eq!(
        wrong[0].code,
        flow::Code::E112,
        "what multiplies is about numbers alone"
    );
    let mut flow = flow;
    flow["nodes"][6]["data"]["value"] = json!({"expr": "other|length + 4"});
    let (talk, turn) = Talk::begin(compiled(&flow));
    assert_eq!(
        texts(&turn),
        ["c|d|a|y|7|1970-01-02|1970-01-01T00:16:40Z|night||"]
    );
    assert!(
        turn.trace
            .iter()
            .any(|visit| visit.note == Some(Note::TypeMismatch))
    );
    assert_eq!(
        talk.state
            .variable("v_id")
            .and_then(Value::as_str)
            .map(str::len),
        Some(32)
    );
}

#[test]
fn a_split_goes_the_same_way_for_the_same_visitor() {
    let flow = document(
        json!([]),
        json!([
            node("a", "start", json!({})),
            node(
                "s",
                "split",
                json!({"arms": [{"id": "x", "weight": 50}, {"id": "y", "weight": 50}]})
            ),
            node("x", "end", json!({"outcome": "x"})),
            node("y", "end", json!({"outcome": "y"})),
        ]),
        &["a.next s", "s.arm:x x", "s.arm:y y"],
    );
    let outcome = |seed: u64| {
        let what = What::Start {
            node: None,
            vars: Vec::new(),
        };
        let cx = flow::Cx {
            seed,
            ..crate::world::cx(0)
        };
        let turn = flow::step(
            &compiled(&flow),
            flow::State::new(),
            &Arrival::of(what),
            &cx,
        )
        .expect("it begins");
        turn.state.ended.and_then(|ended| ended.outcome)
    };
    let ways: Vec<_> = (0..64).map(outcome).collect();
    assert_eq!(ways, (0..64).map(outcome).collect::<Vec<_>>());
    let x = ways
        .iter()
        .filter(|way| way.as_deref() == Some("x"))
        .count();
    assert!((10..54).contains(&x), "{x}");
}

#[test]
fn a_subflow_has_variables_of_its_own_and_gives_back_what_is_taken() {
    let inner = document(
        json!([
            variable("v_q", "text"),
            variable("v_a", "text"),
            variable("v_name", "text")
        ]),
        json!([
            node("a", "start", json!({})),
            node(
                "b",
                "ask",
                json!({"md": "{{ q }}", "input": {"kind": "text"}, "save": "v_a"})
            ),
            node("c", "return", json!({})),
        ]),
        &["a.next b", "b.next c"],
    );
    let outer = document(
        json!([variable("v_name", "text"), variable("v_city", "text")]),
        json!([
            node("a", "start", json!({})),
            node(
                "b",
                "subflow",
                json!({
                    "flow": "flw_ask", "version": 1,
                    "give": [{"name": "q", "value": {"template": "Which city, {{ name|default('you') }}?"}}],
                    "take": [{"name": "a", "to": "v_city"}]
                })
            ),
            say("c", "So {{ city }}, and no {{ name }}."),
            node("z", "end", json!({})),
        ]),
        &["a.next b", "b.next c", "c.next z"],
    );
    let subflows = Subflows::from([("flw_ask@1".to_owned(), read(&inner))]);
    let (mut talk, turn) = Talk::begin(compiled_with(&outer, &subflows));
    assert_eq!(texts(&turn), ["Which city, you?"]);
    assert_eq!(talk.state.frames.len(), 2);
    let turn = talk.say("Berlin");
    assert_eq!(texts(&turn), ["So Berlin, and no ."]);
    assert_eq!(talk.outcome(), Some(""));
}

#[test]
fn commands_and_detours_come_back_to_the_question() {
    let mut flow = document(
        json!([variable("v_a", "number")]),
        json!([
            node("a", "start", json!({})),
            node(
                "q",
                "ask",
                json!({"md": "How many?", "input": {"kind": "number", "min": 1}, "save": "v_a"})
            ),
            node("z", "end", json!({"outcome": "done"})),
            say("help", "A number, please."),
            say("bad", "Hm."),
            say("thanks", "Thanks."),
            node("bye", "end", json!({"outcome": "bye"})),
        ]),
        &["a.next q", "q.next z"],
    );
    flow["handlers"] = json!({
        "commands": [{"name": "help", "to": "help", "then": "resume"}, {"name": "bye", "to": "bye"}],
        "on_invalid": "bad", "on_reply": "thanks",
        "on_idle": {"after_s": 10, "to": "bye"}
    });
    let (mut talk, _) = Talk::begin(compiled(&flow));
    assert_eq!(
        texts(&talk.take(What::Command("help".to_owned()))),
        ["A number, please.", "How many?"]
    );
    assert_eq!(texts(&talk.say("none")), ["Hm.", "How many?"]);
    assert_eq!(talk.state.wait.as_ref().map(|wait| wait.tries), Some(1));
    assert_eq!(texts(&talk.say("4")), ["Thanks."]);
    assert_eq!(talk.outcome(), Some("done"));
    let (mut talk, _) = Talk::begin(compiled(&flow));
    talk.take(What::Command("bye".to_owned()));
    assert_eq!(talk.outcome(), Some("bye"));
    let (mut talk, _) = Talk::begin(compiled(&flow));
    talk.now_ms += 10_000;
    let key = talk.key();
    talk.take(What::Timer { key });
    assert_eq!(talk.outcome(), Some("bye"));
    let (mut talk, _) = Talk::begin(compiled(&flow));
    talk.take(What::Cancel);
    assert_eq!(talk.outcome(), Some("cancelled"));
}

#[test]
fn a_call_an_event_and_a_wait_go_on_by_what_comes() {
    let flow = document(
        json!([variable("v_paid", "text")]),
        json!([
            node("a", "start", json!({})),
            node("w", "wait", json!({"for_s": 5})),
            node(
                "e",
                "event",
                json!({"name": "paid", "timeout_s": 60, "map": [{"path": "/id", "to": "v_paid"}]})
            ),
            node("c", "call", json!({"kind": "video"})),
            node("z", "end", json!({"outcome": "called"})),
            node("n", "end", json!({"outcome": "no call {{ paid }}"})),
        ]),
        &[
            "a.next w",
            "w.next e",
            "e.next c",
            "c.ended z",
            "c.declined n",
            "c.unavailable n",
        ],
    );
    let (mut talk, turn) = Talk::begin(compiled(&flow));
    assert_eq!(
        turn.effects,
        [Effect::Timer {
            key: "1.0".to_owned(),
            at: 1_005_000
        }]
    );
    talk.now_ms += 5_000;
    let key = talk.key();
    talk.take(What::Timer { key });
    let key = talk.key();
    talk.take(What::Event {
        key,
        body: json!({"id": "p1"}),
    });
    assert_eq!(talk.state.variable("v_paid"), Some(&json!("p1")));
    let key = talk.key();
    talk.take(What::Call {
        key: key.clone(),
        did: CallDid::Joined,
    });
    talk.now_ms += 3_600_000;
    talk.take(What::Call {
        key,
        did: CallDid::Ended,
    });
    assert_eq!(talk.outcome(), Some("called"));
}

#[test]
fn browsers_are_led_nowhere_else_by_a_variable() {
    let flow = document(
        json!([variable("v_u", "text")]),
        json!([
            node("a", "start", json!({})),
            node(
                "s",
                "set",
                json!({"to": "v_u", "value": {"lit": "javascript:alert(1)"}})
            ),
            node(
                "m",
                "message",
                json!({"parts": [{"kind": "image", "url": "{{ u }}"}]})
            ),
            node("o", "action", json!({"do": "open_url", "url": "{{ u }}"})),
            node("z", "end", json!({})),
        ]),
        &["a.next s", "s.next m", "m.next o", "o.next z"],
    );
    let (_, turn) = Talk::begin(compiled(&flow));
    let told = serde_json::to_string(&turn.effects).expect("effects are JSON");
    assert!(!told.contains("javascript"), "{told}");
}

#[test]
fn a_state_of_another_flow_is_refused() {
    let (talk, _) = Talk::begin(compiled(&intake()));
    let other = compiled(&asks_a_server());
    let said = Arrival::of(What::Text("x".to_owned()));
    let refused = flow::step(&other, talk.state, &said, &crate::world::cx(0));
    assert_eq!(refused, Err(flow::StepError::OtherFlow));
}

#[test]
fn who_says_too_much_in_a_minute_is_not_heard() {
    let mut flow = intake();
    flow["settings"] = json!({"rate": {"turns_per_min": 2}});
    flow["nodes"][2]["data"]["retry"]["max"] = json!(10);
    let (mut talk, _) = Talk::begin(compiled(&flow));
    talk.now_ms = 1_020_000;
    talk.say("a");
    talk.say("b");
    assert_eq!(talk.say("c").ignored, Some(Ignored::TooOften));
}
