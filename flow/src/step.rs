//! One step: something comes in, the flow goes on until it waits again or ends.
//!
//! No clock, no chance and no I/O: the same flow, state, arrival and [`Cx`] give the same turn, byte for
//! byte. What is to be done comes out as effects with keys that stay the same, so a shell that crashes
//! between writing the state and doing them does nothing twice.

mod answer;
mod chance;
mod speak;
mod values;
mod walk;

use thiserror::Error;

use crate::document::Afterwards;
use crate::effects::{AgentDid, Arrival, CallDid, Cx, Ignored, Note, Turn, What};
use crate::nodes::{Input, Port};
use crate::program::{Compiled, Op};
use crate::state::{Frame, State, Then, WaitKind, Waiting};

pub(crate) use chance::number;
pub(crate) use speak::WEB;
use walk::Walker;

/// How many ids of a client are remembered.
const REMEMBERED: usize = 8;
/// After how long a call counts as over whose end nobody told: longer than any call lasts.
const LONGEST_CALL_MS: i64 = 5 * 60 * 60 * 1_000;

/// Why a step cannot be made at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StepError {
    /// The state belongs to another flow or another version.
    #[error("the state belongs to another flow or another version of it")]
    OtherFlow,
}

/// Goes one step on.
///
/// # Errors
/// [`StepError::OtherFlow`]. Whatever a flow or a visitor does wrong is part of the [`Turn`].
pub fn step(flow: &Compiled, state: State, arrival: &Arrival, cx: &Cx) -> Result<Turn, StepError> {
    let here = place(flow, &state)?;
    if let Err(ignored) = admit(flow, &state, arrival, cx) {
        return Ok(Walker::new(flow, state, cx, here.unit).finish(Some(ignored)));
    }
    let overdue = state.wait.as_ref().filter(|wait| {
        let late = wait.deadline.is_some_and(|deadline| deadline <= cx.now_ms);
        late && wait.kind != WaitKind::Http
            && !matches!(&arrival.what, What::Timer { .. } | What::Cancel)
    });
    let overdue = overdue.is_some();
    let accepted = accept(flow, &state, arrival, cx, here);
    if let (Err(ignored), false) = (&accepted, overdue) {
        return Ok(Walker::new(flow, state, cx, here.unit).finish(Some(*ignored)));
    }
    let mut walker = Walker::new(flow, state, cx, here.unit);
    walker.begin(arrival);
    if !overdue {
        if let Ok(plan) = accepted {
            walker.carry_out(plan, arrival);
        }
        return Ok(walker.finish(None));
    }
    // The deadline was first: it is settled, and what came in is for whatever is waited for then.
    walker.time_out();
    let again = match walker.state.ended {
        Some(_) => Err(Ignored::Ended),
        None => accept(
            flow,
            &walker.state,
            arrival,
            cx,
            place(flow, &walker.state)?,
        ),
    };
    match again {
        Ok(plan) => {
            walker.carry_out(plan, arrival);
            Ok(walker.finish(None))
        }
        Err(ignored) => Ok(walker.finish(Some(ignored))),
    }
}

/// Where a state stands in the program.
#[derive(Clone, Copy)]
struct Place {
    unit: usize,
    node: Option<usize>,
}

fn place(flow: &Compiled, state: &State) -> Result<Place, StepError> {
    let mut unit = 0;
    for (n, frame) in state.frames.iter().enumerate() {
        let before = unit;
        unit = flow.unit(&frame.flow).ok_or(StepError::OtherFlow)?;
        let called = |caller: &String| flow.units[before].index.contains_key(caller);
        if (n == 0) != frame.caller.is_none() || !frame.caller.as_ref().is_none_or(called) {
            return Err(StepError::OtherFlow);
        }
    }
    let known = |id: &String| {
        flow.units[unit]
            .index
            .get(id)
            .copied()
            .ok_or(StepError::OtherFlow)
    };
    for detour in &state.detours {
        let frame = detour
            .depth
            .checked_sub(1)
            .and_then(|n| state.frames.get(n));
        let unit = frame
            .and_then(|frame| flow.unit(&frame.flow))
            .ok_or(StepError::OtherFlow)?;
        let (Then::Ask(Waiting { node, .. }) | Then::Follow { node, .. }) = &detour.then;
        if !flow.units[unit].index.contains_key(node) {
            return Err(StepError::OtherFlow);
        }
    }
    let node = state
        .wait
        .as_ref()
        .map(|wait| known(&wait.node))
        .transpose()?;
    let fits = state.wait.as_ref().zip(node).is_none_or(|(wait, node)| {
        let op = &flow.units[unit].ops[node];
        matches!(
            (wait.kind, op),
            (WaitKind::Answer, Op::Ask(_) | Op::Choice(_))
                | (WaitKind::Http, Op::Http(_))
                | (WaitKind::Timer, Op::Wait { .. })
                | (WaitKind::Event, Op::Event { .. })
                | (WaitKind::Handoff, Op::Handoff { .. })
                | (WaitKind::Call, Op::Call { .. })
        )
    });
    if fits {
        Ok(Place { unit, node })
    } else {
        Err(StepError::OtherFlow)
    }
}

