//! The WebSocket API: `$connect`, frames, `$disconnect`.
//!
//! Every frame is checked like a request: one batch reads the sign-in behind the socket and what the
//! frame names. So a revoked session, a changed role or a blocked visitor holds at the next frame.
//! Nothing can be sent before `$connect` has been answered, so a client asks for its `hello`.

use std::time::Duration;

use shared::{
    app::App,
    domain::{
        ConversationId, Permission, Policy, Sight, Timestamp,
        policy::{Lens, Module},
        words::Symbol,
    },
    http::{Code, Guesting, Member, Problem, Visitor, actor::Entry},
    lambda::socket::{Answer, Event, Happening},
    store::{
        CommitError, Key, StoreError, Stored, SubjectId, Transaction, Unsealed,
        conversation::Conversation,
        keys,
        socket::{ConnectionId, Holder, Socket, Ticket, Topic},
        subject::State,
    },
};

use crate::{
    call,
    flood::Floodgate,
    frame::{Fault, Frame, Said},
};

/// When a socket is told to make room for its successor: before the edge cuts it at two hours.
const DRAIN_AFTER: Duration = Duration::from_secs(105 * 60);
/// How far apart sockets of the same age are told so.
const DRAIN_SPREAD_SECONDS: u64 = 10 * 60;
/// How long somebody is writing when nothing more is heard.
const TYPING_FOR: Duration = Duration::from_secs(6);

/// The sockets that an environment serves.
#[derive(Default)]
pub struct Sockets(Floodgate);

/// Who speaks, as they are at this frame.
pub(crate) enum Speaker {
    Guest(Guesting),
    Member(Member),
    Visitor(Visitor),
}

/// What a frame is about, and so what its speaker has to be allowed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Nothing but the socket itself.
    Itself,
    /// Calls.
    Calls,
    /// Conversations.
    Conversations(Permission),
}

/// Why a frame was not worked on.
pub(crate) struct Refused {
    fault: Fault,
    closes: bool,
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            closes: matches!(fault, Fault::SessionOver | Fault::TooMany),
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        tracing::warn!(cause = %error, "a frame could not be worked on");
        Fault::Unavailable.into()
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        match problem.code() {
            Code::Forbidden => Fault::Forbidden,
            Code::ModuleOff => Fault::ModuleOff,
            // The workspace is gone, or the seat in it.
            Code::NotFound
            | Code::Restricted
            | Code::TokenInvalid
            | Code::TokenExpired
            | Code::WorkspaceClosing => Fault::SessionOver,
            _ => Fault::Unavailable,
        }
        .into()
    }
}

impl Sockets {
    /// Carries out one event of the WebSocket API.
    pub async fn handle(&self, app: &App, event: Event) -> Answer {
        let connection = event.connection();
        match event.request_context.event_type {
            Happening::Connect => match connect(app, connection, event.parameter("ticket")).await {
                Ok(status) => Answer::of(status),
                Err(error) => {
                    tracing::error!(cause = %error, "a socket could not be opened");
                    Answer::of(if error.retryable() { 503 } else { 500 })
                }
            },
            Happening::Disconnect => {
                self.0.forget(&connection);
                match end(app, &connection).await {
                    Ok(()) => Answer::of(200),
                    // Its rows die by themselves, or with the first nudge that finds it gone.
                    Err(error) => {
                        tracing::warn!(cause = %error, "a socket was not forgotten");
                        Answer::of(500)
                    }
                }
            }
            Happening::Message => self.message(app, &connection, event.frame()).await,
        }
    }

