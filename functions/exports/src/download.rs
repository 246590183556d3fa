//! How a part is counted and handed out, by a link or on a page.
//!
//! The part lies sealed. Who may have it gets a copy of it, which lies open under a name of its own
//! for as long as the link to it is good, and some minutes until the schedule has been by.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use shared::{
    app::App,
    domain::{ExportId, Policy, TenantId, Timestamp, archive::tables::ExportFormat, policy::Lens},
    http::{Code, Problem},
    store::{
        CommitError, Fetched, Key, RootRef, Stored, TenantKey, Transaction, Unsealed,
        audit::Line,
        export::{Export, ExportPart},
        job::JobState,
        keys,
    },
};

/// How often one part can be fetched.
const MOST: u64 = 10;
/// How often a download that meets another one is tried.
const RACES: u32 = 5;

/// What has to be read on entry.
pub fn wanted(tenant: TenantId, export: ExportId, part: u32) -> Vec<Key> {
    let head = keys::export(tenant, export);
    vec![
        keys::export_part_row(tenant, export, part),
        keys::data_key(&RootRef::of(&head)),
        head,
    ]
}

/// Counts the download, and leads to the part.
///
/// # Errors
/// As [`link`].
pub async fn hand_out(
    app: &App,
    tenant_key: &TenantKey,
    fetched: &Fetched,
    what: (Export, u32),
    now: Timestamp,
    line: Option<Line<'_>>,
) -> Result<Response, Problem> {
    let link = link(app, tenant_key, fetched, what, now, line).await?;
    let headers = [
        (header::LOCATION, link),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((StatusCode::FOUND, headers).into_response())
}

/// Counts the download: a link to the part, which is good for five minutes.
///
/// # Errors
/// 404 when there is no such part; 409 when the export is not done, or the part was fetched as often as
/// it may be.
pub async fn link(
    app: &App,
    tenant_key: &TenantKey,
    fetched: &Fetched,
    (export, part): (Export, u32),
    now: Timestamp,
    line: Option<Line<'_>>,
) -> Result<String, Problem> {
    if export.export_state != JobState::Done {
        return Err(Problem::new(Code::NotReady));
    }
    let head = keys::export(export.tenant, export.id);
    let place = keys::export_part_row(export.tenant, export.id, part);
    let platform = Policy::platform();
    let lens = Lens {
        now,
        policy: &platform,
    };
    let seal = fetched.data_key(&head, tenant_key)?;
    let seal = seal.ok_or_else(Problem::not_found)?;
    let mut again: Option<Fetched> = None;
    // Which file the part is, and which run wrote it; set once the download is counted.
    let mut counted = None;
    for _ in 0..RACES {
        let found = again.as_ref().unwrap_or(fetched);
        let row = found.get::<ExportPart>(&place, &Unsealed, lens)?;
        let mut row = row.ok_or_else(Problem::not_found)?;
        if row.downloads >= MOST {
            return Err(Problem::new(Code::DownloadsUsedUp));
        }
        row.downloads += 1;
        let written = (row.file.clone(), row.run);
        let mut transaction = Transaction::new(now);
        transaction.replace(&Stored::next(row, &platform), &Unsealed)?;
        transaction.check_there(head.clone());
        if let Some(line) = line.clone() {
            transaction.audit(line)?;
        }
        match app.store.commit(transaction).await {
            Ok(()) => {
                counted = Some(written);
                break;
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(_)) => {
                again = Some(app.store.batch(vec![place.clone()]).await?);
            }
        }
    }
    let Some((file, run)) = counted else {
        return Err(Problem::new(Code::Conflict));
    };
    let objects = app.store.objects();
    let name = keys::export_part(export.tenant, export.id, part, run);
    let copy = keys::linked_file(export.id, part);
    let flat = export.flat().filter(|_| part > 0);
    let (content_type, ending) = match (file, flat) {
        (Some(file), _) => (file.content_type.word(), file.content_type.ending()),
        (None, Some(ExportFormat::Csv)) => ("text/csv; charset=utf-8", "csv"),
        (None, Some(ExportFormat::Ndjson)) => ("application/x-ndjson", "ndjson"),
        (None, Some(ExportFormat::Json) | None) => ("application/json", "json"),
    };
    let kept = match part {
        0 => format!("{}-manifest.json", export.id),
        part => format!("{}-{part:06}.{ending}", export.id),
    };
    let link = objects.lend((&name, &seal), &copy, content_type, &kept);
    link.await?.ok_or_else(Problem::not_found)
}
