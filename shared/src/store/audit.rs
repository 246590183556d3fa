//! The audit log of a workspace: who did what and when, by names that only its key can tell.
//!
//! A line is written in the transaction of the act, at no extra round trip, and waits. The schedule
//! of the minute puts what waits into a chain: each line gets the next number and a keyed hash over
//! itself and the line before it, so that a line that is missing or was changed shows. The chain is
//! not written by the acts themselves, because all of them would wait for one another at its end.
//!
//! Nobody is named. Who acted and what it was done to are keyed hashes of opaque ids: whoever reads
//! the log with the workspace's key recognises those who are still there, and nobody else
//! (CHAT-20). An erased contact is in no line, and with the key of the workspace the rest
//! goes.

use shared_derive::Record;

use super::{
    db::StoreError,
    keyring::{TenantKey, Use},
    record::Stored,
    seal::{KeyedHash, Unsealed},
    subject::SubjectId,
    transaction::{Slot, Transaction},
};
use crate::{
    domain::{
        AccountId, ApiKeyId, AppId, AuditId, CallId, ContactId, ConversationId, FlowId, GuestId,
        InvitationId, MemberId, Policy, Timestamp, WorkspaceId,
        retention::{Class, Expiry, expiry},
        words::Symbol,
    },
    words,
};

words! {
    /// What somebody did.
    pub enum Deed {
        /// An app was changed.
        AppChanged = "app_changed",
        /// The operator capped an app, switched it off or on.
        AppLimited = "app_limited",
        /// A key of an app took the place of another.
        AppKeyRotated = "app_key_rotated",
        /// An app was made.
        AppMade = "app_made",
        /// Conversations of an archive were taken over, by the operator.
        ArchiveImported = "archive_imported",
        /// A key of the API was deleted.
        ApiKeyDeleted = "api_key_deleted",
        /// A key of the API was made.
        ApiKeyMade = "api_key_made",
        /// A plan was bought, changed, ended or taken up again.
        BillingChanged = "billing_changed",
        /// The operator left, or was shown out.
        BreakGlassEnded = "break_glass_ended",
        /// The operator entered the workspace, to read.
        BreakGlassOpened = "break_glass_opened",
        /// The operator read a conversation, or what is known of a contact.
        BreakGlassRead = "break_glass_read",
        /// A contact is to be forgotten, with everything it wrote.
        ContactErased = "contact_erased",
        /// Two contacts were said to be one person.
        ContactMerged = "contact_merged",
        /// A contact was set aside: it is kept, and nothing else is done with it.
        ContactRestricted = "contact_restricted",
        /// A contact that was set aside is used again.
        ContactUnrestricted = "contact_unrestricted",
        /// A conversation was deleted before its time.
        ConversationDeleted = "conversation_deleted",
        /// A second person agreed that something is handed over.
        DisclosureApproved = "disclosure_approved",
        /// A disclosure was turned down, or withdrawn.
        DisclosureDeclined = "disclosure_declined",
        /// Somebody proposed to hand something over.
        DisclosureProposed = "disclosure_proposed",
        /// A conversation was put on hold, or its hold was changed.
        HoldPlaced = "hold_placed",
        /// A link was made that lets somebody call a member.
        CallLinkMade = "call_link_made",
        /// Somebody may not call any more.
        CallerBlocked = "caller_blocked",
        /// Somebody may call again.
        CallerUnblocked = "caller_unblocked",
        /// What was known of a call was deleted.
        CallDeleted = "call_deleted",
        /// What was known of many calls was deleted.
        CallsDeleted = "calls_deleted",
        /// A flow was deleted, with its versions.
        FlowDeleted = "flow_deleted",
        /// A flow was made.
        FlowMade = "flow_made",
        /// A version of a flow was published.
        FlowPublished = "flow_published",
        /// Another version of a flow was taken into use, or none.
        FlowSwitched = "flow_switched",
        /// A conversation is no longer on hold.
        HoldReleased = "hold_released",
        /// A copy of somebody's data was asked for.
        ExportMade = "export_made",
        /// A part of such a copy was fetched.
        ExportFetched = "export_fetched",
        /// An invitation was taken back.
        InvitationDeleted = "invitation_deleted",
        /// Somebody was invited.
        InvitationMade = "invitation_made",
        /// Somebody accepted an invitation.
        MemberJoined = "member_joined",
        /// Somebody left by themselves.
        MemberLeft = "member_left",
        /// Somebody was removed.
        MemberRemoved = "member_removed",
        /// What a member may do, or see, was changed.
        MemberRoleChanged = "member_role_changed",
        /// A colleague was made the owner.
        OwnershipTransferred = "ownership_transferred",
        /// Somebody was answered who asked about their data.
        RequestAnswered = "request_answered",
        /// What a contact asks about their data was entered for them.
        RequestEntered = "request_entered",
        /// Somebody who asked about their data has to wait longer.
        RequestExtended = "request_extended",
        /// Somebody who asked about their data was refused.
        RequestRefused = "request_refused",
        /// Conversations are kept for another number of days.
        RetentionChanged = "retention_changed",
        /// A second factor was asked of everybody, or no longer.
        SecondFactorPolicyChanged = "second_factor_policy_changed",
        /// The settings of the workspace were changed.
        SettingsChanged = "settings_changed",
        /// The team signs in by its accounts again.
        TeamProviderRemoved = "team_provider_removed",
        /// The team signs in through a provider, or through it in another way.
        TeamProviderSet = "team_provider_set",
        /// A copy of a conversation was mailed, to a member or to its visitor.
        TranscriptMailed = "transcript_mailed",
        /// A copy of a conversation was taken along.
        TranscriptTaken = "transcript_taken",
        /// The owner ended the workspace.
        WorkspaceClosing = "workspace_closing",
        /// The owner kept the workspace after all.
        WorkspaceKept = "workspace_kept",
        /// The workspace was made.
        WorkspaceMade = "workspace_made",
        /// The operator let the workspace go on.
        WorkspaceResumed = "workspace_resumed",
        /// The operator suspended the workspace.
        WorkspaceSuspended = "workspace_suspended",
    }
}

