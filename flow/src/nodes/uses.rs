//! What a node says in templates and expressions, and which variables it reads and sets: one walk for
//! everything that has to know.

use serde_json::Value;

use super::{Action, Body, Kind, Mapping, Part, Source};
use crate::conditions::{Comparison, Condition, Operand};
use crate::diagnostics::Pointer;

/// What a node uses. Pointers are into its data.
#[derive(Default)]
pub(crate) struct Uses<'n> {
    /// Texts with variables in them.
    pub templates: Vec<(Pointer, &'n str)>,
    /// Expressions.
    pub expressions: Vec<(Pointer, &'n str)>,
    /// Comparisons.
    pub comparisons: Vec<(Pointer, &'n Comparison)>,
    /// Variables that it reads, by id.
    pub reads: Vec<(Pointer, &'n str)>,
    /// Variables that it sets, by id.
    pub writes: Vec<(Pointer, &'n str)>,
}

impl Kind {
    /// What this node uses.
    pub(crate) fn uses(&self) -> Uses<'_> {
        let mut uses = Uses::default();
        let at = Pointer::root();
        match self {
            Self::Start(_)
            | Self::Split(_)
            | Self::Wait(_)
            | Self::Return(_)
            | Self::Jump(_)
            | Self::End(_) => {}
            Self::Message(message) => {
                for (n, part) in message.parts.iter().enumerate() {
                    uses.part(&at.field("parts").item(n), part);
                }
            }
            Self::Ask(ask) => {
                uses.maybe(&at, "md", ask.md.as_deref());
                uses.maybe(&at.field("retry"), "md", ask.retry.md.as_deref());
                uses.save(&at, ask.save.as_deref());
                if let Some(rule) = &ask.rule {
                    uses.expressions.push((at.field("rule"), rule));
                }
            }
            Self::Choice(choice) => {
                uses.maybe(&at, "md", choice.md.as_deref());
                uses.maybe(&at.field("retry"), "md", choice.retry.md.as_deref());
                uses.save(&at, choice.save.as_deref());
                if let Some(from) = &choice.from {
                    uses.reads.push((at.field("from"), from));
                }
                for (n, option) in choice.options.iter().enumerate() {
                    let at = at.field("options").item(n);
                    uses.templates.push((at.field("label"), &option.label));
                    uses.maybe(&at, "value", option.value.as_deref());
                    uses.maybe(&at, "md", option.md.as_deref());
                    uses.maybe(&at, "image", option.image.as_deref());
                    if let Some(condition) = &option.show_if {
                        uses.condition(&at.field("show_if"), condition);
                    }
                }
            }
            Self::Condition(branch) => {
                for (n, case) in branch.cases.iter().enumerate() {
                    uses.condition(&at.field("cases").item(n).field("when"), &case.when);
                }
            }
            Self::Set(set) => {
                uses.writes.push((at.field("to"), &set.to));
                uses.source(&at.field("value"), &set.to, &set.value);
            }
            Self::Http(http) => {
                uses.templates.push((at.field("url"), &http.url));
                for (n, header) in http.headers.iter().enumerate() {
                    uses.maybe(&at.field("headers").item(n), "v", header.v.as_deref());
                }
                match &http.body {
                    Some(Body::Text(text)) => {
                        uses.templates.push((at.field("body").field("text"), text))
                    }
                    Some(Body::Json(value)) => uses.json(&at.field("body").field("json"), value),
                    None => {}
                }
                uses.map(&at, &http.map);
            }
            Self::Event(event) => uses.map(&at, &event.map),
            Self::Subflow(subflow) => {
                for (n, given) in subflow.give.iter().enumerate() {
                    uses.operand(&at.field("give").item(n).field("value"), &given.value);
                }
                for (n, taken) in subflow.take.iter().enumerate() {
                    uses.writes
                        .push((at.field("take").item(n).field("to"), &taken.to));
                }
            }
            Self::Handoff(handoff) => uses.maybe(&at, "note", handoff.note.as_deref()),
            Self::Call(call) => uses.maybe(&at, "md", call.md.as_deref()),
            Self::Action(action) => uses.action(&at, action),
        }
        uses
    }
}

impl<'n> Uses<'n> {
    fn maybe(&mut self, at: &Pointer, name: &str, text: Option<&'n str>) {
        self.templates
            .extend(text.map(|text| (at.field(name), text)));
    }

    fn save(&mut self, at: &Pointer, id: Option<&'n str>) {
        self.writes.extend(id.map(|id| (at.field("save"), id)));
    }

    fn map(&mut self, at: &Pointer, map: &'n [Mapping]) {
        let targets = map.iter().enumerate();
        self.writes.extend(
            targets.map(|(n, mapping)| (at.field("map").item(n).field("to"), mapping.to.as_str())),
        );
    }

    fn part(&mut self, at: &Pointer, part: &'n Part) {
        match part {
            Part::Text { md } => self.templates.push((at.field("md"), md)),
            Part::Image { url, alt } => {
                self.templates.push((at.field("url"), url));
                self.maybe(at, "alt", alt.as_deref());
            }
            Part::File { url, name } => {
                self.templates.push((at.field("url"), url));
                self.maybe(at, "name", name.as_deref());
            }
            Part::Video { url } | Part::Audio { url } | Part::Embed { url } => {
                self.templates.push((at.field("url"), url));
            }
            Part::Cards { items } => {
                for (n, card) in items.iter().enumerate() {
                    let at = at.field("items").item(n);
                    self.templates.push((at.field("title"), &card.title));
                    self.maybe(&at, "md", card.md.as_deref());
                    self.maybe(&at, "image", card.image.as_deref());
                    self.maybe(&at, "url", card.url.as_deref());
                }
            }
        }
    }

    fn condition(&mut self, at: &Pointer, condition: &'n Condition) {
        match condition {
            Condition::All(all) => self.conditions(&at.field("all"), all),
            Condition::Any(any) => self.conditions(&at.field("any"), any),
            Condition::Not(not) => self.condition(&at.field("not"), not),
            Condition::Expr(source) => self.expressions.push((at.field("expr"), source)),
            Condition::Compare(comparison) => {
                self.comparisons.push((at.clone(), comparison));
                self.reads.push((at.field("var"), &comparison.var));
                if let Some(value) = &comparison.value {
                    self.operand(&at.field("value"), value);
                }
            }
        }
    }

    fn conditions(&mut self, at: &Pointer, conditions: &'n [Condition]) {
        for (n, condition) in conditions.iter().enumerate() {
            self.condition(&at.item(n), condition);
        }
    }

    fn operand(&mut self, at: &Pointer, operand: &'n Operand) {
        match operand {
            Operand::Lit(_) => {}
            Operand::Var(id) => self.reads.push((at.field("var"), id)),
            Operand::Template(text) => self.templates.push((at.field("template"), text)),
        }
    }

    fn source(&mut self, at: &Pointer, to: &'n str, source: &'n Source) {
        match source {
            Source::Lit(_)
            | Source::Now {}
            | Source::Today { .. }
            | Source::PartOfDay {}
            | Source::Id {}
            | Source::Clear {} => {}
            Source::Var(id) => self.reads.push((at.field("var"), id)),
            Source::Template(text) => self.templates.push((at.field("template"), text)),
            Source::Expr(text) => self.expressions.push((at.field("expr"), text)),
            Source::Append(operand) => self.operand(&at.field("append"), operand),
            Source::Remove(operand) => {
                self.reads.push((at.clone(), to));
                self.operand(&at.field("remove"), operand);
            }
            Source::Pop(id) => {
                self.reads.push((at.field("pop"), id));
                self.writes.push((at.field("pop"), id));
            }
            Source::Shift(id) => {
                self.reads.push((at.field("shift"), id));
                self.writes.push((at.field("shift"), id));
            }
            Source::SameIndex { item, base, take } => {
                let at = at.field("same_index");
                self.operand(&at.field("item"), item);
                self.reads.push((at.field("base"), base));
                self.reads.push((at.field("take"), take));
            }
        }
    }

    fn json(&mut self, at: &Pointer, value: &'n Value) {
        match value {
            Value::String(text) => self.templates.push((at.clone(), text)),
            Value::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    self.json(&at.item(n), item);
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.json(&at.field(name), value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn action(&mut self, at: &Pointer, action: &'n Action) {
        match action {
            Action::AddTag { tag } => self.templates.push((at.field("tag"), tag)),
            Action::SetContact { value, .. } => self.templates.push((at.field("value"), value)),
            Action::Email { to, subject, text } => {
                self.maybe(at, "to", to.as_deref());
                self.templates.push((at.field("subject"), subject));
                self.templates.push((at.field("text"), text));
            }
            Action::OpenUrl { url, .. } => self.templates.push((at.field("url"), url)),
            Action::Track { .. } | Action::SetPriority { .. } | Action::PutToTeam { .. } => {}
        }
    }
}
