//! Conversations that go on by mail: what a team wrote to a visitor who is away, and the address that
//! the visitor answers at.
//!
//! One row with the conversation says what waits and how far mail has got. `outbox` arms it when the team
//! writes; when its time has come the schedule of the minute asks whether the visitor has read or is
//! here, and if not counts one mail up, which `outbox` makes and sends. So nothing is mailed twice, and
//! what was said meanwhile goes in one mail.

mod way_out;

use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use shared_derive::Record;
use uuid::Uuid;

use super::{
    contact::Contact,
    conversation::{Conversation, Status},
    db::{Fetched, Store, StoreError},
    keyring::{TenantKey, Use},
    keys::{self, Key},
    record::{Item, Stored},
    seal::{KeyedHash, Unsealed},
    socket::Topic,
    subject::{State, SubjectId},
    transaction::{CommitError, Transaction},
};
use crate::domain::{
    ContactId, ConversationId, Policy, Timestamp, WorkspaceId,
    policy::{Lens, Module, VisitorMail},
};

pub use way_out::ThreadWayOut;

/// How long a visitor has to read what the team wrote before it is mailed (docs/continuity.md).
pub const OFFLINE_AFTER: Duration = Duration::from_secs(10 * 60);
/// How long there is between two mails about one conversation.
pub const APART: Duration = Duration::from_secs(15 * 60);
/// How many messages one mail holds.
pub const MOST_MESSAGES: usize = 10;
/// How often a write that lost a race is tried again.
const RACES: u32 = 8;
/// Bytes of the part of a reply address that is not the workspace: 80 bits, which nobody guesses over
/// mail. With the workspace they fit the 64 characters that stand before an @ (RFC 5321, 4.5.3.1.1).
const CODE_BYTES: usize = 10;
/// Bytes of an id.
const ID_BYTES: usize = 16;

/// How far mail about a conversation has got.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = continuity(workspace, conversation),
    due = continuity_due(workspace, conversation, due_at), tenant = workspace,
    within = Conversation, class = Conversation, anchor = touched_at,
)]
pub struct Continuity {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// In which conversation.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// With whom.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub contact: ContactId,
    /// When somebody looks whether they have read; nothing waits without it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub due_at: Option<Timestamp>,
    /// Behind which message the newest mail begins.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub from_seq: u64,
    /// With which message it ends.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub until_seq: u64,
    /// How many messages had been written to the visitor by then.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub until_out: u64,
    /// How many mails there are.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub mails: u64,
    /// How many of them are settled: sent, or not needed any more.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub settled: u64,
    /// When the newest mail was decided on.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub mailed_at: Option<Timestamp>,
    /// The newest address for replies, as a keyed hash.
    #[personal(category = Identifier, purpose = AnswerVisitor, erase = Delete, keyed)]
    pub reply_address: Option<KeyedHash>,
    /// When it was written.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub touched_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// Where an address for replies leads: one conversation, and one person. It ends a month after the last
/// mail that named it, and with the conversation.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = reply_address(workspace, address), tenant = workspace,
    within = Conversation, class = Visit, anchor = named_at,
)]
pub struct ReplyAddress {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// The address, as a keyed hash.
    #[personal(category = Identifier, purpose = AnswerVisitor, erase = Delete, keyed)]
    pub address: KeyedHash,
    /// To which conversation.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// Who may write there.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub contact: ContactId,
    /// When a mail named it last.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub named_at: Timestamp,
}

/// What stands behind the plus of an address for replies: a workspace, and a code that follows from
/// conversation and contact under its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyLabel {
    /// In which workspace.
    pub workspace: WorkspaceId,
    code: Vec<u8>,
}

impl ReplyLabel {
    /// The label for a conversation with somebody.
    pub fn new(
        tenant_key: &TenantKey,
        (workspace, conversation): (WorkspaceId, ConversationId),
        contact: ContactId,
    ) -> Self {
        let whole = tenant_key.hash(Use::Code, &format!("reply {conversation} {contact}"));
        Self {
            workspace,
            code: whole.as_bytes()[..CODE_BYTES].to_vec(),
        }
    }

