//! Typebot exports: whole ones, old ones and broken ones, written after the shapes that exist.

use flow::node::Kind;
use flow::simulate::explore;
use flow::typebot::{Extent, Imported, NoImport, import};
use flow::{Code, Document, Subflows, Surroundings, check, compile_draft};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{Talk, texts};

fn imported(export: &Value) -> Imported {
    let imported = import(export.to_string().as_bytes()).expect("it is imported");
    // What comes over is a document of ours, and reads as one.
    let written = serde_json::to_value(&imported.document).expect("a document is JSON");
    assert_eq!(
        Document::from_value(&written).as_ref(),
        Ok(&imported.document)
    );
    imported
}

fn rich(text: &str) -> Value {
    json!({"richText": [{"type": "p", "children": [{"text": text}]}]})
}

fn whole() -> Value {
    json!({
        "version": "6.1", "id": "t", "name": "Lead",
        "events": [{"id": "ev", "type": "start", "outgoingEdgeId": "e0"},
            {"id": "ec", "type": "command", "options": {"command": "help", "resumeAfter": true}, "outgoingEdgeId": "e9"}],
        "groups": [
            {"id": "g1", "title": "Start", "graphCoordinates": {"x": 1, "y": 2}, "blocks": [
                {"id": "b1", "type": "text", "content": rich("Hi {{Full name}}, {{=1+1=}} {% x")},
                {"id": "b2", "type": "text input", "options": {"variableId": "v1", "labels": {"placeholder": "Name"}}},
                {"id": "b3", "type": "number input", "options": {"variableId": "v2", "min": 0, "max": 120}},
                {"id": "b4", "type": "Set variable", "options": {"variableId": "v3", "expressionToEvaluate": "{{Age}} * 2 + 1"}},
                {"id": "b5", "type": "Condition", "items": [
                    {"id": "i1", "content": {"logicalOperator": "AND", "comparisons": [
                        {"id": "c", "variableId": "v2", "comparisonOperator": "Greater than", "value": "17"}]}, "outgoingEdgeId": "e1"}
                ], "outgoingEdgeId": "e2"}
            ]},
            {"id": "g2", "title": "Adult", "blocks": [
                {"id": "b6", "type": "choice input", "options": {"variableId": "v4"}, "items": [
                    {"id": "i2", "content": "Yes {{Full name}}", "outgoingEdgeId": "e3"}, {"id": "i3", "content": "No"}]},
                {"id": "b7", "type": "rating input", "options": {"length": 5, "variableId": "v2"}},
                {"id": "b8", "type": "AB test", "options": {"aPercent": 30}, "items": [
                    {"id": "a", "path": "a", "outgoingEdgeId": "e4"}, {"id": "b", "path": "b"}]}
            ]},
            {"id": "g3", "title": "Ask a server", "blocks": [
                {"id": "b9", "type": "Webhook", "options": {
                    "webhook": {"url": "https://api.acme.example/leads/{{Age}}", "method": "POST", "body": "{\"name\": \"{{Full name}}\"}",
                        "headers": [{"key": "Authorization", "value": "Bearer s3cret"}, {"key": "X-Age", "value": "{{Age}}"}]},
                    "responseVariableMapping": [{"bodyPath": "data.id", "variableId": "v1"},
                        {"bodyPath": "data.flatMap(item => item.y)", "variableId": "v1"}]}},
                {"id": "b10", "type": "Wait", "options": {"secondsToWaitFor": "2"}},
                {"id": "b11", "type": "Jump", "options": {"groupId": "g4"}}
            ]},
            {"id": "g4", "title": "Bye", "blocks": [
                {"id": "b12", "type": "Code", "options": {"content": "while (true) {}"}},
                {"id": "b13", "type": "Set variable", "options": {"variableId": "v1", "expressionToEvaluate": "fetch('https://a.org')"}},
                {"id": "b14", "type": "claudia"},
                {"id": "b15", "type": "text", "content": rich("Bye")}
            ]},
            {"id": "g5", "title": "Nobody comes here", "blocks": [{"id": "b16", "type": "text", "content": rich("?")}]}
        ],
        "edges": [
            {"id": "e0", "from": {"eventId": "ev"}, "to": {"groupId": "g1"}},
            {"id": "e1", "from": {"blockId": "b5", "itemId": "i1"}, "to": {"groupId": "g2"}},
            {"id": "e2", "from": {"blockId": "b5"}, "to": {"groupId": "g4", "blockId": "b15"}},
            {"id": "e3", "from": {"blockId": "b6", "itemId": "i2"}, "to": {"groupId": "g3"}},
            {"id": "e4", "from": {"blockId": "b8", "itemId": "a"}, "to": {"groupId": "g3"}},
            {"id": "e9", "from": {"eventId": "ec"}, "to": {"groupId": "g5"}},
            {"id": "ex", "from": {"blockId": "gone"}, "to": {"groupId": "g1"}},
            {"id": "ey", "from": {"blockId": "b15"}, "to": {"groupId": "gone"}}
        ],
        "variables": [{"id": "v1", "name": "Full name"}, {"id": "v2", "name": "Age"}, {"id": "v3", "name": "3 x"},
            {"id": "v4", "name": "answer"}]
    })
}

