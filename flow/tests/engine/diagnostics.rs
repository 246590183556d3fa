//! Every code has a document that earns it, at the place it names.

use std::collections::BTreeSet;

use flow::{
    Code, Diagnostic, Document, Feature, Secret, Subflows, Surroundings, check, publishable,
};
use serde_json::{Value, json};

use crate::world::{document, node, read, say, variable};

fn around() -> Surroundings {
    Surroundings {
        secrets: vec![Secret {
            id: "sec_1".to_owned(),
            hosts: vec![
                "safe.acme.example".to_owned(),
                "other.acme.example".to_owned(),
            ],
        }],
        hosts: vec!["safe.acme.example".to_owned()],
        teams: Some(vec!["team_1".to_owned()]),
        missing: vec![Feature::InboxRule],
        ..Surroundings::default()
    }
}

fn found(document: &Value) -> Vec<Diagnostic> {
    match Document::from_value(document) {
        Ok(document) => check(&document, &Subflows::new(), &around()),
        Err(found) => found,
    }
}

fn good() -> Value {
    document(
        json!([variable("v_a", "text"), variable("v_n", "number"), {"id": "v_p", "name": "p", "type": "email", "pii": true}]),
        json!([
            node("a", "start", json!({})),
            node(
                "q",
                "ask",
                json!({"md": "Name?", "input": {"kind": "text"}, "save": "v_a"})
            ),
            node(
                "n",
                "ask",
                json!({"md": "Hi {{ a }}, age?", "input": {"kind": "number"}, "save": "v_n"})
            ),
            node(
                "p",
                "ask",
                json!({"md": "Mail?", "input": {"kind": "email"}, "save": "v_p"})
            ),
            node(
                "c",
                "condition",
                json!({"cases": [{"id": "k", "when": {"var": "v_n", "op": "gt", "value": {"lit": 17}}}]})
            ),
            node(
                "h",
                "http",
                json!({
                    "method": "POST", "url": "https://safe.acme.example/x", "headers": [{"k": "authorization", "secret": "sec_1"}],
                    "body": {"json": {"p": "{{ p }}"}}, "map": [{"path": "/id", "to": "v_a"}]
                })
            ),
            node(
                "o",
                "choice",
                json!({"options": [{"id": "x", "label": "X"}, {"id": "y", "label": "Y"}]})
            ),
            node(
                "s",
                "split",
                json!({"arms": [{"id": "u", "weight": 50}, {"id": "v", "weight": 50}]})
            ),
            node("z", "end", json!({})),
        ]),
        &[
            "a.next q",
            "q.next n",
            "n.next p",
            "n.failed z",
            "p.next c",
            "p.failed z",
            "c.case:k h",
            "c.else z",
            "h.ok o",
            "h.error z",
            "o.next s",
            "s.arm:u z",
            "s.arm:v z",
        ],
    )
}

#[test]
fn a_good_flow_has_nothing_wrong_with_it() {
    assert_eq!(found(&good()), []);
}

