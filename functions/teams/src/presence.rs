//! Who of a team is there: those whose client is connected and listens to the inbox, by what they say
//! of themselves and by the hours of the team. Nothing of it is kept: it is asked of what is.

use std::collections::BTreeSet;

use serde::Serialize;
use shared::{
    app::App,
    domain::{MemberId, Timestamp},
    http::{Problem, actor::Entry},
    store::{
        SubjectId, Unsealed,
        hours::{Availability, Presence},
        keys,
        socket::Topic,
    },
};
use utoipa::ToSchema;

/// A member whose client is connected.
#[derive(Serialize, ToSchema)]
pub struct ConnectedView {
    /// Who.
    pub member_id: MemberId,
    /// What they say of themselves.
    pub status: Presence,
    /// Until when, if that ends.
    pub until: Option<Timestamp>,
    /// Whether new conversations reach them: they say that they are online, and it is within the
    /// hours of the team.
    #[schema(example = true)]
    pub present: bool,
}

/// The members of a workspace whose clients are connected, sorted by id; `open` says how the hours
/// stand. One query, and one batch when anybody is.
pub async fn connected(
    app: &App,
    entry: &Entry,
    hours: &crate::hours::Turns,
) -> Result<Vec<ConnectedView>, Problem> {
    let (workspace, now) = (entry.workspace, entry.now);
    let listeners = app.store.listeners(workspace, Topic::Inbox, now).await?;
    let members: BTreeSet<String> = listeners
        .iter()
        .filter_map(|listener| match listener.who {
            SubjectId::Member(member) => Some(member.to_string()),
            SubjectId::Account(_)
            | SubjectId::Contact(_)
            | SubjectId::Flow(_)
            | SubjectId::Guest(_)
            | SubjectId::Key(_) => None,
        })
        .collect();
    let members: Vec<MemberId> = members.iter().filter_map(|id| id.parse().ok()).collect();
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let place = |member: &MemberId| keys::availability(workspace, *member);
    let wanted = members.iter().map(place).collect();
    let fetched = app.store.batch_all(wanted).await?;
    let mut all = Vec::with_capacity(members.len());
    for member in members {
        let said = fetched.get::<Availability>(&place(&member), &Unsealed, entry.lens())?;
        let status = Availability::presence_at(said.as_ref(), now);
        all.push(ConnectedView {
            member_id: member,
            status,
            until: Availability::until_at(said.as_ref(), now),
            present: hours.open && status == Presence::Online,
        });
    }
    Ok(all)
}
