//! Whose an address is: no account's, a living account's, or one's that is being erased.

use shared::{
    app::{App, sign_in::NewAccount},
    domain::{AccountId, Policy, Timestamp, policy::Lens, text::Email},
    http::Problem,
    store::{
        Query, TenantKey, Transaction, Unsealed,
        account::{Account, AddressOwner, Challenge},
        keyring::Use,
        keys,
        membership::Invited,
        operator::{DeploymentSettings, SignUpRule},
        record::read_item,
        second_factor::SecondFactor,
    },
};

use crate::{factor, platform::Platform};

/// Whose an address is.
pub enum Owner {
    /// An account that may be used, and its second factor, if one was asked for.
    Account(Box<(Account, Option<SecondFactor>)>),
    /// An account that is going: nobody signs in, and nobody else gets the address yet.
    Leaving,
    /// No account's.
    Nobody,
}

/// The account that an address leads to. One read.
pub async fn of_address(
    app: &App,
    tenant_key: &TenantKey,
    email: &Email,
    now: Timestamp,
) -> Result<Option<AccountId>, Problem> {
    let at = keys::address(tenant_key.hash(Use::Address, &email.identity()));
    let fetched = app.store.batch(vec![at.clone()]).await?;
    let lens = Lens {
        now,
        policy: &Policy::platform(),
    };
    let row = fetched.get::<AddressOwner>(&at, &Unsealed, lens)?;
    Ok(row.map(|row| row.account))
}

/// The account that an address leads to, and who may make one. One read.
pub async fn at_the_door(
    app: &App,
    tenant_key: &TenantKey,
    email: &Email,
    now: Timestamp,
) -> Result<(Option<AccountId>, SignUpRule), Problem> {
    let at = keys::address(tenant_key.hash(Use::Address, &email.identity()));
    let settings = keys::deployment_settings();
    let fetched = app.store.batch(vec![at.clone(), settings.clone()]).await?;
    let lens = Lens {
        now,
        policy: &Policy::platform(),
    };
    let row = fetched.get::<AddressOwner>(&at, &Unsealed, lens)?;
    let settings = fetched.get::<DeploymentSettings>(&settings, &Unsealed, lens)?;
    let sign_up = settings.map_or(SignUpRule::Open, |settings| settings.sign_up);
    Ok((row.map(|row| row.account), sign_up))
}

/// Whether an address was invited into some workspace. One read.
pub async fn is_invited(
    app: &App,
    tenant_key: &TenantKey,
    email: &Email,
    now: Timestamp,
) -> Result<bool, Problem> {
    let lens = Lens {
        now,
        policy: &Policy::platform(),
    };
    let address = Invited::hash(tenant_key, email);
    let query = Query::partition(keys::invitations_of(address));
    for item in app.store.query(query).await? {
        if read_item::<Invited>(&item, &Unsealed, lens)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The account behind a proved address. Two reads when there is one.
pub async fn find(
    app: &App,
    tenant_key: &TenantKey,
    email: &Email,
    now: Timestamp,
) -> Result<Owner, Problem> {
    let Some(id) = of_address(app, tenant_key, email, now).await? else {
        return Ok(Owner::Nobody);
    };
    let read = Platform::read(app, factor::wanted(id), now).await?;
    Ok(match read.living(id)? {
        Some(account) => {
            let (factor, _) = factor::of(&read, id)?;
            Owner::Account(Box::new((account, factor)))
        }
        None => Owner::Leaving,
    })
}

/// Makes an account for the address that a challenge proved, with what came along when it was asked
/// for. The transaction is refused when the address was taken meanwhile.
pub fn create(
    transaction: &mut Transaction,
    tenant_key: &TenantKey,
    asked: &Challenge,
    now: Timestamp,
) -> Result<Account, Problem> {
    let made = NewAccount {
        email: asked.email.clone(),
        adult_at: asked.adult_at,
        password: asked.password.clone(),
    };
    Ok(made.place(transaction, tenant_key, now)?)
}
