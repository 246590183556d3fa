//! Random walks through a flow: which nodes nobody came to, where it failed.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::pattern;
use super::{Call, Coverage, Run, Script, Step, coverage};
use crate::conditions::{Condition, Operand};
use crate::document::Document;
use crate::effects::{AwaitSpec, Effect, Failure};
use crate::nodes::{Input, Kind};
use crate::program::Compiled;
use crate::simulate::Agent;
use crate::state::WaitKind;
use crate::step::{StepError, number};

/// The most walks.
const MAX_WALKS: u32 = 10_000;
/// The most words of one walk.
const MAX_WORDS: u32 = 200;

/// What came of many walks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exploration {
    /// How many there were.
    pub walks: u32,
    /// How many came to an end.
    pub ended: u32,
    /// How many were still on their way when they were stopped.
    pub stopped: u32,
    /// What was reached.
    pub coverage: Coverage,
    /// What failed, once for each node.
    pub failures: Vec<Failure>,
}

/// Walks through a flow at random, which follows from the seed. Visitors answer what is asked, often with what the
/// flow's own conditions compare with; servers answer well and badly, people come and do not.
///
/// # Errors
/// As [`super::simulate`].
pub fn explore(
    document: &Document,
    flow: &Compiled,
    walks: u32,
    seed: u64,
) -> Result<Exploration, StepError> {
    let words = words(document);
    let walks = walks.min(MAX_WALKS);
    let (mut nodes, mut edges) = (BTreeSet::new(), BTreeSet::new());
    let mut failures: Vec<Failure> = Vec::new();
    let (mut ended, mut stopped) = (0, 0);
    for walk in 0..walks {
        let mut chance = Chance {
            seed: number(seed, &walk.to_string()),
            n: 0,
        };
        let starts = document
            .nodes
            .iter()
            .filter(|node| matches!(node.kind, Kind::Start(_)));
        let starts: Vec<&String> = starts.map(|node| &node.id).collect();
        let script = Script {
            seed: chance.next(),
            start: chance.one(&starts).map(|id| (*id).clone()),
            http: vec![answer(document, &words, &mut chance)],
            ..Script::default()
        };
        let mut run = Run::new(flow, &script);
        run.begin()?;
        let mut said = 0;
        while run.state.ended.is_none() && said < MAX_WORDS {
            said += 1;
            let step = word(document, &run, &words, &mut chance);
            run.take(0, &step)?;
        }
        if run.state.ended.is_some() {
            ended += 1;
        } else {
            stopped += 1;
        }
        nodes.extend(run.nodes);
        edges.extend(run.edges);
        for failure in run.failures {
            if failures
                .iter()
                .all(|known| known.node != failure.node || known.reason != failure.reason)
            {
                failures.push(failure);
            }
        }
    }
    Ok(Exploration {
        walks,
        ended,
        stopped,
        coverage: coverage(document, &nodes, &edges),
        failures,
    })
}

struct Chance {
    seed: u64,
    n: u64,
}

impl Chance {
    fn next(&mut self) -> u64 {
        self.n += 1;
        number(self.seed, &self.n.to_string())
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(most.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    fn one<'t, T>(&mut self, of: &'t [T]) -> Option<&'t T> {
        of.get(self.below(of.len()))
    }
}

/// Texts that the conditions of a flow compare with.
pub(super) fn words(document: &Document) -> Vec<String> {
    fn collect(condition: &Condition, words: &mut BTreeSet<String>) {
        match condition {
            Condition::All(inner) | Condition::Any(inner) => {
                inner.iter().for_each(|inner| collect(inner, words))
            }
            Condition::Not(inner) => collect(inner, words),
            Condition::Compare(comparison) => {
                if let Some(Operand::Lit(value)) = &comparison.value {
                    let said = crate::variables::show(value);
                    let is_pattern = comparison.op.is_pattern();
                    words.extend(
                        is_pattern
                            .then(|| pattern::taken(&said, |_| true))
                            .flatten(),
                    );
                    words.insert(said);
                }
            }
            Condition::Expr(_) => {}
        }
    }
    let mut words = BTreeSet::new();
    for node in &document.nodes {
        if let Kind::Condition(branch) = &node.kind {
            branch
                .cases
                .iter()
                .for_each(|case| collect(&case.when, &mut words));
        }
    }
    words.remove("");
    words.into_iter().collect()
}

