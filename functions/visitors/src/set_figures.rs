//! `PUT /v1/widget/figures`: whether what a visitor's browser says may be in figures about use.
//!
//! Whoever refuses takes back what was said before, too: at once, and what a crash leaves goes within
//! a minute (CALL-33, FLOW-16).

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    http::{Code, Json, Problem, Problems, VisitorToken},
    store::{CommitError, Stored, Transaction, Unsealed},
};
use utoipa::ToSchema;

/// How often a wish that meets another change is tried again.
const RACES: u32 = 3;

/// Whether somebody is in figures about use.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Whether they may be.
    #[schema(example = false)]
    allowed: bool,
}

/// Refuse to be in figures about use, or allow it again.
///
/// With `false` everything that was kept for them goes. Counts of weeks that are over are about
/// nobody, and stay.
#[utoipa::path(
    put,
    path = "/v1/widget/figures",
    operation_id = "set_figures",
    request_body = Figures,
    responses((status = 200, description = "What holds now.", body = Figures), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Json(body): Json<Figures>,
) -> Result<Json<Figures>, Problem> {
    for _ in 0..RACES {
        let visitor = app.visitor(&token, Vec::new()).await?;
        let entry = &visitor.entry;
        let mut contact = visitor.contact;
        if contact.figures_refused_at.is_none() != body.allowed {
            let mut transaction = Transaction::new(entry.now);
            if body.allowed {
                contact.figures_refused_at = None;
                transaction.replace(&Stored::next(contact, &entry.policy), &Unsealed)?;
            } else {
                // A refusal is the whole person's; and whatever happens to this call, the minute looks again.
                let others = app.others(entry, &contact).await?;
                let all = others.iter().map(|other| &other.contact);
                transaction.out_of_figures(std::iter::once(&contact).chain(all), entry)?;
            }
            match app.store.commit(transaction).await {
                Ok(()) => {}
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::Refused(_)) => continue,
            }
        }
        if !body.allowed {
            app.store
                .forget_beacons(token.workspace, token.contact)
                .await?;
        }
        return Ok(Json(body));
    }
    Err(Problem::new(Code::Conflict))
}
