//! Conversations: the head of a thread, and how far members have read.

mod loss;

use std::time::Duration;

use shared_derive::Record;

pub use loss::{Loser, Loss};

use super::subject::State;
use crate::{
    domain::{
        AppId, ContactId, ConversationId, MemberId, Policy, Sight, Standing, TeamId, Timestamp,
        WorkspaceId,
        label::LabelName,
        policy::{Hold, Lens},
        retention::{Class, lapsed},
        text::Text,
    },
    words,
};

words! {
    /// Who has written to a visitor.
    pub enum AnsweredBy {
        /// A flow, and nobody else.
        Flow = "flow",
        /// The team, or a program of the customer.
        Team = "team",
    }
}

words! {
    /// Where a conversation stands.
    pub enum Status {
        /// A flow leads it; nobody has to look.
        Bot = "bot",
        /// Finished; a new message opens it again.
        Closed = "closed",
        /// Somebody should look at it.
        Open = "open",
        /// Put aside until a time.
        Snoozed = "snoozed",
        /// Put aside for good: new messages do not bring it back.
        Spam = "spam",
    }
}

words! {
    /// How soon somebody should look at a conversation.
    pub enum Priority {
        /// Soon.
        High = "high",
        /// After the others.
        Low = "low",
        /// As usual.
        Medium = "medium",
        /// Nobody has said.
        None = "none",
        /// Before everything else.
        Urgent = "urgent",
    }
}

impl Priority {
    /// Its place among the others: the most urgent has the highest.
    pub const fn rank(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
            Self::Urgent => 4,
        }
    }
}

/// How long a visitor may answer how content they are.
const RATING_OPEN: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How many members follow a conversation at most.
pub const MAX_PARTICIPANTS: usize = 20;
/// How many of those who lost a conversation are remembered with it.
const MOST_LOSSES: usize = 8;
/// How long they are: as long as a cursor of `/sync` is good.
const LOSSES_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The head of a thread: counters and states, under one kilobyte, no text.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = conversation(workspace, id), changes = changes(workspace, changed_at, id),
    lists = queued(workspace, assignee, team, status, priority, queued_at, id),
    due = conversation_due(workspace, id, state, snoozed_until, changed_at),
    tenant = workspace, subject = contact, class = Conversation, anchor = last_activity_at,
)]
pub struct Conversation {
    /// Its id.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub id: ConversationId,
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// With whom: the data subject.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub contact: ContactId,
    /// Where it stood when it was written: only [`Conversation::status_at`] says where it stands.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    status: Status,
    /// The deadline of a snooze.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    snoozed_until: Option<Timestamp>,
    /// When it came into its present queue; while it is snoozed, when it comes back.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    queued_at: Timestamp,
    /// Who takes care of it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Pseudonymise, open)]
    pub assignee: Option<MemberId>,
    /// The team that it was put to; absent in what was written before there were teams.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub team: Option<TeamId>,
    /// How soon somebody should look at it; absent where nobody has said.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub priority: Option<Priority>,
    /// Who follows it without taking care of it, in the order they came.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Pseudonymise, open)]
    pub participants: Option<Vec<MemberId>>,
    /// Through which app the visitor began it, if through one.
    #[non_personal(reason = "the id of an app", export)]
    pub app: Option<AppId>,
    /// Whether the visitor is asked how content they are when it is closed, as its app said.
    #[non_personal(reason = "a setting of the app", export)]
    pub asks_rating: Option<bool>,
    /// Whether what the team writes is mailed to a visitor who is away, as its app said; it is where
    /// nothing says otherwise.
    #[non_personal(reason = "a setting of the app", export)]
    pub mails_offline: Option<bool>,
    /// When the visitor was asked last.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub rating_asked_at: Option<Timestamp>,
    /// How content the visitor was, from 1 to 5.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub rating: Option<u64>,
    /// When they said so.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub rated_at: Option<Timestamp>,
    /// Who lost it lately, the last one last: whoever saw it only for having it learns that it is
    /// gone.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Pseudonymise, open)]
    losses: Option<Vec<Loss>>,
    /// The team's labels, sorted.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub labels: Vec<LabelName>,
    /// The first message of the visitor that nobody has answered.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub waiting_since: Option<Timestamp>,
    /// The number of the last message; messages are numbered without a gap from 1.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub seq: u64,
    /// How many messages the visitor has written.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub in_seq: u64,
    /// How many messages have been written to the visitor; notes do not count.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub out_seq: u64,
    /// The last message the visitor has read.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub visitor_read_seq: u64,
    /// How many of the messages to the visitor it had read then.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub visitor_read_out: u64,
    /// How long the visitor waited for the first answer.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub first_reply_ms: Option<u64>,
    /// Who has written to the visitor so far: once people have, it stays so.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub answered_by: Option<AnsweredBy>,
    /// Whether a flow has led it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub led: Option<bool>,
    /// How often somebody of the team, or a rule, let a flow lead it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub led_anew: Option<u64>,
    /// How large the files of its messages are together.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub file_bytes: Option<u64>,
    /// When it was closed, while it is.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub closed_at: Option<Timestamp>,
    /// Whether it may be used.
    #[non_personal(reason = "the state of an erasure")]
    pub state: State,
    /// When it began.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub created_at: Timestamp,
    /// The last message, lines of the system included.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub last_activity_at: Timestamp,
    /// The last change that a client should learn of; later with every one.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub changed_at: Timestamp,
    /// Since when it is on hold, and does not expire.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    held_at: Option<Timestamp>,
    /// Until when it is on hold at the longest; the read filter looks here too.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    held_until: Option<Timestamp>,
    /// The newest anchor that had expired when the hold began.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    held_lapsed: Option<Timestamp>,
    /// Until when the team itself had it on hold, while it is set aside with its contact.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    held_by_team: Option<Timestamp>,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl Conversation {
    /// Its hold, if there is one at `now`.
    pub fn hold_at(&self, now: Timestamp) -> Option<Hold> {
        let hold = Hold {
            since: self.held_at?,
            until: self.held_until?,
            lapsed: self.held_lapsed?,
        };
        (hold.until > now).then_some(hold)
    }

