//! Templates, expressions, comparisons, types, addresses and sizes: what stands inside the nodes.

use std::collections::HashSet;

use serde_json::Value;

use super::ids::Index;
use super::{Code, Diagnostic, Pointer, Surroundings};
use crate::compile::{Subflows, reference};
use crate::conditions::{Comparison, Compat, Operand, pattern};
use crate::document::Document;
use crate::limits::MAX_OUTCOME_CHARS;
use crate::nodes::{
    Action, Choice, InboxRule, Input, Kind, Message, Part, Start, Subflow, Trigger,
};
use crate::step::WEB;
use crate::templates::{Formula, Missing, Refusal, RefusalKind, Template, Types};
use crate::variables::{Scalar, Type};

/// The most characters of a text before it is too long for one message.
const LONG_TEXT_CHARS: usize = 4_000;
/// The most characters of any text.
const MAX_TEXT_CHARS: usize = 16_000;
/// The most parts of a message, and cards of a part.
const MAX_PARTS: usize = 20;
/// The most options, cases or arms of a node.
const MAX_WAYS: usize = 200;
/// The longest label.
const MAX_LABEL_BYTES: usize = 40;
/// The longest wait.
const MAX_WAIT_S: u64 = 30 * 24 * 3_600;

fn is_of_label(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

pub(super) struct Check<'c, 'd> {
    pub index: &'c Index<'d>,
    found: &'c mut Vec<Diagnostic>,
    node: &'d str,
    pub at: Pointer,
}

/// The variables of a flow, and the answer that a rule is about.
struct WithAnswer<'c, 'd>(&'c Index<'d>);

impl Types for WithAnswer<'_, '_> {
    fn kind(&self, name: &str) -> Option<Type> {
        let json = || (name == "answer").then_some(Type::One(Scalar::Json));
        self.0.kind(name).or_else(json)
    }
}

pub(super) fn check<'d>(
    document: &'d Document,
    index: &Index<'d>,
    subflows: &Subflows,
    around: &Surroundings,
    found: &mut Vec<Diagnostic>,
) {
    for (n, node) in document.nodes.iter().enumerate() {
        let at = Pointer::root().field("nodes").item(n).field("data");
        let mut check = Check {
            index,
            found,
            node: &node.id,
            at,
        };
        check.uses(&node.kind);
        check.data(&node.kind, document, subflows, around);
    }
    if let Some(idle) = &document.handlers.on_idle
        && !(1..=MAX_WAIT_S).contains(&idle.after_s)
    {
        let at = Pointer::root()
            .field("handlers")
            .field("on_idle")
            .field("after_s");
        found.push(Diagnostic::new(
            Code::E140,
            &at,
            "A wait takes from a second to thirty days.",
        ));
    }
    if document
        .settings
        .rate
        .as_ref()
        .is_some_and(|rate| rate.turns_per_min == 0)
    {
        let at = Pointer::root()
            .field("settings")
            .field("rate")
            .field("turns_per_min");
        found.push(Diagnostic::new(
            Code::E111,
            &at,
            "Nobody could say anything.",
        ));
    }
}

impl<'c, 'd> Check<'c, 'd> {
    /// What looks at one place of a node.
    pub(super) fn at(
        index: &'c Index<'d>,
        found: &'c mut Vec<Diagnostic>,
        node: &'d str,
        at: Pointer,
    ) -> Self {
        Self {
            index,
            found,
            node,
            at,
        }
    }

