//! What is reached, what is set by then, and what is there for nothing.

use std::collections::{HashMap, HashSet, VecDeque};

use super::graph::successors;
use super::ids::Index;
use super::{Code, Diagnostic, Pointer};
use crate::conditions::Condition;
use crate::document::Document;
use crate::nodes::{Input, Kind};
use crate::templates::{Formula, Missing, Template};

pub(super) fn check(document: &Document, index: &Index<'_>, found: &mut Vec<Diagnostic>) {
    let next = successors(document, index);
    let entries = entries(document, index);
    let reached = reached(&next, &entries);
    for (n, node) in document.nodes.iter().enumerate() {
        let at = Pointer::root().field("nodes").item(n);
        if !reached[n] {
            found.push(Diagnostic::new(Code::W200, &at, "Nobody comes here.").node(&node.id));
            continue;
        }
        let goes_on = !matches!(
            node.kind,
            Kind::End(_) | Kind::Return(_) | Kind::Jump(_) | Kind::Handoff(_)
        );
        if goes_on && next[n].is_empty() {
            let message = "The flow stops here without an end.";
            found.push(
                Diagnostic::new(Code::W201, &at, message)
                    .node(&node.id)
                    .fix("Lead it on, or to an end."),
            );
        }
        helpless(document, n, &at, found);
        if matches!(node.kind, Kind::Call(_)) && !leads_on(document, &node.id, "unavailable") {
            let message = "Nothing follows where nobody is there, or the visitor does not call.";
            let fix = "Lead unavailable somewhere, such as to people.";
            found.push(
                Diagnostic::new(Code::W211, &at, message)
                    .node(&node.id)
                    .fix(fix),
            );
        }
        shadows(&node.kind, &at, &node.id, found);
    }
    variables(document, index, &next, &entries, &reached, found);
}

fn leads_on(document: &Document, node: &str, port: &str) -> bool {
    let edges = &mut document.edges.iter();
    edges.any(|edge| edge.from.node == node && edge.from.port == port)
}

fn entries(document: &Document, index: &Index<'_>) -> Vec<usize> {
    let starts = document.nodes.iter().enumerate();
    let mut entries: Vec<usize> = starts
        .filter(|(_, node)| matches!(node.kind, Kind::Start(_)))
        .map(|(n, _)| n)
        .collect();
    let handlers = &document.handlers;
    let named = handlers.commands.iter().map(|command| Some(&command.to));
    let single = [&handlers.on_error, &handlers.on_reply, &handlers.on_invalid].map(Option::as_ref);
    let named = named
        .chain(single)
        .chain([handlers.on_idle.as_ref().map(|idle| &idle.to)]);
    entries.extend(
        named
            .flatten()
            .filter_map(|id| index.nodes.get(id.as_str())),
    );
    entries
}

fn reached(next: &[Vec<usize>], entries: &[usize]) -> Vec<bool> {
    let mut reached = vec![false; next.len()];
    let mut open: Vec<usize> = entries.to_vec();
    while let Some(node) = open.pop() {
        if !std::mem::replace(&mut reached[node], true) {
            open.extend(&next[node]);
        }
    }
    reached
}

/// Somebody who cannot answer has no way on.
fn helpless(document: &Document, n: usize, at: &Pointer, found: &mut Vec<Diagnostic>) {
    let node = &document.nodes[n];
    let demanding = match &node.kind {
        Kind::Ask(ask) => {
            let any = matches!(
                &ask.input,
                Input::Text {
                    regex: None,
                    min_len: None,
                    ..
                }
            );
            !any || ask.rule.is_some()
        }
        _ => false,
    };
    let failed =
        |edge: &crate::document::Edge| edge.from.node == node.id && edge.from.port == "failed";
    if demanding && !document.edges.iter().any(failed) {
        let message = "Who cannot answer this is asked for ever.";
        found.push(
            Diagnostic::new(Code::W206, at, message)
                .node(&node.id)
                .fix("Lead the port failed somewhere."),
        );
    }
}

/// Cases that an earlier one hides.
fn shadows(kind: &Kind, at: &Pointer, id: &str, found: &mut Vec<Diagnostic>) {
    let Kind::Condition(branch) = kind else {
        return;
    };
    let always = |condition: &Condition| matches!(condition, Condition::All(all) if all.is_empty());
    for (n, case) in branch.cases.iter().enumerate() {
        let before = &branch.cases[..n];
        if before
            .iter()
            .any(|other| other.when == case.when || always(&other.when))
        {
            let at = at.field("data").field("cases").item(n);
            let message = "An earlier case holds whenever this one does.";
            found.push(Diagnostic::new(Code::W204, &at, message).node(id));
        }
    }
}

/// Which variables a node shows and sets, by place.
#[derive(Default)]
struct Touches {
    reads: Vec<(Pointer, usize)>,
    sets: Vec<usize>,
}