    /// The policy of its content: under its hold, what lived when it began does not expire.
    pub fn policy(&self, lens: Lens<'_>) -> Policy {
        lens.policy.under(self.hold_at(lens.now))
    }

    /// Puts it on hold until `until`, or moves the end of its hold there.
    pub fn hold(&mut self, until: Timestamp, lens: Lens<'_>) {
        let hold = self.hold_at(lens.now).unwrap_or_else(|| Hold {
            since: lens.now,
            until,
            lapsed: lapsed(Class::Conversation, lens.policy, lens.now).unwrap_or(self.created_at),
        });
        self.held_at = Some(hold.since);
        self.held_until = Some(until);
        self.held_lapsed = Some(hold.lapsed);
    }

    /// Ends its hold: from now on its content ends by its anchors again.
    pub fn release(&mut self) {
        (self.held_at, self.held_until, self.held_lapsed) = (None, None, None);
        self.held_by_team = None;
    }

    /// Sets it aside until `until`: nobody reads or writes it, and it does not expire. A hold of the
    /// team goes on behind it.
    pub fn restrict(&mut self, until: Timestamp, lens: Lens<'_>) {
        let held = self.hold_at(lens.now).map(|hold| hold.until);
        self.held_by_team = held;
        self.hold(held.map_or(until, |held| held.max(until)), lens);
        self.state = State::Restricted;
        self.touch(lens.now);
    }

    /// Uses it again: on hold for as long as the team said, or not at all.
    pub fn unrestrict(&mut self, lens: Lens<'_>) {
        match self.held_by_team.take().filter(|until| *until > lens.now) {
            Some(until) => self.hold(until, lens),
            None => self.release(),
        }
        self.state = State::Live;
        self.touch(lens.now);
    }

    /// Until when the team has it on hold: an erasure waits for that, and for nothing else.
    pub fn held_by_team_at(&self, now: Timestamp) -> Option<Timestamp> {
        let until = match self.state {
            State::Restricted => self.held_by_team,
            _ => self.held_until,
        };
        until.filter(|until| *until > now)
    }

