//! Sockets: the ticket that opens one, the socket, and what it listens to. They carry nudges, and
//! nothing depends on them: whoever loses every frame still learns everything from `/sync`.
//!
//! The edge names a connection by its own id and nothing else, so that is where a socket lies. What
//! it listens to is written twice, in one transaction: with the topic, for those who nudge, and
//! with the socket, for its end.

use shared_derive::Record;

use super::{
    db::{Store, StoreError},
    keys,
    query::Query,
    record::{Stored, read_item},
    seal::Unsealed,
    subject::SubjectId,
    transaction::{CommitError, Transaction},
};
use crate::domain::{
    AccountId, ContactId, ConversationId, GuestId, MemberId, Policy, SessionId, Sight, Standing,
    TeamId, TicketId, Timestamp, Visibility, VisitId, WorkspaceId,
    personal::Pseudonymous,
    policy::Lens,
    token::{self, Secret, SecretHash},
    words::Symbol,
};

/// What the token of a ticket opens with.
const TICKET_PREFIX: &str = "tk";
/// How many listeners one read brings.
const PAGE: u16 = 100;
/// How many reads of a partition there are at most: a topic of more listeners than a thousand
/// nudges those it found, and `/sync` tells the rest.
const PAGES: u32 = 10;

/// The edge's id of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(String);

impl ConnectionId {
    /// The id in an event of the edge.
    pub fn new(id: &str) -> Self {
        Self(id.to_owned())
    }

    /// The id as the edge writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for ConnectionId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Symbol for ConnectionId {
    fn symbol(&self) -> String {
        self.0.clone()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }
}

impl Pseudonymous for ConnectionId {}

/// What a socket may listen to: on the wire `calls`, `inbox`, or the id of a conversation or a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Calls that the team may take.
    Calls,
    /// Every conversation that the member may see, and who of the team is there.
    Inbox,
    /// One conversation.
    Conversation(ConversationId),
    /// Calls to one guest.
    Guest(GuestId),
}

impl Symbol for Topic {
    fn symbol(&self) -> String {
        match self {
            Self::Calls => "calls".to_owned(),
            Self::Inbox => "inbox".to_owned(),
            Self::Conversation(id) => id.to_string(),
            Self::Guest(id) => id.to_string(),
        }
    }

    fn from_symbol(text: &str) -> Option<Self> {
        match text {
            "calls" => Some(Self::Calls),
            "inbox" => Some(Self::Inbox),
            other => {
                let guest = || other.parse().ok().map(Self::Guest);
                other.parse().ok().map(Self::Conversation).or_else(guest)
            }
        }
    }
}

impl Pseudonymous for Topic {}

/// Who holds a ticket or a socket, and by which sign-in: when that ends, so does the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Somebody who calls without an account.
    Guest(GuestId),
    /// A member, through an account's login session.
    Member {
        /// As which member.
        member: MemberId,
        /// The sign-in behind it.
        account: AccountId,
        /// Its session.
        session: SessionId,
    },
    /// A visitor, through a widget session.
    Visitor {
        /// As which contact.
        contact: ContactId,
        /// Its session.
        visit: VisitId,
    },
}

impl Holder {
    /// The subject behind it.
    pub const fn subject(&self) -> SubjectId {
        match self {
            Self::Guest(guest) => SubjectId::Guest(*guest),
            Self::Member { member, .. } => SubjectId::Member(*member),
            Self::Visitor { contact, .. } => SubjectId::Contact(*contact),
        }
    }
}

impl Symbol for Holder {
    fn symbol(&self) -> String {
        match self {
            Self::Guest(guest) => guest.to_string(),
            Self::Member {
                member,
                account,
                session,
            } => format!("{member} {account} {session}"),
            Self::Visitor { contact, visit } => format!("{contact} {visit}"),
        }
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(' ').collect();
        match parts[..] {
            [member, account, session] => Some(Self::Member {
                member: member.parse().ok()?,
                account: account.parse().ok()?,
                session: session.parse().ok()?,
            }),
            [guest] => Some(Self::Guest(guest.parse().ok()?)),
            [contact, visit] => Some(Self::Visitor {
                contact: contact.parse().ok()?,
                visit: visit.parse().ok()?,
            }),
            _ => None,
        }
    }
}

