//! Answers: what the visitor says to what was asked.

use serde_json::{Number, Value};

use crate::answers;
use crate::conditions::normal;
use crate::effects::{AwaitSpec, FileRef, Note, Offered, Reason, What};
use crate::limits::MAX_INPUT_CHARS;
use crate::nodes::{Input, Port};
use crate::program::{AskOp, ChoiceOp, Op, RetryOp};
use crate::state::{Then, WaitKind};
use crate::templates::Names;
use crate::variables::show;

use super::values::{Scope, truth};
use super::walk::{Next, Walker};

/// What an answer is worth.
struct Answer {
    value: Value,
    /// The place of the option that was chosen.
    option: Option<usize>,
}

struct WithAnswer<'s> {
    scope: Scope<'s>,
    answer: &'s Value,
}

impl Names for WithAnswer<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        if name == "answer" {
            Some(self.answer)
        } else {
            self.scope.value(name)
        }
    }
}

impl Walker<'_> {
    /// Takes an answer to what was asked at a node.
    pub(super) fn answer(&mut self, node: usize, what: &What) {
        let next = self.take_answer(node, what);
        self.walk(next);
    }

    fn take_answer(&mut self, node: usize, what: &What) -> Next {
        let flow = self.flow;
        let unit = &flow.units[self.unit];
        let (answer, save, retry) = match &unit.ops[node] {
            Op::Ask(ask) => (self.asked(ask, what), ask.save, &ask.retry),
            Op::Choice(choice) => (self.chosen(choice, what)?, choice.save, &choice.retry),
            _ => return Ok(None),
        };
        let Some(answer) = answer else {
            return self.refuse(node, retry);
        };
        self.state.wait = None;
        let port = Then::port(answer.option);
        self.note(node, Some(port), None);
        if let Some(place) = save {
            self.store(place, answer.value)?;
        }
        match unit.handlers.on_reply {
            Some(to) if self.state.detours.is_empty() => {
                self.detour(Then::Follow {
                    node: unit.ids[node].clone(),
                    option: answer.option,
                });
                Ok(Some(to))
            }
            _ => self.follow(node, port),
        }
    }

    /// The answer was none: it is asked again, or the flow goes on without.
    fn refuse(&mut self, node: usize, retry: &RetryOp) -> Next {
        let unit = self.here_unit();
        let wait = self.state.wait.take();
        let tries = wait.as_ref().map_or(0, |wait| wait.tries) + 1;
        if tries > retry.max && unit.exit(node, Port::Failed).is_some() {
            self.note(node, Some(Port::Failed), Some(Note::InvalidAnswer));
            return self.follow(node, Port::Failed);
        }
        self.note(node, None, Some(Note::InvalidAnswer));
        if let (Some(to), Some(mut wait), true) = (
            unit.handlers.on_invalid,
            wait,
            self.state.detours.is_empty(),
        ) {
            wait.tries = tries;
            self.detour(Then::Ask(wait));
            return Ok(Some(to));
        }
        if retry.md.is_some() {
            self.say(retry.md.as_ref())?;
            self.wait_again(node, tries)?;
        } else {
            self.ask_again(node, tries)?;
        }
        Ok(None)
    }

    /// Asks the question again.
    pub(super) fn ask_again(&mut self, node: usize, tries: u32) -> Result<(), Reason> {
        let flow = self.flow;
        match &flow.units[self.unit].ops[node] {
            Op::Ask(ask) => self.say(ask.md.as_ref())?,
            Op::Choice(choice) => self.say(choice.md.as_ref())?,
            _ => {}
        }
        self.wait_again(node, tries)
    }

    fn wait_again(&mut self, node: usize, tries: u32) -> Result<(), Reason> {
        let flow = self.flow;
        match &flow.units[self.unit].ops[node] {
            Op::Ask(ask) => {
                let spec = AwaitSpec::Answer {
                    input: ask.input.clone(),
                    placeholder: ask.placeholder.clone(),
                };
                self.wait_for(node, WaitKind::Answer, Some(spec), ask.timeout_ms, tries);
            }
            Op::Choice(choice) => {
                let options = self.offered(choice)?;
                let multi = choice.multi;
                let spec = AwaitSpec::Choice { multi, options };
                self.wait_for(node, WaitKind::Answer, Some(spec), choice.timeout_ms, tries);
            }
            _ => {}
        }
        Ok(())
    }

    fn asked(&self, ask: &AskOp, what: &What) -> Option<Answer> {
        let value = match (&ask.input, what) {
            (Input::File { types, max_files }, What::Files(files)) => {
                sent(types, *max_files, files)?
            }
            (Input::OtpEmail {}, What::Proven(address)) => Value::String(answers::email(address)?),
            (input, What::Text(text)) => {
                if text.chars().count() > MAX_INPUT_CHARS {
                    return None;
                }
                said(input, text, ask.regex.as_ref())?
            }
            _ => return None,
        };
        if let Some(rule) = &ask.rule {
            let names = WithAnswer {
                scope: self.scope(),
                answer: &value,
            };
            if !rule.evaluate(&names).is_ok_and(|value| truth(&value)) {
                return None;
            }
        }
        Some(Answer {
            value,
            option: None,
        })
    }

    /// What can be chosen now.
    pub(super) fn offered(&mut self, choice: &ChoiceOp) -> Result<Vec<Offered>, Reason> {
        if let Some(from) = choice.from {
            let items = match self.variable(from) {
                Some(Value::Array(items)) => items.iter().map(show).collect(),
                None | Some(Value::Null) => Vec::new(),
                Some(other) => vec![show(other)],
            };
            let offered = items
                .into_iter()
                .enumerate()
                .map(|(n, label): (usize, String)| Offered {
                    id: format!("item:{n}"),
                    value: label.clone(),
                    label,
                    md: None,
                    image: None,
                    place: None,
                });
            return Ok(offered.collect());
        }
        let mut offered = Vec::with_capacity(choice.options.len());
        for (place, option) in choice.options.iter().enumerate() {
            let shown = match &option.show_if {
                Some(test) => self.holds(test)?,
                None => true,
            };
            if !shown {
                continue;
            }
            let label = self.render(&option.label)?;
            offered.push(Offered {
                id: option.id.clone(),
                value: self
                    .maybe(option.value.as_ref())?
                    .unwrap_or_else(|| label.clone()),
                label,
                md: self.maybe(option.md.as_ref())?,
                image: self.maybe(option.image.as_ref())?,
                place: Some(place),
            });
        }
        Ok(offered)
    }

    fn chosen(&mut self, choice: &ChoiceOp, what: &What) -> Result<Option<Answer>, Reason> {
        let offered = self.offered(choice)?;
        let found: Option<Vec<&Offered>> = match what {
            What::Choice(ids) => ids
                .iter()
                .map(|id| offered.iter().find(|option| option.id == *id))
                .collect(),
            What::Text(text) if text.chars().count() > MAX_INPUT_CHARS => None,
            What::Text(text) if choice.multi => text
                .split(',')
                .take(offered.len() + 1)
                .map(|part| meant(&offered, part))
                .collect(),
            What::Text(text) => meant(&offered, text).map(|option| vec![option]),
            _ => None,
        };
        let Some(found) = found.filter(|found| !found.is_empty()) else {
            return Ok(None);
        };
        if !choice.multi {
            let one = (found.len() == 1).then(|| found[0]);
            return Ok(one.map(|option| Answer {
                value: Value::String(option.value.clone()),
                option: option.place,
            }));
        }
        let mut values: Vec<Value> = Vec::new();
        for option in found {
            let value = Value::String(option.value.clone());
            if !values.contains(&value) {
                values.push(value);
            }
        }
        Ok(Some(Answer {
            value: Value::Array(values),
            option: None,
        }))
    }
}

