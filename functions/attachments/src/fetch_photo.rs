//! `GET /v1/workspaces/{workspace}/members/{member}/photo`: colleagues see one another.

use axum::{extract::State, response::Response};
use shared::{
    app::App,
    domain::{
        MemberId, Permission, WorkspaceId,
        attachment::{MediaType, Rendition},
    },
    http::{AccessToken, Path, Problem, Problems},
    store::{
        RootRef, keys, membership::Membership, photo::key_of_photo, subject::State as Liveness,
    },
};

use crate::attachment;

/// Fetch the photo of a member.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/members/{member}/photo",
    operation_id = "fetch_photo",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("member" = MemberId, Path, description = "The member."),
    ),
    responses((status = 302, description = "Where it lies, for five minutes: `Location`."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, target)): Path<(WorkspaceId, MemberId)>,
) -> Result<Response, Problem> {
    let place = keys::membership(workspace, target);
    let wanted = vec![place.clone(), keys::data_key(&RootRef::of(&place))];
    let member = app
        .member(&token, workspace, Permission::MembersRead, wanted)
        .await?;
    let entry = &member.entry;
    let key = entry.data_key(&place)?.ok_or_else(Problem::not_found)?;
    let shown = entry
        .fetched()
        .get::<Membership>(&place, &key, entry.lens())?
        .filter(|shown| shown.state == Liveness::Live)
        .and_then(|shown| shown.photo);
    let id = shown.ok_or_else(Problem::not_found)?;
    let file = key_of_photo(workspace, target, id);
    let name = format!("{target}.jpg");
    let what = (file, Rendition::Content);
    attachment::lead_to(&app, &key, what, MediaType::Jpeg.word(), &name).await
}