impl Pseudonymous for Holder {}

/// What opens one socket, once, within a minute.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = ticket(workspace, id), tenant = workspace,
    no_subject = "whose it is stands in `holder`; gone in sixty seconds, or with its one use",
    class = Ticket, anchor = created_at,
)]
pub struct Ticket {
    /// Its id.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub id: TicketId,
    /// Into which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// The hash of its secret.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, keyed)]
    pub token: SecretHash,
    /// Who asked for it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub holder: Holder,
    /// When.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub created_at: Timestamp,
}

impl Ticket {
    /// Its token, as a client brings it.
    pub fn token(workspace: WorkspaceId, id: TicketId, secret: &Secret) -> String {
        token::write(TICKET_PREFIX, &[workspace.uuid(), id.uuid()], secret)
    }

    /// Which ticket a token names, and the secret it brings.
    pub fn read_token(text: &str) -> Option<(WorkspaceId, TicketId, Secret)> {
        let ([workspace, id], secret) = token::read::<2>(TICKET_PREFIX, text)?;
        Some((
            WorkspaceId::from_uuid(workspace),
            TicketId::from_uuid(id),
            secret,
        ))
    }
}

/// An open socket.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = socket_of(connection), lists = socket_list(holder, connection),
    tenant = Platform,
    no_subject = "whose it is stands in `holder`; gone with the connection, or ten minutes after its two hours",
    class = Socket, anchor = opened_at,
)]
pub struct Socket {
    /// The edge's id of it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub connection: ConnectionId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Whose.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub holder: Holder,
    /// When it was opened.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub opened_at: Timestamp,
}

/// That a socket listens to a topic, as the topic knows it.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = listener(workspace, topic, who, connection), tenant = workspace,
    no_subject = "whose it is stands in `who`; gone with the connection, or ten minutes after its two hours",
    class = Socket, anchor = since,
)]
pub struct Listener {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// To what.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub topic: Topic,
    /// Who.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub who: SubjectId,
    /// Through which socket.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub connection: ConnectionId,
    /// Which conversations they see, if not all.
    #[non_personal(reason = "a setting of a seat")]
    pub visibility: Option<Visibility>,
    /// The teams that they are in, where that matters.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub teams: Option<Vec<TeamId>>,
    /// Since when.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub since: Timestamp,
}

impl Listener {
    /// Whether they are told of a conversation that stands like this.
    pub fn is_told_of(&self, standing: Standing) -> bool {
        let member = match self.who {
            SubjectId::Member(member) => Some(member),
            _ => None,
        };
        let sight = Sight {
            visibility: self.visibility.unwrap_or(Visibility::All),
            member,
            teams: self.teams.clone().unwrap_or_default(),
        };
        sight.sees(standing)
    }
}

/// That a socket listens to a topic, as the socket knows it.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = listening(connection, topic), tenant = Platform,
    no_subject = "a line of a socket's own list, gone with it",
    class = Socket, anchor = since,
)]
pub struct Listening {
    /// The socket.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub connection: ConnectionId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Who.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub who: SubjectId,
    /// To what.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub topic: Topic,
    /// Since when.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub since: Timestamp,
}

impl Store {
    /// Everybody who listens to a topic, as far as a thousand.
    pub async fn listeners(
        &self,
        workspace: WorkspaceId,
        topic: Topic,
        now: Timestamp,
    ) -> Result<Vec<Listener>, StoreError> {
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let mut found: Vec<Listener> = Vec::new();
        let mut after = None;
        for _ in 0..PAGES {
            let mut query = Query::partition(keys::listeners(workspace, topic)).limit(PAGE);
            if let Some(key) = after.take() {
                let key: keys::Key = key;
                let sort = key.sk.clone();
                query = query.after(key, sort);
            }
            let items = self.query(query).await?;
            for item in &items {
                found.extend(read_item::<Listener>(item, &Unsealed, lens)?);
            }
            after = items
                .last()
                .and_then(|item| super::db::key_of(keys::Table::Data, item));
            if items.len() < usize::from(PAGE) {
                break;
            }
        }
        Ok(found)
    }