words! {
    /// How it went.
    pub enum Outcome {
        /// It goes on after the answer.
        Begun = "begun",
        /// It is done.
        Done = "done",
    }
}

words! {
    /// What kind of thing a line names.
    pub enum Party {
        /// Somebody who signs in.
        Account = "account",
        /// A program of the customer.
        ApiKey = "api_key",
        /// A way in for visitors.
        App = "app",
        /// A call.
        Call = "call",
        /// Somebody the team talks with.
        Contact = "contact",
        /// A thread.
        Conversation = "conversation",
        /// A conversation that a program leads.
        Flow = "flow",
        /// Somebody who calls without an account.
        Guest = "guest",
        /// An invitation.
        Invitation = "invitation",
        /// Somebody who works here.
        Member = "member",
        /// The operator of the deployment.
        Operator = "operator",
        /// Nobody: time did it.
        System = "system",
    }
}

/// Somebody or something that a line names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Somebody who signs in.
    Account(AccountId),
    /// A program of the customer.
    ApiKey(ApiKeyId),
    /// A way in for visitors.
    App(AppId),
    /// A call.
    Call(CallId),
    /// Somebody the team talks with.
    Contact(ContactId),
    /// A thread.
    Conversation(ConversationId),
    /// A conversation that a program leads.
    Flow(FlowId),
    /// Somebody who calls without an account.
    Guest(GuestId),
    /// An invitation.
    Invitation(InvitationId),
    /// Somebody who works here.
    Member(MemberId),
    /// The operator of the deployment, by their account.
    Operator(AccountId),
}

