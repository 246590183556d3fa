//! `POST /v1/workspaces/{workspace}/saved-views`: a view of conversations under a name, of the member's own
//! or of the workspace.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{Permission, SavedViewId, WorkspaceId, policy::Module, text::Name},
    http::{
        AccessToken, IdempotencyKey, Json, Path, Problem, Problems, Versioned, filter::Filter,
        idempotent::Ask,
    },
    store::{app::Label, keys, saved_view::SavedView, shelf::KeptFor},
};
use utoipa::ToSchema;

use crate::{
    saved_view::{self, SavedViewView},
    shelf,
};

/// A view of conversations to keep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSavedView {
    /// Whose it will be; the workspace's is for who manages members.
    #[serde(default = "own")]
    #[schema(default = "me")]
    kept_for: KeptFor,
    /// What it is called.
    #[schema(example = "Urgent and unassigned")]
    name: Name,
    /// What it looks for: checked as the query of the list is.
    #[serde(deserialize_with = "shared::http::json::object")]
    filter: Filter,
}

const fn own() -> KeptFor {
    KeptFor::Me
}

/// Save a view of conversations.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/saved-views",
    operation_id = "create_saved_view",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeated request with the same key keeps one."),
    ),
    request_body = CreateSavedView,
    responses(
        (status = 201, description = "Kept.", body = SavedViewView),
        (status = 200, description = "Had been kept before, by the same request.", body = SavedViewView),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    idempotency: IdempotencyKey,
    Json(body): Json<CreateSavedView>,
) -> Result<Response, Problem> {
    let CreateSavedView {
        kept_for,
        name,
        filter,
    } = body;
    let wanted = saved_view::wanted(workspace, Some(&filter));
    let member = app
        .member(&token, workspace, Permission::ConversationsRead, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    member.entry.in_use()?;
    member.belongs()?;
    saved_view::check(&filter, entry)?;
    let owner = shelf::owner(&member, kept_for)?;
    shelf::check_room(&app, workspace, owner, keys::SAVED_VIEW).await?;
    let content = format!("{}\u{1}{}\u{1}{filter:?}", kept_for.word(), name.reveal());
    let ask = Ask {
        tenant_key: &entry.tenant_key,
        principal: member.subject(),
        operation: "create_saved_view",
        content: &content,
        now: entry.now,
    };
    let id = SavedViewId::new(entry.now);
    let kept = SavedView::begin(id, workspace, owner, Label::new(&name), entry.now);
    let kept = filter.kept_in(kept);
    let (status, kept) = shelf::keep(&app, &member, (id, kept), (&idempotency, ask), |id| {
        keys::saved_view(workspace, owner, id)
    })
    .await?;
    let body = Versioned {
        rev: kept.rev,
        view: SavedViewView::new(&kept),
    };
    Ok((status, body).into_response())
}