/// The option that a text means: by id, then value, then label; the longest label that it contains last.
fn meant<'o>(offered: &'o [Offered], text: &str) -> Option<&'o Offered> {
    let text = normal(text.trim());
    let folded = text.to_lowercase();
    let same = |other: &str| normal(other.trim()).to_lowercase() == folded;
    let exact = offered.iter().find(|option| option.id == *text);
    let exact = exact.or_else(|| offered.iter().find(|option| same(&option.value)));
    let exact = exact.or_else(|| offered.iter().find(|option| same(&option.label)));
    exact.or_else(|| {
        let contained = offered.iter().filter(|option| {
            let label = normal(option.label.trim()).to_lowercase();
            !label.is_empty() && folded.contains(&label)
        });
        contained.max_by_key(|option| option.label.chars().count())
    })
}

fn said(input: &Input, text: &str, pattern: Option<&regex::Regex>) -> Option<Value> {
    let read = |text: Option<String>| text.map(Value::String);
    match input {
        Input::Text {
            min_len, max_len, ..
        } => {
            let length = text.trim().chars().count();
            let fits =
                length >= min_len.unwrap_or(1).max(1) && length <= max_len.unwrap_or(usize::MAX);
            let matches = pattern.is_none_or(|pattern| pattern.is_match(text.trim()));
            (fits && matches).then(|| Value::String(text.trim().to_owned()))
        }
        Input::Number { min, max, step } => {
            let number = answers::number(text)?;
            let value = number.as_f64()?;
            let on_step = |step: f64| {
                let steps = (value - min.unwrap_or(0.0)) / step;
                step <= 0.0 || (steps - steps.round()).abs() < 1e-9
            };
            let fits = min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max);
            (fits && step.is_none_or(on_step)).then_some(Value::Number(number))
        }
        Input::Email {} => read(answers::email(text)),
        Input::Phone {} => read(answers::phone(text)),
        Input::Url {} => read(answers::url(text)),
        Input::Date { min, max } => {
            let day = answers::date(text)?;
            let fits = min.as_ref().is_none_or(|min| day >= *min)
                && max.as_ref().is_none_or(|max| day <= *max);
            fits.then_some(Value::String(day))
        }
        Input::Time {} => read(answers::time(text)),
        Input::Rating { max, min } => {
            let points = answers::number(text)?.as_u64()?;
            let fits = (u64::from(*min)..=u64::from(*max)).contains(&points);
            fits.then(|| Value::Number(Number::from(points)))
        }
        Input::Consent {} => {
            let yes = ["yes", "true", "ok", "agree", "i agree", "accept"];
            yes.contains(&text.trim().to_lowercase().as_str())
                .then_some(Value::Bool(true))
        }
        Input::File { .. } | Input::OtpEmail {} => None,
    }
}

fn sent(types: &[String], most: u32, files: &[FileRef]) -> Option<Value> {
    let allowed = |file: &FileRef| {
        let of_kind = |kind: &String| match kind.strip_suffix("/*") {
            Some(family) => file.media_type.split('/').next() == Some(family),
            None => file.media_type == *kind,
        };
        types.is_empty() || types.iter().any(of_kind)
    };
    let fits = !files.is_empty()
        && files.len() <= usize::try_from(most).ok()?
        && files.iter().all(allowed);
    let ids = files.iter().map(|file| Value::String(file.id.clone()));
    match most {
        _ if !fits => None,
        1 => ids.into_iter().next(),
        _ => Some(Value::Array(ids.collect())),
    }
}
