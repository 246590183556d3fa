//! An account was erased: the last mail that its holder gets, and then nobody knows the address.
//!
//! The address lies apart from the account, for this mail only, and goes with it. When the mail
//! service will never take the mail, the address goes all the same.

use shared::{
    app::{App, Mail, MailKind},
    domain::{Policy, Timestamp, policy::Lens, text::Email},
    store::{
        Item, RootRef, Unsealed,
        erasure::{Erasure, ErasureKind, Farewell, Stage},
        keys,
        record::read_item,
    },
};

use crate::{
    failure::Failure,
    image,
    letter::{self, Part},
};

/// Mails that an account was erased, if that is what happened.
pub async fn send(app: &App, item: &Item) -> Result<(), Failure> {
    let policy = Policy::platform();
    let lens = Lens {
        now: app.clock.now(),
        policy: &policy,
    };
    let Some(erasure) = read_item::<Erasure>(item, &Unsealed, lens)? else {
        return Ok(());
    };
    if erasure.erased != ErasureKind::Account || erasure.stage != Stage::Done {
        return Ok(());
    }
    let place = keys::farewell(erasure.id);
    let key = keys::data_key(&RootRef::of(&place));
    let tenant_key = image::platform_key(app).await?;
    let fetched = app.store.batch(vec![place.clone(), key.clone()]).await?;
    let Some(opener) = fetched.data_key(&place, &tenant_key)? else {
        return Ok(());
    };
    let Some(farewell) = fetched.get::<Farewell>(&place, &opener, lens)? else {
        return Ok(());
    };
    let at = erasure.finished_at.unwrap_or(lens.now);
    let sent = app
        .mailer
        .send(mail(farewell.email, &erasure, at, &app.config.issuer))
        .await;
    match sent.map_err(Failure::from) {
        Err(Failure::Later(cause)) => return Err(Failure::Later(cause)),
        Err(Failure::Never(cause)) => tracing::error!(cause = %cause, "a last mail was given up"),
        Ok(()) => {}
    }
    // The key first: without it the rest is nothing.
    for key in [key, place] {
        let later = |error: shared::store::StoreError| Failure::Later(error.to_string());
        app.store.delete(key).await.map_err(later)?;
    }
    Ok(())
}

fn mail(to: Email, erasure: &Erasure, at: Timestamp, issuer: &str) -> Mail {
    let id = erasure.id.to_string();
    let when = at.to_string();
    let when = when.get(..16).unwrap_or(&when).replace('T', " ");
    let done = format!("It was done on {when} UTC. The erasure has this number:");
    let proof = format!(
        "This is its receipt. Whoever runs this Sotto signed it; kept in a file, it can be checked with \
         `sotto verify-receipt` and the keys at {issuer}/.well-known/erasure-keys.json:"
    );
    let receipt = erasure.receipt.as_ref();
    let receipt = receipt.map(|bytes| String::from_utf8_lossy(&bytes.0).into_owned());
    let receipt = receipt.unwrap_or_default();
    let letter = [
        Part::Says("Hello,"),
        Part::Says(
            "your Sotto account was erased, as you asked: your address, your sign-ins, your settings \
             and your places in workspaces. What backups hold of it cannot be read any more in seven \
             days. What you wrote in conversations stays with those you wrote to, without your name.",
        ),
        Part::Says(&done),
        Part::Shows(&id),
        Part::Says(&proof),
        Part::Shows(&receipt),
        Part::Says(
            "This is the last mail to this address: it is not stored any more. You may sign up \
             again at any time, as somebody new.",
        ),
    ];
    Mail {
        kind: MailKind::Notice,
        to,
        subject: "Your Sotto account was erased",
        text: letter::text(&letter),
        html: letter::html(&letter),
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::{AccountId, TenantId};

    use super::*;

    #[test]
    fn the_last_mail_names_the_erasure_and_leads_nowhere() {
        let at = Timestamp::from_ms(1_768_478_400_000);
        let id = Erasure::of_account(AccountId::new(at));
        let erasure = Erasure::new(id, ErasureKind::Account, TenantId::Platform, at);
        let to = Email::parse("ada@example.com").expect("an address");
        let mail = mail(to, &erasure, at, "https://api.example.com");
        for text in [&mail.text, &mail.html] {
            assert!(text.contains(&id.to_string()) && text.contains("2026-01-15 12:00 UTC"));
            for word in ["src=", "<img", "href", "@"] {
                assert!(!text.contains(word), "{word}");
            }
        }
    }
}
