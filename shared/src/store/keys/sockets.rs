//! Keys of sockets and of what they listen to.
//!
//! | what | table | partition key | sort key |
//! |---|---|---|---|
//! | ticket of a socket | data | `TICKET#<ws>#<ticket>` | `HEAD` |
//! | socket, what it listens to | data | `SOCKET#platform#<connection>` | `HEAD`, `T#<topic>` |
//! | who listens to a topic | data | `TOPIC#<ws>#<topic>` | `<who>#<connection>` |

use super::{IndexKey, Key, data, head};
use crate::{
    domain::{TicketId, WorkspaceId, words::Symbol},
    store::{
        socket::{Holder, Topic},
        subject::SubjectId,
    },
};

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
        Holder::Guest(guest) => (sockets(SubjectId::Guest(guest)), guest.to_string()),
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
