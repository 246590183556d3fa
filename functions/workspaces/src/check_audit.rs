//! `GET /v1/workspaces/{workspace}/audit/chain`: whether the audit log is whole.
//!
//! The chain is gone over from its end to its beginning: each line must bear the hash of itself and
//! of the line before it, and the last one is the one that the end of the chain names. The beginning
//! may be missing only where it has lived its twelve months. Whoever notes `last_seq` and `last_hash`
//! now and then can tell later that nobody has written the whole log anew.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{Permission, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems, Query},
    store::{
        self, Unsealed,
        audit::{AuditEnd, AuditLine},
        keys,
        record::read_item,
    },
};
use utoipa::ToSchema;

use crate::audit::hexadecimal;

/// How many lines are read at once.
const READ: u16 = 1000;
/// How many reads one answer takes.
const MOST_READS: u32 = 10;

/// Where to begin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beginning {
    from_seq: Option<u64>,
}

/// Whether the audit log is whole.
#[derive(Serialize, ToSchema)]
pub struct ChainView {
    /// Whether nothing is missing and nothing was changed, as far as was looked.
    holds: bool,
    /// The newest line that is missing, or is not what was written.
    broken_at: Option<u64>,
    /// The number of the last line; none before the first.
    #[schema(example = 12)]
    last_seq: Option<u64>,
    /// The hash of the last line.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    last_hash: Option<String>,
    /// How many lines were gone over.
    #[schema(example = 12)]
    checked: u64,
    /// Where to go on, when there is more: for `from_seq`.
    #[schema(example = 1)]
    next_seq: Option<u64>,
    /// How many lines wait for their place; nothing shows of one that is lost meanwhile.
    #[schema(example = 0)]
    waiting: u64,
}

/// Check the audit log.
///
/// For owners and admins. Ten thousand lines at once; `next_seq` says where to go on.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/audit/chain",
    operation_id = "check_audit",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("from_seq" = Option<u64>, Query, description = "The newest line to look at; the last one, when absent."),
    ),
    responses((status = 200, description = "Whether it holds.", body = ChainView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(beginning): Query<Beginning>,
) -> Result<Json<ChainView>, Problem> {
    let at_end = keys::audit_end(workspace);
    let wanted = vec![at_end.clone()];
    let member = app
        .member(&token, workspace, Permission::AuditRead, wanted)
        .await?;
    let entry = &member.entry;
    let end = entry.open::<AuditEnd>(&at_end)?;
    let waiting = store::Query::partition(keys::audit(workspace))
        .between(keys::AUDIT_WAITING, format!("{}~", keys::AUDIT_WAITING));
    let waiting = app.store.count(waiting.limit(READ)).await?;
    let top = beginning.from_seq.unwrap_or(u64::MAX);
    let mut walk = Walk::new(end.as_ref(), beginning.from_seq);
    let mut next_seq = None;
    let mut high = keys::audit_sort(top.min(MOST_SEQ));
    for read in 0..MOST_READS {
        let lines = store::Query::partition(keys::audit(workspace))
            .between(keys::AUDIT_LINE, high.clone())
            .newest_first();
        let page = app.store.page(lines.limit(READ)).await?;
        for item in &page.items {
            if let Some(line) = read_item::<AuditLine>(item, &Unsealed, entry.lens())? {
                walk.step(line, |line| line.is_whole(&entry.tenant_key));
            }
        }
        let oldest = walk.oldest();
        match oldest.filter(|seq| page.more && *seq > 1) {
            Some(seq) if read + 1 < MOST_READS => high = keys::audit_sort(seq - 1),
            Some(seq) => next_seq = Some(seq),
            None => break,
        }
    }
    let complete = next_seq.is_none();
    if complete {
        walk.begin(waiting > 0, entry.now);
    }
    Ok(Json(ChainView {
        holds: walk.broken_at.is_none(),
        broken_at: walk.broken_at,
        last_seq: end.as_ref().map(|end| end.seq),
        last_hash: end.as_ref().map(|end| hexadecimal(&end.hash)),
        checked: walk.checked,
        next_seq,
        waiting,
    }))
}

/// The largest number that a line can have: twelve digits.
const MOST_SEQ: u64 = 999_999_999_999;

/// A walk from the end of a chain to its beginning.
struct Walk<'a> {
    end: Option<&'a AuditEnd>,
    from_seq: Option<u64>,
    newer: Option<AuditLine>,
    checked: u64,
    broken_at: Option<u64>,
}

impl<'a> Walk<'a> {
    const fn new(end: Option<&'a AuditEnd>, from_seq: Option<u64>) -> Self {
        Self {
            end,
            from_seq,
            newer: None,
            checked: 0,
            broken_at: None,
        }
    }

    fn oldest(&self) -> Option<u64> {
        self.newer.as_ref().map(|line| line.seq)
    }

    fn break_at(&mut self, seq: u64) {
        self.broken_at.get_or_insert(seq);
    }

    /// Goes on to the next older line that is there.
    fn step(&mut self, line: AuditLine, is_whole: impl Fn(&AuditLine) -> bool) {
        self.checked += 1;
        match (&self.newer, self.from_seq, self.end) {
            (Some(newer), _, _) if newer.follows(&line) => {}
            (Some(newer), _, _) => self.break_at(newer.seq.saturating_sub(1)),
            (None, Some(from), _) if from == line.seq => {}
            (None, Some(from), _) => self.break_at(from),
            (None, None, Some(end)) if (end.seq, end.hash) == (line.seq, line.hash) => {}
            (None, None, Some(end)) => self.break_at(end.seq),
            (None, None, None) => self.break_at(line.seq),
        }
        if !is_whole(&line) {
            self.break_at(line.seq);
        }
        self.newer = Some(line);
    }

    /// Ends with the oldest line that there is.
    fn begin(&mut self, waiting: bool, now: shared::domain::Timestamp) {
        match (&self.newer, self.end) {
            (Some(oldest), _) if oldest.may_be_first(now) => {}
            (Some(oldest), _) => self.break_at(oldest.seq.saturating_sub(1)),
            (None, Some(end)) if end.closes(None, now) => {}
            (None, Some(end)) => self.break_at(end.seq),
            // Making a workspace is its first act: whoever finds no line at all misses that one.
            (None, None) if waiting => {}
            (None, None) => self.break_at(1),
        }
    }
}
