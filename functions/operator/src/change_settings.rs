//! `PATCH /v1/operator/settings`: who may make an account in this deployment.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::Policy,
    http::{AccessToken, Code, IfMatch, Json, Problem, Problems, Versioned},
    store::{
        CommitError, Stored, Transaction, Unsealed, keys,
        operator::{DeploymentSettings, OperatorAct, SignUpRule},
    },
};
use utoipa::ToSchema;

use crate::settings::SettingsView;

/// What to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeSettings {
    /// Who may make an account.
    sign_up: SignUpRule,
}

/// Change the settings of the deployment.
///
/// For the operator of the deployment. It holds at the very next sign-up. While sign-up is closed
/// every request is answered as before, and a code goes to who has an account or an invitation.
#[utoipa::path(
    patch,
    path = "/v1/operator/settings",
    operation_id = "change_deployment_settings",
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of the settings that were read. Without it: 428.")),
    request_body = ChangeSettings,
    responses((status = 200, description = "The settings.", body = SettingsView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    if_match: IfMatch,
    Json(body): Json<ChangeSettings>,
) -> Result<Versioned<SettingsView>, Problem> {
    let place = keys::deployment_settings();
    let operator = app.operator(&token, vec![place.clone()]).await?;
    if_match.required()?;
    let found = operator.open::<DeploymentSettings>(&place)?;
    if_match.check(found.as_ref().map_or(0, |found| found.rev))?;
    let mut transaction = Transaction::new(operator.now);
    let next = DeploymentSettings {
        sign_up: body.sign_up,
        changed_at: operator.now,
        rev: found.as_ref().map_or(0, |found| found.rev),
    };
    let next = Stored::next(next, &Policy::platform());
    match found {
        Some(_) => transaction.replace(&next, &Unsealed)?,
        None => transaction.create(&next, &Unsealed)?,
    };
    transaction.deed(operator.deed(OperatorAct::SettingsChanged))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(SettingsView::versioned(Some(next.record()))),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
