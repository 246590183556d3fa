//! Texts with variables in them, and expressions: minijinja, locked down.
//!
//! Nothing comes from minijinja but its grammar of expressions and their evaluation. There are no
//! tags, comments, functions, methods or includes, and none of its own filters. What an expression may
//! say is decided before it is compiled ([`gate`]), because the evaluator bounds its steps but not
//! the size of what one step makes: `"x" * 99999999` is one step.

mod gate;

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use jiff::civil::Date;
use minijinja::value::Value as Operand;
use minijinja::{Environment, Error, ErrorKind, Expression, UndefinedBehavior};
use serde_json::Value;

use crate::limits::{
    FUEL, MAX_LIST_ITEMS, MAX_RENDERED_BYTES, MAX_SOURCE_BYTES, MAX_VARIABLE_BYTES, RECURSION,
};
use crate::variables::{Type, show};

/// The filters there are.
const FILTERS: [&str; 17] = [
    "abs", "ceil", "date", "default", "first", "floor", "join", "last", "length", "lower", "max",
    "min", "number", "round", "split", "trim", "upper",
];

static LENIENT: LazyLock<Environment<'static>> =
    LazyLock::new(|| environment(UndefinedBehavior::Lenient));
static STRICT: LazyLock<Environment<'static>> =
    LazyLock::new(|| environment(UndefinedBehavior::Strict));

fn environment(undefined: UndefinedBehavior) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(RECURSION);
    environment.set_undefined_behavior(undefined);
    environment.set_debug(true);
    environment.add_filter("abs", f64::abs);
    environment.add_filter("ceil", f64::ceil);
    environment.add_filter("floor", f64::floor);
    environment.add_filter("max", f64::max);
    environment.add_filter("min", f64::min);
    environment.add_filter("date", date);
    environment.add_filter("default", default);
    environment.add_filter("first", |value: Operand| at(&value, 0));
    environment.add_filter("join", join);
    environment.add_filter("last", |value: Operand| at(&value, -1));
    environment.add_filter("length", |value: Operand| value.len());
    environment.add_filter("lower", |text: Operand| {
        capped(text.to_string().to_lowercase())
    });
    environment.add_filter("number", number);
    environment.add_filter("round", round);
    environment.add_filter("split", split);
    environment.add_filter("trim", |text: Operand| text.to_string().trim().to_owned());
    environment.add_filter("upper", |text: Operand| {
        capped(text.to_string().to_uppercase())
    });
    environment
}

/// Why a template or an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which of the two ways there are.
    pub kind: RefusalKind,
    /// What is wrong.
    pub message: String,
    /// Which bytes of the source.
    pub range: Option<Range<usize>>,
}

/// The two ways in which a source is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// It says something that the language does not have.
    Syntax,
    /// It is too long, too deep, or makes too much.
    Size,
}

impl Refusal {
    fn syntax(message: impl Into<String>, range: Option<Range<usize>>) -> Self {
        Self {
            kind: RefusalKind::Syntax,
            message: message.into(),
            range,
        }
    }

    fn size(message: impl Into<String>) -> Self {
        Self {
            kind: RefusalKind::Size,
            message: message.into(),
            range: None,
        }
    }

    fn moved(mut self, by: usize) -> Self {
        self.range = self.range.map(|range| range.start + by..range.end + by);
        self
    }
}

/// Why an expression gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It could not be evaluated: a variable that is not set, a type that does not fit, too many steps.
    Failed,
    /// What it makes is too large.
    TooLarge,
}

/// What tells variables by the name that templates use.
pub trait Names {
    /// The value of a variable; none when it is not set.
    fn value(&self, name: &str) -> Option<&Value>;
}

/// What tells the types of variables by the name that templates use.
pub trait Types {
    /// The type of a variable; none when there is no such variable.
    fn kind(&self, name: &str) -> Option<Type>;
}

