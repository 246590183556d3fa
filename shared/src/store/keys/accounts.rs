//! Keys of accounts: what opens them, what they are told, where they belong.
//!
//! | what | table | partition key | sort key |
//! |---|---|---|---|
//! | account | data | `ACCOUNT#platform#<account>` | `HEAD` |
//! | password, preferences, second factor of an account | data | the same | `PASSWORD`, `PREFERENCES`, `SECOND_FACTOR` |
//! | address of an account | data | `ADDRESS#platform#<keyed hash>` | `HEAD` |
//! | login session | data | `SESSION#platform#<account>` | `<session>` |
//! | mailed code | data | `CHALLENGE#platform#<challenge>` | `HEAD` |
//! | link that sets a password | data | `RESET#platform#<link>` | `HEAD` |
//! | letter of an announcement | data | `LETTER#platform#<account>` | `<announcement or version>` |
//! | notice to an account | data | `NOTICE#platform#<account>` | `<notice>` |
//! | sign-in that waits for the second factor | data | `CHALLENGE#platform#<challenge>` | `STEP` |
//! | ceremony of a passkey | data | the same | `PASSKEY` |
//! | place of an account in a workspace | data | `SEAT#platform#<account>` | `<workspace>` |

use super::{IndexKey, Key, data, due, head};
use crate::{
    domain::{
        AccountId, ChallengeId, NoticeId, ResetId, SessionId, Timestamp, WorkspaceId,
        announcement::MailKind, words::Symbol,
    },
    store::{announcement::Occasion, seal::KeyedHash},
};

/// The head of an account.
pub fn account(id: AccountId) -> Key {
    head(format!("ACCOUNT#platform#{id}"))
}

/// The password of an account.
pub fn password(account: AccountId) -> Key {
    data(format!("ACCOUNT#platform#{account}"), "PASSWORD")
}

/// Accounts that are to be deleted, by when; all others by id.
pub fn account_list(id: AccountId, delete_at: Option<Timestamp>) -> IndexKey {
    match delete_at {
        Some(at) => IndexKey {
            pk: accounts_going(),
            sk: format!("{:015}#{id}", at.ms()),
        },
        None => IndexKey {
            pk: accounts(id.uuid().as_bytes()[15] % ACCOUNT_SHARDS),
            sk: id.to_string(),
        },
    }
}

/// How many partitions the list of all accounts has.
pub const ACCOUNT_SHARDS: u8 = 8;

/// One shard of the list of accounts that nobody wants deleted.
pub fn accounts(shard: u8) -> String {
    format!("ACCOUNT#platform#ALL#{shard}")
}

/// The list of accounts that are to be deleted, by when.
pub fn accounts_going() -> String {
    "ACCOUNT#platform#GOING".to_owned()
}

/// Which version of the policy an account has gone on under.
pub fn acceptance(id: AccountId) -> Key {
    data(format!("ACCOUNT#platform#{id}"), "ACCEPTANCE")
}

/// A letter of an announcement to an account: one for each occasion.
pub fn letter(account: AccountId, occasion: Occasion) -> Key {
    data(letters(account), occasion.symbol())
}

/// The partition of all letters to an account.
pub fn letters(account: AccountId) -> String {
    format!("LETTER#platform#{account}")
}

/// What was said for an address about a kind of mail.
pub fn mail_wish(address: KeyedHash, kind: MailKind) -> Key {
    data(format!("WISH#platform#{address}"), kind.word())
}

/// How somebody wants to use the product.
pub fn preferences(id: AccountId) -> Key {
    data(format!("ACCOUNT#platform#{id}"), "PREFERENCES")
}

/// The second factor of an account.
pub fn second_factor(id: AccountId) -> Key {
    data(format!("ACCOUNT#platform#{id}"), "SECOND_FACTOR")
}

/// A sign-in that waits for the second factor.
pub fn second_step(id: ChallengeId) -> Key {
    data(format!("CHALLENGE#platform#{id}"), "STEP")
}

/// A ceremony of a passkey that waits for its answer.
pub fn passkey_ceremony(id: ChallengeId) -> Key {
    data(format!("CHALLENGE#platform#{id}"), "PASSKEY")
}

/// Where an address leads to its account.
pub fn address(address: KeyedHash) -> Key {
    head(format!("ADDRESS#platform#{address}"))
}

/// A login session of an account.
pub fn session(account: AccountId, session: SessionId) -> Key {
    data(sessions(account), session.to_string())
}

/// The partition of all login sessions of an account.
pub fn sessions(account: AccountId) -> String {
    format!("SESSION#platform#{account}")
}

/// A mailed code.
pub fn challenge(id: ChallengeId) -> Key {
    head(format!("CHALLENGE#platform#{id}"))
}

/// A link that sets a new password.
pub fn reset(id: ResetId) -> Key {
    head(format!("RESET#platform#{id}"))
}

/// The notices to an account.
pub fn notices(account: AccountId) -> String {
    format!("NOTICE#platform#{account}")
}

/// What an account is told by mail.
pub fn notice(account: AccountId, notice: NoticeId) -> Key {
    data(notices(account), notice.to_string())
}

/// What an account is in a workspace.
pub fn seat(account: AccountId, workspace: WorkspaceId) -> Key {
    data(seats(account), workspace.to_string())
}

/// The partition of all seats of an account.
pub fn seats(account: AccountId) -> String {
    format!("SEAT#platform#{account}")
}

/// When a seat ends, if it was given for some hours.
pub fn seat_due(account: AccountId, ends_at: Option<Timestamp>) -> Option<IndexKey> {
    Some(due(ends_at?, &seats(account)))
}

/// Whether this is a seat.
pub fn is_seat(key: &Key) -> bool {
    key.pk.starts_with("SEAT#")
}
