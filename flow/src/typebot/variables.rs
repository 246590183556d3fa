//! Variables of an export: names that our templates can say, types from what is done with them, and the
//! places for variables in texts.

use std::collections::HashMap;

use serde_json::Value;

use super::source::{Block, Source, text, yes};
use super::{Extent, Loss};
use crate::templates::is_name;
use crate::variables::{Scalar, Scope, Type, Variable};

pub(super) struct Variables<'s> {
    list: Vec<Entry<'s>>,
    by_id: HashMap<&'s str, usize>,
    by_name: HashMap<&'s str, usize>,
}

struct Entry<'s> {
    theirs: &'s str,
    ours: Variable,
}

impl<'s> Variables<'s> {
    pub(super) fn new(source: &'s Source<'s>) -> Self {
        let lists = lists(source);
        let mut variables = Self {
            list: Vec::new(),
            by_id: HashMap::new(),
            by_name: HashMap::new(),
        };
        let mut taken: HashMap<String, u32> = HashMap::new();
        for variable in &source.variables {
            if variables.by_id.contains_key(variable.id) {
                continue;
            }
            let place = variables.list.len();
            let base = named(variable.name);
            let count = taken.entry(base.clone()).or_insert(0);
            *count += 1;
            let mut name = if *count == 1 {
                base
            } else {
                format!("{base}_{count}")
            };
            while *taken.get(&name).unwrap_or(&0) > 1
                || variables.list.iter().any(|entry| entry.ours.name == name)
            {
                name.push('_');
            }
            let many = lists.contains(&variable.id) || variable.value.is_some_and(Value::is_array);
            let kind = if many {
                Type::List(Scalar::Text)
            } else {
                Type::One(Scalar::Text)
            };
            variables.list.push(Entry {
                theirs: variable.name,
                ours: Variable {
                    id: format!("v{place}"),
                    name,
                    kind,
                    default: variable
                        .value
                        .filter(|value| !value.is_null())
                        .cloned()
                        .and_then(|value| kind.fit(value)),
                    pii: false,
                    scope: Scope::Conversation,
                    max_len: None,
                },
            });
            variables.by_id.insert(variable.id, place);
            variables.by_name.entry(variable.name).or_insert(place);
        }
        variables
    }

    /// Our id for a variable of theirs.
    pub(super) fn id(&self, theirs: Option<&str>) -> Option<String> {
        let place = self.by_id.get(theirs?)?;
        Some(self.list[*place].ours.id.clone())
    }

    /// Our name for a name of theirs.
    pub(super) fn name(&self, theirs: &str) -> Option<String> {
        let place = self.by_name.get(theirs)?;
        Some(self.list[*place].ours.name.clone())
    }

    /// Our id for a name of ours.
    pub(super) fn id_of_name(&self, ours: &str) -> Option<String> {
        let found = self.list.iter().find(|entry| entry.ours.name == ours);
        found.map(|entry| entry.ours.id.clone())
    }

    /// A text with our places in it, and the places that could not be brought over.
    pub(super) fn template(&self, theirs: &str) -> (String, Vec<String>) {
        let mut out = String::new();
        let mut lost = Vec::new();
        let mut rest = theirs;
        while let Some(open) = rest.find("{{") {
            plain(&rest[..open], &mut out);
            let inner = &rest[open + 2..];
            let Some(close) = inner.find("}}") else {
                // Two braces that nothing closes.
                out.push_str("{ {");
                rest = inner;
                continue;
            };
            let name = inner[..close].trim();
            match self.name(name) {
                Some(name) => {
                    out.push_str("{{ ");
                    out.push_str(&name);
                    out.push_str(" }}");
                }
                None => lost.push(name.chars().take(80).collect()),
            }
            rest = &inner[close + 2..];
        }
        plain(rest, &mut out);
        (out, lost)
    }

    pub(super) fn finish(self, report: &mut Vec<Loss>) -> Vec<Variable> {
        for entry in &self.list {
            if entry.theirs != entry.ours.name {
                report.push(Loss {
                    extent: Extent::Changed,
                    block: None,
                    kind: None,
                    group: None,
                    message: format!(
                        "The variable {} is called {} here.",
                        entry.theirs, entry.ours.name
                    ),
                });
            }
        }
        self.list.into_iter().map(|entry| entry.ours).collect()
    }
}

/// Text between places. Signs that would be tags here are said as texts.
fn plain(text: &str, out: &mut String) {
    let said = text.replace("{%", "{{ '{%' }}").replace("{#", "{{ '{#' }}");
    out.push_str(&said);
}

/// A name that templates can say, near to this one.
fn named(theirs: &str) -> String {
    let mut name = String::new();
    for c in theirs.trim().chars().take(60) {
        match c {
            c if c.is_ascii_alphanumeric() => name.push(c),
            _ if name.ends_with('_') => {}
            _ => name.push('_'),
        }
    }
    let name = name.trim_matches('_').to_owned();
    let name = if name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() {
        format!("v_{name}")
    } else {
        name
    };
    if is_name(&name) && name != "answer" {
        name
    } else {
        format!("{name}_")
    }
}

/// The variables, by id, that something puts a list into or takes one from.
fn lists<'s>(source: &'s Source<'s>) -> Vec<&'s str> {
    let of_block = |block: &Block<'s>| -> Vec<&'s str> {
        let options = block.options();
        let named = |names: &[&str]| {
            names
                .iter()
                .filter_map(|name| text(options, name))
                .collect()
        };
        match block.kind {
            "choice input" | "picture choice input" if yes(options, "isMultipleChoice") => {
                named(&["variableId", "dynamicVariableId"])
            }
            "choice input" => named(&["dynamicVariableId"]),
            "file input" if yes(options, "isMultipleAllowed") => named(&["variableId"]),
            "Set variable" => match text(options, "type") {
                Some("Append value(s)" | "Pop" | "Shift") => named(&["variableId"]),
                Some("Map item with same index") => {
                    let params = options.get("mapListItemParams").unwrap_or(&Value::Null);
                    ["baseListVariableId", "targetListVariableId"]
                        .iter()
                        .filter_map(|name| text(params, name))
                        .collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    };
    let blocks = source.groups.iter().flat_map(|group| &group.blocks);
    blocks.flat_map(of_block).collect()
}
