//! Typebot exports, brought over: versions 3 to 6, with and without a version, whole and broken.
//!
//! Nothing of theirs is run, and nothing is lost in silence: what has no like here, what works
//! otherwise here and what was broken there each has a line in the report. A block that cannot be
//! brought over stays as a message that says nothing, so that the way through the flow stays whole.

mod bubbles;
mod inputs;
mod logic;
mod outside;
mod report;
mod rich_text;
mod script;
mod source;
mod variables;

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use crate::document::{
    Afterwards, Command, Document, Edge, From, Handlers, Node, SCHEMA, Settings, To,
};
use crate::nodes::{End, Jump, Kind, Message, Return, Start, Trigger};
use crate::translations::Translations;

pub use report::{Extent, Imported, Loss, NoImport};
use source::{Block, Origin, Source, Target, text, yes};
use variables::Variables;

/// The most lines of a report; a last one says how many more there were.
const MOST_LINES: usize = 2_000;

/// The most bytes of an export.
const MAX_EXPORT_BYTES: usize = 4 * 1024 * 1024;

/// Brings an export over.
///
/// # Errors
/// When it is none. A broken one is brought over as far as it goes.
pub fn import(json: &[u8]) -> Result<Imported, NoImport> {
    if json.len() > MAX_EXPORT_BYTES {
        return Err(NoImport::TooLarge);
    }
    let value: Value = serde_json::from_slice(json).map_err(|_| NoImport::NotJson)?;
    let source = Source::read(&value).ok_or(NoImport::NotTypebot)?;
    if !source.fits() {
        return Err(NoImport::TooLarge);
    }
    Ok(Importer::new(&source).run())
}

/// What a block becomes.
pub(super) struct Made {
    kind: Kind,
    /// Ports that edges of its own lead on from: the port, and the item or path there.
    items: Vec<(String, String)>,
    /// Ports that lead to whatever comes next.
    next: Vec<&'static str>,
    mapped: Mapped,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mapped {
    Yes,
    No,
}

impl Made {
    fn simple(kind: Kind) -> Self {
        Self {
            kind,
            items: Vec::new(),
            next: vec!["next"],
            mapped: Mapped::Yes,
        }
    }

    fn with(kind: Kind, next: &[&'static str]) -> Self {
        Self {
            next: next.to_vec(),
            ..Self::simple(kind)
        }
    }

    /// A block that stays as a message that says nothing.
    fn stub() -> Self {
        let nothing = Message {
            parts: Vec::new(),
            typing_ms: None,
        };
        Self {
            mapped: Mapped::No,
            ..Self::simple(Kind::Message(nothing))
        }
    }
}

/// The block that is being brought over.
#[derive(Clone, Copy)]
pub(super) struct Place<'s> {
    block: Block<'s>,
    group: &'s str,
}

pub(super) struct Importer<'s> {
    source: &'s Source<'s>,
    variables: Variables<'s>,
    report: Vec<Loss>,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// Ids of ours, by the places of blocks.
    own: Vec<String>,
    /// The places of blocks, by their ids there.
    places: HashMap<&'s str, usize>,
    taken: HashSet<String>,
    mapped: usize,
    needs_end: bool,
    unsaid: usize,
}

const END: &str = "end";

impl<'s> Importer<'s> {
    fn new(source: &'s Source<'s>) -> Self {
        Self {
            source,
            variables: Variables::new(source),
            report: Vec::new(),
            nodes: Vec::new(),
            edges: Vec::new(),
            own: Vec::new(),
            places: HashMap::new(),
            taken: HashSet::from([END.to_owned()]),
            mapped: 0,
            needs_end: false,
            unsaid: 0,
        }
    }

