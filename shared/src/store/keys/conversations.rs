//! Keys of contacts and conversations, and of the lists they stand in.
//!
//! | what | table | partition key | sort key |
//! |---|---|---|---|
//! | read mark of a member | data | `READ#<ws>#<member>` | `<conversation>` |
//! | contact, what it told of itself, where it is | data | `CONTACT#<ws>#<contact>` | `HEAD`, `PROFILE`, `CONTEXT`, `ADDRESS`, `REACHED`, `DISCLOSED#<disclosure>`, `NOTE#<note>` |
//! | contacts of an address | data | `REACHED#platform#<keyed hash>` | `<ws>#<contact>` |
//! | external id of a contact | data | `EXTERNAL#<ws>#<keyed hash>` | `HEAD` |
//! | widget session | data | `VISIT#<ws>#<contact>` | `<visit>` |
//! | conversation, and what says that it is gone | data | `CONVERSATION#<ws>#<conversation>` | `HEAD`, `TOMB` |
//! | hold of a conversation | data | the same | `HOLD` |
//! | message | data | the same | `M#<seq, ten digits>` |
//! | file of a message; file that nobody has sent | data | the same | `A#<attachment>`, `U#<attachment>` |
//! | transcript that somebody wants by mail | data | the same | `TRANSCRIPT#<contact or member>` |
//! | client's message id | data | the same | `D#<author>#<client id>` |
//! | draft of a member | data | `DRAFT#<ws>#<member>` | `<conversation>` |

use uuid::Uuid;

use super::{HEAD, IndexKey, Key, data, due, head};
use crate::{
    domain::{
        ContactId, ConversationId, DisclosureId, MemberId, NoteId, TeamId, Timestamp, VisitId,
        WorkspaceId,
    },
    store::{
        conversation::{Priority, Status},
        seal::KeyedHash,
        subject::{State, SubjectId},
    },
};

/// How far a member has read a conversation.
pub fn read_mark(workspace: WorkspaceId, member: MemberId, conversation: ConversationId) -> Key {
    data(read_marks(workspace, member), conversation.to_string())
}

/// The partition of all read marks of a member.
pub fn read_marks(workspace: WorkspaceId, member: MemberId) -> String {
    format!("READ#{workspace}#{member}")
}

/// The head of a contact.
pub fn contact(workspace: WorkspaceId, id: ContactId) -> Key {
    head(format!("CONTACT#{workspace}#{id}"))
}

/// Whether this is the head of a contact.
pub fn is_contact(head: &Key) -> bool {
    head.pk.starts_with("CONTACT#") && head.sk == HEAD
}

/// Whose this is, of what lies with a contact or its visits.
pub fn contact_of(key: &Key) -> Option<(WorkspaceId, ContactId)> {
    let mut rest = ["CONTACT#", "VISIT#"].iter();
    let rest = rest.find_map(|kind| key.pk.strip_prefix(kind))?;
    let (workspace, contact) = rest.split_once('#')?;
    Some((workspace.parse().ok()?, contact.parse().ok()?))
}

/// The partitions of a contact: itself, and its widget sessions.
pub fn of_contact(head: &Key) -> Vec<String> {
    let sessions = head.pk.strip_prefix("CONTACT#");
    let sessions = sessions.map(|rest| format!("VISIT#{rest}"));
    [Some(head.pk.clone()), sessions]
        .into_iter()
        .flatten()
        .collect()
}

/// What a contact told of itself: sealed, so it lies beside the head.
pub fn profile(workspace: WorkspaceId, id: ContactId) -> Key {
    data(format!("CONTACT#{workspace}#{id}"), "PROFILE")
}

/// Where a contact is on the customer's pages.
pub fn context(workspace: WorkspaceId, id: ContactId) -> Key {
    data(format!("CONTACT#{workspace}#{id}"), "CONTEXT")
}

/// An address that a contact is to prove.
pub fn address_proof(workspace: WorkspaceId, id: ContactId) -> Key {
    data(format!("CONTACT#{workspace}#{id}"), "ADDRESS")
}

/// The note of a disclosure with the contact that it is about.
pub fn disclosed_part(workspace: WorkspaceId, contact: ContactId, id: DisclosureId) -> Key {
    let at = self::contact(workspace, contact);
    data(at.pk, format!("{DISCLOSED}{id}"))
}

/// When the contact is told of a disclosure.
pub fn disclosed_due(
    workspace: WorkspaceId,
    contact: ContactId,
    tell_at: Option<Timestamp>,
) -> Option<IndexKey> {
    Some(due(tell_at?, &self::contact(workspace, contact).pk))
}

/// Of which disclosure this is the note with the contact, and whose, if it is one.
pub fn disclosed(key: &Key) -> Option<(WorkspaceId, ContactId, DisclosureId)> {
    let id = key.sk.strip_prefix(DISCLOSED)?.parse().ok()?;
    let (workspace, contact) = contact_of(key)?;
    Some((workspace, contact, id))
}

/// What the notes of disclosures open with, within a contact.
pub const DISCLOSED: &str = "DISCLOSED#";

/// A note of the team about a contact.
pub fn contact_note(workspace: WorkspaceId, contact: ContactId, id: NoteId) -> Key {
    let at = self::contact(workspace, contact);
    data(at.pk, format!("{CONTACT_NOTE}{id}"))
}

/// What the notes about a contact open with, within it.
pub const CONTACT_NOTE: &str = "NOTE#";

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

