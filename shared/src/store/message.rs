//! Messages, and the one way to append to a thread.
//!
//! Each conversation numbers its messages without a gap. The number, the message and the memory of
//! the client's id are written in one transaction, on the condition that the head is as it was
//! read; so two writers never get one number, and a repeated send leads to the first message.

mod reading;

use shared_derive::Record;
use uuid::Uuid;

use super::{
    attachment::Attachment,
    conversation::{Conversation, Mention, Priority, Status},
    db::{Store, StoreError},
    flow_run::FlowTurn,
    keys,
    record::{Stored, read_item},
    seal::{DataKey, Unsealed},
    subject::{State, SubjectId},
    transaction::{CommitError, Refusal, Slot, Transaction},
    transcript::Step,
};
pub use reading::{Messages, Span};

use crate::{
    domain::{
        ConversationId, MemberId, MessageId, TeamId, Timestamp, WorkspaceId, attachment::Files,
        label::LabelName, personal::Pseudonymous, policy::Lens, text::Text, words::Symbol,
    },
    words,
};

/// How often a writer that lost the race for a number tries the next one: more than a room full of
/// people who all press "send" at once, fewer than a request has time for.
pub(super) const RACES: u32 = 32;

words! {
    /// What a message is.
    pub enum MessageKind {
        /// Among members only.
        Note = "note",
        /// What happened to the conversation, told by the system.
        System = "system",
        /// To the other side.
        Text = "text",
    }
}

words! {
    /// What happened, as a line of the system tells it.
    pub enum Event {
        /// Given to a member.
        Assigned = "assigned",
        /// Given to the member of its team whose turn it was.
        AssignedInTurn = "assigned_in_turn",
        /// Given to the member of its team who had the fewest.
        AssignedToLeastBusy = "assigned_to_least_busy",
        /// The visitor and somebody of the team spoke.
        CallHeld = "call_held",
        /// Somebody called, and the two did not speak.
        CallMissed = "call_missed",
        /// Taken by a member.
        Claimed = "claimed",
        /// Finished.
        Closed = "closed",
        /// Got labels.
        Labelled = "labelled",
        /// Put aside for good.
        MarkedSpam = "marked_spam",
        /// A message was deleted.
        MessageDeleted = "message_deleted",
        /// A message was changed by its writer.
        MessageEdited = "message_edited",
        /// A part of a message was blacked out.
        MessageRedacted = "message_redacted",
        /// Somebody of the team follows it.
        ParticipantAdded = "participant_added",
        /// Somebody of the team follows it no longer.
        ParticipantRemoved = "participant_removed",
        /// Became more or less urgent.
        PriorityChanged = "priority_changed",
        /// Put to a team.
        PutToTeam = "put_to_team",
        /// The visitor said how content they are.
        Rated = "rated",
        /// The visitor was asked how content they are.
        RatingAsked = "rating_asked",
        /// Open again.
        Reopened = "reopened",
        /// Put aside until a time.
        Snoozed = "snoozed",
        /// No team's any more.
        TakenFromTeam = "taken_from_team",
        /// Nobody's any more.
        Unassigned = "unassigned",
        /// Lost labels.
        Unlabelled = "unlabelled",
        /// The time of a snooze came.
        Woke = "woke",
    }
}

words! {
    /// Who may read a message.
    pub enum Audience {
        /// The visitor and the team.
        Both = "both",
        /// The team.
        Team = "team",
    }
}

impl Symbol for Uuid {
    fn symbol(&self) -> String {
        self.to_string()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Pseudonymous for Uuid {}

/// One message of a thread.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = message(workspace, conversation, seq), tenant = workspace,
    within = Conversation, class = Conversation, anchor = sent_at,
)]
pub struct Message {
    /// Its id.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub id: MessageId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// In which conversation.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// Its number: 1 is the first.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub seq: u64,
    /// Who wrote it, or did what it tells: the contact or a member, by id; nobody when a deadline
    /// passed. What a member wrote is the visitor's record, so an erased member becomes a pseudonym
    /// here.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Pseudonymise, open)]
    pub author: Option<SubjectId>,
    /// What it is.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub message_kind: MessageKind,
    /// Who may read it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub audience: Audience,
    /// What it says; nothing when it was deleted, or is the system's.
    #[personal(category = Content, purpose = AnswerVisitor, erase = Delete)]
    pub text: Option<Text>,
    /// The files that came with it; none when it was deleted.
    #[personal(category = Content, purpose = AnswerVisitor, erase = Delete)]
    pub files: Files,
    /// The client's own id of it; the system has none.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub client_message_id: Option<Uuid>,
    /// What happened, in a line of the system.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub event: Option<Event>,
    /// To which member.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Pseudonymise, open)]
    pub subject_member: Option<MemberId>,
    /// To which team; absent in what was written before there were teams.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub subject_team: Option<TeamId>,
    /// What its priority became.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub priority: Option<Priority>,
    /// Which members a note names.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Pseudonymise, open)]
    pub mentions: Option<Vec<MemberId>>,
    /// Which earlier message of the conversation it answers; that one may be gone.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub reply_to_seq: Option<u64>,
    /// To which earlier message.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub subject_seq: Option<u64>,
    /// With which labels.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub labels: Vec<LabelName>,
    /// Until when.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub until: Option<Timestamp>,
    /// When its writer changed it last.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub edited_at: Option<Timestamp>,
    /// When it was deleted: its number stays.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub deleted_at: Option<Timestamp>,
    /// Whether a part of it was blacked out.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub redacted: bool,
    /// How many messages the visitor had written up to this one.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub in_seq: u64,
    /// How many messages had been written to the visitor up to this one.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub out_seq: u64,
    /// When.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub sent_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl Message {
    /// A message that says nothing yet, for what an archive tells to be filled in.
    pub fn blank(workspace: WorkspaceId, conversation: ConversationId, now: Timestamp) -> Self {
        Self {
            id: MessageId::new(now),
            workspace,
            conversation,
            seq: 0,
            author: None,
            message_kind: MessageKind::Text,
            audience: Audience::Both,
            text: None,
            files: Files::default(),
            client_message_id: None,
            event: None,
            subject_member: None,
            subject_team: None,
            priority: None,
            mentions: None,
            reply_to_seq: None,
            subject_seq: None,
            labels: Vec::new(),
            until: None,
            edited_at: None,
            deleted_at: None,
            redacted: false,
            in_seq: 0,
            out_seq: 0,
            sent_at: now,
            rev: 1,
        }
    }
}

