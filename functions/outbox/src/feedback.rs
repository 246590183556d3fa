//! A mail came back, or its reader complained: the address is remembered as a keyed hash, and the
//! team that sent an invitation sees that it did not arrive.
//!
//! The event itself is stored nowhere, in no queue of ours either: it repeats the address. What fails
//! here is tried again by the service that sent it, for an hour.

use serde_json::Value;
use shared::{
    app::App,
    domain::{Policy, TenantId, policy::Lens},
    lambda::feedback::{Feedback, Heard, InvitationMail, Verdict},
    store::{
        CommitError, RootRef, StoreError, Stored, Transaction, keys,
        membership::{Delivery, Invitation},
    },
};

/// Takes in what is heard of a mail. Heard twice, it says the same.
pub async fn hear(app: &App, event: &Value) -> Result<Heard, StoreError> {
    let mut heard = Heard::default();
    let Some(feedback) = Feedback::read(event, &app.config.mail_configuration) else {
        tracing::warn!("an event that is not about a mail of ours was left alone");
        return Ok(heard);
    };
    let now = app.clock.now();
    if let Some(reason) = feedback.verdict.suppresses() {
        let key = app.store.tenant_key(TenantId::Platform, now).await?;
        for address in &feedback.addresses {
            app.store.suppress(&key, address, reason, now).await?;
            heard.suppressed += 1;
        }
    }
    if let Some(mail) = feedback.invitation {
        heard.noted += u64::from(note(app, &feedback, mail).await?);
    }
    Ok(heard)
}

/// How often a note that lost a race is written again.
const RACES: u32 = 3;

/// Writes down on the invitation how its newest mail ended; says whether it did.
async fn note(app: &App, feedback: &Feedback, mail: InvitationMail) -> Result<bool, StoreError> {
    let delivery = match feedback.verdict {
        Verdict::Bounced | Verdict::BouncedThisTime => Delivery::Bounced,
        Verdict::Complained => Delivery::Complained,
    };
    let tenant = TenantId::Workspace(mail.workspace);
    let place = keys::invitation(mail.workspace, mail.invitation);
    let wanted = vec![
        place.clone(),
        keys::data_key(&RootRef::of(&place)),
        keys::tenant_key(tenant),
    ];
    let policy = Policy::platform();
    for _ in 0..RACES {
        let now = app.clock.now();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let fetched = app.store.batch(wanted.clone()).await?;
        // Of a workspace that is gone, accepted, or taken back: nobody waits to hear of it.
        let tenant_key = match app.store.unwrap_tenant_key(tenant, &fetched, now).await {
            Ok(key) => key,
            Err(StoreError::Corrupt(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        let Some(key) = fetched.data_key(&place, &tenant_key)? else {
            return Ok(false);
        };
        let Some(found) = fetched.get::<Invitation>(&place, &key, lens)? else {
            return Ok(false);
        };
        let same_mail = found.mails.unwrap_or(1) == mail.mail;
        let to = found.email.identity();
        let same_address = feedback.addresses.iter().any(|one| one.identity() == to);
        if !same_mail || !same_address || found.delivery == Some(delivery) {
            return Ok(false);
        }
        let noted = Invitation {
            delivery: Some(delivery),
            ..found
        };
        let mut transaction = Transaction::new(now);
        transaction.replace(&Stored::next(noted, &policy), &key)?;
        match app.store.commit(transaction).await {
            Ok(()) => return Ok(true),
            Err(CommitError::Store(error)) => return Err(error),
            // The mailer wrote that the mail was taken, or somebody sends it again: look once more.
            Err(CommitError::Refused(_)) => {}
        }
    }
    Ok(false)
}
