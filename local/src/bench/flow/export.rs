//! An export as large as the largest public ones: 171 groups, 350 KB.

use serde_json::{Value, json};

/// How many groups it has.
const GROUPS: usize = 171;

/// The export, of the present version of Typebot.
pub(super) fn export() -> Vec<u8> {
    let groups = (0..GROUPS).map(group);
    let edge = |n: usize| json!({"id": format!("e{n}"), "from": {"blockId": format!("c{n}")}, "to": {"groupId": format!("g{}", (n + 1) % GROUPS)}});
    let item = |n: usize| json!({"id": format!("f{n}"), "from": {"blockId": format!("c{n}"), "itemId": format!("i{n}")}, "to": {"groupId": "g0"}});
    let begin = json!({"id": "e", "from": {"eventId": "start"}, "to": {"groupId": "g0"}});
    let edges = (0..GROUPS).flat_map(|n| [edge(n), item(n)]);
    json!({
        "version": "6.1", "id": "large", "name": "Large",
        "events": [{"id": "start", "type": "start", "outgoingEdgeId": "e"}],
        "groups": groups.collect::<Vec<_>>(),
        "edges": std::iter::once(begin).chain(edges).collect::<Vec<_>>(),
        "variables": [{"id": "v_name", "name": "Name"}, {"id": "v_answer", "name": "Answer"}, {"id": "v_score", "name": "Score"}],
        "theme": {}, "settings": {},
    })
    .to_string()
    .into_bytes()
}

/// Says something, counts, asks, and forks.
fn group(n: usize) -> Value {
    let words = format!(
        "{{{{Name}}}}, this is group {n}. {}",
        "And some more words. ".repeat(55)
    );
    let kinds = [
        "text input",
        "number input",
        "email input",
        "url input",
        "phone number input",
    ];
    let compared = json!({"id": "a", "variableId": "v_score", "comparisonOperator": "Greater than", "value": "3"});
    let fork = match n % 2 {
        0 => json!({
            "id": format!("c{n}"), "type": "choice input", "outgoingEdgeId": format!("e{n}"),
            "options": {"variableId": "v_answer"},
            "items": [{"id": format!("i{n}"), "content": "Back", "outgoingEdgeId": format!("f{n}")}, {"id": format!("j{n}"), "content": "On"}],
        }),
        _ => json!({
            "id": format!("c{n}"), "type": "Condition", "outgoingEdgeId": format!("e{n}"),
            "items": [{"id": format!("i{n}"), "outgoingEdgeId": format!("f{n}"), "content": {"logicalOperator": "OR", "comparisons": [compared]}}],
        }),
    };
    json!({
        "id": format!("g{n}"), "title": format!("Group {n}"), "graphCoordinates": {"x": n, "y": 0},
        "blocks": [
            {"id": format!("t{n}"), "type": "text", "content": {"richText": [{"type": "p", "children": [{"text": words}]}]}},
            {"id": format!("s{n}"), "type": "Set variable", "options": {"variableId": "v_score", "expressionToEvaluate": "{{Score}} + 1"}},
            {"id": format!("q{n}"), "type": kinds[n % kinds.len()], "options": {"variableId": "v_answer", "labels": {"placeholder": "Type", "button": "Send"}}},
            fork,
        ],
    })
}
