//! Signalling: what a frame of a call does. Every frame is checked like a request: the sign-in behind
//! the socket, the call, the side, the socket that speaks for it, and the epoch. What is passed on is
//! written nowhere; what is written is who speaks through which socket, and that they are there.

use data_encoding::BASE64URL_NOPAD;
use shared::{
    app::{App, nudge::Posted},
    domain::{
        ContactId, Timestamp,
        call::{CallState, Happening, Refused as Unfit, Side},
        policy::Lens,
    },
    http::actor::Entry,
    store::{
        TenantKey, Unsealed,
        call::{Call, Caller, Stepped},
        conversation::Conversation,
        keyring::Use,
        keys,
        socket::{Holder, Socket, Topic},
    },
};

use crate::{
    frame::{Fault, Frame},
    signal::{CallFrame, CallSaid, Peer},
    socket::{Reach, Refused, speaker},
};

/// How often a device says that it is there.
const ALIVE_SECONDS: u64 = 20;

/// A side of a call, with the call as it stands.
struct Line<'a> {
    app: &'a App,
    socket: &'a Socket,
    entry: &'a Entry,
    call: Call,
    side: Side,
}

/// Does what a frame of a call says; what it is answered with.
pub async fn obey(app: &App, socket: &Socket, said: CallSaid) -> Result<Option<Frame>, Refused> {
    said.check()?;
    let place = keys::call(socket.workspace, said.call());
    let speaker = speaker(app, socket, Reach::Calls, vec![place.clone()]).await?;
    let entry = speaker.entry();
    let call = entry.open::<Call>(&place)?.ok_or(Fault::NotFound)?;
    if let (Holder::Visitor { contact, .. }, CallSaid::Ack { .. }) = (socket.holder, &said) {
        return ack_of_visitor(app, entry, &call, contact).await;
    }
    let caller = match socket.holder {
        Holder::Guest(guest) => Caller::Guest(guest),
        Holder::Member { member, .. } => Caller::Member(member),
        Holder::Visitor { .. } => return Err(Fault::NotFound.into()),
    };
    if matches!(said, CallSaid::Ack { .. }) {
        return ack(app, &call, caller, entry.now).await;
    }
    let side = call.side_of(caller).ok_or(Fault::NotFound)?;
    let said = match call.relay_only {
        Some(true) => said.through_relay()?,
        _ => said,
    };
    if call.course().at(entry.now).is_over() {
        // Whoever is told so has knocked.
        app.store.settle_call(call, entry.lens()).await?;
        return Err(Fault::CallOver.into());
    }
    let line = Line {
        app,
        socket,
        entry,
        call,
        side,
    };
    line.obey(said).await
}

/// Tells the caller that it really rings where this comes from.
async fn ack(app: &App, call: &Call, by: Caller, now: Timestamp) -> Result<Option<Frame>, Refused> {
    let concerned = match by {
        Caller::Guest(guest) => call.caller == Side::Agent && call.guest == guest,
        Caller::Member(member) => call.caller == Side::Guest && call.is_for(member),
    };
    if !concerned {
        return Err(Fault::NotFound.into());
    }
    acked(app, call, now).await;
    Ok(None)
}

/// The same, from a page of the visitor that a member calls in a conversation.
async fn ack_of_visitor(
    app: &App,
    entry: &Entry,
    call: &Call,
    contact: ContactId,
) -> Result<Option<Frame>, Refused> {
    let offered = call.conversation.filter(|_| call.caller == Side::Agent);
    let place = keys::conversation(entry.workspace, offered.ok_or(Fault::NotFound)?);
    let fetched = app.store.batch(vec![place.clone()]).await?;
    let head = fetched.get::<Conversation>(&place, &Unsealed, entry.lens())?;
    match head.filter(|head| head.contact == contact) {
        Some(_) => {
            acked(app, call, entry.now).await;
            Ok(None)
        }
        None => Err(Fault::NotFound.into()),
    }
}

async fn acked(app: &App, call: &Call, now: Timestamp) {
    let rings = call.course().at(now).state == CallState::Ringing;
    if let Some(socket) = call.socket(call.caller).filter(|_| rings) {
        app.connections
            .post(socket, &CallFrame::Acked { call: call.id })
            .await;
    }
}

