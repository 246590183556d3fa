//! Small flows, and a conversation in one.

use flow::{
    Arrival, Compiled, Cx, Document, Effect, Limits, State, Subflows, Surroundings, Turn, What,
    compile, step,
};
use serde_json::{Value, json};

/// A document of these nodes. Edges are written `"a.next b"`.
pub fn document(variables: Value, nodes: Value, edges: &[&str]) -> Value {
    let edges = edges.iter().enumerate().map(|(n, edge)| {
        let (from, to) = edge.split_once(' ').expect("an edge has two ends");
        let (node, port) = from.split_once('.').expect("an edge begins at a port");
        json!({"id": format!("e{n}"), "from": {"node": node, "port": port}, "to": {"node": to}})
    });
    json!({
        "schema": "flow/1",
        "name": "Test",
        "variables": variables,
        "nodes": nodes,
        "edges": edges.collect::<Vec<_>>(),
    })
}

pub fn node(id: &str, kind: &str, data: Value) -> Value {
    json!({"id": id, "type": kind, "data": data})
}

pub fn say(id: &str, md: &str) -> Value {
    node(
        id,
        "message",
        json!({"parts": [{"kind": "text", "md": md}]}),
    )
}

pub fn variable(id: &str, kind: &str) -> Value {
    json!({"id": id, "name": id.trim_start_matches("v_"), "type": kind})
}

pub fn read(document: &Value) -> Document {
    Document::from_value(document).unwrap_or_else(|wrong| panic!("{wrong:?}"))
}

pub fn compiled(document: &Value) -> Compiled {
    compiled_with(document, &Subflows::new())
}

pub fn compiled_with(document: &Value, subflows: &Subflows) -> Compiled {
    let around = Surroundings::default();
    compile(&read(document), subflows, &around).unwrap_or_else(|wrong| panic!("{wrong:?}"))
}

pub fn cx(now_ms: i64) -> Cx {
    Cx {
        now_ms,
        seed: 7,
        offset_minutes: 60,
        limits: Limits::default(),
        calls: true,
    }
}

/// A conversation in a flow.
pub struct Talk {
    pub flow: Compiled,
    pub state: State,
    pub now_ms: i64,
}

impl Talk {
    /// The flow, begun.
    pub fn begin(flow: Compiled) -> (Self, Turn) {
        let mut talk = Self {
            flow,
            state: State::new(),
            now_ms: 1_000_000,
        };
        let turn = talk.take(What::Start {
            node: None,
            vars: Vec::new(),
        });
        (talk, turn)
    }

    pub fn take(&mut self, what: What) -> Turn {
        self.arrive(&Arrival::of(what))
    }

    pub fn arrive(&mut self, arrival: &Arrival) -> Turn {
        // Through JSON, as it is stored.
        let stored = serde_json::to_string(&self.state).expect("a state is JSON");
        let state = serde_json::from_str(&stored).expect("a state is read again");
        let turn =
            step(&self.flow, state, arrival, &cx(self.now_ms)).expect("the state is of this flow");
        self.state = turn.state.clone();
        turn
    }

    pub fn say(&mut self, text: &str) -> Turn {
        self.take(What::Text(text.to_owned()))
    }

    pub fn key(&self) -> String {
        self.state
            .wait
            .as_ref()
            .map(|wait| wait.key.clone())
            .unwrap_or_default()
    }

    pub fn at(&self) -> &str {
        self.state.wait.as_ref().map_or("", |wait| &wait.node)
    }

    pub fn outcome(&self) -> Option<&str> {
        self.state
            .ended
            .as_ref()
            .map(|ended| ended.outcome.as_deref().unwrap_or(""))
    }
}

/// The texts of a turn.
pub fn texts(turn: &Turn) -> Vec<&str> {
    let sent = turn.effects.iter().filter_map(|effect| match effect {
        Effect::Send {
            part: flow::node::Part::Text { md },
            ..
        } => Some(md.as_str()),
        _ => None,
    });
    sent.collect()
}