    /// Lets a socket listen to a topic; once more is no more. `false` when the socket is gone.
    pub async fn listen(
        &self,
        socket: &Socket,
        topic: Topic,
        sight: Sight,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let policy = Policy::platform();
        let Socket {
            connection,
            workspace,
            holder,
            ..
        } = socket.clone();
        let who = holder.subject();
        // They end with the socket, not later.
        let since = socket.opened_at;
        let listening = Listening {
            connection: connection.clone(),
            workspace,
            who,
            topic,
            since,
        };
        let listener = Listener {
            workspace,
            topic,
            who,
            connection,
            visibility: Some(sight.visibility).filter(|seen| *seen != Visibility::All),
            teams: Some(sight.teams).filter(|_| sight.visibility == Visibility::Team),
            since,
        };
        let mut transaction = Transaction::new(now);
        transaction.overwrite(&Stored::new(listener, &policy), &Unsealed)?;
        transaction.overwrite(&Stored::new(listening, &policy), &Unsealed)?;
        transaction.check_there(keys::socket_of(&socket.connection));
        match self.commit(transaction).await {
            Ok(()) => Ok(true),
            Err(CommitError::Refused(_)) => Ok(false),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// Lets a socket listen to a topic no longer; what is forgotten by that.
    pub async fn unlisten(&self, socket: &Socket, topic: Topic) -> Result<Listening, StoreError> {
        let Socket {
            connection,
            workspace,
            holder,
            opened_at: since,
        } = socket.clone();
        let who = holder.subject();
        self.delete(keys::listener(workspace, topic, who, &connection))
            .await?;
        self.delete(keys::listening(&connection, topic)).await?;
        Ok(Listening {
            connection,
            workspace,
            who,
            topic,
            since,
        })
    }

    /// Forgets a socket and all it listens to; returns that. What is forgotten already is no fault.
    pub async fn forget_socket(
        &self,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> Result<Vec<Listening>, StoreError> {
        // The head first: from then on nothing is added.
        self.delete(keys::socket_of(connection)).await?;
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let mut forgotten = Vec::new();
        for _ in 0..PAGES {
            let list = Query::partition(keys::socket_partition(connection.as_str())).limit(PAGE);
            let items = self.query(list).await?;
            for item in &items {
                if let Some(line) = read_item::<Listening>(item, &Unsealed, lens)? {
                    let Listening {
                        workspace,
                        topic,
                        who,
                        ..
                    } = line;
                    self.delete(keys::listener(workspace, topic, who, connection))
                        .await?;
                    forgotten.push(line);
                }
                if let Some(key) = super::db::key_of(keys::Table::Data, item) {
                    self.delete(key).await?;
                }
            }
            if items.len() < usize::from(PAGE) {
                break;
            }
        }
        Ok(forgotten)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn holders_and_topics_read_back_as_they_were_written() {
        let id = Uuid::from_u128(7);
        let member = Holder::Member {
            member: MemberId::from_uuid(id),
            account: AccountId::from_uuid(id),
            session: SessionId::from_uuid(id),
        };
        let visitor = Holder::Visitor {
            contact: ContactId::from_uuid(id),
            visit: VisitId::from_uuid(id),
        };
        let guest = Holder::Guest(GuestId::from_uuid(id));
        for holder in [guest, member, visitor] {
            assert_eq!(Holder::from_symbol(&holder.symbol()), Some(holder));
        }
        for topic in [
            Topic::Calls,
            Topic::Inbox,
            Topic::Conversation(ConversationId::from_uuid(id)),
            Topic::Guest(GuestId::from_uuid(id)),
        ] {
            assert_eq!(Topic::from_symbol(&topic.symbol()), Some(topic));
        }
        for bad in ["", "INBOX", "cnv_", "ctc_00000000000000000000000000"] {
            assert_eq!(Topic::from_symbol(bad), None, "{bad}");
        }
    }
}