/// That an address leads to a contact: under the platform, because a mail names no workspace.
pub fn reached(address: KeyedHash, workspace: WorkspaceId, contact: ContactId) -> Key {
    data(reached_partition(address), format!("{workspace}#{contact}"))
}

/// Whoever an address leads to.
pub fn reached_partition(address: KeyedHash) -> String {
    format!("REACHED#platform#{address}")
}

/// Whom a row of the index leads to.
pub fn whom_reached(key: &Key) -> Option<(WorkspaceId, ContactId)> {
    key.pk.strip_prefix("REACHED#")?;
    let (workspace, contact) = key.sk.split_once('#')?;
    Some((workspace.parse().ok()?, contact.parse().ok()?))
}

/// What leads from a contact to its row there.
pub fn reached_link(workspace: WorkspaceId, contact: ContactId) -> Key {
    data(self::contact(workspace, contact).pk, "REACHED")
}

/// The widget sessions of a contact.
pub fn visits(workspace: WorkspaceId, contact: ContactId) -> String {
    format!("VISIT#{workspace}#{contact}")
}

/// A widget session of a contact.
pub fn visit(workspace: WorkspaceId, contact: ContactId, visit: VisitId) -> Key {
    data(format!("VISIT#{workspace}#{contact}"), visit.to_string())
}

/// That somebody wants a transcript by mail.
pub fn transcript_mail(
    workspace: WorkspaceId,
    conversation: ConversationId,
    reader: SubjectId,
) -> Key {
    data(
        thread(workspace, conversation),
        format!("TRANSCRIPT#{reader}"),
    )
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

/// Which conversation a record lies with, if it does.
pub(super) fn of_thread(key: &Key) -> Option<(WorkspaceId, ConversationId)> {
    let rest = key.pk.strip_prefix("CONVERSATION#")?;
    let (workspace, conversation) = rest.split_once('#')?;
    Some((workspace.parse().ok()?, conversation.parse().ok()?))
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

/// Whose queue a conversation lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// That of the member who takes care of it.
    Member(MemberId),
    /// That of a team, where nobody has taken it yet.
    Team(TeamId),
    /// That of the whole workspace.
    Nobody,
}

impl Whose {
    /// Whose queue a conversation lies in that `assignee` takes care of, and that `team` got.
    pub fn of(assignee: Option<MemberId>, team: Option<TeamId>) -> Self {
        let of_team = || team.map_or(Self::Nobody, Self::Team);
        assignee.map_or_else(of_team, Self::Member)
    }
}

/// A queue of conversations: whose, and how they stand.
///
/// Snoozed conversations lie in the queue of the open ones, at the time they come back: when that
/// passes they are in their place already, whoever writes it down later.
pub fn queue(workspace: WorkspaceId, whose: Whose, status: Status) -> String {
    let whose = match whose {
        Whose::Member(member) => member.to_string(),
        Whose::Team(team) => team.to_string(),
        Whose::Nobody => "none".to_owned(),
    };
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
    team: Option<TeamId>,
    status: Status,
    priority: Option<Priority>,
    queued_at: Timestamp,
    id: ConversationId,
) -> IndexKey {
    let place = change(queued_at, id);
    IndexKey {
        pk: queue(workspace, Whose::of(assignee, team), status),
        // Behind the time: it orders nothing, but the index alone tells how urgent each is.
        sk: match priority.map(Priority::rank) {
            None | Some(0) => place,
            Some(rank) => format!("{place}{RANKED}{rank}"),
        },
    }
}

/// What stands before the rank in a place of a queue.
const RANKED: &str = "#p";

/// How urgent what lies at a place of a queue is.
pub fn rank_of(place: &str) -> u8 {
    let rank = place.rsplit_once(RANKED).map(|(_, rank)| rank.parse());
    rank.and_then(Result::ok).unwrap_or(0)
}

/// That a member was named in a conversation.
pub fn mention(workspace: WorkspaceId, member: MemberId, conversation: ConversationId) -> Key {
    data(
        read_marks(workspace, member),
        format!("{MENTION}{conversation}"),
    )
}

/// What the sort keys of mentions open with.
const MENTION: &str = "MENTION#";

/// Where a member was named, by time.
pub fn mention_list(
    workspace: WorkspaceId,
    member: MemberId,
    mentioned_at: Timestamp,
    conversation: ConversationId,
) -> IndexKey {
    IndexKey {
        pk: mentions(workspace, member),
        sk: change(mentioned_at, conversation),
    }
}

/// The list of where a member was named.
pub fn mentions(workspace: WorkspaceId, member: MemberId) -> String {
    read_marks(workspace, member)
}

/// In which conversation a member was named.
pub fn conversation_of_mention(mention: &Key) -> Option<ConversationId> {
    mention.sk.strip_prefix(MENTION)?.parse().ok()
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
        // Nothing happens to it, and nothing waits.
        State::Restricted => return None,
        State::Closing | State::Erasing => changed_at,
    };
    Some(due(at, &thread(workspace, id)))
}

/// The erasure of a contact, due from the moment it was asked for; or what follows when it is set
/// aside, or is used again.
pub fn contact_due(
    workspace: WorkspaceId,
    id: ContactId,
    state: State,
    last_seen_at: Timestamp,
    follow_at: Option<Timestamp>,
) -> Option<IndexKey> {
    let at = match state {
        State::Erasing => last_seen_at,
        _ => follow_at?,
    };
    Some(due(at, &contact(workspace, id).pk))
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
