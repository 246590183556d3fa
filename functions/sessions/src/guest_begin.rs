//! `POST /v1/guest/calls`: a guest calls the team, or the member whose link they came by.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::{App, limit::Act},
    domain::call::{CallKind, Side},
    http::{Client, GuestToken, Json, Problem, Problems},
    store::socket::Holder,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::beginning::{self, Begun, BegunView, Wanted};

/// A call to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginGuestCall {
    /// As what it begins.
    kind: CallKind,
    /// Made by the client once for a call, so that a repeated request makes one.
    #[schema(value_type = String, format = Uuid, example = "0198c9a0-5b1c-7c3e-9d2f-1a2b3c4d5e6f")]
    client_id: Uuid,
}

/// Call the team as a guest.
#[utoipa::path(
    post,
    path = "/v1/guest/calls",
    operation_id = "guest_begin_call",
    request_body = BeginGuestCall,
    responses(
        (status = 201, description = "Made; it rings as soon as this device has joined.", body = BegunView),
        (status = 200, description = "Had been made before, by the same request.", body = BegunView),
        Problems,
    ),
    security(("guest" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: GuestToken,
    Json(body): Json<BeginGuestCall>,
) -> Result<(StatusCode, Json<BegunView>), Problem> {
    let guesting = app.guest(&token, Vec::new()).await?;
    let id = guesting.guest.id;
    let _ = app.admit(&client, Act::BeginCall, &id.to_string()).await?;
    if let Some(way_in) = guesting.guest.app {
        let way_in = way_in.to_string();
        let _ = app.admit(&client, Act::BeginCallHere, &way_in).await?;
    }
    let wanted = Wanted {
        kind: body.kind,
        caller: Side::Guest,
        asked: guesting.guest.asks,
        conversation: None,
        client_id: body.client_id,
        holder: Holder::Guest(id),
        guest: guesting.guest,
    };
    Ok(
        match beginning::begin(&app, &guesting.entry, wanted).await? {
            Begun::Now(view) => (StatusCode::CREATED, Json(view)),
            Begun::Before(view) => (StatusCode::OK, Json(view)),
        },
    )
}
