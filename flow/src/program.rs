//! A compiled flow: places instead of names, templates and patterns read.

use std::collections::{HashMap, VecDeque};

use regex::Regex;
use serde_json::Value;

use crate::conditions::{Compat, Op as Operator};
use crate::nodes::{Action, CallKind, ContactField, Input, Method, Port, Trigger};
use crate::templates::{Formula, Template, Types};
use crate::translations::choose;
use crate::variables::{Type, Variable};

/// A flow with all the flows inside it, ready to run.
#[derive(Debug)]
pub struct Compiled {
    pub(crate) units: Vec<Unit>,
    /// The language that it speaks.
    pub(crate) locale: String,
    /// The same in the other languages that there are, by language tag.
    pub(crate) spoken: Vec<(String, Compiled)>,
}

impl Compiled {
    /// The flow as it speaks to somebody of this language: the same steps, places and ids; in its own language
    /// where it has no other that fits.
    pub fn spoken_in(&self, locale: &str) -> &Self {
        let tag = self.translation(locale);
        let found = self
            .spoken
            .iter()
            .find(|(known, _)| Some(known.as_str()) == tag);
        found.map_or(self, |(_, program)| program)
    }

    /// Which of its translations it speaks to somebody of this language; none where its own has to do.
    pub fn translation(&self, locale: &str) -> Option<&str> {
        let known = self.spoken.iter().map(|(tag, _)| tag.as_str());
        choose(locale, &self.locale, known)
    }

