//! The second factor as operations read it, make its recovery codes and take parts of it away.

use aws_lc_rs::rand;
use data_encoding::BASE32_NOPAD;

use super::{
    platform::{self, Platform},
    problem::{Code, Problem},
};
use crate::{
    app::App,
    domain::AccountId,
    store::{
        CommitError, DataKey, Key, KeyedHash, StoreError, Stored, TenantKey, Transaction, Unsealed,
        account::LoginSession,
        keys,
        notice::{Notice, NoticeKind},
        second_factor::SecondFactor,
    },
};

/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;
/// Bytes of a recovery code: 120 bits, which nobody guesses, so a fast hash is enough to store
/// (ASVS 5.0, 6.5.2 asks for 112).
pub const RECOVERY_LENGTH: usize = 15;

/// What reading an account with its second factor takes.
pub fn wanted(account: AccountId) -> Vec<Key> {
    let mut wanted = vec![keys::second_factor(account)];
    wanted.extend(platform::root(&keys::account(account)));
    wanted
}

/// The second factor out of a batch that asked for [`wanted`], with the key that seals it.
///
/// # Errors
/// 401 when the account is gone.
pub fn of(read: &Platform, account: AccountId) -> Result<(Option<SecondFactor>, DataKey), Problem> {
    let gone = || Problem::new(Code::TokenInvalid);
    let key = read.key_of(&keys::account(account))?.ok_or_else(gone)?;
    let factor = read.sealed::<SecondFactor>(&keys::second_factor(account), &key)?;
    Ok((factor, key))
}

/// The second factor, for a session that has proved it.
///
/// # Errors
/// 404 when there is none; 403 `step_up_required` when the session is older than the factor.
pub fn proved(
    found: Option<SecondFactor>,
    session: &LoginSession,
) -> Result<SecondFactor, Problem> {
    let factor = found
        .filter(SecondFactor::is_active)
        .ok_or_else(Problem::not_found)?;
    match session.second_factor_at {
        Some(_) => Ok(factor),
        None => Err(Problem::new(Code::StepUpRequired)),
    }
}

/// New recovery codes, as they are shown and as they are stored.
///
/// # Errors
/// When the system has no random numbers.
pub fn new_recovery_codes(
    tenant_key: &TenantKey,
    account: AccountId,
) -> Result<(Vec<String>, Vec<KeyedHash>), Problem> {
    let mut shown = Vec::with_capacity(RECOVERY_CODES);
    let mut stored = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let mut bits = [0; RECOVERY_LENGTH];
        rand::fill(&mut bits).map_err(|_| StoreError::Random)?;
        let code = BASE32_NOPAD.encode(&bits);
        stored.push(SecondFactor::recovery_hash(tenant_key, account, &code));
        shown.push(grouped(&code));
    }
    Ok((shown, stored))
}

/// A recovery code four by four, as people copy it.
pub fn grouped(code: &str) -> String {
    let lower = code.to_ascii_lowercase();
    let groups: Vec<&str> = lower
        .as_bytes()
        .chunks(4)
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join("-")
}

impl App {
    /// Leaves `left` of a second factor, and tells its owner. Every other session ends, for it may have
    /// come in by what is gone. When nothing is left that proves it, the recovery codes go along and
    /// this session forgets that it ever did: nobody stays in a workspace that asks for a second factor
    /// by one that is gone.
    ///
    /// # Errors
    /// 409 when the factor changed meanwhile.
    pub async fn lessen_factor(
        &self,
        read: &Platform,
        session: LoginSession,
        (left, key): (SecondFactor, &DataKey),
        kind: NoticeKind,
    ) -> Result<(), Problem> {
        let id = left.account;
        // First the others: a failure here leaves the factor where it is.
        self.store
            .end_sessions(id, Some(session.id), read.now)
            .await?;
        let mut transaction = Transaction::new(read.now);
        if left.is_active() {
            transaction.check_live(keys::account(id));
            transaction.replace(&Stored::next(left, &read.policy), key)?;
        } else {
            transaction.consume_version(keys::second_factor(id), left.rev);
            let session = LoginSession {
                second_factor_at: None,
                ..session
            };
            transaction.replace(&Stored::next(session, &read.policy), &Unsealed)?;
        }
        transaction.notify(Notice::new(id, kind, read.now))?;
        match self.store.commit(transaction).await {
            Ok(()) => Ok(()),
            Err(CommitError::Store(error)) => Err(error.into()),
            Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_is_shown_in_fours() {
        let code = BASE32_NOPAD.encode(&[7; RECOVERY_LENGTH]);
        assert_eq!(grouped(&code), "a4dq-obyh-a4dq-obyh-a4dq-obyh");
    }
}
