//! A visitor is to prove an address, in a flow or by themselves: the mail with the code.
//!
//! The code is computed from chance that lies with the conversation or the contact, and stands nowhere but in the
//! mail.

use shared::{
    app::{App, Mail, MailKind},
    domain::{retention::CHALLENGE_LIFETIME, text::Email},
    store::{Item, contact::AddressProof, flow_run::FlowCode},
};

use crate::{
    failure::Failure,
    image,
    letter::{self, Part},
    post::post,
};

const SUBJECT: &str = "Your code";

/// Mails a code that a flow asked for.
pub async fn send_for_flow(app: &App, item: &Item) -> Result<(), Failure> {
    let Some((asked, tenant_key)) = image::open::<FlowCode>(app, item).await? else {
        return Ok(());
    };
    let code = tenant_key.mailed_code(&asked.id.to_string());
    post(app, mail(asked.address, &code)).await?.done()
}

/// Whether an image asks for another code than the one before it: a counted try does not.
pub fn is_asked(new: &Item, old: Option<&Item>) -> bool {
    old.and_then(|old| image::text(old, "id")) != image::text(new, "id")
}

/// Mails a code that a visitor asked for.
pub async fn send(app: &App, item: &Item) -> Result<(), Failure> {
    let Some((asked, tenant_key)) = image::open::<AddressProof>(app, item).await? else {
        return Ok(());
    };
    let code = asked.code(&tenant_key);
    post(app, mail(asked.address, &code)).await?.done()
}

fn mail(to: Email, code: &str) -> Mail {
    let minutes = CHALLENGE_LIFETIME.as_secs() / 60;
    let closing =
        format!("It is good once, for {minutes} minutes. Write it into the chat and nowhere else.");
    let letter = [
        Part::Says("Hello,"),
        Part::Says(
            "Somebody, probably you, gave this address in a chat. This code proves that it is yours:",
        ),
        Part::Shows(code),
        Part::Says(&closing),
        Part::Says("You were not in a chat? Then ignore this mail."),
    ];
    Mail {
        to,
        kind: MailKind::Code,
        subject: SUBJECT,
        text: letter::text(&letter),
        html: letter::html(&letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_stands_alone_on_a_line_and_nothing_is_loaded_or_repeated() {
        let mail = mail(
            Email::parse("ada@example.com").expect("an address"),
            "01234567",
        );
        assert_eq!(
            mail.text.lines().filter(|line| *line == "01234567").count(),
            1
        );
        for text in [&mail.text, &mail.html] {
            for word in ["http", "src=", "<img", "<script", "<link", "@"] {
                assert!(!text.contains(word), "{word}");
            }
        }
    }
}
