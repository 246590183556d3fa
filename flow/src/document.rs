//! The document of a flow: `flow/1`, as it is written, stored and exchanged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::diagnostics::{Code, Diagnostic, Pointer};
use crate::limits::{MAX_DOCUMENT_BYTES, MAX_EDGES, MAX_NODES, MAX_VARIABLES};
use crate::nodes::{Action, InboxRule, Kind, Start, Trigger};
use crate::translations::Translations;
use crate::variables::Variable;

/// The one schema there is.
pub const SCHEMA: &str = "flow/1";

/// A flow.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document {
    /// [`SCHEMA`].
    pub schema: String,
    /// The id of the flow, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What it is called.
    pub name: String,
    /// The language of its texts.
    pub locale: String,
    /// What it remembers.
    pub variables: Vec<Variable>,
    /// What it does.
    pub nodes: Vec<Node>,
    /// What follows on what.
    pub edges: Vec<Edge>,
    /// What happens out of the order.
    pub handlers: Handlers,
    /// What holds for all of it.
    pub settings: Settings,
    /// What it says in other languages.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub translations: Translations,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    /// What edges call it.
    pub id: String,
    /// What it does.
    #[serde(flatten)]
    pub kind: Kind,
    /// Where the builder draws it; nothing else reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ui: Option<Value>,
}

/// What follows on a port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// Its id.
    pub id: String,
    /// Where it begins.
    pub from: From,
    /// Where it ends.
    pub to: To,
}

/// Where an edge begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct From {
    /// The node, by id.
    pub node: String,
    /// The port, by name.
    pub port: String,
}

/// Where an edge ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct To {
    /// The node, by id.
    pub node: String,
}

/// What happens out of the order. Each names a node by id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Handlers {
    /// Words of the program that lead elsewhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<Command>,
    /// Where it goes on when something fails; once in a conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_error: Option<String>,
    /// What happens when nobody answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_idle: Option<Idle>,
    /// A detour that every answer takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_reply: Option<String>,
    /// A detour that an answer takes which is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_invalid: Option<String>,
}

/// A word of the program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The word.
    pub name: String,
    /// The node, by id.
    pub to: String,
    /// Whether the flow comes back to where it was.
    #[serde(default, skip_serializing_if = "Afterwards::is_stay")]
    pub then: Afterwards,
}

/// What comes after a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Afterwards {
    /// What follows there.
    #[default]
    Stay,
    /// What was waited for before.
    Resume,
}

impl Afterwards {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
    fn is_stay(&self) -> bool {
        *self == Self::Stay
    }
}

/// What happens when nobody answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Idle {
    /// After how long.
    pub after_s: u64,
    /// The node, by id.
    pub to: String,
}

/// What holds for all of a flow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether the visitor sees how far they are.
    pub progress: Progress,
    /// What a flow knows of an earlier conversation.
    pub remember: Remember,
    /// How much one visitor may say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
}

/// How far somebody is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Nobody is told.
    #[default]
    None,
    /// Steps taken, beside the steps of the shortest way to an end.
    Path,
}

/// What a flow knows of an earlier conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remember {
    /// Nothing.
    #[default]
    None,
}

/// How much one visitor may say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Turns in a minute.
    pub turns_per_min: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outer {
    schema: String,
    #[serde(default)]
    id: Option<String>,
    name: String,
    #[serde(default = "english")]
    locale: String,
    #[serde(default)]
    variables: Vec<Value>,
    nodes: Vec<Value>,
    #[serde(default)]
    edges: Vec<Value>,
    #[serde(default)]
    handlers: Option<Value>,
    #[serde(default)]
    settings: Option<Value>,
    #[serde(default)]
    translations: Option<Value>,
}

