//! Walking from node to node until the flow waits or ends, within its limits.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::effects::{AwaitSpec, Cx, Effect, Failure, Ignored, Note, Reason, Turn, Visit};
use crate::limits::{Limit, Limits};
use crate::nodes::{Part, Port};
use crate::program::{Compiled, Op, SubflowOp, Unit};
use crate::state::{Detour, Ended, Frame, State, Then, WaitKind, Waiting};
use crate::templates::Template;

use super::chance;

/// How much longer than its tries a request may take before it counts as lost.
const REQUEST_SLACK_MS: i64 = 120_000;
/// How long may lie between two tries: whoever makes them comes round each minute.
const BETWEEN_TRIES_MS: i64 = 75_000;
/// How many nodes a failure tells of.
const TOLD: usize = 12;

/// Where a node leads.
pub(super) enum Move {
    /// On by a port.
    Port(Port),
    /// To a node.
    To(usize),
    /// Nowhere: it waits, or is over.
    Stop,
    /// Back to where the subflow or the detour was entered.
    Back,
}

/// The node to go on at; none when the flow waits or is over.
pub(super) type Next = Result<Option<usize>, Reason>;

pub(super) struct Walker<'f> {
    pub flow: &'f Compiled,
    pub cx: &'f Cx,
    pub state: State,
    /// The unit of the innermost frame.
    pub unit: usize,
    pub weight: usize,
    /// The node at work, and its unit: what a failure names.
    at: (usize, usize),
    effects: Vec<Effect>,
    trace: Vec<Visit>,
    failures: Vec<Failure>,
    limits: Limits,
    keys: u32,
    visited: u32,
    messages: u32,
    edges: Vec<(usize, usize, u32)>,
}

impl<'f> Walker<'f> {
    pub(super) fn new(flow: &'f Compiled, state: State, cx: &'f Cx, unit: usize) -> Self {
        Self {
            flow,
            cx,
            weight: state.weight(),
            state,
            unit,
            at: (unit, 0),
            // What most turns come to fits.
            effects: Vec::with_capacity(4),
            trace: Vec::with_capacity(8),
            failures: Vec::new(),
            limits: cx.limits.capped(),
            keys: 0,
            visited: 0,
            messages: 0,
            edges: Vec::with_capacity(8),
        }
    }

    pub(super) fn finish(self, ignored: Option<Ignored>) -> Turn {
        let progress = self.progress();
        Turn {
            state: self.state,
            effects: self.effects,
            trace: self.trace,
            ignored,
            failures: self.failures,
            progress,
        }
    }

    fn progress(&self) -> Option<u8> {
        let root = &self.flow.units[0];
        if !root.shows_progress || self.state.frames.is_empty() {
            return None;
        }
        if self.state.ended.is_some() {
            return Some(100);
        }
        let node = match self.state.frames.get(1) {
            Some(frame) => frame.caller.as_ref(),
            None => self.state.wait.as_ref().map(|wait| &wait.node),
        };
        let left = root.distance[*root.index.get(node?)?]?;
        let done = self.state.steps;
        u8::try_from(u64::from(done) * 100 / u64::from(done + left).max(1)).ok()
    }

