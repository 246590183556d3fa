//! A code was asked for: the mail with it.
//!
//! The code is computed from the challenge and stands nowhere but in the mail. No mail goes out for
//! an address without an account, nor for a challenge that was answered or has expired by now.

use shared::{
    app::{App, Mail, MailKind},
    domain::{retention::CHALLENGE_LIFETIME, text::Email},
    store::{
        Item,
        account::{Challenge, ChallengePurpose},
    },
};

use crate::{
    failure::Failure,
    image,
    letter::{self, Part},
    post::post,
};

const SUBJECT: &str = "Your Sotto code";

/// Mails the code of a new challenge.
pub async fn send(app: &App, item: &Item) -> Result<(), Failure> {
    let Some((challenge, tenant_key)) = image::open::<Challenge>(app, item).await? else {
        return Ok(());
    };
    if !challenge.deliver {
        return Ok(());
    }
    let code = challenge.code(&tenant_key);
    post(app, mail(challenge.email, challenge.purpose, &code))
        .await?
        .done()
}

fn mail(to: Email, purpose: ChallengePurpose, code: &str) -> Mail {
    let opening = match purpose {
        ChallengePurpose::SignUp => "Welcome! This code makes your Sotto account:",
        ChallengePurpose::ChangeAddress => "This code gives your Sotto account this address:",
        ChallengePurpose::SignIn => "This code signs you in to Sotto:",
        ChallengePurpose::HasAccount => {
            "Somebody, probably you, wanted to make a Sotto account with this address. You \
             have one already. This code signs you in to it:"
        }
    };
    let minutes = CHALLENGE_LIFETIME.as_secs() / 60;
    let closing =
        format!("It is good once, for {minutes} minutes. Give it to nobody: we never ask for it.");
    let letter = [
        Part::Says("Hello,"),
        Part::Says(opening),
        Part::Shows(code),
        Part::Says(&closing),
        Part::Says(
            "You did not ask for it? Then ignore this mail. Without the code nobody gets in.",
        ),
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

    fn written(purpose: ChallengePurpose) -> Mail {
        mail(
            Email::parse("ada@example.com").expect("an address"),
            purpose,
            "01234567",
        )
    }

    #[test]
    fn the_code_stands_alone_on_a_line_of_the_text_and_once_in_the_html() {
        for purpose in ChallengePurpose::ALL {
            let mail = written(*purpose);
            assert_eq!(
                mail.text.lines().filter(|line| *line == "01234567").count(),
                1
            );
            assert_eq!(mail.text.matches("01234567").count(), 1);
            assert_eq!(mail.html.matches("01234567").count(), 1);
            assert_eq!(mail.subject, "Your Sotto code");
        }
    }

    #[test]
    fn the_mail_loads_nothing_leads_nowhere_and_repeats_no_address() {
        for purpose in ChallengePurpose::ALL {
            let mail = written(*purpose);
            for text in [&mail.text, &mail.html] {
                for word in ["http", "src=", "<img", "<script", "<link", "@"] {
                    assert!(!text.contains(word), "{word}");
                }
            }
        }
    }

    #[test]
    fn each_purpose_has_its_own_words() {
        let texts: std::collections::HashSet<String> = ChallengePurpose::ALL
            .iter()
            .map(|purpose| written(*purpose).text)
            .collect();
        assert_eq!(texts.len(), 4);
        assert!(
            written(ChallengePurpose::HasAccount)
                .text
                .contains("already")
        );
    }
}
