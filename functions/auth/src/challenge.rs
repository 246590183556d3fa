//! A mailed code: asked for, and answered at most five times.

use serde::{Deserialize, Serialize};
use shared::{
    app::{App, limit::Act},
    domain::{
        AccountId, ChallengeId, TenantId, Timestamp,
        password::PasswordHash,
        policy::{Lens, Policy},
        retention::CHALLENGE_LIFETIME,
        text::Email,
    },
    http::{Allowance, Client, Problem},
    store::{
        CommitError, DataKey, Refusal, RootRef, Slot, StoreError, Stored, TenantKey, Transaction,
        account::{Challenge, ChallengePurpose},
        keys,
        operator::SignUpRule,
        record::read_item,
    },
};
use utoipa::ToSchema;

pub use shared::{app::sign_in::TRIES, domain::code::MailedCode};

use crate::{
    owner,
    platform::{self, Platform},
};

/// Where a code is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskForCode {
    /// The address that the code is mailed to.
    pub email: Email,
}

/// A code that was asked for. Whether a mail is on its way is not told.
#[derive(Serialize, ToSchema)]
pub struct CodeAsked {
    /// To be sent back with the code.
    challenge_id: ChallengeId,
    /// Until when.
    expires_at: Timestamp,
}

impl CodeAsked {
    /// Which code is meant.
    pub const fn challenge(&self) -> ChallengeId {
        self.challenge_id
    }
}

/// What a code is for, and whether it goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What a right answer does.
    pub purpose: ChallengePurpose,
    /// Whether a mail goes out.
    pub deliver: bool,
}

/// What comes along with the wish for an account, or for another address, and waits for the code.
#[derive(Default)]
pub struct Brought {
    /// Who wants the address.
    pub account: Option<AccountId>,
    /// When it was said that its holder is of age.
    pub adult_at: Option<Timestamp>,
    /// The password that it is to have.
    pub password: Option<PasswordHash>,
}

/// Counts that somebody asks for a code.
///
/// # Errors
/// 429 when it is too often.
pub async fn admit(app: &App, client: &Client, email: &Email) -> Result<Allowance, Problem> {
    app.admit(client, Act::AskForCode, &email.identity()).await
}

/// Makes a challenge for an address; `plan` decides by whether the address has an account.
pub async fn ask(
    app: &App,
    allowed: &Allowance,
    email: Email,
    plan: fn(bool) -> Plan,
) -> Result<CodeAsked, Problem> {
    ask_with(app, allowed, email, plan, Brought::default()).await
}

/// The same, for an account that wants the address. One that belongs to somebody gets no mail.
pub async fn ask_for_address(
    app: &App,
    allowed: &Allowance,
    email: Email,
    account: AccountId,
) -> Result<CodeAsked, Problem> {
    let plan = |owned: bool| Plan {
        purpose: ChallengePurpose::ChangeAddress,
        deliver: !owned,
    };
    let brought = Brought {
        account: Some(account),
        ..Brought::default()
    };
    ask_with(app, allowed, email, plan, brought).await
}

