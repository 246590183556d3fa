//! Values: what conditions and assignments make of variables.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::conditions::{Op as Operator, compare, pattern};
use crate::effects::{HttpRequest, Note, Reason, What};
use crate::limits::{Limit, MAX_BODY_BYTES, MAX_LIST_ITEMS, MAX_STATE_BYTES, MAX_VARIABLE_BYTES};
use crate::nodes::Port;
use crate::program::{BodyOp, HttpOp, JsonText, MapOp, Op, OperandOp, SourceOp, Test, Unit};
use crate::templates::{Names, Trouble};
use crate::variables::{show, weight};

use super::chance;
use super::walk::Walker;

/// What of the state's room belongs to everything but variables.
const ROOM_FOR_THE_REST: usize = 4 * 1024;

/// The variables of a frame, by name.
pub(super) struct Scope<'s> {
    unit: &'s Unit,
    vars: Option<&'s BTreeMap<String, Value>>,
}

impl Names for Scope<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        let place = self.unit.by_name.get(name)?;
        let value = self.vars?.get(&self.unit.variables[*place].id)?;
        (!value.is_null()).then_some(value)
    }
}

impl Walker<'_> {
    pub(super) fn scope(&self) -> Scope<'_> {
        Scope {
            unit: self.here_unit(),
            vars: self.state.frames.last().map(|frame| &frame.vars),
        }
    }

    pub(super) fn variable(&self, place: usize) -> Option<&Value> {
        let id = &self.here_unit().variables[place].id;
        self.state.frames.last()?.vars.get(id)
    }

    /// Puts a value into a variable, as its type holds it.
    pub(super) fn store(&mut self, place: usize, value: Value) -> Result<(), Reason> {
        let unit = self.here_unit();
        let variable = &unit.variables[place];
        let fitted = match variable.kind.fit(value) {
            Some(value) => value,
            None => {
                self.remark(Note::TypeMismatch);
                Value::Null
            }
        };
        let fitted = match (fitted, variable.max_len) {
            (Value::String(text), Some(most)) if text.chars().count() > most => {
                Value::String(text.chars().take(most).collect())
            }
            (fitted, _) => fitted,
        };
        let long = fitted
            .as_array()
            .is_some_and(|items| items.len() > MAX_LIST_ITEMS);
        let size = weight(&fitted);
        let Some(frame) = self.state.frames.last_mut() else {
            return Ok(());
        };
        let before = frame.vars.get(&variable.id).map_or(0, weight);
        let name = if before == 0 {
            variable.id.len() + 16
        } else {
            0
        };
        let after = self.weight + size + name - before.min(self.weight);
        if long || size > MAX_VARIABLE_BYTES || after > MAX_STATE_BYTES - ROOM_FOR_THE_REST {
            return Err(Reason::Limit(Limit::State));
        }
        self.weight = after;
        frame.vars.insert(variable.id.clone(), fitted);
        Ok(())
    }

    /// Gives the variables of the innermost frame what they hold at the start, within the limit of the
    /// state: flows within flows each bring theirs.
    pub(super) fn fill_defaults(&mut self) -> Result<(), Reason> {
        self.weight = self.state.weight();
        let flow = self.flow;
        for (place, variable) in flow.units[self.unit].variables.iter().enumerate() {
            let value = variable
                .default
                .clone()
                .and_then(|value| variable.kind.fit(value));
            if let Some(value) = value.filter(|value| !value.is_null()) {
                self.store(place, value)?;
            }
        }
        Ok(())
    }

    /// Gives variables the values that came with the start. What does not fit is left out.
    pub(super) fn prefill(&mut self, vars: &[(String, Value)]) {
        for (name, value) in vars {
            let Some(place) = self.here_unit().by_name.get(name).copied() else {
                continue;
            };
            let kind = self.here_unit().variables[place].kind;
            if let Some(value) = kind.fit(value.clone()).filter(|value| !value.is_null()) {
                let _left_out = self.store(place, value);
            }
        }
    }

    pub(super) fn operand(&self, operand: &OperandOp) -> Result<Value, Reason> {
        Ok(match operand {
            OperandOp::None => Value::Null,
            OperandOp::Lit(value) => value.clone(),
            OperandOp::Var(place) => self.variable(*place).cloned().unwrap_or(Value::Null),
            OperandOp::Template(text) => Value::String(self.render(text)?),
        })
    }

    pub(super) fn holds(&mut self, test: &Test) -> Result<bool, Reason> {
        Ok(match test {
            Test::All(tests) => {
                for test in tests {
                    if !self.holds(test)? {
                        return Ok(false);
                    }
                }
                true
            }
            Test::Any(tests) => {
                for test in tests {
                    if self.holds(test)? {
                        return Ok(true);
                    }
                }
                false
            }
            Test::Not(test) => !self.holds(test)?,
            Test::Compare {
                var,
                op,
                value,
                compat,
                pattern,
            } => {
                if let OperandOp::Lit(right) = value {
                    return Ok(compare(
                        self.variable(*var),
                        *op,
                        right,
                        *compat,
                        pattern.as_ref(),
                    ));
                }
                let right = self.operand(value)?;
                let read = self.pattern_of(*op, &right);
                compare(self.variable(*var), *op, &right, *compat, read.as_ref())
            }
            Test::Expr(formula) => match formula.evaluate(&self.scope()) {
                Ok(value) => truth(&value),
                Err(_) => {
                    self.remark(Note::ExpressionFailed);
                    false
                }
            },
        })
    }

    /// The pattern that a variable or a template holds. One that is none matches nothing.
    fn pattern_of(&self, op: Operator, source: &Value) -> Option<regex::Regex> {
        let source = source.as_str().filter(|_| op.is_pattern())?;
        pattern(source).ok()
    }

    pub(super) fn assign(&mut self, to: usize, source: &SourceOp) -> Result<(), Reason> {
        let value = match source {
            SourceOp::Operand(operand) => self.operand(operand)?,
            SourceOp::Expr(formula) => match formula.evaluate(&self.scope()) {
                Ok(value) => value,
                Err(Trouble::TooLarge) => return Err(Reason::TooLarge),
                Err(Trouble::Failed) => {
                    self.remark(Note::ExpressionFailed);
                    Value::Null
                }
            },
            SourceOp::Append(operand) => {
                let item = self.operand(operand)?;
                let mut items = self.list(to);
                items.push(item);
                Value::Array(items)
            }
            SourceOp::Remove(operand) => {
                let item = show(&self.operand(operand)?);
                let items = self
                    .list(to)
                    .into_iter()
                    .filter(|other| show(other) != item);
                Value::Array(items.collect())
            }
            SourceOp::Pop(from) => {
                let mut items = self.list(*from);
                let taken = items.pop().unwrap_or(Value::Null);
                self.store(*from, Value::Array(items))?;
                taken
            }
            SourceOp::Shift(from) => {
                let mut items = self.list(*from);
                let taken = if items.is_empty() {
                    Value::Null
                } else {
                    items.remove(0)
                };
                self.store(*from, Value::Array(items))?;
                taken
            }
            SourceOp::SameIndex { item, base, take } => {
                let item = show(&self.operand(item)?);
                let place = self
                    .list(*base)
                    .iter()
                    .position(|other| show(other) == item);
                let found = place.and_then(|place| self.list(*take).into_iter().nth(place));
                found.unwrap_or(Value::Null)
            }
            SourceOp::Now => self
                .moment(0)
                .map_or(Value::Null, |moment| Value::String(moment.to_string())),
            SourceOp::Today { add_days } => {
                self.today(*add_days).map_or(Value::Null, Value::String)
            }
            SourceOp::PartOfDay => self.part_of_day().map_or(Value::Null, Value::from),
            SourceOp::Id => {
                let place = format!(
                    "{}/{}/{}",
                    self.state.turn,
                    self.state.steps,
                    self.here_unit().variables[to].id
                );
                let first = chance::number(self.cx.seed, &place);
                Value::String(format!(
                    "{first:016x}{:016x}",
                    chance::number(first, &place)
                ))
            }
        };
        self.store(to, value)
    }

    fn list(&self, place: usize) -> Vec<Value> {
        match self.variable(place) {
            Some(Value::Array(items)) => items.clone(),
            None | Some(Value::Null) => Vec::new(),
            Some(other) => vec![other.clone()],
        }
    }

    fn moment(&self, ahead_minutes: i32) -> Option<Timestamp> {
        let moment = Timestamp::from_millisecond(self.cx.now_ms).ok()?;
        moment
            .checked_add(SignedDuration::from_mins(i64::from(ahead_minutes)))
            .ok()
    }

    fn today(&self, add_days: i32) -> Option<String> {
        let moment = self.moment(self.cx.offset_minutes)?;
        let later = moment
            .checked_add(SignedDuration::from_hours(24 * i64::from(add_days)))
            .ok()?;
        Some(later.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
    }

    fn part_of_day(&self) -> Option<&'static str> {
        let hour = self
            .moment(self.cx.offset_minutes)?
            .to_zoned(jiff::tz::TimeZone::UTC)
            .hour();
        Some(match hour {
            6..12 => "morning",
            12..18 => "afternoon",
            18..22 => "evening",
            _ => "night",
        })
    }

    pub(super) fn request(&self, http: &HttpOp) -> Result<HttpRequest, Reason> {
        let one_line = |text: String| text.replace(['\r', '\n'], " ");
        let headers = http
            .headers
            .iter()
            .map(|(name, value)| Ok((name.clone(), one_line(self.render(value)?))));
        let body = match &http.body {
            None => None,
            Some(BodyOp::Text(text)) => Some(self.render(text)?),
            Some(BodyOp::Json(json)) => Some(self.json(json)?.to_string()),
        };
        if body
            .as_ref()
            .is_some_and(|body| body.len() > MAX_BODY_BYTES)
        {
            return Err(Reason::TooLarge);
        }
        Ok(HttpRequest {
            method: http.method,
            url: self.render_address(&http.url)?,
            headers: headers.collect::<Result<_, _>>()?,
            secrets: http.secrets.clone(),
            body,
            json: matches!(http.body, Some(BodyOp::Json(_))),
            timeout_ms: http.timeout_ms,
            retries: http.retries,
        })
    }

    fn json(&self, json: &JsonText) -> Result<Value, Reason> {
        Ok(match json {
            JsonText::Value(value) => value.clone(),
            JsonText::Variable(place) => self.variable(*place).cloned().unwrap_or(Value::Null),
            JsonText::Text(text) => Value::String(self.render(text)?),
            JsonText::List(items) => Value::Array(
                items
                    .iter()
                    .map(|item| self.json(item))
                    .collect::<Result<_, _>>()?,
            ),
            JsonText::Fields(fields) => {
                let mut object = Map::new();
                for (name, value) in fields {
                    object.insert(name.clone(), self.json(value)?);
                }
                Value::Object(object)
            }
        })
    }

    /// A server or somebody outside said something.
    pub(super) fn heard(&mut self, node: usize, what: &What) {
        let flow = self.flow;
        let next = match (&flow.units[self.unit].ops[node], what) {
            (Op::Http(http), What::Http { status, body, .. }) => {
                self.state.wait = None;
                let port = if (200..300).contains(status) {
                    Port::Ok
                } else {
                    Port::Error
                };
                self.note(node, Some(port), None);
                self.keep(&http.map, body, Some(*status))
                    .and_then(|()| self.follow(node, port))
            }
            (Op::Event { map, .. }, What::Event { body, .. }) => {
                self.state.wait = None;
                self.note(node, Some(Port::Next), None);
                self.keep(map, body, None)
                    .and_then(|()| self.follow(node, Port::Next))
            }
            _ => return,
        };
        self.walk(next);
    }

    fn keep(&mut self, map: &[MapOp], body: &Value, status: Option<u16>) -> Result<(), Reason> {
        for mapping in map {
            let value = match (mapping.path.as_str(), status) {
                ("#status", Some(status)) => Some(Value::from(status)),
                (path, _) => body.pointer(path).cloned(),
            };
            if let Some(value) = value {
                self.store(mapping.to, value)?;
            }
        }
        Ok(())
    }
}

/// What counts as true.
pub(super) fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}
