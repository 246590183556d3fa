//! The policy of a workspace, for the operator.

use shared::{
    app::App,
    domain::WorkspaceId,
    http::{AccessToken, Operator, Problem},
    store::{Key, keys, subject::State, workspace::WorkspacePolicy},
};

/// The policy of a workspace, read by the operator.
///
/// # Errors
/// As [`App::operator`]; 404 when there is no such workspace, or it is being erased.
pub async fn workspace(
    app: &App,
    token: &AccessToken,
    workspace: WorkspaceId,
    mut wanted: Vec<Key>,
) -> Result<(Operator, WorkspacePolicy), Problem> {
    let place = keys::policy(workspace);
    wanted.push(place.clone());
    let operator = app.operator(token, wanted).await?;
    let row = operator
        .open::<WorkspacePolicy>(&place)?
        .filter(|row| row.state == State::Live)
        .ok_or_else(Problem::not_found)?;
    Ok((operator, row))
}