/// The same, for who brings something along.
///
/// Who asks has been counted before: [`admit`]. Both answers cost the same calls: one read for the
/// address, one transaction. While the key of
/// the tenant is not remembered, one more read and one call to KMS come before them.
pub async fn ask_with(
    app: &App,
    allowed: &Allowance,
    email: Email,
    plan: fn(bool) -> Plan,
    brought: Brought,
) -> Result<CodeAsked, Problem> {
    debug_assert_eq!(allowed.act(), Act::AskForCode);
    let now = app.clock.now();
    let tenant_key = app.store.tenant_key(TenantId::Platform, now).await?;
    let (owned, sign_up) = owner::at_the_door(app, &tenant_key, &email, now).await?;
    let Plan {
        purpose,
        mut deliver,
    } = plan(owned.is_some());
    // Where sign-up is closed it is asked of every address, so that both answers cost the same.
    let wants_account = matches!(
        purpose,
        ChallengePurpose::SignUp | ChallengePurpose::HasAccount
    );
    if wants_account && sign_up == SignUpRule::Closed {
        let invited = owner::is_invited(app, &tenant_key, &email, now).await?;
        deliver &= invited || owned.is_some();
    }
    let challenge = Challenge {
        id: ChallengeId::new(now),
        email,
        purpose,
        account: brought.account,
        deliver,
        adult_at: brought.adult_at,
        password: brought.password,
        tries_left: TRIES,
        created_at: now,
        rev: 1,
    };
    let asked = CodeAsked {
        challenge_id: challenge.id,
        expires_at: now.plus(CHALLENGE_LIFETIME),
    };
    let data_key = tenant_key.new_data_key(&keys::challenge(challenge.id), now)?;
    let stored = Stored::new(challenge, &Policy::platform());
    let mut transaction = Transaction::new(now);
    transaction.create_root(&stored, &data_key.key, &data_key)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(asked),
        Err(CommitError::Store(error)) => Err(error.into()),
        // The id is new: somebody drew the same 74 random bits in the same millisecond.
        Err(CommitError::Refused(_)) => Err(StoreError::Conflict.into()),
    }
}

/// A challenge that waits for its answer.
pub struct Pending {
    /// Its row, as it was seen last.
    pub row: Challenge,
    /// The key of the tenant.
    pub tenant_key: TenantKey,
    /// The server's time for the whole request.
    pub now: Timestamp,
    key: DataKey,
}

impl Pending {
    /// Reads a challenge. Expired, used and made-up ones look alike: `None`.
    pub async fn read(app: &App, id: ChallengeId, now: Timestamp) -> Result<Option<Self>, Problem> {
        let head = keys::challenge(id);
        let read = Platform::read(app, platform::root(&head).into(), now).await?;
        let found = read.root::<Challenge>(&head)?;
        Ok(found.map(|(row, key)| Self {
            row,
            tenant_key: read.tenant_key,
            now,
            key,
        }))
    }

    /// Whether `code` is the one that was mailed. What was not mailed has no right answer.
    pub fn is_answered_by(&self, code: &MailedCode) -> bool {
        code.is(&self.row.code(&self.tenant_key)) & self.row.deliver
    }

    /// Counts a wrong answer, on the version that was read: of answers that arrive together only
    /// one is counted, and the others have to look again.
    pub fn count(&self, transaction: &mut Transaction) -> Result<Slot, Problem> {
        let tries_left = self.row.tries_left.saturating_sub(1);
        let next = Challenge {
            tries_left,
            ..self.row.clone()
        };
        let stored = Stored::next(next, &Policy::platform());
        Ok(transaction.replace(&stored, &self.key)?)
    }

    /// Uses the challenge up, on the version that was read. So the right answer, too, has to be
    /// among the first five: thousands sent together do not get more guesses than one by one.
    /// Its key goes along, and the address in it cannot be read any more.
    pub fn consume(&self, transaction: &mut Transaction) -> Slot {
        let head = keys::challenge(self.row.id);
        let slot = transaction.consume_version(head.clone(), self.row.rev);
        transaction.consume(keys::data_key(&RootRef::of(&head)));
        slot
    }

    /// Looks again after a refused transaction, at what the refusal brought along. False when the
    /// challenge is gone.
    pub fn follow(&mut self, refusal: &Refusal, slot: Slot) -> Result<bool, Problem> {
        if !refusal.failed(slot) {
            return Ok(true);
        }
        let Some(found) = refusal.found(slot) else {
            return Ok(false);
        };
        let lens = Lens {
            now: self.now,
            policy: &Policy::platform(),
        };
        let Some(row) = read_item::<Challenge>(found, &self.key, lens)? else {
            return Ok(false);
        };
        self.row = row;
        Ok(true)
    }
}
