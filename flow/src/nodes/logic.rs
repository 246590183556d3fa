//! What a flow decides and remembers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::conditions::{Condition, Operand};

/// Goes on by what is true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// The first that holds leads on.
    pub cases: Vec<Case>,
}

/// A case of a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What its port is called after.
    pub id: String,
    /// When it holds.
    pub when: Condition,
}

/// Gives a variable a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// The variable, by id.
    pub to: String,
    /// What it gets.
    pub value: Source,
}

/// What a variable gets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// A value.
    Lit(Value),
    /// What another variable holds, by its id.
    Var(String),
    /// A text with variables in it.
    Template(String),
    /// The value of an expression.
    Expr(String),
    /// Its list with one more at the end.
    Append(Operand),
    /// Its list without those that equal this.
    Remove(Operand),
    /// The last of another list, which loses it.
    Pop(String),
    /// The first of another list, which loses it.
    Shift(String),
    /// The item of one list that stands where another list has an item.
    SameIndex {
        /// The item that is looked for.
        item: Operand,
        /// The list, by id, in which it is looked for.
        base: String,
        /// The list, by id, whose item is taken.
        take: String,
    },
    /// The present moment, in UTC.
    Now {},
    /// The present day where the visitor is, and so many days on.
    Today {
        /// Days.
        #[serde(default)]
        add_days: i32,
    },
    /// `morning`, `afternoon`, `evening` or `night`, where the visitor is.
    PartOfDay {},
    /// A new random id.
    Id {},
    /// Nothing.
    Clear {},
}

/// Sends people different ways, each always the same one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The ways.
    pub arms: Vec<Arm>,
}

/// A way of a split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// What its port is called after.
    pub id: String,
    /// Its share.
    pub weight: u32,
}

/// Goes through another flow, then on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subflow {
    /// The id of the flow.
    pub flow: String,
    /// Its version.
    pub version: u32,
    /// What it is given: a variable of its own, by name, and its value.
    #[serde(default)]
    pub give: Vec<Given>,
    /// What it gives back: a variable of its own, by name, and ours, by id.
    #[serde(default)]
    pub take: Vec<Taken>,
    /// Whether variables of the same name are given and taken back.
    #[serde(default)]
    pub share: Share,
}

/// Whether variables of the same name go in and out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// Only those that are listed.
    #[default]
    Listed,
    /// Every one that both flows have.
    All,
}

/// A value for a subflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// The name of its variable.
    pub name: String,
    /// The value.
    pub value: Operand,
}

/// A value of a subflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// The name of its variable.
    pub name: String,
    /// Our variable, by id.
    pub to: String,
}

/// Goes on at another node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jump {
    /// The node, by id.
    pub to: String,
}

/// Ends the flow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// What it came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

/// Goes back to where the subflow or the detour was entered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Return {}
