//! Requests about one's data: the request, the words in it, who asked, and the letters that tell of it.
//!
//! The request itself names people by opaque ids only and is kept for three years, to show what was
//! asked and answered. Everything that somebody wrote lies beside it, sealed, and ends sixty days
//! after the request. It is nobody's root: it outlives the erasure that it asked for.

mod writes;

use std::time::Duration;

use shared_derive::Record;

use super::{
    erasure::Erasure,
    keyring::{TenantKey, Use},
    seal::KeyedHash,
    subject::SubjectId,
};
use crate::{
    domain::{
        AccountId, CallId, ContactId, ErasureId, ExportId, RequestId, TenantId, Timestamp,
        WorkspaceId,
        personal::Pseudonymous,
        privacy::{Controller, Course, DenialReason, Maker, Obstacle, RequestKind, RequestStatus},
        text::{Email, Name, Text},
        time::DAY,
        token::{self, Secret},
        words::Symbol,
    },
    words,
};

/// What the token of the mailed link opens with.
const LINK_PREFIX: &str = "pr";
/// The same where the operator answers.
const OPERATORS_LINK_PREFIX: &str = "po";
/// The same where a workspace answers, and the page asks what a mail was about.
const MAIL_LINK_PREFIX: &str = "pm";
/// When a request that is being carried out is looked at first; then ever more seldom, as long again as
/// it has waited, and once a day at least: a hold may last for years.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// A request about one's data.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = privacy_request(tenant, id), lists = privacy_list(tenant, id),
    due = privacy_due(tenant, id, due_at), tenant = tenant,
    no_subject = "it shows what was asked and answered, and outlives the erasure it asks for; it knows people by opaque ids only",
    class = PrivacyRequest, anchor = kept_from,
)]
pub struct PrivacyRequest {
    /// Its id.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub id: RequestId,
    /// Who answers: a workspace for the people it talks with, the platform for accounts.
    #[non_personal(reason = "the id of a tenant")]
    pub tenant: TenantId,
    /// Whom it is about.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub subject: Option<SubjectId>,
    /// What was asked.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub request: RequestKind,
    /// Who asked.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub made_by: Maker,
    /// What holds its place among the open ones, so that nobody asks twice.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open, withhold = "the same in other words, some of them hashed")]
    pub wish: Wish,
    /// How it stood when it was written: [`Course::status_at`] says how it stands.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub status: RequestStatus,
    /// Why it was refused.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub reason: Option<DenialReason>,
    /// When it was received: from here every date counts.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub received_at: Timestamp,
    /// Until when it has to be answered.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub expected_by: Timestamp,
    /// When it was extended.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub extended_at: Option<Timestamp>,
    /// Since when it is being carried out by the program.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub executing_since: Option<Timestamp>,
    /// The copy that answers it, where one does.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub copy: Option<ExportId>,
    /// What it waits for that only its person can do.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub obstacle: Option<Obstacle>,
    /// How many calls it has deleted, where that is what was asked for.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub calls_deleted: Option<u64>,
    /// The last call that such a deletion looked at, when there is more behind it.
    #[non_personal(reason = "how far a walk over a list has come")]
    pub calls_reached: Option<CallId>,
    /// When it ended.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub ended_at: Option<Timestamp>,
    /// Up to when what had to happen has happened.
    #[non_personal(reason = "when a schedule looked at a request")]
    pub stepped_at: Timestamp,
    /// When something has to happen next.
    #[non_personal(reason = "when a schedule has to look at a request")]
    pub due_at: Option<Timestamp>,
    /// From when it is kept: its receipt, and then its end.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub kept_from: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// What was said in a request, and where its answer goes.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = privacy_words(tenant, request), tenant = tenant,
    within = PrivacyRequest, class = RequestWords, anchor = kept_from,
)]
pub struct RequestWords {
    /// Of which request.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub request: RequestId,
    /// Who answers it.
    #[non_personal(reason = "the id of a tenant")]
    pub tenant: TenantId,
    /// Where the answer goes.
    #[personal(category = Contact, purpose = AnswerRequests, erase = Delete)]
    pub reply_to: Option<Email>,
    /// What was written with it.
    #[personal(category = Content, purpose = AnswerRequests, erase = Delete)]
    pub message: Option<Text>,
    /// The name as it should be.
    #[personal(category = Name, purpose = AnswerRequests, erase = Delete)]
    pub name: Option<Name>,
    /// The address as it should be.
    #[personal(category = Contact, purpose = AnswerRequests, erase = Delete)]
    pub email: Option<Email>,
    /// What was answered.
    #[personal(category = Content, purpose = AnswerRequests, erase = Delete)]
    pub answer: Option<Text>,
    /// From when the sixty days count: when the request has to be answered, and then its end.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub kept_from: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// What somebody wishes, as far as two wishes are the same: a closed word, and for wishes in words a
/// keyed hash of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish(String);

impl Wish {
    /// The wish of a request of `kind` with these words.
    pub fn new(kind: RequestKind, words: &str, tenant_key: &TenantKey) -> Self {
        if kind.is_asked_once() {
            return Self(kind.word().to_owned());
        }
        let hash: KeyedHash = tenant_key.hash(Use::Idempotency, words);
        Self(format!("{}#{hash}", kind.word()))
    }
}

impl Symbol for Wish {
    fn symbol(&self) -> String {
        self.0.clone()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }
}

impl Pseudonymous for Wish {}

/// That somebody has asked for something and waits for it: who asks again is led to the same request.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = open_wish(tenant, subject, wish), tenant = tenant,
    no_subject = "an opaque id and a request's, for as long as the request is kept",
    class = PrivacyRequest, anchor = received_at,
)]
pub struct OpenWish {
    /// Who answers.
    #[non_personal(reason = "the id of a tenant")]
    pub tenant: TenantId,
    /// Whom it is about.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub subject: SubjectId,
    /// What.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub wish: Wish,
    /// The request.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub request: RequestId,
    /// When.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub received_at: Timestamp,
}

