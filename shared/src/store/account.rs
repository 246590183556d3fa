//! Accounts: who signs in. An account holds an address and nothing else about a person.

use std::time::Duration;

use shared_derive::Record;

use super::{
    db::{Store, StoreError, key_of},
    keyring::TenantKey,
    keys::{self, Table},
    query::Query,
    seal::KeyedHash,
    subject::State,
    transaction::{CommitError, Transaction},
};
use crate::{
    domain::{
        AccountId, BreakGlassId, ChallengeId, MemberId, Role, SessionId, Sight, TeamId, Timestamp,
        Visibility, WorkspaceId,
        device::{Browser, Device, System},
        password::PasswordHash,
        text::Email,
        token::SecretHash,
    },
    words,
};

/// An account.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = account(id), lists = account_list(id, delete_at), tenant = Platform,
    subject = id, class = Account, anchor = created_at,
)]
pub struct Account {
    /// Its id.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub id: AccountId,
    /// Where its codes go.
    #[personal(category = Contact, purpose = Authenticate, erase = Delete)]
    pub email: Email,
    /// When its holder said that they are of age; no date of birth is asked for. Absent in what was
    /// written before it was asked.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub adult_at: Option<Timestamp>,
    /// Whether it may be used.
    #[non_personal(reason = "the state of an erasure")]
    pub state: State,
    /// When it is to be erased, if its owner wants to leave.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub delete_at: Option<Timestamp>,
    /// When the address was first proved.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl Account {
    /// Whether its deletion may still be undone.
    pub fn may_stay(&self, now: Timestamp) -> bool {
        self.state == State::Closing && self.delete_at.is_some_and(|at| now < at)
    }
}

/// Where an address leads: one account per address.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = address(address), tenant = Platform,
    within = Account, class = Account, anchor = created_at,
)]
pub struct AddressOwner {
    /// The address, as a keyed hash.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, keyed)]
    pub address: KeyedHash,
    /// The account.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub account: AccountId,
    /// When the address was proved.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub created_at: Timestamp,
}

words! {
    /// What a mailed code is for.
    pub enum ChallengePurpose {
        /// To give an account another address.
        ChangeAddress = "change_address",
        /// To sign in, where an account was asked for that the address has already.
        HasAccount = "has_account",
        /// To sign in.
        SignIn = "sign_in",
        /// To make an account.
        SignUp = "sign_up",
    }
}

impl ChallengePurpose {
    /// Whether a right answer proves who owns an account.
    pub const fn signs_in(self) -> bool {
        matches!(self, Self::HasAccount | Self::SignIn)
    }
}

/// A mailed code waiting for its answer. The code itself is computed, not stored.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = challenge(id), tenant = Platform,
    no_subject = "whose the address is shows only when the code comes back; gone in ten minutes",
    class = Challenge, anchor = created_at,
)]
pub struct Challenge {
    /// Its id.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub id: ChallengeId,
    /// Where the code goes.
    #[personal(category = Contact, purpose = Authenticate, erase = Delete)]
    pub email: Email,
    /// What for.
    #[non_personal(reason = "which form was filled in")]
    pub purpose: ChallengePurpose,
    /// For which account, where that is known: whoever wants another address.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub account: Option<AccountId>,
    /// Whether a mail goes out: an address without an account gets the same row, but no code.
    #[non_personal(reason = "an instruction to the mailer")]
    pub deliver: bool,
    /// When it was said, where an account is to be made, that its holder is of age.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub adult_at: Option<Timestamp>,
    /// The password that the account is to have.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete)]
    pub password: Option<PasswordHash>,
    /// How many answers may still be tried.
    #[non_personal(reason = "a counter of tries")]
    pub tries_left: u64,
    /// When it was asked for.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl Challenge {
    /// The code: `auth` compares answers with it, `outbox` mails it, nobody stores it.
    pub fn code(&self, tenant_key: &TenantKey) -> String {
        tenant_key.mailed_code(&self.id.to_string())
    }
}

