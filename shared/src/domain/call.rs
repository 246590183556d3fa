//! Calls between somebody of a team and a guest: how a call goes, as a machine without a clock, and
//! what is known of how well it went. What two people say to each other never comes here.

use std::time::Duration;

use super::{id::CallId, time::Timestamp};

pub mod quality;
pub mod signal;

crate::words! {
    /// One of the two sides of a call.
    pub enum Side {
        /// Somebody of the team.
        Agent = "agent",
        /// Whom the team talks with.
        Guest = "guest",
    }
}

impl Side {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Agent => Self::Guest,
            Self::Guest => Self::Agent,
        }
    }

    /// Whether it gives way when both offer at once. One side has to, and the server says which.
    pub const fn is_polite(self) -> bool {
        matches!(self, Self::Guest)
    }
}

crate::words! {
    /// What a call begins as.
    pub enum CallKind {
        /// Voices.
        Audio = "audio",
        /// A screen that is shown.
        Screen = "screen",
        /// Voices and pictures.
        Video = "video",
    }
}

crate::words! {
    /// How far a call is.
    pub enum CallState {
        /// Sound or picture flows.
        Active = "active",
        /// It was taken, and the two devices look for a way to each other.
        Connecting = "connecting",
        /// It was made; it rings as soon as its caller's device is there.
        Created = "created",
        /// It is over.
        Ended = "ended",
        /// It rings.
        Ringing = "ringing",
    }
}

crate::words! {
    /// Why a call is over.
    pub enum EndReason {
        /// Whom it was for was in another call.
        Busy = "busy",
        /// Whoever called gave up before it was taken, or never came.
        Cancelled = "cancelled",
        /// Somebody hung up.
        Completed = "completed",
        /// Whom it was for said no.
        Declined = "declined",
        /// The devices found no way to each other.
        FailedIce = "failed_ice",
        /// It may go on no longer: the app was switched off, or the call was deleted.
        Forbidden = "forbidden",
        /// It was as long as a call may be.
        MaxDuration = "max_duration",
        /// Nobody took it.
        NoAnswer = "no_answer",
        /// One side went silent and did not come back.
        PeerLost = "peer_lost",
        /// The two called each other at once, and the other call was first.
        Superseded = "superseded",
    }
}

/// How long a call waits for its caller's device: as long as the token that lets it in.
pub const CREATED_FOR: Duration = Duration::from_secs(60);
/// How long a call rings.
pub const RINGS_FOR: Duration = Duration::from_secs(45);
/// How long the devices may look for a way to each other.
pub const CONNECTS_FOR: Duration = Duration::from_secs(20);
/// How long a side may be silent before it counts as away.
pub const SILENT_FOR: Duration = Duration::from_secs(45);
/// How long a side that is away may take to come back.
pub const AWAY_FOR: Duration = Duration::from_secs(60);
/// How long a call lasts at most, from when it was taken.
pub const LASTS_FOR: Duration = Duration::from_secs(4 * 60 * 60);

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The device of a side is there.
    Ready(Side),
    /// A side takes the call.
    Accept(Side),
    /// A side does not want it.
    Decline(Side),
    /// A side takes its call back.
    Cancel(Side),
    /// A side says that sound or picture flows.
    Connected(Side),
    /// A side is there still.
    Alive(Side),
    /// A side says that there is no way to the other.
    Failed(Side),
    /// A side hangs up.
    End(Side),
    /// The other call of the two was first.
    Supersede,
    /// It may go on no longer.
    Forbid,
    /// Somebody says that a deadline has passed; the clock decides.
    Knock,
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The call is over.
    Over,
    /// Not that side's to do.
    NotYours,
    /// Not as far as the call is.
    TooEarly,
    /// The call is further already.
    TooLate,
}

/// How a call goes: states and the times that it came to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// Who called.
    pub caller: Side,
    /// How far it is.
    pub state: CallState,
    /// Why it is over, when it is.
    pub reason: Option<EndReason>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it began to ring.
    pub rang_at: Option<Timestamp>,
    /// When it was taken.
    pub accepted_at: Option<Timestamp>,
    /// When sound or picture began to flow.
    pub connected_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// When the agent's device was heard of last.
    pub agent_heard_at: Option<Timestamp>,
    /// When the guest's device was heard of last.
    pub guest_heard_at: Option<Timestamp>,
}

impl Course {
    /// A call that was made just now.
    pub const fn begun(caller: Side, now: Timestamp) -> Self {
        Self {
            caller,
            state: CallState::Created,
            reason: None,
            created_at: now,
            rang_at: None,
            accepted_at: None,
            connected_at: None,
            ended_at: None,
            agent_heard_at: None,
            guest_heard_at: None,
        }
    }

