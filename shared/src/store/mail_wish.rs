//! What people said about mail that they may refuse, under a keyed hash of the address: the proof of
//! a consent and of an opt-out, which outlives the account (FLOW-43, FLOW-52).
//!
//! The settings of an account say what it wants now; the row here says when that was said, how, and
//! to which sentence. Both are written in one transaction, by whoever changes one of them.

use shared_derive::Record;

use super::{
    account::Account,
    db::{Fetched, Store, StoreError},
    keyring::{TenantKey, Use},
    keys,
    preferences::Preferences,
    record::Stored,
    seal::{KeyedHash, Unsealed},
    subject::{RootRef, State},
    transaction::{CommitError, Transaction},
};
use crate::domain::{
    AccountId, Policy, TenantId, Timestamp,
    announcement::{CONSENT_VERSION, MailKind, MailWish, MailWishSource},
    policy::Lens,
    text::Email,
};

/// How often a refusal is tried: somebody may be changing the settings meanwhile.
const ATTEMPTS: u32 = 3;

/// What was said for an address about one kind of mail, last.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = mail_wish(address, mail_kind), tenant = Platform,
    no_subject = "the proof of a consent or a refusal: a keyed hash of an address, for 36 months, account or not",
    class = MailWish, anchor = said_at,
)]
pub struct MailWishRow {
    /// For which address.
    #[personal(category = Identifier, purpose = RunWorkspace, erase = Delete, keyed)]
    pub address: KeyedHash,
    /// About which kind of mail.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub mail_kind: MailKind,
    /// What.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub wish: MailWish,
    /// How.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub said_by: MailWishSource,
    /// To which sentence: [`CONSENT_VERSION`] of that day.
    #[non_personal(reason = "the number of a sentence")]
    pub consent_version: u32,
    /// When.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub said_at: Timestamp,
}

/// The hash under which an address is known here; not the one that leads to its account.
pub fn hash_of(tenant_key: &TenantKey, address: &Email) -> KeyedHash {
    tenant_key.hash(Use::MailWish, &address.identity())
}

impl Transaction {
    /// Writes down what was said for an address.
    ///
    /// # Errors
    /// None that a wish could cause.
    pub fn wish(
        &mut self,
        address: KeyedHash,
        mail_kind: MailKind,
        (wish, said_by): (MailWish, MailWishSource),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let row = MailWishRow {
            address,
            mail_kind,
            wish,
            said_by,
            consent_version: CONSENT_VERSION,
            said_at: now,
        };
        let stored = Stored::new(row, &Policy::platform());
        self.overwrite(&stored, &Unsealed).map(|_| ())
    }
}

impl Store {
    /// Ends a kind of mail for an address, and for the one of its account now: the record and the
    /// settings change in one transaction. Repeating it changes nothing more; an account that is gone
    /// leaves the refusal behind, and nothing else.
    ///
    /// # Errors
    /// When storage fails, or the settings change again and again meanwhile.
    pub async fn refuse_mail(
        &self,
        way_out: WayOut,
        said_by: MailWishSource,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            let tenant_key = self.tenant_key(TenantId::Platform, now).await?;
            let head = keys::account(way_out.account);
            let wanted = vec![
                head.clone(),
                keys::data_key(&RootRef::of(&head)),
                keys::preferences(way_out.account),
            ];
            let fetched = self.batch(wanted).await?;
            let mut transaction = Transaction::new(now);
            refuse(
                &mut transaction,
                &fetched,
                (way_out, said_by),
                &tenant_key,
                now,
            )?;
            match self.commit(transaction).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Store(error)) => return Err(error),
                Err(CommitError::Refused(_)) => {}
            }
        }
        Err(StoreError::Conflict)
    }
}

fn refuse(
    transaction: &mut Transaction,
    fetched: &Fetched,
    (way_out, said_by): (WayOut, MailWishSource),
    tenant_key: &TenantKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    let said = (MailWish::Refused, said_by);
    transaction.wish(way_out.address, way_out.mail_kind, said, now)?;
    let head = keys::account(way_out.account);
    let Some(key) = fetched.data_key(&head, tenant_key)? else {
        return Ok(());
    };
    let account = fetched.get::<Account>(&head, &key, lens)?;
    let Some(account) = account.filter(|account| account.state != State::Erasing) else {
        return Ok(());
    };
    // Between this read and the write nobody may have begun to erase it.
    transaction.check_unchanged(head, account.rev);
    let present = hash_of(tenant_key, &account.email);
    if present != way_out.address {
        transaction.wish(present, way_out.mail_kind, said, now)?;
    }
    let place = keys::preferences(way_out.account);
    let found = fetched.get::<Preferences>(&place, &key, lens)?;
    let before = found.unwrap_or_else(|| Preferences::unset(way_out.account, now));
    let next = match way_out.mail_kind {
        MailKind::Marketing => Preferences {
            marketing_mail: false,
            ..before
        },
        MailKind::Service => Preferences {
            service_mail: false,
            ..before
        },
    };
    let is_new = next.rev == 0;
    let stored = Stored::next(next, &policy);
    if is_new {
        transaction.create(&stored, &key)?;
    } else {
        transaction.replace(&stored, &key)?;
    }
    Ok(())
}

/// What leads out of a kind of mail without signing in: who, for which address, out of what. It is
/// computed when the mail is sent and stored nowhere, and it does not run out (RFC 8058; mail lies in
/// mailboxes for years).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WayOut {
    /// The account that the mail went to.
    pub account: AccountId,
    /// The address that it went to.
    pub address: KeyedHash,
    /// Out of what.
    pub mail_kind: MailKind,
}

/// What the token opens with.
const PREFIX: &str = "un_";
/// An account, an address, a kind.
const PLACE_BYTES: usize = 16 + 32 + 1;

impl WayOut {
    fn place(&self) -> Vec<u8> {
        let kind = match self.mail_kind {
            MailKind::Marketing => b'm',
            MailKind::Service => b's',
        };
        let mut bytes = self.account.uuid().as_bytes().to_vec();
        bytes.extend_from_slice(self.address.as_bytes());
        bytes.push(kind);
        bytes
    }

    /// The token of a link.
    pub fn token(&self, tenant_key: &TenantKey) -> String {
        let mut bytes = self.place();
        bytes.extend(tenant_key.sign(Use::WayOut, &bytes));
        format!("{PREFIX}{}", data_encoding::BASE64URL_NOPAD.encode(&bytes))
    }

    /// Reads a token; `None` when it is anything else than one of ours.
    pub fn read(tenant_key: &TenantKey, token: &str) -> Option<Self> {
        let text = token.strip_prefix(PREFIX)?;
        let bytes = data_encoding::BASE64URL_NOPAD
            .decode(text.as_bytes())
            .ok()?;
        let (place, signature) = bytes.split_at_checked(PLACE_BYTES)?;
        if !tenant_key.verify(Use::WayOut, place, signature) {
            return None;
        }
        let mail_kind = match place.last()? {
            b'm' => MailKind::Marketing,
            b's' => MailKind::Service,
            _ => return None,
        };
        Some(Self {
            account: AccountId::from_uuid(uuid::Uuid::from_slice(place.get(..16)?).ok()?),
            address: KeyedHash::from_stored(place.get(16..48)?)?,
            mail_kind,
        })
    }
}