/// What lets a device back in: it follows from call, side and epoch, and is stored nowhere.
fn resume_key(key: &TenantKey, call: &Call, side: Side, epoch: u64) -> String {
    let named = format!("resume {} {} {epoch}", call.id, side.word());
    BASE64URL_NOPAD.encode(&key.hash(Use::Call, &named).as_bytes()[..16])
}

impl Line<'_> {
    async fn obey(self, said: CallSaid) -> Result<Option<Frame>, Refused> {
        let (from, call) = (self.side, self.call.id);
        match said {
            CallSaid::Hello { .. } => self.enter(None).await,
            CallSaid::Resume {
                resume_key: key,
                epoch,
                ..
            } => self.enter(Some((key, epoch))).await,
            CallSaid::Ack { .. } => Ok(None),
            CallSaid::Sdp {
                epoch,
                n,
                kind,
                sdp,
                ..
            } => {
                self.speaks(Some(epoch))?;
                let frame = CallFrame::Sdp {
                    call,
                    from,
                    epoch,
                    n,
                    kind,
                    sdp,
                };
                self.pass_on(frame).await
            }
            CallSaid::Ice {
                epoch,
                n,
                candidates,
                ..
            } => {
                self.speaks(Some(epoch))?;
                let frame = CallFrame::Ice {
                    call,
                    from,
                    epoch,
                    n,
                    candidates,
                };
                self.pass_on(frame).await
            }
            CallSaid::Media {
                audio,
                video,
                screen,
                ..
            } => {
                self.speaks(None)?;
                let frame = CallFrame::Media {
                    call,
                    from,
                    audio,
                    video,
                    screen,
                };
                self.pass_on(frame).await
            }
            CallSaid::Share { on, .. } => self.share(on).await,
            CallSaid::Mute { .. } if self.side == Side::Guest => Err(Fault::Forbidden.into()),
            CallSaid::Mute { .. } => {
                self.speaks(None)?;
                self.pass_on(CallFrame::Mute { call }).await
            }
            CallSaid::Alive { connected, .. } => {
                let what = match connected {
                    true => Happening::Connected(from),
                    false => Happening::Alive(from),
                };
                self.happens(what).await
            }
            CallSaid::Failed { .. } => self.happens(Happening::Failed(from)).await,
            CallSaid::End { .. } => self.happens(Happening::End(from)).await,
        }
    }

    fn lens(&self) -> Lens<'_> {
        self.entry.lens()
    }

    /// Whether this socket speaks for its side, in this epoch, in a call that was taken.
    fn speaks(&self, epoch: Option<u64>) -> Result<(), Refused> {
        if self.call.socket(self.side) != Some(&self.socket.connection) {
            return Err(Fault::NotInCall.into());
        }
        if epoch.is_some_and(|epoch| epoch != self.call.epoch(self.side)) {
            return Err(Fault::StaleEpoch.into());
        }
        match self.call.state {
            CallState::Connecting | CallState::Active => Ok(()),
            _ => Err(Fault::CallState.into()),
        }
    }

    /// Sends a frame to the other device; not answered when it took it.
    async fn pass_on(&self, frame: CallFrame) -> Result<Option<Frame>, Refused> {
        let posted = match self.call.socket(self.side.other()) {
            Some(socket) => self.app.connections.post(socket, &frame).await,
            None => Posted::Gone,
        };
        match posted {
            Posted::Taken => Ok(None),
            Posted::Gone | Posted::Lost => Err(Fault::PeerAway.into()),
        }
    }

    /// Tells the other device something that it also learns otherwise.
    async fn tell(&self, call: &Call, frame: CallFrame) {
        if let Some(socket) = call.socket(self.side.other()) {
            self.app.connections.post(socket, &frame).await;
        }
    }

    /// Speaks for its side from now on: anew, or where it left off.
    async fn enter(self, back: Option<(String, u64)>) -> Result<Option<Frame>, Refused> {
        let (side, key) = (self.side, &self.entry.tenant_key);
        if let Some((brought, epoch)) = &back
            && *brought != resume_key(key, &self.call, side, *epoch)
        {
            return Err(Fault::StaleEpoch.into());
        }
        let connection = self.socket.connection.clone();
        let known = back.as_ref().map(|(_, epoch)| *epoch);
        let speak = |next: &mut Call| {
            let epoch = match known {
                None => next.epoch(side) + 1,
                Some(known) if known == next.epoch(side) => known,
                Some(_) => return Err(Unfit::TooLate),
            };
            next.through(side, connection.clone(), epoch);
            Ok(())
        };
        let store = &self.app.store;
        let ready = Happening::Ready(side);
        let stepped = store.step_call(self.call.clone(), ready, speak, self.lens());
        let call = match stepped.await? {
            Stepped::Done(call) => call,
            Stepped::Gone => return Err(Fault::NotFound.into()),
            Stepped::Refused(Unfit::TooLate, _) => return Err(Fault::StaleEpoch.into()),
            Stepped::Refused(..) => return Err(Fault::CallOver.into()),
        };
        let (id, from, epoch) = (call.id, side, call.epoch(side));
        let news = match known {
            None => CallFrame::Joined {
                call: id,
                from,
                epoch,
            },
            Some(_) => CallFrame::Back {
                call: id,
                from,
                epoch,
            },
        };
        self.tell(&call, news).await;
        let other = side.other();
        Ok(Some(Frame::Call(CallFrame::Hello {
            call: id,
            side,
            polite: side.is_polite(),
            epoch,
            state: call.state,
            peer: Peer {
                there: call.socket(other).is_some(),
                epoch: call.epoch(other),
            },
            resume_key: resume_key(key, &call, side, epoch),
            alive_seconds: ALIVE_SECONDS,
            deadline: call.course().deadline(),
        })))
    }

    /// One of the two shows a screen at a time.
    async fn share(self, on: bool) -> Result<Option<Frame>, Refused> {
        self.speaks(None)?;
        let side = self.side;
        let show = |next: &mut Call| match (on, next.sharer) {
            (true, Some(sharer)) if sharer != side => Err(Unfit::NotYours),
            (true, _) => {
                next.sharer = Some(side);
                Ok(())
            }
            (false, Some(sharer)) if sharer == side => {
                next.sharer = None;
                Ok(())
            }
            (false, _) => Ok(()),
        };
        let store = &self.app.store;
        let alive = Happening::Alive(side);
        let stepped = store.step_call(self.call.clone(), alive, show, self.lens());
        match stepped.await? {
            Stepped::Done(call) => {
                let frame = CallFrame::Share {
                    call: call.id,
                    from: side,
                    on,
                };
                self.tell(&call, frame).await;
                Ok(Some(Frame::Call(CallFrame::Share {
                    call: call.id,
                    from: side,
                    on,
                })))
            }
            Stepped::Refused(Unfit::NotYours, _) => Err(Fault::ScreenTaken.into()),
            Stepped::Refused(..) => Err(Fault::CallOver.into()),
            Stepped::Gone => Err(Fault::NotFound.into()),
        }
    }

    /// Lets something happen to the call; how far it is then.
    async fn happens(self, what: Happening) -> Result<Option<Frame>, Refused> {
        if self.call.socket(self.side) != Some(&self.socket.connection) {
            return Err(Fault::NotInCall.into());
        }
        let store = &self.app.store;
        let stepped = store.step_call(self.call.clone(), what, |_| Ok(()), self.lens());
        let call = match stepped.await? {
            Stepped::Done(call) => call,
            Stepped::Gone => return Err(Fault::NotFound.into()),
            Stepped::Refused(Unfit::Over, _) => return Err(Fault::CallOver.into()),
            Stepped::Refused(..) => return Err(Fault::CallState.into()),
        };
        let course = call.course();
        Ok(Some(Frame::Call(CallFrame::State {
            call: call.id,
            state: call.state,
            reason: call.reason,
            peer_away: course.is_away(self.side.other(), self.entry.now),
            deadline: course.deadline(),
        })))
    }
}

/// Whether a topic of calls is theirs to listen to.
pub fn may_listen(holder: Holder, topic: Topic) -> bool {
    match topic {
        Topic::Calls => matches!(holder, Holder::Member { .. }),
        Topic::Guest(guest) => holder == Holder::Guest(guest),
        Topic::Inbox | Topic::Conversation(_) => false,
    }
}
