//! `POST /v1/widget/conversations`: a visitor writes to the team.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use shared::{
    app::App,
    http::{Code, Json, Problem, Problems, VisitorToken},
};
use utoipa::ToSchema;

use crate::{
    beginning::{Begins, FirstMessage, begin},
    view::Started,
};

/// What a visitor writes first.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitorStart {
    /// The first message.
    #[serde(deserialize_with = "shared::http::json::object")]
    first_message: FirstMessage,
}

/// Start a conversation as a visitor.
#[utoipa::path(
    post,
    path = "/v1/widget/conversations",
    operation_id = "visitor_start_conversation",
    request_body = VisitorStart,
    responses(
        (status = 201, description = "Begun.", body = Started),
        (status = 200, description = "Had been begun before.", body = Started),
        Problems,
    ),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Json(body): Json<VisitorStart>,
) -> Result<Response, Problem> {
    let visitor = app.visitor(&token, Vec::new()).await?;
    if visitor.contact.blocked {
        return Err(Problem::new(Code::Blocked));
    }
    let author = visitor.subject();
    begin(
        &app,
        &visitor.entry,
        visitor.id,
        author,
        Begins::Visitor {
            app: visitor.app,
            team: visitor.team,
            asks_rating: visitor.asks_rating,
            mails_offline: visitor.mails_offline,
        },
        body.first_message,
    )
    .await
}
