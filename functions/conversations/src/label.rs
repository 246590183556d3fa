//! `PUT /v1/workspaces/{workspace}/conversations/{conversation}/labels`: the labels that a
//! conversation bears from now on.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        ConversationId, Permission, WorkspaceId,
        label::{LabelName, MAX_LABELS},
    },
    http::{AccessToken, IfMatch, Json, Path, Problem, Problems, Versioned},
    store::{
        message::Event,
        transcript::{Line, Step},
    },
};
use utoipa::ToSchema;

use crate::{desk::Desk, view::ConversationView};

/// Which labels.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// At most 20; the order and repeats do not matter.
    labels: Vec<LabelName>,
}

/// Label a conversation.
#[utoipa::path(
    put,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/labels",
    operation_id = "label_conversation",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    request_body = Labels,
    responses((status = 200, description = "It bears these.", body = ConversationView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(place): Path<(WorkspaceId, ConversationId)>,
    if_match: IfMatch,
    Json(Labels { mut labels }): Json<Labels>,
) -> Result<Versioned<ConversationView>, Problem> {
    labels.sort();
    labels.dedup();
    if labels.len() > MAX_LABELS {
        let detail = format!("at most {MAX_LABELS} labels");
        return Err(Problem::invalid("#/labels", "too_many", &detail));
    }
    let desk = Desk::open(&app, &token, place, Permission::ConversationsWrite).await?;
    let (actor, now) = (desk.actor(), desk.now());
    desk.change(&app, None, |head| {
        if head.labels == labels {
            return Ok(None);
        }
        if_match.check(head.rev)?;
        let mut step = Step::on(head, now);
        let news = [
            (Event::Labelled, without(&labels, &head.labels)),
            (Event::Unlabelled, without(&head.labels, &labels)),
        ];
        for (event, labels) in news.into_iter().filter(|(_, labels)| !labels.is_empty()) {
            step.line(Line::new(event, actor).labels(labels));
        }
        step.head.labels.clone_from(&labels);
        Ok(Some(step))
    })
    .await
}

fn without(labels: &[LabelName], others: &[LabelName]) -> Vec<LabelName> {
    labels
        .iter()
        .filter(|label| !others.contains(label))
        .cloned()
        .collect()
}