/// Which message a client's id led to.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = dedupe(workspace, conversation, author, client_message_id), tenant = workspace,
    within = Conversation, class = Dedupe, anchor = sent_at,
)]
pub struct Dedupe {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// In which conversation.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// Who wrote: two people may choose the same id.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub author: SubjectId,
    /// The client's id.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub client_message_id: Uuid,
    /// The number of the message.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub seq: u64,
    /// When.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub sent_at: Timestamp,
}

/// A message that has no number yet.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Who writes.
    pub author: SubjectId,
    /// The client's id of it.
    pub client_message_id: Uuid,
    /// What it is.
    pub kind: MessageKind,
    /// What it says; nothing when files say it all.
    pub text: Option<Text>,
    /// Which files of the writer come with it.
    pub files: Files,
    /// Which members it names, who all see the conversation.
    pub mentions: Vec<MemberId>,
    /// Which earlier message of the thread it answers; its readers may read that one.
    pub reply_to_seq: Option<u64>,
}

/// How an append ended.
#[derive(Debug)]
pub enum Appended {
    /// It was written; the head as it stands now.
    New(Message, Box<Conversation>),
    /// The same client id had been used for the same message.
    Replayed(Message),
    /// The same client id had been used for another message.
    OtherContent,
    /// A file is not there any more, or went with another message: its place among the files.
    FilesGone(usize),
    /// The conversation is gone: expired, or being erased.
    Gone,
    /// A turn of a flow was written that no message set off.
    Turned,
    /// The flow took another turn meanwhile, or leads no longer: read it again.
    OtherTurn,
}

impl Draft {
    fn dedupe(&self, message: &Message) -> Dedupe {
        Dedupe {
            workspace: message.workspace,
            conversation: message.conversation,
            author: self.author,
            client_message_id: self.client_message_id,
            seq: message.seq,
            sent_at: message.sent_at,
        }
    }

    /// Whether `message` is what came of this draft. What was changed since the first try cannot be
    /// compared any more: the client's id has to do.
    fn is_same_as(&self, message: &Message) -> bool {
        let changed =
            message.edited_at.is_some() || message.deleted_at.is_some() || message.redacted;
        let same = message.text == self.text && message.files.ids() == self.files.ids();
        let answers = message.reply_to_seq == self.reply_to_seq;
        self.kind == message.message_kind && answers && (changed || same)
    }

    /// Lets those whom it names find it.
    fn mention(
        &self,
        transaction: &mut Transaction,
        message: &Message,
        lens: Lens<'_>,
    ) -> Result<(), StoreError> {
        for member in &self.mentions {
            let mention = Mention {
                workspace: message.workspace,
                member: *member,
                conversation: message.conversation,
                seq: message.seq,
                mentioned_at: message.sent_at,
            };
            transaction.overwrite(&Stored::new(mention, lens.policy), &Unsealed)?;
        }
        Ok(())
    }

    /// Makes the files those of the message: each is taken from what waits, once.
    fn attach(
        &self,
        transaction: &mut Transaction,
        message: &Message,
        key: &DataKey,
        lens: Lens<'_>,
    ) -> Result<Vec<Slot>, StoreError> {
        let mut slots = Vec::new();
        for file in self.files.iter() {
            let (workspace, conversation) = (message.workspace, message.conversation);
            slots.push(transaction.consume(keys::upload(workspace, conversation, file.id)));
            let attachment = Attachment {
                id: file.id,
                workspace,
                conversation,
                seq: message.seq,
                author: self.author,
                audience: message.audience,
                name: file.name.clone(),
                media: file.media,
                bytes: file.bytes,
                thumbnail: file.thumbnail,
                sent_at: message.sent_at,
            };
            transaction.create(&Stored::new(attachment, lens.policy), key)?;
        }
        Ok(slots)
    }
}

