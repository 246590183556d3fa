//! From documents to programs. Whatever compiles has no error in it.

mod values;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use regex::Regex;

use crate::conditions::pattern;
use crate::diagnostics::{Code, Diagnostic, Pointer, Severity, Surroundings, check};
use crate::document::{Document, Progress};
use crate::nodes::{Action, Body, Input, Kind, Mapping, Part, Retry, Share};
use crate::program::{
    ActionOp, AskOp, BodyOp, CardText, ChoiceOp, Compiled, Exit, Handlers, HttpOp, MapOp, Op,
    OperandOp, OptionOp, PartText, RetryOp, SubflowOp, Unit, distances,
};
use crate::templates::{Formula, Missing, Template, Types};
use crate::variables::{Scalar, Type};

/// The published flows that a flow may go through, by `id@version`.
pub type Subflows = BTreeMap<String, Document>;

/// What a subflow is called in [`Subflows`].
pub fn reference(flow: &str, version: u32) -> String {
    format!("{flow}@{version}")
}

/// Compiles a flow together with those inside it.
///
/// # Errors
/// Everything that is wrong with it.
pub fn compile(
    document: &Document,
    subflows: &Subflows,
    around: &Surroundings,
) -> Result<Compiled, Vec<Diagnostic>> {
    let mut wrong = check(document, subflows, around);
    wrong.retain(|diagnostic| diagnostic.severity == Severity::Error);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    link(document, subflows).map_err(|Unfit| vec![unfit()])
}

/// Compiles a flow that may have errors, to try it out: everything that can be run, is. What a port
/// does not lead to is the end, a flow that is not published is an error of its node, and limits end
/// what goes around in circles.
///
/// # Errors
/// Everything that is wrong with it, when it cannot be run at all.
pub fn compile_draft(
    document: &Document,
    subflows: &Subflows,
) -> Result<Compiled, Vec<Diagnostic>> {
    link(document, subflows).map_err(|Unfit| {
        let mut wrong = check(document, subflows, &Surroundings::default());
        wrong.retain(|diagnostic| diagnostic.severity == Severity::Error);
        if wrong.is_empty() {
            wrong.push(unfit());
        }
        wrong
    })
}

fn unfit() -> Diagnostic {
    // A subflow that was published before a rule was made.
    let message = "A flow inside this one cannot be run.";
    Diagnostic::new(Code::E130, &Pointer::root(), message)
}

struct Unfit;

fn link(document: &Document, subflows: &Subflows) -> Result<Compiled, Unfit> {
    let mut order: Vec<(String, &Document)> = vec![(String::new(), document)];
    let mut next = 0;
    while let Some((_, document)) = order.get(next) {
        let document = *document;
        next += 1;
        for node in &document.nodes {
            if let Kind::Subflow(subflow) = &node.kind {
                let name = reference(&subflow.flow, subflow.version);
                if order.iter().all(|(known, _)| *known != name) {
                    order.extend(subflows.get(&name).map(|inner| (name, inner)));
                }
            }
        }
    }
    let mut program = build(&order, document)?;
    for tag in document.translations.keys() {
        let spoken: Vec<(String, Cow<'_, Document>)> = order
            .iter()
            .map(|(name, document)| (name.clone(), document.spoken_in(tag)))
            .collect();
        let spoken: Vec<(String, &Document)> = spoken
            .iter()
            .map(|(name, document)| (name.clone(), document.as_ref()))
            .collect();
        program
            .spoken
            .push((tag.clone(), build(&spoken, document)?));
    }
    Ok(program)
}

fn build(all: &[(String, &Document)], document: &Document) -> Result<Compiled, Unfit> {
    let units = all
        .iter()
        .map(|(name, document)| Builder::new(document, all).unit(name));
    Ok(Compiled {
        units: units.collect::<Result<_, _>>()?,
        locale: document.locale.clone(),
        spoken: Vec::new(),
    })
}

struct Builder<'d> {
    document: &'d Document,
    all: &'d [(String, &'d Document)],
    nodes: HashMap<&'d str, usize>,
    by_id: HashMap<&'d str, usize>,
    names: HashMap<&'d str, Type>,
}

impl Types for Builder<'_> {
    fn kind(&self, name: &str) -> Option<Type> {
        self.names.get(name).copied()
    }
}

/// The variables of a flow, and the answer that a rule is about.
struct WithAnswer<'b, 'd>(&'b Builder<'d>);

impl Types for WithAnswer<'_, '_> {
    fn kind(&self, name: &str) -> Option<Type> {
        let json = || (name == "answer").then_some(Type::One(Scalar::Json));
        self.0.kind(name).or_else(json)
    }
}