    pub(super) fn say(
        &mut self,
        code: Code,
        at: &Pointer,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.found
            .push(Diagnostic::new(code, at, message).node(self.node));
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    pub(super) fn below(&self, inner: &Pointer) -> Pointer {
        self.at.join(inner)
    }

    fn uses(&mut self, kind: &'d Kind) {
        let uses = kind.uses();
        for (inner, source) in &uses.templates {
            self.template(&self.below(inner), source);
        }
        for (inner, source) in &uses.expressions {
            let at = self.below(inner);
            match Formula::read(source, Missing::Fails, &WithAnswer(self.index)) {
                Ok(formula) => {
                    let rule = matches!(kind, Kind::Ask(_));
                    let names: Vec<&str> = formula
                        .names()
                        .filter(|name| !(rule && *name == "answer"))
                        .collect();
                    self.names(&at, names);
                }
                Err(refusal) => self.refused(&at, refusal),
            }
        }
        let mut unknown = HashSet::new();
        for (inner, id) in uses.reads.iter().chain(&uses.writes) {
            if !self.index.variables.contains_key(id) && unknown.insert(inner.as_str().to_owned()) {
                let at = self.below(inner);
                self.say(Code::E110, &at, "There is no variable with this id.");
            }
        }
        for (inner, comparison) in &uses.comparisons {
            self.comparison(&self.below(inner), comparison);
        }
    }

    /// A text with variables that can be read and is not too long.
    pub(super) fn template(&mut self, at: &Pointer, source: &str) {
        let chars = source.chars().count();
        if chars > MAX_TEXT_CHARS {
            self.say(Code::E113, at, "A text has 16,000 characters at most.");
            return;
        }
        if chars > LONG_TEXT_CHARS {
            self.say(
                Code::W207,
                at,
                "This is too long for one message: 4,000 characters fit.",
            );
        }
        match Template::read(source, self.index) {
            Ok(template) => self.names(at, template.names()),
            Err(refusal) => self.refused(at, refusal),
        }
    }

    fn names<'n>(&mut self, at: &Pointer, names: impl IntoIterator<Item = &'n str>) {
        for name in names {
            if self.index.kind(name).is_none() {
                let message = format!("There is no variable {name}.");
                self.say(Code::E110, at, message).fix = Some("Add it, or take another.".to_owned());
            }
        }
    }

    fn refused(&mut self, at: &Pointer, refusal: Refusal) {
        let code = match refusal.kind {
            RefusalKind::Syntax => Code::E112,
            RefusalKind::Size => Code::E113,
        };
        let diagnostic = Diagnostic::new(code, at, refusal.message)
            .node(self.node)
            .bytes(refusal.range);
        self.found.push(diagnostic);
    }

    fn comparison(&mut self, at: &Pointer, comparison: &Comparison) {
        let Some(kind) = self
            .index
            .variables
            .get(comparison.var.as_str())
            .map(|variable| variable.kind)
        else {
            return;
        };
        if comparison.compat != Compat::Typebot && !comparison.op.suits(kind) {
            let message = format!("A {kind} cannot be compared like this.");
            self.say(Code::E111, &at.field("op"), message);
        }
        let Some(Operand::Lit(value)) = &comparison.value else {
            return;
        };
        let at = at.field("value").field("lit");
        if let Value::String(text) = value {
            let quoted =
                |quote: char| text.len() > 2 && text.starts_with(quote) && text.ends_with(quote);
            if quoted('"') || quoted('\'') {
                let message = "The quotation marks are part of what is compared.";
                self.say(Code::W208, &at, message).fix = Some("Leave them out.".to_owned());
            }
            if comparison.op.is_pattern() {
                if let Err(reason) = pattern(text) {
                    self.say(Code::E112, &at, reason);
                }
                return;
            }
        }
        if comparison.compat == Compat::Typebot || kind.is_list() {
            return;
        }
        let fits = match value {
            Value::Array(items) => items
                .iter()
                .all(|item| kind.scalar().fit(item.clone()).is_some()),
            // A part of an address is no address.
            _ if !comparison.op.orders() && kind.scalar().is_text() => {
                !matches!(value, Value::Object(_))
            }
            value => kind.scalar().fit(value.clone()).is_some(),
        };
        if !fits {
            let message = format!("The variable is a {kind}, and this is none.");
            self.say(Code::E111, &at, message);
        }
    }