/// That a request is somebody's: their own list.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = own_request(tenant, subject, request), tenant = tenant,
    no_subject = "an opaque id and a request's, for as long as the request is kept",
    class = PrivacyRequest, anchor = received_at,
)]
pub struct OwnRequest {
    /// Who answers.
    #[non_personal(reason = "the id of a tenant")]
    pub tenant: TenantId,
    /// Whose.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub subject: SubjectId,
    /// The request.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub request: RequestId,
    /// When.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub received_at: Timestamp,
}

words! {
    /// What a letter about a request says. Those to the controller of a workspace are notices to its
    /// owners and admins.
    pub enum Letter {
        /// To the person: it was received, and until when it is answered.
        Acknowledged = "acknowledged",
        /// To the person: it was received, and the link that proves that it is theirs.
        Confirm = "confirm",
        /// To the person: it was refused, and why.
        Denied = "denied",
        /// To the operator: a workspace says nothing.
        Escalated = "escalated",
        /// To the person: it takes longer, and why.
        Extended = "extended",
        /// To the person: it is done, and what was answered.
        Fulfilled = "fulfilled",
        /// To the operator: its time is over.
        Overdue = "overdue",
        /// To the operator: somebody asks them.
        Received = "received",
        /// To the operator: it has to be answered soon.
        Reminded = "reminded",
        /// To the person: it waits for something that only they can do.
        Waiting = "waiting",
    }
}

impl Letter {
    /// Whether it goes to the operator of the deployment; the others go to the person.
    pub const fn is_for_operator(self) -> bool {
        matches!(
            self,
            Self::Escalated | Self::Overdue | Self::Received | Self::Reminded
        )
    }
}

/// A letter that waits for `outbox`. Its place follows from the request and its version, so that
/// each is written once.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = privacy_letter(tenant, request, of, letter), tenant = tenant,
    within = PrivacyRequest, class = Notice, anchor = created_at,
)]
pub struct PrivacyLetter {
    /// About which request.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub request: RequestId,
    /// Who answers it.
    #[non_personal(reason = "the id of a tenant")]
    pub tenant: TenantId,
    /// About which version of it.
    #[non_personal(reason = "a version counter")]
    pub of: u64,
    /// What it says.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub letter: Letter,
    /// When it was written.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub created_at: Timestamp,
}

impl PrivacyRequest {
    /// Who answers.
    pub const fn controller(&self) -> Controller {
        match self.tenant {
            TenantId::Platform => Controller::Operator,
            TenantId::Workspace(_) => Controller::Workspace,
        }
    }

    /// The workspace that answers, if one does.
    pub const fn workspace(&self) -> Option<WorkspaceId> {
        match self.tenant {
            TenantId::Platform => None,
            TenantId::Workspace(workspace) => Some(workspace),
        }
    }

    /// The contact it is about, if it is about one.
    pub const fn contact(&self) -> Option<ContactId> {
        match self.subject {
            Some(SubjectId::Contact(contact)) => Some(contact),
            _ => None,
        }
    }

    /// The account it is about, if it is about one.
    pub const fn account(&self) -> Option<AccountId> {
        match self.subject {
            Some(SubjectId::Account(account)) => Some(account),
            _ => None,
        }
    }

    /// The erasure that it asks for, once it has begun.
    pub fn erasure(&self) -> Option<ErasureId> {
        let begun = self.executing_since.is_some() || self.status == RequestStatus::Fulfilled;
        (begun && self.obstacle.is_none())
            .then(|| self.erasure_asked())
            .flatten()
    }

