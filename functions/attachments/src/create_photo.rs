//! `POST /v1/workspaces/{workspace}/photo`: a member wants to upload a photo of themselves.
//!
//! When it was looked through it takes the place of the one before, which is gone then.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use shared::{
    app::{App, limit::Act},
    domain::{
        AttachmentId, Permission, WorkspaceId,
        attachment::{FileState, MediaType, Sha256},
        policy::{Module, NameRule, Policy},
    },
    http::{AccessToken, Client, Code, Json, Path, Problem, Problems},
    store::{
        CommitError, Stored, Transaction, Unsealed, keys,
        photo::{PhotoUpload, key_of_photo},
    },
};
use utoipa::ToSchema;

use crate::attachment::{UploadTarget, check_size};

/// A photo that somebody wants to upload.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPhoto {
    /// What it is: a picture.
    #[schema(example = "image/jpeg")]
    content_type: MediaType,
    /// How large it is, in bytes.
    #[schema(example = 48_213, minimum = 1, maximum = 20_971_520)]
    bytes: u64,
    /// SHA-256 of it: nothing else can be uploaded to the link.
    sha256: Sha256,
}

/// A photo on its way.
#[derive(Serialize, ToSchema)]
pub struct PhotoView {
    /// Its id.
    pub id: AttachmentId,
    /// How far it is: `clean` when it is the member's.
    pub state: FileState,
}

/// A photo that may be uploaded now.
#[derive(Serialize, ToSchema)]
pub struct CreatedPhoto {
    /// The photo.
    photo: PhotoView,
    /// Where to send its bytes.
    upload: UploadTarget,
}

/// Refuses a photo where members have no names either (FLOW-02), and where there are no files.
fn check_profile(policy: &Policy) -> Result<(), Problem> {
    let nameless = policy.profile.member_name() == NameRule::Forbidden;
    if nameless || !policy.has(Module::Attachments) {
        let detail = "members have no photos in this workspace";
        return Err(Problem::new(Code::ModuleOff).with_detail(detail));
    }
    Ok(())
}

/// Ask for an upload of one's own photo.
///
/// Send the bytes to the link with the given headers. The photo is made anew, at most 512 by 512.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/photo",
    operation_id = "create_photo",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = NewPhoto,
    responses((status = 201, description = "Upload now.", body = CreatedPhoto), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    client: Client,
    Path(workspace): Path<WorkspaceId>,
    Json(new): Json<NewPhoto>,
) -> Result<Response, Problem> {
    check_size(new.bytes)?;
    if !new.content_type.is_image() {
        let detail = "image/gif, image/jpeg, image/png or image/webp";
        return Err(Problem::invalid("#/content_type", "unknown_word", detail));
    }
    let member = app
        .member(&token, workspace, Permission::WorkspaceRead, Vec::new())
        .await?;
    let entry = &member.entry;
    entry.in_use()?;
    check_profile(&entry.policy)?;
    let author = member.id.to_string();
    let allowance = app.admit(&client, Act::Upload, &author).await?;
    let upload = PhotoUpload {
        id: AttachmentId::new(entry.now),
        workspace,
        member: member.id,
        media: new.content_type,
        bytes: new.bytes,
        file_state: FileState::Pending,
        created_at: entry.now,
        rev: 1,
    };
    let name = keys::intake(key_of_photo(workspace, member.id, upload.id));
    let media = upload.media.word();
    let link = app
        .store
        .objects()
        .upload_link(&name, media, upload.bytes, &new.sha256)
        .await?;
    let stored = Stored::new(upload, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.create(&stored, &Unsealed)?;
    transaction.check_live(keys::membership(workspace, member.id));
    match app.store.commit(transaction).await {
        Ok(()) => {}
        Err(CommitError::Refused(_)) => return Err(Problem::not_found()),
        Err(CommitError::Store(error)) => return Err(error.into()),
    }
    let upload = stored.record();
    let view = CreatedPhoto {
        photo: PhotoView {
            id: upload.id,
            state: upload.file_state,
        },
        upload: UploadTarget::new(link, entry.now),
    };
    Ok((StatusCode::CREATED, allowance, Json(view)).into_response())
}
