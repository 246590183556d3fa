//! `POST /v1/workspaces/{workspace}/conversations/{conversation}/transcript`: a member has a transcript mailed, to
//! themselves or to the visitor.
//!
//! Nothing is made here: what is written is the wish, and `outbox` makes the mail of the thread as it is then. A
//! copy leaves the system, so a line of the audit log says who wanted that.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use shared::{
    app::{App, limit::Act},
    domain::{ConversationId, MemberId, Permission, Timestamp, WorkspaceId},
    http::{AccessToken, Client, Code, Json, Path, Problem, Problems, actor::Entry, person},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        audit::Deed,
        contact::Contact,
        keys,
        transcript_mail::{NotMailed, TranscriptMail},
    },
    words,
};
use utoipa::ToSchema;

use crate::thread;

words! {
    /// Who gets a transcript by mail.
    pub enum Addressee {
        /// The member who asks, at the address of their account.
        Me = "me",
        /// The visitor, at the address that was proved.
        Visitor = "visitor",
    }
}

/// Which transcript, and to whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailTranscript {
    /// Who gets it.
    to: Addressee,
    /// Whether it holds internal notes and what the team did; not unless asked for, and never for the visitor.
    notes: Option<bool>,
}

/// A transcript that is on its way.
#[derive(Serialize, ToSchema)]
pub struct TranscriptAsked {
    /// Who gets it.
    pub to: Addressee,
    /// Since when it was wanted: who asks again within ten minutes is told of the first time, and gets one mail.
    pub asked_at: Timestamp,
}

/// Mail a transcript.
///
/// To the visitor only at an address that was proved (409 `address_unproved`), where the workspace mails messages and
/// the visitor has not refused mail (409 `mail_refused`). Nothing goes to an address that mail came back from.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/transcript",
    operation_id = "mail_transcript",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    request_body = MailTranscript,
    responses((status = 202, description = "It is on its way.", body = TranscriptAsked), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: AccessToken,
    Path((workspace, conversation)): Path<(WorkspaceId, ConversationId)>,
    Json(body): Json<MailTranscript>,
) -> Result<Response, Problem> {
    let notes = body.notes == Some(true);
    if notes && body.to == Addressee::Visitor {
        let why = "what the team writes among itself goes to nobody else";
        return Err(Problem::invalid("#/notes", "not_for_visitors", why));
    }
    let wanted = thread::wanted(workspace, conversation);
    let permission = Permission::ConversationsWrite;
    let member = app.member(&token, workspace, permission, wanted).await?;
    member.belongs()?;
    let entry = &member.entry;
    let head = thread::seen(entry, &member.sight, conversation)?.head;
    let wish = match body.to {
        Addressee::Me => TranscriptMail::to_member(&head, member.id, entry.now),
        Addressee::Visitor => TranscriptMail::to_visitor(&head, member.id, entry.now),
    };
    let wish = if notes { wish.with_notes() } else { wish };
    if body.to == Addressee::Visitor {
        let at = keys::contact(workspace, head.contact);
        let fetched = app.store.batch(vec![at.clone()]).await?;
        let contact = fetched.get::<Contact>(&at, &Unsealed, entry.lens())?;
        check(entry, &wish, contact.as_ref())?;
    }
    ask(&app, &client, entry, wish, Some(member.id)).await
}

/// Refuses a transcript that may not go to its visitor.
pub fn check(
    entry: &Entry,
    wish: &TranscriptMail,
    contact: Option<&Contact>,
) -> Result<(), Problem> {
    let checked = match contact {
        Some(contact) => wish.check(&entry.policy, contact),
        None => Err(NotMailed::Refused),
    };
    checked.map_err(|why| match why {
        NotMailed::Unproved => Problem::new(Code::AddressUnproved),
        NotMailed::Refused => Problem::new(Code::MailRefused),
    })
}

/// Writes the wish down, unless an earlier one stands for it. Two round trips, and the counts of the limit.
pub async fn ask(
    app: &App,
    client: &Client,
    entry: &Entry,
    wish: TranscriptMail,
    member: Option<MemberId>,
) -> Result<Response, Problem> {
    let allowed = app
        .admit(client, Act::MailTranscript, &wish.reader.to_string())
        .await?;
    let to = match member.map(Into::into) == Some(wish.reader) {
        true => Addressee::Me,
        false => Addressee::Visitor,
    };
    let place = keys::transcript_mail(wish.workspace, wish.conversation, wish.reader);
    for _ in 0..person::RACES {
        let fetched = app.store.batch(vec![place.clone()]).await?;
        let before = fetched.get::<TranscriptMail>(&place, &Unsealed, entry.lens())?;
        let asked_at = match (&before, wish.clone().after(before.as_ref())) {
            (Some(before), None) => before.asked_at,
            (_, None) => wish.asked_at,
            (before, Some(next)) => {
                let mut transaction = Transaction::new(entry.now);
                transaction.check_live(keys::conversation(wish.workspace, wish.conversation));
                match before {
                    Some(_) => {
                        transaction.replace(&Stored::next(next, &entry.policy), &Unsealed)?
                    }
                    None => transaction.create(&Stored::new(next, &entry.policy), &Unsealed)?,
                };
                if let Some(member) = member {
                    let line = entry.line(member, Deed::TranscriptMailed);
                    transaction.audit(line.about(wish.conversation))?;
                }
                match app.store.commit(transaction).await {
                    Ok(()) => wish.asked_at,
                    Err(CommitError::Store(error)) => return Err(error.into()),
                    Err(CommitError::Refused(_)) => continue,
                }
            }
        };
        let asked = Json(TranscriptAsked { to, asked_at });
        return Ok((StatusCode::ACCEPTED, allowed, asked).into_response());
    }
    Err(Problem::new(Code::Conflict))
}
