//! Large exports of every version of Typebot, made here after the shapes that public ones have: 171 groups and more
//! than 350 KB, with what is broken in real ones.

use std::collections::BTreeSet;

use flow::simulate::explore;
use flow::typebot::{Extent, import};
use flow::{Subflows, compile_draft};
use serde_json::{Value, json};

const GROUPS: usize = 171;
/// The versions that exports name; the oldest name none.
const VERSIONS: [Option<&str>; 6] = [
    None,
    Some("3"),
    Some("4"),
    Some("5"),
    Some("6"),
    Some("6.1"),
];

fn is_old(version: Option<&str>) -> bool {
    version.is_none_or(|version| version < "6")
}

/// A text, as each version writes one.
fn said(version: Option<&str>, n: usize) -> Value {
    let words = format!(
        "{{{{Name}}}}, this is group {n}. {}",
        "And some more words. ".repeat(70)
    );
    let rich =
        json!([{ "type": "p", "children": [{ "text": words, "bold": n.is_multiple_of(3) }] }]);
    match is_old(version) {
        true => {
            json!({ "html": format!("<div>{words}</div>"), "plainText": words, "richText": rich })
        }
        false => json!({ "richText": rich }),
    }
}

/// An input, of another kind for each group.
fn asked(n: usize) -> Value {
    let kinds = [
        (
            "text input",
            json!({ "isLong": true, "labels": { "placeholder": "Type", "button": "Send" } }),
        ),
        ("number input", json!({ "min": 0, "max": 99, "step": 1 })),
        (
            "email input",
            json!({ "retryMessageContent": "No address" }),
        ),
        ("url input", json!({})),
        ("date input", json!({ "hasTime": false, "isRange": false })),
        ("phone number input", json!({ "defaultCountryCode": "FR" })),
        (
            "rating input",
            json!({ "length": 10, "buttonType": "Numbers" }),
        ),
        (
            "file input",
            json!({ "isMultipleAllowed": true, "sizeLimit": 10 }),
        ),
    ];
    let (kind, mut options) = kinds[n % kinds.len()].clone();
    // Some name a variable that is not there.
    options["variableId"] = if n % 40 == 7 {
        "gone".into()
    } else {
        "v_answer".into()
    };
    json!({ "id": format!("q{n}"), "type": kind, "options": options })
}

/// What leads on: a choice, a condition, or the group itself.
fn forked(n: usize) -> Option<Value> {
    match n % 3 {
        0 => Some(json!({ "id": format!("c{n}"), "type": "choice input",
            "options": { "isMultipleChoice": false, "buttonLabel": "Send", "variableId": "v_answer" },
            "items": [
                { "id": format!("i{n}"), "blockId": format!("c{n}"), "type": 0, "content": "On", "outgoingEdgeId": format!("e{n}") },
                { "id": format!("j{n}"), "blockId": format!("c{n}"), "type": 0, "content": "Back", "outgoingEdgeId": format!("f{n}") },
            ] })),
        1 => Some(
            json!({ "id": format!("c{n}"), "type": "Condition", "outgoingEdgeId": format!("f{n}"), "items": [
            { "id": format!("i{n}"), "blockId": format!("c{n}"), "type": 1, "outgoingEdgeId": format!("e{n}"), "content": {
                "logicalOperator": "OR", "comparisons": [
                    { "id": "a", "variableId": "v_score", "comparisonOperator": "Greater than", "value": "3" },
                    { "id": "b", "variableId": "v_answer", "comparisonOperator": "Contains", "value": "\"NAO\"" },
                ] } },
        ] }),
        ),
        _ => None,
    }
}

