//! `POST /v1/workspaces/{workspace}/flows/import`: reads a flow of another program, or one of ours, and
//! answers with the document and with what was lost. Nothing is stored: make a flow of the document.

use axum::extract::State;
use flow::typebot::{Extent, NoImport};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::{
    app::App,
    domain::{Permission, WorkspaceId, policy::Module},
    http::{Credential, Json, Path, Problem, Problems, actor::Entry, json::object},
    words,
};
use utoipa::ToSchema;

use crate::{document, view::DiagnosticView};

words! {
    /// What is read.
    pub enum Format {
        /// A document of ours, `flow/1`.
        Flow = "flow1",
        /// An export of Typebot, version 3 to 6.
        Typebot = "typebot",
    }
}

/// What to read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportFlow {
    /// What it is.
    format: Format,
    /// The file, as it was exported.
    #[serde(deserialize_with = "object")]
    #[schema(value_type = document::FlowDocument)]
    file: Map<String, Value>,
}

words! {
    /// How much of something was lost.
    pub enum ExtentWord {
        /// It was broken there already.
        Broken = "broken",
        /// Nothing, but it works otherwise here.
        Changed = "changed",
        /// All of it.
        Dropped = "dropped",
        /// A part of it.
        Partly = "partly",
    }
}

/// A line of the report.
#[derive(Serialize, ToSchema)]
pub struct LossView {
    /// How much was lost.
    extent: ExtentWord,
    /// The block, by its id there.
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<String>,
    /// Its type there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Code")]
    kind: Option<String>,
    /// The title of its group there.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    /// What was lost.
    #[schema(example = "JavaScript is never run.")]
    message: String,
}

/// What came of an import. Without `Debug`: it holds what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct Imported {
    /// The flow, to make one of.
    #[schema(value_type = document::FlowDocument)]
    document: Value,
    /// Blocks that there were.
    #[schema(example = 40)]
    blocks: u64,
    /// Blocks that came over, whole or in part.
    #[schema(example = 38)]
    blocks_mapped: u64,
    /// What was lost or changed.
    report: Vec<LossView>,
    /// What is wrong with the document as it came out.
    diagnostics: Vec<DiagnosticView>,
}

/// Read a flow of another program.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/flows/import",
    operation_id = "import_flow",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = ImportFlow,
    responses((status = 200, description = "What came of it.", body = Imported), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<ImportFlow>,
) -> Result<Json<Imported>, Problem> {
    let caller = app
        .caller(&credential, workspace, Permission::FlowsManage, Vec::new())
        .await?;
    caller.entry.require(Module::Conversations)?;
    let imported = match body.format {
        Format::Flow => own(&app, &caller.entry, &body.file).await?,
        Format::Typebot => typebot(&app, &caller.entry, &body.file).await?,
    };
    Ok(Json(imported))
}

async fn own(app: &App, entry: &Entry, file: &Map<String, Value>) -> Result<Imported, Problem> {
    let text = serde_json::to_string(file).map_err(|_| Problem::internal("a file"))?;
    let examined = document::examine(app, entry, &text).await?;
    let blocks = examined
        .document
        .map_or(0, |document| document.nodes.len() as u64);
    Ok(Imported {
        document: Value::Object(file.clone()),
        blocks,
        blocks_mapped: blocks,
        report: Vec::new(),
        diagnostics: examined
            .found
            .into_iter()
            .map(DiagnosticView::new)
            .collect(),
    })
}

async fn typebot(app: &App, entry: &Entry, file: &Map<String, Value>) -> Result<Imported, Problem> {
    let bytes = serde_json::to_vec(file).map_err(|_| Problem::internal("a file"))?;
    let imported = flow::typebot::import(&bytes).map_err(|error| {
        let code = match error {
            NoImport::NotJson | NoImport::NotTypebot => "not_typebot",
            NoImport::TooLarge => "too_large",
        };
        Problem::invalid("#/file", code, "an export of Typebot that a flow can hold")
    })?;
    let document = serde_json::to_value(&imported.document);
    let document = document.map_err(|_| Problem::internal("a document"))?;
    let examined = document::examine(app, entry, &document.to_string()).await?;
    let lines = imported.report.into_iter().map(|loss| LossView {
        extent: match loss.extent {
            Extent::Dropped => ExtentWord::Dropped,
            Extent::Partly => ExtentWord::Partly,
            Extent::Changed => ExtentWord::Changed,
            Extent::Broken => ExtentWord::Broken,
        },
        block: loss.block,
        kind: loss.kind,
        group: loss.group,
        message: loss.message,
    });
    Ok(Imported {
        document,
        blocks: imported.blocks as u64,
        blocks_mapped: imported.blocks_mapped as u64,
        report: lines.collect(),
        diagnostics: examined
            .found
            .into_iter()
            .map(DiagnosticView::new)
            .collect(),
    })
}
