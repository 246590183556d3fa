//! The view of an export, and how one is begun.

use axum::http::StatusCode;
use serde::Serialize;
use shared::{
    app::App,
    domain::{
        ExportId, Policy, Role, Timestamp, archive::tables::ExportFormat, policy::Lens,
        retention::EXPORT_LIFETIME,
    },
    http::{Code, Json, Problem},
    store::{
        CommitError, Fetched, Query, TenantKey, Transaction, Unsealed,
        audit::Line,
        export::{Export, ExportKind},
        job::JobState,
        keys,
    },
};
use utoipa::ToSchema;

/// How many exports about, or for, one person lie here at once, and how many of a whole workspace.
const MOST: u16 = 3;

/// An export.
#[derive(Serialize, ToSchema)]
pub struct ExportView {
    /// Its id.
    id: ExportId,
    /// Whose data it holds, and for whom it is made.
    kind: ExportKind,
    /// The form of its files.
    format: ExportFormat,
    /// How far it is.
    state: JobState,
    /// How many parts there are so far. Part 0 is the manifest, which is there when it is done.
    #[schema(example = 1)]
    parts: u32,
    /// How many records they hold.
    #[schema(example = 240)]
    records: u64,
    /// When it was asked for.
    created_at: Timestamp,
    /// When it was done.
    finished_at: Option<Timestamp>,
    /// When it is deleted.
    expires_at: Timestamp,
}

impl ExportView {
    pub fn of(export: &Export) -> Self {
        Self {
            id: export.id,
            kind: export.export_kind,
            format: export.format.unwrap_or(ExportFormat::Json),
            state: export.export_state,
            parts: export.parts,
            records: export.records,
            created_at: export.created_at,
            finished_at: export.finished_at,
            expires_at: export.created_at.plus(EXPORT_LIFETIME),
        }
    }
}

/// Refuses where too many exports about, or for, somebody lie here already.
pub async fn room_for(app: &App, export: &Export) -> Result<(), Problem> {
    // One that has ended may lie here until it is swept: ids carry the time of their birth.
    let since = ExportId::new(export.created_at.minus(EXPORT_LIFETIME));
    let place = keys::export(export.tenant, since);
    let list = keys::export_list(export.tenant, export.subject, export.export_kind, since);
    let query = Query::lists(list.pk).after(place, list.sk).limit(MOST);
    let left = app.store.query(query).await?;
    match left.len() < usize::from(MOST) {
        true => Ok(()),
        false => Err(Problem::new(Code::ExportsLeft)),
    }
}

/// Begins an export.
pub async fn begin(
    app: &App,
    tenant_key: &TenantKey,
    export: Export,
    line: Option<Line<'_>>,
) -> Result<(StatusCode, Json<ExportView>), Problem> {
    room_for(app, &export).await?;
    let mut transaction = Transaction::new(export.created_at);
    let stored = transaction.begin_export(export, tenant_key)?;
    if let Some(line) = line {
        transaction.audit(line.begun())?;
    }
    match app.store.commit(transaction).await {
        Ok(()) => Ok((StatusCode::ACCEPTED, Json(ExportView::of(stored.record())))),
        // Whom it is about is being erased.
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}

/// An export that was read, if it is of a kind that its asker may see.
pub fn found(
    fetched: &Fetched,
    place: &shared::store::Key,
    now: Timestamp,
    may: impl Fn(&Export) -> bool,
) -> Result<Export, Problem> {
    let platform = Policy::platform();
    let lens = Lens {
        now,
        policy: &platform,
    };
    let export = fetched.get::<Export>(place, &Unsealed, lens)?;
    export.filter(may).ok_or_else(Problem::not_found)
}

/// Which exports of a workspace somebody of this role sees: an owner's copy of everything is for
/// owners; a visitor's own one for the visitor.
pub fn seen_by(role: Role) -> impl Fn(&Export) -> bool {
    move |export| match export.export_kind {
        ExportKind::Contact | ExportKind::Disclosure => true,
        ExportKind::Workspace => role == Role::Owner,
        ExportKind::Account | ExportKind::Visitor => false,
    }
}