fn export(version: Option<&str>) -> Value {
    let old = is_old(version);
    let mut groups = Vec::new();
    let mut edges = Vec::new();
    for n in 0..GROUPS {
        let id = format!("g{n}");
        let score = json!({ "variableId": "v_score", "expressionToEvaluate": "{{Score}} + 1" });
        let mut blocks = vec![
            json!({ "id": format!("t{n}"), "type": "text", "content": said(version, n) }),
            json!({ "id": format!("s{n}"), "type": "Set variable", "options": score }),
            asked(n),
        ];
        blocks.extend(forked(n));
        let last = blocks.last_mut().expect("a block");
        let from = |item: bool| {
            let mut from = json!({ "blockId": last["id"] });
            if item {
                from["itemId"] = format!("i{n}").into();
            }
            if old {
                from["groupId"] = id.clone().into();
            }
            from
        };
        let forks = n % 3 != 2;
        let back = if n % 3 == 0 {
            json!({ "blockId": last["id"], "itemId": format!("j{n}") })
        } else {
            from(false)
        };
        edges.push(json!({ "id": format!("e{n}"), "from": from(forks), "to": { "groupId": format!("g{}", n + 1) } }));
        if forks {
            edges.push(json!({ "id": format!("f{n}"), "from": back, "to": { "groupId": "g0" } }));
        } else {
            last["outgoingEdgeId"] = format!("e{n}").into();
        }
        if old {
            for block in &mut blocks {
                block["groupId"] = id.clone().into();
            }
        }
        groups.push(json!({ "id": id, "title": "Group #1", "graphCoordinates": { "x": n * 300, "y": 0 }, "blocks": blocks }));
    }
    // What becomes of groups and blocks that were deleted.
    for n in 0..8 {
        edges.push(json!({ "id": format!("o{n}"), "from": { "blockId": format!("gone{n}") }, "to": { "groupId": "g0" } }));
    }
    let mut export = json!({
        "id": "bot", "name": "Large", "groups": groups, "edges": edges,
        "variables": [
            { "id": "v_name", "name": "Name" }, { "id": "v_score", "name": "Score" }, { "id": "v_answer", "name": "The answer" },
        ],
        "theme": {}, "settings": {}, "publicId": null, "customDomain": null,
    });
    if let Some(version) = version {
        export["version"] = version.into();
    }
    if old {
        let start = json!({ "id": "start", "title": "Start", "graphCoordinates": { "x": 0, "y": 0 }, "blocks": [
            { "id": "s", "type": "start", "label": "Start", "groupId": "start", "outgoingEdgeId": "first" },
        ] });
        export["groups"]
            .as_array_mut()
            .expect("groups")
            .insert(0, start);
    } else {
        export["events"] = json!([{ "id": "s", "type": "start", "outgoingEdgeId": "first", "graphCoordinates": { "x": 0, "y": 0 } }]);
    }
    let from = if old {
        json!({ "blockId": "s", "groupId": "start" })
    } else {
        json!({ "eventId": "s" })
    };
    let first = json!({ "id": "first", "from": from, "to": { "groupId": "g0" } });
    export["edges"].as_array_mut().expect("edges").push(first);
    export
}

#[test]
fn a_large_export_of_every_version_comes_over_whole_with_a_line_for_everything_broken() {
    for version in VERSIONS {
        let text = export(version).to_string();
        assert!(text.len() > 350_000, "{}", text.len());
        let imported = import(text.as_bytes()).expect("it is imported");
        assert_eq!(imported.blocks_mapped, imported.blocks, "{version:?}");
        let broken = imported
            .report
            .iter()
            .filter(|loss| loss.extent == Extent::Broken);
        let broken: BTreeSet<&str> = broken.map(|loss| loss.message.as_str()).collect();
        for n in 0..8 {
            assert!(
                broken
                    .iter()
                    .any(|line| line.contains(&format!("o{n} begins"))),
                "{broken:?}"
            );
        }
        // The last group leads to one that is not there.
        assert!(
            broken.iter().any(|line| line.contains("e170 leads")),
            "{broken:?}"
        );
        let flow = compile_draft(&imported.document, &Subflows::new()).expect("it runs");
        assert!(imported.document.nodes.len() > imported.blocks);
        let walks = explore(&imported.document, &flow, 5, 1).expect("it runs");
        assert!(walks.coverage.nodes > 3, "{version:?}");
    }
}
