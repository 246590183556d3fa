//! `GET /v1/account/exports/{export}/parts/{part}`: a part of a copy of one's own data.

use axum::{extract::State, response::Response};
use shared::{
    app::App,
    domain::{ExportId, TenantId},
    http::{AccessToken, Path, Problem, Problems},
    store::{SubjectId, keys},
};

use crate::{download, export};

/// Fetch a part of an export of one's own data.
///
/// Takes a factor that was proved in the last ten minutes. Each part can be fetched ten times; part 0
/// is the manifest.
#[utoipa::path(
    get,
    path = "/v1/account/exports/{export}/parts/{part}",
    operation_id = "fetch_account_export",
    params(
        ("export" = ExportId, Path, description = "The export."),
        ("part" = u32, Path, description = "The number of the part."),
    ),
    responses((status = 302, description = "Where the part lies, for five minutes: `Location`."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((id, part)): Path<(ExportId, u32)>,
) -> Result<Response, Problem> {
    let tenant = TenantId::Platform;
    let wanted = download::wanted(tenant, id, part);
    let asker = app.proved(&token, wanted).await?;
    let own = SubjectId::Account(asker.account);
    let place = keys::export(tenant, id);
    let export = export::found(&asker.fetched, &place, asker.now, |export| {
        export.subject == own
    })?;
    let tenant_key = app.store.tenant_key(tenant, asker.now).await?;
    let fetched = &asker.fetched;
    download::hand_out(&app, &tenant_key, fetched, (export, part), asker.now, None).await
}
