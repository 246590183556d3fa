//! A ticket: what opens one socket, once, within a minute. It lets the address of a socket, which
//! browsers cannot give a header, prove who opens it without carrying a token that is worth more.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    actor::Entry,
    problem::{Code, Problem},
};
use crate::{
    app::App,
    domain::{TicketId, Timestamp, policy::Module, retention::TICKET_LIFETIME, token::Secret},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        socket::{Holder, Ticket},
    },
};

/// What opens a socket.
#[derive(Serialize, ToSchema)]
pub struct TicketView {
    /// The ticket, good once.
    #[schema(
        example = "tk_aapl3jgab4rgqabqs4vy3h2kt4abs7c2i7y2ea.wXo2Vd0y3Hq0w0c6m3k1r9s8t7u6v5w4x3y2z1a0b9c"
    )]
    ticket: String,
    /// The address to open with a WebSocket, the ticket in it.
    #[schema(
        example = "wss://abcdef1234.execute-api.eu-central-1.amazonaws.com/live?ticket=tk_aapl3jgab4rgqabqs4vy3h2kt4abs7c2i7y2ea.wXo2Vd0y3Hq0w0c6m3k1r9s8t7u6v5w4x3y2z1a0b9c"
    )]
    url: String,
    /// Until when.
    expires_at: Timestamp,
}

/// Makes a ticket for somebody who has entered a workspace in which something is told of.
///
/// # Errors
/// 403 where there are neither conversations nor calls.
pub async fn issue(app: &App, entry: &Entry, holder: Holder) -> Result<TicketView, Problem> {
    let modules = [Module::Conversations, Module::Sessions];
    if !modules.into_iter().any(|module| entry.policy.has(module)) {
        return Err(Problem::new(Code::ModuleOff));
    }
    let mut transaction = Transaction::new(entry.now);
    let view = place(&mut transaction, app, entry, holder)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(view),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::internal("an id that was there")),
    }
}

/// Puts a ticket into `transaction`: it is good once that is committed.
///
/// # Errors
/// When there are no random numbers.
pub fn place(
    transaction: &mut Transaction,
    app: &App,
    entry: &Entry,
    holder: Holder,
) -> Result<TicketView, Problem> {
    let secret = Secret::generate().ok_or_else(|| Problem::internal("no random numbers"))?;
    let (workspace, now) = (entry.workspace, entry.now);
    let id = TicketId::new(now);
    let row = Ticket {
        id,
        workspace,
        token: secret.hash(),
        holder,
        created_at: now,
    };
    transaction.create(&Stored::new(row, &entry.policy), &Unsealed)?;
    let ticket = Ticket::token(workspace, id, &secret);
    let url = address(&app.config.websocket_url, &ticket);
    Ok(TicketView {
        ticket,
        url,
        expires_at: now.plus(TICKET_LIFETIME),
    })
}

/// The address of the WebSocket API with a ticket: the same one that frames are posted to, by
/// another scheme.
fn address(websocket_url: &str, ticket: &str) -> String {
    match websocket_url.strip_prefix("http") {
        Some(rest) => format!("ws{rest}?ticket={ticket}"),
        None => format!("{websocket_url}?ticket={ticket}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_as_secret_as_the_address_it_is_posted_to() {
        assert_eq!(
            address("https://a.example/live", "tk_1"),
            "wss://a.example/live?ticket=tk_1"
        );
        assert_eq!(
            address("http://127.0.0.1:1/live", "tk_1"),
            "ws://127.0.0.1:1/live?ticket=tk_1"
        );
    }
}
