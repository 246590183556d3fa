//! Whose an address is.

use shared::{
    app::App,
    domain::{Policy, policy::Lens, text::Email},
    store::{
        RootRef, StoreError, TenantKey, Unsealed,
        account::{Account, AddressOwner},
        keyring::Use,
        keys,
        subject::State,
    },
};

/// The account that has this address on file, unless it is being erased.
pub async fn on_file(
    app: &App,
    tenant_key: &TenantKey,
    from: &Email,
) -> Result<Option<Account>, StoreError> {
    let policy = Policy::platform();
    let lens = Lens {
        now: app.clock.now(),
        policy: &policy,
    };
    let at = keys::address(tenant_key.hash(Use::Address, &from.identity()));
    let fetched = app.store.batch(vec![at.clone()]).await?;
    let Some(owner) = fetched.get::<AddressOwner>(&at, &Unsealed, lens)? else {
        return Ok(None);
    };
    let at = keys::account(owner.account);
    let wanted = vec![at.clone(), keys::data_key(&RootRef::of(&at))];
    let fetched = app.store.batch(wanted).await?;
    let Some(key) = fetched.data_key(&at, tenant_key)? else {
        return Ok(None);
    };
    let account = fetched.get::<Account>(&at, &key, lens)?;
    Ok(account.filter(|account| account.state != State::Erasing))
}
