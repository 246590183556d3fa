//! Many steps with nothing behind them: nothing is stored, sent or asked. Time moves when the script
//! says so, servers answer what the script says.

mod explore;
mod pattern;
mod record;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::document::Document;
use crate::effects::{
    AgentDid, Arrival, CallDid, Cx, Effect, Failure, FileRef, Ignored, Note, Turn, What,
};
use crate::limits::Limits;
use crate::nodes::Part;
use crate::program::Compiled;
use crate::state::{State, WaitKind};
use crate::step::{StepError, step};
use crate::variables::show;

pub use explore::{Exploration, explore};
pub use record::{Unrecorded, Walked, record};

/// The most steps of a script.
const MAX_STEPS: usize = 500;
/// The most deadlines that pass in one `advance_ms`.
const MAX_DEADLINES: usize = 1_000;
/// How much comes out of a script at most, in bytes; more of it is not played.
const MAX_OUTPUT_BYTES: usize = 2 * 1024 * 1024;
/// 2026-01-01: when a script begins that does not say.
const FIRST_MS: i64 = 1_767_225_600_000;

/// What happens to a flow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// What stands for the visitor at every split.
    pub seed: u64,
    /// When it begins.
    pub now: Option<Moment>,
    /// Minutes that the visitor's clock is ahead of UTC.
    pub offset_minutes: i32,
    /// The visitor's language; the flow's own otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Where it begins, by id; the first start otherwise.
    pub start: Option<String>,
    /// Values of variables at the start, by name.
    pub vars: BTreeMap<String, Value>,
    /// What servers answer.
    pub http: Vec<Mock>,
    /// Whether it is somewhere without calls.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub without_calls: bool,
    /// What happens, in this order.
    pub steps: Vec<Step>,
}

/// A moment, in milliseconds since 1970; RFC 3339 as a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub i64);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match Timestamp::from_millisecond(self.0) {
            Ok(moment) => serializer.collect_str(&moment),
            Err(_) => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let moment: Timestamp = text
            .parse()
            .map_err(|_| D::Error::custom("a moment is written as in RFC 3339"))?;
        Ok(Self(moment.as_millisecond()))
    }
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mock {
    /// Part of the address that is asked.
    #[serde(default)]
    pub url: String,
    /// The status.
    pub status: u16,
    /// The body.
    #[serde(default)]
    pub body: Value,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// The visitor writes.
    Say(String),
    /// The visitor chooses, by the ids of options.
    Choose(Vec<String>),
    /// The visitor sends files: their media types.
    Files(Vec<String>),
    /// The visitor proves an address of mail.
    Prove(String),
    /// A call from outside.
    Event(Value),
    /// Time goes by.
    AdvanceMs(u64),
    /// What the team does.
    Agent(Agent),
    /// What becomes of a call.
    Call(Call),
    /// A word of the program.
    Command(String),
    /// What has to be true now.
    Expect(Vec<Expect>),
}

/// What the team does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Agent {
    Took,
    Resolved,
    Unavailable,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Call {
    Joined,
    Ended,
    Missed,
    Declined,
    Unavailable,
}

/// What has to be true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expect {
    /// Something said since the visitor's last word contains this.
    Text(String),
    /// This node is waited at.
    Node(String),
    /// An effect of this name came since the visitor's last word.
    Effect(String),
    /// A variable, by name, holds this.
    Var {
        /// Its name.
        name: String,
        /// What it holds.
        value: Value,
    },
    /// The flow is over with this outcome.
    Outcome(String),
}

/// What came of a script.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Simulation {
    /// What was said and done.
    pub transcript: Vec<Line>,
    /// The nodes that were visited.
    pub trace: Vec<Visited>,
    /// Where the flow stands.
    pub state: State,
    /// What was reached.
    pub coverage: Coverage,
    /// What was expected and is not so.
    pub missed: Vec<Missed>,
    /// What failed.
    pub failures: Vec<Failure>,
    /// Whether it was too much, and the last steps were not played.
    pub cut: bool,
}

/// A line of a transcript.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Line {
    /// Something came in.
    In {
        /// The step of the script.
        step: Step,
    },
    /// It did nothing.
    Ignored {
        /// Why.
        reason: Ignored,
    },
    /// The flow did something.
    Out {
        /// What.
        #[serde(flatten)]
        effect: Effect,
    },
}

/// A node that was visited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Visited {
    /// The flow inside, where it is one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub flow: String,
    /// The node, by id.
    pub node: String,
    /// Where it was left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// What is worth knowing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

/// What was reached of the flow itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Nodes that were visited.
    pub nodes: usize,
    /// Nodes that there are.
    pub nodes_of: usize,
    /// Edges that were followed.
    pub edges: usize,
    /// Edges that there are.
    pub edges_of: usize,
    /// The nodes that were not, by id.
    pub missed_nodes: Vec<String>,
    /// The edges that were not, by id.
    pub missed_edges: Vec<String>,
}

