//! Calls: what is known of them, and those who call.
//!
//! A call holds times, opaque ids and closed words, and no more: no address, no name, and nothing of
//! what two people said or their devices told each other (CALL-14, CALL-17, CALL-20). While it goes
//! on, its head also says through which sockets; that goes when it is over.

mod asked;
mod block;
mod guest;
mod told;

use std::time::Duration;

use shared_derive::Record;

use super::{
    db::{Store, StoreError},
    record::{Stored, read_item},
    seal::{KeyedHash, Unsealed},
    socket::ConnectionId,
    transaction::{CommitError, Transaction},
};
pub use asked::{CallsGone, recognise};
pub use block::CallBlock;
pub use guest::{CallLink, GUEST_PREFIX, Guest, JOIN_PREFIX, JoinPass, LINK_PREFIX};

use crate::domain::{
    AppId, CallId, ConversationId, GuestId, MemberId, TeamId, Timestamp, WorkspaceId,
    call::{
        CallKind, CallState, Course, EndReason, Happening, Refused, Side,
        quality::{Network, Transport, VideoCodec},
    },
    device::{Browser, System},
    policy::Lens,
};

/// How often a step that lost a race is tried again.
const RACES: u32 = 8;

/// A call.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = call(workspace, id), lists = call_list(workspace, state, id),
    due = call_due(workspace, id, due_at), tenant = workspace,
    no_subject = "a guest is nobody we know; a call goes when the workspace asks for it, by call, app, guest, reference or date",
    class = Call, anchor = created_at,
)]
pub struct Call {
    /// Its id.
    #[non_personal(reason = "the id of a call", export)]
    pub id: CallId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Through which app the guest came, if through one.
    #[non_personal(reason = "the id of an app", export)]
    pub app: Option<AppId>,
    /// As what it began.
    #[non_personal(reason = "a closed word", export)]
    pub call_kind: CallKind,
    /// Who called.
    #[non_personal(reason = "a closed word", export)]
    pub caller: Side,
    /// The guest.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub guest: GuestId,
    /// What recognises whom the app calls for, where the app signed for it.
    #[personal(category = Identifier, purpose = ConnectCall, erase = Delete, keyed)]
    pub user_ref: Option<KeyedHash>,
    /// The member whom it is for, or who called; none where it is for the whole team.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Pseudonymise, open)]
    pub asked: Option<MemberId>,
    /// The team that the guest asked for, if for a certain one.
    #[non_personal(reason = "the id of a team", export)]
    pub team: Option<TeamId>,
    /// The members whom it is for, where it is for a team; while the call goes on.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub teammates: Option<Vec<MemberId>>,
    /// The member who called or took it.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Pseudonymise, open)]
    pub member: Option<MemberId>,
    /// The conversation that it was offered in; while the call goes on. Then a line of the thread tells of it.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub conversation: Option<ConversationId>,
    /// How far it is.
    #[non_personal(reason = "the state of a call", export)]
    pub state: CallState,
    /// Why it is over.
    #[non_personal(reason = "a closed word", export)]
    pub reason: Option<EndReason>,
    /// When it was made.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub created_at: Timestamp,
    /// When it began to ring.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub rang_at: Option<Timestamp>,
    /// When it was taken.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub accepted_at: Option<Timestamp>,
    /// When sound or picture began to flow.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub connected_at: Option<Timestamp>,
    /// When it was over.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub ended_at: Option<Timestamp>,
    /// When the agent's device was heard of last; while the call goes on.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub agent_heard_at: Option<Timestamp>,
    /// The same of the guest's.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub guest_heard_at: Option<Timestamp>,
    /// Through which socket the agent's device speaks; while the call goes on.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub agent_socket: Option<ConnectionId>,
    /// The same of the guest's.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub guest_socket: Option<ConnectionId>,
    /// How often the agent's device began anew.
    #[non_personal(reason = "a count of beginnings")]
    pub agent_epoch: u64,
    /// How often the guest's did.
    #[non_personal(reason = "a count of beginnings")]
    pub guest_epoch: u64,
    /// Whether the devices speak through a relay only.
    #[non_personal(reason = "a setting of the app or of the workspace")]
    pub relay_only: Option<bool>,
    /// Who shows a screen; while the call goes on.
    #[non_personal(reason = "a closed word")]
    pub sharer: Option<Side>,
    /// When something happens to it by itself.
    #[non_personal(reason = "a deadline that follows from the other times")]
    pub due_at: Option<Timestamp>,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// A call to make.
#[derive(Clone, Debug)]
pub struct Beginning<'a> {
    /// Who is there as the guest.
    pub guest: &'a Guest,
    /// As what.
    pub kind: CallKind,
    /// Who calls.
    pub caller: Side,
    /// The member whom it is for, or who calls.
    pub asked: Option<MemberId>,
    /// The members whom it is for, where it is for a team.
    pub teammates: Option<Vec<MemberId>>,
    /// Whether the devices speak through a relay only.
    pub relay_only: Option<bool>,
    /// When.
    pub now: Timestamp,
}

