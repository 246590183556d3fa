//! Somebody was invited into a workspace: the mail with the link.
//!
//! The token stands in the fragment of the link, which browsers do not send: it is in no log of a
//! server. The mail names neither the workspace nor who invites.

use shared::{
    app::{App, Mail},
    domain::{retention::INVITATION_LIFETIME, text::Email, time::DAY},
    store::{Item, membership::Invitation},
};

use crate::{
    failure::Failure,
    image,
    letter::{self, Part},
};

const SUBJECT: &str = "You are invited to a team on Sotto";

/// Mails the link of a new invitation.
pub async fn send(app: &App, item: &Item) -> Result<(), Failure> {
    let Some((invitation, tenant_key)) = image::open::<Invitation>(app, item).await? else {
        return Ok(());
    };
    let token = Invitation::link_token(&tenant_key, invitation.workspace, invitation.id);
    Ok(app
        .mailer
        .send(mail(invitation.email, &app.config.issuer, &token))
        .await?)
}

fn mail(to: Email, issuer: &str, token: &str) -> Mail {
    let link = format!("{issuer}/accept#token={token}");
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
        subject: SUBJECT,
        text: letter::text(&letter),
        html: letter::html(&letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_stands_in_the_link_and_alone_on_a_line_of_the_text() {
        let to = Email::parse("ada@example.com").expect("an address");
        let mail = mail(to, "https://api.example.com", "iv_abc.DEF-_9");
        let lines: Vec<&str> = mail.text.lines().collect();
        assert!(lines.contains(&"iv_abc.DEF-_9"), "{}", mail.text);
        let link = "https://api.example.com/accept#token=iv_abc.DEF-_9";
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
