//! `PUT /v1/workspaces/{workspace}/business-hours`: sets when the team works.
//!
//! The hours are one document. With `If-Match` nobody overwrites what they have not seen; without
//! hours the version is 0.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        Permission, WorkspaceId,
        day::Day,
        hours::{BadHours, ExceptionalDay, OpenSpan, WeeklySpan, Zone},
        policy::Module,
        text::Fault,
    },
    http::{AccessToken, Code, IfMatch, Json, Path, Problem, Problems, Versioned},
    store::{CommitError, Stored, Transaction, Unsealed, audit::Deed, hours::BusinessHours, keys},
};
use utoipa::ToSchema;

use crate::hours::{self, HoursView, SpanBody, WeeklySpanView};

/// When the team works.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetHours {
    /// By the clock of which zone.
    time_zone: Zone,
    /// Every week: at most 70 spans, on no day two that share a minute.
    weekly: Vec<WeeklySpanView>,
    /// On dates that differ from their weekday: at most 200.
    #[serde(default)]
    exceptions: Vec<ExceptionBody>,
}

/// A date that differs from its weekday.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionBody {
    /// Which.
    date: Day,
    /// When it is open: at most ten spans; nothing, where it is closed.
    spans: Vec<SpanBody>,
}

/// Set the business hours.
#[utoipa::path(
    put,
    path = "/v1/workspaces/{workspace}/business-hours",
    operation_id = "set_business_hours",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change; `\"0\"` while none are set."),
    ),
    request_body = SetHours,
    responses((status = 200, description = "The hours.", body = HoursView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    if_match: IfMatch,
    Json(body): Json<SetHours>,
) -> Result<Versioned<HoursView>, Problem> {
    let wanted = vec![keys::business_hours(workspace)];
    let member = app
        .member(&token, workspace, Permission::WorkspaceManage, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let old = hours::of(entry)?;
    let next = checked(body, old.as_ref(), workspace, entry.now)?;
    let reply = |hours: BusinessHours| {
        Ok(Versioned {
            rev: hours.rev,
            view: HoursView::new(Some(&hours), entry.now)?,
        })
    };
    if let Some(old) = &old
        && (&old.zone, &old.weekly, &old.exceptions) == (&next.zone, &next.weekly, &next.exceptions)
    {
        return reply(next);
    }
    if_match.check(old.as_ref().map_or(0, |hours| hours.rev))?;
    let mut transaction = Transaction::new(entry.now);
    let stored = match old {
        Some(_) => {
            let stored = Stored::next(next, &entry.policy);
            transaction.replace(&stored, &Unsealed)?;
            stored
        }
        None => {
            let stored = Stored::new(next, &entry.policy);
            transaction.create(&stored, &Unsealed)?;
            stored
        }
    };
    transaction.audit(entry.line(member.id, Deed::SettingsChanged))?;
    match app.store.commit(transaction).await {
        Ok(()) => reply(stored.into_record()),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}

/// The hours of a request, as the next version of those there are.
fn checked(
    body: SetHours,
    old: Option<&BusinessHours>,
    workspace: WorkspaceId,
    now: shared::domain::Timestamp,
) -> Result<BusinessHours, Problem> {
    let SetHours {
        time_zone,
        weekly,
        exceptions,
    } = body;
    let refused =
        |pointer: &str, fault: &Fault| Problem::invalid(pointer, &fault.code, &fault.detail);
    let mut week = Vec::with_capacity(weekly.len());
    for (n, WeeklySpanView { day, from, to }) in weekly.into_iter().enumerate() {
        let span = OpenSpan::new(from, to);
        let span = span.map_err(|fault| refused(&format!("#/weekly/{n}/to"), &fault))?;
        week.push(WeeklySpan { day, span });
    }
    let mut dates = Vec::with_capacity(exceptions.len());
    for (n, ExceptionBody { date, spans }) in exceptions.into_iter().enumerate() {
        let spans = spans.into_iter().enumerate().map(|(m, body)| {
            let pointer = format!("#/exceptions/{n}/spans/{m}/to");
            OpenSpan::new(body.from, body.to).map_err(|fault| refused(&pointer, &fault))
        });
        dates.push(ExceptionalDay {
            date,
            spans: spans.collect::<Result<_, _>>()?,
        });
    }
    let hours = BusinessHours {
        workspace,
        zone: time_zone,
        weekly: week,
        exceptions: dates,
        created_at: old.map_or(now, |old| old.created_at),
        rev: old.map_or(1, |old| old.rev),
    };
    match hours.hours() {
        Ok(_) => Ok(hours),
        Err(BadHours::Weekly(fault)) => Err(refused("#/weekly", &fault)),
        Err(BadHours::Exceptions(fault)) => Err(refused("#/exceptions", &fault)),
    }
}
