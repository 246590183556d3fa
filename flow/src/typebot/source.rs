//! A Typebot export, read as loosely as such files are written: what is missing is missing, what has
//! another type is not there, nothing fails.

use serde_json::Value;

use crate::limits::{MAX_EDGES, MAX_NODES, MAX_VARIABLES};

/// How much larger than a flow an export may be and still be brought over: its diagnostics then say what
/// has to go.
const SLACK: usize = 4;

/// A group: blocks that follow on one another.
pub(super) struct Group<'s> {
    pub id: &'s str,
    pub title: &'s str,
    pub blocks: Vec<Block<'s>>,
    pub x: f64,
    pub y: f64,
}

/// A block.
#[derive(Clone, Copy)]
pub(super) struct Block<'s> {
    /// Its place among all blocks: in broken exports, ids are there twice.
    pub place: usize,
    pub id: &'s str,
    pub kind: &'s str,
    pub value: &'s Value,
}

/// Where an edge begins.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Origin<'s> {
    Event(&'s str),
    Block(&'s str),
    /// A block, and an item or a path of an item.
    Item(&'s str, &'s str),
}

/// Where an edge leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target<'s> {
    pub group: Option<&'s str>,
    pub block: Option<&'s str>,
}

/// An edge.
pub(super) struct Edge<'s> {
    pub id: &'s str,
    pub from: Origin<'s>,
    pub to: Target<'s>,
}

/// An event: how somebody comes in, or what interrupts.
pub(super) struct Event<'s> {
    pub id: &'s str,
    pub kind: &'s str,
    pub value: &'s Value,
}

/// A variable.
pub(super) struct Variable<'s> {
    pub id: &'s str,
    pub name: &'s str,
    pub value: Option<&'s Value>,
}

/// The export.
pub(super) struct Source<'s> {
    pub name: &'s str,
    pub groups: Vec<Group<'s>>,
    pub edges: Vec<Edge<'s>>,
    /// Edges that say neither where they begin nor where they lead.
    pub broken_edges: usize,
    pub events: Vec<Event<'s>>,
    pub variables: Vec<Variable<'s>>,
}

/// A text of an object.
pub(super) fn text<'s>(value: &'s Value, name: &str) -> Option<&'s str> {
    value.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// A list of an object; an empty one when there is none.
pub(super) fn list<'s>(value: &'s Value, name: &str) -> &'s [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A number of an object, written as one or as a text.
pub(super) fn number(value: &Value, name: &str) -> Option<f64> {
    match value.get(name)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => crate::answers::number(text)?.as_f64(),
        _ => None,
    }
}

/// A yes of an object.
pub(super) fn yes(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}

impl<'s> Block<'s> {
    /// Its options.
    pub(super) fn options(&self) -> &'s Value {
        self.value.get("options").unwrap_or(&Value::Null)
    }

    /// Its content.
    pub(super) fn content(&self) -> &'s Value {
        self.value.get("content").unwrap_or(&Value::Null)
    }

    /// Its items.
    pub(super) fn items(&self) -> &'s [Value] {
        list(self.value, "items")
    }
}

impl<'s> Source<'s> {
    /// Whether it is not many times larger than a flow can be: bringing that over would only cost time.
    pub(super) fn fits(&self) -> bool {
        let blocks = self.groups.iter().flat_map(|group| &group.blocks);
        let ways = blocks.clone().flat_map(|block| block.items());
        let ways: usize = ways.map(|item| 1 + list(item, "paths").len()).sum();
        let nodes = [self.groups.len(), self.events.len(), blocks.count()];
        nodes.iter().all(|count| *count <= SLACK * MAX_NODES)
            && [self.edges.len(), ways]
                .iter()
                .all(|count| *count <= SLACK * MAX_EDGES)
            && self.variables.len() <= SLACK * MAX_VARIABLES
    }

    /// Reads an export; none when it is none.
    pub(super) fn read(value: &'s Value) -> Option<Self> {
        // Some files wrap the export.
        let value = value
            .get("typebot")
            .filter(|inner| inner.is_object())
            .unwrap_or(value);
        let (groups, blocks) = match value.get("groups") {
            Some(Value::Array(groups)) => (groups, "blocks"),
            // Before groups were called so.
            _ => (value.get("blocks")?.as_array()?, "steps"),
        };
        let mut place = 0;
        let mut edges = Vec::new();
        let mut broken_edges = 0;
        for edge in list(value, "edges") {
            match Edge::read(edge) {
                Some(edge) => edges.push(edge),
                None => {
                    broken_edges += 1;
                }
            }
        }
        let events = list(value, "events").iter().filter_map(|event| {
            Some(Event {
                id: text(event, "id")?,
                kind: text(event, "type")?,
                value: event,
            })
        });
        let variables = list(value, "variables").iter().filter_map(|variable| {
            Some(Variable {
                id: text(variable, "id")?,
                name: text(variable, "name")?,
                value: variable.get("value"),
            })
        });
        Some(Self {
            name: text(value, "name").unwrap_or("Imported flow"),
            groups: groups
                .iter()
                .filter_map(|group| Group::read(group, blocks, &mut place))
                .collect(),
            edges,
            broken_edges,
            events: events.collect(),
            variables: variables.collect(),
        })
    }
}

impl<'s> Group<'s> {
    fn read(value: &'s Value, blocks: &str, place: &mut usize) -> Option<Self> {
        let id = text(value, "id")?;
        let at = value.get("graphCoordinates").unwrap_or(&Value::Null);
        let blocks = list(value, blocks).iter().filter_map(|block| {
            let block = Block {
                place: *place,
                id: text(block, "id")?,
                kind: text(block, "type")?,
                value: block,
            };
            *place += 1;
            Some(block)
        });
        Some(Self {
            id,
            title: text(value, "title").unwrap_or_default(),
            blocks: blocks.collect(),
            x: number(at, "x").unwrap_or(0.0),
            y: number(at, "y").unwrap_or(0.0),
        })
    }
}

impl<'s> Edge<'s> {
    fn read(value: &'s Value) -> Option<Self> {
        let (from, to) = (value.get("from")?, value.get("to")?);
        // Before groups were called so, blocks were steps and groups blocks.
        let old = from.get("stepId").is_some() || to.get("stepId").is_some();
        let (group, block) = if old {
            ("blockId", "stepId")
        } else {
            ("groupId", "blockId")
        };
        let origin = match (text(from, "eventId"), text(from, block)) {
            (Some(event), _) => Origin::Event(event),
            (None, Some(block)) => match text(from, "pathId").or_else(|| text(from, "itemId")) {
                Some(item) => Origin::Item(block, item),
                None => Origin::Block(block),
            },
            (None, None) => return None,
        };
        let target = Target {
            group: text(to, group),
            block: text(to, block),
        };
        let leads = target.group.is_some() || target.block.is_some();
        leads.then_some(Self {
            id: text(value, "id").unwrap_or_default(),
            from: origin,
            to: target,
        })
    }
}
