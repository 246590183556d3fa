//! `PATCH /v1/workspaces/{workspace}/members/{member}`: gives a member another role, or another
//! view of the conversations.
//!
//! Nobody gives or takes a role above their own, and a workspace keeps an owner: whoever takes an
//! ownership away names, in the same transaction, another owner whose seat must not have changed.
//! So of two owners who demote each other at once, one is refused.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{MemberId, Permission, Policy, Role, Visibility, WorkspaceId},
    http::{
        AccessToken, Code, IfMatch, Json, Member, Path, Problem, Problems, Versioned, actor::Entry,
    },
    store::{CommitError, Stored, Transaction, Unsealed, account::Seat, keys},
};
use utoipa::ToSchema;

use crate::member::{self, Colleague, MemberView};

/// What to change of a member.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRole {
    /// The new role.
    role: Option<Role>,
    /// Which conversations they see from now on.
    visibility: Option<Visibility>,
}

/// Change a member's role or visibility.
#[utoipa::path(
    patch,
    path = "/v1/workspaces/{workspace}/members/{member}",
    operation_id = "change_member_role",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("member" = MemberId, Path, description = "The member."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    request_body = ChangeRole,
    responses((status = 200, description = "The member.", body = MemberView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, target)): Path<(WorkspaceId, MemberId)>,
    if_match: IfMatch,
    Json(body): Json<ChangeRole>,
) -> Result<Versioned<MemberView>, Problem> {
    let actor = app
        .member(&token, workspace, Permission::MembersManage, Vec::new())
        .await?;
    let entry = &actor.entry;
    let mut found = member::colleagues(&app, entry, &[target]).await?;
    let mut colleague = found.pop().ok_or_else(Problem::not_found)?;
    let old = &colleague.seat;
    let role = body.role.unwrap_or(old.role);
    let visibility = body.visibility.or(old.visibility);
    check_grant(actor.role, old.role, role)?;
    if_match.check(old.rev)?;
    if (old.role, old.visibility) == (role, visibility) {
        return Ok(reply(&colleague));
    }

    let mut transaction = Transaction::new(entry.now);
    if old.role == Role::Owner && role != Role::Owner {
        let witness = remaining_owner(&app, &actor, target).await?;
        let place = keys::seat(witness.account, workspace);
        transaction.check_unchanged(place, witness.rev);
    }
    let changed = Seat {
        role,
        visibility,
        ..colleague.seat
    };
    let changed = Stored::next(changed, &Policy::platform());
    transaction.replace(&changed, &Unsealed)?;
    match app.store.commit(transaction).await {
        Ok(()) => {
            colleague.seat = changed.into_record();
            Ok(reply(&colleague))
        }
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}

fn reply(colleague: &Colleague) -> Versioned<MemberView> {
    Versioned {
        rev: colleague.seat.rev,
        view: MemberView::new(colleague),
    }
}

/// Whoever changes a role must be allowed to give the new one and to take the old one.
fn check_grant(actor: Role, old: Role, new: Role) -> Result<(), Problem> {
    if actor.may_grant(old) && actor.may_grant(new) {
        Ok(())
    } else {
        Err(Problem::new(Code::Forbidden))
    }
}

/// An owner other than `target`: whoever demotes a colleague is one, and whoever steps down
/// themselves must find one.
async fn remaining_owner(app: &App, actor: &Member, target: MemberId) -> Result<Seat, Problem> {
    let own = keys::seat(actor.account, actor.entry.workspace);
    let found = if actor.id == target {
        find_owner(app, &actor.entry, target).await?
    } else {
        actor
            .entry
            .open::<Seat>(&own)?
            .filter(|seat| seat.role == Role::Owner)
    };
    found.ok_or_else(|| Problem::new(Code::LastOwner))
}

/// Searches the members for an owner other than `target`. The list index may lag behind, which
/// can only hide somebody: the seats themselves are read strongly.
async fn find_owner(app: &App, entry: &Entry, target: MemberId) -> Result<Option<Seat>, Problem> {
    const PAGE: u16 = 50;
    let mut after = None;
    loop {
        let ids = member::ids(app, entry.workspace, after, PAGE).await?;
        let colleagues = member::colleagues(app, entry, &ids).await?;
        let mut seats = colleagues.into_iter().map(|colleague| colleague.seat);
        let owner = seats.find(|seat| seat.role == Role::Owner && seat.member != target);
        after = ids.last().copied();
        if owner.is_some() || ids.len() < usize::from(PAGE) {
            return Ok(owner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_owners_give_or_take_ownership() {
        for actor in Role::ALL {
            for other in Role::ALL {
                let up = check_grant(*actor, *other, Role::Owner).is_ok();
                let down = check_grant(*actor, Role::Owner, *other).is_ok();
                assert_eq!(
                    up,
                    *actor == Role::Owner,
                    "{actor:?} gives ownership to {other:?}"
                );
                assert_eq!(
                    down,
                    *actor == Role::Owner,
                    "{actor:?} takes it for {other:?}"
                );
            }
        }
        assert!(check_grant(Role::Admin, Role::Agent, Role::Admin).is_ok());
        assert!(check_grant(Role::Agent, Role::Agent, Role::Viewer).is_err());
    }
}