impl Named {
    /// What kind it is.
    pub const fn party(self) -> Party {
        match self {
            Self::Account(_) => Party::Account,
            Self::ApiKey(_) => Party::ApiKey,
            Self::App(_) => Party::App,
            Self::Call(_) => Party::Call,
            Self::Contact(_) => Party::Contact,
            Self::Conversation(_) => Party::Conversation,
            Self::Flow(_) => Party::Flow,
            Self::Guest(_) => Party::Guest,
            Self::Invitation(_) => Party::Invitation,
            Self::Member(_) => Party::Member,
            Self::Operator(_) => Party::Operator,
        }
    }

    /// What stands in a line for it: recognised by who has the key and the id, and told to nobody.
    pub fn pseudonym(self, key: &TenantKey) -> KeyedHash {
        let id = match self {
            Self::Account(id) | Self::Operator(id) => id.to_string(),
            Self::ApiKey(id) => id.to_string(),
            Self::App(id) => id.to_string(),
            Self::Call(id) => id.to_string(),
            Self::Contact(id) => id.to_string(),
            Self::Conversation(id) => id.to_string(),
            Self::Flow(id) => id.to_string(),
            Self::Guest(id) => id.to_string(),
            Self::Invitation(id) => id.to_string(),
            Self::Member(id) => id.to_string(),
        };
        key.hash(Use::Audit, &format!("name|{id}"))
    }

    /// The id that a text is, if it is of a kind that lines name.
    pub fn parse(text: &str) -> Option<Self> {
        let api_key = || text.parse().ok().map(Self::ApiKey);
        let app = || text.parse().ok().map(Self::App);
        let call = || text.parse().ok().map(Self::Call);
        let contact = || text.parse().ok().map(Self::Contact);
        let conversation = || text.parse().ok().map(Self::Conversation);
        let flow = || text.parse().ok().map(Self::Flow);
        let guest = || text.parse().ok().map(Self::Guest);
        let invitation = || text.parse().ok().map(Self::Invitation);
        let member = || text.parse().ok().map(Self::Member);
        api_key()
            .or_else(app)
            .or_else(call)
            .or_else(contact)
            .or_else(conversation)
            .or_else(flow)
            .or_else(guest)
            .or_else(invitation)
            .or_else(member)
    }
}

macro_rules! named {
    ($($variant:ident($id:ident))+) => {
        $(impl From<$id> for Named {
            fn from(id: $id) -> Self {
                Self::$variant(id)
            }
        })+
    };
}
named! { ApiKey(ApiKeyId) App(AppId) Call(CallId) Contact(ContactId) Conversation(ConversationId) Flow(FlowId) Guest(GuestId) Invitation(InvitationId) Member(MemberId) }

impl From<SubjectId> for Named {
    fn from(subject: SubjectId) -> Self {
        match subject {
            SubjectId::Account(id) => Self::Account(id),
            SubjectId::Contact(id) => Self::Contact(id),
            SubjectId::Flow(id) => Self::Flow(id),
            SubjectId::Guest(id) => Self::Guest(id),
            SubjectId::Key(id) => Self::ApiKey(id),
            SubjectId::Member(id) => Self::Member(id),
        }
    }
}

/// A line as its act wrote it, waiting for its place in the chain.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = audit_waiting(workspace, id), lists = audit_waiting_list(id),
    tenant = workspace, within = Workspace, class = Audit, anchor = at,
)]
pub struct AuditEntry {
    /// Its id.
    #[non_personal(reason = "the id of a line in a log")]
    pub id: AuditId,
    /// Whose log.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// What was done.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub act: Deed,
    /// What kind of one did it.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub actor_kind: Party,
    /// Who, as a keyed hash of an opaque id.
    #[personal(category = Identifier, purpose = RunWorkspace, erase = Pseudonymise, keyed)]
    pub actor: Option<KeyedHash>,
    /// What kind of thing it was done to, if to one.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub target_kind: Option<Party>,
    /// To which, as a keyed hash of an opaque id.
    #[personal(category = Identifier, purpose = RunWorkspace, erase = Pseudonymise, keyed)]
    pub target: Option<KeyedHash>,
    /// How it went.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub outcome: Outcome,
    /// When.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub at: Timestamp,
}

