//! Conditions: comparisons of typed variables, put together with all, any and not.

use std::borrow::Cow;
use std::cmp::Ordering;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use crate::answers;
use crate::limits::MAX_REGEX_BYTES;
use crate::variables::{Scalar, Type, show};

/// A condition, as a document writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum Condition {
    /// Every one of them.
    All(Vec<Condition>),
    /// One of them.
    Any(Vec<Condition>),
    /// Not this one.
    Not(Box<Condition>),
    /// A variable, compared.
    Compare(Comparison),
    /// An expression that gives true.
    Expr(String),
}

/// A comparison of one variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The id of the variable.
    pub var: String,
    /// How.
    pub op: Op,
    /// With what; nothing for `is_set` and `is_empty`.
    pub value: Option<Operand>,
    /// By which rules of texts.
    pub compat: Compat,
}

/// What a variable is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Operand {
    /// A value.
    Lit(Value),
    /// Another variable, by its id.
    Var(String),
    /// A text with variables in it.
    Template(String),
}

/// By which rules texts are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compat {
    /// As they are, normalised (NFC).
    #[default]
    Exact,
    /// Without regard to case and to blanks around them.
    IgnoreCase,
    /// As Typebot does it: `contains` and its kin without regard to case, `gt` and its kin by number,
    /// else by date, else by length; a list is compared item by item.
    Typebot,
}

/// How a variable is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Op {
    Eq,
    Ne,
    Contains,
    NotContains,
    Gt,
    Gte,
    Lt,
    Lte,
    IsSet,
    IsEmpty,
    StartsWith,
    EndsWith,
    Matches,
    NotMatches,
    In,
}

impl Op {
    /// Whether it compares with something.
    pub fn takes_value(self) -> bool {
        !matches!(self, Self::IsSet | Self::IsEmpty)
    }

    /// Whether it asks for more or less.
    pub fn orders(self) -> bool {
        matches!(self, Self::Gt | Self::Gte | Self::Lt | Self::Lte)
    }

    /// Whether it takes a regular expression.
    pub fn is_pattern(self) -> bool {
        matches!(self, Self::Matches | Self::NotMatches)
    }

    /// Whether it means something for this type.
    pub fn suits(self, kind: Type) -> bool {
        let scalar = kind.scalar();
        match self {
            Self::Eq | Self::Ne | Self::IsSet | Self::IsEmpty | Self::In => true,
            Self::Contains | Self::NotContains => {
                kind.is_list() || scalar.is_text() || scalar == Scalar::Json
            }
            Self::StartsWith | Self::EndsWith | Self::Matches | Self::NotMatches => {
                !kind.is_list() && scalar.is_text()
            }
            Self::Gt | Self::Gte | Self::Lt | Self::Lte => {
                let ordered = matches!(
                    scalar,
                    Scalar::Number | Scalar::Date | Scalar::Time | Scalar::Datetime
                );
                !kind.is_list() && ordered
            }
        }
    }
}

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<Vec<Condition>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    any: Option<Vec<Condition>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not: Option<Box<Condition>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    var: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    op: Option<Op>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Operand>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compat: Option<Compat>,
}

impl TryFrom<Written> for Condition {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let compares = written.var.is_some()
            || written.op.is_some()
            || written.value.is_some()
            || written.compat.is_some();
        let kinds = [
            written.all.is_some(),
            written.any.is_some(),
            written.not.is_some(),
            written.expr.is_some(),
            compares,
        ];
        if kinds.into_iter().filter(|kind| *kind).count() != 1 {
            return Err("a condition is one of all, any, not, expr, or var with op");
        }
        if let Some(all) = written.all {
            return Ok(Self::All(all));
        }
        if let Some(any) = written.any {
            return Ok(Self::Any(any));
        }
        if let Some(not) = written.not {
            return Ok(Self::Not(not));
        }
        if let Some(expr) = written.expr {
            return Ok(Self::Expr(expr));
        }
        let (Some(var), Some(op)) = (written.var, written.op) else {
            return Err("a comparison names var and op");
        };
        if op.takes_value() != written.value.is_some() {
            return Err("this operator takes a value, or takes none");
        }
        Ok(Self::Compare(Comparison {
            var,
            op,
            value: written.value,
            compat: written.compat.unwrap_or_default(),
        }))
    }
}

impl From<Condition> for Written {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::All(all) => Self {
                all: Some(all),
                ..Self::default()
            },
            Condition::Any(any) => Self {
                any: Some(any),
                ..Self::default()
            },
            Condition::Not(not) => Self {
                not: Some(not),
                ..Self::default()
            },
            Condition::Expr(expr) => Self {
                expr: Some(expr),
                ..Self::default()
            },
            Condition::Compare(comparison) => Self {
                var: Some(comparison.var),
                op: Some(comparison.op),
                value: comparison.value,
                compat: Some(comparison.compat).filter(|compat| *compat != Compat::Exact),
                ..Self::default()
            },
        }
    }
}

