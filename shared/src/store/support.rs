//! What somebody wrote to the operator, and what was answered (CALL-24, CALL-26).
//!
//! A thread is its own root, with its own key: who writes may have no account. What the holder of an
//! account wrote is found through a list of their own, is in their copy, and goes with the account;
//! every message ends two years after it was written, and a thread two years after its last one.

use data_encoding::BASE32_NOPAD;
use shared_derive::Record;
use uuid::Uuid;

use super::{
    db::StoreError,
    keyring::{NewDataKey, TenantKey, Use},
    keys,
    record::Stored,
    seal::{DataKey, Unsealed},
    subject::SubjectId,
    transaction::{Slot, Transaction},
};
use crate::{
    domain::{
        AccountId, MessageId, Policy, SupportId, TenantId, Timestamp,
        text::{Email, Text},
    },
    words,
};

/// Bytes of the code in a reply address: 80 bits, which nobody guesses over mail.
const CODE_BYTES: usize = 10;
/// What the code of a link is for.
const LINK: &str = "link";

words! {
    /// Who said something in a thread.
    pub enum SupportSide {
        /// Who answers for the deployment.
        Operator = "operator",
        /// Who asks.
        Person = "person",
    }
}

words! {
    /// What is known of the address that answers go to.
    pub enum AddressProof {
        /// It is an account's, the domain stood by the mail that came from there, or somebody who reads
        /// there has said so.
        Proved = "proved",
        /// Somebody has typed it: nothing but an acknowledgement goes there.
        Unproved = "unproved",
    }
}

words! {
    /// Which way something came.
    pub enum SupportWay {
        /// Through the API.
        Api = "api",
        /// By mail. Only who knew the signed address of the thread can have gone on in it.
        Mail = "mail",
    }
}

/// A thread between somebody and the operator.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = support_thread(id), lists = support_list(id), tenant = Platform,
    no_subject = "who writes may have no account; what the holder of one wrote is found through their own list, and goes with them",
    class = Support, anchor = touched_at,
)]
pub struct SupportThread {
    /// Its id.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub id: SupportId,
    /// Whose account it is, if it is an account's.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub account: Option<AccountId>,
    /// Whether answers may go to the address.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub address: AddressProof,
    /// Who said the last thing.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub last_by: SupportSide,
    /// How many messages there were.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub messages: u64,
    /// When it began.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub created_at: Timestamp,
    /// When the last thing was said.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub touched_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// What was said in a thread.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = support_message(thread, id), tenant = Platform,
    within = SupportThread, class = Support, anchor = sent_at,
)]
pub struct SupportMessage {
    /// In which thread.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub thread: SupportId,
    /// Its id; messages stand in its order.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub id: MessageId,
    /// Who said it.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub by: SupportSide,
    /// Which way it came.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub way: SupportWay,
    /// Whether answers might go to the address when it was said.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub address: AddressProof,
    /// The address that somebody said they write from.
    #[personal(category = Contact, purpose = Support, erase = Delete)]
    pub from: Option<Email>,
    /// What was said.
    #[personal(category = Content, purpose = Support, erase = Delete)]
    pub text: Text,
    /// When.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub sent_at: Timestamp,
}

/// Where the answers of a thread go that no account began.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = support_writer(thread), tenant = Platform,
    within = SupportThread, class = Root, anchor = created_at,
)]
pub struct SupportWriter {
    /// Of which thread.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub thread: SupportId,
    /// The address that began it.
    #[personal(category = Contact, purpose = Support, erase = Delete)]
    pub email: Email,
    /// When it began.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub created_at: Timestamp,
}

/// That a thread is somebody's: their own list.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = own_support(account, thread), tenant = Platform,
    no_subject = "two opaque ids, which go with the account or with the thread",
    class = Support, anchor = touched_at,
)]
pub struct OwnSupport {
    /// Whose.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub account: AccountId,
    /// Which thread.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub thread: SupportId,
    /// When the last thing was said in it.
    #[personal(category = Pseudonym, purpose = Support, erase = Delete, open)]
    pub touched_at: Timestamp,
}

/// Something that somebody says.
#[derive(Clone, Debug)]
pub struct Said {
    /// Under which id.
    pub id: MessageId,
    /// Who.
    pub by: SupportSide,
    /// Which way.
    pub way: SupportWay,
    /// The address that somebody says they write from.
    pub from: Option<Email>,
    /// What.
    pub text: Text,
}

impl Said {
    fn at(self, thread: &SupportThread, now: Timestamp) -> SupportMessage {
        SupportMessage {
            thread: thread.id,
            address: thread.address,
            id: self.id,
            by: self.by,
            way: self.way,
            from: self.from,
            text: self.text,
            sent_at: now,
        }
    }
}

