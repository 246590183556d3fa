//! `GET /v1/widget/exports/{export}/parts/{part}`: a part of a copy of the visitor's own data.

use axum::{extract::State, response::Response};
use shared::{
    app::App,
    domain::{ExportId, TenantId},
    http::{Code, Path, Problem, Problems, VisitorToken},
    store::{SubjectId, audit::Deed, export::ExportKind, keys},
};

use crate::{download, export};

/// Fetch a part of an export as a visitor.
///
/// Each part can be fetched ten times; part 0 is the manifest.
#[utoipa::path(
    get,
    path = "/v1/widget/exports/{export}/parts/{part}",
    operation_id = "fetch_visitor_export",
    params(
        ("export" = ExportId, Path, description = "The export."),
        ("part" = u32, Path, description = "The number of the part."),
    ),
    responses((status = 302, description = "Where the part lies, for five minutes: `Location`."), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Path((id, part)): Path<(ExportId, u32)>,
) -> Result<Response, Problem> {
    let tenant = TenantId::Workspace(token.workspace);
    let wanted = download::wanted(tenant, id, part);
    let visitor = app.visitor_kept(&token, wanted).await?;
    let (entry, own) = (&visitor.entry, visitor.subject());
    let place = keys::export(tenant, id);
    let export = export::found(entry.fetched(), &place, entry.now, |export| {
        export.subject == own && export.export_kind == ExportKind::Visitor
    })?;
    // Whom the app does not vouch for any more gets nothing of what it once vouched for; what answers a
    // request was given by who decided about it.
    if !visitor.contact.verified && export.request.is_none() {
        return Err(Problem::new(Code::NotVerified));
    }
    let line = entry.line(visitor.id, Deed::ExportFetched);
    let line = match export.subject {
        SubjectId::Contact(contact) => line.about(contact),
        _ => line,
    };
    let what = (export, part);
    let (key, fetched) = (&entry.tenant_key, entry.fetched());
    download::hand_out(&app, key, fetched, what, entry.now, Some(line)).await
}
