//! `DELETE /v1/workspaces/{workspace}/members/{member}/photo`: a member, or whoever manages members,
//! takes a photo away.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{MemberId, Permission, WorkspaceId},
    http::{AccessToken, Code, Path, Problem, Problems},
    store::{
        CommitError, RootRef, Stored, Transaction, keys, membership::Membership,
        subject::State as Liveness,
    },
};

/// Delete the photo of a member.
///
/// Everybody may delete their own. To delete none changes nothing.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/members/{member}/photo",
    operation_id = "delete_photo",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("member" = MemberId, Path, description = "The member."),
    ),
    responses((status = 204, description = "There is none."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, target)): Path<(WorkspaceId, MemberId)>,
) -> Result<StatusCode, Problem> {
    let place = keys::membership(workspace, target);
    let wanted = vec![place.clone(), keys::data_key(&RootRef::of(&place))];
    let actor = app
        .member(&token, workspace, Permission::MembersRead, wanted)
        .await?;
    let entry = &actor.entry;
    entry.in_use()?;
    if actor.id != target && !actor.role.may(Permission::MembersManage) {
        return Err(Problem::new(Code::Forbidden));
    }
    let key = entry.data_key(&place)?.ok_or_else(Problem::not_found)?;
    let membership = entry
        .fetched()
        .get::<Membership>(&place, &key, entry.lens())?
        .filter(|member| member.state == Liveness::Live)
        .ok_or_else(Problem::not_found)?;
    let Some(photo) = membership.photo else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let next = Membership {
        photo: None,
        ..membership
    };
    let mut transaction = Transaction::new(entry.now);
    transaction.replace(&Stored::next(next, &entry.policy), &key)?;
    transaction.remove(keys::photo(workspace, target, photo));
    match app.store.commit(transaction).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}