impl SupportThread {
    /// A new thread. An account's address is proved.
    pub const fn new(
        id: SupportId,
        account: Option<AccountId>,
        address: AddressProof,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            address: match account {
                Some(_) => AddressProof::Proved,
                None => address,
            },
            account,
            last_by: SupportSide::Person,
            messages: 0,
            created_at: now,
            touched_at: now,
            rev: 1,
        }
    }

    fn after(self, said: &Said, now: Timestamp) -> Self {
        Self {
            last_by: said.by,
            messages: self.messages + 1,
            touched_at: now,
            ..self
        }
    }

    fn own(&self) -> Option<OwnSupport> {
        Some(OwnSupport {
            account: self.account?,
            thread: self.id,
            touched_at: self.touched_at,
        })
    }

    /// What stands behind the plus of the address at which `side` goes on in a thread by mail. It is
    /// computed, so that it is stored nowhere; each side has its own.
    pub fn reply_label(tenant_key: &TenantKey, id: SupportId, side: SupportSide) -> String {
        let mut bytes = id.uuid().into_bytes().to_vec();
        bytes.extend(Self::code(tenant_key, id, side));
        BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
    }

    /// Which thread a label names, and for whom; none when it is not one of ours.
    pub fn read_reply_label(
        tenant_key: &TenantKey,
        label: &str,
    ) -> Option<(SupportId, SupportSide)> {
        let (id, code) = Self::split(label)?;
        let of = |side: &SupportSide| {
            let right = Self::code(tenant_key, id, *side);
            aws_lc_rs::constant_time::verify_slices_are_equal(&right, &code).is_ok()
        };
        let side = SupportSide::ALL.iter().copied().find(of)?;
        Some((id, side))
    }

    /// The token of the link that proves the address. Computed as well; it is none of the labels.
    pub fn link_token(tenant_key: &TenantKey, id: SupportId) -> String {
        let mut bytes = id.uuid().into_bytes().to_vec();
        bytes.extend(Self::code_for(tenant_key, id, LINK));
        BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
    }

    /// Which thread the token of a link names; none when it is not one of ours.
    pub fn read_link_token(tenant_key: &TenantKey, token: &str) -> Option<SupportId> {
        let (id, code) = Self::split(token)?;
        let right = Self::code_for(tenant_key, id, LINK);
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(&right, &code);
        same.is_ok().then_some(id)
    }

    /// The id and the code of a label.
    fn split(label: &str) -> Option<(SupportId, Vec<u8>)> {
        let bytes = BASE32_NOPAD.decode(label.to_ascii_uppercase().as_bytes());
        let bytes = bytes.ok().filter(|bytes| bytes.len() == 16 + CODE_BYTES)?;
        let id = SupportId::from_uuid(Uuid::from_slice(bytes.get(..16)?).ok()?);
        Some((id, bytes.get(16..)?.to_vec()))
    }

    fn code(tenant_key: &TenantKey, id: SupportId, side: SupportSide) -> [u8; CODE_BYTES] {
        Self::code_for(tenant_key, id, side.word())
    }

    fn code_for(tenant_key: &TenantKey, id: SupportId, what: &str) -> [u8; CODE_BYTES] {
        let whole = tenant_key.hash(Use::Code, &format!("support {what} {id}"));
        let mut code = [0; CODE_BYTES];
        code.copy_from_slice(&whole.as_bytes()[..CODE_BYTES]);
        code
    }
}

impl Transaction {
    /// Begins a thread. The slot fails when it was begun before.
    ///
    /// # Errors
    /// When the records cannot be written.
    pub fn begin_support(
        &mut self,
        thread: SupportThread,
        said: Said,
        data_key: &NewDataKey,
    ) -> Result<(SupportThread, Slot), StoreError> {
        let policy = Policy::platform();
        let now = thread.created_at;
        let thread = thread.after(&said, now);
        let stored = Stored::new(thread, &policy);
        let slot = self.create_root(&stored, &Unsealed, data_key)?;
        let thread = stored.into_record();
        self.list_support(&thread)?;
        if let Some(email) = said.from.clone().filter(|_| thread.account.is_none()) {
            let writer = SupportWriter {
                thread: thread.id,
                email,
                created_at: now,
            };
            self.create(&Stored::new(writer, &policy), &data_key.key)?;
        }
        let message = Stored::new(said.at(&thread, now), &policy);
        self.create(&message, &data_key.key)?;
        Ok((thread, slot))
    }

    /// Goes on in a thread. The slot fails when the same was said before.
    ///
    /// # Errors
    /// When the records cannot be written.
    pub fn say_support(
        &mut self,
        thread: SupportThread,
        said: Said,
        key: &DataKey,
        now: Timestamp,
    ) -> Result<(SupportThread, Slot), StoreError> {
        let policy = Policy::platform();
        let stored = Stored::next(thread.after(&said, now), &policy);
        self.replace(&stored, &Unsealed)?;
        let thread = stored.into_record();
        self.list_support(&thread)?;
        let message = Stored::new(said.at(&thread, now), &policy);
        let slot = self.create(&message, key)?;
        Ok((thread, slot))
    }

    /// Writes down that somebody reads at the address of a thread. Answers that waited go out now.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn prove_support(&mut self, thread: SupportThread) -> Result<(), StoreError> {
        let proved = SupportThread {
            address: AddressProof::Proved,
            ..thread
        };
        let stored = Stored::next(proved, &Policy::platform());
        self.replace(&stored, &Unsealed)?;
        Ok(())
    }

    /// Keeps the list of whose thread it is, who must not be going meanwhile.
    fn list_support(&mut self, thread: &SupportThread) -> Result<(), StoreError> {
        if let Some(own) = thread.own() {
            let subject = SubjectId::Account(own.account);
            self.check_live(keys::subject(TenantId::Platform, subject));
            self.overwrite(&Stored::new(own, &Policy::platform()), &Unsealed)?;
        }
        Ok(())
    }
}