    fn data(
        &mut self,
        kind: &'d Kind,
        document: &Document,
        subflows: &Subflows,
        around: &Surroundings,
    ) {
        let at = self.at.clone();
        match kind {
            Kind::Message(message) => self.message(message),
            Kind::Ask(ask) => {
                self.input(&ask.input, ask.save.as_deref());
                self.wait(&at.field("timeout_s"), ask.timeout_s);
            }
            Kind::Choice(choice) => self.choice(choice),
            Kind::Condition(branch) => self.ways(&at.field("cases"), branch.cases.len()),
            Kind::Split(split) => {
                self.ways(&at.field("arms"), split.arms.len());
                let total: u64 = split.arms.iter().map(|arm| u64::from(arm.weight)).sum();
                if total == 0 {
                    self.say(Code::E111, &at.field("arms"), "No arm has a share.");
                } else if total != 100 {
                    let message = format!("The shares come to {total} and not to 100.");
                    self.say(Code::W205, &at.field("arms"), message);
                }
            }
            Kind::Http(http) => self.http(http, around),
            Kind::Wait(wait) => self.wait(&at.field("for_s"), Some(wait.for_s)),
            Kind::Event(event) => self.wait(&at.field("timeout_s"), event.timeout_s),
            Kind::Handoff(handoff) => {
                self.wait(&at.field("wait_s"), handoff.wait_s);
                self.team(handoff.team.as_deref(), around);
            }
            Kind::Call(call) => {
                self.team(call.team.as_deref(), around);
                self.wait(&at.field("wait_s"), Some(call.wait_s));
            }
            Kind::Subflow(subflow) => self.subflow(subflow, subflows),
            Kind::Action(Action::PutToTeam { team }) => self.team(Some(team), around),
            Kind::Action(Action::OpenUrl { url, .. }) => self.web(&at.field("url"), url),
            Kind::Action(Action::Email { to, subject, .. }) => {
                self.mail(&at, to.as_deref(), subject, document);
            }
            Kind::End(end) => {
                let outcome = end.outcome.as_ref();
                if outcome.is_some_and(|outcome| outcome.chars().count() > MAX_OUTCOME_CHARS) {
                    let message = "An outcome has 64 characters at most.";
                    self.say(Code::E140, &at.field("outcome"), message);
                }
            }
            Kind::Start(Start {
                trigger: Trigger::InboxRule(rule),
            }) => self.rule(&at.field("trigger"), rule, around),
            Kind::Start(_) | Kind::Set(_) | Kind::Return(_) | Kind::Jump(_) | Kind::Action(_) => {}
        }
    }

    /// Whom a mail goes to: a variable that a proved address is saved in, or nobody is named.
    fn mail(&mut self, at: &Pointer, to: Option<&str>, subject: &str, document: &Document) {
        if subject.trim().is_empty() {
            self.say(Code::E100, &at.field("subject"), "A mail has a subject.");
        }
        let Some(to) = to else { return };
        let inner = to.trim();
        let name = inner
            .strip_prefix("{{")
            .and_then(|to| to.strip_suffix("}}"));
        let variable = name.and_then(|name| self.index.names.get(name.trim()));
        let proves = |id: &str| {
            document.nodes.iter().any(|node| match &node.kind {
                Kind::Ask(ask) => {
                    ask.save.as_deref() == Some(id) && matches!(ask.input, Input::OtpEmail {})
                }
                _ => false,
            })
        };
        if !variable.is_some_and(|variable| proves(&variable.id)) {
            let message = "A flow mails the visitor alone, at an address that is proved.";
            let fix = "Leave `to` out, or name a variable that a question of kind otp_email saves.";
            self.say(Code::E151, &at.field("to"), message).fix = Some(fix.to_owned());
        }
    }

    fn wait(&mut self, at: &Pointer, seconds: Option<u64>) {
        if seconds.is_some_and(|seconds| !(1..=MAX_WAIT_S).contains(&seconds)) {
            self.say(Code::E140, at, "A wait takes from a second to thirty days.");
        }
    }

