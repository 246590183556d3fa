//! `GET /v1/workspaces/{workspace}/photo/{photo}`: how far a photo is that one has uploaded.

use axum::extract::State;
use shared::{
    app::App,
    domain::{AttachmentId, Permission, WorkspaceId, attachment::FileState},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::{
        Unsealed, keys,
        photo::{Photo, PhotoUpload},
    },
};

use crate::create_photo::PhotoView;

/// Show how far one's own photo is.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/photo/{photo}",
    operation_id = "show_photo",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("photo" = AttachmentId, Path, description = "The photo."),
    ),
    responses((status = 200, description = "The photo.", body = PhotoView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, AttachmentId)>,
) -> Result<Json<PhotoView>, Problem> {
    // Whose keys to read is known when the member is: a second read.
    let member = app
        .member(&token, workspace, Permission::WorkspaceRead, Vec::new())
        .await?;
    let entry = &member.entry;
    let waits = keys::photo_upload(workspace, member.id, id);
    let there = keys::photo(workspace, member.id, id);
    let fetched = app.store.batch(vec![waits.clone(), there.clone()]).await?;
    let waits = fetched.get::<PhotoUpload>(&waits, &Unsealed, entry.lens())?;
    let there = fetched.get::<Photo>(&there, &Unsealed, entry.lens())?;
    let state = match (waits, there) {
        (Some(waits), _) => waits.file_state,
        (None, Some(_)) => FileState::Clean,
        (None, None) => return Err(Problem::not_found()),
    };
    Ok(Json(PhotoView { id, state }))
}
