//! `POST /v1/widget/guest-sessions`: a visitor's page heard it ring, or was woken, and wants to answer. It
//! becomes the guest that a member calls in the conversation, and goes on as any guest does.

use axum::{extract::State, http::StatusCode};
use serde::Serialize;
use shared::{
    app::App,
    domain::{GuestId, Timestamp, policy::Module},
    http::{Json, Problem, Problems, VisitorToken},
    store::{Unsealed, call::Guest},
};
use utoipa::ToSchema;

use crate::{view::CallView, visitor};

/// A visitor as the guest that a member calls.
#[derive(Serialize, ToSchema)]
pub struct VisitorGuest {
    /// For `Authorization: Bearer` of `/v1/guest/calls`, until `expires_at`; the same when it is asked for again.
    #[schema(example = "gt_agnlhm7kc57htgv5tmvzx3xqaamoj5oypksx.dGhlIHNlY3JldA")]
    guest_token: String,
    /// When it ends.
    expires_at: Timestamp,
    /// Who the visitor is in calls, for this day.
    guest_id: GuestId,
    /// The call that rings or goes on: `accept` or `decline` it by its id.
    call: CallView,
}

/// Answer a call as a visitor.
#[utoipa::path(
    post,
    path = "/v1/widget/guest-sessions",
    operation_id = "visitor_start_guest_session",
    responses(
        (status = 201, description = "The session. 404 while nobody calls this visitor.", body = VisitorGuest),
        Problems,
    ),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
) -> Result<(StatusCode, Json<VisitorGuest>), Problem> {
    let visitor = app.visitor(&token, Vec::new()).await?;
    let entry = &visitor.entry;
    entry.require(Module::Sessions)?;
    let places = visitor::places(entry, visitor.id)?;
    let wanted = places.iter().map(|(place, _)| place.clone()).collect();
    let fetched = app.store.batch(wanted).await?;
    for (place, secret) in &places {
        let guest = fetched.get::<Guest>(place, &Unsealed, entry.lens())?;
        let Some(guest) = guest.filter(|guest| guest.token.matches(secret)) else {
            continue;
        };
        let Some(call) = visitor::call_of(&app, entry, &guest).await? else {
            continue;
        };
        let session = VisitorGuest {
            guest_token: Guest::token(guest.workspace, guest.id, secret),
            expires_at: guest.ends_at(),
            guest_id: guest.id,
            call: CallView::new(&call, entry.now),
        };
        return Ok((StatusCode::CREATED, Json(session)));
    }
    Err(Problem::not_found())
}
