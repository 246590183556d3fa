//! The platform's own tenant as one request sees it: one time, one policy, one read.

use super::{AccessToken, Problem, SignedIn};
use crate::{
    app::App,
    domain::{AccountId, Policy, TenantId, Timestamp, policy::Lens},
    store::{
        DataKey, Fetched, Key, Record, RootRef, TenantKey, Unsealed,
        account::{Account, LoginSession},
        keys,
        subject::State,
    },
};

/// How long ago a factor must have been proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// In this session.
    Any,
    /// In this session, be it one through a team's provider.
    Anyhow,
    /// In the last ten minutes.
    Fresh,
}

/// What a batch read of the platform's tenant found, and the key to it.
#[derive(Debug)]
pub struct Platform {
    /// The key that wraps, hashes and derives.
    pub tenant_key: TenantKey,
    /// The server's time for the whole request.
    pub now: Timestamp,
    /// The operator's policy.
    pub policy: Policy,
    fetched: Fetched,
}

impl Platform {
    /// Reads what lies at `wanted`: one round trip, and one call to KMS when the key of the tenant
    /// is not remembered.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn read(app: &App, mut wanted: Vec<Key>, now: Timestamp) -> Result<Self, Problem> {
        let tenant = TenantId::Platform;
        if app.store.keyring().remembered(tenant, now).is_none() {
            wanted.push(keys::tenant_key(tenant));
        }
        let fetched = app.store.batch(wanted).await?;
        let tenant_key = app.store.unwrap_tenant_key(tenant, &fetched, now).await?;
        Ok(Self {
            tenant_key,
            now,
            policy: Policy::platform(),
            fetched,
        })
    }

    /// Somebody signed in, and what lies at `wanted`: one round trip. What cannot be taken back asks
    /// for a fresh proof.
    ///
    /// # Errors
    /// 401 when the session is over; 403 when the proof is missing.
    pub async fn of(
        app: &App,
        token: &AccessToken,
        mut wanted: Vec<Key>,
        proof: Proof,
    ) -> Result<(LoginSession, Self), Problem> {
        let tenant = TenantId::Platform;
        if app
            .store
            .keyring()
            .remembered(tenant, app.clock.now())
            .is_none()
        {
            wanted.push(keys::tenant_key(tenant));
        }
        let signed_in = match proof {
            Proof::Fresh => app.proved(token, wanted).await?,
            Proof::Any => app.signed_in(token, wanted).await?,
            Proof::Anyhow => app.signed_in_anyhow(token, wanted).await?,
        };
        Self::around(app, signed_in).await
    }

    /// What somebody signed in had read along; the key of the tenant among it, where it was not
    /// remembered.
    ///
    /// # Errors
    /// When the key does not open.
    pub async fn around(app: &App, signed_in: SignedIn) -> Result<(LoginSession, Self), Problem> {
        let SignedIn {
            session,
            now,
            policy,
            fetched,
            ..
        } = signed_in;
        let tenant_key = app
            .store
            .unwrap_tenant_key(TenantId::Platform, &fetched, now)
            .await?;
        let read = Self {
            tenant_key,
            now,
            policy,
            fetched,
        };
        Ok((session, read))
    }

    /// What reads need.
    pub const fn lens(&self) -> Lens<'_> {
        Lens {
            now: self.now,
            policy: &self.policy,
        }
    }

    /// An unsealed record that was read, if it lives.
    ///
    /// # Errors
    /// When it is none.
    pub fn open<R: Record<Seal = Unsealed>>(&self, key: &Key) -> Result<Option<R>, Problem> {
        Ok(self.fetched.get(key, &Unsealed, self.lens())?)
    }

    /// The key of a root from the same batch, if the root still has one.
    ///
    /// # Errors
    /// When it does not open.
    pub fn key_of(&self, head: &Key) -> Result<Option<DataKey>, Problem> {
        Ok(self.fetched.data_key(head, &self.tenant_key)?)
    }

    /// A sealed record that was read, if it lives.
    ///
    /// # Errors
    /// When it does not open.
    pub fn sealed<R: Record<Seal = DataKey>>(
        &self,
        key: &Key,
        seal: &DataKey,
    ) -> Result<Option<R>, Problem> {
        Ok(self.fetched.get(key, seal, self.lens())?)
    }

    /// An account that was read with its key, if it may be used.
    ///
    /// # Errors
    /// When it does not open.
    pub fn living(&self, id: AccountId) -> Result<Option<Account>, Problem> {
        let found = self.root::<Account>(&keys::account(id))?;
        Ok(found
            .map(|(account, _)| account)
            .filter(|account| account.state == State::Live))
    }

    /// A root that was read with its key (see [`root`]), if both live.
    ///
    /// # Errors
    /// When one does not open.
    pub fn root<R: Record<Seal = DataKey>>(
        &self,
        head: &Key,
    ) -> Result<Option<(R, DataKey)>, Problem> {
        let Some(key) = self.fetched.data_key(head, &self.tenant_key)? else {
            return Ok(None);
        };
        let record = self.fetched.get(head, &key, self.lens())?;
        Ok(record.map(|record| (record, key)))
    }
}

/// What [`Platform::root`] needs to have been read.
pub fn root(head: &Key) -> [Key; 2] {
    [head.clone(), keys::data_key(&RootRef::of(head))]
}
