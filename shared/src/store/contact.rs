//! Contacts: the people a workspace talks with, and their widget sessions.

use aws_lc_rs::rand;
use shared_derive::Record;
use uuid::Uuid;

use super::{StoreError, TenantKey, seal::KeyedHash, subject::State};
use crate::{
    domain::{
        AppId, ContactId, TeamId, Timestamp, VisitId, WorkspaceId,
        text::{Email, ExternalId, Locale, Name, PagePath, ReferrerHost, TimeZone},
        token::SecretHash,
    },
    words,
};

words! {
    /// How the address of a contact was proved to be its own.
    pub enum EmailProof {
        /// It answered a code that was mailed there.
        Code = "code",
        /// The customer signed for it.
        Signed = "signed",
    }
}

/// A contact, without anything it told of itself.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = contact(workspace, id), lists = contact_list(workspace, id),
    due = contact_due(workspace, id, state, last_seen_at, follow_at),
    tenant = workspace, subject = id, class = Conversation, anchor = last_seen_at,
)]
pub struct Contact {
    /// Its id.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub id: ContactId,
    /// Whose contact.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Whether the customer signed for the identity.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub verified: bool,
    /// Whether the team blocked it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub blocked: bool,
    /// Whether it may be used.
    #[non_personal(reason = "the state of an erasure")]
    pub state: State,
    /// First visit.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Last visit; while it is set aside, the end of that, so that it does not expire before.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub last_seen_at: Timestamp,
    /// Since when it is set aside.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub restricted_at: Option<Timestamp>,
    /// Its last visit before that.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub seen_before: Option<Timestamp>,
    /// When its conversations have to be looked at, because it was set aside or is used again.
    #[non_personal(reason = "when a schedule has to look at a contact")]
    pub follow_at: Option<Timestamp>,
    /// Since when it refuses to be in figures about use.
    #[personal(category = Pseudonym, purpose = Improve, erase = Delete, open)]
    pub figures_refused_at: Option<Timestamp>,
    /// Every contact of the same person, itself among them, where the team said that they are one; the
    /// first is the one that lists show. Every one of them has the same list.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub same_person: Option<Vec<ContactId>>,
    /// How its address was proved to be its own; not at all without it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub email_proof: Option<EmailProof>,
    /// Since when it wants no mail about what it has not read.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub mail_refused_at: Option<Timestamp>,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// How many contacts one person has at most: what is done to a person is one transaction.
pub const MOST_OF_A_PERSON: usize = 10;

impl Contact {
    /// Somebody who is there for the first time, of whom nothing is known.
    pub const fn begin(id: ContactId, workspace: WorkspaceId, now: Timestamp) -> Self {
        Self {
            id,
            workspace,
            verified: false,
            blocked: false,
            state: State::Live,
            created_at: now,
            last_seen_at: now,
            restricted_at: None,
            seen_before: None,
            follow_at: None,
            figures_refused_at: None,
            same_person: None,
            email_proof: None,
            mail_refused_at: None,
            rev: 1,
        }
    }

    /// Every contact of the same person, itself among them.
    pub fn whole(&self) -> Vec<ContactId> {
        self.same_person.clone().unwrap_or_else(|| vec![self.id])
    }

    /// The other contacts of the same person.
    pub fn others(&self) -> impl Iterator<Item = ContactId> {
        let all = self.same_person.iter().flatten();
        all.copied().filter(|id| *id != self.id)
    }

    /// The contact as it is in no figures about use any more. What was kept of it goes with the next
    /// minute.
    #[must_use]
    pub fn out_of_figures(mut self, now: Timestamp) -> Self {
        self.figures_refused_at = self.figures_refused_at.or(Some(now));
        self.follow_at = Some(now);
        self
    }

    /// The contact as it is set aside at `now`, kept until `until` at least.
    pub fn restricted(mut self, until: Timestamp, now: Timestamp) -> Self {
        self.seen_before = Some(self.last_seen_at);
        self.restricted_at = Some(now);
        self.last_seen_at = until;
        self.state = State::Restricted;
        self.follow_at = Some(now);
        self
    }

    /// The contact as it is used again: it ends when it would have.
    pub fn unrestricted(mut self, now: Timestamp) -> Self {
        self.last_seen_at = self.seen_before.take().unwrap_or(now);
        self.restricted_at = None;
        self.state = State::Live;
        self.follow_at = Some(now);
        self
    }

