//! `POST /v1/flow-events/{token}`: what a flow waits for outside has happened. The token is all that whoever calls
//! needs; it is good for one event of one conversation.
//!
//! Safe to retry: what was heard is heard once, and answered alike.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::{
    app::{
        App,
        bot::{EventToken, Heard},
    },
    http::{Code, Json, Path, Problem, Problems, json::object},
};
use utoipa::ToSchema;

/// What happened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowEvent {
    /// What it brought, as the flow reads it.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = crate::document::Open, required = false)]
    event: Map<String, Value>,
}

/// Tell a flow what happened.
#[utoipa::path(
    post,
    path = "/v1/flow-events/{token}",
    operation_id = "hear_flow_event",
    params(("token" = String, Path, description = "The token of the address that the flow gave out.")),
    request_body = FlowEvent,
    responses((status = 204, description = "The flow has heard of it."), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    Path(token): Path<EventToken>,
    Json(body): Json<FlowEvent>,
) -> Result<StatusCode, Problem> {
    match app.hear(&token, body.event).await? {
        Heard::Done => Ok(StatusCode::NO_CONTENT),
        Heard::Unknown => Err(Problem::not_found()),
        Heard::NotNow => {
            let detail = "the flow does not wait for this now";
            Err(Problem::new(Code::NotChangeable).with_detail(detail))
        }
    }
}