    /// Whether it is over.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, CallState::Ended)
    }

    /// Whether nobody took it, though somebody was there to be told.
    pub const fn was_missed(&self) -> bool {
        matches!(
            self.reason,
            Some(EndReason::NoAnswer | EndReason::Busy | EndReason::Cancelled)
        ) && self.accepted_at.is_none()
            && (self.rang_at.is_some() || matches!(self.reason, Some(EndReason::Busy)))
    }

    /// When a side was heard of last; of a side that never spoke, when the call became active.
    pub fn heard_at(&self, side: Side) -> Option<Timestamp> {
        let heard = match side {
            Side::Agent => self.agent_heard_at,
            Side::Guest => self.guest_heard_at,
        };
        heard.max(self.connected_at)
    }

    /// Whether a side of an active call has been silent for too long.
    pub fn is_away(&self, side: Side, now: Timestamp) -> bool {
        self.state == CallState::Active
            && self
                .heard_at(side)
                .is_some_and(|heard| heard.plus(SILENT_FOR) <= now)
    }

    /// When something happens by itself, and what.
    fn next(&self) -> Option<(Timestamp, EndReason)> {
        match self.state {
            CallState::Created => Some((self.created_at.plus(CREATED_FOR), EndReason::Cancelled)),
            CallState::Ringing => Some((self.rang_at?.plus(RINGS_FOR), EndReason::NoAnswer)),
            CallState::Connecting => {
                Some((self.accepted_at?.plus(CONNECTS_FOR), EndReason::FailedIce))
            }
            CallState::Active => {
                let quiet = [Side::Agent, Side::Guest]
                    .into_iter()
                    .filter_map(|side| self.heard_at(side))
                    .min()?;
                let lost = (quiet.plus(SILENT_FOR).plus(AWAY_FOR), EndReason::PeerLost);
                let full = (self.accepted_at?.plus(LASTS_FOR), EndReason::MaxDuration);
                Some(if full.0 < lost.0 { full } else { lost })
            }
            CallState::Ended => None,
        }
    }

    /// When it has to be looked at again, whoever does.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.next().map(|(at, _)| at)
    }

    /// As it stands at `now`: a deadline that has passed holds whether or not somebody wrote it down.
    pub fn at(self, now: Timestamp) -> Self {
        match self.next() {
            Some((at, reason)) if at <= now => self.over(reason, at),
            _ => self,
        }
    }

    fn over(self, reason: EndReason, at: Timestamp) -> Self {
        Self {
            state: CallState::Ended,
            reason: Some(reason),
            ended_at: Some(at),
            agent_heard_at: None,
            guest_heard_at: None,
            ..self
        }
    }

    fn heard(self, side: Side, now: Timestamp) -> Self {
        match side {
            Side::Agent => Self {
                agent_heard_at: Some(now),
                ..self
            },
            Side::Guest => Self {
                guest_heard_at: Some(now),
                ..self
            },
        }
    }

    /// What becomes of it. The same again changes nothing, so that every call of a client can be
    /// repeated.
    ///
    /// # Errors
    /// When it does not go with the state or with the side: then nothing changes.
    pub fn step(self, what: Happening, now: Timestamp) -> Result<Self, Refused> {
        use CallState as S;
        use EndReason as E;
        use Happening as H;
        let call = self.at(now);
        let callee = call.caller.other();
        match (call.state, what) {
            (_, H::Knock) => Ok(call),
            // Hanging up what is over, and saying no to it, is what was wanted.
            (S::Ended, H::End(_) | H::Cancel(_) | H::Decline(_) | H::Forbid | H::Supersede) => {
                Ok(call)
            }
            (S::Ended, _) => Err(Refused::Over),
            (_, H::Forbid) => Ok(call.over(E::Forbidden, now)),

            (S::Created, H::Ready(side)) if side == call.caller => Ok(Self {
                state: S::Ringing,
                rang_at: Some(now),
                ..call
            }),
            (_, H::Ready(_)) => Ok(call),

            (S::Ringing, H::Accept(side)) if side == callee => Ok(Self {
                state: S::Connecting,
                accepted_at: Some(now),
                ..call
            }),
            (S::Connecting | S::Active, H::Accept(side)) if side == callee => Ok(call),
            (S::Created, H::Accept(side)) if side == callee => Err(Refused::TooEarly),
            (_, H::Accept(_)) => Err(Refused::NotYours),

            (S::Ringing, H::Decline(side)) if side == callee => Ok(call.over(E::Declined, now)),
            (S::Created, H::Decline(side)) if side == callee => Err(Refused::TooEarly),
            (S::Connecting | S::Active, H::Decline(side)) if side == callee => {
                Err(Refused::TooLate)
            }
            (_, H::Decline(_)) => Err(Refused::NotYours),

            (S::Created | S::Ringing, H::Cancel(side)) if side == call.caller => {
                Ok(call.over(E::Cancelled, now))
            }
            (S::Connecting | S::Active, H::Cancel(side)) if side == call.caller => {
                Err(Refused::TooLate)
            }
            (_, H::Cancel(_)) => Err(Refused::NotYours),

            (S::Connecting, H::Connected(side)) => Ok(Self {
                state: S::Active,
                connected_at: Some(now),
                ..call.heard(side, now)
            }),
            (S::Active, H::Connected(side) | H::Alive(side)) => Ok(call.heard(side, now)),
            // A device that waits in a call that nobody took yet is no news.
            (_, H::Alive(_)) => Ok(call),
            (_, H::Connected(_)) => Err(Refused::TooEarly),

            (S::Connecting, H::Failed(_)) => Ok(call.over(E::FailedIce, now)),
            (S::Active, H::Failed(_)) => Ok(call.over(E::PeerLost, now)),
            (_, H::Failed(_)) => Err(Refused::TooEarly),

            (S::Created | S::Ringing, H::End(side)) if side == call.caller => {
                Ok(call.over(E::Cancelled, now))
            }
            (S::Ringing, H::End(_)) => Ok(call.over(E::Declined, now)),
            (S::Created, H::End(_)) => Err(Refused::TooEarly),
            (S::Connecting, H::End(_)) => Ok(call.over(E::Cancelled, now)),
            (S::Active, H::End(_)) => Ok(call.over(E::Completed, now)),

            (S::Created | S::Ringing, H::Supersede) => Ok(call.over(E::Superseded, now)),
            (_, H::Supersede) => Err(Refused::TooLate),
        }
    }
}

/// Which of two calls between the same two goes on, when each called the other: the one that was
/// made first, and of two at the same millisecond the same one whoever asks.
pub fn survivor(one: CallId, other: CallId) -> CallId {
    one.min(other)
}

#[cfg(test)]
mod tests;