    /// Reads a label; whether it leads anywhere, only [`ReplyLabel::address`] finds out.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes());
        let bytes = bytes
            .ok()
            .filter(|bytes| bytes.len() == ID_BYTES + CODE_BYTES)?;
        let (workspace, code) = bytes.split_at(ID_BYTES);
        Some(Self {
            workspace: WorkspaceId::from_uuid(Uuid::from_slice(workspace).ok()?),
            code: code.to_vec(),
        })
    }

    /// The label as it stands in an address.
    pub fn write(&self) -> String {
        let mut bytes = self.workspace.uuid().into_bytes().to_vec();
        bytes.extend(&self.code);
        BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
    }

    /// What the address is known by in storage, from which nobody gets to the address.
    pub fn address(&self, tenant_key: &TenantKey) -> KeyedHash {
        let code = BASE32_NOPAD.encode(&self.code);
        tenant_key.hash(Use::Address, &format!("reply {code}"))
    }
}

/// Everything that decides whether somebody is mailed about a conversation, read at once.
#[derive(Debug)]
pub struct Scene {
    /// The policy of the workspace.
    pub policy: Policy,
    /// The conversation.
    pub head: Conversation,
    /// With whom.
    pub contact: Contact,
    /// How far mail has got; none where there was none yet.
    pub row: Option<Continuity>,
    /// What else was asked for.
    pub fetched: Fetched,
}

impl Scene {
    /// Reads it, strongly; none when the workspace, the conversation or the contact is gone.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn read(
        store: &Store,
        (workspace, conversation): (WorkspaceId, ConversationId),
        contact: ContactId,
        more: Vec<Key>,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let at_head = keys::conversation(workspace, conversation);
        let at_contact = keys::contact(workspace, contact);
        let at_row = keys::continuity(workspace, conversation);
        let mut wanted = vec![
            keys::policy(workspace),
            at_head.clone(),
            at_contact.clone(),
            at_row.clone(),
        ];
        wanted.extend(more);
        let fetched = store.batch(wanted).await?;
        let Some(policy) = fetched.live_policy(workspace, now)? else {
            return Ok(None);
        };
        let lens = Lens {
            now,
            policy: &policy,
        };
        let head = fetched.get::<Conversation>(&at_head, &Unsealed, lens)?;
        let contact = fetched.get::<Contact>(&at_contact, &Unsealed, lens)?;
        let (Some(head), Some(contact)) = (head, contact) else {
            return Ok(None);
        };
        let within = head.policy(lens);
        let lens = Lens {
            now,
            policy: &within,
        };
        let row = fetched.get::<Continuity>(&at_row, &Unsealed, lens)?;
        Ok(Some(Self {
            policy,
            head,
            contact,
            row,
            fetched,
        }))
    }

    /// Whether the visitor may be mailed: the workspace and the app mail, the address is proved, and
    /// nobody has said no.
    pub fn may_be_mailed(&self, now: Timestamp) -> bool {
        let Self {
            policy,
            head,
            contact,
            ..
        } = self;
        let mails = policy.visitor_mail != VisitorMail::Off
            && policy.has(Module::Conversations)
            && !policy.suspended
            && policy.closes_at.is_none();
        let thread = head.state == State::Live
            && head.contact == contact.id
            && head.status_at(now) != Status::Spam
            && head.mails_offline != Some(false);
        mails && thread && contact.may_be_mailed()
    }

    /// Whether the team wrote something that the visitor has not read, and no mail has told.
    pub fn has_news(&self) -> bool {
        let told = self.row.as_ref().map_or(0, |row| row.until_out);
        self.head.out_seq > self.head.visitor_read_out.max(told)
    }

    fn blank(&self, now: Timestamp) -> Continuity {
        Continuity {
            workspace: self.head.workspace,
            conversation: self.head.id,
            contact: self.contact.id,
            due_at: None,
            from_seq: 0,
            until_seq: 0,
            until_out: 0,
            mails: 0,
            settled: 0,
            mailed_at: None,
            reply_address: None,
            touched_at: now,
            rev: 0,
        }
    }

    /// Writes the next version of the row, if it is still as it was read and the conversation lives.
    async fn write(
        &self,
        store: &Store,
        row: Continuity,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let lens = Lens {
            now,
            policy: &self.policy,
        };
        let within = self.head.policy(lens);
        let mut transaction = Transaction::new(now);
        let is_new = row.rev == 0;
        let row = Continuity {
            touched_at: now,
            ..row
        };
        let stored = Stored::next(row, &within);
        if is_new {
            transaction.check_live(self.head_place());
            transaction.create(&stored, &Unsealed)?;
        } else {
            transaction.replace(&stored, &Unsealed)?;
        }
        committed(store, transaction).await
    }

    fn head_place(&self) -> Key {
        keys::conversation(self.head.workspace, self.head.id)
    }
}

