//! Somebody forgot their password: the mail with the link.
//!
//! The link leads to a page that works without a script, so the token stands in the query: the
//! access log holds no query, our pages send no referrer, and the link is good once.

use shared::{
    app::{App, Mail, MailKind},
    domain::{retention::RESET_LIFETIME, text::Email},
    store::{Item, password::ResetLink},
};

use crate::{
    failure::Failure,
    image,
    letter::{self, Part},
    post::post,
};

/// Mails the link, if there is somebody to mail it to.
pub async fn send(app: &App, item: &Item) -> Result<(), Failure> {
    let Some((link, tenant_key)) = image::open::<ResetLink>(app, item).await? else {
        return Ok(());
    };
    if !link.deliver {
        return Ok(());
    }
    let token = ResetLink::link_token(&tenant_key, link.id);
    post(app, mail(link.email, &app.config.issuer, &token))
        .await?
        .done()
}

fn mail(to: Email, issuer: &str, token: &str) -> Mail {
    let link = format!("{issuer}/reset?token={token}");
    let minutes = RESET_LIFETIME.as_secs() / 60;
    let closing = format!("The link is good once, for {minutes} minutes.");
    let letter = [
        Part::Says("Hello,"),
        Part::Says("this link sets a new password for your Sotto account:"),
        Part::Leads(&link),
        Part::Says("Where you are asked for a token instead, it is this one:"),
        Part::Shows(token),
        Part::Says(&closing),
        Part::Says("You did not ask for it? Then ignore this mail. Your password stays as it is."),
    ];
    Mail {
        to,
        kind: MailKind::Reset,
        subject: "Set a new Sotto password",
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
        let mail = mail(to, "https://api.example.com", "rs_abc.DEF-_9");
        let lines: Vec<&str> = mail.text.lines().collect();
        for line in [
            "rs_abc.DEF-_9",
            "https://api.example.com/reset?token=rs_abc.DEF-_9",
        ] {
            assert!(lines.contains(&line), "{}", mail.text);
        }
        assert!(mail.text.contains("for 30 minutes"), "{}", mail.text);
        assert!(!mail.html.contains("src=") && !mail.text.contains('@'));
    }
}
