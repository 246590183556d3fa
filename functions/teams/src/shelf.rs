//! Where prepared answers lie: with the workspace, or with a member.

use shared::{
    app::App,
    domain::{MemberId, Permission, WorkspaceId},
    http::{Code, Member, Problem},
    store::{
        self, Record, Unsealed, keys,
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
