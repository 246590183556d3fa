//! `PUT /v1/widget/email`: a mailed code comes back, and the address is the contact's.
//!
//! Every answer, right or wrong, is a write on the version that was read, and the caller hears of it only
//! afterwards: so five answers are looked at, however many arrive together.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    app::{App, limit::Act, sign_in::TRIES},
    domain::code::MailedCode,
    http::{Allowance, Client, Code, Json, Problem, Problems, VisitorToken},
    store::{
        CommitError, StoreError, Stored, Transaction,
        contact::{AddressProof, EmailProof},
        keys,
    },
};
use utoipa::ToSchema;

use crate::ask_for_proof::{enter, open};

/// How often one answer is tried: each refusal is another answer that was counted, or a change of the contact.
const ATTEMPTS: u64 = TRIES + 3;

/// The answer to a mailed code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProveAddress {
    /// The eight digits of the mail.
    #[schema(value_type = String, pattern = "^[0-9]{8}$", example = "12345678")]
    code: MailedCode,
}

/// An address that was proved.
#[derive(Serialize, ToSchema)]
pub struct ProvedAddress {
    /// The address: the contact's from now on.
    #[schema(example = "grace@example.com")]
    email: String,
    /// How it was proved.
    email_proof: EmailProof,
}

/// Prove an address with its code.
///
/// A code is good for ten minutes, once, and for five tries: wrong, used up, expired and never asked for are all
/// 401 `code_invalid`. From then on what is written while the visitor is away is mailed there, and a transcript goes there.
#[utoipa::path(
    put,
    path = "/v1/widget/email",
    operation_id = "prove_address",
    request_body = ProveAddress,
    responses((status = 200, description = "It is proved.", body = ProvedAddress), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: VisitorToken,
    Json(body): Json<ProveAddress>,
) -> Result<(Allowance, Json<ProvedAddress>), Problem> {
    let allowed = app.admit(&client, Act::AnswerCode, "").await?;
    for _ in 0..ATTEMPTS {
        let visitor = enter(&app, &token).await?;
        let entry = &visitor.entry;
        let (mut person, waiting) = open(&visitor)?;
        let Some(waiting) = waiting.filter(|waiting| waiting.tries_left > 0) else {
            return Err(invalid());
        };
        let mut transaction = Transaction::new(entry.now);
        let answer = if body.code.is(&waiting.code(&entry.tenant_key)) {
            let place = keys::address_proof(entry.workspace, visitor.id);
            transaction.consume_version(place, waiting.rev);
            let answer = ProvedAddress {
                email: waiting.address.reveal().to_owned(),
                email_proof: EmailProof::Code,
            };
            person.profile.email = Some(waiting.address);
            person.contact.email_proof = Some(EmailProof::Code);
            person.place(&mut transaction, entry)?;
            Ok(answer)
        } else {
            let counted = AddressProof {
                tries_left: waiting.tries_left - 1,
                ..waiting
            };
            transaction.check_live(keys::contact(entry.workspace, visitor.id));
            let counted = Stored::next(counted, &entry.policy);
            transaction.replace(&counted, &person.key)?;
            Err(invalid())
        };
        match app.store.commit(transaction).await {
            Ok(()) => return answer.map(|proved| (allowed, Json(proved))),
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(_)) => {}
        }
    }
    Err(StoreError::Conflict.into())
}

const fn invalid() -> Problem {
    Problem::new(Code::CodeInvalid)
}
