//! Edges, ports, handlers and circles.

use std::collections::{HashMap, HashSet};

use super::ids::Index;
use super::{Code, Diagnostic, Pointer};
use crate::compile::{Subflows, reference};
use crate::document::{Document, Node};
use crate::nodes::{Kind, Port};

pub(super) fn check(
    document: &Document,
    index: &Index<'_>,
    subflows: &Subflows,
    found: &mut Vec<Diagnostic>,
) {
    let root = Pointer::root();
    if !document
        .nodes
        .iter()
        .any(|node| matches!(node.kind, Kind::Start(_)))
    {
        let message = "Nobody can come in: there is no start.";
        found.push(Diagnostic::new(Code::E102, &root.field("nodes"), message).fix("Add a start."));
    }
    edges(document, index, found);
    handlers(document, index, found);
    for (n, node) in document.nodes.iter().enumerate() {
        let at = root.field("nodes").item(n).field("data");
        match &node.kind {
            Kind::Jump(jump) if !index.nodes.contains_key(jump.to.as_str()) => {
                let message = "The node to go on at is not there.";
                found.push(Diagnostic::new(Code::E103, &at.field("to"), message).node(&node.id));
            }
            Kind::Subflow(subflow) => {
                let name = reference(&subflow.flow, subflow.version);
                if document.id.as_deref() == Some(subflow.flow.as_str()) {
                    let message = "A flow cannot go through itself.";
                    found.push(
                        Diagnostic::new(Code::E121, &at.field("flow"), message).node(&node.id),
                    );
                } else if let Some(path) = through_itself(document, &name, subflows) {
                    let message = "The flow inside goes through itself.";
                    found.push(
                        Diagnostic::new(Code::E121, &at.field("flow"), message)
                            .node(&node.id)
                            .path(path),
                    );
                } else if let Some(missing) = missing(&name, subflows) {
                    let message = format!("Version {missing} is not published.");
                    let fix = "Publish it, or name a version that is.";
                    found.push(
                        Diagnostic::new(Code::E130, &at.field("version"), message)
                            .node(&node.id)
                            .fix(fix),
                    );
                }
            }
            _ => {}
        }
    }
    circles(document, index, found);
}

fn edges(document: &Document, index: &Index<'_>, found: &mut Vec<Diagnostic>) {
    let mut ports: Vec<HashMap<String, (Port, bool)>> = Vec::with_capacity(document.nodes.len());
    for node in &document.nodes {
        let named = node.kind.ports().into_iter();
        ports.push(
            named
                .map(|port| (port.name, (port.port, port.required)))
                .collect(),
        );
    }
    let mut taken: HashSet<(usize, &str)> = HashSet::new();
    for (n, edge) in document.edges.iter().enumerate() {
        let at = Pointer::root().field("edges").item(n);
        for (id, at) in [
            (&edge.from.node, at.field("from")),
            (&edge.to.node, at.field("to")),
        ] {
            if !index.nodes.contains_key(id.as_str()) {
                let message = "This node is not there.";
                let fix = "Delete the edge, or lead it elsewhere.";
                found.push(
                    Diagnostic::new(Code::E103, &at.field("node"), message)
                        .edge(&edge.id)
                        .fix(fix),
                );
            }
        }
        let Some(&from) = index.nodes.get(edge.from.node.as_str()) else {
            continue;
        };
        let at = at.field("from").field("port");
        if !ports[from].contains_key(&edge.from.port) {
            let mut names: Vec<&str> = ports[from].keys().map(String::as_str).collect();
            names.sort_unstable();
            let message = format!("A {} has no such port.", document.nodes[from].kind.name());
            let fix = format!("Its ports: {}.", names.join(", "));
            let diagnostic = Diagnostic::new(Code::E104, &at, message);
            found.push(diagnostic.node(&edge.from.node).edge(&edge.id).fix(fix));
        } else if !taken.insert((from, &edge.from.port)) {
            let message = "Two edges begin at this port.";
            let diagnostic = Diagnostic::new(Code::E105, &at, message);
            found.push(
                diagnostic
                    .node(&edge.from.node)
                    .edge(&edge.id)
                    .fix("Delete one of them."),
            );
        }
    }
    for (n, node) in document.nodes.iter().enumerate() {
        let at = Pointer::root().field("nodes").item(n);
        let next = taken.contains(&(n, "next"));
        let mut open: Vec<&String> = Vec::new();
        for (name, (port, required)) in &ports[n] {
            let required = *required
                || (matches!(port, Port::Option(_)) && !next)
                || matches!(port, Port::Arm(_));
            if required && !taken.contains(&(n, name.as_str())) {
                open.push(name);
            }
        }
        open.sort();
        for name in open {
            let message = format!("Nothing follows on {name}.");
            found.push(
                Diagnostic::new(Code::E106, &at, message)
                    .node(&node.id)
                    .fix("Lead it somewhere."),
            );
        }
    }
}

fn handlers(document: &Document, index: &Index<'_>, found: &mut Vec<Diagnostic>) {
    let at = Pointer::root().field("handlers");
    let handlers = &document.handlers;
    let mut named: Vec<(Pointer, &str)> = Vec::new();
    for (n, command) in handlers.commands.iter().enumerate() {
        named.push((at.field("commands").item(n).field("to"), &command.to));
    }
    let single = [
        ("on_error", &handlers.on_error),
        ("on_reply", &handlers.on_reply),
        ("on_invalid", &handlers.on_invalid),
    ];
    for (name, id) in single {
        named.extend(id.as_deref().map(|id| (at.field(name), id)));
    }
    if let Some(idle) = &handlers.on_idle {
        named.push((at.field("on_idle").field("to"), &idle.to));
    }
    for (at, id) in named {
        if !index.nodes.contains_key(id) {
            found.push(Diagnostic::new(Code::E103, &at, "This node is not there."));
        }
    }
}