/// How deep a pattern goes at the most.
pub const MAX_NESTING: u32 = 32;

/// A regular expression that takes linear time and little room.
///
/// # Errors
/// What is wrong with it.
pub fn pattern(source: &str) -> Result<Regex, String> {
    RegexBuilder::new(source)
        .size_limit(MAX_REGEX_BYTES)
        .dfa_size_limit(MAX_REGEX_BYTES)
        .nest_limit(MAX_NESTING)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "The pattern takes too much room.".to_owned(),
            _ => "This is not a pattern.".to_owned(),
        })
}

/// Compares a value with another; `pattern` is the regular expression of `matches`.
pub fn compare(
    left: Option<&Value>,
    op: Op,
    right: &Value,
    compat: Compat,
    pattern: Option<&Regex>,
) -> bool {
    let empty = Value::Null;
    let left = left.unwrap_or(&empty);
    match op {
        Op::IsSet => !is_empty(left),
        Op::IsEmpty => is_empty(left),
        Op::Ne => match compat {
            Compat::Typebot if left.is_array() => every(left, |item| !equal(item, right, compat)),
            _ => !equal(left, right, compat),
        },
        Op::Eq => equal(left, right, compat),
        Op::In => match right {
            Value::Array(items) => items.iter().any(|item| equal(left, item, compat)),
            _ => equal(left, right, compat),
        },
        Op::Contains => contains(left, right, compat),
        Op::NotContains => !contains(left, right, compat),
        Op::StartsWith => some(left, |item| {
            folded(item, compat).starts_with(&*folded(right, compat))
        }),
        Op::EndsWith => some(left, |item| {
            folded(item, compat).ends_with(&*folded(right, compat))
        }),
        Op::Matches => some(left, |item| {
            pattern.is_some_and(|pattern| pattern.is_match(&show(item)))
        }),
        Op::NotMatches => every(left, |item| {
            pattern.is_some_and(|pattern| !pattern.is_match(&show(item)))
        }),
        Op::Gt => order(left, right, compat).is_some_and(Ordering::is_gt),
        Op::Gte => order(left, right, compat).is_some_and(Ordering::is_ge),
        Op::Lt => order(left, right, compat).is_some_and(Ordering::is_lt),
        Op::Lte => order(left, right, compat).is_some_and(Ordering::is_le),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn some(value: &Value, test: impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Array(items) => items.iter().any(test),
        Value::Null => false,
        other => test(other),
    }
}

fn every(value: &Value, test: impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Array(items) => items.iter().all(test),
        other => test(other),
    }
}

fn equal(left: &Value, right: &Value, compat: Compat) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Number(number), Value::String(text))
        | (Value::String(text), Value::Number(number)) => {
            answers::number(text).is_some_and(|read| read.as_f64() == number.as_f64())
        }
        (Value::String(left), Value::String(right)) => match compat {
            Compat::IgnoreCase => folded_text(left) == folded_text(right),
            Compat::Exact | Compat::Typebot => normal(left) == normal(right),
        },
        (Value::Array(items), Value::String(_) | Value::Number(_) | Value::Bool(_))
            if compat == Compat::Typebot =>
        {
            !items.is_empty() && items.iter().all(|item| equal(item, right, compat))
        }
        (Value::Null, Value::String(text)) | (Value::String(text), Value::Null) => {
            compat == Compat::Typebot && text.is_empty()
        }
        (Value::Bool(yes), Value::String(text)) => text == if *yes { "true" } else { "false" },
        (left, right) => left == right,
    }
}

fn contains(left: &Value, right: &Value, compat: Compat) -> bool {
    match left {
        Value::Array(items) => items.iter().any(|item| match compat {
            Compat::Typebot => folded(item, compat).contains(&*folded(right, compat)),
            Compat::Exact | Compat::IgnoreCase => equal(item, right, compat),
        }),
        Value::Null => false,
        other => folded(other, compat).contains(&*folded(right, compat)),
    }
}

