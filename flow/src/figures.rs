//! Figures about a flow: how often nodes were visited and left by which port, and nothing about whom.
//!
//! A turn comes to marks, each a number that names a place of the flow and what happened there. Who
//! stores them adds equal ones up; the document of the version turns the sums back into words.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::document::Document;
use crate::effects::{Note, Reason, Turn, Visit};
use crate::nodes::{Kind, Port};
use crate::program::{Compiled, Op};

/// How many marks a node can have: its visits, what went wrong, and its ports.
const OF_A_NODE: u64 = 4_096;
/// The place of what is about the flow as a whole, above any node.
const WHOLE: u64 = 1_000_000;
/// Where options, cases and arms begin among the marks of a node, a thousand each.
const OPTIONS: u64 = 32;
const CASES: u64 = 1_056;
const ARMS: u64 = 2_080;

const VISITED: u64 = 0;
const RETRIED: u64 = 1;
const TIMED_OUT: u64 = 2;
const LIMITED: u64 = 3;
const FAILED: u64 = 4;
const ENDED: u64 = 1;

/// What a turn adds to the figures of its flow. Of flows inside it only the node that calls them counts.
pub fn marks(flow: &Compiled, turn: &Turn) -> Vec<u64> {
    let mut marks = Vec::new();
    for visit in turn.trace.iter().filter(|visit| visit.unit == 0) {
        of_visit(flow, *visit, &mut marks);
    }
    for failure in &turn.failures {
        let what = match failure.reason {
            Reason::Limit(_) => LIMITED,
            Reason::Unhandled | Reason::TooLarge => FAILED,
        };
        let node = flow.units[0].index.get(&failure.node);
        marks.push(node.map_or(mark(WHOLE, what), |node| mark(*node as u64, what)));
    }
    if turn.state.ended.is_some() && turn.ignored.is_none() {
        marks.push(mark(WHOLE, ENDED));
    }
    marks
}

fn of_visit(flow: &Compiled, visit: Visit, marks: &mut Vec<u64>) {
    let node = visit.node as u64;
    let waits = matches!(
        flow.units[0].ops[visit.node],
        Op::Ask(_)
            | Op::Choice(_)
            | Op::Http(_)
            | Op::Wait { .. }
            | Op::Event { .. }
            | Op::Handoff { .. }
            | Op::Call { .. }
    );
    let wrong = match visit.note {
        Some(Note::InvalidAnswer) => Some(RETRIED),
        Some(Note::TimedOut) => Some(TIMED_OUT),
        Some(Note::ExpressionFailed | Note::TypeMismatch) | None => None,
    };
    // A node that waits is visited in one turn and left in another.
    if wrong.is_none() && (!waits || visit.port.is_none()) {
        marks.push(mark(node, VISITED));
    }
    marks.extend(wrong.map(|wrong| mark(node, wrong)));
    marks.extend(visit.port.map(|port| mark(node, of_port(port))));
}

const fn mark(node: u64, what: u64) -> u64 {
    node * OF_A_NODE + what
}

fn of_port(port: Port) -> u64 {
    let nth = |from: u64, n: usize| from + (n as u64).min(999);
    match port {
        Port::Next => 8,
        Port::Failed => 9,
        Port::Timeout => 10,
        Port::Ok => 11,
        Port::Error => 12,
        Port::Else => 13,
        Port::Resolved => 14,
        Port::Unavailable => 15,
        Port::Ended => 16,
        Port::Declined => 17,
        Port::Missed => 18,
        Port::Option(n) => nth(OPTIONS, n),
        Port::Case(n) => nth(CASES, n),
        Port::Arm(n) => nth(ARMS, n),
    }
}

/// Figures about one version of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Conversations that began with it.
    pub started: u64,
    /// Those of them that came to an end.
    pub ended: u64,
    /// How often it handed over to people.
    pub handed_over: u64,
    /// What failed inside flows that it goes through.
    pub failed_inside: u64,
    /// Its nodes, in the order of the document.
    pub nodes: Vec<OfNode>,
}

/// Figures about a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OfNode {
    /// The node, by id.
    pub node: String,
    /// Its type.
    pub kind: &'static str,
    /// How often it was come to.
    pub visits: u64,
    /// How often it was not left: whoever is still there, or went away.
    pub stayed: u64,
    /// Answers that were none.
    pub retries: u64,
    /// Answers that did not come in time.
    pub timeouts: u64,
    /// How often a limit was run into here.
    pub limits: u64,
    /// Errors that no port led on from.
    pub failures: u64,
    /// How often it was left by each of its ports.
    pub ports: Vec<OfPort>,
}

/// Figures about a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OfPort {
    /// The port, by name.
    pub port: String,
    /// How often.
    pub count: u64,
}

/// The figures that sums of marks come to, by the document of their version.
pub fn figures(document: &Document, sums: &BTreeMap<u64, u64>) -> Figures {
    let sum = |node: u64, what: u64| sums.get(&mark(node, what)).copied().unwrap_or(0);
    let mut whole = Figures {
        started: 0,
        ended: sum(WHOLE, ENDED),
        handed_over: 0,
        failed_inside: sum(WHOLE, LIMITED) + sum(WHOLE, FAILED),
        nodes: Vec::with_capacity(document.nodes.len()),
    };
    for (n, node) in (0..).zip(&document.nodes) {
        let ports = node.kind.ports().into_iter().map(|port| OfPort {
            count: sum(n, of_port(port.port)),
            port: port.name,
        });
        let ports: Vec<OfPort> = ports.collect();
        let left: u64 = ports.iter().map(|port| port.count).sum();
        let visits = sum(n, VISITED);
        match node.kind {
            Kind::Start(_) => whole.started += visits,
            Kind::Handoff(_) => whole.handed_over += visits,
            _ => {}
        }
        let over = matches!(node.kind, Kind::End(_) | Kind::Return(_) | Kind::Jump(_));
        whole.nodes.push(OfNode {
            node: node.id.clone(),
            kind: node.kind.name(),
            visits,
            stayed: if over { 0 } else { visits.saturating_sub(left) },
            retries: sum(n, RETRIED),
            timeouts: sum(n, TIMED_OUT),
            limits: sum(n, LIMITED),
            failures: sum(n, FAILED),
            ports,
        });
    }
    whole
}