/// An expectation that is not so.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Missed {
    /// The place of the step.
    pub step: usize,
    /// What was expected.
    pub expected: Expect,
}

/// Runs a script.
///
/// # Errors
/// [`StepError`] cannot come from a state that began here; the script is then at fault.
pub fn simulate(
    document: &Document,
    flow: &Compiled,
    script: &Script,
) -> Result<Simulation, StepError> {
    let spoken = script.locale.as_deref();
    let mut run = Run::new(spoken.map_or(flow, |locale| flow.spoken_in(locale)), script);
    run.begin()?;
    for (n, step) in script.steps.iter().take(MAX_STEPS).enumerate() {
        run.take(n, step)?;
    }
    for (step, skipped) in script.steps.iter().enumerate().skip(MAX_STEPS) {
        if let Step::Expect(expected) = skipped {
            let missed = expected.iter().cloned();
            run.missed
                .extend(missed.map(|expected| Missed { step, expected }));
        }
    }
    Ok(run.finish(document))
}

struct Run<'r> {
    flow: &'r Compiled,
    script: &'r Script,
    cx: Cx,
    state: State,
    transcript: Vec<Line>,
    trace: Vec<Visited>,
    nodes: BTreeSet<usize>,
    edges: BTreeSet<usize>,
    missed: Vec<Missed>,
    failures: Vec<Failure>,
    /// What came out since the visitor's last word.
    latest: Vec<Effect>,
    /// How much came out so far, in bytes, roughly.
    bytes: usize,
    cut: bool,
}

impl<'r> Run<'r> {
    fn new(flow: &'r Compiled, script: &'r Script) -> Self {
        Self {
            flow,
            script,
            cx: Cx {
                now_ms: script.now.map_or(FIRST_MS, |Moment(ms)| ms),
                seed: script.seed,
                offset_minutes: script.offset_minutes.clamp(-1_440, 1_440),
                limits: Limits::default(),
                calls: !script.without_calls,
            },
            state: State::new(),
            transcript: Vec::new(),
            trace: Vec::new(),
            nodes: BTreeSet::new(),
            edges: BTreeSet::new(),
            missed: Vec::new(),
            failures: Vec::new(),
            latest: Vec::new(),
            bytes: 0,
            cut: false,
        }
    }