fn order(left: &Value, right: &Value, compat: Compat) -> Option<Ordering> {
    if let (Some(left), Some(right)) = (as_number(left), as_number(right)) {
        return left.partial_cmp(&right);
    }
    let (Value::String(left), Value::String(right)) = (left, right) else {
        return None;
    };
    if compat != Compat::Typebot {
        // Days, times and moments are kept in the one shape in which texts order as they do.
        return Some(left.cmp(right));
    }
    let day = |text: &str| answers::datetime(text).or_else(|| answers::date(text));
    match (day(left), day(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => {
            let size =
                |text: &str| as_number(&Value::from(text)).unwrap_or(text.chars().count() as f64);
            size(left).partial_cmp(&size(right))
        }
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => answers::number(text)?.as_f64(),
        _ => None,
    }
}

fn folded(value: &Value, compat: Compat) -> Cow<'_, str> {
    let text: Cow<'_, str> = match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(show(other)),
    };
    match compat {
        Compat::Exact => match text {
            Cow::Borrowed(text) => normal(text),
            Cow::Owned(text) => Cow::Owned(normal(&text).into_owned()),
        },
        Compat::IgnoreCase | Compat::Typebot => Cow::Owned(folded_text(&text)),
    }
}

fn folded_text(text: &str) -> String {
    normal(text.trim()).to_lowercase()
}

/// A text in the normal form C.
pub fn normal(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(left: Value, op: Op, right: Value, compat: Compat) -> bool {
        let pattern = op
            .is_pattern()
            .then(|| pattern(&show(&right)).expect("a pattern"));
        compare(Some(&left), op, &right, compat, pattern.as_ref())
    }

    #[test]
    fn texts_are_compared_normalised_and_without_case_only_where_it_is_said() {
        assert!(holds(
            json!("Zoe\u{308}"),
            Op::Eq,
            json!("Zo\u{eb}"),
            Compat::Exact
        ));
        assert!(!holds(json!("Bug"), Op::Eq, json!("bug"), Compat::Exact));
        assert!(holds(
            json!(" Bug"),
            Op::Eq,
            json!("bug"),
            Compat::IgnoreCase
        ));
        assert!(!holds(
            json!("A bug"),
            Op::Contains,
            json!("BUG"),
            Compat::Exact
        ));
        assert!(holds(
            json!("A bug"),
            Op::Contains,
            json!(" BUG "),
            Compat::Typebot
        ));
        assert!(holds(
            json!(["a", "b"]),
            Op::Contains,
            json!("b"),
            Compat::Exact
        ));
        assert!(holds(
            json!("abc"),
            Op::Matches,
            json!("^a.c$"),
            Compat::Exact
        ));
        assert!(holds(json!("b"), Op::In, json!(["a", "b"]), Compat::Exact));
    }

    #[test]
    fn order_is_by_number_and_what_is_not_set_is_neither_more_nor_less() {
        assert!(holds(json!(10), Op::Gt, json!("9"), Compat::Exact));
        assert!(holds(
            json!("2026-02-01"),
            Op::Lt,
            json!("2026-10-01"),
            Compat::Exact
        ));
        for op in [
            Op::Gt,
            Op::Gte,
            Op::Lt,
            Op::Lte,
            Op::Contains,
            Op::StartsWith,
        ] {
            assert!(!compare(None, op, &json!("1"), Compat::Exact, None));
        }
        assert!(compare(
            None,
            Op::IsEmpty,
            &Value::Null,
            Compat::Exact,
            None
        ));
    }

    #[test]
    fn typebot_orders_texts_by_length_and_compares_lists_item_by_item() {
        assert!(holds(
            json!("long text"),
            Op::Gt,
            json!("5"),
            Compat::Typebot
        ));
        assert!(holds(
            json!(["a", "a"]),
            Op::Eq,
            json!("a"),
            Compat::Typebot
        ));
        assert!(!holds(
            json!(["a", "b"]),
            Op::Eq,
            json!("a"),
            Compat::Typebot
        ));
    }

    #[test]
    fn a_condition_is_one_thing_and_is_written_as_it_was_read() {
        for good in [
            json!({"all": [{"var": "v", "op": "eq", "value": {"lit": "x"}}, {"not": {"expr": "a > 1"}}]}),
            json!({"var": "v", "op": "is_set"}),
            json!({"var": "v", "op": "contains", "value": {"var": "w"}, "compat": "typebot"}),
        ] {
            let read: Condition = serde_json::from_value(good.clone()).expect("it reads");
            assert_eq!(serde_json::to_value(&read).expect("it is written"), good);
        }
        for bad in [
            json!({}),
            json!({"all": [], "any": []}),
            json!({"var": "v", "op": "eq"}),
            json!({"var": "v", "op": "is_set", "value": {"lit": 1}}),
            json!({"var": "v", "op": "like", "value": {"lit": 1}}),
            json!({"expr": "a", "more": 1}),
        ] {
            assert!(
                serde_json::from_value::<Condition>(bad.clone()).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_pattern_that_takes_too_much_room_is_refused() {
        assert!(pattern("(a{1000}){1000}").is_err());
        assert!(pattern("(").is_err());
        assert!(pattern(&"(".repeat(10_000)).is_err());
        let slow = pattern("^(a+)+$").expect("it is linear here");
        assert!(!slow.is_match(&("a".repeat(4_000) + "b")));
    }
}
