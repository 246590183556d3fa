//! `POST /v1/widget/email`: a visitor says which address of mail is theirs, and a code goes there.
//!
//! Nothing is written about the address but the wish itself, which ends in ten minutes: only the code makes it
//! the contact's.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use shared::{
    app::{App, limit::Act, sign_in::TRIES},
    domain::{Timestamp, retention::CHALLENGE_LIFETIME, text::Email},
    http::{
        Allowance, Client, Code, Json, Problem, Problems, VisitorToken,
        actor::Visitor,
        person::{self, Person, RACES},
    },
    store::{
        CommitError, Stored, Transaction,
        contact::{AddressProof, EmailProof},
        keys,
    },
};
use utoipa::ToSchema;

/// Where the code goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskForProof {
    /// The address.
    pub email: Email,
}

/// A code that is on its way.
#[derive(Serialize, ToSchema)]
pub struct ProofAsked {
    /// Until when it is good.
    expires_at: Timestamp,
}

/// Ask for a code that proves an address.
///
/// Ten minutes, five tries; asking again ends the code before. What an app signed for is not the visitor's to
/// change: 409 `not_changeable`.
#[utoipa::path(
    post,
    path = "/v1/widget/email",
    operation_id = "ask_for_proof",
    request_body = AskForProof,
    responses((status = 202, description = "It is on its way.", body = ProofAsked), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: VisitorToken,
    Json(body): Json<AskForProof>,
) -> Result<(StatusCode, Allowance, Json<ProofAsked>), Problem> {
    let mut visitor = enter(&app, &token).await?;
    let allowed = app
        .admit(&client, Act::AskForCode, &body.email.identity())
        .await?;
    for _ in 0..RACES {
        let entry = &visitor.entry;
        let (person, waiting) = open(&visitor)?;
        let fresh = AddressProof::new(&person.contact, body.email.clone(), TRIES, entry.now)?;
        let mut transaction = Transaction::new(entry.now);
        transaction.check_live(keys::contact(entry.workspace, visitor.id));
        match waiting {
            Some(before) => {
                let rev = before.rev;
                let next = Stored::next(AddressProof { rev, ..fresh }, &entry.policy);
                transaction.replace(&next, &person.key)?;
            }
            None => {
                transaction.create(&Stored::new(fresh, &entry.policy), &person.key)?;
            }
        }
        match app.store.commit(transaction).await {
            Ok(()) => {
                let expires_at = entry.now.plus(CHALLENGE_LIFETIME);
                return Ok((
                    StatusCode::ACCEPTED,
                    allowed,
                    Json(ProofAsked { expires_at }),
                ));
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(_)) => visitor = enter(&app, &token).await?,
        }
    }
    Err(Problem::new(Code::Conflict))
}

/// A visitor who may say which address is theirs, and what has been asked for before. One round trip.
pub async fn enter(app: &App, token: &VisitorToken) -> Result<Visitor, Problem> {
    let (workspace, contact) = (token.workspace, token.contact);
    let mut wanted = person::wanted(workspace, contact).to_vec();
    wanted.push(keys::address_proof(workspace, contact));
    let visitor = app.visitor(token, wanted).await?;
    if visitor.contact.blocked {
        return Err(Problem::new(Code::Blocked));
    }
    if visitor.contact.email_proof == Some(EmailProof::Signed) {
        let why = "the app signed for the address";
        return Err(Problem::new(Code::NotChangeable).with_detail(why));
    }
    Ok(visitor)
}

/// The visitor's person, and what waits for its code.
pub fn open(visitor: &Visitor) -> Result<(Person, Option<AddressProof>), Problem> {
    let entry = &visitor.entry;
    let person = person::open(entry.fetched(), entry, visitor.id)?;
    let person = person.ok_or_else(|| Problem::new(Code::TokenInvalid))?;
    let place = keys::address_proof(entry.workspace, visitor.id);
    let waiting = entry.sealed::<AddressProof>(&place, &person.key)?;
    Ok((person, waiting))
}