    /// The names of what it waits for outside, its subflows left aside.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        let ops = self.units.first().into_iter().flat_map(|unit| &unit.ops);
        ops.filter_map(|op| match op {
            Op::Event { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }

    /// The start of whoever comes by themselves: the first one for the page that they are on, or else the first
    /// one for anybody.
    pub fn start_on(&self, page: Option<&str>) -> Option<&str> {
        let unit = self.units.first()?;
        let of_page = |part: &String| page.is_some_and(|page| page.contains(part.as_str()));
        let fits = |wanted: fn(&Trigger) -> bool| {
            let triggers = unit.starts.iter().zip(&unit.triggers);
            let mut found = triggers.filter(move |(_, trigger)| wanted(trigger));
            found.next().map(|(start, _)| unit.ids[*start].as_str())
        };
        let mut on_page = unit.starts.iter().zip(&unit.triggers);
        let on_page = on_page
            .find(|(_, trigger)| matches!(trigger, Trigger::Url { contains } if of_page(contains)));
        on_page
            .map(|(start, _)| unit.ids[*start].as_str())
            .or_else(|| fits(|trigger| matches!(trigger, Trigger::WidgetOpen)))
    }
}

/// One flow.
#[derive(Debug)]
pub(crate) struct Unit {
    /// Empty for the flow itself, `id@version` for one inside it.
    pub reference: String,
    pub ids: Vec<String>,
    pub index: HashMap<String, usize>,
    pub ops: Vec<Op>,
    pub exits: Vec<Vec<Exit>>,
    /// The ids of options, cases or arms of each node.
    pub ways: Vec<Vec<String>>,
    pub variables: Vec<Variable>,
    pub by_name: HashMap<String, usize>,
    pub handlers: Handlers,
    pub starts: Vec<usize>,
    /// What each start is for.
    pub triggers: Vec<Trigger>,
    pub handoff: Option<usize>,
    /// Steps to the nearest end; none where none is reached.
    pub distance: Vec<Option<u32>>,
    pub shows_progress: bool,
    pub turns_per_minute: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Exit {
    pub port: Port,
    pub edge: usize,
    pub to: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Handlers {
    pub commands: Vec<(String, usize, crate::document::Afterwards)>,
    pub on_error: Option<usize>,
    pub on_idle: Option<(u64, usize)>,
    pub on_reply: Option<usize>,
    pub on_invalid: Option<usize>,
}

#[derive(Debug)]
pub(crate) enum Op {
    Start,
    Message {
        parts: Vec<PartText>,
        typing_ms: Option<u32>,
    },
    Ask(Box<AskOp>),
    Choice(Box<ChoiceOp>),
    Condition(Vec<Test>),
    Set {
        to: usize,
        value: SourceOp,
    },
    Split {
        weights: Vec<u32>,
    },
    Http(Box<HttpOp>),
    Wait {
        for_ms: i64,
    },
    Event {
        name: String,
        timeout_ms: Option<i64>,
        map: Vec<MapOp>,
    },
    Subflow(Box<SubflowOp>),
    Return,
    Jump(usize),
    Handoff {
        team: Option<String>,
        note: Option<Template>,
        wait_ms: Option<i64>,
    },
    Call {
        kind: CallKind,
        md: Option<Template>,
        team: Option<String>,
        wait_ms: i64,
    },
    Action(ActionOp),
    End {
        outcome: Option<String>,
    },
}

#[derive(Debug)]
pub(crate) enum PartText {
    Text(Template),
    Image {
        url: Template,
        alt: Option<Template>,
    },
    Video(Template),
    Audio(Template),
    File {
        url: Template,
        name: Option<Template>,
    },
    Embed(Template),
    Cards(Vec<CardText>),
}

#[derive(Debug)]
pub(crate) struct CardText {
    pub title: Template,
    pub md: Option<Template>,
    pub image: Option<Template>,
    pub url: Option<Template>,
}

#[derive(Debug)]
pub(crate) struct RetryOp {
    pub max: u32,
    pub md: Option<Template>,
}

#[derive(Debug)]
pub(crate) struct AskOp {
    pub md: Option<Template>,
    pub input: Input,
    pub regex: Option<Regex>,
    pub rule: Option<Formula>,
    pub save: Option<usize>,
    pub retry: RetryOp,
    pub timeout_ms: Option<i64>,
    pub placeholder: Option<String>,
}

#[derive(Debug)]
pub(crate) struct ChoiceOp {
    pub md: Option<Template>,
    pub multi: bool,
    pub options: Vec<OptionOp>,
    pub from: Option<usize>,
    pub save: Option<usize>,
    pub retry: RetryOp,
    pub timeout_ms: Option<i64>,
}

#[derive(Debug)]
pub(crate) struct OptionOp {
    pub id: String,
    pub label: Template,
    pub value: Option<Template>,
    pub show_if: Option<Test>,
    pub md: Option<Template>,
    pub image: Option<Template>,
}

#[derive(Debug)]
pub(crate) enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Compare {
        var: usize,
        op: Operator,
        value: OperandOp,
        compat: Compat,
        pattern: Option<Regex>,
    },
    Expr(Formula),
}

#[derive(Debug)]
pub(crate) enum OperandOp {
    None,
    Lit(Value),
    Var(usize),
    Template(Template),
}

#[derive(Debug)]
pub(crate) enum SourceOp {
    Operand(OperandOp),
    Expr(Formula),
    Append(OperandOp),
    Remove(OperandOp),
    Pop(usize),
    Shift(usize),
    SameIndex {
        item: OperandOp,
        base: usize,
        take: usize,
    },
    Now,
    Today {
        add_days: i32,
    },
    PartOfDay,
    Id,
}

#[derive(Debug)]
pub(crate) struct HttpOp {
    pub method: Method,
    pub url: Template,
    pub headers: Vec<(String, Template)>,
    pub secrets: Vec<(String, String)>,
    pub body: Option<BodyOp>,
    pub timeout_ms: u32,
    pub retries: u32,
    pub map: Vec<MapOp>,
}

#[derive(Debug)]
pub(crate) enum BodyOp {
    Text(Template),
    Json(JsonText),
}

/// JSON whose texts have variables.
#[derive(Debug)]
pub(crate) enum JsonText {
    Value(Value),
    Variable(usize),
    Text(Template),
    List(Vec<JsonText>),
    Fields(Vec<(String, JsonText)>),
}

#[derive(Debug)]
pub(crate) struct MapOp {
    pub path: String,
    pub to: usize,
}

#[derive(Debug)]
pub(crate) struct SubflowOp {
    /// The place among the units; none when it is not published.
    pub unit: Option<usize>,
    /// A variable there, and what it gets.
    pub give: Vec<(usize, OperandOp)>,
    /// A variable there, and ours.
    pub take: Vec<(usize, usize)>,
}

#[derive(Debug)]
pub(crate) enum ActionOp {
    AddTag(Template),
    SetContact {
        name: ContactField,
        value: Template,
    },
    Email {
        to: Option<Template>,
        subject: Template,
        text: Template,
    },
    /// One without texts.
    Plain(Action),
    OpenUrl {
        url: Template,
        new_window: bool,
    },
}

impl Unit {
    pub(crate) fn exit(&self, node: usize, port: Port) -> Option<Exit> {
        self.exits[node]
            .iter()
            .find(|exit| exit.port == port)
            .copied()
    }
}

impl Types for Unit {
    fn kind(&self, name: &str) -> Option<Type> {
        self.by_name
            .get(name)
            .map(|place| self.variables[*place].kind)
    }
}

impl Compiled {
    /// The id of a node, and the flow it stands in: empty for the flow itself.
    pub fn node(&self, unit: usize, node: usize) -> (&str, &str) {
        let unit = &self.units[unit];
        (&unit.reference, &unit.ids[node])
    }

    /// What a port of a node is called in its document.
    pub fn port_name(&self, unit: usize, node: usize, port: Port) -> String {
        let unit = &self.units[unit];
        let named = |kind: &str, ids: &[String], n: usize| match ids.get(n) {
            Some(id) => format!("{kind}:{id}"),
            None => port.to_string(),
        };
        match port {
            Port::Option(n) => named("opt", &unit.ways[node], n),
            Port::Case(n) => named("case", &unit.ways[node], n),
            Port::Arm(n) => named("arm", &unit.ways[node], n),
            plain => plain.to_string(),
        }
    }

    /// The edge of the flow itself by which a node was left, by its place in the document.
    pub fn edge(&self, node: usize, port: Port) -> Option<usize> {
        let unit = &self.units[0];
        let next = || {
            unit.exit(node, Port::Next)
                .filter(|_| matches!(port, Port::Option(_)))
        };
        unit.exit(node, port).or_else(next).map(|exit| exit.edge)
    }

    /// The id of a variable of the flow itself, by the name that templates use.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let unit = &self.units[0];
        unit.by_name
            .get(name)
            .map(|place| unit.variables[*place].id.as_str())
    }

    pub(crate) fn unit(&self, reference: &str) -> Option<usize> {
        self.units
            .iter()
            .position(|unit| unit.reference == reference)
    }
}

/// Steps from each node to the nearest place where the flow is over.
pub(crate) fn distances(ops: &[Op], exits: &[Vec<Exit>]) -> Vec<Option<u32>> {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); ops.len()];
    let mut distance = vec![None; ops.len()];
    let mut queue = VecDeque::new();
    for (n, op) in ops.iter().enumerate() {
        let jump = match op {
            Op::Jump(to) => Some(*to),
            _ => None,
        };
        for to in exits[n].iter().map(|exit| exit.to).chain(jump) {
            before[to].push(n);
        }
        if exits[n].is_empty() && jump.is_none() {
            distance[n] = Some(0);
            queue.push_back((n, 0_u32));
        }
    }
    while let Some((n, steps)) = queue.pop_front() {
        for &from in &before[n] {
            if distance[from].is_none() {
                distance[from] = Some(steps + 1);
                queue.push_back((from, steps + 1));
            }
        }
    }
    distance
}