    fn run(mut self) -> Imported {
        let source = self.source;
        for group in &source.groups {
            for block in &group.blocks {
                let id = self.free_id(block.id);
                self.own.push(id);
                if self.places.insert(block.id, block.place).is_some() {
                    let place = Place {
                        block: *block,
                        group: group.title,
                    };
                    self.lose(
                        place,
                        Extent::Broken,
                        "Two blocks have this id; edges lead to the last one.",
                    );
                }
            }
        }
        self.note_broken_edges();
        let handlers = self.events();
        let mut blocks = 0;
        for group in &source.groups {
            for (n, block) in group.blocks.iter().enumerate() {
                blocks += 1;
                let place = Place {
                    block: *block,
                    group: group.title,
                };
                let made = self.block(place);
                if made.mapped == Mapped::Yes {
                    self.mapped += 1;
                }
                let ui = json!({"x": group.x, "y": group.y + 120.0 * f64::from(u16::try_from(n).unwrap_or(u16::MAX))});
                self.connect(place, &made, group.blocks.get(n + 1));
                let id = self.id_of(block);
                self.nodes.push(Node {
                    id,
                    kind: made.kind,
                    ui: Some(ui),
                });
            }
        }
        self.ensure_start();
        if self.needs_end {
            let kind = Kind::End(End::default());
            self.nodes.push(Node {
                id: END.to_owned(),
                kind,
                ui: None,
            });
        }
        if self.unsaid > 0 {
            let message = format!("And {} lines more.", self.unsaid);
            self.report.push(Loss {
                extent: Extent::Changed,
                block: None,
                kind: None,
                group: None,
                message,
            });
        }
        let name: String = self.source.name.chars().take(200).collect();
        let document = Document {
            schema: SCHEMA.to_owned(),
            id: None,
            name: if name.trim().is_empty() {
                "Imported flow".to_owned()
            } else {
                name
            },
            locale: "en".to_owned(),
            variables: self.variables.finish(&mut self.report),
            nodes: self.nodes,
            edges: self.edges,
            handlers,
            settings: Settings::default(),
            translations: Translations::default(),
        };
        Imported {
            document,
            report: self.report,
            blocks,
            blocks_mapped: self.mapped,
        }
    }

    fn lose(&mut self, place: Place<'_>, extent: Extent, message: impl Into<String>) {
        self.line(Loss {
            extent,
            block: Some(place.block.id.to_owned()),
            kind: Some(place.block.kind.to_owned()),
            group: Some(place.group.to_owned()).filter(|title| !title.is_empty()),
            message: message.into(),
        });
    }

    fn broken(&mut self, message: impl Into<String>) {
        self.line(Loss {
            extent: Extent::Broken,
            block: None,
            kind: None,
            group: None,
            message: message.into(),
        });
    }

    fn line(&mut self, loss: Loss) {
        if self.report.len() < MOST_LINES {
            self.report.push(loss);
        } else {
            self.unsaid += 1;
        }
    }

    /// An id of ours that nothing has yet.
    fn free_id(&mut self, theirs: &str) -> String {
        let fits = |c: &char| !c.is_whitespace() && !c.is_control();
        let mut base: String = theirs.chars().filter(fits).take(48).collect();
        if base.is_empty() {
            base = "block".to_owned();
        }
        let mut id = base.clone();
        let mut n = 1;
        while !self.taken.insert(id.clone()) {
            n += 1;
            id = format!("{base}.{n}");
        }
        id
    }

    fn id_of(&self, block: &Block<'_>) -> String {
        let own = self.own.get(block.place).cloned();
        own.unwrap_or_else(|| END.to_owned())
    }

    fn note_broken_edges(&mut self) {
        let source = self.source;
        for _ in 0..source.broken_edges {
            self.broken("An edge says not where it begins or where it leads.");
        }
        let blocks: HashSet<&str> = source
            .groups
            .iter()
            .flat_map(|group| &group.blocks)
            .map(|block| block.id)
            .collect();
        let events: HashSet<&str> = source.events.iter().map(|event| event.id).collect();
        for edge in &source.edges {
            let begins = match &edge.from {
                Origin::Event(id) => events.contains(id),
                Origin::Block(id) | Origin::Item(id, _) => blocks.contains(id),
            };
            if !begins {
                self.broken(format!(
                    "The edge {} begins at a block that is not there.",
                    edge.id
                ));
            } else if self.entry(edge.to).is_none() && !self.is_empty_group(edge.to) {
                self.broken(format!(
                    "The edge {} leads to nothing that is there.",
                    edge.id
                ));
            }
        }
    }