/// A new conversation with its first message: there are no empty ones.
pub fn first(
    transaction: &mut Transaction,
    head: &Conversation,
    draft: &Draft,
    data_key: &super::keyring::NewDataKey,
    lens: Lens<'_>,
) -> Result<(Message, Conversation), StoreError> {
    let (message, head) = Step::on(head, lens.now).with_message(draft);
    let head = Stored::new(head.head, lens.policy);
    transaction.create_root(&head, &Unsealed, data_key)?;
    transaction.create(&Stored::new(draft.dedupe(&message), lens.policy), &Unsealed)?;
    let message = Stored::new(message, lens.policy);
    transaction.create(&message, &data_key.key)?;
    Ok((message.into_record(), head.into_record()))
}

impl Store {
    /// Appends to a thread whose head was read as `head`, under the thread's own key; with it, while a
    /// flow leads, the turn of the flow that it sets off.
    ///
    /// One transaction; one more round trip after a failed condition.
    pub async fn append(
        &self,
        mut head: Conversation,
        draft: &Draft,
        key: &DataKey,
        lens: Lens<'_>,
        turn: Option<&FlowTurn>,
    ) -> Result<Appended, StoreError> {
        let led = head.status_at(lens.now) == Status::Bot;
        for _ in 0..RACES {
            let leads = head.status_at(lens.now) == Status::Bot;
            let visitor = matches!(draft.author, SubjectId::Contact(_));
            if leads && !led && visitor {
                // A flow was let in meanwhile, and has to hear of this.
                return Ok(Appended::OtherTurn);
            }
            let (message, mut step) = Step::on(&head, lens.now).with_message(draft);
            let mut transaction = Transaction::new(lens.now);
            let of_thread = head.policy(lens);
            let of_thread = Lens {
                policy: &of_thread,
                ..lens
            };
            let at_run = turn
                .filter(|_| leads)
                .map(|turn| turn.write(&mut step, &mut transaction, key, of_thread))
                .transpose()?;
            let (at_head, next) = step.write(&mut transaction, key, lens)?;
            let policy = next.policy(lens);
            let within = Lens {
                policy: &policy,
                ..lens
            };
            draft.mention(&mut transaction, &message, within)?;
            let at_files = draft.attach(&mut transaction, &message, key, within)?;
            let message = Stored::new(message, &policy);
            transaction.create(&message, key)?;
            let dedupe = Stored::new(draft.dedupe(message.record()), lens.policy);
            let at_dedupe = transaction.create(&dedupe, &Unsealed)?;
            let refusal = match self.commit(transaction).await {
                Ok(()) => return Ok(Appended::New(message.into_record(), Box::new(next))),
                Err(CommitError::Store(error)) => return Err(error),
                Err(CommitError::Refused(refusal)) => refusal,
            };
            if let Some(found) = refusal.found(at_dedupe) {
                let dedupe: Option<Dedupe> = read_item(found, &Unsealed, lens)?;
                return self.replayed(&head, draft, dedupe, key, lens).await;
            }
            if let Some(at) = at_files.iter().position(|slot| refusal.failed(*slot)) {
                return Ok(Appended::FilesGone(at));
            }
            if at_run.is_some_and(|slot| refusal.failed(slot)) {
                return Ok(Appended::OtherTurn);
            }
            match raced(&refusal, at_head, lens)? {
                Some(now) => head = now,
                None => return Ok(Appended::Gone),
            }
        }
        Err(StoreError::Conflict)
    }

    async fn replayed(
        &self,
        head: &Conversation,
        draft: &Draft,
        dedupe: Option<Dedupe>,
        key: &DataKey,
        lens: Lens<'_>,
    ) -> Result<Appended, StoreError> {
        let Some(dedupe) = dedupe else {
            return Ok(Appended::Gone);
        };
        let place = keys::message(head.workspace, head.id, dedupe.seq);
        let policy = head.policy(lens);
        let lens = Lens {
            policy: &policy,
            ..lens
        };
        let fetched = self.batch(vec![place.clone()]).await?;
        Ok(match fetched.get::<Message>(&place, key, lens)? {
            Some(message) if draft.is_same_as(&message) => Appended::Replayed(message),
            Some(_) => Appended::OtherContent,
            None => Appended::Gone,
        })
    }
}

/// The head as the winner of the race left it; `None` when it is no longer there to write to.
pub(super) fn raced(
    refusal: &Refusal,
    at_head: Slot,
    lens: Lens<'_>,
) -> Result<Option<Conversation>, StoreError> {
    let Some(found) = refusal.found(at_head) else {
        return Ok(None);
    };
    let head: Option<Conversation> = read_item(found, &Unsealed, lens)?;
    Ok(head.filter(|head| head.state == State::Live))
}
