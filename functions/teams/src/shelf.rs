//! Where prepared answers lie: with the workspace, or with a member.

use std::{fmt::Display, str::FromStr};

use axum::http::StatusCode;
use shared::{
    app::App,
    domain::{MemberId, Permission, WorkspaceId},
    http::{Code, IdempotencyKey, Member, Problem, idempotent::Ask},
    store::{
        self, CommitError, Key, Record, Stored, Transaction, Unsealed, keys,
        record::read_item,
        shelf::{KeptFor, MOST_KEPT},
    },
};

/// Whose it will be that a member makes: their own, or the workspace's, if they run it.
///
/// # Errors
/// 403 when they do not.
pub fn owner(member: &Member, kept_for: KeptFor) -> Result<Option<MemberId>, Problem> {
    match kept_for {
        KeptFor::Me => Ok(Some(member.id)),
        KeptFor::Workspace => may_change(member, None).map(|()| None),
    }
}

/// Whether a member may change or remove what is `owner`'s: the own, and the workspace's, if they run it.
///
/// # Errors
/// 403 when they may not.
pub fn may_change(member: &Member, owner: Option<MemberId>) -> Result<(), Problem> {
    match owner.is_some() || member.role.may(Permission::MembersManage) {
        true => Ok(()),
        false => Err(Problem::new(Code::Forbidden)),
    }
}

fn list(workspace: WorkspaceId, owner: Option<MemberId>, kind: &str) -> store::Query {
    store::Query::partition(keys::shelf(workspace, owner)).between(kind, format!("{kind}~"))
}

/// Refuses one more where as many are kept as fit. One query.
///
/// # Errors
/// 422 when there is no room.
pub async fn check_room(
    app: &App,
    workspace: WorkspaceId,
    owner: Option<MemberId>,
    kind: &str,
) -> Result<(), Problem> {
    let kept = list(workspace, owner, kind).limit(MOST_KEPT);
    if app.store.count(kept).await? < u64::from(MOST_KEPT) {
        return Ok(());
    }
    let detail = "at most 200 are kept";
    Err(Problem::invalid("#", "too_many", detail))
}

/// Keeps one more, as long as its member is there; the same request again finds what it kept the first
/// time. One transaction, and one read when it is a repeated one.
///
/// # Errors
/// 409 when the member has gone meanwhile, 404 when what was kept has been removed since, 422 when the key
/// was used for something else.
pub async fn keep<R: Record<Seal = Unsealed>, I: Copy + Display + FromStr>(
    app: &App,
    member: &Member,
    (id, kept): (I, R),
    (idempotency, ask): (&IdempotencyKey, Ask<'_>),
    place: impl FnOnce(I) -> Key,
) -> Result<(StatusCode, R), Problem> {
    let entry = &member.entry;
    let stored = Stored::new(kept, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.create(&stored, &Unsealed)?;
    transaction.check_live(keys::membership(entry.workspace, member.id));
    let slot = idempotency.remember(&mut transaction, ask, id)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok((StatusCode::CREATED, stored.into_record())),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(refusal)) => {
            let before = IdempotencyKey::replayed::<I>(&refusal, slot, ask)?;
            let place = place(before.ok_or_else(|| Problem::new(Code::Conflict))?);
            let fetched = app.store.batch(vec![place.clone()]).await?;
            let kept = fetched.get::<R>(&place, &Unsealed, entry.lens())?;
            Ok((StatusCode::OK, kept.ok_or_else(Problem::not_found)?))
        }
    }
}

/// What lies there for a member: the workspace's, then their own, each in the order they were made. Two
/// queries at once.
///
/// # Errors
/// When storage fails.
pub async fn all<R: Record<Seal = Unsealed>>(
    app: &App,
    member: &Member,
    kind: &str,
) -> Result<Vec<R>, Problem> {
    // A few more than there should be: two may be made at one moment.
    let of = |owner| {
        let list = list(member.entry.workspace, owner, kind);
        app.store.query(list.limit(2 * MOST_KEPT))
    };
    let (shared, own) = tokio::try_join!(of(None), of(Some(member.id)))?;
    let mut found = Vec::with_capacity(shared.len() + own.len());
    for item in shared.iter().chain(&own) {
        found.extend(read_item::<R>(item, &Unsealed, member.entry.lens())?);
    }
    Ok(found)
}

/// One that lies there for a member: the workspace's or their own. One round trip.
///
/// # Errors
/// 404 without it: what is a colleague's own is not there.
pub async fn one<R: Record<Seal = Unsealed>>(
    app: &App,
    member: &Member,
    place: impl Fn(Option<MemberId>) -> store::Key,
) -> Result<R, Problem> {
    let places = [place(None), place(Some(member.id))];
    let fetched = app.store.batch(places.to_vec()).await?;
    for place in &places {
        if let Some(found) = fetched.get::<R>(place, &Unsealed, member.entry.lens())? {
            return Ok(found);
        }
    }
    Err(Problem::not_found())
}