impl Call {
    /// A call that begins.
    pub fn begin(beginning: Beginning<'_>) -> Self {
        let Beginning {
            guest,
            kind,
            caller,
            asked,
            teammates,
            relay_only,
            now,
        } = beginning;
        let course = Course::begun(caller, now);
        Self {
            id: CallId::new(now),
            workspace: guest.workspace,
            app: guest.app,
            call_kind: kind,
            caller,
            guest: guest.id,
            user_ref: guest.user_ref,
            asked,
            team: guest.asks_team.filter(|_| caller == Side::Guest),
            teammates,
            member: asked.filter(|_| caller == Side::Agent),
            conversation: guest.conversation,
            state: course.state,
            reason: None,
            created_at: now,
            rang_at: None,
            accepted_at: None,
            connected_at: None,
            ended_at: None,
            agent_heard_at: None,
            guest_heard_at: None,
            agent_socket: None,
            guest_socket: None,
            agent_epoch: 0,
            guest_epoch: 0,
            relay_only,
            sharer: None,
            due_at: course.deadline(),
            rev: 1,
        }
    }

    /// How it goes.
    pub const fn course(&self) -> Course {
        Course {
            caller: self.caller,
            state: self.state,
            reason: self.reason,
            created_at: self.created_at,
            rang_at: self.rang_at,
            accepted_at: self.accepted_at,
            connected_at: self.connected_at,
            ended_at: self.ended_at,
            agent_heard_at: self.agent_heard_at,
            guest_heard_at: self.guest_heard_at,
        }
    }

    /// The same call, gone on like this. What only served while it went on goes when it is over.
    pub fn on(self, course: Course) -> Self {
        let over = course.is_over();
        Self {
            state: course.state,
            reason: course.reason,
            rang_at: course.rang_at,
            accepted_at: course.accepted_at,
            connected_at: course.connected_at,
            ended_at: course.ended_at,
            agent_heard_at: course.agent_heard_at,
            guest_heard_at: course.guest_heard_at,
            agent_socket: self.agent_socket.filter(|_| !over),
            guest_socket: self.guest_socket.filter(|_| !over),
            sharer: self.sharer.filter(|_| !over),
            conversation: self.conversation.filter(|_| !over),
            teammates: self.teammates.filter(|_| !over),
            due_at: course.deadline(),
            ..self
        }
    }

    /// As it stands at `now`, whether or not somebody wrote that down.
    pub fn at(self, now: Timestamp) -> Self {
        let course = self.course().at(now);
        if course == self.course() {
            return self;
        }
        self.on(course)
    }

    /// Through which socket a side speaks.
    pub const fn socket(&self, side: Side) -> Option<&ConnectionId> {
        match side {
            Side::Agent => self.agent_socket.as_ref(),
            Side::Guest => self.guest_socket.as_ref(),
        }
    }

    /// How often the device of a side began anew.
    pub const fn epoch(&self, side: Side) -> u64 {
        match side {
            Side::Agent => self.agent_epoch,
            Side::Guest => self.guest_epoch,
        }
    }

    /// Lets a side speak through another socket; with a new epoch where its device began anew.
    pub fn through(&mut self, side: Side, socket: ConnectionId, epoch: u64) {
        match side {
            Side::Agent => {
                self.agent_socket = Some(socket);
                self.agent_epoch = epoch;
            }
            Side::Guest => {
                self.guest_socket = Some(socket);
                self.guest_epoch = epoch;
            }
        }
    }

    /// As which side a holder of a socket or of a session is in this call, if at all. Whoever of the
    /// team may take a call that rings is not in it yet.
    pub fn side_of(&self, who: Caller) -> Option<Side> {
        match who {
            Caller::Guest(guest) => (guest == self.guest).then_some(Side::Guest),
            Caller::Member(member) => (Some(member) == self.member).then_some(Side::Agent),
        }
    }

    /// Whether a member may take it: it is for everybody, for a team of theirs, or for them.
    pub fn is_for(&self, member: MemberId) -> bool {
        let mut teams = self.teammates.iter();
        self.asked.is_none_or(|asked| asked == member)
            && teams.all(|teammates| teammates.contains(&member))
    }
}

/// Somebody in a call, or about to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A guest.
    Guest(GuestId),
    /// Somebody of the team.
    Member(MemberId),
}

impl Caller {
    /// Their side.
    pub const fn side(self) -> Side {
        match self {
            Self::Guest(_) => Side::Guest,
            Self::Member(_) => Side::Agent,
        }
    }
}

