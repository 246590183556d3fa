//! `POST /v1/workspaces/{workspace}/calls`: a member calls a guest.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        GuestId, Permission, WorkspaceId,
        call::{CallKind, Side},
        policy::Module,
    },
    http::{AccessToken, Json, Path, Problem, Problems},
    store::{call::Guest, keys, socket::Holder},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::beginning::{self, Begun, BegunView, Wanted};

/// A call to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginCall {
    /// Whom to call; known from an earlier call of theirs, or from the app's own servers.
    guest_id: GuestId,
    /// As what it begins.
    kind: CallKind,
    /// Made by the client once for a call, so that a repeated request makes one.
    #[schema(value_type = String, format = Uuid, example = "0198c9a0-5b1c-7c3e-9d2f-1a2b3c4d5e6f")]
    client_id: Uuid,
}

/// Call a guest.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/calls",
    operation_id = "begin_call",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = BeginCall,
    responses(
        (status = 201, description = "Made; it rings as soon as this device has joined.", body = BegunView),
        (status = 200, description = "Had been made before, by the same request.", body = BegunView),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<BeginCall>,
) -> Result<(StatusCode, Json<BegunView>), Problem> {
    let place = keys::guest(workspace, body.guest_id);
    let wanted = vec![place.clone()];
    let member = app
        .member(&token, workspace, Permission::CallsTake, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Sessions)?;
    let guest = entry.open::<Guest>(&place)?;
    let wanted = Wanted {
        guest: guest.ok_or_else(Problem::not_found)?,
        kind: body.kind,
        caller: Side::Agent,
        asked: Some(member.id),
        client_id: body.client_id,
        holder: Holder::Member {
            member: member.id,
            account: token.account(),
            session: token.session(),
        },
    };
    Ok(match beginning::begin(&app, entry, wanted).await? {
        Begun::Now(view) => (StatusCode::CREATED, Json(view)),
        Begun::Before(view) => (StatusCode::OK, Json(view)),
    })
}
