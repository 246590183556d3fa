//! `GET /v1/operator/settings`: what the operators have decided for the deployment.

use axum::extract::State;
use shared::{
    app::App,
    http::{AccessToken, Problem, Problems, Versioned},
    store::{keys, operator::DeploymentSettings},
};

use crate::settings::SettingsView;

/// Show the settings of the deployment.
///
/// For the operator of the deployment.
#[utoipa::path(
    get,
    path = "/v1/operator/settings",
    operation_id = "show_deployment_settings",
    responses((status = 200, description = "The settings.", body = SettingsView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
) -> Result<Versioned<SettingsView>, Problem> {
    let place = keys::deployment_settings();
    let operator = app.operator(&token, vec![place.clone()]).await?;
    let found = operator.open::<DeploymentSettings>(&place)?;
    Ok(SettingsView::versioned(found.as_ref()))
}