fn english() -> String {
    "en".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OuterNode {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    data: Option<Value>,
    #[serde(default)]
    ui: Option<Value>,
}

impl Document {
    /// Reads a document from JSON.
    ///
    /// # Errors
    /// Everything that is not of the schema, and that it is too large.
    pub fn parse(json: &[u8]) -> Result<Self, Vec<Diagnostic>> {
        if json.len() > MAX_DOCUMENT_BYTES {
            let message = format!("A document has {} KiB at most.", MAX_DOCUMENT_BYTES / 1024);
            return Err(vec![Diagnostic::new(Code::E140, &Pointer::root(), message)]);
        }
        let value: Value = serde_json::from_slice(json).map_err(|error| {
            let message = format!(
                "This is not JSON, line {}, column {}.",
                error.line(),
                error.column()
            );
            vec![Diagnostic::new(Code::E100, &Pointer::root(), message)]
        })?;
        Self::from_value(&value)
    }

    /// Reads a document from JSON that was read already.
    ///
    /// # Errors
    /// Everything that is not of the schema.
    pub fn from_value(value: &Value) -> Result<Self, Vec<Diagnostic>> {
        let root = Pointer::root();
        let outer: Outer = serde_path_to_error::deserialize(value)
            .map_err(|error| vec![Diagnostic::shape(&root, &error)])?;
        let mut wrong = Vec::new();
        if outer.schema != SCHEMA {
            let message = format!("The schema is {SCHEMA}.");
            wrong.push(Diagnostic::new(Code::E100, &root.field("schema"), message));
        }
        for (name, count, most) in [
            ("nodes", outer.nodes.len(), MAX_NODES),
            ("edges", outer.edges.len(), MAX_EDGES),
            ("variables", outer.variables.len(), MAX_VARIABLES),
        ] {
            if count > most {
                let message = format!("A flow has {most} {name} at most; this one has {count}.");
                wrong.push(Diagnostic::new(Code::E140, &root.field(name), message));
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let mut document = Self {
            schema: outer.schema,
            id: outer.id,
            name: outer.name,
            locale: outer.locale,
            variables: Vec::with_capacity(outer.variables.len()),
            nodes: Vec::with_capacity(outer.nodes.len()),
            edges: Vec::with_capacity(outer.edges.len()),
            handlers: Handlers::default(),
            settings: Settings::default(),
            translations: Translations::default(),
        };
        for (n, value) in outer.variables.iter().enumerate() {
            let at = root.field("variables").item(n);
            keep(&mut document.variables, read(value, &at), &mut wrong);
        }
        for (n, value) in outer.nodes.iter().enumerate() {
            let at = root.field("nodes").item(n);
            keep(&mut document.nodes, Node::read(value, &at), &mut wrong);
        }
        for (n, value) in outer.edges.iter().enumerate() {
            let at = root.field("edges").item(n);
            keep(&mut document.edges, read(value, &at), &mut wrong);
        }
        if let Some(value) = &outer.handlers {
            match read(value, &root.field("handlers")) {
                Ok(handlers) => document.handlers = handlers,
                Err(diagnostic) => wrong.push(*diagnostic),
            }
        }
        if let Some(value) = &outer.settings {
            match read(value, &root.field("settings")) {
                Ok(settings) => document.settings = settings,
                Err(diagnostic) => wrong.push(*diagnostic),
            }
        }
        if let Some(value) = &outer.translations {
            match read(value, &root.field("translations")) {
                Ok(translations) => document.translations = translations,
                Err(diagnostic) => wrong.push(*diagnostic),
            }
        }
        if wrong.is_empty() {
            Ok(document)
        } else {
            Err(wrong)
        }
    }
}

/// What a flow names that lies elsewhere. Each once, in the order of the nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Versions of flows that it goes through.
    pub subflows: Vec<(String, u32)>,
    /// Secrets that requests take along, by id.
    pub secrets: Vec<String>,
    /// Teams that it hands over to, by id.
    pub teams: Vec<String>,
    /// Servers that it asks.
    pub servers: Vec<String>,
}

impl Document {
    /// What it names that lies elsewhere.
    pub fn needs(&self) -> Needs {
        fn once<T: PartialEq>(list: &mut Vec<T>, item: T) {
            if !list.contains(&item) {
                list.push(item);
            }
        }
        let mut needs = Needs::default();
        for node in &self.nodes {
            match &node.kind {
                Kind::Subflow(subflow) => {
                    once(&mut needs.subflows, (subflow.flow.clone(), subflow.version))
                }
                Kind::Http(http) => {
                    if let Some(server) = crate::diagnostics::server_of(&http.url) {
                        once(&mut needs.servers, server);
                    }
                    for secret in http
                        .headers
                        .iter()
                        .filter_map(|header| header.secret.as_ref())
                    {
                        once(&mut needs.secrets, secret.clone());
                    }
                }
                Kind::Handoff(handoff) => {
                    if let Some(team) = &handoff.team {
                        once(&mut needs.teams, team.clone());
                    }
                }
                Kind::Call(call) => {
                    if let Some(team) = &call.team {
                        once(&mut needs.teams, team.clone());
                    }
                }
                Kind::Action(Action::PutToTeam { team }) => once(&mut needs.teams, team.clone()),
                Kind::Start(Start {
                    trigger: Trigger::InboxRule(rule),
                }) => {
                    if let Some(team) = &rule.team {
                        once(&mut needs.teams, team.clone());
                    }
                }
                _ => {}
            }
        }
        needs
    }

    /// Its starts by rules of the inbox: the node, by id, and the rule.
    pub fn inbox_rules(&self) -> impl Iterator<Item = (&str, &InboxRule)> {
        self.nodes.iter().filter_map(|node| match &node.kind {
            Kind::Start(Start {
                trigger: Trigger::InboxRule(rule),
            }) => Some((node.id.as_str(), rule)),
            _ => None,
        })
    }
}

fn keep<T>(list: &mut Vec<T>, read: Result<T, Box<Diagnostic>>, wrong: &mut Vec<Diagnostic>) {
    match read {
        Ok(item) => list.push(item),
        Err(diagnostic) => wrong.push(*diagnostic),
    }
}

fn read<'v, T: Deserialize<'v>>(value: &'v Value, at: &Pointer) -> Result<T, Box<Diagnostic>> {
    serde_path_to_error::deserialize(value).map_err(|error| Box::new(Diagnostic::shape(at, &error)))
}

impl Node {
    fn read(value: &Value, at: &Pointer) -> Result<Self, Box<Diagnostic>> {
        let outer: OuterNode = read(value, at)?;
        let data = outer
            .data
            .unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let Some(kind) = Kind::read(&outer.kind, &data) else {
            let message = "There is no such type of node.";
            let fix = format!("Take one of: {}.", Kind::NAMES.join(", "));
            let diagnostic = Diagnostic::new(Code::E100, &at.field("type"), message);
            return Err(Box::new(diagnostic.node(&outer.id).fix(fix)));
        };
        match kind {
            Ok(kind) => Ok(Self {
                id: outer.id,
                kind,
                ui: outer.ui,
            }),
            Err(error) => {
                let diagnostic = Diagnostic::shape(&at.field("data"), &error);
                Err(Box::new(diagnostic.node(&outer.id)))
            }
        }
    }
}
