//! `PATCH /v1/workspaces/{workspace}/members/{member}`: gives a member another name, another role, or
//! another view of the conversations.
//!
//! Everybody gives themselves a name; the rest is for those who manage members. Nobody gives or takes
//! a role above their own, and a workspace keeps an owner: see `ownership`.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{MemberId, Permission, Policy, Role, Visibility, WorkspaceId, text::Name},
    http::{AccessToken, Code, IfMatch, Json, Path, Problem, Problems, Versioned, json::given},
    store::{
        CommitError, DataKey, Stored, Transaction, Unsealed,
        account::Seat,
        audit::Deed,
        membership::Membership,
        notice::{Notice, NoticeKind},
    },
};
use utoipa::ToSchema;

use crate::{
    member::{self, Colleague, MemberView, check_name},
    ownership,
};

/// What to change of a member; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeMember {
    /// What colleagues and visitors call them: in profiles `inbox` and `calls` only.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = "Ada Lovelace")]
    name: Option<Name>,
    /// The new role.
    role: Option<Role>,
    /// Which conversations they see from now on.
    visibility: Option<Visibility>,
}

/// Change a member.
///
/// Everybody may change their own name.
#[utoipa::path(
    patch,
    path = "/v1/workspaces/{workspace}/members/{member}",
    operation_id = "change_member",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("member" = MemberId, Path, description = "The member."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    request_body = ChangeMember,
    responses((status = 200, description = "The member.", body = MemberView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, target)): Path<(WorkspaceId, MemberId)>,
    if_match: IfMatch,
    Json(body): Json<ChangeMember>,
) -> Result<Versioned<MemberView>, Problem> {
    let actor = app
        .member(&token, workspace, Permission::MembersRead, Vec::new())
        .await?;
    let entry = &actor.entry;
    entry.in_use()?;
    let own_name = actor.id == target && body.role.is_none() && body.visibility.is_none();
    if !own_name && !actor.role.may(Permission::MembersManage) {
        return Err(Problem::new(Code::Forbidden));
    }
    if body.name.is_some() {
        check_name(entry.policy.profile, body.name.as_ref(), "#/name")?;
    }
    let mut found = member::colleagues(&app, entry, &[target]).await?;
    let Colleague {
        mut membership,
        seat: old,
        key,
    } = found.pop().ok_or_else(Problem::not_found)?;
    let role = body.role.unwrap_or(old.role);
    let old_role = old.role;
    let visibility = body.visibility.or(old.visibility);
    if !own_name {
        ownership::check_grant(actor.role, old.role, role)?;
    }
    if_match.check(old.rev)?;
    let renamed = body.name.is_some() && body.name != membership.name;
    if (old.role, old.visibility) == (role, visibility) && !renamed {
        return Ok(reply(membership, old, key));
    }

    let mut transaction = Transaction::new(entry.now);
    if old.role == Role::Owner && role != Role::Owner {
        ownership::keep(&mut transaction, &app, &actor, target).await?;
    }
    if renamed {
        membership.name = body.name;
        let next = Stored::next(membership, &entry.policy);
        transaction.replace(&next, &key)?;
        membership = next.into_record();
    }
    if (old.role, old.visibility) != (role, visibility) {
        let line = entry.line(actor.id, Deed::MemberRoleChanged);
        transaction.audit(line.about(target))?;
    }
    // One version for both: that of the seat.
    let seen = (old.role, old.visibility) == (role, visibility);
    let seat = Seat {
        role,
        visibility,
        changed_at: if seen {
            old.changed_at
        } else {
            Some(entry.now)
        },
        ..old
    };
    let seat = Stored::next(seat, &Policy::platform());
    transaction.replace(&seat, &Unsealed)?;
    if old_role != role {
        let notice = Notice::new(seat.record().account, NoticeKind::RoleChanged, entry.now);
        transaction.notify(notice.in_workspace(workspace).with_role(role))?;
    }
    match app.store.commit(transaction).await {
        Ok(()) => Ok(reply(membership, seat.into_record(), key)),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}

fn reply(membership: Membership, seat: Seat, key: DataKey) -> Versioned<MemberView> {
    let rev = seat.rev;
    let view = MemberView::new(&Colleague {
        membership,
        seat,
        key,
    });
    Versioned { rev, view }
}