#[test]
fn a_whole_export_comes_over_and_can_be_walked_through() {
    let imported = imported(&whole());
    let flow = compile_draft(&imported.document, &Subflows::new()).expect("it runs");
    let walks = explore(&imported.document, &flow, 300, 1).expect("it runs");
    assert_eq!(
        walks.coverage.missed_nodes, [""; 0],
        "{:?}",
        imported.report
    );
    assert_eq!((imported.blocks, imported.blocks_mapped), (16, 13));
    let found = check(
        &imported.document,
        &Subflows::new(),
        &Surroundings::default(),
    );
    let errors: Vec<_> = found
        .iter()
        .filter(|diagnostic| diagnostic.code < Code::W200)
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn every_loss_has_a_line() {
    let report = imported(&whole()).report;
    for (extent, block, part) in [
        (Extent::Dropped, Some("b1"), "not run"),
        (Extent::Partly, Some("b9"), "secret"),
        (Extent::Dropped, Some("b9"), "script"),
        (Extent::Changed, Some("b8"), "same way"),
        (Extent::Dropped, Some("b12"), "no such block"),
        (Extent::Dropped, Some("b13"), "none is run"),
        (Extent::Dropped, Some("b14"), "no such block"),
        (Extent::Broken, None, "ex begins"),
        (Extent::Broken, None, "ey leads"),
        (Extent::Changed, None, "3 x is called v_3_x"),
    ] {
        let told = report.iter().any(|loss| {
            loss.extent == extent && loss.block.as_deref() == block && loss.message.contains(part)
        });
        assert!(told, "{part}: {report:?}");
    }
    let said = serde_json::to_string(&imported(&whole()).document).expect("a document is JSON");
    assert!(!said.contains("s3cret") && !said.contains("while (true)"));
}

#[test]
fn old_exports_have_a_start_block_or_steps() {
    let three = json!({
        "version": "3", "name": "Old",
        "groups": [
            {"id": "g0", "title": "Start", "blocks": [{"id": "s", "type": "start", "groupId": "g0", "label": "Start", "outgoingEdgeId": "e0"}]},
            {"id": "g1", "title": "Hi", "blocks": [
                {"id": "b", "type": "text", "groupId": "g1", "content": {"html": "<div>Hi</div>", "plainText": "Hi"}},
                {"id": "c", "type": "choice input", "groupId": "g1", "options": {"isMultipleChoice": false, "buttonLabel": "Send"},
                    "items": [{"id": "i", "blockId": "c", "type": 0, "content": "Go"}]}
            ]}
        ],
        "edges": [{"id": "e0", "from": {"groupId": "g0", "blockId": "s"}, "to": {"groupId": "g1"}}],
        "variables": []
    });
    let before = json!({
        "name": "Older",
        "blocks": [
            {"id": "g0", "steps": [{"id": "s", "type": "start", "blockId": "g0", "outgoingEdgeId": "e0"}]},
            {"id": "g1", "steps": [{"id": "b", "type": "text", "blockId": "g1", "content": {"plainText": "Hi"}}]}
        ],
        "edges": [{"id": "e0", "from": {"blockId": "g0", "stepId": "s"}, "to": {"blockId": "g1"}}]
    });
    for export in [three, before] {
        let imported = imported(&export);
        assert_eq!(imported.blocks, imported.blocks_mapped);
        assert_eq!(imported.report, []);
        let starts = imported
            .document
            .nodes
            .iter()
            .filter(|node| matches!(node.kind, Kind::Start(_)));
        assert_eq!(starts.count(), 1);
        let flow = compile_draft(&imported.document, &Subflows::new()).expect("it runs");
        let walks = explore(&imported.document, &flow, 50, 1).expect("it runs");
        assert_eq!((walks.ended, walks.coverage.missed_nodes.len()), (50, 0));
    }
}

#[test]
fn what_is_no_export_is_refused() {
    for (bytes, reason) in [
        (&b"x"[..], NoImport::NotJson),
        (b"[]", NoImport::NotTypebot),
        (b"{}", NoImport::NotTypebot),
        (b"{\"groups\": 7}", NoImport::NotTypebot),
    ] {
        assert_eq!(import(bytes), Err(reason));
    }
    assert_eq!(
        import(&vec![b' '; 10 * 1024 * 1024]),
        Err(NoImport::TooLarge)
    );
    let deep = format!(
        "{{\"groups\": {}{}}}",
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    assert_eq!(import(deep.as_bytes()), Err(NoImport::NotJson));
}

#[test]
fn a_large_export_comes_over_whole() {
    let groups: Vec<Value> = (0..171).map(|n| json!({
        "id": format!("g{n}"), "title": "Again", "graphCoordinates": {"x": n, "y": 0}, "blocks": [
            {"id": format!("t{n}"), "type": "text", "content": rich(&"words ".repeat(200))},
            {"id": format!("c{n}"), "type": "choice input", "items": [
                {"id": format!("i{n}"), "content": "On"}, {"id": format!("j{n}"), "content": "Back"}]}
        ]
    })).collect();
    let edges: Vec<Value> = (0..171).flat_map(|n| [
        json!({"id": format!("e{n}"), "from": {"blockId": format!("c{n}"), "itemId": format!("i{n}")}, "to": {"groupId": format!("g{}", n + 1)}}),
        json!({"id": format!("f{n}"), "from": {"blockId": format!("c{n}"), "itemId": format!("j{n}")}, "to": {"groupId": "g0"}}),
    ]).collect();
    let export = json!({"version": "6", "name": "Large", "events": [{"id": "s", "type": "start"}],
        "groups": groups, "edges": edges, "variables": []});
    let imported = imported(&export);
    assert_eq!(imported.blocks, imported.blocks_mapped);
    assert!(compile_draft(&imported.document, &Subflows::new()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// However an export is broken, it comes over or is refused, and what comes over runs.
    #[test]
    fn an_export_that_is_hurt_anywhere_is_imported_or_refused(hurts in prop::collection::vec((0_usize..400, 0_usize..8), 1..6)) {
        let mut export = whole();
        for (at, with) in hurts {
            let wrong = [json!(null), json!(-1), json!({}), json!([]), json!("{{"), json!("b1"), json!(true), json!("{{Age}}")];
            let mut left = at;
            hurt(&mut export, &mut left, &wrong[with]);
        }
        if let Ok(imported) = import(export.to_string().as_bytes()) {
            let written = serde_json::to_value(&imported.document).expect("a document is JSON");
            let document = Document::from_value(&written);
            prop_assert!(document.is_ok(), "{:?}", document);
            if let Ok(flow) = compile_draft(&imported.document, &Subflows::new()) {
                explore(&imported.document, &flow, 5, 1).expect("it runs");
            }
        }
    }
}

/// Replaces the value that is so many steps on.
fn hurt(value: &mut Value, left: &mut usize, wrong: &Value) -> bool {
    if *left == 0 {
        *value = wrong.clone();
        return true;
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| hurt(item, left, wrong)),
        Value::Object(fields) => fields.iter_mut().any(|(_, value)| hurt(value, left, wrong)),
        _ => false,
    }
}

#[test]
fn blocks_that_share_an_id_both_come_over_and_edges_lead_to_the_last_one() {
    let export = json!({
        "version": "6", "name": "Twice",
        "events": [{"id": "ev", "type": "start", "outgoingEdgeId": "e0"}],
        "groups": [
            {"id": "g1", "title": "One", "blocks": [
                {"id": "same", "type": "text", "content": rich("first")},
                {"id": "other", "type": "text", "content": rich("second")}]},
            {"id": "g2", "title": "Two", "blocks": [{"id": "same", "type": "text", "content": rich("third")}]}
        ],
        "edges": [
            {"id": "e0", "from": {"eventId": "ev"}, "to": {"groupId": "g1"}},
            {"id": "e1", "from": {"blockId": "other"}, "to": {"groupId": "g2", "blockId": "same"}}
        ],
    });
    let imported = imported(&export);
    let broken = imported
        .report
        .iter()
        .any(|loss| loss.extent == Extent::Broken);
    assert!(broken, "{:?}", imported.report);
    let found = check(
        &imported.document,
        &Subflows::new(),
        &Surroundings::default(),
    );
    assert!(found.iter().all(|one| one.code != Code::E101), "{found:?}");
    let flow = compile_draft(&imported.document, &Subflows::new()).expect("it compiles");
    let (_, turn) = Talk::begin(flow);
    assert_eq!(texts(&turn), ["first", "second", "third"]);
}