/// A line in its place in the chain.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = audit_line(workspace, seq),
    tenant = workspace, within = Workspace, class = Audit, anchor = kept_from,
)]
pub struct AuditLine {
    /// Its number: without gaps.
    #[non_personal(reason = "a number in a log")]
    pub seq: u64,
    /// Its id.
    #[non_personal(reason = "the id of a line in a log")]
    pub id: AuditId,
    /// Whose log.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// What was done.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub act: Deed,
    /// What kind of one did it.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub actor_kind: Party,
    /// Who, as a keyed hash of an opaque id.
    #[personal(category = Identifier, purpose = RunWorkspace, erase = Pseudonymise, keyed)]
    pub actor: Option<KeyedHash>,
    /// What kind of thing it was done to, if to one.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub target_kind: Option<Party>,
    /// To which, as a keyed hash of an opaque id.
    #[personal(category = Identifier, purpose = RunWorkspace, erase = Pseudonymise, keyed)]
    pub target: Option<KeyedHash>,
    /// How it went.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub outcome: Outcome,
    /// When.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub at: Timestamp,
    /// From when its twelve months count: its own time, or that of a later act that came into the
    /// chain before it. So the chain ends from its beginning on, and never in the middle.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub kept_from: Timestamp,
    /// The hash of the line before it; nothing, for the first.
    #[non_personal(reason = "a link of a chain of keyed hashes")]
    pub previous: Option<KeyedHash>,
    /// From when the line before it is kept: whether it may be gone already.
    #[non_personal(reason = "when a line of a log ends")]
    pub previous_kept_from: Option<Timestamp>,
    /// The keyed hash over all of the above.
    #[non_personal(reason = "a link of a chain of keyed hashes")]
    pub hash: KeyedHash,
}

/// Where the chain of a workspace ends.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = audit_end(workspace),
    tenant = workspace, within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct AuditEnd {
    /// Whose log.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// The number of the last line.
    #[non_personal(reason = "a number in a log")]
    pub seq: u64,
    /// Its hash.
    #[non_personal(reason = "a link of a chain of keyed hashes")]
    pub hash: KeyedHash,
    /// From when it is kept.
    #[non_personal(reason = "when a line of a log ends")]
    pub kept_from: Timestamp,
    /// When the chain began.
    #[non_personal(reason = "when a log began")]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// A line that is being written: `transaction.audit(entry.line(member.id, Deed::AppMade).about(app))`.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    entry: AuditEntry,
    key: &'a TenantKey,
}

impl<'a> Line<'a> {
    /// That `actor` did `act` in a workspace. The key is the workspace's; the operator, who has
    /// none of any workspace, brings the platform's.
    pub fn new(
        key: &'a TenantKey,
        workspace: WorkspaceId,
        actor: impl Into<Named>,
        act: Deed,
        now: Timestamp,
    ) -> Self {
        let actor = actor.into();
        let entry = AuditEntry {
            actor_kind: actor.party(),
            actor: Some(actor.pseudonym(key)),
            ..Self::of_the_system(key, workspace, act, now).entry
        };
        Self { entry, key }
    }

    /// That time did it.
    pub fn of_the_system(
        key: &'a TenantKey,
        workspace: WorkspaceId,
        act: Deed,
        now: Timestamp,
    ) -> Self {
        let entry = AuditEntry {
            id: AuditId::new(now),
            workspace,
            act,
            actor_kind: Party::System,
            actor: None,
            target_kind: None,
            target: None,
            outcome: Outcome::Done,
            at: now,
        };
        Self { entry, key }
    }

    /// The same, done to `target`.
    pub fn about(mut self, target: impl Into<Named>) -> Self {
        let target = target.into();
        self.entry.target_kind = Some(target.party());
        self.entry.target = Some(target.pseudonym(self.key));
        self
    }

