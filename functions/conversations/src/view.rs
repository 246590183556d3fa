//! A conversation as its readers see it.

use serde::Serialize;
use shared::{
    domain::{
        AppId, ContactId, ConversationId, MemberId, Sight, TeamId, Timestamp, label::LabelName,
    },
    http::{
        Problem,
        actor::Entry,
        view::{MessageView, content_end},
    },
    store::{
        conversation::{Conversation, Priority, ReadMark, Status},
        keys,
        subject::State,
    },
};
use utoipa::ToSchema;

/// A conversation.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationView {
    /// Its id.
    id: ConversationId,
    /// With whom.
    contact_id: ContactId,
    /// Through which app the visitor began it: its inbox. Absent where the team began it, and for visitors.
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<AppId>,
    /// Where it stands. To visitors it is open or closed.
    status: Status,
    /// Until when it is put aside; only for members.
    #[serde(skip_serializing_if = "Option::is_none")]
    snoozed_until: Option<Timestamp>,
    /// Who takes care of it.
    assignee: Option<MemberId>,
    /// The team that it was put to; only for members.
    #[serde(skip_serializing_if = "Option::is_none")]
    team_id: Option<TeamId>,
    /// How soon somebody should look at it; only for members.
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<Priority>,
    /// Who follows it, by id; only for members.
    #[serde(skip_serializing_if = "Option::is_none")]
    participants: Option<Vec<MemberId>>,
    /// How content the visitor was, from 1 to 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 4)]
    rating: Option<u64>,
    /// Until when the visitor may say so, where they were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    rating_until: Option<Timestamp>,
    /// The team's labels; only for members.
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<LabelName>>,
    /// The first message of the visitor that nobody has answered; only for members.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_since: Option<Timestamp>,
    /// The number of the last message.
    #[schema(example = 18)]
    seq: u64,
    /// How many messages the visitor has written.
    #[schema(example = 9)]
    in_seq: u64,
    /// How many messages have been written to the visitor.
    #[schema(example = 7)]
    out_seq: u64,
    /// How many messages of the other side the reader has not read. Absent in replies to changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2)]
    unread: Option<u64>,
    /// When it began.
    created_at: Timestamp,
    /// The last message.
    last_activity_at: Timestamp,
    /// When it will be gone unless it goes on, by the workspace's present retention.
    expires_at: Option<Timestamp>,
    /// Counts changes.
    #[schema(example = 18)]
    rev: u64,
}

/// A conversation that has just begun, with its first message.
#[derive(Serialize, ToSchema)]
pub struct Started {
    /// The conversation.
    pub conversation: ConversationView,
    /// Its first message.
    pub message: MessageView,
}

/// How far somebody has read.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadView {
    /// The last message read. It never goes back.
    #[schema(example = 18)]
    pub read_seq: u64,
    /// How many messages of the other side are not read yet.
    #[schema(example = 0)]
    pub unread: u64,
}

impl ConversationView {
    fn new(head: &Conversation, unread: Option<u64>, entry: &Entry) -> Self {
        Self {
            id: head.id,
            contact_id: head.contact,
            app_id: head.app,
            status: head.status_at(entry.now),
            snoozed_until: head.snoozed_until_at(entry.now),
            assignee: head.assignee,
            team_id: head.team,
            priority: Some(head.priority()),
            participants: Some(head.participants.clone().unwrap_or_default()),
            rating: head.rating,
            rating_until: head.rating_until().filter(|until| *until > entry.now),
            labels: Some(head.labels.clone()),
            waiting_since: head.waiting_since,
            seq: head.seq,
            in_seq: head.in_seq,
            out_seq: head.out_seq,
            unread,
            created_at: head.created_at,
            last_activity_at: head.last_activity_at,
            expires_at: content_end(&head.policy(entry.lens()), head.last_activity_at),
            rev: head.rev,
        }
    }

    /// As a member sees it who has read as far as `mark`.
    pub fn for_member(head: &Conversation, mark: Option<&ReadMark>, entry: &Entry) -> Self {
        let unread = head
            .in_seq
            .saturating_sub(mark.map_or(0, |mark| mark.in_seq));
        Self::new(head, Some(unread), entry)
    }

    /// As a member sees it who has just changed it: how far they have read is not looked up.
    pub fn changed(head: &Conversation, entry: &Entry) -> Self {
        Self::new(head, None, entry)
    }

    /// As the visitor sees it: how the team sorts its work is the team's.
    pub fn for_visitor(head: &Conversation, entry: &Entry) -> Self {
        let unread = head.out_seq.saturating_sub(head.visitor_read_out);
        let status = match head.status_at(entry.now) {
            Status::Closed => Status::Closed,
            Status::Bot | Status::Open | Status::Snoozed | Status::Spam => Status::Open,
        };
        let own = Self::new(head, Some(unread), entry);
        Self {
            status,
            app_id: None,
            snoozed_until: None,
            team_id: None,
            priority: None,
            participants: None,
            labels: None,
            waiting_since: None,
            ..own
        }
    }
}

/// The head of a conversation, if it lives and the reader sees it: what others take care of is, to
/// who sees only their own, not there.
pub fn seen(
    entry: &Entry,
    sight: &Sight,
    conversation: ConversationId,
) -> Result<Conversation, Problem> {
    let head = head(entry, conversation)?;
    if sight.sees(head.standing()) {
        Ok(head)
    } else {
        Err(Problem::not_found())
    }
}

/// The head of a conversation, if it lives. Expired, erased and foreign ones look alike: 404.
pub fn head(entry: &Entry, conversation: ConversationId) -> Result<Conversation, Problem> {
    entry
        .open::<Conversation>(&keys::conversation(entry.workspace, conversation))?
        .filter(|head| head.state == State::Live)
        .ok_or_else(Problem::not_found)
}