/// What every server of one walk answers.
fn answer(document: &Document, words: &[String], chance: &mut Chance) -> super::Mock {
    let mut body = json!({});
    for node in &document.nodes {
        if let Kind::Http(http) = &node.kind {
            for mapping in &http.map {
                let text = chance
                    .one(words)
                    .cloned()
                    .unwrap_or_else(|| "answer".to_owned());
                plant(&mut body, &mapping.path, Value::String(text));
            }
        }
    }
    super::Mock {
        url: String::new(),
        status: if chance.below(4) == 0 { 500 } else { 200 },
        body,
    }
}

/// Puts a value at a JSON Pointer, as far as it leads through objects.
pub(super) fn plant(body: &mut Value, path: &str, value: Value) {
    let mut at = body;
    for name in path.split('/').skip(1) {
        let Value::Object(fields) = at else { return };
        at = fields.entry(name.to_owned()).or_insert_with(|| json!({}));
    }
    if at.as_object().is_some_and(serde_json::Map::is_empty) && path.starts_with('/') {
        *at = value;
    }
}

fn word(document: &Document, run: &Run<'_>, words: &[String], chance: &mut Chance) -> Step {
    let day = 24 * 3_600 * 1_000;
    let commands = &document.handlers.commands;
    if chance.below(30) == 0
        && let Some(command) = chance.one(commands)
    {
        return Step::Command(command.name.clone());
    }
    match run.waits_for() {
        Some(WaitKind::Answer) if chance.below(20) == 0 => Step::AdvanceMs(31 * day),
        Some(WaitKind::Answer) => match asked(run) {
            Some(AwaitSpec::Choice { multi, options }) => {
                let one = chance
                    .one(options)
                    .map(|option| option.id.clone())
                    .into_iter();
                let more = options
                    .iter()
                    .filter(|_| *multi)
                    .map(|option| option.id.clone());
                Step::Choose(one.chain(more.take(1)).collect())
            }
            Some(AwaitSpec::Answer { input, .. }) => reply(input, words, chance),
            _ => Step::Say("yes".to_owned()),
        },
        Some(WaitKind::Event) if chance.below(4) > 0 => Step::Event(json!({"data": "x"})),
        Some(WaitKind::Handoff) => match chance.below(3) {
            0 => Step::AdvanceMs(31 * day),
            1 => Step::Agent(Agent::Unavailable),
            _ => Step::Agent(Agent::Resolved),
        },
        Some(WaitKind::Call) => Step::Call(match chance.below(4) {
            0 => Call::Ended,
            1 => Call::Declined,
            2 => Call::Missed,
            _ => Call::Unavailable,
        }),
        _ => Step::AdvanceMs(31 * day),
    }
}

/// What was asked for last.
fn asked<'r>(run: &'r Run<'_>) -> Option<&'r AwaitSpec> {
    run.transcript.iter().rev().find_map(|line| match line {
        super::Line::Out {
            effect: Effect::Await { spec, .. },
        } => Some(spec),
        _ => None,
    })
}

fn reply(input: &Input, words: &[String], chance: &mut Chance) -> Step {
    if chance.below(15) == 0 {
        return Step::Say("?".to_owned());
    }
    let fixed = match input {
        Input::Text { .. } => match chance.one(words) {
            Some(word) if chance.below(4) > 0 => word.as_str(),
            _ => "some words",
        },
        Input::Number { min, max, .. } => {
            let numbers: Vec<&String> = words
                .iter()
                .filter(|word| word.parse::<f64>().is_ok())
                .collect();
            if let Some(number) = chance.one(&numbers).filter(|_| chance.below(3) > 0) {
                return Step::Say((*number).clone());
            }
            let low = min.unwrap_or(0.0);
            let high = max.unwrap_or(low + 100.0);
            #[expect(
                clippy::cast_precision_loss,
                reason = "a hundredth of the way is near enough"
            )]
            let share = chance.below(101) as f64 / 100.0;
            return Step::Say(format!("{}", (low + (high - low) * share).floor().max(low)));
        }
        Input::Rating { min, max } => {
            let points = usize::try_from(max.saturating_sub(*min)).unwrap_or(0) + 1;
            return Step::Say(
                (usize::try_from(*min).unwrap_or(0) + chance.below(points)).to_string(),
            );
        }
        Input::Email {} => "ada@example.org",
        Input::OtpEmail {} => return Step::Prove("ada@example.org".to_owned()),
        Input::Phone {} => "+49 30 1234567",
        Input::Url {} => "https://example.org/",
        Input::Date { min, .. } => min.as_deref().unwrap_or("2026-06-01"),
        Input::Time {} => "09:30",
        Input::Consent {} => "yes",
        Input::File { types, .. } => {
            let media_type = types.first().map_or("image/png", String::as_str);
            return Step::Files(vec![media_type.replace('*', "png")]);
        }
    };
    Step::Say(fixed.to_owned())
}
