//! Somebody was invited into a workspace, or is to get the mail once more: the mail with the link,
//! and then a note on the invitation of how far the mail has got.
//!
//! The link leads to a page of ours that works without a script, so that the token stands in the
//! query; the access log holds no query, our pages send no referrer, and whoever opens the link has
//! still to sign in with the address that the mail went to. The mail names neither the workspace nor who invites.

use shared::{
    app::{App, Mail, MailKind},
    domain::{Policy, retention::INVITATION_LIFETIME, text::Email, time::DAY},
    store::{
        CommitError, DataKey, Field as _, Item, Stored, Transaction,
        membership::{Delivery, Invitation},
        suppression::Reason,
    },
};

use crate::{
    failure::Failure,
    image,
    letter::{self, Part},
    post::{Posted, post},
};

const SUBJECT: &str = "You are invited to a team on Sotto";

/// Whether a change of an invitation asks for another mail; our own notes do not.
pub fn is_wanted_again(new: &Item, old: &Item) -> bool {
    let mails = |item: &Item| Option::<u64>::read(item.get("mails")).flatten();
    mails(new) > mails(old)
}

/// Mails the link of an invitation.
pub async fn send(app: &App, item: &Item) -> Result<(), Failure> {
    let opened = image::open_with_key::<Invitation>(app, item).await?;
    let Some((invitation, key, tenant_key)) = opened else {
        return Ok(());
    };
    let token = Invitation::link_token(&tenant_key, invitation.workspace, invitation.id);
    let kind = MailKind::Invitation(
        invitation.workspace,
        invitation.id,
        invitation.mails.unwrap_or(1),
    );
    let mail = mail(invitation.email.clone(), kind, &app.config.issuer, &token);
    let posted = post(app, mail).await?;
    let delivery = match &posted {
        Posted::Taken => Delivery::Sent,
        Posted::LeftOut(Reason::Bounced) => Delivery::Bounced,
        // Not `complained`: whose mail the complaint was about is nobody else's business.
        Posted::LeftOut(Reason::Complained) | Posted::Refused(_) => Delivery::Failed,
    };
    note(app, invitation, &key, delivery).await?;
    posted.done()
}

/// Writes down how far the mail has got. An invitation that is gone or was changed meanwhile needs
/// no note: the change brings a record of its own.
async fn note(
    app: &App,
    invitation: Invitation,
    key: &DataKey,
    delivery: Delivery,
) -> Result<(), Failure> {
    let noted = Invitation {
        delivery: Some(delivery),
        ..invitation
    };
    let mut transaction = Transaction::new(app.clock.now());
    transaction.replace(&Stored::next(noted, &Policy::platform()), key)?;
    match app.store.commit(transaction).await {
        Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
        // The mail went out: another one is worse than a missing note.
        Err(CommitError::Store(error)) => {
            tracing::warn!(cause = %error, "a delivery was not noted");
            Ok(())
        }
    }
}

fn mail(to: Email, kind: MailKind, issuer: &str, token: &str) -> Mail {
    let link = format!("{issuer}/accept?token={token}");
    let days = INVITATION_LIFETIME.as_secs() / DAY.as_secs();
    let closing = format!("The invitation is for you alone. It is good once, for {days} days.");
    let letter = [
        Part::Says("Hello,"),
        Part::Says("you are invited to a team on Sotto. This link accepts the invitation:"),
        Part::Leads(&link),
        Part::Says("Where you are asked for a token instead, it is this one:"),
        Part::Shows(token),
        Part::Says(&closing),
        Part::Says("You do not know what this is about? Then ignore this mail."),
    ];
    Mail {
        to,
        kind,
        subject: SUBJECT,
        text: letter::text(&letter),
        html: letter::html(&letter),
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::{InvitationId, WorkspaceId};

    use super::*;

    #[test]
    fn the_token_stands_in_the_link_and_alone_on_a_line_of_the_text() {
        let to = Email::parse("ada@example.com").expect("an address");
        let now = shared::domain::Timestamp::from_ms(1_768_478_400_000);
        let kind = MailKind::Invitation(WorkspaceId::new(now), InvitationId::new(now), 1);
        let mail = mail(to, kind, "https://api.example.com", "iv_abc.DEF-_9");
        let lines: Vec<&str> = mail.text.lines().collect();
        assert!(lines.contains(&"iv_abc.DEF-_9"), "{}", mail.text);
        let link = "https://api.example.com/accept?token=iv_abc.DEF-_9";
        assert!(lines.contains(&link), "{}", mail.text);
        assert!(
            mail.html.contains(&format!("<a href=\"{link}\">")),
            "{}",
            mail.html
        );
        assert!(mail.text.contains("for 14 days"), "{}", mail.text);
        assert!(!mail.html.contains("src="));
    }
}
