//! How a member goes: removed by somebody who may, or by themselves.
//!
//! Seat and membership go in one transaction: the very next call is refused, and nobody assigns them
//! anything any more. With the membership goes the key that name and photo are sealed with. A job hands
//! over their conversations, and takes their read marks, drafts, uploads and places in
//! teams.
//!
//! What they set up for the team stays, and is told of: the keys of the API that they made go on
//! working, because a shop must not stop when a colleague leaves, and every owner is mailed to
//! replace them, because whoever made a key may have kept it. Their invitations are good for nothing
//! from now on, until a colleague sends them again.

use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{ApiKeyId, JobId, MemberId, Permission, Role},
    http::{Code, Member, Problem},
    store::{
        CommitError, RootRef, Stored, Transaction, Unsealed,
        audit::Deed,
        job::Job,
        keys,
        notice::{Notice, NoticeKind},
    },
};
use utoipa::ToSchema;

use crate::{api_key, member, ownership};

/// Who gets the conversations.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heir {
    reassign_to: Option<MemberId>,
}

/// Somebody has gone.
#[derive(Serialize, ToSchema)]
pub struct DepartureView {
    /// The job that hands over their conversations.
    job_id: JobId,
    /// The keys of the API that they made. They go on working; replace those that they may have
    /// kept.
    api_keys: Vec<ApiKeyId>,
}

/// Lets `target` go.
///
/// # Errors
/// 403 for a role above that of `actor`, 404 when there is no such member, 409 for the last owner,
/// 422 for an heir who cannot take care of conversations.
pub async fn depart(
    app: &App,
    actor: &Member,
    target: MemberId,
    heir: Heir,
) -> Result<DepartureView, Problem> {
    let entry = &actor.entry;
    let wanted: Vec<MemberId> = [Some(target), heir.reassign_to]
        .into_iter()
        .flatten()
        .collect();
    let mut found = member::colleagues(app, entry, &wanted).await?.into_iter();
    let colleague = found.next().filter(|one| one.membership.id == target);
    let colleague = colleague.ok_or_else(Problem::not_found)?;
    if actor.id != target {
        ownership::check_grant(actor.role, colleague.seat.role, colleague.seat.role)?;
    }
    if let Some(heir) = heir.reassign_to {
        let able = found.next().filter(|one| {
            let may = one.seat.role.may(Permission::ConversationsWrite);
            one.membership.id == heir && heir != target && may
        });
        able.ok_or_else(|| {
            let detail = "another member who may write in conversations";
            Problem::invalid("?reassign_to", "unknown_member", detail)
        })?;
    }

    let (workspace, seat) = (entry.workspace, &colleague.seat);
    let there = api_key::all(app, entry, workspace).await?;
    let theirs = there
        .iter()
        .filter(|key| key.made_by == target && key.is_good(entry.now));
    let api_keys: Vec<ApiKeyId> = theirs.map(|key| key.id).collect();
    let mut transaction = Transaction::new(entry.now);
    if seat.role == Role::Owner {
        ownership::keep(&mut transaction, app, actor, target).await?;
    }
    let head = keys::membership(workspace, target);
    transaction.consume_version(keys::seat(seat.account, workspace), seat.rev);
    transaction.remove(keys::data_key(&RootRef::of(&head)));
    transaction.remove(keys::availability(workspace, target));
    if let Some(photo) = colleague.membership.photo {
        transaction.remove(keys::photo(workspace, target, photo));
    }
    transaction.consume(head);
    let job = Job::handover(workspace, target, heir.reassign_to, entry.now);
    transaction.create(&Stored::new(job.clone(), &entry.policy), &Unsealed)?;
    transaction.create(&Stored::new(job.opened(), &entry.policy), &Unsealed)?;
    let notice = Notice::new(seat.account, NoticeKind::MembershipEnded, entry.now);
    transaction.notify(notice.in_workspace(workspace))?;
    if !api_keys.is_empty() {
        let owners = ownership::owners(app, entry).await?;
        for owner in owners.iter().filter(|owner| owner.member != target) {
            let notice = Notice::new(owner.account, NoticeKind::ApiKeysLeft, entry.now);
            transaction.notify(notice.in_workspace(workspace))?;
        }
    }
    let act = match actor.id == target {
        true => Deed::MemberLeft,
        false => Deed::MemberRemoved,
    };
    transaction.audit(entry.line(actor.id, act).about(target).begun())?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(DepartureView {
            job_id: job.id,
            api_keys,
        }),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
