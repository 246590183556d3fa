//! The second factor of an account: an authenticator app (RFC 6238), passkeys, and the codes for the
//! loss of either. They lie in one row: whatever proves it is a write on the version that was read.

use std::{fmt, time::Duration};

use aws_lc_rs::rand;
use shared_derive::Record;
use zeroize::Zeroizing;

use super::{
    db::StoreError,
    keyring::{TenantKey, Use},
    passkey::{Passkey, Passkeys},
    seal::KeyedHash,
};
use crate::domain::{AccountId, ChallengeId, Timestamp, WorkspaceId, personal::Personal};

/// Bytes of a seed: as long as the output of SHA-1 (RFC 4226, 4).
pub const SEED_LENGTH: usize = 20;
/// How many wrong codes in a row cost nothing but the try.
const FREE_FAILURES: u64 = 5;
/// What the next one costs; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// What an authenticator app and we have in common. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed(Zeroizing<[u8; SEED_LENGTH]>);

impl Seed {
    /// The seed of these bits.
    pub fn new(bits: [u8; SEED_LENGTH]) -> Self {
        Self(Zeroizing::new(bits))
    }

    /// A new one.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn random() -> Result<Self, StoreError> {
        let mut bits = [0; SEED_LENGTH];
        rand::fill(&mut bits).map_err(|_| StoreError::Random)?;
        Ok(Self::new(bits))
    }

    /// The bits.
    pub fn bits(&self) -> &[u8; SEED_LENGTH] {
        &self.0
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(**)")
    }
}

impl Personal for Seed {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        bytes.try_into().ok().map(Self::new)
    }
}

/// The second factor of an account, asked for or confirmed.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = second_factor(account), tenant = Platform,
    within = Account, class = Account, anchor = created_at,
)]
pub struct SecondFactor {
    /// Whose.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub account: AccountId,
    /// What the app computes its codes from. An account with passkeys alone has one that nobody was
    /// shown.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete)]
    pub seed: Seed,
    /// When the app's first code was right; absent until then, and until then no code of it counts.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub confirmed_at: Option<Timestamp>,
    /// The step of the last code that was accepted: no code of this or an earlier one is again.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub last_step: u64,
    /// Wrong codes in a row.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub failures: u64,
    /// When the last wrong one came.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub failed_at: Option<Timestamp>,
    /// The recovery codes that are left.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, keyed)]
    pub recovery_codes: Vec<KeyedHash>,
    /// The passkeys.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, export)]
    pub passkeys: Passkeys,
    /// When it was asked for.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl SecondFactor {
    /// One with this seed, which nothing proves yet.
    pub fn new(account: AccountId, seed: Seed, now: Timestamp) -> Self {
        Self {
            account,
            seed,
            confirmed_at: None,
            last_step: 0,
            failures: 0,
            failed_at: None,
            recovery_codes: Vec::new(),
            passkeys: Passkeys::default(),
            created_at: now,
            rev: 1,
        }
    }

    /// Whether it is asked for at sign-in.
    pub const fn is_active(&self) -> bool {
        self.has_app() || self.passkeys.count() > 0
    }

    /// Whether an authenticator app proves it.
    pub const fn has_app(&self) -> bool {
        self.confirmed_at.is_some()
    }

    /// The same without the app.
    pub fn without_app(self, seed: Seed) -> Self {
        Self {
            seed,
            confirmed_at: None,
            last_step: 0,
            ..self
        }
    }

    /// Until when no code of the app is looked at: wrong ones in a row cost more and more time, so
    /// that six digits are not guessed by somebody who has the first factor.
    pub fn waits_until(&self, now: Timestamp) -> Option<Timestamp> {
        let doublings = self.failures.checked_sub(FREE_FAILURES)?;
        let doublings = u32::try_from(doublings).unwrap_or(u32::MAX).min(16);
        let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
        let until = self.failed_at?.plus(wait);
        (now < until).then_some(until)
    }

    /// The same after a proof: what failed before is forgotten.
    pub fn proved(self) -> Self {
        Self {
            failures: 0,
            failed_at: None,
            ..self
        }
    }

    /// The same after a proof by a passkey, which is kept as it is now.
    pub fn proved_by(self, used: &Passkey) -> Self {
        let passkeys = self.passkeys.replacing(used);
        Self {
            passkeys,
            ..self.proved()
        }
    }

    /// A recovery code as it is stored: under the platform's key, and good for its account only.
    pub fn recovery_hash(tenant_key: &TenantKey, account: AccountId, code: &str) -> KeyedHash {
        tenant_key.hash(Use::RecoveryCode, &format!("{account}|{code}"))
    }
}

/// A sign-in whose first factor was right, waiting for the second.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = second_step(id), tenant = Platform,
    within = Account, class = Challenge, anchor = created_at,
)]
pub struct SecondStep {
    /// Its id.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub id: ChallengeId,
    /// Who signs in.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub account: AccountId,
    /// Through the provider of which workspace, if through one.
    #[non_personal(reason = "the id of a workspace")]
    pub team: Option<WorkspaceId>,
    /// By which session of the provider's own, if it said so.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, keyed)]
    pub team_session: Option<KeyedHash>,
    /// How many codes may still be tried.
    #[non_personal(reason = "a counter of tries")]
    pub tries_left: u64,
    /// When the first factor was right.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_wrong_codes_are_free_and_the_next_ones_cost_twice_as_much_each_up_to_an_hour() {
        let now = Timestamp::from_ms(1_768_478_400_000);
        let mut factor = SecondFactor {
            confirmed_at: Some(now),
            failed_at: Some(now),
            ..SecondFactor::new(AccountId::new(now), Seed::new([1; SEED_LENGTH]), now)
        };
        let cases = [
            (0, 0),
            (4, 0),
            (5, 30),
            (6, 60),
            (7, 120),
            (11, 1920),
            (12, 3600),
        ];
        for (failures, seconds) in cases.into_iter().chain([(40, 3600), (u64::MAX, 3600)]) {
            factor.failures = failures;
            let until = now.plus(Duration::from_secs(seconds));
            let waits = (seconds > 0).then_some(until);
            assert_eq!(factor.waits_until(now), waits, "{failures}");
            assert_eq!(factor.waits_until(until), None, "{failures}");
        }
    }
}
