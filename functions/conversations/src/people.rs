//! A person behind the contacts of theirs, as lists and searches ask for it.

use shared::{
    app::App,
    domain::{ContactId, TenantId},
    http::{Problem, actor::Entry, person},
    store::{Key, Query, SubjectId, keys, subject::Edge, together::together},
};

use crate::list::{Places, Reach};

/// Every contact of the person that a contact is, if it lives: one read.
pub async fn whole(
    app: &App,
    entry: &Entry,
    contact: ContactId,
) -> Result<Option<Vec<ContactId>>, Problem> {
    let place = keys::contact(entry.workspace, contact);
    let fetched = app.store.batch(vec![place]).await?;
    let head = person::head(&fetched, entry, contact)?;
    Ok(head.map(|head| head.whole()))
}

/// A page of the conversations of a person, by when they began: the edges of all of their contacts at
/// once, which are what an erasure follows as well.
///
/// # Errors
/// 404 when there is no such contact.
pub async fn threads(
    app: &App,
    entry: &Entry,
    contact: ContactId,
    reach: &Reach,
) -> Result<Places, Problem> {
    let contacts = whole(app, entry, contact).await?;
    let contacts = contacts.ok_or_else(Problem::not_found)?;
    let tenant = TenantId::Workspace(entry.workspace);
    let opens = format!("{}CONVERSATION#{}#", keys::EDGE, entry.workspace);
    let pages = contacts.into_iter().map(|contact| {
        let partition = keys::subject_partition(tenant, SubjectId::Contact(contact));
        let query = reach.query(Query::partition(partition), &opens, &format!("{opens}~"));
        let store = app.store.clone();
        async move { store.query(query).await }
    });
    let items = together(pages.collect::<Vec<_>>()).await?.concat();
    let (mut places, more) = reach.places(&items, "sk");
    for (_, place) in &mut places {
        let head = |place: &Key| Some(Edge::root_of(&place.sk)?.head());
        if let Some(head) = head(place) {
            *place = head;
        }
    }
    Ok((places, more))
}
