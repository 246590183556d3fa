//! A test made of what happened: it goes the way that a conversation went, and holds no word that was said on it.
//!
//! What a visitor answered, and what servers said, is made up: out of what fits the question and what the flow itself
//! compares with, until it leads the same way. So a test may outlive the conversation that it was recorded from.

use serde_json::{Value, json};

use super::explore::{plant, words};
use super::pattern;
use super::{Agent, Call, Expect, FIRST_MS, Mock, Moment, Script, Step, simulate};
use crate::compile::Subflows;
use crate::document::Document;
use crate::effects::{AgentDid, Arrival, AwaitSpec, CallDid, Cx, Effect, FileRef, Turn, What};
use crate::limits::Limits;
use crate::nodes::{Input, Kind, Mapping};
use crate::program::Compiled;
use crate::state::{State, WaitKind};
use crate::step::step;

/// How many turns are tried before nobody finds the way.
const MOST_TURNS: u32 = 20_000;
/// How many ways chance is tried to fall, where a flow sends people different ways.
const SEEDS: u64 = 64;
/// Hours of a day at which a script may begin: night, morning, afternoon, evening.
const HOURS: [i64; 4] = [0, 9, 15, 20];
/// An hour, in milliseconds.
const HOUR_MS: i64 = 3_600_000;

/// A node that somebody came to, or left by a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walked {
    /// The node, by id.
    pub node: String,
    /// The port, by name.
    pub port: Option<String>,
}

/// That no script was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrecorded {
    /// The node of the way from which nothing that was tried goes on; none where there is no way.
    pub at: Option<String>,
}

/// The script of a conversation that went this way, from its start on.
///
/// # Errors
/// Where answers that lead so are not found: a flow may compare with what nobody can make up, such as what an
/// expression says.
pub fn record(
    document: &Document,
    subflows: &Subflows,
    flow: &Compiled,
    way: &[Walked],
) -> Result<Script, Unrecorded> {
    let Some(start) = way.first().map(|first| first.node.clone()) else {
        return Err(Unrecorded { at: None });
    };
    let mut search = Search {
        flow,
        way,
        commands: document
            .handlers
            .commands
            .iter()
            .map(|c| c.name.clone())
            .collect(),
        mappings: mappings(document, subflows),
        words: std::iter::once(document)
            .chain(subflows.values())
            .flat_map(words)
            .collect(),
        left: MOST_TURNS,
        calls: true,
        farthest: 0,
    };
    let splits = |walked: &Walked| {
        walked
            .port
            .as_ref()
            .is_some_and(|port| port.starts_with("arm:"))
    };
    let seeds = if way.iter().any(splits) { SEEDS } else { 1 };
    let worlds = [true, false].into_iter();
    let worlds = worlds.flat_map(|calls| HOURS.map(|hour| (calls, FIRST_MS + hour * HOUR_MS)));
    for (calls, now_ms) in worlds {
        search.calls = calls;
        for seed in 0..seeds {
            let Some(found) = search.from(&start, seed, now_ms) else {
                continue;
            };
            let script = Script {
                seed,
                now: Some(Moment(now_ms)),
                start: Some(start.clone()),
                http: found.http,
                without_calls: !calls,
                steps: found.steps,
                ..Script::default()
            };
            if holds(document, flow, &script, way) {
                return Ok(script);
            }
            break;
        }
    }
    // The last visit of a stand is the node that waits for what comes.
    let last = search.farthest.saturating_sub(1);
    Err(Unrecorded {
        at: way.get(last).map(|walked| walked.node.clone()),
    })
}

/// Whether a script goes this way, and everything is so that it expects.
fn holds(document: &Document, flow: &Compiled, script: &Script, way: &[Walked]) -> bool {
    simulate(document, flow, script).is_ok_and(|played| {
        let went = played.trace.into_iter().map(|visit| Walked {
            node: visit.node,
            port: visit.port,
        });
        played.missed.is_empty() && !played.cut && went.eq(way.iter().cloned())
    })
}

/// What flows keep of what servers and services bring.
fn mappings(document: &Document, subflows: &Subflows) -> Vec<Mapping> {
    let documents = std::iter::once(document).chain(subflows.values());
    let kinds = documents.flat_map(|document| document.nodes.iter().map(|node| &node.kind));
    kinds
        .flat_map(|kind| match kind {
            Kind::Http(http) => http.map.clone(),
            Kind::Event(event) => event.map.clone(),
            _ => Vec::new(),
        })
        .collect()
}

struct Search<'s> {
    flow: &'s Compiled,
    way: &'s [Walked],
    commands: Vec<String>,
    mappings: Vec<Mapping>,
    words: Vec<String>,
    left: u32,
    /// Whether there are calls.
    calls: bool,
    /// How many visits of the way the best stand has made.
    farthest: usize,
}

/// How far a script is.
#[derive(Clone, Default)]
struct Stand {
    state: State,
    /// How many visits of the way it has made.
    walked: usize,
    now_ms: i64,
    asked: Option<AwaitSpec>,
    /// The address that is asked.
    url: String,
    steps: Vec<Step>,
    http: Vec<Mock>,
}

