//! Turns of a flow, and what it takes to read one or to bring one over from Typebot, beside what serde_json takes for
//! the same bytes.

mod export;

use clap::Args;
use export::export;
use flow::{
    Arrival, Cx, Document, Limits, State, Subflows, Surroundings, What, check, compile, step,
    typebot::import,
};
use serde_json::{Value, json};

use super::figures::{rounded, start};

/// Turns of a flow, on one core.
#[derive(Args)]
pub struct Flow {
    /// How many turns are measured.
    #[arg(long, value_name = "N", default_value_t = 500_000, value_parser = clap::value_parser!(u32).range(1_000..=100_000_000))]
    turns: u32,
    /// How many nodes the flow has that is read and checked.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(10..=1_000))]
    nodes: u32,
    /// Prints one line of JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// How often a document is read.
const READS: u32 = 20;

impl Flow {
    pub(super) fn run(self) -> Result<String, String> {
        let (turn_ns, state_ns, state_bytes) = self.turns()?;
        let document = large(self.nodes);
        let bytes = document.to_string();
        let parse = timed(READS, || {
            serde_json::from_str::<Value>(&bytes).map_err(|error| error.to_string())
        })?;
        let read = Document::from_value(&document).map_err(|wrong| format!("{wrong:?}"))?;
        let (subflows, around) = (Subflows::new(), Surroundings::default());
        let validate = timed(READS, || Ok(check(&read, &subflows, &around)))?;
        let compiled = timed(READS, || {
            compile(&read, &subflows, &around).map_err(|wrong| format!("{wrong:?}"))
        })?;
        let exported = export();
        let import_parse = timed(READS, || {
            serde_json::from_slice::<Value>(&exported).map_err(|error| error.to_string())
        })?;
        let imported = timed(READS, || {
            import(&exported).map_err(|refused| refused.to_string())
        })?;
        let figures = json!({
            "turns_per_second": rounded(1e9 / turn_ns),
            "turn_ns": rounded(turn_ns),
            "turn_to_parse_of_its_state": rounded(turn_ns / state_ns),
            "state_bytes": state_bytes,
            "document_bytes": bytes.len(),
            "parse_ms": rounded(parse / 1e6),
            "validate_ms": rounded(validate / 1e6),
            "validate_to_parse": rounded(validate / parse),
            "compile_ms": rounded(compiled / 1e6),
            "compile_to_parse": rounded(compiled / parse),
            "import_bytes": exported.len(),
            "import_parse_ms": rounded(import_parse / 1e6),
            "import_ms": rounded(imported / 1e6),
            "import_to_parse": rounded(imported / import_parse),
        });
        if self.json {
            return Ok(format!("{figures}\n"));
        }
        let lines = figures.as_object().into_iter().flatten();
        Ok(lines
            .map(|(name, value)| format!("{name:30} {value}\n"))
            .collect())
    }