    fn is_empty_group(&self, target: Target<'_>) -> bool {
        self.source
            .groups
            .iter()
            .any(|group| target.group == Some(group.id) && group.blocks.is_empty())
    }

    /// The node that a target begins with.
    fn entry(&self, target: Target<'_>) -> Option<String> {
        if let Some(place) = target.block.and_then(|block| self.places.get(block)) {
            return self.own.get(*place).cloned();
        }
        let group = self
            .source
            .groups
            .iter()
            .find(|group| target.group == Some(group.id))?;
        group.blocks.first().map(|block| self.id_of(block))
    }

    /// The edge that leads on from somewhere: by where it begins, or by the id that is named there.
    fn edge_from(&mut self, origin: &Origin<'_>, value: &Value) -> Option<String> {
        let source = self.source;
        let named = text(value, "outgoingEdgeId");
        let by_name = named.and_then(|id| source.edges.iter().find(|edge| edge.id == id));
        let edge = by_name.or_else(|| source.edges.iter().find(|edge| edge.from == *origin));
        if let (Some(id), None) = (named, edge) {
            self.broken(format!("The edge {id} is named and not there."));
        }
        self.entry(edge?.to)
    }

    fn lead(&mut self, from: &str, port: &str, to: &str) {
        self.edges.push(Edge {
            id: format!("e{}", self.edges.len() + 1),
            from: From {
                node: from.to_owned(),
                port: port.to_owned(),
            },
            to: To {
                node: to.to_owned(),
            },
        });
    }

    /// Leads a node on: its items by their edges, the rest to the block's own edge, the next block of the
    /// group, or the end.
    fn connect(&mut self, place: Place<'s>, made: &Made, next: Option<&Block<'s>>) {
        let block = place.block;
        let id = self.id_of(&block);
        for (port, item) in &made.items {
            let value = item_of(block, item);
            if let Some(to) =
                self.edge_from(&Origin::Item(block.id, item), value.unwrap_or(&Value::Null))
            {
                self.lead(&id, port, &to);
            } else if port.starts_with("case:") || port.starts_with("arm:") {
                let to = match next {
                    Some(next) => self.id_of(next),
                    None => self.end(),
                };
                self.lead(&id, port, &to);
            }
        }
        if made.next.is_empty() {
            return;
        }
        let own = self.edge_from(&Origin::Block(block.id), block.value);
        let to = match (own, next) {
            (Some(to), _) => to,
            (None, Some(next)) => self.id_of(next),
            (None, None) => self.end(),
        };
        for port in &made.next {
            self.lead(&id, port, &to);
        }
    }

    fn end(&mut self) -> String {
        self.needs_end = true;
        END.to_owned()
    }