impl Contact {
    /// Whether it may be written to: its address was proved, and neither it nor the team has said no.
    pub fn may_be_mailed(&self) -> bool {
        self.state == State::Live
            && !self.blocked
            && self.email_proof.is_some()
            && self.mail_refused_at.is_none()
    }
}

async fn committed(store: &Store, transaction: Transaction) -> Result<bool, StoreError> {
    match store.commit(transaction).await {
        Ok(()) => Ok(true),
        Err(CommitError::Refused(_)) => Ok(false),
        Err(CommitError::Store(error)) => Err(error),
    }
}

impl Store {
    /// Has somebody look, after a while, whether the visitor has read what the team wrote; not where
    /// they may not be mailed, and not twice.
    ///
    /// # Errors
    /// When storage fails, or loses one race after the other.
    pub async fn await_reader(
        &self,
        place: (WorkspaceId, ConversationId),
        contact: ContactId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for _ in 0..RACES {
            let Some(scene) = Scene::read(self, place, contact, Vec::new(), now).await? else {
                return Ok(());
            };
            if !scene.may_be_mailed(now) || !scene.has_news() {
                return Ok(());
            }
            let row = scene.row.clone().unwrap_or_else(|| scene.blank(now));
            if row.due_at.is_some() {
                return Ok(());
            }
            let again = row.mailed_at.map(|at| at.plus(APART));
            let row = Continuity {
                due_at: again.max(Some(now.plus(OFFLINE_AFTER))),
                ..row
            };
            if scene.write(self, row, now).await? {
                return Ok(());
            }
        }
        Err(StoreError::Conflict)
    }

    /// Decides on a mail whose time has come: whether there is one. A visitor who is here is looked for
    /// again a while later.
    ///
    /// # Errors
    /// When storage fails; the next call decides.
    pub async fn decide_mail(
        &self,
        place: (WorkspaceId, ConversationId),
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let at_row = keys::continuity(place.0, place.1);
        let fetched = self.batch(vec![at_row.clone()]).await?;
        let contact = fetched.raw(&at_row).and_then(|item| item.get("contact"));
        let contact = contact.and_then(|id| id.as_s().ok()?.parse::<ContactId>().ok());
        let Some(contact) = contact else {
            return Ok(false);
        };
        let Some(scene) = Scene::read(self, place, contact, Vec::new(), now).await? else {
            // Nothing is left to tell anybody of.
            self.delete(at_row).await?;
            return Ok(false);
        };
        let is_due = |row: &Continuity| row.due_at.is_some_and(|at| at <= now);
        let Some(row) = scene.row.clone().filter(is_due) else {
            return Ok(false);
        };
        let idle = Continuity {
            due_at: None,
            ..row.clone()
        };
        if !scene.may_be_mailed(now) || !scene.has_news() {
            scene.write(self, idle, now).await?;
            return Ok(false);
        }
        let (workspace, conversation) = place;
        let topic = Topic::Conversation(conversation);
        let listeners = self.listeners(workspace, topic, now).await?;
        let who = SubjectId::Contact(contact);
        if listeners.iter().any(|listener| listener.who == who) {
            let later = Continuity {
                due_at: Some(now.plus(OFFLINE_AFTER)),
                ..row
            };
            scene.write(self, later, now).await?;
            return Ok(false);
        }
        let told = idle.until_seq.max(scene.head.visitor_read_seq);
        let mail = Continuity {
            // A mail that is not settled yet goes on with what has come since.
            from_seq: match idle.settled == idle.mails {
                true => told,
                false => idle.from_seq.max(scene.head.visitor_read_seq),
            },
            until_seq: scene.head.seq,
            until_out: scene.head.out_seq,
            mails: idle.mails + 1,
            mailed_at: Some(now),
            ..idle
        };
        scene.write(self, mail, now).await
    }