fn touches(
    kind: &Kind,
    index: &Index<'_>,
    places: &HashMap<&str, usize>,
    names: &HashMap<&str, usize>,
) -> Touches {
    let uses = kind.uses();
    let mut touches = Touches::default();
    for (at, source) in &uses.templates {
        if let Ok(template) = Template::read(source, index) {
            let known = template
                .names()
                .into_iter()
                .filter_map(|name| names.get(name));
            touches
                .reads
                .extend(known.map(|place| (at.clone(), *place)));
        }
    }
    for (at, source) in &uses.expressions {
        if let Ok(formula) = Formula::read(source, Missing::Fails, index) {
            let known = formula.names().filter_map(|name| names.get(name));
            touches
                .reads
                .extend(known.map(|place| (at.clone(), *place)));
        }
    }
    let known = uses
        .reads
        .iter()
        .filter_map(|(at, id)| Some((at.clone(), *places.get(id)?)));
    touches.reads.extend(known);
    touches
        .sets
        .extend(uses.writes.iter().filter_map(|(_, id)| places.get(id)));
    touches
}

/// What may not be set when it is read, and what nothing reads. A variable is set at a node when it is
/// on every way there: a forward data flow over sets of bits.
fn variables(
    document: &Document,
    index: &Index<'_>,
    next: &[Vec<usize>],
    entries: &[usize],
    reached: &[bool],
    found: &mut Vec<Diagnostic>,
) {
    let list = document.variables.iter().enumerate();
    let places: HashMap<&str, usize> = list
        .clone()
        .map(|(n, variable)| (variable.id.as_str(), n))
        .collect();
    let names: HashMap<&str, usize> = list
        .clone()
        .map(|(n, variable)| (variable.name.as_str(), n))
        .collect();
    let touched: Vec<Touches> = document
        .nodes
        .iter()
        .map(|node| touches(&node.kind, index, &places, &names))
        .collect();
    let words = document.variables.len().div_ceil(64);
    let mut first = vec![0_u64; words];
    for (n, variable) in list.clone() {
        if variable
            .default
            .as_ref()
            .is_some_and(|value| !value.is_null())
        {
            first[n / 64] |= 1 << (n % 64);
        }
    }
    // Before anything is known everything is set; ways take away.
    let mut before: Vec<Vec<u64>> = vec![vec![u64::MAX; words]; document.nodes.len()];
    let mut queue: VecDeque<usize> = VecDeque::new();
    for &entry in entries {
        before[entry].clone_from(&first);
        queue.push_back(entry);
    }
    let mut queued: HashSet<usize> = queue.iter().copied().collect();
    while let Some(node) = queue.pop_front() {
        queued.remove(&node);
        let mut after = before[node].clone();
        for place in &touched[node].sets {
            after[place / 64] |= 1 << (place % 64);
        }
        for &to in &next[node] {
            let mut changed = false;
            for (word, others) in before[to].iter_mut().zip(&after) {
                let kept = *word & others;
                changed |= kept != *word;
                *word = kept;
            }
            if changed && queued.insert(to) {
                queue.push_back(to);
            }
        }
    }
    let mut read = vec![false; document.variables.len()];
    for (n, node) in document.nodes.iter().enumerate() {
        let mut told = HashSet::new();
        for (inner, place) in &touched[n].reads {
            read[*place] = true;
            let set = before[n][place / 64] & (1 << (place % 64)) != 0;
            if reached[n]
                && !set
                && told.insert(*place)
                && !asks_whether(&node.kind, &document.variables[*place].id)
            {
                let at = Pointer::root()
                    .field("nodes")
                    .item(n)
                    .field("data")
                    .join(inner);
                let message = format!("{} may not be set yet.", document.variables[*place].name);
                found.push(Diagnostic::new(Code::W202, &at, message).node(&node.id));
            }
        }
        if let Kind::Subflow(_) = node.kind {
            // What is shared by name is read there.
            read.fill(true);
        }
    }
    for (n, variable) in list {
        if !read[n] {
            let at = Pointer::root().field("variables").item(n);
            found.push(Diagnostic::new(
                Code::W203,
                &at,
                format!("Nothing reads {}.", variable.name),
            ));
        }
    }
}

/// Whether a condition asks just that: whether the variable is set.
fn asks_whether(kind: &Kind, id: &str) -> bool {
    fn inside(condition: &Condition, id: &str) -> bool {
        match condition {
            Condition::All(inner) | Condition::Any(inner) => {
                inner.iter().any(|inner| inside(inner, id))
            }
            Condition::Not(inner) => inside(inner, id),
            Condition::Compare(comparison) => comparison.var == id && !comparison.op.takes_value(),
            Condition::Expr(_) => false,
        }
    }
    matches!(kind, Kind::Condition(branch) if branch.cases.iter().any(|case| inside(&case.when, id)))
}
