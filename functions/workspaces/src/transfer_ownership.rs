//! `POST /v1/workspaces/{workspace}/transfer-ownership`: an owner makes a colleague one, and becomes an
//! admin.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{MemberId, Permission, Policy, Role, WorkspaceId},
    http::{AccessToken, Code, Json, Path, Problem, Problems, Versioned},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        account::Seat,
        audit::Deed,
        keys,
        notice::{Notice, NoticeKind},
    },
};
use utoipa::ToSchema;

use crate::member::{self, Colleague, MemberView};

/// Who is to be the owner.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferOwnership {
    /// Another member.
    member_id: MemberId,
}

/// Transfer the ownership.
///
/// Takes a factor that was proved in the last ten minutes.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/transfer-ownership",
    operation_id = "transfer_ownership",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = TransferOwnership,
    responses((status = 200, description = "The new owner.", body = MemberView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<TransferOwnership>,
) -> Result<Versioned<MemberView>, Problem> {
    let actor = app
        .member(&token, workspace, Permission::WorkspaceOwn, Vec::new())
        .await?;
    actor.proved()?;
    let entry = &actor.entry;
    if body.member_id == actor.id {
        let detail = "another member of this workspace";
        return Err(Problem::invalid("#/member_id", "unknown_member", detail));
    }
    let mut found = member::colleagues(&app, entry, &[body.member_id]).await?;
    let other = found.pop().ok_or_else(Problem::not_found)?;
    let own = entry
        .open::<Seat>(&keys::seat(actor.account, workspace))?
        .ok_or_else(Problem::not_found)?;
    let raised = Seat {
        role: Role::Owner,
        ..other.seat
    };
    let lowered = Seat {
        role: Role::Admin,
        ..own
    };
    let raised = Stored::next(raised, &Policy::platform());
    let mut transaction = Transaction::new(entry.now);
    transaction.replace(&raised, &Unsealed)?;
    transaction.replace(&Stored::next(lowered, &Policy::platform()), &Unsealed)?;
    for (account, role) in [
        (raised.record().account, Role::Owner),
        (actor.account, Role::Admin),
    ] {
        let notice = Notice::new(account, NoticeKind::RoleChanged, entry.now);
        transaction.notify(notice.in_workspace(workspace).with_role(role))?;
    }
    let line = entry.line(actor.id, Deed::OwnershipTransferred);
    transaction.audit(line.about(body.member_id))?;
    match app.store.commit(transaction).await {
        Ok(()) => {
            let seat = raised.into_record();
            let rev = seat.rev;
            let view = MemberView::new(&Colleague { seat, ..other });
            Ok(Versioned { rev, view })
        }
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