    fn ways(&mut self, at: &Pointer, count: usize) {
        if count > MAX_WAYS {
            self.say(Code::E140, at, "A node has 200 ways on at most.");
        }
    }

    fn message(&mut self, message: &Message) {
        let parts = self.at.field("parts");
        if message.parts.len() > MAX_PARTS {
            self.say(Code::E140, &parts, "A message has 20 parts at most.");
        }
        for (n, part) in message.parts.iter().enumerate() {
            let at = parts.item(n);
            match part {
                Part::Text { .. } => {}
                Part::Image { url, .. }
                | Part::Video { url }
                | Part::Audio { url }
                | Part::File { url, .. }
                | Part::Embed { url } => self.web(&at.field("url"), url),
                Part::Cards { items } => {
                    if items.len() > MAX_PARTS {
                        self.say(
                            Code::E140,
                            &at.field("items"),
                            "There are 20 cards at most.",
                        );
                    }
                    for (n, card) in items.iter().enumerate() {
                        let at = at.field("items").item(n);
                        for (name, url) in [("image", &card.image), ("url", &card.url)] {
                            if let Some(url) = url {
                                self.web(&at.field(name), url);
                            }
                        }
                    }
                }
            }
        }
    }

    /// An address that a browser opens.
    fn web(&mut self, at: &Pointer, url: &str) {
        let lower = url.trim_start().to_ascii_lowercase();
        if !lower.starts_with("{{") && !WEB.iter().any(|scheme| lower.starts_with(scheme)) {
            let message = "A browser is led to https, http, mailto and tel only.";
            self.say(Code::E132, at, message);
        }
    }

    fn saved(&mut self, save: Option<&str>, fits: impl Fn(Type) -> bool, what: &str) {
        let kind = save
            .and_then(|id| self.index.variables.get(id))
            .map(|variable| variable.kind);
        if let Some(kind) = kind.filter(|kind| !fits(*kind)) {
            let message = format!("A {kind} does not hold {what}.");
            let at = self.at.field("save");
            self.say(Code::E111, &at, message);
        }
    }

    fn input(&mut self, input: &Input, save: Option<&str>) {
        let at = self.at.field("input");
        let one = |scalar: Scalar| {
            move |kind: Type| {
                let held = kind.scalar();
                held == scalar || matches!(held, Scalar::Text | Scalar::Json)
            }
        };
        match input {
            Input::Text {
                regex,
                min_len,
                max_len,
                ..
            } => {
                if let Some(Err(reason)) = regex.as_deref().map(pattern) {
                    self.say(Code::E112, &at.field("regex"), reason);
                }
                if min_len.zip(*max_len).is_some_and(|(min, max)| min > max) {
                    self.say(Code::E111, &at, "No text is short and long enough.");
                }
                self.saved(
                    save,
                    |kind| kind.scalar().is_text() || kind.scalar() == Scalar::Json,
                    "any text",
                );
            }
            Input::Number { min, max, step } => {
                if min.zip(*max).is_some_and(|(min, max)| min > max)
                    || step.is_some_and(|step| step <= 0.0)
                {
                    self.say(Code::E111, &at, "No number fits.");
                }
                self.saved(save, one(Scalar::Number), "a number");
            }
            Input::Email {} | Input::OtpEmail {} => {
                self.saved(save, one(Scalar::Email), "an address of mail")
            }
            Input::Phone {} => self.saved(save, one(Scalar::Phone), "a telephone number"),
            Input::Url {} => self.saved(save, one(Scalar::Url), "an address of the web"),
            Input::Date { min, max } => {
                for (name, day) in [("min", min), ("max", max)] {
                    if day
                        .as_ref()
                        .is_some_and(|day| crate::answers::date(day).as_ref() != Some(day))
                    {
                        self.say(Code::E111, &at.field(name), "A day is written 2026-11-22.");
                    }
                }
                self.saved(save, one(Scalar::Date), "a day");
            }
            Input::Time {} => self.saved(save, one(Scalar::Time), "a time of day"),
            Input::Rating { max, min } => {
                if *max > 100 || min >= max {
                    self.say(
                        Code::E111,
                        &at,
                        "A rating goes from a lower number to a higher one, up to 100.",
                    );
                }
                self.saved(save, one(Scalar::Number), "a number");
            }
            Input::File { max_files, .. } => {
                if !(1..=20).contains(max_files) {
                    self.say(
                        Code::E140,
                        &at.field("max_files"),
                        "One to twenty files can be asked for.",
                    );
                }
                let many = *max_files > 1;
                self.saved(
                    save,
                    |kind| one(Scalar::File)(kind) && (!many || kind.is_list()),
                    "these files",
                );
            }
            Input::Consent {} => self.saved(save, one(Scalar::Bool), "a yes"),
        }
    }

