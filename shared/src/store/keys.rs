//! Every key there is, and nothing else makes one.
//!
//! | what | table | partition key | sort key |
//! |---|---|---|---|
//! | account | data | `ACCOUNT#platform#<account>` | `HEAD` |
//! | password, preferences, second factor of an account | data | the same | `PASSWORD`, `PREFERENCES`, `SECOND_FACTOR` |
//! | address of an account | data | `ADDRESS#platform#<keyed hash>` | `HEAD` |
//! | login session | data | `SESSION#platform#<account>` | `<session>` |
//! | mailed code | data | `CHALLENGE#platform#<challenge>` | `HEAD` |
//! | link that sets a password | data | `RESET#platform#<link>` | `HEAD` |
//! | what an account has accepted | data | `ACCOUNT#platform#<account>` | `ACCEPTANCE` |
//! | announcement | data | `ANNOUNCEMENT#platform#<announcement>` | `HEAD` |
//! | letter of an announcement | data | `LETTER#platform#<account>` | `<announcement or version>` |
//! | what was said about mail | data | `WISH#platform#<keyed hash>` | `<kind of mail>` |
//! | announced versions of the policy | data | `VERSIONS#platform` | `HEAD` |
//! | notice to an account | data | `NOTICE#platform#<account>` | `<notice>` |
//! | sign-in that waits for the second factor | data | `CHALLENGE#platform#<challenge>` | `STEP` |
//! | place of an account in a workspace | data | `SEAT#platform#<account>` | `<workspace>` |
//! | operator | data | `OPERATOR#platform` | `<account>` |
//! | settings of the deployment | data | `DEPLOYMENT#platform` | `SETTINGS` |
//! | that an address was invited | data | `INVITED#platform#<keyed hash>` | `<invitation>` |
//! | that an operator entered a workspace | data | `GLASS#<ws>` | `<id>` |
//! | public signing keys | data | `JWKS#platform` | `HEAD` |
//! | subject: fence, edges to its roots | data | `SUBJECT#<tenant>#<subject>` | `HEAD`, `E#<root>` |
//! | workspace, its policy | data | `WORKSPACE#<ws>` | `HEAD`, `POLICY` |
//! | member | data | `MEMBERSHIP#<ws>#<member>` | `HEAD` |
//! | read mark of a member | data | `READ#<ws>#<member>` | `<conversation>` |
//! | invitation | data | `INVITATION#<ws>#<invitation>` | `HEAD` |
//! | app | data | `APP#<ws>` | `<app>` |
//! | audit log: lines that wait, the chain, its end | data | `AUDIT#<ws>` | `W#<line>`, `L#<number, twelve digits>`, `END` |
//! | sign-in of a team: provider, who is known to it, sign-ins on their way | data | `OIDC#<ws>` | `PROVIDER`, `I#<keyed hash>`, `S#<sign-in>` |
//! | key of the API | data | `APIKEY#<ws>` | `<keyed hash>` |
//! | job, and the list of those that are not done | data | `JOB#<ws>`, `JOBS#platform` | `<job>` |
//! | erasure, and the list of those that are not done | data | `ERASURE#platform#<erasure>` | `HEAD` |
//! | address for the last mail of an erased account | data | `FAREWELL#platform#<erasure>` | `HEAD` |
//! | how far the sweep has got | data | `SWEEP#platform` | `<table>#<segment>` |
//! | count of a limit | data | `COUNTER#platform#<keyed hash>` | `COUNT` |
//! | idempotency key | data | `IDEMPOTENCY#<tenant>#<principal>` | `<keyed hash>` |
//! | contact, what it told of itself, where it is | data | `CONTACT#<ws>#<contact>` | `HEAD`, `PROFILE`, `CONTEXT` |
//! | external id of a contact | data | `EXTERNAL#<ws>#<keyed hash>` | `HEAD` |
//! | widget session | data | `VISIT#<ws>#<contact>` | `<visit>` |
//! | export, its parts | data | `EXPORT#<tenant>#<export>` | `HEAD`, `P#<number>` |
//! | conversation, and what says that it is gone | data | `CONVERSATION#<ws>#<conversation>` | `HEAD`, `TOMB` |
//! | hold of a conversation | data | the same | `HOLD` |
//! | message | data | the same | `M#<seq, ten digits>` |
//! | client's message id | data | the same | `D#<author>#<client id>` |
//! | draft of a member | data | `DRAFT#<ws>#<member>` | `<conversation>` |
//! | ticket of a socket | data | `TICKET#<ws>#<ticket>` | `HEAD` |
//! | socket, what it listens to | data | `SOCKET#platform#<connection>` | `HEAD`, `T#<topic>` |
//! | who listens to a topic | data | `TOPIC#<ws>#<topic>` | `<who>#<connection>` |
//! | key of a tenant | keys | `TENANT#<tenant>` | `KEY` |
//! | key of a root | keys | the root's partition key | `KEY` |
//! | salt of a day, for counts | keys | `SALT#platform#<day>` | `KEY` |
//! | how long the ledger of erasures is | data | `LEDGER#platform` | `HEAD` |
//! | public keys of receipts, private one | data, keys | `ATTEST#platform` | `HEAD`, `KEY` |
//! | private signing key | keys | `SIGNING#platform` | `KEY` |
//!
//! The kind stands first so that IAM's `dynamodb:LeadingKeys` can fence each function; the tenant
//! follows, and every constructor of a tenant's key takes it, so a key of another tenant cannot
//! be written by accident. Addresses and external ids appear only as keyed hashes.
//!
//! Indexes: `changes` lists conversations by last change; `lists` lists queues of conversations, and
//! the rest; `due` lists what waits for a time: `DUE#<shard>`, `<due at, 15 digits>#<partition key>`.

