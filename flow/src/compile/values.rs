//! Conditions, and what values are made of.

use serde_json::Value;

use super::{Builder, Unfit};
use crate::conditions::{Condition, Operand, pattern};
use crate::nodes::Source;
use crate::program::{JsonText, OperandOp, SourceOp, Test};

impl Builder<'_> {
    pub(super) fn test(&self, condition: &Condition) -> Result<Test, Unfit> {
        let tests = |conditions: &[Condition]| -> Result<Vec<Test>, Unfit> {
            conditions.iter().map(|inner| self.test(inner)).collect()
        };
        Ok(match condition {
            Condition::All(all) => Test::All(tests(all)?),
            Condition::Any(any) => Test::Any(tests(any)?),
            Condition::Not(not) => Test::Not(Box::new(self.test(not)?)),
            Condition::Expr(source) => Test::Expr(self.formula(source)?),
            Condition::Compare(comparison) => {
                let read = match &comparison.value {
                    Some(Operand::Lit(Value::String(source))) if comparison.op.is_pattern() => {
                        Some(pattern(source).map_err(|_| Unfit)?)
                    }
                    _ => None,
                };
                Test::Compare {
                    var: self.variable(&comparison.var)?,
                    op: comparison.op,
                    value: comparison
                        .value
                        .as_ref()
                        .map_or(Ok(OperandOp::None), |value| self.operand(value))?,
                    compat: comparison.compat,
                    pattern: read,
                }
            }
        })
    }

    pub(super) fn operand(&self, operand: &Operand) -> Result<OperandOp, Unfit> {
        Ok(match operand {
            Operand::Lit(value) => OperandOp::Lit(value.clone()),
            Operand::Var(id) => OperandOp::Var(self.variable(id)?),
            Operand::Template(text) => OperandOp::Template(self.text(text)?),
        })
    }

    pub(super) fn source(&self, source: &Source) -> Result<SourceOp, Unfit> {
        Ok(match source {
            Source::Lit(value) => SourceOp::Operand(OperandOp::Lit(value.clone())),
            Source::Var(id) => SourceOp::Operand(OperandOp::Var(self.variable(id)?)),
            Source::Template(text) => SourceOp::Operand(OperandOp::Template(self.text(text)?)),
            Source::Clear {} => SourceOp::Operand(OperandOp::Lit(Value::Null)),
            Source::Expr(text) => SourceOp::Expr(self.formula(text)?),
            Source::Append(operand) => SourceOp::Append(self.operand(operand)?),
            Source::Remove(operand) => SourceOp::Remove(self.operand(operand)?),
            Source::Pop(id) => SourceOp::Pop(self.variable(id)?),
            Source::Shift(id) => SourceOp::Shift(self.variable(id)?),
            Source::SameIndex { item, base, take } => SourceOp::SameIndex {
                item: self.operand(item)?,
                base: self.variable(base)?,
                take: self.variable(take)?,
            },
            Source::Now {} => SourceOp::Now,
            Source::Today { add_days } => SourceOp::Today {
                add_days: *add_days,
            },
            Source::PartOfDay {} => SourceOp::PartOfDay,
            Source::Id {} => SourceOp::Id,
        })
    }

    pub(super) fn json(&self, value: &Value) -> Result<JsonText, Unfit> {
        Ok(match value {
            Value::String(text) => {
                let inner = text
                    .strip_prefix("{{")
                    .and_then(|rest| rest.strip_suffix("}}"));
                let whole = inner.map(str::trim).and_then(|name| {
                    let variables = self.document.variables.iter();
                    variables
                        .enumerate()
                        .find(|(_, variable)| variable.name == name)
                });
                match whole {
                    Some((place, _)) => JsonText::Variable(place),
                    None => JsonText::Text(self.text(text)?),
                }
            }
            Value::Array(items) => JsonText::List(
                items
                    .iter()
                    .map(|item| self.json(item))
                    .collect::<Result<_, _>>()?,
            ),
            Value::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), self.json(value)?)));
                JsonText::Fields(fields.collect::<Result<_, _>>()?)
            }
            other => JsonText::Value(other.clone()),
        })
    }
}