    fn choice(&mut self, choice: &Choice) {
        let at = self.at.clone();
        self.ways(&at.field("options"), choice.options.len());
        self.wait(&at.field("timeout_s"), choice.timeout_s);
        if choice.options.is_empty() == choice.from.is_none() {
            let message = "A choice has options, or takes them from a list.";
            self.say(Code::E100, &at.field("options"), message);
        }
        let from = choice
            .from
            .as_deref()
            .and_then(|id| self.index.variables.get(id));
        if from.is_some_and(|variable| !variable.kind.is_list()) {
            self.say(
                Code::E111,
                &at.field("from"),
                "Options are taken from a list.",
            );
        }
        let texts = |kind: Type| kind.scalar().is_text() || kind.scalar() == Scalar::Json;
        match choice.multi {
            true => self.saved(choice.save.as_deref(), texts, "what was chosen"),
            // What is chosen is a text; a number or a yes is read from it.
            false => self.saved(choice.save.as_deref(), |_| true, "what was chosen"),
        }
        let mut kept = HashSet::new();
        for (n, option) in choice.options.iter().enumerate() {
            if !kept.insert(option.value.as_ref().unwrap_or(&option.label)) {
                let message = "Two options keep the same, so nobody can tell them apart later.";
                self.say(Code::W209, &at.field("options").item(n), message);
            }
        }
    }

    /// A rule of the inbox that can hold.
    fn rule(&mut self, at: &Pointer, rule: &InboxRule, around: &Surroundings) {
        if let Some(label) = &rule.label
            && (label.is_empty()
                || label.len() > MAX_LABEL_BYTES
                || !label.bytes().all(is_of_label))
        {
            let message = "A label is 1 to 40 lower-case letters, digits and hyphens.";
            self.say(Code::E100, &at.field("label"), message);
        }
        self.known(&at.field("team"), rule.team.as_deref(), around);
    }

    fn team(&mut self, team: Option<&str>, around: &Surroundings) {
        self.known(&self.at.field("team"), team, around);
    }

    /// A team that is there.
    fn known(&mut self, at: &Pointer, team: Option<&str>, around: &Surroundings) {
        let Some((team, teams)) = team.zip(around.teams.as_ref()) else {
            return;
        };
        if !teams.iter().any(|known| known == team) {
            let fix = "Name a team of the workspace, or none.".to_owned();
            self.say(Code::E133, at, "There is no such team.").fix = Some(fix);
        }
    }

    fn subflow(&mut self, subflow: &Subflow, subflows: &Subflows) {
        let at = self.at.clone();
        let Some(inner) = subflows.get(&reference(&subflow.flow, subflow.version)) else {
            return;
        };
        let named = subflow
            .give
            .iter()
            .enumerate()
            .map(|(n, given)| ("give", n, &given.name));
        let taken = subflow
            .take
            .iter()
            .enumerate()
            .map(|(n, taken)| ("take", n, &taken.name));
        for (list, n, name) in named.chain(taken) {
            if !inner
                .variables
                .iter()
                .any(|variable| variable.name == *name)
            {
                let at = at.field(list).item(n).field("name");
                self.say(
                    Code::E110,
                    &at,
                    format!("The flow inside has no variable {name}."),
                );
            }
        }
    }
}