/// What is refused whatever is waited for.
fn admit(flow: &Compiled, state: &State, arrival: &Arrival, cx: &Cx) -> Result<(), Ignored> {
    if state.ended.is_some() {
        return Err(Ignored::Ended);
    }
    let begins = matches!(arrival.what, What::Start { .. });
    match (begins, state.frames.is_empty()) {
        (true, false) => return Err(Ignored::AlreadyStarted),
        (false, true) => return Err(Ignored::NotStarted),
        _ => {}
    }
    if let Some(id) = &arrival.id
        && state.seen.contains(&chance::name(id))
    {
        return Err(Ignored::Repeated);
    }
    let minute = cx.now_ms.div_euclid(60_000);
    let said = state
        .minute
        .filter(|(then, _)| *then == minute)
        .map_or(0, |(_, turns)| turns);
    match flow.units[0].turns_per_minute {
        Some(most) if said >= most && of_visitor(&arrival.what) => Err(Ignored::TooOften),
        _ => Ok(()),
    }
}

fn of_visitor(what: &What) -> bool {
    matches!(
        what,
        What::Text(_) | What::Choice(_) | What::Files(_) | What::Proven(_) | What::Command(_)
    )
}

/// What an arrival sets off.
#[derive(Clone, Copy)]
enum Plan {
    /// The flow begins at a node.
    Begin(usize),
    /// The answer to what was asked at a node.
    Answer(usize),
    /// The node is left by a port.
    Leave(usize, Port),
    /// A server or somebody outside said something.
    Heard(usize),
    /// Somebody of the team took over, or the visitor calls: no more deadline of the node.
    Taken,
    /// The deadline passed.
    TimeOut,
    /// A word leads elsewhere in a unit.
    Command {
        frames: usize,
        to: usize,
        then: Afterwards,
    },
    /// It is stopped.
    Cancel,
}

fn accept(
    flow: &Compiled,
    state: &State,
    arrival: &Arrival,
    cx: &Cx,
    here: Place,
) -> Result<Plan, Ignored> {
    let unit = &flow.units[here.unit];
    let (wait, node) = match (&arrival.what, state.wait.as_ref().zip(here.node)) {
        (What::Start { node, .. }, _) => {
            let start = match node {
                Some(id) => unit
                    .index
                    .get(id)
                    .copied()
                    .filter(|node| unit.starts.contains(node)),
                None => unit.starts.first().copied(),
            };
            return start.map(Plan::Begin).ok_or(Ignored::UnknownStart);
        }
        (What::Cancel, _) => return Ok(Plan::Cancel),
        (What::Command(name), waiting) => {
            return command(flow, state, name, waiting.map(|(wait, _)| wait), here);
        }
        (_, Some(waiting)) => waiting,
        (_, None) => return Err(Ignored::NotAsked),
    };
    let current = |key: &str, kind: WaitKind| {
        if wait.kind == kind && wait.key == key {
            Ok(())
        } else {
            Err(Ignored::OutOfDate)
        }
    };
    let op = &unit.ops[node];
    match &arrival.what {
        What::Start { .. } | What::Cancel | What::Command(_) => Err(Ignored::NotAsked),
        What::Text(_) | What::Choice(_) | What::Files(_) | What::Proven(_) => {
            if wait.kind == WaitKind::Handoff {
                return Err(Ignored::WithPeople);
            }
            let asked = match (&arrival.what, op) {
                (What::Text(_), Op::Ask(ask)) => !matches!(ask.input, Input::File { .. }),
                (What::Text(_) | What::Choice(_), Op::Choice(_)) => true,
                (What::Files(_), Op::Ask(ask)) => matches!(ask.input, Input::File { .. }),
                (What::Proven(_), Op::Ask(ask)) => matches!(ask.input, Input::OtpEmail {}),
                _ => false,
            };
            if asked {
                Ok(Plan::Answer(node))
            } else {
                Err(Ignored::NotAsked)
            }
        }
        What::Event { key, .. } => current(key, WaitKind::Event).map(|()| Plan::Heard(node)),
        What::Http { key, .. } => current(key, WaitKind::Http).map(|()| Plan::Heard(node)),
        What::Timer { key } => match wait.deadline {
            Some(_) if wait.key != *key => Err(Ignored::OutOfDate),
            Some(deadline) if deadline > cx.now_ms => Err(Ignored::TooEarly),
            Some(_) => Ok(Plan::TimeOut),
            None => Err(Ignored::OutOfDate),
        },
        What::Agent(did) => match (wait.kind, did) {
            (WaitKind::Handoff, AgentDid::Took) => Ok(Plan::Taken),
            (WaitKind::Handoff, AgentDid::Resolved) => Ok(Plan::Leave(node, Port::Resolved)),
            (WaitKind::Handoff, AgentDid::Unavailable) => Ok(Plan::Leave(node, Port::Unavailable)),
            _ => Err(Ignored::NotAsked),
        },
        What::Call { key, did } => current(key, WaitKind::Call).map(|()| match did {
            CallDid::Joined => Plan::Taken,
            CallDid::Ended => Plan::Leave(node, Port::Ended),
            // Where nothing follows on a call that was missed, nobody was there.
            CallDid::Missed if unit.exit(node, Port::Missed).is_none() => {
                Plan::Leave(node, Port::Unavailable)
            }
            CallDid::Missed => Plan::Leave(node, Port::Missed),
            CallDid::Declined => Plan::Leave(node, Port::Declined),
            CallDid::Unavailable => Plan::Leave(node, Port::Unavailable),
        }),
    }
}