mod exports;
mod files;

use uuid::Uuid;

use super::{
    announcement::{AnnouncementState, Occasion},
    conversation::Status,
    erasure::Stage,
    job::SweepSegment,
    seal::KeyedHash,
    socket::{Holder, Topic},
    subject::{RootRef, State, SubjectId},
};
use crate::domain::{
    AccountId, AnnouncementId, AppId, AuditId, BreakGlassId, ChallengeId, ContactId,
    ConversationId, ErasureId, InvitationId, JobId, MemberId, NoticeId, ResetId, SessionId,
    TeamSignInId, TenantId, TicketId, Timestamp, VisitId, WorkspaceId, announcement::MailKind,
    words::Symbol,
};
pub use exports::{
    export, export_due, export_list, export_part_row, export_part_rows, exports_of, is_export,
};
pub use files::{
    export_part, export_parts, ledger, ledger_entry, linked_file, linked_files, linked_files_of,
};

/// One of the two tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Everything but keys; backups of 30 days.
    Data,
    /// Keys; backups of 7 days.
    Keys,
}

impl Table {
    /// The logical name of the table.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Keys => "keys",
        }
    }

    /// The table of a logical name.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Data, Self::Keys]
            .into_iter()
            .find(|table| table.word() == word)
    }
}

/// The place of one item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Which table.
    pub table: Table,
    /// The partition: kind, tenant, root.
    pub pk: String,
    /// The item in its partition.
    pub sk: String,
}

/// The place of an item in an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexKey {
    /// The list it belongs to.
    pub pk: String,
    /// Its place in the list.
    pub sk: String,
}

/// The sort key of the item that stands for a whole root.
pub const HEAD: &str = "HEAD";

fn data(pk: String, sk: impl Into<String>) -> Key {
    Key {
        table: Table::Data,
        pk,
        sk: sk.into(),
    }
}

fn head(pk: String) -> Key {
    data(pk, HEAD)
}

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

/// The versions of the policy that were announced.
pub fn announced_versions() -> Key {
    head("VERSIONS#platform".to_owned())
}

/// An announcement.
pub fn announcement(id: AnnouncementId) -> Key {
    head(format!("ANNOUNCEMENT#platform#{id}"))
}

/// Announcements that are not done, by id.
pub fn announcement_list(id: AnnouncementId, state: AnnouncementState) -> Option<IndexKey> {
    (state != AnnouncementState::Done).then(|| IndexKey {
        pk: open_announcements(),
        sk: id.to_string(),
    })
}

