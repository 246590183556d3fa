//! What a Typebot decides and remembers.

use serde_json::Value;

use super::script::{self, Script};
use super::source::{Target, list, number, text};
use super::{Extent, Importer, Made, Mapped, Place};
use crate::conditions::{Comparison, Compat, Condition, Op, Operand, pattern};
use crate::nodes::{Arm, Branch, Case, Kind, Set, Share, Source, Split, Subflow, Wait};

const OPERATORS: [(&str, Op); 14] = [
    ("Equal to", Op::Eq),
    ("Not equal", Op::Ne),
    ("Contains", Op::Contains),
    ("Does not contain", Op::NotContains),
    ("Greater than", Op::Gt),
    ("Greater or equal to", Op::Gte),
    ("Less than", Op::Lt),
    ("Less or equal to", Op::Lte),
    ("Is set", Op::IsSet),
    ("Is empty", Op::IsEmpty),
    ("Starts with", Op::StartsWith),
    ("Ends with", Op::EndsWith),
    ("Matches regex", Op::Matches),
    ("Does not match regex", Op::NotMatches),
];

impl<'s> Importer<'s> {
    pub(super) fn condition(&mut self, place: Place<'s>) -> Made {
        let mut cases: Vec<Case> = Vec::new();
        let mut items = Vec::new();
        for item in place.block.items() {
            let theirs = text(item, "id").unwrap_or_default();
            let mut id: String = theirs
                .chars()
                .filter(|c| !c.is_whitespace())
                .take(48)
                .collect();
            if id.is_empty() || cases.iter().any(|case| case.id == id) {
                id = format!("c{}", cases.len() + 1);
            }
            let when = self.comparisons(place, item.get("content").unwrap_or(&Value::Null));
            items.push((format!("case:{id}"), theirs.to_owned()));
            cases.push(Case { id, when });
        }
        Made {
            items,
            ..Made::with(Kind::Condition(Branch { cases }), &["else"])
        }
    }

    /// Comparisons joined by AND or OR.
    pub(super) fn comparisons(&mut self, place: Place<'s>, content: &'s Value) -> Condition {
        let mut conditions = Vec::new();
        for comparison in list(content, "comparisons") {
            if let Some(condition) = self.comparison(place, comparison) {
                conditions.push(condition);
            } else {
                // What cannot be compared is not so.
                conditions.push(Condition::Not(Box::new(Condition::All(Vec::new()))));
            }
        }
        match text(content, "logicalOperator") {
            Some("OR") => Condition::Any(conditions),
            _ => Condition::All(conditions),
        }
    }