    /// A conversation that begins at `now`, still without a message.
    pub fn begin(
        id: ConversationId,
        workspace: WorkspaceId,
        contact: ContactId,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            workspace,
            contact,
            status: Status::Open,
            snoozed_until: None,
            queued_at: now,
            assignee: None,
            team: None,
            priority: None,
            participants: None,
            app: None,
            asks_rating: None,
            mails_offline: None,
            rating_asked_at: None,
            rating: None,
            rated_at: None,
            losses: None,
            labels: Vec::new(),
            waiting_since: None,
            seq: 0,
            in_seq: 0,
            out_seq: 0,
            visitor_read_seq: 0,
            visitor_read_out: 0,
            first_reply_ms: None,
            answered_by: None,
            led: None,
            led_anew: None,
            file_bytes: None,
            closed_at: None,
            state: State::Live,
            created_at: now,
            last_activity_at: now,
            changed_at: now,
            held_at: None,
            held_until: None,
            held_lapsed: None,
            held_by_team: None,
            rev: 1,
        }
    }

    /// Where it stands at `now`. A snooze whose time has come is over, whether or not somebody has
    /// written that down yet.
    pub fn status_at(&self, now: Timestamp) -> Status {
        if self.is_due(now) {
            Status::Open
        } else {
            self.status
        }
    }

    /// Until when it is put aside, if it still is.
    pub fn snoozed_until_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.snoozed_until.filter(|until| *until > now)
    }

    /// Whether its snooze is over and nobody has written that down.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.snoozed_until.is_some_and(|until| until <= now)
    }

    /// When it came into its present queue; while it is snoozed, when it comes back.
    pub const fn queued_at(&self) -> Timestamp {
        self.queued_at
    }

    /// Puts it where it stands from `now` on.
    pub fn stand(&mut self, status: Status, now: Timestamp) {
        self.status = status;
        self.snoozed_until = None;
        self.queued_at = now;
        self.closed_at = (status == Status::Closed).then_some(now);
    }

    /// Puts it aside until a time: it lies in its queue at that time already.
    pub fn put_aside(&mut self, until: Timestamp) {
        self.status = Status::Snoozed;
        self.closed_at = None;
        self.snoozed_until = Some(until);
        self.queued_at = until;
    }

    /// Writes the end of a snooze down: in its queue it does not move.
    pub(super) fn come_back(&mut self) {
        self.status = Status::Open;
        self.snoozed_until = None;
    }

    /// Gives it to a member, or to nobody, and remembers who lost it.
    pub fn hand_over(&mut self, assignee: Option<MemberId>, now: Timestamp) {
        if let Some(before) = self.assignee {
            self.lose(Loser::Member(before), now);
        }
        self.assignee = assignee;
        if assignee.is_some() && self.status == Status::Bot {
            // Somebody takes it from the flow.
            self.stand(Status::Open, now);
        }
        // A snoozed one stays at the time it comes back at.
        if self.snoozed_until.is_none() {
            self.queued_at = now;
        }
    }

    /// Puts it to a team, and takes it from whoever had it.
    pub fn put_to(&mut self, team: TeamId, now: Timestamp) {
        if let Some(before) = self.team.filter(|before| *before != team) {
            self.lose(Loser::Team(before), now);
        }
        self.team = Some(team);
        self.hand_over(None, now);
    }

    /// Takes it from its team: whoever has it keeps it.
    pub fn leave_team(&mut self, now: Timestamp) {
        if let Some(before) = self.team.take() {
            self.lose(Loser::Team(before), now);
        }
        if self.assignee.is_none() && self.snoozed_until.is_none() {
            self.queued_at = now;
        }
    }

    /// Until when the visitor may say how content they are, if they were asked.
    pub fn rating_until(&self) -> Option<Timestamp> {
        let asked_at = self.rating_asked_at.filter(|_| self.rating.is_none());
        asked_at.map(|at| at.plus(RATING_OPEN))
    }

    /// Whether the visitor is to be asked, once it is closed: who wrote nothing has nothing to say.
    pub fn is_to_be_rated(&self) -> bool {
        self.asks_rating == Some(true) && self.rating.is_none() && self.in_seq > 0
    }

    /// How soon somebody should look at it.
    pub fn priority(&self) -> Priority {
        self.priority.unwrap_or(Priority::None)
    }

    /// Whose it is.
    pub const fn standing(&self) -> Standing {
        Standing {
            assignee: self.assignee,
            team: self.team,
        }
    }

    fn lose(&mut self, loser: Loser, now: Timestamp) {
        let losses = self.losses.get_or_insert_default();
        losses.retain(|loss| loss.loser != loser && loss.at.plus(LOSSES_KEPT) > now);
        if losses.len() >= MOST_LOSSES {
            losses.remove(0);
        }
        losses.push(Loss { loser, at: now });
    }

    /// Whether somebody who does not see it did so at some time since `since`. Where it went through
    /// more hands than are remembered, everybody may have.
    pub fn has_left(&self, sight: &Sight, since: Timestamp) -> bool {
        let losses = self.losses.as_deref().unwrap_or_default();
        let forgotten = losses.len() >= MOST_LOSSES && losses[0].at >= since;
        forgotten
            || losses
                .iter()
                .any(|loss| loss.at >= since && sight.sees(loss.loser.standing()))
    }

    /// Which member gave it away last, and when.
    pub fn left_by(&self) -> Option<(MemberId, Timestamp)> {
        let losses = self.losses.as_deref().unwrap_or_default();
        losses.iter().rev().find_map(|loss| match loss.loser {
            Loser::Member(member) => Some((member, loss.at)),
            Loser::Team(_) => None,
        })
    }

    /// The team in whose queue it waits for somebody.
    pub fn waits_in(&self, now: Timestamp) -> Option<TeamId> {
        let waits = self.assignee.is_none()
            && self.state == State::Live
            && self.status_at(now) == Status::Open;
        self.team.filter(|_| waits)
    }

    /// Moves it in the change index: strictly later than before, whatever a clock says.
    pub fn touch(&mut self, now: Timestamp) {
        self.changed_at = now.max(self.changed_at.plus(Duration::from_millis(1)));
    }
}