    /// The erasure that it asks for.
    pub fn erasure_asked(&self) -> Option<ErasureId> {
        let erases = matches!(self.request, RequestKind::ChildReport | RequestKind::Erase);
        if !erases {
            return None;
        }
        let of_contact = self.contact().map(Erasure::of_contact);
        of_contact.or_else(|| self.account().map(Erasure::of_account))
    }

    /// What decides when something has to happen.
    pub const fn course(&self) -> Course {
        Course {
            controller: self.controller(),
            made_by: self.made_by,
            status: self.status,
            received_at: self.received_at,
            expected_by: self.expected_by,
            extended_at: self.extended_at,
        }
    }

    /// The request with the time when something has to happen next.
    fn planned(self) -> Self {
        let next = self.course().next(self.stepped_at);
        let look = self.executing_since.map(|since| {
            let waited = u64::try_from(self.stepped_at.ms() - since.ms()).unwrap_or(0);
            let again = match (waited, self.request, self.account()) {
                // It goes on as long as there are calls.
                (0, RequestKind::DeleteCallMetadata, _) => Duration::ZERO,
                (_, RequestKind::DeleteCallMetadata, _) => LOOK_AGAIN,
                // Nothing was begun yet, or all of it is done.
                (
                    0,
                    RequestKind::Erase
                    | RequestKind::OptOut
                    | RequestKind::Restrict
                    | RequestKind::Unrestrict,
                    Some(_),
                ) => Duration::ZERO,
                _ => Duration::from_millis(waited).clamp(LOOK_AGAIN, DAY),
            };
            self.stepped_at.plus(again)
        });
        Self {
            due_at: next.into_iter().chain(look).min(),
            ..self
        }
    }

    /// The request while it is carried out: over when nothing is left of it, which `retention` sees.
    pub fn executing(self, now: Timestamp) -> Self {
        Self {
            executing_since: Some(now),
            stepped_at: now,
            ..self
        }
    }

    /// The request as it ends at `now`.
    pub fn over(self, status: RequestStatus, now: Timestamp) -> Self {
        Self {
            status,
            ended_at: Some(now),
            executing_since: None,
            obstacle: None,
            calls_reached: None,
            kept_from: now,
            ..self
        }
    }

    /// The token of the link that proves whose the request is: computed, so that it is stored nowhere.
    pub fn link_token(&self, tenant_key: &TenantKey) -> String {
        let (id, secret) = (self.id.uuid(), Self::secret(tenant_key, self.id));
        let TenantId::Workspace(workspace) = self.tenant else {
            return token::write(OPERATORS_LINK_PREFIX, &[id], &secret);
        };
        let prefix = match self.made_by {
            Maker::Mail => MAIL_LINK_PREFIX,
            _ => LINK_PREFIX,
        };
        token::write(prefix, &[workspace.uuid(), id], &secret)
    }

    /// Whether the page of a link asks what a mail was about. What is done follows from the request alone.
    pub fn link_asks_what(text: &str) -> bool {
        let asking = [MAIL_LINK_PREFIX, OPERATORS_LINK_PREFIX];
        text.split_once('_')
            .is_some_and(|(prefix, _)| asking.contains(&prefix))
    }

    /// Which request the token of a link names, and the secret it brings.
    pub fn read_link_token(text: &str) -> Option<(TenantId, RequestId, Secret)> {
        if let Some(([id], secret)) = token::read::<1>(OPERATORS_LINK_PREFIX, text) {
            return Some((TenantId::Platform, RequestId::from_uuid(id), secret));
        }
        let read = |prefix| token::read::<2>(prefix, text);
        let ([workspace, id], secret) = read(LINK_PREFIX).or_else(|| read(MAIL_LINK_PREFIX))?;
        let tenant = TenantId::Workspace(WorkspaceId::from_uuid(workspace));
        Some((tenant, RequestId::from_uuid(id), secret))
    }

    /// The secret part of the link.
    pub fn secret(tenant_key: &TenantKey, id: RequestId) -> Secret {
        let hash = tenant_key.hash(Use::Code, &format!("confirm {id}"));
        Secret::from_bytes(*hash.as_bytes())
    }

    fn open_wish(&self) -> Option<OpenWish> {
        Some(OpenWish {
            tenant: self.tenant,
            subject: self.subject?,
            wish: self.wish.clone(),
            request: self.id,
            received_at: self.received_at,
        })
    }

    fn letter(&self, letter: Letter, now: Timestamp) -> PrivacyLetter {
        PrivacyLetter {
            request: self.id,
            tenant: self.tenant,
            of: self.rev,
            letter,
            created_at: now,
        }
    }
}
