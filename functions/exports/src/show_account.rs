//! `GET /v1/account/exports/{export}`: how far a copy of one's own data is.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ExportId, TenantId},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::{SubjectId, keys},
};

use crate::export::{self, ExportView};

/// Show an export of one's own data.
#[utoipa::path(
    get,
    path = "/v1/account/exports/{export}",
    operation_id = "show_account_export",
    params(("export" = ExportId, Path, description = "The export.")),
    responses((status = 200, description = "The export.", body = ExportView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(id): Path<ExportId>,
) -> Result<Json<ExportView>, Problem> {
    let place = keys::export(TenantId::Platform, id);
    let asker = app.signed_in(&token, vec![place.clone()]).await?;
    let own = SubjectId::Account(asker.account);
    let export = export::found(&asker.fetched, &place, asker.now, |export| {
        export.subject == own
    })?;
    Ok(Json(ExportView::of(&export)))
}