/// What says that a conversation is gone, to clients that knew it.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = tombstone(workspace, conversation),
    changes = changes(workspace, deleted_at, conversation), tenant = workspace,
    within = Conversation, class = Tombstone, anchor = deleted_at,
)]
pub struct Tombstone {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// What is gone.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// Whose it was: the visitor learns of it too.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub contact: ContactId,
    /// Who took care of it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Pseudonymise, open)]
    pub assignee: Option<MemberId>,
    /// The team that it was put to.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub team: Option<TeamId>,
    /// When it went; strictly later than its last change.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub deleted_at: Timestamp,
}

impl Tombstone {
    /// Whose it was.
    pub const fn standing(&self) -> Standing {
        Standing {
            assignee: self.assignee,
            team: self.team,
        }
    }
}

/// What a member has begun to write in a conversation, and has not sent.
///
/// It lies with the member and is sealed under the key of the conversation: it can be read by its
/// writer only, and by nobody when the conversation is gone.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = draft(workspace, member, conversation), tenant = workspace,
    within = Membership, class = Conversation, anchor = updated_at,
)]
pub struct UnsentDraft {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Who writes.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub member: MemberId,
    /// Where.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// What has been written so far.
    #[personal(category = Content, purpose = AnswerVisitor, erase = Delete)]
    pub text: Text,
    /// When.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub updated_at: Timestamp,
}

/// How far a member has read a conversation: a watermark, never a counter of unread messages.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = read_mark(workspace, member, conversation), tenant = workspace,
    within = Membership, class = Conversation, anchor = read_at,
)]
pub struct ReadMark {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Who.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub member: MemberId,
    /// What.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// The last message read.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub seq: u64,
    /// How many messages of the visitor had been read then.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub in_seq: u64,
    /// When.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub read_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// That a member was named in a note of a conversation: the last time. It lies beside their read marks,
/// and goes as they do.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = mention(workspace, member, conversation),
    lists = mention_list(workspace, member, mentioned_at, conversation), tenant = workspace,
    within = Membership, class = Conversation, anchor = mentioned_at,
)]
pub struct Mention {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Who.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub member: MemberId,
    /// Where.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// In which message.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub seq: u64,
    /// When.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub mentioned_at: Timestamp,
}
