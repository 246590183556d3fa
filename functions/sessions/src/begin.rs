//! `POST /v1/workspaces/{workspace}/calls`: a member calls a guest, or the visitor of a conversation.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        ConversationId, GuestId, Permission, WorkspaceId,
        call::{CallKind, Side},
        policy::Module,
    },
    http::{AccessToken, Json, Member, Path, Problem, Problems, thread},
    store::{call::Guest, keys, socket::Holder},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    beginning::{self, Begun, BegunView, Wanted},
    visitor,
};

/// A call to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginCall {
    /// Whom to call; known from an earlier call of theirs, or from the app's own servers. Or a conversation.
    guest_id: Option<GuestId>,
    /// The conversation whose visitor to call: it rings wherever they have it open.
    #[schema(example = json!(null))]
    conversation_id: Option<ConversationId>,
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
    let guest = body.guest_id.map(|id| keys::guest(workspace, id));
    let conversation = body.conversation_id;
    let conversation = conversation.map(|id| keys::conversation(workspace, id));
    let wanted = guest.into_iter().chain(conversation).collect();
    let member = app
        .member(&token, workspace, Permission::CallsTake, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Sessions)?;
    let guest = called(&app, &member, &body).await?;
    let wanted = Wanted {
        guest,
        conversation: body.conversation_id,
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

/// Who is called: a guest, or the visitor of a conversation.
async fn called(app: &App, member: &Member, body: &BeginCall) -> Result<Guest, Problem> {
    let entry = &member.entry;
    match (body.guest_id, body.conversation_id) {
        (Some(id), None) => {
            let guest = entry.open::<Guest>(&keys::guest(entry.workspace, id))?;
            guest.ok_or_else(Problem::not_found)
        }
        (None, Some(conversation)) => {
            let head = thread::seen_head(entry, &member.sight, conversation)?;
            visitor::receive(app, entry, head.contact).await
        }
        (Some(_), Some(_)) => {
            let fault = "a guest_id or a conversation_id, and not both";
            Err(Problem::invalid("#/conversation_id", "forbidden", fault))
        }
        (None, None) => {
            let fault = "this field, or conversation_id";
            Err(Problem::invalid("#/guest_id", "required", fault))
        }
    }
}
