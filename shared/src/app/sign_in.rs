//! How a sign-in ends, whichever way it came: a session begins, or waits for the second factor; an
//! account is made for an address that nobody had.

use super::App;
use crate::{
    domain::{
        AccountId, ChallengeId, Policy, SessionId, Timestamp, WorkspaceId,
        device::Device,
        password::PasswordHash,
        policy::Lens,
        retention::{SESSION_ABSOLUTE, SESSION_IDLE},
        text::Email,
        token::Secret,
    },
    store::{
        KeyedHash, Query, StoreError, Stored, TenantKey, Transaction, Unsealed,
        account::{Account, AddressOwner, LoginSession},
        keyring::Use,
        keys,
        notice::{Notice, NoticeKind},
        password::Password,
        record::read_item,
        second_factor::SecondStep,
        subject::State,
    },
};

/// How many answers to one challenge are looked at.
pub const TRIES: u64 = 5;
/// How many sessions are looked at for one from the same device.
const SESSIONS_COMPARED: u16 = 100;

/// A session that is to begin.
#[derive(Clone, Copy, Debug)]
pub struct Beginning {
    /// Whose.
    pub account: AccountId,
    /// When a factor was proved, as far as anybody says so.
    pub proved_at: Option<Timestamp>,
    /// When a second one was.
    pub second_factor_at: Option<Timestamp>,
    /// Through the provider of which workspace, if through one.
    pub team: Option<WorkspaceId>,
    /// By which session of the provider's own, as a keyed hash, if it said so.
    pub team_session: Option<KeyedHash>,
    /// From which device.
    pub device: Device,
}

impl Beginning {
    /// Puts the session into a transaction. Its refresh token is made of its id and the secret.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn place(
        self,
        transaction: &mut Transaction,
        now: Timestamp,
    ) -> Result<(SessionId, Secret), StoreError> {
        let secret = Secret::generate().ok_or(StoreError::Random)?;
        let session = LoginSession {
            id: SessionId::new(now),
            account: self.account,
            current: secret.hash(),
            previous: None,
            rotated_at: now,
            started_at: now,
            idle_from: idle_from(now, now),
            proved_at: self.proved_at,
            second_factor_at: self.second_factor_at,
            team: self.team,
            team_session: self.team_session,
            browser: Some(self.device.browser),
            system: Some(self.device.system),
            rev: 1,
        };
        let id = session.id;
        transaction.create(&Stored::new(session, &Policy::platform()), &Unsealed)?;
        Ok((id, secret))
    }
}

/// From when the days without use are counted, for a session that is used at `now`. The end of the
/// record follows from it, so it never stands so late that the session outlives its last day.
pub fn idle_from(started_at: Timestamp, now: Timestamp) -> Timestamp {
    now.min(started_at.plus(SESSION_ABSOLUTE - SESSION_IDLE))
}

/// Puts the wait for the second factor into a transaction, where a session may not begin without.
///
/// # Errors
/// None that the wait could cause.
pub fn wait_for_second_factor(
    transaction: &mut Transaction,
    account: AccountId,
    (team, team_session): (Option<WorkspaceId>, Option<KeyedHash>),
    now: Timestamp,
) -> Result<ChallengeId, StoreError> {
    let step = SecondStep {
        id: ChallengeId::new(now),
        account,
        team,
        team_session,
        tries_left: TRIES,
        created_at: now,
        rev: 1,
    };
    let id = step.id;
    transaction.create(&Stored::new(step, &Policy::platform()), &Unsealed)?;
    Ok(id)
}

/// An account that is to be made for a proved address.
#[derive(Debug)]
pub struct NewAccount {
    /// Its address.
    pub email: Email,
    /// When it was said that its holder is of age.
    pub adult_at: Option<Timestamp>,
    /// Its password, if it is to have one.
    pub password: Option<PasswordHash>,
}

impl NewAccount {
    /// Puts the account into a transaction, which is refused when the address was taken meanwhile.
    ///
    /// # Errors
    /// When its key cannot be made.
    pub fn place(
        self,
        transaction: &mut Transaction,
        tenant_key: &TenantKey,
        now: Timestamp,
    ) -> Result<Account, StoreError> {
        let policy = Policy::platform();
        let id = AccountId::new(now);
        let address = tenant_key.hash(Use::Address, &self.email.identity());
        let account = Account {
            id,
            email: self.email,
            adult_at: self.adult_at,
            state: State::Live,
            delete_at: None,
            created_at: now,
            rev: 1,
        };
        let account = Stored::new(account, &policy);
        let data_key = tenant_key.new_data_key(&keys::account(id), now)?;
        transaction.create_root(&account, &data_key.key, &data_key)?;
        if let Some(hash) = self.password {
            let password = Password {
                account: id,
                hash,
                changed_at: now,
                rev: 1,
            };
            transaction.create(&Stored::new(password, &policy), &data_key.key)?;
        }
        let owner = AddressOwner {
            address,
            account: id,
            created_at: now,
        };
        transaction.create(&Stored::new(owner, &policy), &Unsealed)?;
        Ok(account.into_record())
    }
}

impl App {
    /// Puts a notice into the transaction of a sign-in, unless the account has a living session from
    /// the same browser and system. One query, and only once every factor is proved: what it costs
    /// tells a stranger nothing.
    ///
    /// # Errors
    /// When the sessions cannot be read.
    pub async fn tell_of_device(
        &self,
        transaction: &mut Transaction,
        account: AccountId,
        device: Device,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let newest = Query::partition(keys::sessions(account))
            .newest_first()
            .limit(SESSIONS_COMPARED);
        for item in self.store.query(newest).await? {
            let session = read_item::<LoginSession>(&item, &Unsealed, lens)?;
            if session.is_some_and(|session| session.is_from(device)) {
                return Ok(());
            }
        }
        let notice = Notice::new(account, NoticeKind::NewDevice, now).from_device(device);
        transaction.notify(notice)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        retention::{Class, Expiry, expiry},
        time::DAY,
    };

    #[test]
    fn a_session_ends_after_14_days_without_use_and_after_30_days_at_all() {
        let start = Timestamp::from_ms(1_768_478_400_000);
        for (used_on_day, ends_on_day) in [(0, 14), (1, 15), (15, 29), (16, 30), (17, 30), (29, 30)]
        {
            let anchor = idle_from(start, start.plus(DAY * used_on_day));
            let end = expiry(Class::LoginSession, &Policy::platform(), anchor);
            assert_eq!(
                end,
                Expiry::At(start.plus(DAY * ends_on_day)),
                "day {used_on_day}"
            );
        }
    }
}