/// A change of the good flow, the code it earns, and where.
type Case = (Code, &'static str, fn(&mut Value));

const CASES: &[Case] = &[
    (Code::E100, "/nodes/1/data/input/kind", |f| {
        f["nodes"][1]["data"]["input"]["kind"] = json!("telepathy")
    }),
    (Code::E100, "/nodes/1/data/md", |f| {
        f["nodes"][1]["data"]["md"] = json!(7)
    }),
    (Code::E100, "/nodes/1/type", |f| {
        f["nodes"][1]["type"] = json!("question")
    }),
    (Code::E100, "/schema", |f| f["schema"] = json!("flow/2")),
    (Code::E100, "/variables/0/name", |f| {
        f["variables"][0]["name"] = json!("not a name")
    }),
    (Code::E100, "/nodes/6/data/options", |f| {
        f["nodes"][6]["data"]["options"] = json!([])
    }),
    (Code::E101, "/nodes/2/id", |f| {
        f["nodes"][2]["id"] = json!("q")
    }),
    (Code::E101, "/variables/1/name", |f| {
        f["variables"][1]["name"] = json!("a")
    }),
    (Code::E101, "/nodes/6/data/options/1/id", |f| {
        f["nodes"][6]["data"]["options"][1]["id"] = json!("x")
    }),
    (Code::E102, "/nodes", |f| {
        f["nodes"][0]["type"] = json!("return")
    }),
    (Code::E103, "/edges/0/to/node", |f| {
        f["edges"][0]["to"]["node"] = json!("nowhere")
    }),
    (Code::E103, "/handlers/on_error", |f| {
        f["handlers"] = json!({"on_error": "nowhere"})
    }),
    (Code::E104, "/edges/0/from/port", |f| {
        f["edges"][0]["from"]["port"] = json!("timeout")
    }),
    (Code::E105, "/edges/13/from/port", |f| {
        let edge = json!({"id": "e", "from": {"node": "a", "port": "next"}, "to": {"node": "z"}});
        f["edges"].as_array_mut().expect("edges").push(edge);
    }),
    (Code::E106, "/nodes/4", |f| {
        f["edges"].as_array_mut().expect("edges").remove(7);
    }),
    (Code::E106, "/nodes/6", |f| {
        f["edges"].as_array_mut().expect("edges").remove(10);
    }),
    (Code::E110, "/nodes/1/data/save", |f| {
        f["nodes"][1]["data"]["save"] = json!("v_x")
    }),
    (Code::E110, "/nodes/1/data/md", |f| {
        f["nodes"][1]["data"]["md"] = json!("{{ nobody }}")
    }),
    (Code::E111, "/nodes/1/data/save", |f| {
        f["nodes"][1]["data"]["save"] = json!("v_n")
    }),
    (Code::E111, "/nodes/4/data/cases/0/when/op", |f| {
        f["nodes"][4]["data"]["cases"][0]["when"]["var"] = json!("v_a")
    }),
    (Code::E111, "/nodes/4/data/cases/0/when/value/lit", |f| {
        f["nodes"][4]["data"]["cases"][0]["when"]["value"]["lit"] = json!("x")
    }),
    (Code::E112, "/nodes/1/data/md", |f| {
        f["nodes"][1]["data"]["md"] = json!("{{ a|nope }}")
    }),
    (Code::E112, "/nodes/1/data/input/regex", |f| {
        f["nodes"][1]["data"]["input"]["regex"] = json!("(")
    }),
    (Code::E113, "/nodes/1/data/md", |f| {
        f["nodes"][1]["data"]["md"] = json!(format!("{{{{ '{}' }}}}", "x".repeat(2_100)))
    }),
    (Code::E120, "/nodes/3", |f| {
        f["nodes"][3] = node(
            "p",
            "set",
            json!({"to": "v_p", "value": {"lit": "a@b.org"}}),
        );
        f["edges"].as_array_mut().expect("edges").remove(5);
        f["edges"][6]["to"]["node"] = json!("p");
    }),
    (Code::E121, "/nodes/7/data/flow", |f| {
        f["id"] = json!("flw_1");
        f["nodes"][7] = node("s", "subflow", json!({"flow": "flw_1", "version": 1}));
    }),
    (Code::E130, "/nodes/7/data/version", |f| {
        f["nodes"][7] = node("s", "subflow", json!({"flow": "flw_2", "version": 1}))
    }),
    (Code::E131, "/nodes/5/data/headers/0/secret", |f| {
        f["nodes"][5]["data"]["headers"][0]["secret"] = json!("sec_2")
    }),
    (Code::E131, "/nodes/5/data/headers/0/secret", |f| {
        f["nodes"][5]["data"]["url"] = json!("https://third.acme.example/")
    }),
    (Code::E132, "/nodes/5/data/url", |f| {
        f["nodes"][5]["data"]["url"] = json!("https://169.254.169.254/latest")
    }),
    (Code::E140, "/nodes/5/data/timeout_ms", |f| {
        f["nodes"][5]["data"]["timeout_ms"] = json!(600_000)
    }),
    (Code::E140, "/variables/0/default", |f| {
        f["variables"][0]["default"] = json!("x".repeat(9_000))
    }),
    (Code::E133, "/nodes/9/data/team", |f| {
        f["nodes"].as_array_mut().expect("nodes").push(node(
            "people",
            "handoff",
            json!({"team": "team_2"}),
        ));
    }),
    (Code::E150, "/nodes/5/data/body/json/p", |f| {
        f["nodes"][5]["data"]["url"] = json!("https://other.acme.example/")
    }),
    (Code::E151, "/nodes/9/data/to", |f| {
        f["nodes"].as_array_mut().expect("nodes").push(node(
            "mail",
            "action",
            json!({"do": "email", "to": "eve@other.example", "subject": "S", "text": "T"}),
        ));
    }),
    (Code::W200, "/nodes/9", |f| {
        f["nodes"]
            .as_array_mut()
            .expect("nodes")
            .push(say("alone", "?"))
    }),
    (Code::W201, "/nodes/9", |f| {
        f["nodes"]
            .as_array_mut()
            .expect("nodes")
            .push(say("last", "?"));
        f["edges"][12]["to"]["node"] = json!("last");
    }),
    (Code::W202, "/nodes/1/data/md", |f| {
        f["nodes"][1]["data"]["md"] = json!("{{ p }}")
    }),
    (Code::W203, "/variables/3", |f| {
        f["variables"]
            .as_array_mut()
            .expect("variables")
            .push(variable("v_z", "text"))
    }),
    (Code::W204, "/nodes/4/data/cases/1", |f| {
        let mut case = f["nodes"][4]["data"]["cases"][0].clone();
        case["id"] = json!("j");
        f["nodes"][4]["data"]["cases"]
            .as_array_mut()
            .expect("cases")
            .push(case);
    }),
    (Code::E160, "/nodes/0/data", |f| {
        f["nodes"][0]["data"] = json!({"trigger": {"kind": "inbox_rule"}});
    }),
    (Code::W205, "/nodes/7/data/arms", |f| {
        f["nodes"][7]["data"]["arms"][0]["weight"] = json!(70)
    }),
    (Code::W206, "/nodes/2", |f| {
        f["edges"].as_array_mut().expect("edges").remove(3);
    }),
    (Code::W207, "/nodes/1/data/md", |f| {
        f["nodes"][1]["data"]["md"] = json!("x".repeat(5_000))
    }),
    (Code::W208, "/nodes/4/data/cases/0/when/value/lit", |f| {
        f["nodes"][4]["data"]["cases"][0]["when"] =
            json!({"var": "v_a", "op": "eq", "value": {"lit": "\"NAO\""}});
    }),
    (Code::W209, "/nodes/6/data/options/1", |f| {
        f["nodes"][6]["data"]["options"][1]["label"] = json!("X")
    }),
    (Code::W211, "/nodes/9", |f| {
        f["nodes"].as_array_mut().expect("nodes").push(node(
            "call",
            "call",
            json!({"kind": "video"}),
        ));
        f["edges"][12]["to"]["node"] = json!("call");
    }),
    (Code::W210, "/nodes/1/data/md", |f| {
        f["translations"] = json!({"de": {"n": {"/md": "Hallo {{ a }}, wie alt?"}}})
    }),
    (Code::E103, "/translations/de/nowhere", |f| {
        f["translations"] = json!({"de": {"nowhere": {"/md": "?"}}})
    }),
    (Code::E100, "/translations/de/q/~1save", |f| {
        f["translations"] = json!({"de": {"q": {"/save": "v_n"}}})
    }),
    (Code::E110, "/translations/de/q/~1md", |f| {
        f["translations"] = json!({"de": {"q": {"/md": "Ihr Name, {{ nobody }}?"}}})
    }),
    (Code::E101, "/translations/en", |f| {
        f["translations"] = json!({"en": {}})
    }),
];

#[test]
fn every_code_is_earned_where_it_says() {
    let mut earned = BTreeSet::new();
    for (code, pointer, change) in CASES {
        let mut flow = good();
        change(&mut flow);
        let found = found(&flow);
        let at = |diagnostic: &&Diagnostic| {
            diagnostic.code == *code && diagnostic.pointer.as_str() == *pointer
        };
        assert!(
            found.iter().any(|diagnostic| at(&diagnostic)),
            "{code:?} at {pointer}: {found:?}"
        );
        assert_eq!(
            publishable(&found),
            code.name().starts_with('W'),
            "{code:?}: {found:?}"
        );
        earned.insert(*code);
    }
    assert_eq!(earned, Code::ALL.iter().copied().collect());
}

#[test]
fn a_circle_is_told_with_its_way() {
    let flow = document(
        json!([variable("v_a", "text")]),
        json!([
            node("a", "start", json!({})),
            node("b", "set", json!({"to": "v_a", "value": {"lit": "x"}})),
            say("c", "{{ a }}"),
            node(
                "d",
                "condition",
                json!({"cases": [{"id": "k", "when": {"var": "v_a", "op": "is_set"}}]})
            ),
            node("z", "end", json!({})),
        ]),
        &["a.next b", "b.next c", "c.next d", "d.case:k b", "d.else z"],
    );
    let found = found(&flow);
    let circle = found
        .iter()
        .find(|diagnostic| diagnostic.code == Code::E120)
        .expect("the circle is found");
    assert_eq!(circle.path, ["b", "c", "d", "b"]);
    assert!(circle.fix.is_some());
}

#[test]
fn private_hosts_are_refused_however_they_are_written() {
    for url in [
        "http://api.acme.example/",
        "https://localhost/",
        "https://10.0.0.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://printer.local/",
        "https://db.internal/",
        "https://a@api.acme.example/",
        "https://api.acme.example:8443/",
        "https://{{ a }}/",
        "https://{{ a }}.acme.example/",
        "https://intranet/",
        "file:///etc/passwd",
        "//acme.example/",
        "https://acme.example./",
        "https://",
    ] {
        let mut flow = good();
        flow["nodes"][5]["data"]["url"] = json!(url);
        assert!(
            found(&flow)
                .iter()
                .any(|diagnostic| diagnostic.code == Code::E132),
            "{url}"
        );
    }
}

#[test]
fn huge_and_deep_documents_are_refused_quickly() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let huge = vec![b' '; 10 * 1024 * 1024];
    for bytes in [
        deep.as_bytes(),
        huge.as_slice(),
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
    ] {
        let wrong = Document::parse(bytes).expect_err("it is refused");
        assert!(!wrong.is_empty());
    }
    let mut condition = json!({"var": "v_n", "op": "is_set"});
    for _ in 0..120 {
        condition = json!({"not": condition});
    }
    let mut flow = good();
    flow["nodes"][4]["data"]["cases"][0]["when"] = condition;
    let _ = found(&flow);
    let nodes: Vec<Value> = (0..1_001).map(|n| say(&format!("n{n}"), "x")).collect();
    let many = document(json!([]), Value::Array(nodes), &[]);
    assert_eq!(found(&many)[0].code, Code::E140);
}

#[test]
fn a_thousand_nodes_in_one_circle_are_checked() {
    let mut nodes: Vec<Value> = (0..998)
        .map(|n| {
            node(
                &format!("n{n}"),
                "jump",
                json!({"to": format!("n{}", (n + 1) % 998)}),
            )
        })
        .collect();
    nodes.push(node("a", "start", json!({})));
    let flow = document(json!([]), Value::Array(nodes), &["a.next n0"]);
    let document = read(&flow);
    let found = check(&document, &Subflows::new(), &Surroundings::default());
    assert_eq!(
        found
            .iter()
            .filter(|diagnostic| diagnostic.code == Code::E120)
            .count(),
        1
    );
}