    /// The same, of what goes on after the answer.
    pub const fn begun(mut self) -> Self {
        self.entry.outcome = Outcome::Begun;
        self
    }
}

impl Transaction {
    /// Writes a line of the audit log together with what it tells of.
    ///
    /// # Errors
    /// None that a line could cause.
    pub fn audit(&mut self, line: Line<'_>) -> Result<Slot, StoreError> {
        self.create(&Stored::new(line.entry, &Policy::platform()), &Unsealed)
    }
}

impl AuditEntry {
    /// The line that this becomes behind `end`, or at the beginning of a chain.
    pub fn chained(self, end: Option<&AuditEnd>, key: &TenantKey) -> AuditLine {
        let before = end.map(|end| end.kept_from);
        let mut line = AuditLine {
            seq: end.map_or(0, |end| end.seq) + 1,
            id: self.id,
            workspace: self.workspace,
            act: self.act,
            actor_kind: self.actor_kind,
            actor: self.actor,
            target_kind: self.target_kind,
            target: self.target,
            outcome: self.outcome,
            at: self.at,
            kept_from: before.map_or(self.at, |before| before.max(self.at)),
            previous: end.map(|end| end.hash),
            previous_kept_from: before,
            hash: KeyedHash::from_code([0; 32]),
        };
        line.hash = line.code(key);
        line
    }
}

impl AuditLine {
    /// The hash that the line should bear.
    fn code(&self, key: &TenantKey) -> KeyedHash {
        let hex = |hash: &KeyedHash| data_encoding::HEXLOWER.encode(hash.as_bytes());
        let hash = |hash: &Option<KeyedHash>| hash.as_ref().map_or_else(String::new, hex);
        let time = |at: Option<Timestamp>| at.map_or_else(String::new, |at| at.ms().to_string());
        let parts = [
            "line".to_owned(),
            self.seq.to_string(),
            self.id.to_string(),
            self.workspace.to_string(),
            self.act.symbol(),
            self.actor_kind.symbol(),
            hash(&self.actor),
            self.target_kind
                .map(Party::word)
                .unwrap_or_default()
                .to_owned(),
            hash(&self.target),
            self.outcome.symbol(),
            self.at.ms().to_string(),
            self.kept_from.ms().to_string(),
            hash(&self.previous),
            time(self.previous_kept_from),
        ];
        key.hash(Use::Audit, &parts.join("|"))
    }

    /// Whether nobody has changed the line since it came into the chain.
    pub fn is_whole(&self, key: &TenantKey) -> bool {
        self.code(key) == self.hash
    }

    /// Whether the line before this one may be missing at `now`: there was none, or it has ended.
    pub fn may_be_first(&self, now: Timestamp) -> bool {
        match self.previous_kept_from {
            None => self.seq == 1 && self.previous.is_none(),
            Some(from) => expiry(Class::Audit, &Policy::platform(), from).has_passed(now),
        }
    }

    /// Whether `older` is the line before this one.
    pub fn follows(&self, older: &Self) -> bool {
        older.seq.checked_add(1) == Some(self.seq) && self.previous == Some(older.hash)
    }

    /// The end of a chain whose last line this is.
    pub fn end(&self, before: Option<AuditEnd>) -> AuditEnd {
        AuditEnd {
            workspace: self.workspace,
            seq: self.seq,
            hash: self.hash,
            kept_from: self.kept_from,
            created_at: before.as_ref().map_or(self.at, |before| before.created_at),
            rev: before.map_or(1, |before| before.rev),
        }
    }
}

impl AuditEnd {
    /// Whether `last` is the line that the chain ends with; none may be, when it has ended itself.
    pub fn closes(&self, last: Option<&AuditLine>, now: Timestamp) -> bool {
        match last {
            Some(last) => (last.seq, last.hash) == (self.seq, self.hash),
            None => {
                let end = expiry(Class::Audit, &Policy::platform(), self.kept_from);
                matches!(end, Expiry::At(_)) && end.has_passed(now)
            }
        }
    }
}

#[cfg(test)]
mod tests;