    /// Whether it may be shown to who answers its person: as usual, or set aside.
    pub const fn is_kept(&self) -> bool {
        matches!(self.state, State::Live | State::Restricted)
    }
}

/// What a contact, or the customer for it, told of itself.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = profile(workspace, contact), tenant = workspace,
    within = Contact, class = Conversation, anchor = kept_from,
)]
pub struct Profile {
    /// Whose.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub contact: ContactId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// A name.
    #[personal(category = Name, purpose = AnswerVisitor, erase = Delete)]
    pub name: Option<Name>,
    /// An address.
    #[personal(category = Contact, purpose = AnswerVisitor, erase = Delete)]
    pub email: Option<Email>,
    /// The customer's own identifier.
    #[personal(category = Identifier, purpose = AnswerVisitor, erase = Delete, export)]
    pub external_id: Option<ExternalId>,
    /// Its language.
    #[personal(category = VisitContext, purpose = AnswerVisitor, erase = Delete)]
    pub locale: Option<Locale>,
    /// From when it is kept: the contact's last visit.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub kept_from: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// An address that a contact says is its own, until the code that was mailed there comes back. `outbox`
/// computes the code, and mails it.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = address_proof(workspace, contact), tenant = workspace,
    within = Contact, class = Challenge, anchor = asked_at,
)]
pub struct AddressProof {
    /// Whose.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub contact: ContactId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// What the code follows from.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub id: Uuid,
    /// Where it goes.
    #[personal(category = Contact, purpose = AnswerVisitor, erase = Delete)]
    pub address: Email,
    /// How many answers may still be tried.
    #[non_personal(reason = "a counter of tries")]
    pub tries_left: u64,
    /// When it was asked for.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub asked_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl AddressProof {
    /// A proof that somebody asks for.
    ///
    /// # Errors
    /// When the machine has no chance.
    pub fn new(
        contact: &Contact,
        address: Email,
        tries_left: u64,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut id = [0; 16];
        rand::fill(&mut id).map_err(|_| StoreError::Random)?;
        Ok(Self {
            contact: contact.id,
            workspace: contact.workspace,
            id: uuid::Builder::from_random_bytes(id).into_uuid(),
            address,
            tries_left,
            asked_at: now,
            rev: 1,
        })
    }

    /// The code: `visitors` compares answers with it, `outbox` mails it, nobody stores it.
    pub fn code(&self, tenant_key: &TenantKey) -> String {
        tenant_key.mailed_code(&format!("address {}", self.id))
    }
}

/// Where a contact is on the customer's pages: a closed set, without query strings (CHAT-09).
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = context(workspace, contact), tenant = workspace,
    within = Contact, class = Visit, anchor = seen_at,
)]
pub struct VisitorContext {
    /// Whose.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub contact: ContactId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// The page.
    #[personal(category = VisitContext, purpose = AnswerVisitor, erase = Delete)]
    pub page_path: Option<PagePath>,
    /// Where the visitor came from.
    #[personal(category = VisitContext, purpose = AnswerVisitor, erase = Delete)]
    pub referrer_host: Option<ReferrerHost>,
    /// The visitor's zone.
    #[personal(category = VisitContext, purpose = AnswerVisitor, erase = Delete)]
    pub timezone: Option<TimeZone>,
    /// When.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub seen_at: Timestamp,
}

/// Where an external id leads: one contact per id.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = external(workspace, external), tenant = workspace,
    within = Contact, class = Conversation, anchor = kept_from,
)]
pub struct ExternalOwner {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// The id, as a keyed hash.
    #[personal(category = Identifier, purpose = AnswerVisitor, erase = Delete, keyed)]
    pub external: KeyedHash,
    /// The contact.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub contact: ContactId,
    /// From when it is kept: the contact's last visit.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub kept_from: Timestamp,
}

/// A widget session: 30 minutes of access, and a token to resume with.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = visit(workspace, contact, id), tenant = workspace,
    within = Contact, class = Visit, anchor = started_at,
)]
pub struct Visit {
    /// Its id.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub id: VisitId,
    /// Whose.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub contact: ContactId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Through which app.
    #[non_personal(reason = "the id of an app")]
    pub app: AppId,
    /// The team that gets what is begun in it, as the app said when it began.
    #[non_personal(reason = "a setting of the app")]
    pub team: Option<TeamId>,
    /// Whether the visitor is asked how content they are, as the app said when it began.
    #[non_personal(reason = "a setting of the app")]
    pub asks_rating: Option<bool>,
    /// Whether what the team writes is mailed to a visitor who is away, as its app said; it is where
    /// nothing says otherwise.
    #[non_personal(reason = "a setting of the app")]
    pub mails_offline: Option<bool>,
    /// What the session token proves.
    #[personal(category = Identifier, purpose = AnswerVisitor, erase = Delete, keyed)]
    pub token: SecretHash,
    /// Until when the session token is good.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub token_ends_at: Timestamp,
    /// What the resume token proves.
    #[personal(category = Identifier, purpose = AnswerVisitor, erase = Delete, keyed)]
    pub resume: SecretHash,
    /// When it began or was resumed.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub started_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}
