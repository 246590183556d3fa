//! Flows as their builders see them.

use flow::Diagnostic;
use serde::Serialize;
use serde_json::Value;
use shared::{
    domain::{FlowId, Timestamp, flow::Environment},
    store::{
        SubjectId,
        flow::{Flow, FlowVersion},
    },
    words,
};
use utoipa::ToSchema;

/// A flow. Without `Debug`: it holds what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct FlowView {
    /// Its id.
    pub id: FlowId,
    /// What the team calls it.
    #[schema(example = "Support intake")]
    pub name: String,
    /// The number of its last version; 0 before the first.
    #[schema(example = 3)]
    pub last_version: u64,
    /// The versions that are in use.
    pub environments: Vec<EnvironmentView>,
    /// Whether its tests have to hold before it is published.
    #[schema(example = false)]
    pub tests_required: bool,
    /// How long its draft is, in bytes.
    #[schema(example = 1_204)]
    pub draft_bytes: u64,
    /// The draft; only where one flow is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::document::FlowDocument>)]
    pub document: Option<Value>,
    /// The tests that live with it; only where one flow is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<crate::document::Open>>)]
    pub tests: Option<Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Counts changes.
    #[schema(example = 1)]
    pub rev: u64,
}

/// Where a flow is in use.
#[derive(Serialize, ToSchema)]
pub struct EnvironmentView {
    /// Where.
    pub environment: Environment,
    /// In which version; null where it is not in use.
    #[schema(example = 3)]
    pub version: Option<u64>,
    /// The version before it, for going back.
    #[schema(example = 2)]
    pub before: Option<u64>,
}

impl FlowView {
    /// The view of a flow without its document.
    pub fn new(flow: &Flow) -> Self {
        let environments = Environment::ALL.iter().map(|environment| {
            let (version, before) = flow.in_use(*environment);
            EnvironmentView {
                environment: *environment,
                version,
                before,
            }
        });
        Self {
            id: flow.id,
            name: flow.name.reveal().to_owned(),
            last_version: flow.last_version,
            environments: environments.collect(),
            tests_required: flow.tests_required,
            draft_bytes: flow.draft_bytes,
            document: None,
            tests: None,
            created_at: flow.created_at,
            updated_at: flow.updated_at,
            rev: flow.rev,
        }
    }
}

/// A published version. Without `Debug`: it may hold what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct VersionView {
    /// Its number: 1 is the first.
    #[schema(example = 3)]
    pub version: u64,
    /// What recognises its document: the same document has the same.
    #[schema(example = "k5xw6ylnmf2gk3tu")]
    pub hash: String,
    /// How long its document is, in bytes.
    #[schema(example = 1_204)]
    pub bytes: u64,
    /// How many nodes it has.
    #[schema(example = 7)]
    pub nodes: u64,
    /// Who published it, by the id of the member or of the key.
    #[schema(value_type = String, example = "mbr_01kf0a1b2c3d4e5f6g7h8j9k0m")]
    pub published_by: String,
    /// When.
    pub published_at: Timestamp,
    /// The document; only where one version is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::document::FlowDocument>)]
    pub document: Option<Value>,
}

impl VersionView {
    /// The view of a version without its document.
    pub fn new(version: &FlowVersion) -> Self {
        let by: SubjectId = version.published_by;
        Self {
            version: version.number,
            hash: version.hash.to_string(),
            bytes: version.bytes,
            nodes: version.nodes,
            published_by: by.to_string(),
            published_at: version.published_at,
            document: None,
        }
    }
}

words! {
    /// How bad something is.
    pub enum SeverityWord {
        /// The flow cannot be published.
        Error = "error",
        /// It can, but somebody should look.
        Warning = "warning",
    }
}

/// One thing that is wrong with a flow. Without `Debug`: it may quote what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct DiagnosticView {
    /// What, by its code: `E…` for errors, `W…` for warnings.
    #[schema(example = "E106")]
    code: &'static str,
    /// How bad it is.
    severity: SeverityWord,
    /// Where: a JSON Pointer into the document (RFC 6901).
    #[schema(example = "/nodes/4")]
    pointer: String,
    /// At which node, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "n4")]
    node: Option<String>,
    /// At which edge, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "e4")]
    edge: Option<String>,
    /// What is wrong, in a sentence.
    #[schema(example = "The port else leads nowhere.")]
    message: String,
    /// What would help.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
    /// Which bytes of the text at the pointer: from, and to before.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<Vec<u64>>,
    /// The nodes of a circle, by id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["n2", "n3"]))]
    path: Vec<String>,
}

impl DiagnosticView {
    /// The view of one.
    pub fn new(found: Diagnostic) -> Self {
        let severity = match found.severity {
            flow::Severity::Error => SeverityWord::Error,
            flow::Severity::Warning => SeverityWord::Warning,
        };
        let bytes = found.bytes.map(|bytes| bytes.map(|at| at as u64).to_vec());
        Self {
            code: found.code.name(),
            severity,
            pointer: found.pointer.as_str().to_owned(),
            node: found.node,
            edge: found.edge,
            message: found.message,
            fix: found.fix,
            bytes,
            path: found.path,
        }
    }
}
