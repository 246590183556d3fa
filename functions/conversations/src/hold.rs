//! `PUT /v1/workspaces/{workspace}/conversations/{conversation}/hold`: keeps a conversation from
//! expiring until a date.
//!
//! Holds at once on reads. What had expired before stays expired. A job moves the stored ends of
//! the content behind the date, those that end first before the others.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{
        ConversationId, JobId, MemberId, Permission, Timestamp, WorkspaceId,
        retention::CONVERSATION_DAYS, text::Text, time::DAY,
    },
    http::{AccessToken, Code, Json, Member, Path, Problem, Problems},
    store::{
        CommitError, RootRef, Stored, Transaction, Unsealed,
        audit::Deed,
        conversation::Conversation,
        hold::HoldNote,
        job::{Job, JobKind},
        keys,
        record::read_item,
        subject::State as Liveness,
    },
};
use utoipa::ToSchema;

use crate::view;

/// How often a change of the head is tried against other writers.
const ATTEMPTS: u32 = 6;

/// Why, and until when.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceHold {
    /// Why; sealed, and shown to owners and admins.
    #[schema(example = "Complaint 17 is being looked into")]
    reason: Text,
    /// Until when at the longest: at most ten years from now.
    #[schema(example = "2026-12-31T00:00:00.000Z")]
    until: Timestamp,
}

/// A hold.
#[derive(Serialize, ToSchema)]
pub struct HoldView {
    /// Why.
    #[schema(example = "Complaint 17 is being looked into")]
    reason: String,
    /// Who put it on hold, or changed the hold last.
    member_id: MemberId,
    /// Since when it has not been expiring.
    since: Timestamp,
    /// Until when at the longest.
    until: Timestamp,
    /// The job that moves the stored ends. Reads are right without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<JobId>,
}

impl HoldView {
    /// The view of a hold, if the conversation is on hold now.
    pub fn new(
        head: &Conversation,
        note: &HoldNote,
        now: Timestamp,
        job_id: Option<JobId>,
    ) -> Option<Self> {
        let hold = head.hold_at(now)?;
        Some(Self {
            reason: note.reason.reveal().to_owned(),
            member_id: note.member,
            since: hold.since,
            until: hold.until,
            job_id,
        })
    }
}

/// Put a conversation on hold.
///
/// It does not expire until the date, whatever the retention. What had expired before stays so.
#[utoipa::path(
    put,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/hold",
    operation_id = "hold_conversation",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    request_body = PlaceHold,
    responses((status = 200, description = "On hold.", body = HoldView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, conversation)): Path<(WorkspaceId, ConversationId)>,
    Json(body): Json<PlaceHold>,
) -> Result<Json<HoldView>, Problem> {
    let at_head = keys::conversation(workspace, conversation);
    let wanted = vec![at_head.clone(), keys::data_key(&RootRef::of(&at_head))];
    let member = app
        .member(&token, workspace, Permission::ConversationsHold, wanted)
        .await?;
    let entry = &member.entry;
    let PlaceHold { reason, until } = body;
    check_end(until, entry.now)?;
    let head = view::seen(entry, &member.sight, conversation)?;
    let key = entry.data_key(&at_head)?.ok_or_else(Problem::not_found)?;
    let note = HoldNote {
        workspace,
        conversation,
        reason,
        member: member.id,
        placed_at: entry.now,
    };
    let job = Job::new(workspace, JobKind::Hold, Some(conversation), entry.now);
    let head = change(&app, &member, head, &job, |head, transaction| {
        head.hold(until, entry.lens());
        transaction.overwrite(&Stored::new(note.clone(), &entry.policy), &key)?;
        let line = entry.line(member.id, Deed::HoldPlaced);
        transaction.audit(line.about(conversation))?;
        Ok(())
    })
    .await?;
    let view = HoldView::new(&head, &note, entry.now, Some(job.id));
    view.map(Json)
        .ok_or_else(|| Problem::internal("a hold that was not written"))
}

/// Refuses an end that has passed, or is further away than any retention.
fn check_end(until: Timestamp, now: Timestamp) -> Result<(), Problem> {
    let most = now.plus(DAY * *CONVERSATION_DAYS.end());
    if until > now && until <= most {
        return Ok(());
    }
    Err(Problem::invalid(
        "#/until",
        "out_of_range",
        &format!("after now, and not after {most}"),
    ))
}

/// Writes a change of the hold together with the job that follows it up; a lost race tries again
/// on what the winner left. The head as it stands now.
pub async fn change(
    app: &App,
    member: &Member,
    mut head: Conversation,
    job: &Job,
    change: impl Fn(&mut Conversation, &mut Transaction) -> Result<(), Problem>,
) -> Result<Conversation, Problem> {
    let entry = &member.entry;
    for _ in 0..ATTEMPTS {
        let mut transaction = Transaction::new(entry.now);
        change(&mut head, &mut transaction)?;
        head.touch(entry.now);
        let next = Stored::next(head, &entry.policy);
        let slot = transaction.replace(&next, &Unsealed)?;
        transaction.create(&Stored::new(job.clone(), &entry.policy), &Unsealed)?;
        transaction.create(&Stored::new(job.opened(), &entry.policy), &Unsealed)?;
        let refusal = match app.store.commit(transaction).await {
            Ok(()) => return Ok(next.into_record()),
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(refusal)) => refusal,
        };
        let found = refusal.found(slot).ok_or_else(Problem::not_found)?;
        head = read_item::<Conversation>(found, &Unsealed, entry.lens())?
            .filter(|head| head.state == Liveness::Live)
            .ok_or_else(Problem::not_found)?;
    }
    Err(Problem::new(Code::Unavailable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_ends_after_now_and_within_ten_years() {
        let now = Timestamp::from_ms(1_768_478_400_000);
        let ends = |ms: i64| check_end(Timestamp::from_ms(now.ms() + ms), now).is_ok();
        let ten_years = 3650 * 86_400_000;
        assert!(ends(1) && ends(ten_years));
        assert!(!ends(0) && !ends(-1) && !ends(ten_years + 1));
    }
}