    async fn message(&self, app: &App, connection: &ConnectionId, frame: Option<&str>) -> Answer {
        let now = app.clock.now();
        if !self.0.admits(connection, now) {
            return refuse(app, connection, Fault::TooMany.into()).await;
        }
        let said = match frame.ok_or(Fault::Malformed).and_then(Said::read) {
            Ok(said) => said,
            Err(fault) => {
                let closes = self.0.is_tired_of(connection);
                return refuse(app, connection, Refused { fault, closes }).await;
            }
        };
        let socket = match self.socket(app, connection, now).await {
            Ok(socket) => socket,
            Err(refused) => return refuse(app, connection, refused).await,
        };
        let size = frame.map_or(0, str::len);
        if let Said::Call(said) = &said
            && let Err(fault) = self.0.admits_signal(connection, said.weight(), size, now)
        {
            return refuse(app, connection, fault.into()).await;
        }
        match obey(app, &socket, said).await {
            Ok(frame) => frame.map_or(Answer::of(200), |frame| Answer::frame(&frame)),
            Err(refused) => refuse(app, connection, refused).await,
        }
    }

    /// The row of a socket, read once in an environment.
    async fn socket(
        &self,
        app: &App,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> Result<Socket, Refused> {
        if let Some(socket) = self.0.socket(connection) {
            return Ok(socket);
        }
        let place = keys::socket_of(connection);
        let fetched = app.store.batch(vec![place.clone()]).await?;
        let policy = Policy::platform();
        let socket: Option<Socket> = fetched.get(
            &place,
            &Unsealed,
            Lens {
                now,
                policy: &policy,
            },
        )?;
        let socket = socket.ok_or(Fault::SessionOver)?;
        self.0.remember(&socket);
        Ok(socket)
    }
}

/// Opens a socket for whoever brings a ticket that nobody has used; the status of the handshake.
async fn connect(
    app: &App,
    connection: ConnectionId,
    ticket: Option<&str>,
) -> Result<u16, StoreError> {
    const REFUSED: u16 = 401;
    let now = app.clock.now();
    let Some((workspace, id, secret)) = ticket.and_then(Ticket::read_token) else {
        return Ok(REFUSED);
    };
    let place = keys::ticket(workspace, id);
    let fetched = app.store.batch(vec![place.clone()]).await?;
    let policy = Policy::platform();
    let ticket: Option<Ticket> = fetched.get(
        &place,
        &Unsealed,
        Lens {
            now,
            policy: &policy,
        },
    )?;
    let Some(ticket) = ticket.filter(|ticket| ticket.token.matches(&secret)) else {
        return Ok(REFUSED);
    };
    let socket = Socket {
        connection,
        workspace,
        holder: ticket.holder,
        opened_at: now,
    };
    let mut transaction = Transaction::new(now);
    transaction.consume(place);
    transaction.create(&Stored::new(socket, &policy), &Unsealed)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(200),
        Err(CommitError::Refused(_)) => Ok(REFUSED),
        Err(CommitError::Store(error)) => Err(error),
    }
}

/// Forgets a socket that ended.
async fn end(app: &App, connection: &ConnectionId) -> Result<(), StoreError> {
    let now = app.clock.now();
    let forgotten = app.store.forget_socket(connection, now).await?;
    app.tell_absence(&forgotten, now).await
}

/// Says why a frame did nothing; a socket that has to close hears it before.
async fn refuse(app: &App, connection: &ConnectionId, refused: Refused) -> Answer {
    let frame = Frame::error(refused.fault);
    if !refused.closes {
        return Answer::frame(&frame);
    }
    app.connections.post(connection, &frame).await;
    app.connections.close(connection).await;
    Answer::of(200)
}

/// Does what a frame says; what it is answered with.
async fn obey(app: &App, socket: &Socket, said: Said) -> Result<Option<Frame>, Refused> {
    match said {
        Said::Call(said) => call::obey(app, socket, said).await,
        Said::Hello {} => {
            let speaker = speaker(app, socket, Reach::Itself, Vec::new()).await?;
            let at = speaker.entry().now;
            let who = socket.holder.subject().into();
            Ok(Some(Frame::Hello {
                who,
                at,
                drain_at: drain_at(socket),
            }))
        }
        Said::Ping {} => {
            let speaker = speaker(app, socket, Reach::Itself, Vec::new()).await?;
            let old = speaker.entry().now >= drain_at(socket);
            Ok(Some(if old { Frame::Drain {} } else { Frame::Pong {} }))
        }
        Said::Sub { topic } => Ok(Some(listen(app, socket, topic).await?)),
        Said::Unsub { topic } => Ok(Some(unlisten(app, socket, topic).await?)),
        Said::Typing { cnv, typing } => {
            type_in(app, socket, cnv, typing).await?;
            Ok(None)
        }
    }
}