    pub(super) fn here_unit(&self) -> &'f Unit {
        &self.flow.units[self.unit]
    }

    pub(super) fn here(&self, id: &str) -> Option<usize> {
        self.here_unit().index.get(id).copied()
    }

    fn key(&mut self) -> String {
        let key = format!("{}.{}", self.state.turn, self.keys);
        self.keys += 1;
        key
    }

    pub(super) fn note(&mut self, node: usize, port: Option<Port>, note: Option<Note>) {
        self.at = (self.unit, node);
        self.trace.push(Visit {
            unit: self.unit,
            node,
            port,
            note,
        });
    }

    /// A remark on the node that is being visited.
    pub(super) fn remark(&mut self, note: Note) {
        if let Some(visit) = self.trace.last_mut() {
            visit.note = Some(note);
        }
    }

    pub(super) fn too_many_turns(&mut self) -> bool {
        if self.state.turn <= self.limits.turns {
            return false;
        }
        self.state.wait = None;
        let node = self.here_unit().starts.first().copied().unwrap_or(0);
        self.at = (self.unit, node);
        let next = self.fail(Reason::Limit(Limit::Turns));
        self.walk(Ok(next));
        true
    }

    /// Walks until the flow waits or is over.
    pub(super) fn walk(&mut self, from: Next) {
        let mut next = from;
        loop {
            next = match next {
                Ok(Some(node)) => self.visit(node),
                Ok(None) => return,
                Err(reason) => Ok(self.fail(reason)),
            }
        }
    }

    /// Leaves the node at which the flow waited.
    pub(super) fn leave_waiting(&mut self, node: usize, port: Port, note: Option<Note>) {
        self.state.wait = None;
        self.note(node, Some(port), note);
        let next = self.follow(node, port);
        self.walk(next);
    }

    fn visit(&mut self, node: usize) -> Next {
        self.at = (self.unit, node);
        self.visited += 1;
        if self.visited > self.limits.nodes {
            return Err(Reason::Limit(Limit::Nodes));
        }
        self.state.steps = self.state.steps.saturating_add(1);
        self.note(node, None, None);
        let step = self.perform(node)?;
        match step {
            Move::Port(port) => {
                if let Some(visit) = self.trace.last_mut() {
                    visit.port = Some(port);
                }
                self.follow(node, port)
            }
            Move::To(node) => Ok(Some(node)),
            Move::Stop => Ok(None),
            Move::Back => self.back(),
        }
    }

    fn perform(&mut self, node: usize) -> Result<Move, Reason> {
        let flow = self.flow;
        match &flow.units[self.unit].ops[node] {
            Op::Start => Ok(Move::Port(Port::Next)),
            Op::Message { parts, typing_ms } => {
                for part in parts {
                    let part = self.part(part)?;
                    self.send(part, *typing_ms)?;
                }
                Ok(Move::Port(Port::Next))
            }
            Op::Ask(ask) => {
                self.say(ask.md.as_ref())?;
                let spec = AwaitSpec::Answer {
                    input: ask.input.clone(),
                    placeholder: ask.placeholder.clone(),
                };
                self.wait_for(node, WaitKind::Answer, Some(spec), ask.timeout_ms, 0);
                Ok(Move::Stop)
            }
            Op::Choice(choice) => {
                self.say(choice.md.as_ref())?;
                let options = self.offered(choice)?;
                if options.is_empty() {
                    let failed = flow.units[self.unit].exit(node, Port::Failed).is_some();
                    return Ok(Move::Port(if failed { Port::Failed } else { Port::Next }));
                }
                let multi = choice.multi;
                self.wait_for(
                    node,
                    WaitKind::Answer,
                    Some(AwaitSpec::Choice { multi, options }),
                    choice.timeout_ms,
                    0,
                );
                Ok(Move::Stop)
            }
            Op::Condition(cases) => {
                for (n, case) in cases.iter().enumerate() {
                    if self.holds(case)? {
                        return Ok(Move::Port(Port::Case(n)));
                    }
                }
                Ok(Move::Port(Port::Else))
            }
            Op::Set { to, value } => {
                self.assign(*to, value)?;
                Ok(Move::Port(Port::Next))
            }
            Op::Split { weights } => {
                let number = chance::number(self.cx.seed, &self.here_unit().ids[node]);
                Ok(chance::arm(number, weights).map_or(Move::Back, |n| Move::Port(Port::Arm(n))))
            }
            Op::Http(http) => {
                if self.state.requests >= self.limits.requests {
                    return Err(Reason::Limit(Limit::Requests));
                }
                self.state.requests += 1;
                let request = self.request(http)?;
                let tries = i64::from(http.retries) + 1;
                let time = i64::from(http.timeout_ms).saturating_add(BETWEEN_TRIES_MS);
                let time = time.saturating_mul(tries);
                let deadline = self
                    .cx
                    .now_ms
                    .saturating_add(time)
                    .saturating_add(REQUEST_SLACK_MS);
                let key = self.set_wait(node, WaitKind::Http, Some(deadline));
                self.effects.push(Effect::Http { key, request });
                Ok(Move::Stop)
            }
            Op::Wait { for_ms } => {
                let at = self.cx.now_ms.saturating_add(*for_ms);
                let key = self.set_wait(node, WaitKind::Timer, Some(at));
                self.effects.push(Effect::Timer { key, at });
                Ok(Move::Stop)
            }
            Op::Event {
                name, timeout_ms, ..
            } => {
                let spec = AwaitSpec::Event { name: name.clone() };
                self.wait_for(node, WaitKind::Event, Some(spec), *timeout_ms, 0);
                Ok(Move::Stop)
            }
            Op::Subflow(subflow) => self.enter(node, subflow),
            Op::Return => Ok(Move::Back),
            Op::Jump(to) => Ok(Move::To(*to)),
            Op::Handoff {
                team,
                note,
                wait_ms,
            } => {
                let note = self.maybe(note.as_ref())?;
                let deadline = wait_ms.map(|wait| self.cx.now_ms.saturating_add(wait));
                let key = self.set_wait(node, WaitKind::Handoff, deadline);
                self.effects.push(Effect::Handoff {
                    key,
                    team: team.clone(),
                    note,
                    deadline,
                });
                Ok(Move::Stop)
            }
            Op::Call { .. } if !self.cx.calls => Ok(Move::Port(Port::Unavailable)),
            Op::Call {
                kind,
                md,
                team,
                wait_ms,
            } => {
                let md = self.maybe(md.as_ref())?;
                let deadline = self.cx.now_ms.saturating_add(*wait_ms);
                let key = self.set_wait(node, WaitKind::Call, Some(deadline));
                self.effects.push(Effect::OfferCall {
                    key,
                    kind: *kind,
                    md,
                    team: team.clone(),
                    deadline,
                });
                Ok(Move::Stop)
            }
            Op::Action(action) => {
                let action = self.action(action)?;
                let key = self.key();
                self.effects.push(Effect::Action { key, action });
                Ok(Move::Port(Port::Next))
            }
            Op::End { outcome } => {
                self.end(outcome.clone());
                Ok(Move::Stop)
            }
        }
    }

    fn send(&mut self, part: Part, typing_ms: Option<u32>) -> Result<(), Reason> {
        self.messages += 1;
        if self.messages > self.limits.messages {
            return Err(Reason::Limit(Limit::Messages));
        }
        let key = self.key();
        self.effects.push(Effect::Send {
            key,
            part,
            typing_ms,
        });
        Ok(())
    }

    pub(super) fn say(&mut self, text: Option<&Template>) -> Result<(), Reason> {
        let Some(text) = text else { return Ok(()) };
        let md = self.render(text)?;
        self.send(Part::Text { md }, None)
    }

    fn set_wait(&mut self, node: usize, kind: WaitKind, deadline: Option<i64>) -> String {
        let key = self.key();
        self.state.wait = Some(Waiting {
            key: key.clone(),
            node: self.here_unit().ids[node].clone(),
            kind,
            deadline,
            idle: false,
            tries: 0,
        });
        key
    }

    /// Waits for somebody: until the node's own time is over, or nobody is there any more.
    pub(super) fn wait_for(
        &mut self,
        node: usize,
        kind: WaitKind,
        spec: Option<AwaitSpec>,
        timeout_ms: Option<i64>,
        tries: u32,
    ) {
        let own = timeout_ms.map(|wait| self.cx.now_ms.saturating_add(wait));
        let idle = self.flow.units[0].handlers.on_idle.map(|(after_s, _)| {
            let wait = i64::try_from(after_s)
                .unwrap_or(i64::MAX / 1_000)
                .saturating_mul(1_000);
            self.cx.now_ms.saturating_add(wait)
        });
        let idle =
            idle.filter(|idle| kind == WaitKind::Answer && own.is_none_or(|own| *idle < own));
        let deadline = idle.or(own);
        let key = self.set_wait(node, kind, deadline);
        if let Some(wait) = &mut self.state.wait {
            wait.tries = tries;
            wait.idle = idle.is_some();
        }
        if let Some(spec) = spec {
            self.effects.push(Effect::Await {
                key,
                spec,
                deadline,
            });
        }
    }

    pub(super) fn end(&mut self, outcome: Option<String>) {
        let key = self.key();
        self.state.ended = Some(Ended {
            outcome: outcome.clone(),
        });
        self.effects.push(Effect::End { key, outcome });
    }

    /// Goes on by a port. A port on which nothing hangs leads back, or the flow is over.
    pub(super) fn follow(&mut self, node: usize, port: Port) -> Next {
        let unit = self.here_unit();
        let fallback = match port {
            Port::Option(_) => Some(Port::Next),
            _ => None,
        };
        let exit = unit.exit(node, port).or_else(|| unit.exit(node, fallback?));
        let Some(exit) = exit else {
            return match port {
                Port::Error => Err(Reason::Unhandled),
                _ => self.back(),
            };
        };
        let seen = self
            .edges
            .iter_mut()
            .find(|(unit, edge, _)| (*unit, *edge) == (self.unit, exit.edge));
        match seen {
            Some((_, _, times)) if *times >= self.limits.edge => {
                return Err(Reason::Limit(Limit::Edge));
            }
            Some((_, _, times)) => *times += 1,
            None => self.edges.push((self.unit, exit.edge, 1)),
        }
        Ok(Some(exit.to))
    }

    /// Leaves the detour or the subflow; the flow itself is over.
    fn back(&mut self) -> Next {
        let depth = self.state.frames.len();
        if self
            .state
            .detours
            .last()
            .is_some_and(|detour| detour.depth == depth)
        {
            let Some(detour) = self.state.detours.pop() else {
                return Ok(None);
            };
            return match detour.then {
                Then::Ask(wait) => {
                    let node = self.here(&wait.node);
                    node.map_or(Ok(()), |node| self.ask_again(node, wait.tries))?;
                    Ok(None)
                }
                Then::Follow { node, option } => match self.here(&node) {
                    Some(node) => self.follow(node, Then::port(option)),
                    None => Ok(None),
                },
            };
        }
        if depth <= 1 {
            self.end(None);
            return Ok(None);
        }
        let Some(frame) = self.state.frames.pop() else {
            return Ok(None);
        };
        self.enter_unit();
        let Some(node) = frame.caller.as_deref().and_then(|id| self.here(id)) else {
            return Ok(None);
        };
        self.weight = self.state.weight();
        // What fails from here on is the doing of the node that called, not of the subflow's last one.
        self.at = (self.unit, node);
        let flow = self.flow;
        if let Op::Subflow(subflow) = &flow.units[self.unit].ops[node]
            && let Some(inner) = subflow.unit
        {
            for (theirs, ours) in &subflow.take {
                let id = &flow.units[inner].variables[*theirs].id;
                let value = frame.vars.get(id).cloned().unwrap_or(Value::Null);
                self.store(*ours, value)?;
            }
        }
        self.follow(node, Port::Next)
    }

    fn enter(&mut self, node: usize, subflow: &SubflowOp) -> Result<Move, Reason> {
        if self.state.frames.len() >= self.limits.frames {
            return Err(Reason::Limit(Limit::Frames));
        }
        let Some(unit) = subflow.unit else {
            return Ok(Move::Port(Port::Error));
        };
        let inner = &self.flow.units[unit];
        let Some(start) = inner.starts.first().copied() else {
            return Ok(Move::Port(Port::Error));
        };
        let mut given = Vec::with_capacity(subflow.give.len());
        for (theirs, operand) in &subflow.give {
            given.push((*theirs, self.operand(operand)?));
        }
        self.state.frames.push(Frame {
            flow: inner.reference.clone(),
            caller: Some(self.here_unit().ids[node].clone()),
            vars: BTreeMap::new(),
        });
        self.unit = unit;
        self.fill_defaults()?;
        for (theirs, value) in given {
            if !value.is_null() {
                self.store(theirs, value)?;
            }
        }
        Ok(Move::To(start))
    }

    fn enter_unit(&mut self) {
        let reference = self.state.frames.last().map_or("", |frame| &frame.flow);
        self.unit = self.flow.unit(reference).unwrap_or(0);
    }

    /// Leaves every frame above a depth, and every detour.
    pub(super) fn unwind(&mut self, frames: usize) {
        self.state.frames.truncate(frames);
        self.state.detours.clear();
        self.enter_unit();
        self.weight = self.state.weight();
    }

    pub(super) fn detour(&mut self, then: Then) {
        let depth = self.state.frames.len();
        self.state.detours.push(Detour { depth, then });
    }

    /// What follows a failure: `on_error` once, a hand-off once, the end.
    fn fail(&mut self, reason: Reason) -> Option<usize> {
        let told = self.trace.len().saturating_sub(TOLD);
        let path = self.trace[told..]
            .iter()
            .map(|visit| self.flow.node(visit.unit, visit.node).1.to_owned());
        let failure = Failure {
            reason,
            node: self.flow.node(self.at.0, self.at.1).1.to_owned(),
            path: path.collect(),
        };
        self.failures.push(failure);
        self.unwind(1);
        self.state.wait = None;
        (self.visited, self.messages, self.state.requests) = (0, 0, 0);
        self.edges.clear();
        let root = &self.flow.units[0];
        for (rescue, to) in [(1, root.handlers.on_error), (2, root.handoff)] {
            if self.state.rescues < rescue
                && let Some(to) = to
            {
                self.state.rescues = rescue;
                return Some(to);
            }
        }
        self.end(Some("error".to_owned()));
        None
    }
}