    /// Makes the address for replies good from `now` on, before a mail names it. False when the
    /// conversation is gone.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn open_reply_address(
        &self,
        scene: &Scene,
        address: KeyedHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let row = ReplyAddress {
            workspace: scene.head.workspace,
            address,
            conversation: scene.head.id,
            contact: scene.contact.id,
            named_at: now,
        };
        let mut transaction = Transaction::new(now);
        transaction.check_live(scene.head_place());
        transaction.overwrite(&Stored::new(row, &scene.policy), &Unsealed)?;
        committed(self, transaction).await
    }

    /// Writes down which address for replies goes with the conversation, before a mail outside the turn names it.
    ///
    /// # Errors
    /// When storage fails, or loses one race after the other.
    pub async fn keep_reply_address(
        &self,
        place: (WorkspaceId, ConversationId),
        contact: ContactId,
        address: KeyedHash,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for _ in 0..RACES {
            let Some(scene) = Scene::read(self, place, contact, Vec::new(), now).await? else {
                return Ok(());
            };
            let row = scene.row.clone().unwrap_or_else(|| scene.blank(now));
            if row.reply_address == Some(address) {
                return Ok(());
            }
            let row = Continuity {
                reply_address: Some(address),
                ..row
            };
            if scene.write(self, row, now).await? {
                return Ok(());
            }
        }
        Err(StoreError::Conflict)
    }

    /// Writes down that the mails up to this number are settled.
    ///
    /// # Errors
    /// When storage fails, or loses one race after the other.
    pub async fn settle_mail(
        &self,
        place: (WorkspaceId, ConversationId),
        contact: ContactId,
        (mails, address): (u64, Option<KeyedHash>),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for _ in 0..RACES {
            let Some(scene) = Scene::read(self, place, contact, Vec::new(), now).await? else {
                return Ok(());
            };
            let Some(row) = scene.row.clone().filter(|row| row.settled < mails) else {
                return Ok(());
            };
            let row = Continuity {
                settled: mails,
                reply_address: address.or(row.reply_address),
                ..row
            };
            if scene.write(self, row, now).await? {
                return Ok(());
            }
        }
        Err(StoreError::Conflict)
    }
}

/// The client's id of the message that a mail becomes: it follows from the mail, which thereby counts once.
pub fn message_id(tenant_key: &TenantKey, mail: &str) -> Uuid {
    let whole = tenant_key.hash(Use::Idempotency, &format!("reply by {mail}"));
    let mut bytes = [0; ID_BYTES];
    bytes.copy_from_slice(&whole.as_bytes()[..ID_BYTES]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The address for replies that goes with a row of mail about a conversation, if it ever had one.
pub fn reply_address(row: &Item) -> Option<Key> {
    let workspace = row.get("workspace")?.as_s().ok()?.parse().ok()?;
    let address = KeyedHash::from_stored(row.get("reply_address")?.as_b().ok()?.as_ref())?;
    Some(keys::reply_address(workspace, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_reads_back_in_any_case_fits_an_address_and_nothing_else_is_one() {
        let at = Timestamp::from_ms(1_768_478_400_000);
        let label = ReplyLabel {
            workspace: WorkspaceId::new(at),
            code: vec![7; CODE_BYTES],
        };
        let text = label.write();
        assert!("reply+".len() + text.len() <= 64, "{text}");
        assert_eq!(ReplyLabel::read(&text).as_ref(), Some(&label));
        assert_eq!(
            ReplyLabel::read(&text.to_uppercase()).as_ref(),
            Some(&label)
        );
        for bad in ["", "a", &text[1..], &format!("{text}aa"), "\u{e4}"] {
            assert_eq!(ReplyLabel::read(bad), None, "{bad}");
        }
    }
}