    fn begin(&mut self) -> Result<(), StepError> {
        let vars = self
            .script
            .vars
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()));
        self.arrive(What::Start {
            node: self.script.start.clone(),
            vars: vars.collect(),
        })
    }

    /// One arrival, and whatever servers answer to what follows.
    fn arrive(&mut self, what: What) -> Result<(), StepError> {
        let mut next = Some(what);
        while let Some(what) = next.take() {
            let state = std::mem::take(&mut self.state);
            let turn = step(self.flow, state, &Arrival::of(what), &self.cx)?;
            next = self.note(turn);
        }
        Ok(())
    }

    fn note(&mut self, turn: Turn) -> Option<What> {
        self.bytes += turn.trace.len() * 128;
        for visit in &turn.trace {
            let (flow, node) = self.flow.node(visit.unit, visit.node);
            self.trace.push(Visited {
                flow: flow.to_owned(),
                node: node.to_owned(),
                port: visit
                    .port
                    .map(|port| self.flow.port_name(visit.unit, visit.node, port)),
                note: visit.note,
            });
            if visit.unit == 0 {
                self.nodes.insert(visit.node);
                self.edges
                    .extend(visit.port.and_then(|port| self.flow.edge(visit.node, port)));
            }
        }
        self.failures.extend(turn.failures);
        self.transcript
            .extend(turn.ignored.map(|reason| Line::Ignored { reason }));
        let mut asked = None;
        for effect in turn.effects {
            self.bytes += weight_of(&effect);
            if let Effect::Http { key, request } = &effect {
                let mock = self
                    .script
                    .http
                    .iter()
                    .find(|mock| request.url.contains(&mock.url));
                asked = Some(What::Http {
                    key: key.clone(),
                    status: mock.map_or(0, |mock| mock.status),
                    body: mock.map_or(Value::Null, |mock| mock.body.clone()),
                });
            }
            self.latest.push(effect.clone());
            self.transcript.push(Line::Out { effect });
        }
        self.state = turn.state;
        asked
    }

    fn take(&mut self, n: usize, step: &Step) -> Result<(), StepError> {
        if let Step::Expect(expected) = step {
            let missed = expected.iter().filter(|expected| !self.is_so(expected));
            let missed: Vec<Missed> = missed
                .map(|expected| Missed {
                    step: n,
                    expected: expected.clone(),
                })
                .collect();
            self.missed.extend(missed);
            return Ok(());
        }
        if self.bytes > MAX_OUTPUT_BYTES {
            self.cut = true;
            return Ok(());
        }
        self.transcript.push(Line::In { step: step.clone() });
        self.latest.clear();
        let key = self
            .state
            .wait
            .as_ref()
            .map(|wait| wait.key.clone())
            .unwrap_or_default();
        let what = match step {
            Step::Say(text) => What::Text(text.clone()),
            Step::Choose(ids) => What::Choice(ids.clone()),
            Step::Files(types) => {
                let files = types.iter().enumerate().map(|(n, media_type)| FileRef {
                    id: format!("file_{n}"),
                    media_type: media_type.clone(),
                });
                What::Files(files.collect())
            }
            Step::Prove(address) => What::Proven(address.clone()),
            Step::Event(body) => What::Event {
                key,
                body: body.clone(),
            },
            Step::Agent(did) => What::Agent(match did {
                Agent::Took => AgentDid::Took,
                Agent::Resolved => AgentDid::Resolved,
                Agent::Unavailable => AgentDid::Unavailable,
            }),
            Step::Call(did) => What::Call {
                key,
                did: match did {
                    Call::Joined => CallDid::Joined,
                    Call::Ended => CallDid::Ended,
                    Call::Missed => CallDid::Missed,
                    Call::Declined => CallDid::Declined,
                    Call::Unavailable => CallDid::Unavailable,
                },
            },
            Step::Command(name) => What::Command(name.clone()),
            Step::AdvanceMs(by) => return self.advance(*by),
            Step::Expect(_) => return Ok(()),
        };
        self.arrive(what)
    }

    /// Time goes by, and every deadline in it passes when it is there.
    fn advance(&mut self, by: u64) -> Result<(), StepError> {
        let end = self
            .cx
            .now_ms
            .saturating_add(i64::try_from(by).unwrap_or(i64::MAX))
            .min(i64::MAX / 2);
        for _ in 0..MAX_DEADLINES {
            let due = self
                .state
                .wait
                .as_ref()
                .and_then(|wait| Some((wait.deadline?, wait.key.clone())));
            let Some((deadline, key)) = due.filter(|(deadline, _)| *deadline <= end) else {
                break;
            };
            if self.bytes > MAX_OUTPUT_BYTES {
                self.cut = true;
                break;
            }
            self.cx.now_ms = self.cx.now_ms.max(deadline);
            self.arrive(What::Timer { key })?;
        }
        self.cx.now_ms = end;
        Ok(())
    }

    fn is_so(&self, expected: &Expect) -> bool {
        match expected {
            Expect::Text(text) => self.latest.iter().any(|effect| match effect {
                Effect::Send {
                    part: Part::Text { md },
                    ..
                } => md.contains(text),
                _ => false,
            }),
            Expect::Node(id) => self
                .state
                .wait
                .as_ref()
                .is_some_and(|wait| wait.node == *id),
            Expect::Effect(name) => self.latest.iter().any(|effect| effect.name() == name),
            Expect::Var { name, value } => {
                let held = self
                    .flow
                    .variable(name)
                    .and_then(|id| self.state.variable(id));
                show(held.unwrap_or(&Value::Null)) == show(value)
            }
            Expect::Outcome(outcome) => {
                let ended = self.state.ended.as_ref();
                ended.is_some_and(|ended| ended.outcome.as_deref().unwrap_or_default() == outcome)
            }
        }
    }

    fn finish(self, document: &Document) -> Simulation {
        let coverage = coverage(document, &self.nodes, &self.edges);
        Simulation {
            transcript: self.transcript,
            trace: self.trace,
            state: self.state,
            coverage,
            missed: self.missed,
            failures: self.failures,
            cut: self.cut,
        }
    }

    fn waits_for(&self) -> Option<WaitKind> {
        self.state.wait.as_ref().map(|wait| wait.kind)
    }
}

/// How much an effect is, in bytes.
fn weight_of(effect: &Effect) -> usize {
    serde_json::to_vec(effect).map_or(0, |bytes| bytes.len())
}

fn coverage(document: &Document, nodes: &BTreeSet<usize>, edges: &BTreeSet<usize>) -> Coverage {
    let missed_nodes = document
        .nodes
        .iter()
        .enumerate()
        .filter(|(n, _)| !nodes.contains(n));
    let missed_edges = document
        .edges
        .iter()
        .enumerate()
        .filter(|(n, _)| !edges.contains(n));
    Coverage {
        nodes: nodes.len(),
        nodes_of: document.nodes.len(),
        edges: edges.len(),
        edges_of: document.edges.len(),
        missed_nodes: missed_nodes.map(|(_, node)| node.id.clone()).collect(),
        missed_edges: missed_edges.map(|(_, edge)| edge.id.clone()).collect(),
    }
}
