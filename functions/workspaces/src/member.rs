//! A member: how one joins, and how colleagues see one another.

use serde::Serialize;
use shared::{
    app::App,
    domain::{
        AttachmentId, MemberId, Profile, Role, Timestamp, Visibility, WorkspaceId,
        policy::NameRule, text::Name,
    },
    http::{Problem, actor::Entry},
    store::{
        DataKey, Query, RootRef, Unsealed, account::Seat, keys, membership::Membership,
        subject::State,
    },
};
use utoipa::ToSchema;

/// A member of a workspace.
#[derive(Serialize, ToSchema)]
pub struct MemberView {
    /// The member's id.
    id: MemberId,
    /// What colleagues and visitors call them; never there in profile `flows`.
    #[schema(example = "Ada Lovelace")]
    name: Option<String>,
    /// The id of their photo, another one for every photo; null where there is none.
    photo: Option<AttachmentId>,
    /// What they may do.
    role: Role,
    /// Which conversations they see.
    visibility: Visibility,
    /// Since when.
    joined_at: Timestamp,
    /// Counts changes.
    #[schema(example = 1)]
    rev: u64,
}

/// A member with their seat, which is where the role stands.
#[derive(Debug)]
pub struct Colleague {
    /// Who.
    pub membership: Membership,
    /// As what.
    pub seat: Seat,
    /// What their name is sealed with.
    pub key: DataKey,
}

impl MemberView {
    /// The view of a member.
    pub fn new(colleague: &Colleague) -> Self {
        let Colleague {
            membership, seat, ..
        } = colleague;
        Self {
            id: membership.id,
            name: membership
                .name
                .as_ref()
                .map(|name| name.reveal().to_owned()),
            photo: membership.photo,
            role: seat.role,
            visibility: seat.visibility.unwrap_or(Visibility::All),
            joined_at: membership.created_at,
            rev: seat.rev,
        }
    }
}

/// Refuses a name where the profile forbids one, and its absence where it asks for one.
///
/// # Errors
/// 422 at `pointer`: `required` (CALL-09, CHAT-02) or `forbidden` (FLOW-02).
pub fn check_name(profile: Profile, name: Option<&Name>, pointer: &str) -> Result<(), Problem> {
    match (profile.member_name(), name) {
        (NameRule::Required, None) => Err(Problem::invalid(
            pointer,
            "required",
            "members have a name in this profile",
        )),
        (NameRule::Forbidden, Some(_)) => Err(Problem::invalid(
            pointer,
            "forbidden",
            "members have no name in this profile",
        )),
        _ => Ok(()),
    }
}

/// How many members fit one batch read: head and key of each.
const MEMBERS_PER_BATCH: usize = 50;

/// The members with these ids, in that order, without those who are gone.
///
/// Two batch reads for every 50: the seat's place is known only from the membership.
pub async fn colleagues(
    app: &App,
    entry: &Entry,
    members: &[MemberId],
) -> Result<Vec<Colleague>, Problem> {
    let mut found = Vec::with_capacity(members.len());
    for members in members.chunks(MEMBERS_PER_BATCH) {
        let heads = members
            .iter()
            .map(|member| keys::membership(entry.workspace, *member));
        let wanted = heads
            .flat_map(|head| [keys::data_key(&RootRef::of(&head)), head])
            .collect();
        let fetched = app.store.batch(wanted).await?;
        let mut memberships = Vec::with_capacity(members.len());
        for member in members {
            let head = keys::membership(entry.workspace, *member);
            let Some(key) = fetched.data_key(&head, &entry.tenant_key)? else {
                continue;
            };
            let membership = fetched.get::<Membership>(&head, &key, entry.lens())?;
            let living = membership.filter(|membership| membership.state == State::Live);
            memberships.extend(living.map(|membership| (membership, key)));
        }
        let place = |of: &Membership| keys::seat(of.account, entry.workspace);
        let seats = app
            .store
            .batch(memberships.iter().map(|(one, _)| place(one)).collect())
            .await?;
        for (membership, key) in memberships {
            let seat = seats.get::<Seat>(&place(&membership), &Unsealed, entry.lens())?;
            let seat = seat.filter(|seat| seat.member == membership.id);
            found.extend(seat.map(|seat| Colleague {
                membership,
                seat,
                key,
            }));
        }
    }
    Ok(found)
}

/// Up to `limit` ids of members after `after`, oldest first, from the list index.
pub async fn ids(
    app: &App,
    workspace: WorkspaceId,
    after: Option<MemberId>,
    limit: u16,
) -> Result<Vec<MemberId>, Problem> {
    let mut query = Query::lists(keys::memberships(workspace)).limit(limit);
    if let Some(after) = after {
        let place = keys::membership_list(workspace, after);
        query = query.after(keys::membership(workspace, after), place.sk);
    }
    let items = app.store.query(query).await?;
    Ok(items
        .iter()
        .filter_map(|item| item.get("lists_sk")?.as_s().ok()?.parse().ok())
        .collect())
}

#[cfg(test)]
mod tests {
    use shared::http::Code;

    use super::*;

    #[test]
    fn a_name_is_given_where_the_profile_asks_for_one_and_nowhere_else() {
        let name = Name::parse("Ada").expect("a name");
        for profile in Profile::ALL {
            let with = check_name(*profile, Some(&name), "#/name");
            let without = check_name(*profile, None, "#/name");
            assert!(with.is_ok() != without.is_ok(), "{profile:?}");
            assert_eq!(with.is_err(), *profile == Profile::Flows);
            for problem in [with, without].into_iter().filter_map(Result::err) {
                assert_eq!(problem.code(), Code::ValidationFailed);
            }
        }
    }
}