/// A login session, with the family of its refresh tokens.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = session(account, id), tenant = Platform,
    within = Account, class = LoginSession, anchor = idle_from,
)]
pub struct LoginSession {
    /// Its id.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub id: SessionId,
    /// Whose.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub account: AccountId,
    /// The one refresh token that is good.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, keyed)]
    pub current: SecretHash,
    /// The one before it, good for a short grace, in which it leads to the same successor.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, keyed)]
    pub previous: Option<SecretHash>,
    /// When `current` took the place of `previous`.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub rotated_at: Timestamp,
    /// When it began; it ends 30 days later at the latest.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub started_at: Timestamp,
    /// From when the 14 days without use are counted; never so late that they pass the 30 days.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub idle_from: Timestamp,
    /// When a factor was proved last; absent in what was written before that was asked for.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub proved_at: Option<Timestamp>,
    /// When a second factor was proved; absent while the first one is all there is.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub second_factor_at: Option<Timestamp>,
    /// Through the provider of which workspace it began, if through one: it is good for that
    /// workspace and nothing else, because nobody but its owner vouches for the provider.
    #[non_personal(reason = "the id of a workspace")]
    pub team: Option<WorkspaceId>,
    /// By which session of the provider's own, if it said so: to be ended with that one.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, keyed)]
    pub team_session: Option<KeyedHash>,
    /// From which browser; absent in what was written before that was noted.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub browser: Option<Browser>,
    /// On which system.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub system: Option<System>,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// How long a proof is fresh enough for what cannot be taken back: ten minutes (ASVS 5.0, 7.5).
const PROOF_LIFETIME: Duration = Duration::from_secs(10 * 60);

impl LoginSession {
    /// Whether somebody has proved lately that it is still them.
    pub fn is_proved(&self, now: Timestamp) -> bool {
        self.proved_at
            .is_some_and(|at| now < at.plus(PROOF_LIFETIME))
    }

    /// Whether it began on such a device.
    pub fn is_from(&self, device: Device) -> bool {
        (self.browser, self.system) == (Some(device.browser), Some(device.system))
    }
}

/// How many sessions one transaction ends (DynamoDB takes 100 actions).
const SESSIONS_AT_ONCE: u16 = 100;

impl Store {
    /// Ends the login sessions of an account, all of them or all but one. Safe to repeat.
    ///
    /// # Errors
    /// When storage fails; some may have ended by then.
    pub async fn end_sessions(
        &self,
        account: AccountId,
        kept: Option<SessionId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let kept = kept.map(|session| keys::session(account, session));
        loop {
            let all = Query::partition(keys::sessions(account)).limit(SESSIONS_AT_ONCE);
            let found = self.query(all).await?;
            let places = found.iter().filter_map(|item| key_of(Table::Data, item));
            let mut transaction = Transaction::new(now);
            let mut ended = 0;
            for key in places.filter(|key| Some(key) != kept.as_ref()) {
                transaction.remove(key);
                ended += 1;
            }
            if ended == 0 {
                return Ok(());
            }
            match self.commit(transaction).await {
                Ok(()) | Err(CommitError::Refused(_)) => {}
                Err(CommitError::Store(error)) => return Err(error),
            }
        }
    }
}

/// What an account is in a workspace: read with every request of a member, so that a changed role
/// or a removal holds at once.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = seat(account, workspace), due = seat_due(account, ends_at), tenant = Platform,
    within = Membership, class = Workspace, anchor = created_at,
)]
pub struct Seat {
    /// Who.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub account: AccountId,
    /// Where.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// As which member: a subject of its own.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub member: MemberId,
    /// What they may do.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub role: Role,
    /// Which conversations they see; absent in what was written before there was a choice.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub visibility: Option<Visibility>,
    /// The teams that they are in.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub teams: Option<Vec<TeamId>>,
    /// When role, visibility or teams changed last: sockets from before it are closed.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub changed_at: Option<Timestamp>,
    /// Until when, where it was given for some hours.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub ends_at: Option<Timestamp>,
    /// By which entry of an operator, if it is one's.
    #[non_personal(reason = "the id of an entry of the operator")]
    pub break_glass: Option<BreakGlassId>,
    /// Since when.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl Seat {
    /// Whether it may be used at `now`: one that was given for some hours ends to the millisecond.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| end > now)
    }

    /// Which conversations they see.
    pub fn sight(&self) -> Sight {
        Sight {
            visibility: self.visibility.unwrap_or(Visibility::All),
            member: Some(self.member),
            teams: self.teams.clone().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::token::Secret;

    #[test]
    fn a_proof_is_fresh_for_ten_minutes_to_the_millisecond() {
        let now = Timestamp::from_ms(1_768_478_400_000);
        let mut session = LoginSession {
            id: SessionId::new(now),
            account: AccountId::new(now),
            current: Secret::from_bytes([0; 32]).hash(),
            previous: None,
            rotated_at: now,
            started_at: now,
            idle_from: now,
            proved_at: Some(now),
            second_factor_at: None,
            team: None,
            team_session: None,
            browser: None,
            system: None,
            rev: 1,
        };
        let after = |ms| Timestamp::from_ms(now.ms() + ms);
        assert!(session.is_proved(now) && session.is_proved(after(599_999)));
        assert!(!session.is_proved(after(600_000)));
        session.proved_at = None;
        assert!(!session.is_proved(now));
    }
}
