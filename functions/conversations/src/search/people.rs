//! Contacts, and what they told of themselves.

use shared::{
    domain::{ContactId, Permission, text::ExternalId},
    http::{Code, Problem, person},
    store::{
        self, Fetched, Key, RootRef, Unsealed,
        contact::{ExternalOwner, Profile},
        keys,
    },
};

use super::{Answer, Asked, Hit};

/// How many contacts one request looks at.
const MOST_CONTACTS: u16 = 200;

/// What these contacts told of themselves; nothing of it is read for who may not see it.
pub async fn told(asked: &Asked<'_>, contacts: Vec<ContactId>) -> Result<Fetched, Problem> {
    if !asked.caller.may(Permission::PersonalDataRead) {
        return Ok(Fetched::default());
    }
    let workspace = asked.caller.entry.workspace;
    let wanted = contacts.into_iter().flat_map(|id| {
        let key = keys::data_key(&RootRef::of(&keys::contact(workspace, id)));
        [key, keys::profile(workspace, id)]
    });
    Ok(asked.app.store.batch_together(wanted.collect()).await?)
}

/// What a contact told, out of what was read.
pub fn profile(
    asked: &Asked<'_>,
    told: &Fetched,
    id: ContactId,
) -> Result<Option<Profile>, Problem> {
    let entry = &asked.caller.entry;
    let at = keys::contact(entry.workspace, id);
    let Some(key) = told.data_key(&at, &entry.tenant_key)? else {
        return Ok(None);
    };
    let place = keys::profile(entry.workspace, id);
    Ok(told.get(&place, &key, entry.lens())?)
}

/// Contacts who are called like that, the latest first visit first. Whoever has exactly this external
/// id is found wherever it lies, before all others.
pub async fn contacts(
    asked: &Asked<'_>,
    from: Option<Option<ContactId>>,
) -> Result<Answer<Option<ContactId>>, Problem> {
    // Without the right there would be nothing to look at, and asking would tell what is hidden.
    if !(asked.caller.may(Permission::ContactsRead)
        && asked.caller.may(Permission::PersonalDataRead))
    {
        return Err(Problem::new(Code::Forbidden));
    }
    let entry = &asked.caller.entry;
    let exact = ExternalId::parse(asked.words).ok();
    let (listed, owner) =
        tokio::try_join!(page(asked, from.flatten()), owner(asked, exact.as_ref()))?;
    let (mut ids, more) = listed;
    let first = owner.filter(|_| from.is_none());
    ids.retain(|id| Some(*id) != owner);
    let fetched = read(asked, first.into_iter().chain(ids.iter().copied())).await?;
    let mut answer = Answer {
        hits: Vec::new(),
        conversations: 0,
        messages: 0,
        contacts: 0,
        back_to: None,
        onward: None,
    };
    answer.onward = ids.last().copied().filter(|_| more).map(Some);
    for id in first.into_iter().chain(ids) {
        answer.contacts += 1;
        let head = person::head(&fetched, entry, id)?;
        let Some((head, profile)) = head.zip(profile(asked, &fetched, id)?) else {
            continue;
        };
        answer.back_to = Some(head.created_at).filter(|_| Some(id) != first);
        let found = asked.find_in(&profile);
        answer
            .hits
            .extend(found.map(|found| Hit::contact(&head, &profile, found)));
        if answer.hits.len() == asked.limit {
            // Whoever was found by the index stands before the list.
            answer.onward = Some(Some(id).filter(|id| Some(*id) != first));
            break;
        }
    }
    if answer.onward.is_none() {
        answer.back_to = None;
    }
    Ok(answer)
}

/// Ids of contacts before `from`, and whether there are more.
async fn page(
    asked: &Asked<'_>,
    from: Option<ContactId>,
) -> Result<(Vec<ContactId>, bool), Problem> {
    let workspace = asked.caller.entry.workspace;
    let mut query = store::Query::lists(keys::contacts(workspace))
        .newest_first()
        .limit(MOST_CONTACTS + 1);
    if let Some(from) = from {
        let place = keys::contact_list(workspace, from);
        query = query.after(keys::contact(workspace, from), place.sk);
    }
    let items = asked.app.store.query(query).await?;
    let id = |item: &store::Item| item.get("lists_sk")?.as_s().ok()?.parse().ok();
    let mut ids: Vec<ContactId> = items.iter().filter_map(id).collect();
    let more = ids.len() > usize::from(MOST_CONTACTS);
    ids.truncate(usize::from(MOST_CONTACTS));
    Ok((ids, more))
}

/// Whose external id this is.
async fn owner(
    asked: &Asked<'_>,
    external_id: Option<&ExternalId>,
) -> Result<Option<ContactId>, Problem> {
    let Some(external_id) = external_id else {
        return Ok(None);
    };
    let entry = &asked.caller.entry;
    let place = keys::external(entry.workspace, person::recognise(entry, external_id));
    let fetched = asked.app.store.batch(vec![place.clone()]).await?;
    let owner = fetched.get::<ExternalOwner>(&place, &Unsealed, entry.lens())?;
    Ok(owner.map(|owner| owner.contact))
}

async fn read(
    asked: &Asked<'_>,
    contacts: impl Iterator<Item = ContactId>,
) -> Result<Fetched, Problem> {
    let workspace = asked.caller.entry.workspace;
    let wanted = contacts.flat_map(|id| {
        let at = keys::contact(workspace, id);
        let key: Key = keys::data_key(&RootRef::of(&at));
        [at, key, keys::profile(workspace, id)]
    });
    Ok(asked.app.store.batch_together(wanted.collect()).await?)
}