/// Something that may have happened: a step of the script, if it is one.
struct Guess {
    step: Option<Step>,
    mock: Option<Mock>,
    what: What,
    after_ms: i64,
}

impl Guess {
    fn of(step: Step, what: What) -> Self {
        Self {
            step: Some(step),
            mock: None,
            what,
            after_ms: 0,
        }
    }
}

impl Search<'_> {
    fn from(&mut self, start: &str, seed: u64, now_ms: i64) -> Option<Stand> {
        let stand = Stand {
            now_ms,
            ..Stand::default()
        };
        let begin = Guess {
            step: None,
            mock: None,
            what: What::Start {
                node: Some(start.to_owned()),
                vars: Vec::new(),
            },
            after_ms: 0,
        };
        let next = self.follow(&stand, begin, seed)?;
        self.on(next, seed)
    }

    /// Goes on from here to the end of the way, trying one guess after another.
    fn on(&mut self, stand: Stand, seed: u64) -> Option<Stand> {
        self.farthest = self.farthest.max(stand.walked);
        if stand.walked == self.way.len() {
            return Some(stand);
        }
        for guess in self.guesses(&stand) {
            if let Some(next) = self.follow(&stand, guess, seed)
                && let Some(found) = self.on(next, seed)
            {
                return Some(found);
            }
        }
        None
    }

    /// The stand after a guess; none where it leads another way, or nowhere.
    fn follow(&mut self, stand: &Stand, guess: Guess, seed: u64) -> Option<Stand> {
        self.left = self.left.checked_sub(1)?;
        let now_ms = stand.now_ms.saturating_add(guess.after_ms);
        let cx = Cx {
            now_ms,
            seed,
            offset_minutes: 0,
            limits: Limits::default(),
            calls: self.calls,
        };
        let turn = step(
            self.flow,
            stand.state.clone(),
            &Arrival::of(guess.what),
            &cx,
        )
        .ok()?;
        if turn.ignored.is_some() || turn.trace.is_empty() || !self.goes_the_way(stand, &turn) {
            return None;
        }
        let mut next = stand.clone();
        next.now_ms = now_ms;
        next.walked += turn.trace.len();
        next.steps.extend(guess.step);
        next.http.extend(guess.mock);
        for effect in turn.effects {
            match effect {
                Effect::Await { spec, .. } => next.asked = Some(spec),
                Effect::Http { request, .. } => next.url = request.url,
                _ => {}
            }
        }
        let expected = match (&turn.state.ended, &turn.state.wait) {
            (Some(ended), _) => {
                let outcome = ended.outcome.clone().unwrap_or_default();
                Some(Expect::Outcome(outcome))
            }
            // A server answers within the step.
            (None, Some(wait)) if wait.kind == WaitKind::Http => None,
            (None, wait) => wait.as_ref().map(|wait| Expect::Node(wait.node.clone())),
        };
        next.steps
            .extend(expected.map(|expected| Step::Expect(vec![expected])));
        next.state = turn.state;
        Some(next)
    }

    fn goes_the_way(&self, stand: &Stand, turn: &Turn) -> bool {
        let ahead = &self.way[stand.walked..];
        let same = |(visit, walked): (&crate::effects::Visit, &Walked)| {
            let port = |port| self.flow.port_name(visit.unit, visit.node, port);
            self.flow.node(visit.unit, visit.node).1 == walked.node
                && visit.port.map(port) == walked.port
        };
        turn.trace.len() <= ahead.len() && turn.trace.iter().zip(ahead).all(same)
    }

    fn guesses(&self, stand: &Stand) -> Vec<Guess> {
        let Some(wait) = &stand.state.wait else {
            return Vec::new();
        };
        let key = wait.key.clone();
        let mut guesses = match wait.kind {
            WaitKind::Answer => self.answers(stand),
            WaitKind::Http => return self.replies(stand, &key),
            WaitKind::Timer => Vec::new(),
            WaitKind::Event => self
                .bodies()
                .map(|body| {
                    let what = What::Event {
                        key: key.clone(),
                        body: body.clone(),
                    };
                    Guess::of(Step::Event(body), what)
                })
                .collect(),
            WaitKind::Handoff => [
                (Agent::Resolved, AgentDid::Resolved),
                (Agent::Unavailable, AgentDid::Unavailable),
            ]
            .map(|(step, did)| Guess::of(Step::Agent(step), What::Agent(did)))
            .into(),
            WaitKind::Call => [
                (Call::Ended, CallDid::Ended),
                (Call::Missed, CallDid::Missed),
                (Call::Declined, CallDid::Declined),
                (Call::Unavailable, CallDid::Unavailable),
            ]
            .map(|(step, did)| {
                let key = key.clone();
                Guess::of(Step::Call(step), What::Call { key, did })
            })
            .into(),
        };
        guesses.extend(wait.deadline.and_then(|deadline| {
            let after_ms = deadline.saturating_sub(stand.now_ms).max(0);
            Some(Guess {
                step: Some(Step::AdvanceMs(u64::try_from(after_ms).ok()?)),
                mock: None,
                what: What::Timer { key },
                after_ms,
            })
        }));
        let commands = self.commands.iter().cloned();
        guesses.extend(
            commands.map(|name| Guess::of(Step::Command(name.clone()), What::Command(name))),
        );
        guesses
    }

    /// What a visitor may have answered.
    fn answers(&self, stand: &Stand) -> Vec<Guess> {
        let say = |text: String| Guess::of(Step::Say(text.clone()), What::Text(text));
        let mut guesses: Vec<Guess> = match &stand.asked {
            Some(AwaitSpec::Choice { multi, options }) => {
                let ids: Vec<String> = options.iter().map(|option| option.id.clone()).collect();
                let ones = ids.iter().map(|id| vec![id.clone()]);
                let all = multi.then(|| ids.clone());
                ones.chain(all)
                    .map(|ids| Guess::of(Step::Choose(ids.clone()), What::Choice(ids)))
                    .collect()
            }
            Some(AwaitSpec::Answer { input, .. }) => match input {
                Input::File { types, .. } => {
                    let media_type = types.first().map_or("image/png", String::as_str);
                    let media_type = media_type.replace('*', "png");
                    let what = What::Files(vec![FileRef {
                        id: "file_0".to_owned(),
                        media_type: media_type.clone(),
                    }]);
                    vec![Guess::of(Step::Files(vec![media_type]), what)]
                }
                Input::OtpEmail {} => {
                    let address = "ada@example.org".to_owned();
                    vec![Guess::of(
                        Step::Prove(address.clone()),
                        What::Proven(address),
                    )]
                }
                input => self.texts(input).into_iter().map(say).collect(),
            },
            Some(AwaitSpec::Event { .. }) | None => Vec::new(),
        };
        // What is no answer to anything.
        guesses.extend(["?", ""].map(|text| say(text.to_owned())));
        guesses
    }

    /// What fits a question: something plain first, then what the flow compares with.
    fn texts(&self, input: &Input) -> Vec<String> {
        let words = self.words.iter().cloned();
        let plain = match input {
            Input::Number { min, max, .. } => {
                let ends = [*min, *max, Some(1.0), Some(0.0)].into_iter().flatten();
                let compared = self
                    .words
                    .iter()
                    .filter_map(|word| word.parse::<f64>().ok());
                let near = compared.flat_map(|number| [number, number + 1.0, number - 1.0]);
                return ends.chain(near).map(|number| format!("{number}")).collect();
            }
            Input::Rating { min, max } => {
                return (*min..=*max)
                    .rev()
                    .map(|points| points.to_string())
                    .collect();
            }
            Input::Email {} => "ada@example.org",
            Input::Phone {} => "+49 30 1234567",
            Input::Url {} => "https://example.org/",
            Input::Date { min, max } => {
                let ends = [min.clone(), max.clone(), Some("2026-06-01".to_owned())];
                return ends.into_iter().flatten().chain(words).collect();
            }
            Input::Time {} => "09:30",
            Input::Consent {} => "yes",
            Input::Text {
                regex: Some(source),
                min_len,
                max_len,
                ..
            } => {
                let fits = |text: &str| {
                    let chars = text.chars().count();
                    min_len.is_none_or(|min| chars >= min) && max_len.is_none_or(|max| chars <= max)
                };
                return pattern::taken(source, fits)
                    .into_iter()
                    .chain(words)
                    .collect();
            }
            Input::Text { .. } | Input::File { .. } | Input::OtpEmail {} => "some words",
        };
        std::iter::once(plain.to_owned()).chain(words).collect()
    }

    /// What a server may have said. It says the same whenever it is asked again.
    fn replies(&self, stand: &Stand, key: &str) -> Vec<Guess> {
        let guess = |mock: &Mock, is_new: bool| Guess {
            step: None,
            mock: is_new.then(|| mock.clone()),
            what: What::Http {
                key: key.to_owned(),
                status: mock.status,
                body: mock.body.clone(),
            },
            after_ms: 0,
        };
        let known = stand.http.iter().find(|mock| stand.url.contains(&mock.url));
        if let Some(known) = known {
            return vec![guess(known, false)];
        }
        let said = self.bodies().map(|body| (200, body));
        said.chain([(500, Value::Null)])
            .map(|(status, body)| {
                let url = stand.url.clone();
                guess(&Mock { url, status, body }, true)
            })
            .collect()
    }

    /// Bodies in which everything is there that flows keep of one, the same word everywhere.
    fn bodies(&self) -> impl Iterator<Item = Value> {
        let words = std::iter::once("answer").chain(self.words.iter().map(String::as_str));
        words.map(|word| {
            let mut body = json!({});
            for mapping in &self.mappings {
                plant(&mut body, &mapping.path, word.into());
            }
            body
        })
    }
}