/// A text with places for variables.
#[derive(Clone, Debug, Default)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Variable(String),
    Expression(Formula),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What the language does not have, with the bytes it stands at.
    pub fn read(source: &str, types: &impl Types) -> Result<Self, Refusal> {
        if !source.contains('{') {
            return Ok(Self::literal(source));
        }
        let mut pieces = Vec::new();
        let mut rest = 0;
        while let Some(open) = source[rest..].find("{{").map(|at| at + rest) {
            pieces.extend(plain(source, rest..open)?);
            let inside = open + 2;
            let Some(length) = gate::end_of_expression(&source[inside..]) else {
                return Err(Refusal::syntax(
                    "A place for a variable is not closed.",
                    Some(open..source.len()),
                ));
            };
            let expression = &source[inside..inside + length];
            let name = expression.trim();
            if is_name(name) && types.kind(name).is_some() {
                pieces.push(Piece::Variable(name.to_owned()));
            } else {
                let read = Formula::read(expression, Missing::Empty, types);
                pieces.push(Piece::Expression(
                    read.map_err(|refusal| refusal.moved(inside))?,
                ));
            }
            rest = inside + length + 2;
        }
        pieces.extend(plain(source, rest..source.len())?);
        Ok(Self { pieces })
    }

    /// A text without places.
    pub fn literal(text: &str) -> Self {
        Self {
            pieces: vec![Piece::Text(text.to_owned())],
        }
    }

    /// The names of the variables it shows.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(_) => {}
                Piece::Variable(name) => names.push(name.as_str()),
                Piece::Expression(formula) => names.extend(formula.names()),
            }
        }
        names
    }

    /// The text, with what is not set left empty.
    ///
    /// # Errors
    /// When it would be larger than 64 KiB. A place that cannot be evaluated is empty.
    pub fn render(&self, names: &impl Names) -> Result<String, Trouble> {
        self.write(names, as_it_is)
    }

    /// An address. What variables hold is a part of it and nothing more: whatever could end a part, or begin
    /// another, is encoded (RFC 3986, 2.1).
    ///
    /// # Errors
    /// As of [`Template::render`].
    pub fn render_address(&self, names: &impl Names) -> Result<String, Trouble> {
        self.write(names, encoded)
    }

    fn write(&self, names: &impl Names, form: fn(&str) -> Cow<'_, str>) -> Result<String, Trouble> {
        let mut out = Bounded(String::new());
        for piece in &self.pieces {
            let written = match piece {
                Piece::Text(text) => out.write_str(text),
                Piece::Variable(name) => match names.value(name) {
                    Some(Value::String(text)) => out.write_str(&form(text)),
                    Some(value) => out.write_str(&form(&show(value))),
                    None => Ok(()),
                },
                Piece::Expression(formula) => match formula.evaluate(names) {
                    Ok(value) => out.write_str(&form(&show(&value))),
                    Err(Trouble::Failed) => Ok(()),
                    Err(Trouble::TooLarge) => Err(fmt::Error),
                },
            };
            written.map_err(|_| Trouble::TooLarge)?;
        }
        Ok(out.0)
    }
}

fn as_it_is(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

/// A text as a part of an address.
fn encoded(text: &str) -> Cow<'_, str> {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    Cow::Owned(out)
}

/// A text between places.
fn plain(source: &str, range: Range<usize>) -> Result<Option<Piece>, Refusal> {
    let text = &source[range.clone()];
    for (tag, name) in [("{%", "Tags"), ("{#", "Comments")] {
        if let Some(at) = text.find(tag).map(|at| at + range.start) {
            return Err(Refusal::syntax(
                format!("{name} are not part of texts."),
                Some(at..at + 2),
            ));
        }
    }
    Ok((!text.is_empty()).then(|| Piece::Text(text.to_owned())))
}

struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > MAX_RENDERED_BYTES {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// What a variable that is not set does to an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is empty: texts.
    Empty,
    /// The expression fails: conditions and values.
    Fails,
}

/// An expression.
#[derive(Clone)]
pub struct Formula {
    inner: Arc<Expression<'static, 'static>>,
    names: Vec<String>,
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Formula")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

impl Formula {
    /// Reads an expression.
    ///
    /// # Errors
    /// What the language does not have, with the bytes it stands at.
    pub fn read(source: &str, missing: Missing, types: &impl Types) -> Result<Self, Refusal> {
        if source.len() > MAX_SOURCE_BYTES {
            return Err(Refusal::size("An expression is 2 KiB at most."));
        }
        let seen = gate::look(source)?;
        let environment = match missing {
            Missing::Empty => &LENIENT,
            Missing::Fails => &STRICT,
        };
        let inner = environment
            .compile_expression_owned(source.to_owned())
            .map_err(|error| Refusal::syntax(said(&error), error.range()))?;
        let mut names: Vec<String> = inner.undeclared_variables(false).into_iter().collect();
        names.sort();
        if seen.multiplies {
            let number = |name: &str| types.kind(name).is_none_or(Type::is_number);
            if let Some(name) = seen.plain.iter().find(|name| !number(name)) {
                let reason = format!("Only numbers can be multiplied, and {name} is not one.");
                return Err(Refusal::syntax(reason, None));
            }
        }
        Ok(Self {
            inner: Arc::new(inner),
            names,
        })
    }