impl<'d> Builder<'d> {
    fn new(document: &'d Document, all: &'d [(String, &'d Document)]) -> Self {
        let nodes = document.nodes.iter().enumerate();
        let variables = document.variables.iter().enumerate();
        Self {
            document,
            all,
            nodes: nodes.map(|(n, node)| (node.id.as_str(), n)).collect(),
            by_id: variables
                .map(|(n, variable)| (variable.id.as_str(), n))
                .collect(),
            names: document
                .variables
                .iter()
                .map(|variable| (variable.name.as_str(), variable.kind))
                .collect(),
        }
    }

    fn unit(&self, reference: &str) -> Result<Unit, Unfit> {
        let document = self.document;
        let ops = document.nodes.iter().map(|node| self.op(&node.kind));
        let ops: Vec<Op> = ops.collect::<Result<_, _>>()?;
        let mut exits = vec![Vec::new(); ops.len()];
        for (edge, document_edge) in document.edges.iter().enumerate() {
            let from = self.node(&document_edge.from.node)?;
            let to = self.node(&document_edge.to.node)?;
            let ports = document.nodes[from].kind.ports();
            let port = ports
                .iter()
                .find(|port| port.name == document_edge.from.port)
                .ok_or(Unfit)?;
            exits[from].push(Exit {
                port: port.port,
                edge,
                to,
            });
        }
        let places = |test: fn(&Kind) -> bool| {
            let nodes = document.nodes.iter().enumerate();
            nodes
                .filter(move |(_, node)| test(&node.kind))
                .map(|(n, _)| n)
        };
        let distance = distances(&ops, &exits);
        let names = document.variables.iter().enumerate();
        Ok(Unit {
            reference: reference.to_owned(),
            ids: document.nodes.iter().map(|node| node.id.clone()).collect(),
            index: self
                .nodes
                .iter()
                .map(|(id, n)| ((*id).to_owned(), *n))
                .collect(),
            handlers: self.handlers()?,
            starts: places(|kind| matches!(kind, Kind::Start(_))).collect(),
            triggers: document
                .nodes
                .iter()
                .filter_map(|node| match &node.kind {
                    Kind::Start(start) => Some(start.trigger.clone()),
                    _ => None,
                })
                .collect(),
            handoff: places(|kind| matches!(kind, Kind::Handoff(_))).next(),
            ops,
            exits,
            ways: document.nodes.iter().map(|node| ways(&node.kind)).collect(),
            variables: document.variables.clone(),
            by_name: names
                .map(|(n, variable)| (variable.name.clone(), n))
                .collect(),
            distance,
            shows_progress: document.settings.progress == Progress::Path,
            turns_per_minute: document
                .settings
                .rate
                .as_ref()
                .map(|rate| rate.turns_per_min),
        })
    }

    fn handlers(&self) -> Result<Handlers, Unfit> {
        let handlers = &self.document.handlers;
        let node = |id: &Option<String>| id.as_deref().map(|id| self.node(id)).transpose();
        let commands = handlers.commands.iter().map(|command| {
            let to = self.node(&command.to)?;
            Ok((command.name.clone(), to, command.then))
        });
        let idle = handlers.on_idle.as_ref();
        Ok(Handlers {
            commands: commands.collect::<Result<_, _>>()?,
            on_error: node(&handlers.on_error)?,
            on_idle: idle
                .map(|idle| Ok((idle.after_s, self.node(&idle.to)?)))
                .transpose()?,
            on_reply: node(&handlers.on_reply)?,
            on_invalid: node(&handlers.on_invalid)?,
        })
    }

    fn node(&self, id: &str) -> Result<usize, Unfit> {
        self.nodes.get(id).copied().ok_or(Unfit)
    }

    fn variable(&self, id: &str) -> Result<usize, Unfit> {
        self.by_id.get(id).copied().ok_or(Unfit)
    }

    fn saved(&self, id: Option<&str>) -> Result<Option<usize>, Unfit> {
        id.map(|id| self.variable(id)).transpose()
    }

    fn text(&self, source: &str) -> Result<Template, Unfit> {
        Template::read(source, self).map_err(|_| Unfit)
    }

    fn maybe(&self, source: Option<&str>) -> Result<Option<Template>, Unfit> {
        source.map(|source| self.text(source)).transpose()
    }

    fn formula(&self, source: &str) -> Result<Formula, Unfit> {
        Formula::read(source, Missing::Fails, self).map_err(|_| Unfit)
    }

    fn op(&self, kind: &Kind) -> Result<Op, Unfit> {
        Ok(match kind {
            Kind::Start(_) => Op::Start,
            Kind::Message(message) => Op::Message {
                parts: message
                    .parts
                    .iter()
                    .map(|part| self.part(part))
                    .collect::<Result<_, _>>()?,
                typing_ms: message.typing_ms,
            },
            Kind::Ask(ask) => Op::Ask(Box::new(AskOp {
                md: self.maybe(ask.md.as_deref())?,
                regex: asked_pattern(&ask.input)?,
                input: ask.input.clone(),
                rule: ask
                    .rule
                    .as_deref()
                    .map(|rule| {
                        Formula::read(rule, Missing::Fails, &WithAnswer(self)).map_err(|_| Unfit)
                    })
                    .transpose()?,
                save: self.saved(ask.save.as_deref())?,
                retry: self.retry(&ask.retry)?,
                timeout_ms: ask.timeout_s.map(millis),
                placeholder: ask.placeholder.clone(),
            })),
            Kind::Choice(choice) => Op::Choice(Box::new(self.choice(choice)?)),
            Kind::Condition(branch) => {
                let cases = branch.cases.iter().map(|case| self.test(&case.when));
                Op::Condition(cases.collect::<Result<_, _>>()?)
            }
            Kind::Set(set) => Op::Set {
                to: self.variable(&set.to)?,
                value: self.source(&set.value)?,
            },
            Kind::Split(split) => Op::Split {
                weights: split.arms.iter().map(|arm| arm.weight).collect(),
            },
            Kind::Http(http) => Op::Http(Box::new(self.http(http)?)),
            Kind::Wait(wait) => Op::Wait {
                for_ms: millis(wait.for_s),
            },
            Kind::Event(event) => Op::Event {
                name: event.name.clone(),
                timeout_ms: event.timeout_s.map(millis),
                map: self.mappings(&event.map)?,
            },
            Kind::Subflow(subflow) => Op::Subflow(Box::new(self.subflow(subflow)?)),
            Kind::Return(_) => Op::Return,
            Kind::Jump(jump) => Op::Jump(self.node(&jump.to)?),
            Kind::Handoff(handoff) => Op::Handoff {
                team: handoff.team.clone(),
                note: self.maybe(handoff.note.as_deref())?,
                wait_ms: handoff.wait_s.map(millis),
            },
            Kind::Call(call) => Op::Call {
                kind: call.kind,
                md: self.maybe(call.md.as_deref())?,
                team: call.team.clone(),
                wait_ms: millis(call.wait_s),
            },
            Kind::Action(action) => Op::Action(self.action(action)?),
            Kind::End(end) => Op::End {
                outcome: end.outcome.clone(),
            },
        })
    }

    fn part(&self, part: &Part) -> Result<PartText, Unfit> {
        Ok(match part {
            Part::Text { md } => PartText::Text(self.text(md)?),
            Part::Image { url, alt } => PartText::Image {
                url: self.text(url)?,
                alt: self.maybe(alt.as_deref())?,
            },
            Part::Video { url } => PartText::Video(self.text(url)?),
            Part::Audio { url } => PartText::Audio(self.text(url)?),
            Part::File { url, name } => PartText::File {
                url: self.text(url)?,
                name: self.maybe(name.as_deref())?,
            },
            Part::Embed { url } => PartText::Embed(self.text(url)?),
            Part::Cards { items } => {
                let cards = items.iter().map(|card| {
                    Ok(CardText {
                        title: self.text(&card.title)?,
                        md: self.maybe(card.md.as_deref())?,
                        image: self.maybe(card.image.as_deref())?,
                        url: self.maybe(card.url.as_deref())?,
                    })
                });
                PartText::Cards(cards.collect::<Result<_, _>>()?)
            }
        })
    }

    fn retry(&self, retry: &Retry) -> Result<RetryOp, Unfit> {
        Ok(RetryOp {
            max: retry.max,
            md: self.maybe(retry.md.as_deref())?,
        })
    }

    fn choice(&self, choice: &crate::nodes::Choice) -> Result<ChoiceOp, Unfit> {
        let options = choice.options.iter().map(|option| {
            Ok(OptionOp {
                id: option.id.clone(),
                label: self.text(&option.label)?,
                value: self.maybe(option.value.as_deref())?,
                show_if: option
                    .show_if
                    .as_ref()
                    .map(|test| self.test(test))
                    .transpose()?,
                md: self.maybe(option.md.as_deref())?,
                image: self.maybe(option.image.as_deref())?,
            })
        });
        Ok(ChoiceOp {
            md: self.maybe(choice.md.as_deref())?,
            multi: choice.multi,
            options: options.collect::<Result<_, _>>()?,
            from: self.saved(choice.from.as_deref())?,
            save: self.saved(choice.save.as_deref())?,
            retry: self.retry(&choice.retry)?,
            timeout_ms: choice.timeout_s.map(millis),
        })
    }

    fn http(&self, http: &crate::nodes::Http) -> Result<HttpOp, Unfit> {
        let headers = http
            .headers
            .iter()
            .filter_map(|header| Some((&header.k, header.v.as_deref()?)));
        let headers = headers.map(|(name, value)| Ok((name.clone(), self.text(value)?)));
        let secrets = http
            .headers
            .iter()
            .filter_map(|header| Some((header.k.clone(), header.secret.clone()?)));
        Ok(HttpOp {
            method: http.method,
            url: self.text(&http.url)?,
            headers: headers.collect::<Result<_, _>>()?,
            secrets: secrets.collect(),
            body: match &http.body {
                None => None,
                Some(Body::Text(text)) => Some(BodyOp::Text(self.text(text)?)),
                Some(Body::Json(value)) => Some(BodyOp::Json(self.json(value)?)),
            },
            timeout_ms: http.timeout_ms,
            retries: http.retries,
            map: self.mappings(&http.map)?,
        })
    }

    fn mappings(&self, map: &[Mapping]) -> Result<Vec<MapOp>, Unfit> {
        let mapped = map.iter().map(|mapping| {
            Ok(MapOp {
                path: mapping.path.clone(),
                to: self.variable(&mapping.to)?,
            })
        });
        mapped.collect()
    }

    fn subflow(&self, subflow: &crate::nodes::Subflow) -> Result<SubflowOp, Unfit> {
        let name = reference(&subflow.flow, subflow.version);
        let Some(unit) = self.all.iter().position(|(known, _)| *known == name) else {
            return Ok(SubflowOp {
                unit: None,
                give: Vec::new(),
                take: Vec::new(),
            });
        };
        let theirs = &self.all[unit].1.variables;
        let their = |name: &str| {
            theirs
                .iter()
                .position(|variable| variable.name == name)
                .ok_or(Unfit)
        };
        let mut give = Vec::new();
        let mut take = Vec::new();
        if subflow.share == Share::All {
            for (ours, variable) in self.document.variables.iter().enumerate() {
                if let Ok(place) = their(&variable.name) {
                    give.push((place, OperandOp::Var(ours)));
                    take.push((place, ours));
                }
            }
        }
        for given in &subflow.give {
            give.push((their(&given.name)?, self.operand(&given.value)?));
        }
        for taken in &subflow.take {
            take.push((their(&taken.name)?, self.variable(&taken.to)?));
        }
        Ok(SubflowOp {
            unit: Some(unit),
            give,
            take,
        })
    }

    fn action(&self, action: &Action) -> Result<ActionOp, Unfit> {
        Ok(match action {
            Action::AddTag { tag } => ActionOp::AddTag(self.text(tag)?),
            Action::SetContact { name, value } => ActionOp::SetContact {
                name: *name,
                value: self.text(value)?,
            },
            Action::Email { to, subject, text } => ActionOp::Email {
                to: to.as_ref().map(|to| self.text(to)).transpose()?,
                subject: self.text(subject)?,
                text: self.text(text)?,
            },
            Action::Track { .. } | Action::SetPriority { .. } | Action::PutToTeam { .. } => {
                ActionOp::Plain(action.clone())
            }
            Action::OpenUrl { url, new_window } => ActionOp::OpenUrl {
                url: self.text(url)?,
                new_window: *new_window,
            },
        })
    }
}

fn ways(kind: &Kind) -> Vec<String> {
    match kind {
        Kind::Choice(choice) => choice
            .options
            .iter()
            .map(|option| option.id.clone())
            .collect(),
        Kind::Condition(branch) => branch.cases.iter().map(|case| case.id.clone()).collect(),
        Kind::Split(split) => split.arms.iter().map(|arm| arm.id.clone()).collect(),
        _ => Vec::new(),
    }
}

fn asked_pattern(input: &Input) -> Result<Option<Regex>, Unfit> {
    match input {
        Input::Text {
            regex: Some(source),
            ..
        } => pattern(source).map(Some).map_err(|_| Unfit),
        _ => Ok(None),
    }
}

fn millis(seconds: u64) -> i64 {
    i64::try_from(seconds)
        .unwrap_or(i64::MAX / 1_000)
        .saturating_mul(1_000)
}