async fn listen(app: &App, socket: &Socket, topic: String) -> Result<Frame, Refused> {
    let not_found = || Frame::refused(Fault::NotFound, &topic);
    let Some(wanted) = Topic::from_symbol(&topic) else {
        return Ok(not_found());
    };
    let place = match wanted {
        Topic::Calls | Topic::Guest(_) | Topic::Inbox => None,
        Topic::Conversation(id) => Some(keys::conversation(socket.workspace, id)),
    };
    let keys = place.iter().cloned().collect();
    let reach = match wanted {
        Topic::Calls | Topic::Guest(_) => Reach::Calls,
        Topic::Inbox | Topic::Conversation(_) => {
            Reach::Conversations(Permission::ConversationsRead)
        }
    };
    let speaker = speaker(app, socket, reach, keys).await?;
    let allowed = match &place {
        None if reach == Reach::Calls => call::may_listen(socket.holder, wanted),
        None => matches!(speaker, Speaker::Member(_)),
        Some(place) => speaker.head(place)?.is_some(),
    };
    if !allowed {
        return Ok(not_found());
    }
    let now = speaker.entry().now;
    if !app
        .store
        .listen(socket, wanted, speaker.sight(), now)
        .await?
    {
        return Err(Fault::SessionOver.into());
    }
    let online = match wanted {
        Topic::Inbox => Some(
            app.tell_presence(socket.workspace, socket.holder.subject(), now)
                .await?,
        ),
        Topic::Calls | Topic::Conversation(_) | Topic::Guest(_) => None,
    };
    Ok(Frame::Subbed { topic, online })
}

async fn unlisten(app: &App, socket: &Socket, topic: String) -> Result<Frame, Refused> {
    let Some(known) = Topic::from_symbol(&topic) else {
        return Ok(Frame::refused(Fault::NotFound, &topic));
    };
    speaker(app, socket, Reach::Itself, Vec::new()).await?;
    let line = app.store.unlisten(socket, known).await?;
    app.tell_absence(&[line], app.clock.now()).await?;
    Ok(Frame::Unsubbed { topic })
}

/// Tells the others of a conversation who is writing. Never stored.
async fn type_in(
    app: &App,
    socket: &Socket,
    cnv: ConversationId,
    typing: bool,
) -> Result<(), Refused> {
    let place = keys::conversation(socket.workspace, cnv);
    let speaker = speaker(
        app,
        socket,
        Reach::Conversations(Permission::ConversationsWrite),
        vec![place.clone()],
    )
    .await?;
    if let Speaker::Visitor(visitor) = &speaker
        && visitor.contact.blocked
    {
        return Err(Fault::Blocked.into());
    }
    let head = speaker.head(&place)?.ok_or(Fault::NotFound)?;
    let now = speaker.entry().now;
    let until = if typing { now.plus(TYPING_FOR) } else { now };
    let frame = Frame::Typing {
        cnv,
        who: socket.holder.subject().into(),
        until,
    };
    let mut others = app
        .store
        .listeners(socket.workspace, Topic::Conversation(cnv), now)
        .await?;
    // Who does not see it any more is not told who writes in it.
    others.retain(|listener| {
        listener.connection != socket.connection && listener.is_told_of(head.standing())
    });
    Ok(app.nudge(others, &frame).await?)
}

