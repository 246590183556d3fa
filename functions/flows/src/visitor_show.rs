//! `GET /v1/widget/conversations/{conversation}/flow`: what the flow of a conversation waits for, such as
//! the choices there are.

use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use shared::{
    app::{App, bot::Standing},
    domain::{ConversationId, FlowId},
    http::{Json, Path, Problem, Problems, VisitorToken, thread},
    store::{conversation::Status, flow_run::FlowRun, keys},
};
use utoipa::ToSchema;

/// How far a conversation is in its flow. Without `Debug`: it may hold what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct FlowRunView {
    /// Which flow; null where none has led this conversation.
    flow_id: Option<FlowId>,
    /// In which version.
    #[schema(example = 3)]
    version: Option<u64>,
    /// Whether the flow leads; otherwise people do, or it is over.
    #[schema(example = true)]
    leads: bool,
    /// What it waits for from the visitor; null where it waits for nothing of theirs.
    #[schema(value_type = Option<crate::document::Open>)]
    awaits: Option<Value>,
    /// How far the visitor is, in per cent, where the flow shows it.
    #[schema(example = 40)]
    progress: Option<u8>,
    /// Pages that the last turn opens.
    opens: Vec<OpenedPage>,
}

/// A page that a flow opens.
#[derive(Serialize, ToSchema)]
pub struct OpenedPage {
    /// Its address.
    #[schema(example = "https://www.example.com/pricing")]
    url: String,
    /// Whether in another window.
    #[schema(example = false)]
    new_window: bool,
}

/// Show what a flow waits for.
#[utoipa::path(
    get,
    path = "/v1/widget/conversations/{conversation}/flow",
    operation_id = "visitor_show_flow",
    params(("conversation" = ConversationId, Path, description = "The conversation.")),
    responses((status = 200, description = "How far it is.", body = FlowRunView), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Path(conversation): Path<ConversationId>,
) -> Result<Json<FlowRunView>, Problem> {
    let at_run = keys::flow_run(token.workspace, conversation);
    let mut wanted = thread::wanted(token.workspace, conversation);
    wanted.push(at_run.clone());
    let visitor = app.visitor(&token, wanted).await?;
    let entry = &visitor.entry;
    let thread = thread::open(entry, conversation)?;
    if thread.head.contact != visitor.id {
        return Err(Problem::not_found());
    }
    let run = entry.sealed::<FlowRun>(&at_run, &thread.key)?;
    let standing = run.as_ref().map(Standing::of).transpose()?;
    let leads = run.is_some() && thread.head.status_at(entry.now) == Status::Bot;
    let (awaits, progress, opens) = match standing {
        Some(standing) => (standing.awaits, standing.progress, standing.opens),
        None => (None, None, Vec::new()),
    };
    let opens = opens.into_iter().map(|page| OpenedPage {
        url: page.url,
        new_window: page.new_window,
    });
    Ok(Json(FlowRunView {
        flow_id: run.as_ref().map(|run| run.flow),
        version: run.as_ref().map(|run| run.version),
        leads,
        awaits: awaits.filter(|_| leads),
        progress,
        opens: opens.collect(),
    }))
}