    /// The names of the variables it reads.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Its value.
    ///
    /// # Errors
    /// When it cannot be evaluated, or is too large.
    pub fn evaluate(&self, names: &impl Names) -> Result<Value, Trouble> {
        let known = self
            .names
            .iter()
            .filter_map(|name| Some((name.as_str(), names.value(name)?)));
        let known = known.filter(|(_, value)| !value.is_null());
        let context = Operand::from_pairs(known.map(|(name, value)| (name, operand(value))));
        let value = self.inner.eval(context).map_err(|_| Trouble::Failed)?;
        if value
            .len()
            .is_some_and(|length| length > MAX_RENDERED_BYTES)
        {
            return Err(Trouble::TooLarge);
        }
        if value.is_undefined() {
            return Ok(Value::Null);
        }
        match serde_json::to_value(&value) {
            Ok(Value::Number(number)) => Ok(Value::Number(crate::variables::tidy(number))),
            Ok(value) => Ok(value),
            Err(_) => Err(Trouble::Failed),
        }
    }
}

fn operand(value: &Value) -> Operand {
    match value {
        Value::Null => Operand::from(()),
        Value::Bool(yes) => Operand::from(*yes),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Operand::from(whole),
            (None, float) => Operand::from(float.unwrap_or_default()),
        },
        Value::String(text) => Operand::from(text.as_str()),
        Value::Array(items) => items.iter().map(operand).collect(),
        Value::Object(fields) => Operand::from_pairs(
            fields
                .iter()
                .map(|(name, value)| (name.as_str(), operand(value))),
        ),
    }
}

fn said(error: &Error) -> String {
    let detail = error.detail().unwrap_or("This is not an expression.");
    let mut text: String = detail.chars().take(200).collect();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}

/// Whether templates can name it: a letter or underscore, then letters, digits and underscores.
pub fn is_name(name: &str) -> bool {
    const WORDS: [&str; 14] = [
        "and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False",
        "None", "loop",
    ];
    let mut chars = name.chars();
    let first = chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first
        && name.len() <= 64
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !WORDS.contains(&name)
}

fn capped(mut text: String) -> String {
    if text.len() > MAX_RENDERED_BYTES {
        let mut end = MAX_RENDERED_BYTES;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text
}

fn wrong(reason: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, reason)
}

fn round(value: f64, digits: Option<u32>) -> f64 {
    let factor = 10f64.powi(i32::try_from(digits.unwrap_or(0).min(9)).unwrap_or(9));
    (value * factor).round() / factor
}

fn number(value: &Operand) -> Result<f64, Error> {
    if let Some(text) = value.as_str() {
        let read = crate::answers::number(text).and_then(|number| number.as_f64());
        return read.ok_or_else(|| wrong("this is not a number"));
    }
    f64::try_from(value.clone())
}

fn default(value: Operand, other: Option<Operand>) -> Operand {
    let empty = value.is_undefined() || value.is_none() || value.as_str() == Some("");
    if empty {
        other.unwrap_or_else(|| Operand::from(""))
    } else {
        value
    }
}

fn at(value: &Operand, index: i64) -> Result<Operand, Error> {
    if let Some(text) = value.as_str() {
        let found = if index == 0 {
            text.chars().next()
        } else {
            text.chars().next_back()
        };
        return Ok(found.map_or(Operand::UNDEFINED, |c| Operand::from(c.to_string())));
    }
    let length = value.len().unwrap_or(0);
    let place = if index == 0 {
        0
    } else {
        length.saturating_sub(1)
    };
    value.get_item_by_index(place).or(Ok(Operand::UNDEFINED))
}

fn join(value: Operand, between: Option<String>) -> Result<String, Error> {
    let between = between.unwrap_or_else(|| ", ".to_owned());
    let mut out = String::new();
    for (n, item) in value.try_iter()?.enumerate() {
        if n > 0 {
            out.push_str(&between);
        }
        write!(out, "{item}").map_err(|_| wrong("this cannot be joined"))?;
        if out.len() > MAX_RENDERED_BYTES {
            return Err(wrong("the text is too large"));
        }
    }
    Ok(out)
}

fn split(text: &str, between: Option<String>) -> Result<Vec<String>, Error> {
    let between = between.unwrap_or_else(|| " ".to_owned());
    if between.is_empty() || text.len() > MAX_VARIABLE_BYTES {
        return Err(wrong("this cannot be split"));
    }
    Ok(text
        .split(&between)
        .take(MAX_LIST_ITEMS)
        .map(str::to_owned)
        .collect())
}

fn date(text: &str, shape: Option<String>) -> Result<String, Error> {
    let day: Date = text
        .get(..10)
        .and_then(|day| day.parse().ok())
        .ok_or_else(|| wrong("this is not a date"))?;
    let shape = shape.unwrap_or_else(|| "%Y-%m-%d".to_owned());
    // Widths are refused: `%2000000000d` would make as much.
    let known =
        |part: &str| part.starts_with(['Y', 'm', 'd', 'e', 'B', 'b', 'A', 'a', 'j', 'y', '%']);
    if shape.len() > 100 || !shape.replace("%%", "").split('%').skip(1).all(known) {
        return Err(wrong("this is not a shape of dates"));
    }
    Ok(day.strftime(&shape).to_string())
}

#[cfg(test)]
mod tests;
