//! The text of a flow: how it is taken in, and what is wrong with it.

use flow::{Diagnostic, Document, Feature, MAX_DOCUMENT_BYTES, Severity, Subflows, Surroundings};
use serde_json::{Map, Value, json};
use shared::http::Problem;

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

/// What this deployment does not run yet. A flow that asks for it is not published.
const MISSING: [Feature; 14] = [
    Feature::Http,
    Feature::Event,
    Feature::Subflow,
    Feature::Call,
    Feature::Teams,
    Feature::OtpEmail,
    Feature::SetContact,
    Feature::Email,
    Feature::Track,
    Feature::AddTag,
    Feature::OpenUrl,
    Feature::Files,
    Feature::InboxRule,
    Feature::Url,
];

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

/// A document that was read, and everything that is wrong with it; no document, where it cannot even
/// be read.
pub fn examined(text: &str) -> (Option<Document>, Vec<Diagnostic>) {
    let document = match Document::parse(text.as_bytes()) {
        Ok(document) => document,
        Err(wrong) => return (None, wrong),
    };
    let around = Surroundings {
        missing: MISSING.to_vec(),
        ..Surroundings::default()
    };
    let found = flow::check(&document, &Subflows::new(), &around);
    (Some(document), found)
}

/// Only what keeps a flow from being published.
pub fn errors(found: &[Diagnostic]) -> impl Iterator<Item = &Diagnostic> {
    found
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
}
