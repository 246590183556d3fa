//! What is known of a contact changed: the index of addresses follows, so that a mail about privacy finds whoever
//! answers for its data (CHAT-21).
//!
//! It reads the contact as it is now, whatever the record of the stream says, so that a record that comes again
//! does what it did. Only whom the customer signed for is in the index.

use shared::{
    app::App,
    domain::{TenantId, policy::Lens},
    store::{
        CommitError, Item, RootRef, StoreError, Stored, Table, Transaction, Unsealed,
        contact::{Contact, Profile},
        db::key_of,
        keys,
        reached::{self, Reached, ReachedLink},
    },
};

use crate::{failure::Failure, image};

/// Whether a change of a profile is about its address.
pub fn concerns(new: &Item, old: Option<&Item>) -> bool {
    let has = |item: &Item| item.contains_key("email");
    has(new) || old.is_some_and(has)
}

/// Brings the index to what is on file.
pub async fn follow(app: &App, item: &Item) -> Result<(), Failure> {
    let now = app.clock.now();
    let place = key_of(Table::Data, item).ok_or(StoreError::Corrupt("an image without a key"))?;
    let Some((workspace, contact)) = keys::contact_of(&place) else {
        return Ok(());
    };
    let tenant = TenantId::Workspace(workspace);
    let (at_head, at_link) = (
        keys::contact(workspace, contact),
        keys::reached_link(workspace, contact),
    );
    let at_profile = keys::profile(workspace, contact);
    let wanted = vec![
        at_head.clone(),
        at_profile.clone(),
        at_link.clone(),
        keys::policy(workspace),
        keys::data_key(&RootRef::of(&at_head)),
        keys::tenant_key(tenant),
    ];
    let fetched = app.store.batch(wanted).await?;
    let Some(policy) = fetched.live_policy(workspace, now)? else {
        return Ok(());
    };
    let lens = Lens {
        now,
        policy: &policy,
    };
    let head = fetched.get::<Contact>(&at_head, &Unsealed, lens)?;
    let Some(head) = head.filter(Contact::is_kept) else {
        return Ok(());
    };
    let link = fetched.get::<ReachedLink>(&at_link, &Unsealed, lens)?;
    if !head.verified && link.is_none() {
        return Ok(());
    }
    let tenant_key = app.store.unwrap_tenant_key(tenant, &fetched, now).await?;
    let Some(key) = fetched.data_key(&at_head, &tenant_key)? else {
        return Ok(());
    };
    let profile = fetched.get::<Profile>(&at_profile, &key, lens)?;
    let email = profile.and_then(|profile| profile.email);
    let address = match email.filter(|_| head.verified) {
        Some(email) => Some(reached::hash_of(&image::platform_key(app).await?, &email)),
        None => None,
    };
    if link.as_ref().map(|link| &link.address) == address.as_ref() {
        return Ok(());
    }
    let mut transaction = Transaction::new(now);
    transaction.check_live(keys::subject(tenant, contact.into()));
    if let Some(link) = &link {
        transaction.remove(keys::reached(link.address, workspace, contact));
    }
    match (address, link) {
        (Some(address), before) => {
            let row = Reached {
                address,
                workspace,
                contact,
                since: now,
            };
            transaction.overwrite(&Stored::new(row, &policy), &Unsealed)?;
            let link = ReachedLink {
                workspace,
                contact,
                address,
                since: now,
                rev: before.as_ref().map_or(1, |before| before.rev),
            };
            match before {
                Some(_) => transaction.replace(&Stored::next(link, &policy), &Unsealed)?,
                None => transaction.create(&Stored::new(link, &policy), &Unsealed)?,
            };
        }
        (None, Some(link)) => {
            transaction.consume_version(at_link, link.rev);
        }
        (None, None) => {}
    }
    match app.store.commit(transaction).await {
        Ok(()) => Ok(()),
        // Somebody changed it meanwhile, or it is being erased: looked at again, it is as it should be.
        Err(CommitError::Refused(_)) => Err(Failure::Later("an address that changes".to_owned())),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}
