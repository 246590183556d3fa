//! `GET /v1/widget/availability`: whether a visitor can expect an answer now, or from when on.
//!
//! Who of the team is there, and how many, is the team's.

use axum::extract::State;
use serde::Serialize;
use shared::{
    app::App,
    domain::{Timestamp, policy::Module},
    http::{Json, Problem, Problems, VisitorToken},
    store::keys,
};
use utoipa::ToSchema;

use crate::{
    hours::{self, Turns},
    presence,
};

/// Whether a visitor can expect an answer now.
#[derive(Serialize, ToSchema)]
pub struct VisitorAvailability {
    /// Whether it is within the hours of the team.
    #[schema(example = true)]
    open: bool,
    /// Whether somebody of the team is there: it is open, and somebody is connected and online.
    #[schema(example = true)]
    answering: bool,
    /// When it closes, if it is open and closes within a year.
    closes_at: Option<Timestamp>,
    /// When it opens, if it is closed and opens within a year.
    opens_at: Option<Timestamp>,
}

/// Show whether the team is there.
#[utoipa::path(
    get,
    path = "/v1/widget/availability",
    operation_id = "visitor_show_availability",
    responses((status = 200, description = "How it stands.", body = VisitorAvailability), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
) -> Result<Json<VisitorAvailability>, Problem> {
    let wanted = vec![keys::business_hours(token.workspace)];
    let visitor = app.visitor(&token, wanted).await?;
    let entry = &visitor.entry;
    entry.require(Module::Conversations)?;
    let turns = Turns::at(hours::of(entry)?.as_ref(), entry.now)?;
    let answering = match turns.open {
        true => {
            let connected = presence::connected(&app, entry, &turns).await?;
            connected.iter().any(|one| one.present)
        }
        false => false,
    };
    Ok(Json(VisitorAvailability {
        open: turns.open,
        answering,
        closes_at: turns.closes_at,
        opens_at: turns.opens_at,
    }))
}