fn inner(document: &Document) -> impl Iterator<Item = String> {
    document.nodes.iter().filter_map(|node| match &node.kind {
        Kind::Subflow(subflow) => Some(reference(&subflow.flow, subflow.version)),
        _ => None,
    })
}

fn missing(name: &str, subflows: &Subflows) -> Option<String> {
    let mut seen = HashSet::new();
    let mut open = vec![name.to_owned()];
    while let Some(name) = open.pop() {
        let Some(document) = subflows.get(&name) else {
            return Some(name);
        };
        if seen.insert(name) {
            open.extend(inner(document));
        }
    }
    None
}

/// The way by which a subflow comes to itself, or to the flow that it is in.
fn through_itself(outer: &Document, name: &str, subflows: &Subflows) -> Option<Vec<String>> {
    fn visit(
        outer: Option<&str>,
        name: &str,
        subflows: &Subflows,
        path: &mut Vec<String>,
        done: &mut HashSet<String>,
    ) -> bool {
        let flow = name.split('@').next();
        if path.iter().any(|before| before == name) || (outer.is_some() && outer == flow) {
            path.push(name.to_owned());
            return true;
        }
        if !done.insert(name.to_owned()) {
            return false;
        }
        path.push(name.to_owned());
        let inside: Vec<String> = subflows
            .get(name)
            .map(|document| inner(document).collect())
            .unwrap_or_default();
        if inside
            .iter()
            .any(|inside| visit(outer, inside, subflows, path, done))
        {
            return true;
        }
        path.pop();
        false
    }
    let mut path = Vec::new();
    visit(
        outer.id.as_deref(),
        name,
        subflows,
        &mut path,
        &mut HashSet::new(),
    )
    .then_some(path)
}

/// Circles in which nobody is waited for: strongly connected parts of the graph without the nodes that
/// wait (Tarjan), found without recursion.
fn circles(document: &Document, index: &Index<'_>, found: &mut Vec<Diagnostic>) {
    let next = successors(document, index);
    let runs = |n: usize| !document.nodes[n].kind.waits();
    let count = document.nodes.len();
    let mut order = vec![usize::MAX; count];
    let mut low = vec![0; count];
    let mut on_stack = vec![false; count];
    let mut stack = Vec::new();
    let mut clock = 0;
    for first in (0..count).filter(|n| runs(*n)) {
        if order[first] != usize::MAX {
            continue;
        }
        let mut calls = vec![(first, 0)];
        while let Some((node, at)) = calls.last_mut() {
            let node = *node;
            if *at == 0 {
                (order[node], low[node]) = (clock, clock);
                clock += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            match next[node].get(*at) {
                Some(&to) => {
                    *at += 1;
                    if !runs(to) {
                        continue;
                    }
                    if order[to] == usize::MAX {
                        calls.push((to, 0));
                    } else if on_stack[to] {
                        low[node] = low[node].min(order[to]);
                    }
                }
                None => {
                    calls.pop();
                    if let Some((caller, _)) = calls.last() {
                        low[*caller] = low[*caller].min(low[node]);
                    }
                    if low[node] != order[node] {
                        continue;
                    }
                    let mut part = Vec::new();
                    while let Some(member) = stack.pop() {
                        on_stack[member] = false;
                        part.push(member);
                        if member == node {
                            break;
                        }
                    }
                    if part.len() > 1 || next[node].contains(&node) {
                        found.push(circle(document, &next, &part));
                    }
                }
            }
        }
    }
}

fn circle(document: &Document, next: &[Vec<usize>], part: &[usize]) -> Diagnostic {
    let members: HashSet<usize> = part.iter().copied().collect();
    let first = part.iter().copied().min().unwrap_or_default();
    // One way around, from the first member back to a member that is on it already.
    let mut way = vec![first];
    let mut last = first;
    while let Some(to) = next[last].iter().copied().find(|to| members.contains(to)) {
        if let Some(at) = way.iter().position(|member| *member == to) {
            way.drain(..at);
            way.push(to);
            break;
        }
        way.push(to);
        last = to;
    }
    let name = |n: &usize| document.nodes[*n].id.clone();
    let at = Pointer::root().field("nodes").item(way[0]);
    Diagnostic::new(
        Code::E120,
        &at,
        "The flow goes around here without waiting for anybody.",
    )
    .node(&document.nodes[way[0]].id)
    .fix("Ask something or wait inside the circle.")
    .path(way.iter().map(name).collect())
}

/// The nodes that can follow on each node.
pub(super) fn successors(document: &Document, index: &Index<'_>) -> Vec<Vec<usize>> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); document.nodes.len()];
    for edge in &document.edges {
        let ends = index
            .nodes
            .get(edge.from.node.as_str())
            .zip(index.nodes.get(edge.to.node.as_str()));
        if let Some((&from, &to)) = ends {
            next[from].push(to);
        }
    }
    let jump = |node: &Node| match &node.kind {
        Kind::Jump(jump) => index.nodes.get(jump.to.as_str()).copied(),
        _ => None,
    };
    for (n, node) in document.nodes.iter().enumerate() {
        next[n].extend(jump(node));
    }
    next
}