fn command(
    flow: &Compiled,
    state: &State,
    name: &str,
    wait: Option<&Waiting>,
    here: Place,
) -> Result<Plan, Ignored> {
    if wait.is_some_and(|wait| wait.kind == WaitKind::Handoff) {
        return Err(Ignored::WithPeople);
    }
    let of_unit = |unit: usize| {
        flow.units[unit]
            .handlers
            .commands
            .iter()
            .find(|(known, _, _)| known == name)
    };
    let inner = of_unit(here.unit).map(|found| (state.frames.len(), found));
    let (frames, (_, to, then)) = inner
        .or_else(|| of_unit(0).map(|found| (1, found)))
        .ok_or(Ignored::UnknownCommand)?;
    let asked = wait.is_some_and(|wait| wait.kind == WaitKind::Answer);
    // Only a question can be asked again, and a detour has no detour.
    let back = frames == state.frames.len() && asked && state.detours.is_empty();
    if *then == Afterwards::Resume && !back {
        return Err(Ignored::NotAsked);
    }
    Ok(Plan::Command {
        frames,
        to: *to,
        then: *then,
    })
}

impl Walker<'_> {
    /// Counts the turn, and remembers what came in.
    fn begin(&mut self, arrival: &Arrival) {
        self.state.turn += 1;
        if let Some(id) = &arrival.id {
            self.state.seen.push(chance::name(id));
            let above = self.state.seen.len().saturating_sub(REMEMBERED);
            self.state.seen.drain(..above);
        }
        if of_visitor(&arrival.what) {
            self.state.requests = 0;
            if self.flow.units[0].turns_per_minute.is_some() {
                let minute = self.cx.now_ms.div_euclid(60_000);
                let said = self.state.minute.filter(|(then, _)| *then == minute);
                self.state.minute = Some((minute, said.map_or(1, |(_, turns)| turns + 1)));
            }
        }
    }

    fn carry_out(&mut self, plan: Plan, arrival: &Arrival) {
        if self.too_many_turns() {
            return;
        }
        match plan {
            Plan::Begin(node) => {
                self.state.frames.push(Frame {
                    flow: String::new(),
                    caller: None,
                    vars: std::collections::BTreeMap::new(),
                });
                let filled = self.fill_defaults();
                if let What::Start { vars, .. } = &arrival.what {
                    self.prefill(vars);
                }
                self.walk(filled.map(|()| Some(node)));
            }
            Plan::Answer(node) => self.answer(node, &arrival.what),
            Plan::Leave(node, port) => self.leave_waiting(node, port, None),
            Plan::Heard(node) => self.heard(node, &arrival.what),
            Plan::Taken => {
                if let Some(wait) = &mut self.state.wait {
                    let calls = wait.kind == WaitKind::Call;
                    wait.deadline = calls.then(|| self.cx.now_ms.saturating_add(LONGEST_CALL_MS));
                }
            }
            Plan::TimeOut => self.time_out(),
            Plan::Command { frames, to, then } => {
                let wait = self.state.wait.take();
                match (then, wait) {
                    (Afterwards::Resume, Some(wait)) => self.detour(Then::Ask(wait)),
                    _ => self.unwind(frames),
                }
                self.walk(Ok(Some(to)));
            }
            Plan::Cancel => {
                self.state.wait = None;
                self.end(Some("cancelled".to_owned()));
            }
        }
    }

    /// The present wait is over because its time is.
    fn time_out(&mut self) {
        let Some(wait) = self.state.wait.clone() else {
            return;
        };
        let Some(node) = self.here(&wait.node) else {
            return;
        };
        match (wait.idle, self.flow.units[0].handlers.on_idle) {
            (true, Some((_, to))) => {
                self.state.wait = None;
                self.note(node, None, Some(Note::TimedOut));
                self.unwind(1);
                self.walk(Ok(Some(to)));
            }
            _ => {
                let port = match wait.kind {
                    WaitKind::Timer => Port::Next,
                    WaitKind::Http => Port::Error,
                    WaitKind::Call => Port::Unavailable,
                    WaitKind::Answer | WaitKind::Event | WaitKind::Handoff => Port::Timeout,
                };
                self.leave_waiting(node, port, Some(Note::TimedOut));
            }
        }
    }
}