/// How well a call went for one side, as its device counted.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = call_quality(workspace, call, side), tenant = workspace,
    within = Call, class = Call, anchor = told_at,
)]
pub struct CallQuality {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Of which call.
    #[non_personal(reason = "the id of a call", export)]
    pub call: CallId,
    /// For which side.
    #[non_personal(reason = "a closed word", export)]
    pub side: Side,
    /// Whether this is how it was at the end.
    #[non_personal(reason = "whether a count is finished", export)]
    pub last: bool,
    /// The family of the browser.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub browser: Browser,
    /// The family of the system.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub system: System,
    /// How the device is in the network.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub network: Option<Network>,
    /// Whether it went through a relay.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub relayed: Option<bool>,
    /// By which protocol.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub transport: Option<Transport>,
    /// How the picture was encoded.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub video_codec: Option<VideoCodec>,
    /// From when the call was taken until something flowed, in ms.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub connect_ms: Option<u64>,
    /// The middle of the round trips, in ms.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub rtt_p50_ms: Option<u64>,
    /// The round trip that 95 of 100 were not above, in ms.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub rtt_p95_ms: Option<u64>,
    /// How unevenly packets came, in ms.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub jitter_ms: Option<u64>,
    /// How many packets of a thousand did not come.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub loss_permille: Option<u64>,
    /// How much of the sound was made up, of a thousand.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub concealed_permille: Option<u64>,
    /// How often the picture stood still.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub freezes: Option<u64>,
    /// For how long together, in ms.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub freeze_ms: Option<u64>,
    /// Pictures of a second.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub frames_per_second: Option<u64>,
    /// How often the picture changed its size.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub resolution_changes: Option<u64>,
    /// What came in, in kbit/s.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub kilobits_per_second: Option<u64>,
    /// How often the way was looked for again.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub ice_restarts: Option<u64>,
    /// When it was told.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub told_at: Timestamp,
}

/// How often a call that hears of its devices is written at most: more would cost and tell nothing.
const HEARD_AGAIN_AFTER: Duration = Duration::from_secs(15);

/// What came of a step.
#[derive(Debug)]
pub enum Stepped {
    /// It is as wanted.
    Done(Call),
    /// It does not go with how the call is.
    Refused(Refused, Call),
    /// The call is gone.
    Gone,
}

impl Store {
    /// Lets something happen to a call that was read: `change` says what is different besides, for a
    /// call that still goes on. Lost races are read again and tried again, so two who take the same
    /// call at once are told apart.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn step_call(
        &self,
        read: Call,
        what: Happening,
        change: impl Fn(&mut Call) -> Result<(), Refused>,
        lens: Lens<'_>,
    ) -> Result<Stepped, StoreError> {
        let mut call = read;
        for _ in 0..RACES {
            let (mut next, refused) = match call.course().step(what, lens.now) {
                Ok(course) => (call.clone().on(course), None),
                // A deadline that was noticed is written down even so.
                Err(refused) => (call.clone().at(lens.now), Some(refused)),
            };
            if refused.is_none()
                && !next.course().is_over()
                && let Err(refused) = change(&mut next)
            {
                return Ok(Stepped::Refused(refused, call));
            }
            let outcome = |call: Call| match refused {
                Some(refused) => Stepped::Refused(refused, call),
                None => Stepped::Done(call),
            };
            if is_no_news(&call, &next) {
                return Ok(outcome(call));
            }
            let stored = Stored::next(next, lens.policy);
            let mut transaction = Transaction::new(lens.now);
            let slot = transaction.replace(&stored, &Unsealed)?;
            match self.commit(transaction).await {
                Ok(()) => return Ok(outcome(stored.into_record())),
                Err(CommitError::Store(error)) => return Err(error),
                Err(CommitError::Refused(refusal)) => {
                    let found = refusal.found(slot);
                    let found = found.map(|item| read_item::<Call>(item, &Unsealed, lens));
                    match found.transpose()?.flatten() {
                        Some(newer) => call = newer,
                        None => return Ok(Stepped::Gone),
                    }
                }
            }
        }
        Err(StoreError::Conflict)
    }

    /// Writes down what a deadline did to a call, if it has passed; whether it had.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn settle_call(&self, call: Call, lens: Lens<'_>) -> Result<bool, StoreError> {
        if call.due_at.is_none_or(|at| at > lens.now) {
            return Ok(false);
        }
        let stepped = self
            .step_call(call, Happening::Knock, |_| Ok(()), lens)
            .await?;
        Ok(matches!(stepped, Stepped::Done(call) if call.course().is_over()))
    }
}

/// Whether nothing is different but that somebody was heard of again, a moment later.
fn is_no_news(before: &Call, after: &Call) -> bool {
    let heard = |a: Option<Timestamp>, b: Option<Timestamp>| match (a, b) {
        (Some(a), Some(b)) => b < a.plus(HEARD_AGAIN_AFTER),
        (a, b) => a == b,
    };
    let same = |call: &Call| {
        (
            call.state,
            call.reason,
            (call.asked, call.member),
            (call.agent_socket.clone(), call.guest_socket.clone()),
            (call.agent_epoch, call.guest_epoch),
            call.sharer,
        )
    };
    same(before) == same(after)
        && heard(before.agent_heard_at, after.agent_heard_at)
        && heard(before.guest_heard_at, after.guest_heard_at)
}
