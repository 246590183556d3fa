//! `GET /v1/widget/exports/{export}`: how far a copy of the visitor's own data is.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ExportId, TenantId},
    http::{Json, Path, Problem, Problems, VisitorToken},
    store::{export::ExportKind, keys},
};

use crate::export::{self, ExportView};

/// Show an export as a visitor.
#[utoipa::path(
    get,
    path = "/v1/widget/exports/{export}",
    operation_id = "show_visitor_export",
    params(("export" = ExportId, Path, description = "The export.")),
    responses((status = 200, description = "The export.", body = ExportView), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Path(id): Path<ExportId>,
) -> Result<Json<ExportView>, Problem> {
    let place = keys::export(TenantId::Workspace(token.workspace), id);
    let visitor = app.visitor_kept(&token, vec![place.clone()]).await?;
    let (entry, own) = (&visitor.entry, visitor.subject());
    let export = export::found(entry.fetched(), &place, entry.now, |export| {
        export.subject == own && export.export_kind == ExportKind::Visitor
    })?;
    Ok(Json(ExportView::of(&export)))
}