/// Whoever holds the socket, by the sign-in it was opened with, and what lies at `keys`.
pub(crate) async fn speaker(
    app: &App,
    socket: &Socket,
    reach: Reach,
    keys: Vec<Key>,
) -> Result<Speaker, Refused> {
    let workspace = socket.workspace;
    let (permission, module) = match reach {
        Reach::Itself => (Permission::ConversationsRead, None),
        Reach::Calls => (Permission::CallsTake, Some(Module::Sessions)),
        Reach::Conversations(permission) => (permission, Some(Module::Conversations)),
    };
    let speaker = match socket.holder {
        // They have no conversations.
        Holder::Guest(_) if matches!(reach, Reach::Conversations(_)) => {
            return Err(Fault::NotFound.into());
        }
        Holder::Guest(guest) => Speaker::Guest(app.guest_by(workspace, guest, keys).await?),
        Holder::Member {
            account, session, ..
        } => Speaker::Member(
            app.member_by((account, session), workspace, permission, keys)
                .await?,
        ),
        Holder::Visitor { contact, visit } => {
            Speaker::Visitor(app.visitor_by(workspace, (contact, visit), keys).await?)
        }
    };
    if speaker.subject() != socket.holder.subject() {
        return Err(Fault::SessionOver.into());
    }
    if let Some(module) = module {
        speaker.entry().require(module)?;
    }
    Ok(speaker)
}

impl Speaker {
    pub(crate) const fn entry(&self) -> &Entry {
        match self {
            Self::Guest(guesting) => &guesting.entry,
            Self::Member(member) => &member.entry,
            Self::Visitor(visitor) => &visitor.entry,
        }
    }

    const fn subject(&self) -> SubjectId {
        match self {
            Self::Guest(guesting) => SubjectId::Guest(guesting.guest.id),
            Self::Member(member) => member.subject(),
            Self::Visitor(visitor) => visitor.subject(),
        }
    }

    /// Which conversations of the team's they are told of; a visitor of the own ones anyway.
    fn sight(&self) -> Sight {
        match self {
            Self::Member(member) => member.sight.clone(),
            Self::Guest(_) | Self::Visitor(_) => Sight::everything(),
        }
    }

    /// The head of a conversation that they may see.
    fn head(&self, place: &Key) -> Result<Option<Conversation>, Problem> {
        let head = self.entry().open::<Conversation>(place)?;
        Ok(head.filter(|head| {
            let theirs = match self {
                Self::Guest(_) => false,
                Self::Member(member) => member.sight.sees(head.standing()),
                Self::Visitor(visitor) => head.contact == visitor.id,
            };
            theirs && head.state == State::Live
        }))
    }
}

/// From when on a socket should be replaced: 1 h 45 min to 1 h 55 min old, by its id, so that
/// sockets that were opened together are not all replaced together.
fn drain_at(socket: &Socket) -> Timestamp {
    let id = socket.connection.as_str().bytes();
    let hash = id.fold(0u64, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    let spread = Duration::from_secs(hash % (DRAIN_SPREAD_SECONDS + 1));
    socket.opened_at.plus(DRAIN_AFTER).plus(spread)
}

#[cfg(test)]
mod tests {
    use shared::domain::{ContactId, VisitId, WorkspaceId};

    use super::*;

    #[test]
    fn sockets_are_drained_within_ten_minutes_around_one_hour_and_fifty() {
        let opened_at = Timestamp::from_ms(1_768_478_400_000);
        let minutes: Vec<i64> = (0..200)
            .map(|n| {
                let socket = Socket {
                    connection: ConnectionId::new(&format!("L0SM9cOFvHc{n:03}=")),
                    workspace: WorkspaceId::new(opened_at),
                    holder: Holder::Visitor {
                        contact: ContactId::new(opened_at),
                        visit: VisitId::new(opened_at),
                    },
                    opened_at,
                };
                (drain_at(&socket).ms() - opened_at.ms()) / 60_000
            })
            .collect();
        assert!(
            minutes.iter().all(|m| (105..=115).contains(m)),
            "{minutes:?}"
        );
        assert!(minutes.iter().min() != minutes.iter().max());
    }
}
