//! Flows that speak several languages.

use flow::{Arrival, State, What, step};
use serde_json::json;

use crate::world::{compiled, cx, document, node, say, texts, variable};

#[test]
fn a_flow_speaks_the_language_of_whom_it_talks_to_and_goes_the_same_way() {
    let mut flow = document(
        json!([variable("v", "text")]),
        json!([
            node("a", "start", json!({})),
            say("hi", "Hello"),
            node(
                "q",
                "choice",
                json!({"md": "Which, {{ v }}?", "save": "v", "options": [
                {"id": "x", "label": "Cat", "value": "cat"}, {"id": "y", "label": "Dog", "value": "dog"}]})
            ),
            say("end", "{{ v }}"),
        ]),
        &["a.next hi", "hi.next q", "q.next end", "q.opt:x end"],
    );
    flow["translations"] = json!({ "de": {
        "hi": { "/parts/0/md": "Hallo" },
        "q": { "/md": "Welches, {{ v|default('du') }}?", "/options/0/label": "Katze" },
    } });
    let program = compiled(&flow);
    let take = |program: &flow::Compiled, state: State, what: What| {
        step(program, state, &Arrival::of(what), &cx(0)).expect("a turn")
    };
    let begin = |locale: &str| {
        let start = What::Start {
            node: None,
            vars: Vec::new(),
        };
        take(program.spoken_in(locale), State::new(), start)
    };
    let chosen = |locale: &str, state: State, text: &str| {
        let turn = take(
            program.spoken_in(locale),
            state,
            What::Text(text.to_owned()),
        );
        texts(&turn)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let german = begin("de-AT");
    assert_eq!(texts(&german), ["Hallo", "Welches, du?"]);
    assert_eq!(texts(&begin("fr")), ["Hello", "Which, ?"]);
    assert_eq!(
        german.state,
        begin("en").state,
        "it stands at the same place"
    );
    // What is kept is the same in every language, and a conversation may change it.
    assert_eq!(chosen("de", german.state.clone(), "katze"), ["cat"]);
    assert_eq!(chosen("en", german.state, "Cat"), ["cat"]);
}
