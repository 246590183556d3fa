//! `POST /v1/account/exports`: a copy of everything that is kept about an account.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::TenantId,
    http::{AccessToken, Json, Problem, Problems},
    store::{
        SubjectId,
        export::{Export, ExportKind},
    },
};

use crate::export::{self, ExportView};

/// Ask for a copy of one's own data.
///
/// Takes a factor that was proved in the last ten minutes. The copy is made within minutes, and is
/// there for seven days.
#[utoipa::path(
    post,
    path = "/v1/account/exports",
    operation_id = "create_account_export",
    responses((status = 202, description = "It is being made.", body = ExportView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
) -> Result<(StatusCode, Json<ExportView>), Problem> {
    let asker = app.proved(&token, Vec::new()).await?;
    let tenant = TenantId::Platform;
    let tenant_key = app.store.tenant_key(tenant, asker.now).await?;
    let subject = SubjectId::Account(asker.account);
    let export = Export::new(tenant, subject, ExportKind::Account, asker.now);
    export::begin(&app, &tenant_key, export, None).await
}