/// The list of announcements that are not done.
pub fn open_announcements() -> String {
    "ANNOUNCEMENT#platform#OPEN".to_owned()
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

/// That an account is an operator of the deployment.
pub fn operator_seat(account: AccountId) -> Key {
    data(operator_seats(), account.to_string())
}

/// The partition of all operators.
pub fn operator_seats() -> String {
    "OPERATOR#platform".to_owned()
}

/// What the operators have decided for the deployment.
pub fn deployment_settings() -> Key {
    data("DEPLOYMENT#platform".to_owned(), "SETTINGS")
}

/// That an address was invited.
pub fn invited(address: KeyedHash, invitation: InvitationId) -> Key {
    data(invitations_of(address), invitation.to_string())
}

/// The partition of all invitations of an address.
pub fn invitations_of(address: KeyedHash) -> String {
    format!("INVITED#platform#{address}")
}

/// That an operator entered a workspace.
pub fn break_glass(workspace: WorkspaceId, id: BreakGlassId) -> Key {
    data(break_glasses(workspace), id.to_string())
}

/// The partition of all entries of operators into a workspace.
pub fn break_glasses(workspace: WorkspaceId) -> String {
    format!("GLASS#{workspace}")
}

/// The public halves of the signing keys.
pub fn signing_keys() -> Key {
    head("JWKS#platform".to_owned())
}

/// The fence of a subject: while it is live, roots may be made for it.
pub fn subject(tenant: TenantId, subject: SubjectId) -> Key {
    head(subject_partition(tenant, subject))
}

/// The edge from a subject to one of its roots.
pub fn edge(tenant: TenantId, subject: SubjectId, root: RootRef) -> Key {
    data(subject_partition(tenant, subject), format!("{EDGE}{root}"))
}

/// What the sort keys of edges open with.
pub const EDGE: &str = "E#";

/// The partition of a subject: its fence and its edges.
pub fn subject_partition(tenant: TenantId, subject: SubjectId) -> String {
    format!("SUBJECT#{tenant}#{subject}")
}

/// The head of a workspace.
pub fn workspace(id: WorkspaceId) -> Key {
    head(format!("WORKSPACE#{id}"))
}

/// The policy of a workspace: read with every request, so it lies apart and holds nothing sealed.
pub fn policy(id: WorkspaceId) -> Key {
    data(format!("WORKSPACE#{id}"), "POLICY")
}

/// Workspaces of the deployment, by id, which is by birth.
pub fn workspace_list(id: WorkspaceId) -> IndexKey {
    IndexKey {
        pk: all_workspaces(),
        sk: id.to_string(),
    }
}

/// The list of all workspaces.
pub fn all_workspaces() -> String {
    "WORKSPACE#platform".to_owned()
}

/// The end of a workspace, if its owner ended it and its erasure has not begun.
pub fn workspace_due(
    id: WorkspaceId,
    closes_at: Option<Timestamp>,
    state: State,
) -> Option<IndexKey> {
    let at = closes_at.filter(|_| state == State::Live)?;
    Some(due(at, &workspace(id).pk))
}

/// Which workspace this is the policy of.
pub fn policy_of(key: &Key) -> Option<WorkspaceId> {
    let id = key.pk.strip_prefix("WORKSPACE#")?.parse().ok()?;
    (*key == policy(id)).then_some(id)
}

/// An erasure: how far it is, and what it came to.
pub fn erasure(id: ErasureId) -> Key {
    head(format!("ERASURE#platform#{id}"))
}

/// Erasures that are not done, by when they go on.
pub fn erasure_list(id: ErasureId, stage: Stage, due_at: Timestamp) -> Option<IndexKey> {
    (stage != Stage::Done).then(|| IndexKey {
        pk: open_erasures(),
        sk: format!("{:015}#{id}", due_at.ms()),
    })
}

/// The list of erasures that are not done, by when they go on.
pub fn open_erasures() -> String {
    "ERASURE#platform#OPEN".to_owned()
}

/// The public keys that receipts are checked with.
pub fn receipt_keys() -> Key {
    head("ATTEST#platform".to_owned())
}

/// The private key that receipts are signed with; only `retention` may read it.
pub fn receipt_key() -> Key {
    Key {
        table: Table::Keys,
        pk: "ATTEST#platform".to_owned(),
        sk: "KEY".to_owned(),
    }
}

/// How long the ledger of erasures is.
pub fn ledger_length() -> Key {
    head("LEDGER#platform".to_owned())
}

/// Where the last mail of an erased account goes.
pub fn farewell(id: ErasureId) -> Key {
    head(format!("FAREWELL#platform#{id}"))
}

/// The head of a membership.
pub fn membership(workspace: WorkspaceId, member: MemberId) -> Key {
    head(format!("MEMBERSHIP#{workspace}#{member}"))
}

/// Members of a workspace, by id.
pub fn membership_list(workspace: WorkspaceId, member: MemberId) -> IndexKey {
    IndexKey {
        pk: memberships(workspace),
        sk: member.to_string(),
    }
}

/// The list of all members of a workspace.
pub fn memberships(workspace: WorkspaceId) -> String {
    format!("MEMBERSHIP#{workspace}")
}

/// How far a member has read a conversation.
pub fn read_mark(workspace: WorkspaceId, member: MemberId, conversation: ConversationId) -> Key {
    data(read_marks(workspace, member), conversation.to_string())
}

/// The partition of all read marks of a member.
pub fn read_marks(workspace: WorkspaceId, member: MemberId) -> String {
    format!("READ#{workspace}#{member}")
}

/// The head of an invitation.
pub fn invitation(workspace: WorkspaceId, id: InvitationId) -> Key {
    head(format!("INVITATION#{workspace}#{id}"))
}

/// Invitations of a workspace, by id.
pub fn invitation_list(workspace: WorkspaceId, id: InvitationId) -> IndexKey {
    IndexKey {
        pk: invitations(workspace),
        sk: id.to_string(),
    }
}

/// The list of all invitations of a workspace.
pub fn invitations(workspace: WorkspaceId) -> String {
    format!("INVITATION#{workspace}")
}

/// An app of a workspace.
pub fn app(workspace: WorkspaceId, app: AppId) -> Key {
    data(apps(workspace), app.to_string())
}

/// The partition of all apps of a workspace.
pub fn apps(workspace: WorkspaceId) -> String {
    format!("APP#{workspace}")
}

/// A key of the API, by the keyed hash of its text.
pub fn api_key(workspace: WorkspaceId, token: KeyedHash) -> Key {
    data(api_keys(workspace), token.to_string())
}

/// The partition of all API keys of a workspace.
pub fn api_keys(workspace: WorkspaceId) -> String {
    format!("APIKEY#{workspace}")
}

/// A line of the audit log that waits for its place in the chain.
pub fn audit_waiting(workspace: WorkspaceId, line: AuditId) -> Key {
    data(audit(workspace), format!("{AUDIT_WAITING}{line}"))
}

/// What the sort keys of waiting lines open with.
pub const AUDIT_WAITING: &str = "W#";

/// The list of the lines that wait, of all workspaces, oldest first.
pub fn audit_waiting_list(line: AuditId) -> IndexKey {
    IndexKey {
        pk: audits_waiting(),
        sk: line.to_string(),
    }
}

/// The list of all lines that wait.
pub fn audits_waiting() -> String {
    "AUDIT#platform".to_owned()
}

/// A line of the audit log in its place.
pub fn audit_line(workspace: WorkspaceId, seq: u64) -> Key {
    data(audit(workspace), audit_sort(seq))
}

/// Twelve digits sort as numbers do.
pub fn audit_sort(seq: u64) -> String {
    format!("{AUDIT_LINE}{seq:012}")
}

/// What the sort keys of lines in the chain open with.
pub const AUDIT_LINE: &str = "L#";

/// Where the chain of a workspace ends.
pub fn audit_end(workspace: WorkspaceId) -> Key {
    data(audit(workspace), "END")
}

/// The partition of the audit log of a workspace.
pub fn audit(workspace: WorkspaceId) -> String {
    format!("AUDIT#{workspace}")
}

/// The sign-in service of a team. Not a head: it is sealed under the key of the workspace.
pub fn team_provider(workspace: WorkspaceId) -> Key {
    data(team_sign_in(workspace), "PROVIDER")
}

/// Somebody whom a team's provider has vouched for.
pub fn team_identity(workspace: WorkspaceId, identity: KeyedHash) -> Key {
    data(
        team_sign_in(workspace),
        format!("{TEAM_IDENTITY}{identity}"),
    )
}

/// What the sort keys of those open with.
pub const TEAM_IDENTITY: &str = "I#";

/// A sign-in that a team's provider was asked for.
pub fn team_attempt(workspace: WorkspaceId, id: TeamSignInId) -> Key {
    data(team_sign_in(workspace), format!("S#{id}"))
}

/// The partition of everything about a team's sign-in.
pub fn team_sign_in(workspace: WorkspaceId) -> String {
    format!("OIDC#{workspace}")
}

/// A job of a workspace.
pub fn job(workspace: WorkspaceId, job: JobId) -> Key {
    data(format!("JOB#{workspace}"), job.to_string())
}

/// That a job is not done.
pub fn open_job(job: JobId) -> Key {
    data(open_jobs(), job.to_string())
}

/// The partition of all jobs that are not done, oldest first.
pub fn open_jobs() -> String {
    "JOBS#platform".to_owned()
}

/// A count. Not a head: nothing hears of its end.
pub fn counter(of: KeyedHash) -> Key {
    data(format!("COUNTER#platform#{of}"), "COUNT")
}

/// An address that is not written to, where that may be.
pub fn suppression(address: KeyedHash) -> Key {
    data(format!("SUPPRESSED#platform#{address}"), "ENTRY")
}

/// How far the sweep has got in one segment of a table.
pub fn sweep(segment: SweepSegment) -> Key {
    data("SWEEP#platform".to_owned(), segment.symbol())
}

/// What an idempotency key led to.
pub fn idempotency(tenant: TenantId, principal: SubjectId, key: KeyedHash) -> Key {
    data(requests(tenant, principal), key.to_string())
}

/// The partition of what the idempotency keys of somebody led to.
pub fn requests(tenant: TenantId, principal: SubjectId) -> String {
    format!("IDEMPOTENCY#{tenant}#{principal}")
}

/// The head of a contact.
pub fn contact(workspace: WorkspaceId, id: ContactId) -> Key {
    head(format!("CONTACT#{workspace}#{id}"))
}

/// Whether this is the head of a contact.
pub fn is_contact(head: &Key) -> bool {
    head.pk.starts_with("CONTACT#") && head.sk == HEAD
}

/// What a contact told of itself: sealed, so it lies beside the head.
pub fn profile(workspace: WorkspaceId, id: ContactId) -> Key {
    data(format!("CONTACT#{workspace}#{id}"), "PROFILE")
}

/// Where a contact is on the customer's pages.
pub fn context(workspace: WorkspaceId, id: ContactId) -> Key {
    data(format!("CONTACT#{workspace}#{id}"), "CONTEXT")
}

/// Contacts of a workspace, by id, which is by first visit.
pub fn contact_list(workspace: WorkspaceId, id: ContactId) -> IndexKey {
    IndexKey {
        pk: contacts(workspace),
        sk: id.to_string(),
    }
}

/// The list of all contacts of a workspace.
pub fn contacts(workspace: WorkspaceId) -> String {
    format!("CONTACT#{workspace}")
}

/// Where an external id leads to its contact.
pub fn external(workspace: WorkspaceId, external: KeyedHash) -> Key {
    head(format!("EXTERNAL#{workspace}#{external}"))
}

/// The widget sessions of a contact.
pub fn visits(workspace: WorkspaceId, contact: ContactId) -> String {
    format!("VISIT#{workspace}#{contact}")
}

/// A widget session of a contact.
pub fn visit(workspace: WorkspaceId, contact: ContactId, visit: VisitId) -> Key {
    data(format!("VISIT#{workspace}#{contact}"), visit.to_string())
}

/// The head of a conversation.
pub fn conversation(workspace: WorkspaceId, id: ConversationId) -> Key {
    head(thread(workspace, id))
}

/// Why a conversation is on hold.
pub fn hold(workspace: WorkspaceId, id: ConversationId) -> Key {
    data(thread(workspace, id), "HOLD")
}

/// The partition of a conversation: head, messages and client ids.
pub fn thread(workspace: WorkspaceId, id: ConversationId) -> String {
    format!("CONVERSATION#{workspace}#{id}")
}

/// How many partitions the change index of a workspace has.
pub const CHANGE_SHARDS: u8 = 4;

/// One shard of the change index of a workspace.
pub fn change_shard(workspace: WorkspaceId, shard: u8) -> String {
    format!("CONVERSATION#{workspace}#{shard}")
}

/// Conversations of a workspace, by last change, spread over [`CHANGE_SHARDS`] by id.
pub fn changes(workspace: WorkspaceId, changed_at: Timestamp, id: ConversationId) -> IndexKey {
    let shard = id.uuid().as_bytes()[15] % CHANGE_SHARDS;
    IndexKey {
        pk: change_shard(workspace, shard),
        sk: change(changed_at, id),
    }
}

fn change(at: Timestamp, id: ConversationId) -> String {
    format!("{:015}#{id}", at.ms())
}

/// A queue of conversations: whose, and how they stand.
///
/// Snoozed conversations lie in the queue of the open ones, at the time they come back: when that
/// passes they are in their place already, whoever writes it down later.
pub fn queue(workspace: WorkspaceId, assignee: Option<MemberId>, status: Status) -> String {
    let whose = assignee.map_or_else(|| "none".to_owned(), |member| member.to_string());
    let list = match status {
        Status::Snoozed => Status::Open,
        other => other,
    };
    format!("CONVERSATION#{workspace}#QUEUE#{whose}#{}", list.word())
}

/// The place of a conversation in its queue: a message does not move it.
pub fn queued(
    workspace: WorkspaceId,
    assignee: Option<MemberId>,
    status: Status,
    queued_at: Timestamp,
    id: ConversationId,
) -> IndexKey {
    IndexKey {
        pk: queue(workspace, assignee, status),
        sk: change(queued_at, id),
    }
}

/// The bounds of sort keys in `changes` and in queues that are not later than `at`.
pub fn until(at: Timestamp) -> String {
    format!("{:015}#~", at.ms())
}

/// The end of a snooze, or an erasure that has to go on.
pub fn conversation_due(
    workspace: WorkspaceId,
    id: ConversationId,
    state: State,
    snoozed_until: Option<Timestamp>,
    changed_at: Timestamp,
) -> Option<IndexKey> {
    let at = match state {
        State::Live => snoozed_until?,
        State::Closing | State::Erasing => changed_at,
    };
    Some(due(at, &thread(workspace, id)))
}

/// The erasure of a contact, due from the moment it was asked for.
pub fn contact_due(
    workspace: WorkspaceId,
    id: ContactId,
    state: State,
    last_seen_at: Timestamp,
) -> Option<IndexKey> {
    (state == State::Erasing).then(|| due(last_seen_at, &contact(workspace, id).pk))
}

/// How many partitions the index of deadlines has.
pub const DUE_SHARDS: u8 = 4;

/// One shard of the index of deadlines.
pub fn due_shard(shard: u8) -> String {
    format!("DUE#{shard}")
}

/// The place of what lies in `partition` in the index of deadlines, spread over [`DUE_SHARDS`].
pub fn due(at: Timestamp, partition: &str) -> IndexKey {
    let shard = partition
        .bytes()
        .fold(0, |sum: u8, byte| sum.wrapping_add(byte))
        % DUE_SHARDS;
    IndexKey {
        pk: due_shard(shard),
        sk: format!("{:015}#{partition}", at.ms()),
    }
}

/// What says for seven days that a conversation is gone.
pub fn tombstone(workspace: WorkspaceId, id: ConversationId) -> Key {
    data(thread(workspace, id), TOMBSTONE)
}

/// The sort key of tombstones: in the change index it tells one from a head.
pub const TOMBSTONE: &str = "TOMB";

/// What a member has begun to write in a conversation.
pub fn draft(workspace: WorkspaceId, member: MemberId, conversation: ConversationId) -> Key {
    data(drafts(workspace, member), conversation.to_string())
}

/// The partition of all drafts of a member.
pub fn drafts(workspace: WorkspaceId, member: MemberId) -> String {
    format!("DRAFT#{workspace}#{member}")
}

/// A message, by its place in the conversation.
pub fn message(workspace: WorkspaceId, conversation: ConversationId, seq: u64) -> Key {
    data(thread(workspace, conversation), message_sort(seq))
}

/// Ten digits sort as numbers do, and ten thousand million messages are enough.
pub fn message_sort(seq: u64) -> String {
    format!("M#{seq:010}")
}

/// What a client's message id led to.
pub fn dedupe(
    workspace: WorkspaceId,
    conversation: ConversationId,
    author: SubjectId,
    client_message_id: Uuid,
) -> Key {
    data(
        thread(workspace, conversation),
        format!("D#{author}#{client_message_id}"),
    )
}

/// What opens one socket.
pub fn ticket(workspace: WorkspaceId, ticket: TicketId) -> Key {
    head(format!("TICKET#{workspace}#{ticket}"))
}

/// A socket. The edge's events name the connection and nothing else, so its place cannot depend on
/// the tenant: the row says which one it is.
pub fn socket_of(connection: impl AsRef<str>) -> Key {
    head(socket_partition(connection.as_ref()))
}

/// Sockets by their holder, and then by the session that opened them.
pub fn socket_list(holder: Holder, connection: impl AsRef<str>) -> IndexKey {
    let (pk, session) = match holder {
        Holder::Member {
            account, session, ..
        } => (sockets(account.into()), session.to_string()),
        Holder::Visitor { contact, visit } => (sockets(contact.into()), visit.to_string()),
    };
    IndexKey {
        pk,
        sk: format!("{session}#{}", connection.as_ref()),
    }
}

/// The list of all sockets of somebody who signed in, or of a contact.
pub fn sockets(holder: SubjectId) -> String {
    format!("SOCKET#platform#{holder}")
}

/// The partition of a socket: itself, and what it listens to.
pub fn socket_partition(connection: &str) -> String {
    format!("SOCKET#platform#{connection}")
}

/// That a socket listens to a topic, from the socket's side.
pub fn listening(connection: impl AsRef<str>, topic: Topic) -> Key {
    data(
        socket_partition(connection.as_ref()),
        format!("{LISTENING}{}", topic.symbol()),
    )
}

/// What the sort keys of a socket's topics open with.
pub const LISTENING: &str = "T#";

/// That a socket listens to a topic, from the topic's side.
pub fn listener(
    workspace: WorkspaceId,
    topic: Topic,
    who: SubjectId,
    connection: impl AsRef<str>,
) -> Key {
    data(
        listeners(workspace, topic),
        format!("{who}#{}", connection.as_ref()),
    )
}

/// The partition of all who listen to a topic.
pub fn listeners(workspace: WorkspaceId, topic: Topic) -> String {
    format!("TOPIC#{workspace}#{}", topic.symbol())
}

/// The wrapped key of a tenant.
pub fn tenant_key(tenant: TenantId) -> Key {
    Key {
        table: Table::Keys,
        pk: format!("TENANT#{tenant}"),
        sk: "KEY".to_owned(),
    }
}

/// The wrapped key of a root.
pub fn data_key(root: &RootRef) -> Key {
    Key {
        table: Table::Keys,
        pk: root.to_string(),
        sk: "KEY".to_owned(),
    }
}

/// The key of a root, as its own row names it.
pub fn root_key(root: RootRef) -> Key {
    data_key(&root)
}

/// The salt of the day that begins at `since`.
pub fn salt(since: Timestamp) -> Key {
    Key {
        table: Table::Keys,
        pk: format!("SALT#platform#{:015}", since.ms()),
        sk: "KEY".to_owned(),
    }
}

/// The private signing key of access tokens; only `auth` may read it.
pub fn signing_key() -> Key {
    Key {
        table: Table::Keys,
        pk: "SIGNING#platform".to_owned(),
        sk: "KEY".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_sort_by_their_number() {
        assert!(message_sort(9) < message_sort(10));
        assert!(message_sort(99_999) < message_sort(100_000));
    }

    #[test]
    fn every_key_of_a_tenant_opens_with_its_kind_and_then_the_tenant() {
        let ws = WorkspaceId::from_uuid(Uuid::from_u128(1));
        let id = Uuid::from_u128(2);
        let keys = [
            workspace(ws),
            policy(ws),
            membership(ws, MemberId::from_uuid(id)),
            invitation(ws, InvitationId::from_uuid(id)),
            app(ws, AppId::from_uuid(id)),
            audit_waiting(ws, AuditId::from_uuid(id)),
            audit_line(ws, 1),
            audit_end(ws),
            break_glass(ws, BreakGlassId::from_uuid(id)),
            contact(ws, ContactId::from_uuid(id)),
            conversation(ws, ConversationId::from_uuid(id)),
            message(ws, ConversationId::from_uuid(id), 1),
            tenant_key(ws.into()),
        ];
        for key in keys {
            let mut parts = key.pk.split('#');
            let kind = parts.next().expect("a kind");
            assert!(kind.bytes().all(|b| b.is_ascii_uppercase()), "{}", key.pk);
            assert_eq!(parts.next(), Some(ws.to_string().as_str()), "{}", key.pk);
        }
    }
}
