//! `POST /v1/operator/workspaces/{workspace}/break-glass`: an operator enters a workspace, to read, for
//! some hours.
//!
//! Its owners are told by mail at once and see why and until when; each conversation that is read
//! leaves a line in the audit log. They or the operator end it before its time; when its time has
//! come every read is refused, and the minute takes the seat away.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{BreakGlassId, MemberId, Policy, Timestamp, WorkspaceId},
    http::{AccessToken, Code, Json, Path, Problem, Problems},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        account::Seat,
        audit::Deed,
        break_glass::{BreakGlass, BreakGlassReason, MOST_HOURS},
        keys,
        notice::NoticeKind,
        operator::OperatorAct,
    },
};
use utoipa::ToSchema;

use crate::{access, workspace::tell_owners};

/// Why, and for how long.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenBreakGlass {
    /// The reason; a closed word, so that it says nothing about anybody.
    reason: BreakGlassReason,
    /// The number of the case in your own books, where more is written about it.
    #[schema(example = 4711)]
    case_number: Option<u64>,
    /// For how many hours at the longest: 1 to 8.
    #[schema(minimum = 1, maximum = 8, example = 2)]
    hours: u32,
}

/// An operator in a workspace.
#[derive(Serialize, ToSchema)]
pub struct OpenedBreakGlass {
    /// Its id.
    id: BreakGlassId,
    /// Where.
    workspace_id: WorkspaceId,
    /// As which member.
    member_id: MemberId,
    /// Why.
    reason: BreakGlassReason,
    /// The case.
    #[schema(example = 4711)]
    case_number: Option<u64>,
    /// From when.
    opened_at: Timestamp,
    /// Until when at the longest.
    ends_at: Timestamp,
}

/// Enter a workspace.
///
/// For the operator of the deployment. Takes a factor that was proved in the last ten minutes. You
/// read as a viewer does, with names and addresses masked; its owners are told.
#[utoipa::path(
    post,
    path = "/v1/operator/workspaces/{workspace}/break-glass",
    operation_id = "open_break_glass",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = OpenBreakGlass,
    responses((status = 201, description = "You are in.", body = OpenedBreakGlass), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<OpenBreakGlass>,
) -> Result<(StatusCode, Json<OpenedBreakGlass>), Problem> {
    let at_seat = keys::seat(token.account(), workspace);
    let wanted = vec![at_seat.clone()];
    let (operator, row) = access::workspace(&app, &token, workspace, wanted).await?;
    operator.proved()?;
    let now = operator.now;
    if !(1..=MOST_HOURS).contains(&body.hours) {
        let detail = format!("from 1 to {MOST_HOURS}");
        return Err(Problem::invalid("#/hours", "out_of_range", &detail));
    }
    let mut transaction = Transaction::new(now);
    match operator.open::<Seat>(&at_seat)? {
        None => {}
        // One that is over and that the minute has not come to.
        Some(seat) if seat.break_glass.is_some() && !seat.is_good(now) => {
            return Err(Problem::new(Code::Unavailable));
        }
        Some(_) => return Err(Problem::new(Code::AlreadyMember)),
    }
    let entry = BreakGlass {
        id: BreakGlassId::new(now),
        workspace,
        operator: operator.account,
        member: MemberId::new(now),
        reason: body.reason,
        case_number: body.case_number,
        opened_at: now,
        ends_at: BreakGlass::ends(now, body.hours),
        ended_at: None,
        rev: 1,
    };
    transaction.create(&Stored::new(entry.clone(), &row.policy()), &Unsealed)?;
    transaction.create(&Stored::new(entry.seat(), &Policy::platform()), &Unsealed)?;
    transaction.check_live(keys::policy(workspace));
    transaction.audit(operator.line(workspace, Deed::BreakGlassOpened))?;
    let deed = operator.deed(OperatorAct::BreakGlassOpened);
    transaction.deed(deed.in_workspace(workspace))?;
    let notice = NoticeKind::BreakGlass;
    tell_owners(&app, &mut transaction, &operator, workspace, notice).await?;
    match app.store.commit(transaction).await {
        Ok(()) => {
            let view = OpenedBreakGlass {
                id: entry.id,
                workspace_id: workspace,
                member_id: entry.member,
                reason: entry.reason,
                case_number: entry.case_number,
                opened_at: entry.opened_at,
                ends_at: entry.ends_at,
            };
            Ok((StatusCode::CREATED, Json(view)))
        }
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
