//! `GET /v1/workspaces/{workspace}/flows/{flow}/diff`: what differs between two versions, or between a
//! version and the draft.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    app::App,
    domain::{FlowId, Permission, WorkspaceId},
    http::{Credential, Json, Path, Problem, Problems, Query},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    desk::{Desk, place},
    document,
};

/// What to compare.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Between {
    /// The number of the older version; the draft where it is absent.
    from: Option<u64>,
    /// The number of the newer version; the draft where it is absent.
    to: Option<u64>,
}

/// What came, went and changed in one list, by id.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ListChanges {
    /// What is only in the newer one.
    #[schema(example = json!(["n4"]))]
    added: Vec<String>,
    /// What is only in the older one.
    #[schema(example = json!(["n5"]))]
    removed: Vec<String>,
    /// What is in both, and differs.
    #[schema(example = json!(["n6"]))]
    changed: Vec<String>,
}

/// What differs between two documents.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FlowChanges {
    /// Whether anything differs.
    #[schema(example = true)]
    differs: bool,
    /// Nodes. Where only the builder's drawing differs, nothing does.
    nodes: ListChanges,
    /// Edges.
    edges: ListChanges,
    /// Variables.
    variables: ListChanges,
    /// Other fields of the document that differ, by name.
    #[schema(example = json!(["settings"]))]
    fields: Vec<String>,
}

/// Compare two versions of a flow.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/flows/{flow}/diff",
    operation_id = "compare_flow_versions",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("flow" = FlowId, Path, description = "The flow."),
        Between,
    ),
    responses((status = 200, description = "What differs.", body = FlowChanges), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, flow)): Path<(WorkspaceId, FlowId)>,
    Query(between): Query<Between>,
) -> Result<Json<FlowChanges>, Problem> {
    let at = (workspace, flow);
    let older = place(workspace, flow, between.from).keys();
    let more = older.chain(place(workspace, flow, between.to).keys());
    let desk = Desk::open(&app, &credential, at, Permission::FlowsRead, more).await?;
    let older = document::shown(&desk.document(between.from)?)?;
    let newer = document::shown(&desk.document(between.to)?)?;
    Ok(Json(changes(&older, &newer)))
}

const LISTS: [&str; 3] = ["nodes", "edges", "variables"];

fn changes(older: &Value, newer: &Value) -> FlowChanges {
    let [nodes, edges, variables] = LISTS.map(|list| in_list(&older[list], &newer[list]));
    let names = |document: &Value| -> Vec<String> {
        let fields = document.as_object().map(|fields| fields.keys());
        fields.into_iter().flatten().cloned().collect()
    };
    let mut fields: Vec<String> = names(older).into_iter().chain(names(newer)).collect();
    fields.sort();
    fields.dedup();
    fields.retain(|name| !LISTS.contains(&name.as_str()) && older[name] != newer[name]);
    let none = ListChanges::default();
    let differs = !fields.is_empty()
        || [&nodes, &edges, &variables]
            .iter()
            .any(|list| **list != none);
    FlowChanges {
        differs,
        nodes,
        edges,
        variables,
        fields,
    }
}

fn in_list(older: &Value, newer: &Value) -> ListChanges {
    let (older, newer) = (by_id(older), by_id(newer));
    let missing_in = |all: &BTreeMap<String, Value>, there: &BTreeMap<String, Value>| {
        let ids = all.keys().filter(|id| !there.contains_key(*id));
        ids.cloned().collect::<Vec<_>>()
    };
    let changed = newer
        .iter()
        .filter(|(id, item)| older.get(*id).is_some_and(|before| before != *item));
    ListChanges {
        added: missing_in(&newer, &older),
        removed: missing_in(&older, &newer),
        changed: changed.map(|(id, _)| id.clone()).collect(),
    }
}

/// The items of a list by their ids, without where the builder draws them. Of two with one id the
/// last one counts: such a draft has an error that says so.
fn by_id(list: &Value) -> BTreeMap<String, Value> {
    let items = list.as_array().into_iter().flatten();
    let with_id = items.filter_map(|item| {
        let id = item["id"].as_str()?.to_owned();
        let mut item = item.clone();
        if let Some(fields) = item.as_object_mut() {
            fields.remove("ui");
        }
        Some((id, item))
    });
    with_id.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_came_went_and_changed_is_told_by_id_and_drawing_is_no_change() {
        let older = json!({
            "name": "A", "nodes": [{ "id": "a", "ui": { "x": 1 } }, { "id": "b" }, { "id": "c", "type": "end" }],
            "edges": [], "settings": {},
        });
        let newer = json!({
            "name": "B", "nodes": [{ "id": "a", "ui": { "x": 2 } }, { "id": "c", "type": "message" }, { "id": "d" }],
            "edges": [], "handlers": {},
        });
        let found = changes(&older, &newer);
        assert_eq!(found.nodes.added, ["d"]);
        assert_eq!(found.nodes.removed, ["b"]);
        assert_eq!(found.nodes.changed, ["c"]);
        assert_eq!(found.fields, ["handlers", "name", "settings"]);
        assert!(found.differs && found.edges == ListChanges::default());
        assert!(!changes(&older, &older).differs);
    }
}
