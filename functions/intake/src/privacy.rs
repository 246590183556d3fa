//! The desk that answers about privacy (CALL-35, CHAT-21): a mail becomes a request that waits for its proof.
//!
//! The link that proves it goes to the address on file, and nowhere else; so a forged mail brings its
//! victim one letter for each of those who answer for their data, and nothing else. Of an address that nobody has on file nothing is
//! written and nothing is sent.

use shared::{
    app::App,
    domain::{
        RequestId, TenantId,
        privacy::{CONFIRM_WITHIN, Maker, RequestKind, RequestStatus},
        text::Email,
    },
    store::{
        CommitError, StoreError, SubjectId, TenantKey, Transaction,
        keyring::Use,
        keys,
        privacy::{Letter, PrivacyRequest, RequestWords, Wish},
    },
};

use crate::{
    account, contact,
    hear::{Letter as Came, Outcome},
};

/// Makes requests of a mail, if it names an address on file: one to the operator, where it is an account's, and
/// one to each workspace that has a contact with it.
pub async fn take(app: &App, came: &Came) -> Result<Outcome, StoreError> {
    let now = app.clock.now();
    let platform = app.store.tenant_key(TenantId::Platform, now).await?;
    let mut outcome = Outcome::Unknown;
    if let Some(account) = account::on_file(app, &platform, &came.mail.from).await? {
        let whose = (TenantId::Platform, account.id.into(), account.email);
        outcome = outcome.and(ask(app, &platform, whose, came).await?);
    }
    for (workspace, person) in contact::on_file(app, &platform, &came.mail.from).await? {
        let whose = (workspace.into(), person.contact.into(), person.email);
        outcome = outcome.and(ask(app, &person.tenant_key, whose, came).await?);
    }
    Ok(outcome)
}

/// Makes the request of one person to whoever answers for their data.
async fn ask(
    app: &App,
    tenant_key: &TenantKey,
    (tenant, subject, email): (TenantId, SubjectId, Email),
    came: &Came,
) -> Result<Outcome, StoreError> {
    let now = app.clock.now();
    let head = request(tenant_key, (tenant, subject), came);
    let words = RequestWords {
        request: head.id,
        tenant,
        reply_to: Some(email),
        message: Some(came.mail.text.clone()),
        name: None,
        email: None,
        answer: None,
        kept_from: head.received_at.plus(CONFIRM_WITHIN),
        rev: 1,
    };
    let data_key = tenant_key.new_data_key(&keys::privacy_request(tenant, head.id), now)?;
    let mut transaction = Transaction::new(now);
    transaction.make_request(head, words, &data_key, &[Letter::Confirm])?;
    if let Some(name) = came.name() {
        transaction.hear_once(tenant_key, &name, now)?;
    }
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Outcome::Taken),
        // This mail was read before, or one with the same words waits already.
        Err(CommitError::Refused(_)) => Ok(Outcome::Repeated),
        Err(CommitError::Store(error)) => Err(error),
    }
}

/// The request, under an id that follows from the mail: whoever reads it again makes the same one.
fn request(
    tenant_key: &TenantKey,
    (tenant, subject): (TenantId, SubjectId),
    came: &Came,
) -> PrivacyRequest {
    let at = came.at;
    let name = keys::mail(&came.key);
    let bits = tenant_key.hash(Use::Idempotency, &format!("mail {}", name.as_str()));
    // What is asked for is said with the proof; until then it is a text.
    let kind = RequestKind::Question;
    PrivacyRequest {
        id: RequestId::derived(at, bits.as_bytes()),
        tenant,
        subject: Some(subject),
        request: kind,
        made_by: Maker::Mail,
        wish: Wish::new(kind, came.mail.text.reveal(), tenant_key),
        status: RequestStatus::NeedUserVerification,
        reason: None,
        copy: None,
        received_at: at,
        expected_by: at.plus(kind.answer_within()),
        extended_at: None,
        executing_since: None,
        obstacle: None,
        calls_deleted: None,
        calls_reached: None,
        ended_at: None,
        stepped_at: at,
        due_at: None,
        kept_from: at,
        rev: 1,
    }
}
