//! The text of a flow: how it is taken in, and what is wrong with it.

use flow::{
    Diagnostic, Document, Feature, MAX_DOCUMENT_BYTES, Needs, Secret, Severity, Subflows,
    Surroundings,
};
use serde_json::{Map, Value, json};
use shared::{
    app::App,
    domain::{TeamId, flow::ServerHost, policy::Module},
    http::{Problem, actor::Entry},
    store::{Unsealed, assigning::Team, keys},
};

use crate::servers;

/// A document as the contract describes it: an object whose schema, `flow/1`, docs/flows.md tells.
pub struct FlowDocument;

impl utoipa::PartialSchema for FlowDocument {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        open_object(json!({ "schema": flow::SCHEMA, "name": "Support intake", "nodes": [] }))
    }
}

impl utoipa::ToSchema for FlowDocument {}

/// An object whose fields the contract leaves open: what the engine says of a flow.
pub struct Open;

impl utoipa::PartialSchema for Open {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        open_object(json!({}))
    }
}

impl utoipa::ToSchema for Open {}

/// An object of any fields, with an example.
pub fn open_object(example: Value) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    use utoipa::openapi::schema::{ObjectBuilder, Type};
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .examples([example])
        .into()
}

/// The text of a document as it is stored: compact, its fields sorted, so that equal documents are
/// equal texts.
pub fn text_of(document: &Map<String, Value>) -> Result<String, Problem> {
    let text = serde_json::to_string(document).map_err(|_| Problem::internal("a document"))?;
    if text.len() > MAX_DOCUMENT_BYTES {
        let detail = format!("at most {} KiB", MAX_DOCUMENT_BYTES / 1024);
        return Err(Problem::invalid("#/document", "too_large", &detail));
    }
    Ok(text)
}

/// A document as a reply shows it.
pub fn shown(text: &str) -> Result<Value, Problem> {
    serde_json::from_str(text).map_err(|_| Problem::internal("a stored document that is no JSON"))
}

/// What somebody begins with who brings no document.
pub fn blank(name: &str) -> Result<String, Problem> {
    let document = json!({
        "schema": flow::SCHEMA,
        "name": name,
        "variables": [],
        "nodes": [
            { "id": "start", "type": "start", "data": {} },
            { "id": "hello", "type": "message", "data": {
                "parts": [{ "kind": "text", "md": "Hello!" }],
            } },
            { "id": "end", "type": "end", "data": {} },
        ],
        "edges": [
            { "id": "e1", "from": { "node": "start", "port": "next" }, "to": { "node": "hello" } },
            { "id": "e2", "from": { "node": "hello", "port": "next" }, "to": { "node": "end" } },
        ],
    });
    match document {
        Value::Object(map) => text_of(&map),
        _ => Err(Problem::internal("a blank document")),
    }
}

/// A document that was looked at, with what it names.
pub struct Examined {
    /// The document; none where it cannot even be read.
    pub document: Option<Document>,
    /// The versions that it goes through, as far as they are there.
    pub subflows: Subflows,
    /// Everything that is wrong with it.
    pub found: Vec<Diagnostic>,
}

/// Reads a document, what it names, and says what is wrong with it. No round trip where it names nothing.
pub async fn examine(app: &App, entry: &Entry, text: &str) -> Result<Examined, Problem> {
    let document = match Document::parse(text.as_bytes()) {
        Ok(document) => document,
        Err(found) => {
            return Ok(Examined {
                document: None,
                subflows: Subflows::new(),
                found,
            });
        }
    };
    let lens = entry.lens();
    let subflows = app
        .subflows_of(&document, entry.workspace, &entry.tenant_key, lens)
        .await?;
    let needs = document.needs();
    let (hosts, secrets) = servers_of(app, entry, &needs).await?;
    // What the door of this deployment leads to: public hosts, and on a laptop the machine itself.
    let is_near = |server: &String| app.egress.address(server).is_ok();
    let mut missing = Vec::new();
    if !entry.policy.has(Module::Sessions) {
        missing.push(Feature::Call);
    }
    let around = Surroundings {
        missing,
        teams: Some(teams_of(app, entry, &document).await?),
        servers: needs
            .servers
            .iter()
            .filter(|s| is_near(s))
            .cloned()
            .collect(),
        hosts,
        secrets,
    };
    let found = flow::check(&document, &subflows, &around);
    Ok(Examined {
        document: Some(document),
        subflows,
        found,
    })
}

/// The hosts that may get personal values, and the secrets there are. No round trip for a document that asks
/// no server.
async fn servers_of(
    app: &App,
    entry: &Entry,
    needs: &Needs,
) -> Result<(Vec<String>, Vec<Secret>), Problem> {
    if needs.servers.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let servers = servers::read(app, entry).await?;
    let named = |hosts: &[ServerHost]| hosts.iter().map(|host| host.as_str().to_owned()).collect();
    let secrets = servers.secrets(&entry.tenant_key)?.into_iter();
    let secrets = secrets.map(|secret| Secret {
        id: secret.name.to_string(),
        hosts: named(&secret.hosts),
    });
    Ok((named(&servers.hosts), secrets.collect()))
}

/// Those of the teams that a document names that are there.
async fn teams_of(app: &App, entry: &Entry, document: &Document) -> Result<Vec<String>, Problem> {
    let named = document.needs().teams;
    let ids = named.iter().filter_map(|team| team.parse::<TeamId>().ok());
    let places: Vec<_> = ids.map(|team| keys::team(entry.workspace, team)).collect();
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let fetched = app.store.batch_all(places.clone()).await?;
    let mut there = Vec::new();
    for place in &places {
        let team = fetched.get::<Team>(place, &Unsealed, entry.lens())?;
        there.extend(team.map(|team| team.id.to_string()));
    }
    Ok(there)
}

/// Only what keeps a flow from being published.
pub fn errors(found: &[Diagnostic]) -> impl Iterator<Item = &Diagnostic> {
    found
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
}
