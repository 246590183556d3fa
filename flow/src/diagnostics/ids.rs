//! Ids, names and what must be unique.

use std::collections::{HashMap, HashSet};

use super::{Code, Diagnostic, Pointer};
use crate::document::Document;
use crate::limits::{MAX_LIST_ITEMS, MAX_STATE_BYTES, MAX_VARIABLE_BYTES};
use crate::nodes::Kind;
use crate::templates::{Types, is_name};
use crate::variables::{Type, Variable, weight};

/// What other checks look up.
pub(super) struct Index<'d> {
    pub nodes: HashMap<&'d str, usize>,
    pub variables: HashMap<&'d str, &'d Variable>,
    pub names: HashMap<&'d str, &'d Variable>,
}

impl Types for Index<'_> {
    fn kind(&self, name: &str) -> Option<Type> {
        self.names.get(name).map(|variable| variable.kind)
    }
}

/// The most characters of an id.
const MAX_ID_CHARS: usize = 64;
/// The most characters of a name.
const MAX_NAME_CHARS: usize = 200;
/// What defaults may take of the state.
const MAX_DEFAULT_BYTES: usize = MAX_STATE_BYTES / 2;

pub(super) fn check<'d>(document: &'d Document, found: &mut Vec<Diagnostic>) -> Index<'d> {
    let root = Pointer::root();
    let mut index = Index {
        nodes: HashMap::new(),
        variables: HashMap::new(),
        names: HashMap::new(),
    };
    let long = |text: &str| text.chars().count() > MAX_NAME_CHARS;
    if document.name.trim().is_empty() || long(&document.name) {
        let message = "A flow has a name of 1 to 200 characters.";
        found.push(Diagnostic::new(Code::E100, &root.field("name"), message));
    }
    if document.locale.is_empty() || document.locale.len() > 35 {
        let message = "A locale is a language tag, such as en or pt-BR.";
        found.push(Diagnostic::new(Code::E100, &root.field("locale"), message));
    }
    let mut room = 0;
    for (n, variable) in document.variables.iter().enumerate() {
        let at = root.field("variables").item(n);
        id(&variable.id, &at, found);
        if index.variables.insert(&variable.id, variable).is_some() {
            found.push(twice(&at.field("id"), "Two variables have this id."));
        }
        if !is_name(&variable.name) || variable.name == "answer" {
            let message = "A name is a letter, then letters, digits and underscores, and no word of expressions.";
            found.push(
                Diagnostic::new(Code::E100, &at.field("name"), message).fix("Rename the variable."),
            );
        } else if index.names.insert(&variable.name, variable).is_some() {
            found.push(twice(&at.field("name"), "Two variables have this name."));
        }
        if let Some(default) = &variable.default {
            let at = at.field("default");
            let size = weight(default);
            room += size;
            let long = default
                .as_array()
                .is_some_and(|items| items.len() > MAX_LIST_ITEMS);
            if size > MAX_VARIABLE_BYTES || long {
                found.push(Diagnostic::new(
                    Code::E140,
                    &at,
                    "A variable holds 8 KiB and 200 items at most.",
                ));
            } else if variable.kind.fit(default.clone()).is_none() {
                let message = format!("This is no {}.", variable.kind);
                found.push(Diagnostic::new(Code::E111, &at, message));
            }
        }
    }
    if room > MAX_DEFAULT_BYTES {
        let message = "The values at the start take 16 KiB at most.";
        found.push(Diagnostic::new(
            Code::E140,
            &root.field("variables"),
            message,
        ));
    }
    for (n, node) in document.nodes.iter().enumerate() {
        let at = root.field("nodes").item(n);
        id(&node.id, &at, found);
        if index.nodes.insert(&node.id, n).is_some() {
            found.push(twice(&at.field("id"), "Two nodes have this id.").node(&node.id));
        }
        let data = at.field("data");
        let (list, ids): (&str, Vec<&str>) = match &node.kind {
            Kind::Choice(choice) => (
                "options",
                choice
                    .options
                    .iter()
                    .map(|option| option.id.as_str())
                    .collect(),
            ),
            Kind::Condition(branch) => (
                "cases",
                branch.cases.iter().map(|case| case.id.as_str()).collect(),
            ),
            Kind::Split(split) => (
                "arms",
                split.arms.iter().map(|arm| arm.id.as_str()).collect(),
            ),
            _ => continue,
        };
        let mut seen = HashSet::new();
        for (n, inner) in ids.into_iter().enumerate() {
            let at = data.field(list).item(n);
            id(inner, &at, found);
            if !seen.insert(inner) {
                found.push(
                    twice(&at.field("id"), "This id is there twice in one node.").node(&node.id),
                );
            }
        }
    }
    let mut edges = HashSet::new();
    for (n, edge) in document.edges.iter().enumerate() {
        let at = root.field("edges").item(n);
        id(&edge.id, &at, found);
        if !edges.insert(edge.id.as_str()) {
            found.push(twice(&at.field("id"), "Two edges have this id.").edge(&edge.id));
        }
    }
    let mut words = HashSet::new();
    for (n, command) in document.handlers.commands.iter().enumerate() {
        let at = root
            .field("handlers")
            .field("commands")
            .item(n)
            .field("name");
        if command.name.is_empty() || command.name.chars().count() > MAX_ID_CHARS {
            found.push(Diagnostic::new(
                Code::E100,
                &at,
                "A command has 1 to 64 characters.",
            ));
        }
        if !words.insert(command.name.as_str()) {
            found.push(twice(&at, "Two commands have this name."));
        }
    }
    index
}

fn twice(at: &Pointer, message: &str) -> Diagnostic {
    Diagnostic::new(Code::E101, at, message).fix("Give one of them another.")
}

fn id(id: &str, at: &Pointer, found: &mut Vec<Diagnostic>) {
    let fits = |c: char| !c.is_control() && !c.is_whitespace();
    if id.is_empty() || id.chars().count() > MAX_ID_CHARS || !id.chars().all(fits) {
        let message = "An id has 1 to 64 characters, and no blanks.";
        found.push(Diagnostic::new(Code::E100, &at.field("id"), message));
    }
}
