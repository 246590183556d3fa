//! The visitor of a conversation, as the guest that a member calls: the same one for a day, so that two
//! members who call them at once are told apart, and so that a page that comes late finds what rings.

use shared::{
    app::App,
    domain::{ContactId, GuestId, Timestamp, retention::GUEST_LIFETIME, token::Secret},
    http::{Problem, actor::Entry},
    store::{
        CommitError, Key, Stored, Transaction, Unsealed,
        call::{Call, Guest},
        keyring::Use,
        keys,
    },
};

/// Who a visitor is on the day of a time, and the secret of their token.
fn on_the_day(
    entry: &Entry,
    visitor: ContactId,
    at: Timestamp,
) -> Result<(GuestId, Secret), Problem> {
    let day_ms = i64::try_from(GUEST_LIFETIME.as_millis());
    let day_ms = day_ms.map_err(|_| Problem::internal("a day that does not end"))?;
    let day = Timestamp::from_ms(at.ms() / day_ms * day_ms);
    let named = format!("visitor {visitor} {}", day.ms());
    let bits = entry.tenant_key.hash(Use::Call, &named);
    let id = GuestId::derived(day, bits.as_bytes());
    let secret = entry
        .tenant_key
        .hash(Use::Call, &format!("guest of {named}"));
    Ok((id, Secret::from_bytes(*secret.as_bytes())))
}

/// The guest that a visitor is today; made when nobody has called them yet.
pub async fn receive(app: &App, entry: &Entry, visitor: ContactId) -> Result<Guest, Problem> {
    let (id, secret) = on_the_day(entry, visitor, entry.now)?;
    let place = keys::guest(entry.workspace, id);
    let read = async || -> Result<Option<Guest>, Problem> {
        let fetched = app.store.batch(vec![place.clone()]).await?;
        Ok(fetched.get::<Guest>(&place, &Unsealed, entry.lens())?)
    };
    if let Some(known) = read().await? {
        return Ok(known);
    }
    let guest = Guest {
        id,
        workspace: entry.workspace,
        app: None,
        token: secret.hash(),
        user_ref: None,
        asks: None,
        asks_team: None,
        conversation: None,
        call: None,
        call_request: None,
        created_at: entry.now,
        rev: 1,
    };
    let stored = Stored::new(guest, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.create(&stored, &Unsealed)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(stored.into_record()),
        Err(CommitError::Store(error)) => Err(error.into()),
        // A colleague was faster.
        Err(CommitError::Refused(_)) => read()
            .await?
            .ok_or_else(|| Problem::internal("a guest who came and went")),
    }
}

/// Where a visitor may be found as a guest: today, and since yesterday.
pub fn places(entry: &Entry, visitor: ContactId) -> Result<Vec<(Key, Secret)>, Problem> {
    let days = [entry.now, entry.now.minus(GUEST_LIFETIME)];
    let place = |at: Timestamp| {
        let (id, secret) = on_the_day(entry, visitor, at)?;
        Ok((keys::guest(entry.workspace, id), secret))
    };
    days.into_iter().map(place).collect()
}

/// The call that a guest is in or is called by, if it goes on.
pub async fn call_of(app: &App, entry: &Entry, guest: &Guest) -> Result<Option<Call>, Problem> {
    let Some(id) = guest.call else {
        return Ok(None);
    };
    let place = keys::call(entry.workspace, id);
    let fetched = app.store.batch(vec![place.clone()]).await?;
    let call = fetched.get::<Call>(&place, &Unsealed, entry.lens())?;
    Ok(call.filter(|call| !call.course().at(entry.now).is_over()))
}
