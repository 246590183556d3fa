//! `POST /v1/widget/exports`: a copy of what is kept about a visitor, for the visitor.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::TenantId,
    http::{Code, Json, Problem, Problems, VisitorToken},
    store::{
        audit::Deed,
        export::{Export, ExportKind},
    },
};

use crate::export::{self, ExportView};

/// Ask for a copy of one's own data as a visitor.
///
/// For visitors whose identity the app has signed for: a session alone may be anybody's who sits at
/// the device.
#[utoipa::path(
    post,
    path = "/v1/widget/exports",
    operation_id = "create_visitor_export",
    responses((status = 202, description = "It is being made.", body = ExportView), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
) -> Result<(StatusCode, Json<ExportView>), Problem> {
    let visitor = app.visitor_kept(&token, Vec::new()).await?;
    if !visitor.contact.verified {
        return Err(Problem::new(Code::NotVerified));
    }
    let entry = &visitor.entry;
    let tenant = TenantId::Workspace(entry.workspace);
    let export = Export::new(tenant, visitor.subject(), ExportKind::Visitor, entry.now);
    let line = entry.line(visitor.id, Deed::ExportMade).about(visitor.id);
    export::begin(&app, &entry.tenant_key, export, Some(line)).await
}
