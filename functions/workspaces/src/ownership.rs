//! A workspace keeps an owner: whoever takes an ownership away names, in the same transaction,
//! another owner whose seat must not have changed. So of two owners who go at once, one is refused.

use shared::{
    app::App,
    domain::{MemberId, Role},
    http::{Code, Member, Problem, actor::Entry},
    store::{
        Transaction,
        account::Seat,
        keys,
        notice::{Notice, NoticeKind},
    },
};

use crate::member;

/// Whoever changes a role must be allowed to give the new one and to take the old one.
///
/// # Errors
/// 403 `forbidden`.
pub fn check_grant(actor: Role, old: Role, new: Role) -> Result<(), Problem> {
    if actor.may_grant(old) && actor.may_grant(new) {
        Ok(())
    } else {
        Err(Problem::new(Code::Forbidden))
    }
}

/// Lets `transaction` hold only while the workspace has an owner besides `target`.
///
/// # Errors
/// 409 `last_owner` when it has none.
pub async fn keep(
    transaction: &mut Transaction,
    app: &App,
    actor: &Member,
    target: MemberId,
) -> Result<(), Problem> {
    let witness = remaining_owner(app, actor, target).await?;
    let place = keys::seat(witness.account, actor.entry.workspace);
    transaction.check_unchanged(place, witness.rev);
    Ok(())
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

/// The owners of a workspace, oldest first: as many as one transaction has room to tell. A
/// workspace with more owners than that tells the oldest ones.
pub async fn owners(app: &App, entry: &Entry) -> Result<Vec<Seat>, Problem> {
    const PAGE: u16 = 50;
    const MOST_TOLD: usize = 50;
    let mut owners = Vec::new();
    let mut after = None;
    loop {
        let ids = member::ids(app, entry.workspace, after, PAGE).await?;
        let colleagues = member::colleagues(app, entry, &ids).await?;
        let seats = colleagues.into_iter().map(|colleague| colleague.seat);
        owners.extend(seats.filter(|seat| seat.role == Role::Owner));
        after = ids.last().copied();
        if owners.len() >= MOST_TOLD || ids.len() < usize::from(PAGE) {
            owners.truncate(MOST_TOLD);
            return Ok(owners);
        }
    }
}

/// Tells every owner of a workspace what `transaction` does.
pub async fn tell(
    transaction: &mut Transaction,
    app: &App,
    entry: &Entry,
    kind: NoticeKind,
) -> Result<(), Problem> {
    for owner in owners(app, entry).await? {
        let notice = Notice::new(owner.account, kind, entry.now);
        transaction.notify(notice.in_workspace(entry.workspace))?;
    }
    Ok(())
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
