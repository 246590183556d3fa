//! `PATCH /v1/workspaces/{workspace}/retention`: keeps conversations for another number of days.
//!
//! Shorter holds with the next read, for everything; a job then brings the stored ends forward, so
//! that TTL deletes in time as well. Longer holds only for what comes after the change: a visitor
//! who wrote under thirty days was promised thirty days. `?preview=true` changes nothing and counts
//! what would be gone.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId, policy::MOST_STEPS, retention::CONVERSATION_DAYS},
    http::{AccessToken, Code, IfMatch, Json, Path, Problem, Problems, Query, Versioned},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        audit::Deed,
        job::{Job, JobKind},
        keys,
    },
};
use utoipa::ToSchema;

use crate::retention::{self, RetentionView};

/// What to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRetention {
    /// Days that a message, and a thread after its last activity, is kept.
    #[schema(example = 90, minimum = 1, maximum = 3650)]
    conversation_days: u32,
}

/// Whether to change at all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whether {
    #[serde(default)]
    preview: bool,
}

/// Change the retention.
///
/// Shorter holds at once and for everything, longer only for what comes after the change.
#[utoipa::path(
    patch,
    path = "/v1/workspaces/{workspace}/retention",
    operation_id = "change_retention",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("preview" = Option<bool>, Query, description = "Count what would be gone, and change nothing."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the retention that was read. Without it: 428."),
    ),
    request_body = ChangeRetention,
    responses((status = 200, description = "The retention.", body = RetentionView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(whether): Query<Whether>,
    if_match: IfMatch,
    Json(body): Json<ChangeRetention>,
) -> Result<Versioned<RetentionView>, Problem> {
    let wanted = vec![keys::policy(workspace)];
    let member = app
        .member(&token, workspace, Permission::RetentionManage, wanted)
        .await?;
    let entry = &member.entry;
    if_match.required()?;
    let days = within(body.conversation_days)?;
    let row = retention::row(entry)?;
    if_match.check(row.rev)?;
    let next = entry.policy.with_days(days, entry.now).map_err(|_| {
        let most = format!(
            "{MOST_STEPS} lengthenings still hold for older content; wait, or choose fewer days"
        );
        Problem::invalid("#/conversation_days", "too_many_changes", &most)
    })?;
    if whether.preview {
        let preview = retention::preview(&app, entry, &next).await?;
        let (rev, row) = (row.rev, row.with_retention(&next, entry.now));
        return Ok(Versioned {
            rev,
            view: RetentionView::new(&row, None, Some(preview)),
        });
    }
    if days == row.conversation_days {
        return Ok(Versioned {
            rev: row.rev,
            view: RetentionView::new(&row, None, None),
        });
    }

    let mut transaction = Transaction::new(entry.now);
    let shorter = days < row.conversation_days;
    let stored = Stored::next(row.with_retention(&next, entry.now), &next);
    transaction.replace(&stored, &Unsealed)?;
    let line = entry.line(member.id, Deed::RetentionChanged);
    transaction.audit(if shorter { line.begun() } else { line })?;
    let job = Job::new(workspace, JobKind::Restamp, None, entry.now);
    if shorter {
        transaction.create(&Stored::new(job.clone(), &next), &Unsealed)?;
        transaction.create(&Stored::new(job.opened(), &next), &Unsealed)?;
    }
    match app.store.commit(transaction).await {
        Ok(()) => {
            let row = stored.record();
            let view = RetentionView::new(row, shorter.then_some(job.id), None);
            Ok(Versioned { rev: row.rev, view })
        }
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}

/// The number, if a workspace may choose it.
fn within(days: u32) -> Result<u32, Problem> {
    if CONVERSATION_DAYS.contains(&days) {
        return Ok(days);
    }
    let detail = format!(
        "from {} to {}",
        CONVERSATION_DAYS.start(),
        CONVERSATION_DAYS.end()
    );
    Err(Problem::invalid(
        "#/conversation_days",
        "out_of_range",
        &detail,
    ))
}

#[cfg(test)]
mod tests {
    use shared::http::json::parse;

    use super::*;

    #[test]
    fn days_are_a_number_from_1_to_3650() {
        let read = |text: &str| {
            parse::<ChangeRetention>(text.as_bytes())
                .and_then(|body| within(body.conversation_days))
        };
        for good in ["1", "90", "3650"] {
            assert!(
                read(&format!(r#"{{"conversation_days":{good}}}"#)).is_ok(),
                "{good}"
            );
        }
        for bad in ["0", "3651", "-1", "1.5", "\"90\"", "null", "4294967296"] {
            assert!(
                read(&format!(r#"{{"conversation_days":{bad}}}"#)).is_err(),
                "{bad}"
            );
        }
        assert!(read("{}").is_err() && read(r#"{"conversation_days":90,"x":1}"#).is_err());
    }
}