    fn comparison(&mut self, place: Place<'s>, comparison: &'s Value) -> Option<Condition> {
        let Some(var) = self.variables.id(text(comparison, "variableId")) else {
            self.lose(
                place,
                Extent::Broken,
                "A comparison names no variable that is there.",
            );
            return None;
        };
        let name = text(comparison, "comparisonOperator").unwrap_or("Equal to");
        let Some((_, op)) = OPERATORS.iter().find(|(known, _)| *known == name) else {
            self.lose(
                place,
                Extent::Dropped,
                format!("There is no comparison {name}."),
            );
            return None;
        };
        let op = *op;
        let theirs = match comparison.get("value") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(yes)) => yes.to_string(),
            _ => String::new(),
        };
        let value = match op {
            Op::IsSet | Op::IsEmpty => None,
            op if op.is_pattern() => {
                let ours = regular(&theirs);
                if ours.contains("{{") || pattern(&ours).is_err() {
                    self.lose(
                        place,
                        Extent::Dropped,
                        "The pattern cannot be matched here in bounded time.",
                    );
                    return None;
                }
                Some(Operand::Lit(Value::String(ours)))
            }
            _ => Some(self.operand(place, &theirs)),
        };
        Some(Condition::Compare(Comparison {
            var,
            op,
            value,
            compat: Compat::Typebot,
        }))
    }

    fn operand(&mut self, place: Place<'s>, theirs: &str) -> Operand {
        if !theirs.contains("{{") {
            return Operand::Lit(Value::String(theirs.to_owned()));
        }
        let inner = theirs
            .trim()
            .strip_prefix("{{")
            .and_then(|rest| rest.strip_suffix("}}"));
        let whole = inner
            .map(str::trim)
            .and_then(|name| self.variables.name(name));
        match whole.and_then(|name| self.variables.id_of_name(&name)) {
            Some(id) => Operand::Var(id),
            None => Operand::Template(self.words(place, theirs)),
        }
    }

    pub(super) fn set_variable(&mut self, place: Place<'s>) -> Made {
        let options = place.block.options();
        let theirs = text(options, "variableId");
        let kind = text(options, "type").unwrap_or("Custom");
        let Some(to) = self.variables.id(theirs) else {
            let message = "It sets a variable that is not there.";
            self.lose(place, Extent::Broken, message);
            // Nothing is lost by not setting what nothing reads.
            return Made {
                mapped: Mapped::Yes,
                ..Made::stub()
            };
        };
        let Some(value) = self.source_of(place, kind, options, &to) else {
            return Made::stub();
        };
        let taken = match &value {
            // Theirs takes from the list that it names, and puts the item elsewhere.
            Source::Pop(_) | Source::Shift(_) => {
                self.variables.id(text(options, "saveItemInVariableId"))
            }
            _ => None,
        };
        if matches!(value, Source::Pop(_) | Source::Shift(_)) && taken.is_none() {
            self.lose(
                place,
                Extent::Broken,
                "What is taken from the list is kept nowhere.",
            );
            return Made::stub();
        }
        Made::simple(Kind::Set(Set {
            to: taken.unwrap_or(to),
            value,
        }))
    }

    fn source_of(
        &mut self,
        place: Place<'s>,
        kind: &str,
        options: &'s Value,
        to: &str,
    ) -> Option<Source> {
        Some(match kind {
            "Custom" => return self.custom(place, options),
            "Empty" => Source::Clear {},
            "Append value(s)" => {
                let item = text(options, "item").unwrap_or_default();
                Source::Append(self.operand(place, item))
            }
            "Pop" => Source::Pop(to.to_owned()),
            "Shift" => Source::Shift(to.to_owned()),
            "Map item with same index" => {
                let params = options.get("mapListItemParams").unwrap_or(&Value::Null);
                let named = |name: &str| self.variables.id(text(params, name));
                let three = (
                    named("baseItemVariableId"),
                    named("baseListVariableId"),
                    named("targetListVariableId"),
                );
                let (Some(item), Some(base), Some(take)) = three else {
                    self.lose(place, Extent::Broken, "It names no item or no lists.");
                    return None;
                };
                Source::SameIndex {
                    item: Operand::Var(item),
                    base,
                    take,
                }
            }
            "Now" => Source::Now {},
            "Today" => Source::Today { add_days: 0 },
            "Tomorrow" => Source::Today { add_days: 1 },
            "Yesterday" => Source::Today { add_days: -1 },
            "Random ID" | "Result ID" | "User ID" => {
                if kind != "Random ID" {
                    self.lose(place, Extent::Changed, "It becomes a random id.");
                }
                Source::Id {}
            }
            "Moment of the day" => Source::PartOfDay {},
            _ => {
                self.lose(place, Extent::Dropped, format!("{kind} is not known here."));
                return None;
            }
        })
    }

    fn custom(&mut self, place: Place<'s>, options: &'s Value) -> Option<Source> {
        let theirs = match options.get("expressionToEvaluate") {
            Some(Value::String(text)) => text.as_str(),
            Some(Value::Number(number)) => return Some(Source::Lit(Value::Number(number.clone()))),
            _ => "",
        };
        let (template, lost) = self.variables.template(theirs);
        let read = script::read(theirs, &template, &|name| self.variables.name(name));
        match read {
            Script::Unknown => {
                self.lose(
                    place,
                    Extent::Dropped,
                    "Its script is not one of the shapes that can be read, and none is run.",
                );
                None
            }
            Script::Value(Source::Expr(name)) if self.variables.id_of_name(&name).is_some() => {
                self.variables.id_of_name(&name).map(Source::Var)
            }
            Script::Value(value) => {
                for name in lost {
                    self.lose(
                        place,
                        Extent::Broken,
                        format!("It reads {name}, and there is no such variable."),
                    );
                }
                Some(value)
            }
        }
    }

    pub(super) fn split(&mut self, place: Place<'s>) -> Made {
        let share = number(place.block.options(), "aPercent")
            .unwrap_or(50.0)
            .clamp(0.0, 100.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 100"
        )]
        let share = share.round() as u32;
        let mut arms = Vec::new();
        let mut items = Vec::new();
        for (n, item) in place.block.items().iter().take(2).enumerate() {
            let id = if n == 0 { "a" } else { "b" };
            arms.push(Arm {
                id: id.to_owned(),
                weight: if n == 0 { share } else { 100 - share },
            });
            items.push((
                format!("arm:{id}"),
                text(item, "id").unwrap_or_default().to_owned(),
            ));
        }
        if arms.len() < 2 {
            self.lose(place, Extent::Broken, "It has less than two ways.");
            return Made::stub();
        }
        self.lose(
            place,
            Extent::Changed,
            "The same visitor goes the same way each time.",
        );
        Made {
            items,
            ..Made::with(Kind::Split(Split { arms }), &[])
        }
    }

    pub(super) fn wait(&mut self, place: Place<'s>) -> Made {
        let Some(seconds) = Self::seconds(place.block.options(), "secondsToWaitFor") else {
            self.lose(
                place,
                Extent::Dropped,
                "How long it waits is not written out.",
            );
            return Made::stub();
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "1 to thirty days"
        )]
        let for_s = seconds.ceil().clamp(1.0, 2_592_000.0) as u64;
        Made::simple(Kind::Wait(Wait { for_s }))
    }

    pub(super) fn jump(&mut self, place: Place<'s>) -> Made {
        let options = place.block.options();
        let target = Target {
            group: text(options, "groupId"),
            block: text(options, "blockId"),
        };
        self.jump_to(place, target)
    }

    pub(super) fn link(&mut self, place: Place<'s>) -> Made {
        let options = place.block.options();
        let Some(flow) = text(options, "typebotId") else {
            self.lose(place, Extent::Broken, "It leads to no other flow.");
            return Made::stub();
        };
        let group = text(options, "groupId");
        if flow == "current" {
            return self.jump_to(place, Target { group, block: None });
        }
        let message =
            "The other flow has to be imported and published, and named here with its version.";
        self.lose(place, Extent::Partly, message);
        if group.is_some() {
            self.lose(
                place,
                Extent::Partly,
                "A flow inside begins at its start, not at a group of it.",
            );
        }
        let flow = flow
            .chars()
            .filter(|c| !c.is_whitespace())
            .take(64)
            .collect();
        let subflow = Subflow {
            flow,
            version: 1,
            give: Vec::new(),
            take: Vec::new(),
            share: Share::All,
        };
        Made::with(Kind::Subflow(subflow), &["next", "error"])
    }
}

/// A regular expression of JavaScript, as far as it is one of ours: `/x/i` is `(?i)x`.
fn regular(theirs: &str) -> String {
    let theirs = theirs.trim();
    let Some((body, flags)) = theirs
        .strip_prefix('/')
        .and_then(|rest| rest.rsplit_once('/'))
    else {
        return theirs.to_owned();
    };
    let known: String = flags.chars().filter(|flag| "ims".contains(*flag)).collect();
    if known.is_empty() {
        body.to_owned()
    } else {
        format!("(?{known}){body}")
    }
}