    /// Nanoseconds of a turn of five nodes with its state read and written, of a parse of that state, and
    /// the bytes of it.
    fn turns(&self) -> Result<(f64, f64, usize), String> {
        let document = Document::from_value(&five()).map_err(|wrong| format!("{wrong:?}"))?;
        let compiled = compile(&document, &Subflows::new(), &Surroundings::default())
            .map_err(|wrong| format!("{wrong:?}"))?;
        let limits = Limits {
            turns: u32::MAX,
            ..Limits::default()
        };
        let cx = Cx {
            now_ms: 0,
            seed: 1,
            offset_minutes: 0,
            limits,
            calls: true,
        };
        let begin = Arrival::of(What::Start {
            node: None,
            vars: Vec::new(),
        });
        let first =
            step(&compiled, State::new(), &begin, &cx).map_err(|error| error.to_string())?;
        let mut stored = serde_json::to_vec(&first.state).map_err(|error| error.to_string())?;
        let said = Arrival::of(What::Text("12".to_owned()));
        let turn = timed(self.turns, || {
            let state: State =
                serde_json::from_slice(&stored).map_err(|error| error.to_string())?;
            let turn = step(&compiled, state, &said, &cx).map_err(|error| error.to_string())?;
            if turn.trace.len() != 6 {
                return Err("the turn did not visit its nodes".to_owned());
            }
            stored = serde_json::to_vec(&turn.state).map_err(|error| error.to_string())?;
            Ok(())
        })?;
        let parse = timed(self.turns, || {
            serde_json::from_slice::<Value>(&stored).map_err(|error| error.to_string())
        })?;
        Ok((turn, parse, stored.len()))
    }
}

/// Nanoseconds of one run, of so many.
fn timed<T>(runs: u32, mut run: impl FnMut() -> Result<T, String>) -> Result<f64, String> {
    let began = start();
    for _ in 0..runs {
        std::hint::black_box(run()?);
    }
    Ok(began.elapsed().as_secs_f64() * 1e9 / f64::from(runs))
}

/// Message, question, value, condition of three terms, message: around and around.
fn five() -> Value {
    let compare =
        |var: &str, op: &str, value: Value| json!({"var": var, "op": op, "value": {"lit": value}});
    json!({
        "schema": "flow/1", "name": "Five",
        "variables": [
            {"id": "n", "name": "n", "type": "number"}, {"id": "kind", "name": "kind", "type": "text"}
        ],
        "nodes": [
            {"id": "a", "type": "start"},
            {"id": "b", "type": "message", "data": {"parts": [{"kind": "text", "md": "You said {{ n }}, {{ kind }}."}]}},
            {"id": "c", "type": "ask", "data": {"input": {"kind": "number"}, "save": "n"}},
            {"id": "d", "type": "set", "data": {"to": "kind", "value": {"lit": "many"}}},
            {"id": "e", "type": "condition", "data": {"cases": [{"id": "k", "when": {"all": [
                compare("n", "gt", json!(10)), compare("n", "lt", json!(100)), compare("kind", "eq", json!("many"))
            ]}}]}},
            {"id": "f", "type": "message", "data": {"parts": [{"kind": "text", "md": "Fine."}]}},
        ],
        "edges": [
            {"id": "1", "from": {"node": "a", "port": "next"}, "to": {"node": "b"}},
            {"id": "2", "from": {"node": "b", "port": "next"}, "to": {"node": "c"}},
            {"id": "3", "from": {"node": "c", "port": "next"}, "to": {"node": "d"}},
            {"id": "4", "from": {"node": "d", "port": "next"}, "to": {"node": "e"}},
            {"id": "5", "from": {"node": "e", "port": "case:k"}, "to": {"node": "f"}},
            {"id": "6", "from": {"node": "e", "port": "else"}, "to": {"node": "b"}},
            {"id": "7", "from": {"node": "f", "port": "next"}, "to": {"node": "b"}},
        ]
    })
}

/// A flow of so many nodes, of the kinds that flows are mostly made of.
fn large(count: u32) -> Value {
    let mut nodes = vec![json!({"id": "s", "type": "start"})];
    let mut edges =
        vec![json!({"id": "es", "from": {"node": "s", "port": "next"}, "to": {"node": "n1"}})];
    let mut variables = Vec::new();
    for n in 1..count {
        let id = format!("n{n}");
        let next = format!("n{}", if n + 1 < count { n + 1 } else { 1 });
        let variable = format!("v{}", n % 50);
        if n <= 50 {
            let name = format!("v{}", n % 50);
            variables.push(json!({"id": variable, "name": name, "type": "text", "default": "x"}));
        }
        let (kind, data, port) = match n % 4 {
            0 => (
                "message",
                json!({"parts": [{"kind": "text", "md": format!("Text {n} for {{{{ {variable}|upper }}}} and others")}]}),
                "next",
            ),
            1 => (
                "ask",
                json!({"md": "What?", "input": {"kind": "text"}, "save": variable}),
                "next",
            ),
            2 => (
                "condition",
                json!({"cases": [{"id": "k", "when": {"var": variable, "op": "eq", "value": {"lit": "x"}}}]}),
                "case:k",
            ),
            _ => (
                "set",
                json!({"to": variable, "value": {"template": format!("{{{{ {variable} }}}}!")}}),
                "next",
            ),
        };
        nodes.push(json!({"id": id, "type": kind, "data": data}));
        edges.push(json!({"id": format!("e{n}"), "from": {"node": id, "port": port}, "to": {"node": next}}));
        if kind == "condition" {
            edges.push(json!({"id": format!("f{n}"), "from": {"node": id, "port": "else"}, "to": {"node": next}}));
        }
    }
    json!({"schema": "flow/1", "name": "Large", "variables": variables, "nodes": nodes, "edges": edges})
}