    fn events(&mut self) -> Handlers {
        let source = self.source;
        let mut handlers = Handlers::default();
        for event in &source.events {
            let block = Block {
                place: usize::MAX,
                id: event.id,
                kind: event.kind,
                value: event.value,
            };
            let place = Place { block, group: "" };
            let to = self.edge_from(&Origin::Event(event.id), event.value);
            let options = block.options();
            match (event.kind, to) {
                ("start", to) => {
                    let id = self.free_id(event.id);
                    self.start(&id, to);
                }
                (_, None) => self.lose(place, Extent::Broken, "The event leads nowhere."),
                ("command", Some(to)) => {
                    let name = text(options, "command")
                        .unwrap_or(event.id)
                        .chars()
                        .take(64)
                        .collect();
                    let then = if yes(options, "resumeAfter") {
                        Afterwards::Resume
                    } else {
                        Afterwards::Stay
                    };
                    if handlers.commands.iter().any(|command| command.name == name) {
                        self.lose(place, Extent::Dropped, "Another event has this command.");
                    } else {
                        handlers.commands.push(Command { name, to, then });
                    }
                }
                ("reply", Some(to)) => {
                    if handlers.on_reply.is_none() {
                        handlers.on_reply = Some(to);
                        self.lose(place, Extent::Partly, "What was said is in the variable of the question, not in that of the event.");
                    } else {
                        self.lose(
                            place,
                            Extent::Dropped,
                            "A flow has one detour for every reply.",
                        );
                    }
                }
                ("invalidReply", Some(to)) => {
                    if handlers.on_invalid.is_none() {
                        handlers.on_invalid = Some(to);
                    } else {
                        self.lose(
                            place,
                            Extent::Dropped,
                            "A flow has one detour for every wrong reply.",
                        );
                    }
                }
                (_, Some(_)) => self.lose(place, Extent::Dropped, "There is no such event here."),
            }
        }
        handlers
    }

    fn start(&mut self, id: &str, to: Option<String>) {
        let kind = Kind::Start(Start {
            trigger: Trigger::WidgetOpen,
        });
        self.nodes.push(Node {
            id: id.to_owned(),
            kind,
            ui: None,
        });
        let to = to.unwrap_or_else(|| self.end());
        self.lead(id, "next", &to);
    }

    fn ensure_start(&mut self) {
        if self
            .nodes
            .iter()
            .any(|node| matches!(node.kind, Kind::Start(_)))
        {
            return;
        }
        self.broken("There is no start; the first group is taken for one.");
        let first = self
            .source
            .groups
            .iter()
            .find(|group| !group.blocks.is_empty())
            .map(|group| group.id);
        let to = self.entry(Target {
            group: first,
            block: None,
        });
        let id = self.free_id("start");
        self.start(&id, to);
    }

    fn block(&mut self, place: Place<'s>) -> Made {
        match place.block.kind {
            "start" => Made::simple(Kind::Start(Start {
                trigger: Trigger::WidgetOpen,
            })),
            "text" | "image" | "video" | "embed" | "audio" => self.bubble(place),
            "text input" | "number input" | "email input" | "url input" | "date input"
            | "time input" | "phone number input" | "rating input" | "file input"
            | "payment input" => self.input(place),
            "choice input" | "picture choice input" | "cards input" | "cards" => self.choice(place),
            "Condition" => self.condition(place),
            "Set variable" => self.set_variable(place),
            "AB test" | "abTest" => self.split(place),
            "Wait" => self.wait(place),
            "Jump" => self.jump(place),
            "Return" => Made::with(Kind::Return(Return {}), &[]),
            "Typebot link" => self.link(place),
            "Redirect" => self.redirect(place),
            "Webhook" => self.request(place),
            "webhook" => self.callback(place),
            "Email" => self.email(place),
            "Chatwoot" | "Zendesk" | "zendesk" => self.handoff(place),
            _ => {
                self.lose(place, Extent::Dropped, "There is no such block here.");
                Made::stub()
            }
        }
    }

    /// Where a jump or a link inside this flow leads.
    fn jump_to(&mut self, place: Place<'s>, target: Target<'_>) -> Made {
        match self.entry(target) {
            Some(to) => Made::with(Kind::Jump(Jump { to }), &[]),
            None => {
                self.lose(place, Extent::Broken, "What it leads to is not there.");
                Made::stub()
            }
        }
    }
}

/// An item of a block, or a path of one, by its id.
fn item_of<'s>(block: Block<'s>, id: &str) -> Option<&'s Value> {
    let named = |value: &&Value| text(value, "id") == Some(id);
    let paths = block
        .items()
        .iter()
        .flat_map(|item| source::list(item, "paths"));
    block
        .items()
        .iter()
        .find(named)
        .or_else(|| paths.clone().find(named))
}
