//! Tells people what was handed over about them (FLOW-45, CHAT-17): when a second person has approved it,
//! or on the day from which the law lets them know.
//!
//! The note with the contact and the entry of the register say so in one transaction, and `outbox` mails
//! when it sees that: once, however often the schedule comes round. Who has no address that was proved finds
//! it in the copy of their data alone.

use shared::{
    app::App,
    domain::{TenantId, Timestamp, policy::Lens},
    store::{
        CommitError, Key, RootRef, StoreError, Stored, Transaction, Unsealed,
        contact::{Contact, Profile},
        disclosure::{DisclosedPart, Disclosure},
        keys,
    },
};

/// Tells whoever a note is about, if the day has come: the count to add to.
pub async fn tell(
    app: &App,
    place: &Key,
    now: Timestamp,
) -> Result<Option<&'static str>, StoreError> {
    let Some((workspace, contact, id)) = keys::disclosed(place) else {
        return Ok(None);
    };
    let tenant = TenantId::Workspace(workspace);
    let (at_contact, at_home) = (
        keys::contact(workspace, contact),
        keys::workspace(workspace),
    );
    let at_profile = keys::profile(workspace, contact);
    let at_entry = keys::disclosure(workspace, id);
    let wanted = vec![
        place.clone(),
        at_contact.clone(),
        at_profile.clone(),
        at_entry.clone(),
        keys::data_key(&RootRef::of(&at_contact)),
        keys::data_key(&RootRef::of(&at_home)),
        keys::policy(workspace),
        keys::tenant_key(tenant),
    ];
    let fetched = app.store.batch(wanted).await?;
    let Some(policy) = fetched.live_policy(workspace, now)? else {
        return Ok(None);
    };
    let lens = Lens {
        now,
        policy: &policy,
    };
    let head = fetched.get::<Contact>(&at_contact, &Unsealed, lens)?;
    let Some(head) = head.filter(Contact::is_kept) else {
        return Ok(None);
    };
    let tenant_key = app.store.unwrap_tenant_key(tenant, &fetched, now).await?;
    let Some(key) = fetched.data_key(&at_contact, &tenant_key)? else {
        return Ok(None);
    };
    let part = fetched.get::<DisclosedPart>(place, &key, lens)?;
    let Some(part) = part.filter(|part| part.tell_at.is_some_and(|at| at <= now)) else {
        return Ok(None);
    };
    let profile = fetched.get::<Profile>(&at_profile, &key, lens)?;
    let is_reached = head.verified && profile.is_some_and(|profile| profile.email.is_some());
    let told_at = is_reached.then_some(now);
    let mut transaction = Transaction::new(now);
    let told = DisclosedPart {
        tell_at: None,
        told_at,
        ..part
    };
    transaction.replace(&Stored::next(told, &policy), &key)?;
    if let (Some(key), true) = (fetched.data_key(&at_home, &tenant_key)?, is_reached)
        && let Some(entry) = fetched.get::<Disclosure>(&at_entry, &key, lens)?
    {
        let entry = Disclosure { told_at, ..entry };
        transaction.replace(&Stored::next(entry, &policy), &key)?;
    }
    match app.store.commit(transaction).await {
        Ok(()) => Ok(is_reached.then_some("told_disclosures")),
        // Another run has told them, or the contact is being erased.
        Err(CommitError::Refused(_)) => Ok(None),
        Err(CommitError::Store(error)) => Err(error),
    }
}
