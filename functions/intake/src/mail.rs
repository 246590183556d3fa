//! What is in a mail, and what is no mail to answer.
//!
//! The bytes are a stranger's: they are parsed by a library in a thread of their own, whose stack is
//! as deep as the deepest nest that fits, and whose panic is a mail that cannot be read. Nothing of a
//! mail is kept but sender, subject and text.

use std::thread;

use mail_parser::{Address, Message, MessageParser};
use shared::{
    app::Config,
    domain::text::{Email, Text},
};

/// How much of a mail is read. What comes after it are attachments, which nobody keeps.
const MOST_BYTES: usize = 1024 * 1024;
/// Each part within a part takes some stack when it is dropped, and has 24 bytes at the least.
const STACK_BYTES: usize = 64 * 1024 * 1024;
/// Most characters of a text, see [`Text`].
const MOST_CHARS: usize = 10_000;
/// Most recipients of a mail that are looked at.
const MOST_RECIPIENTS: usize = 50;
/// Most characters of a Message-ID that are looked at: a line has no more (RFC 5322, 2.1.1).
const MOST_ID_CHARS: usize = 998;
/// Most characters of a subject that are read.
const MOST_SUBJECT_CHARS: usize = 200;

/// A mail that a person may have written.
pub struct Mail {
    /// Who it says it is from; nobody has proved that.
    pub from: Email,
    /// Whom it says it is to, in lower case: one of ours, perhaps with a label.
    pub to: Vec<String>,
    /// What its program calls it, and nobody else's mail (RFC 5322, 3.6.4).
    pub message_id: Option<String>,
    /// Who stands by it.
    pub vouched: Vouched,
    /// Subject and text, without attachments.
    pub text: Text,
    /// The text alone; none of a mail that has but a subject.
    pub body: Option<Text>,
    /// Whether there is more to it, which nobody keeps.
    pub files: Files,
}

/// Whether files came with a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// There were some, which are left out.
    LeftOut,
    /// There were none.
    None,
}

/// Who stands by what a mail says of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// The domain that it says it is from (DMARC, RFC 7489): whoever wrote it has a mailbox there.
    ByDomain,
    /// Nobody.
    ByNobody,
}

/// Why a mail is not read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A program wrote it by itself, or to many: who answers that makes a loop (RFC 3834, 2).
    Automatic,
    /// Harmful, spam, forged by the word of its own domain, without one sender, or no mail at all.
    Unwanted,
}

/// Reads a mail as SES wrote it.
///
/// # Errors
/// What is not to be answered.
pub fn read(bytes: Vec<u8>, config: &Config) -> Result<Mail, Refused> {
    let own = [
        Some(&config.mail_from),
        config.privacy_contact.as_ref(),
        config.support_contact.as_ref(),
        config.reply_contact.as_ref(),
    ];
    let own: Vec<String> = own
        .into_iter()
        .flatten()
        .map(|address| address.to_ascii_lowercase())
        .collect();
    let reader = thread::Builder::new().stack_size(STACK_BYTES);
    let reading = reader.spawn(move || judge(&bytes, &own));
    let read = reading.map(thread::JoinHandle::join);
    match read {
        Ok(Ok(read)) => read,
        _ => Err(Refused::Unwanted),
    }
}

/// The same on the thread of the caller; `own` are addresses that write by themselves. A fuzzer calls it.
///
/// # Errors
/// What is not to be answered.
pub fn judge(bytes: &[u8], own: &[String]) -> Result<Mail, Refused> {
    let is_cut = bytes.len() > MOST_BYTES;
    let bytes = bytes.get(..MOST_BYTES).unwrap_or(bytes);
    let message = MessageParser::new().parse(bytes).ok_or(Refused::Unwanted)?;
    if is_unwanted(&message) {
        return Err(Refused::Unwanted);
    }
    let from = one_sender(&message).ok_or(Refused::Unwanted)?;
    if is_automatic(&message) || own.contains(&from.identity()) {
        return Err(Refused::Automatic);
    }
    let subject: String = message.subject().unwrap_or_default().trim().into();
    let subject: String = subject.chars().take(MOST_SUBJECT_CHARS).collect();
    let body = message.body_text(0).unwrap_or_default();
    let text = Text::parse(&plain(&format!("{subject}\n\n{body}")));
    Ok(Mail {
        from,
        to: recipients(&message),
        message_id: message
            .message_id()
            .map(|id| id.chars().take(MOST_ID_CHARS).collect()),
        vouched: match dmarc(&message).as_deref() {
            Some("pass") => Vouched::ByDomain,
            _ => Vouched::ByNobody,
        },
        text: text.map_err(|_| Refused::Unwanted)?,
        body: Text::parse(&plain(&body)).ok(),
        files: match is_cut || message.attachment_count() > 0 {
            true => Files::LeftOut,
            false => Files::None,
        },
    })
}

/// The first header of a name, which is the one that was added last: those of SES stand before
/// whatever a sender has put there under the same name.
fn header<'m>(message: &'m Message<'_>, name: &str) -> Option<&'m str> {
    let headers = message.parts.first()?.headers.iter();
    let mut named = headers.filter(|header| header.name().eq_ignore_ascii_case(name));
    let header = named.next()?;
    let (start, end) = (header.offset_start as usize, header.offset_end as usize);
    let raw = message.raw_message.get(start..end)?;
    std::str::from_utf8(raw).ok().map(str::trim)
}

fn says(message: &Message<'_>, name: &str, words: &[&str]) -> bool {
    let value = header(message, name)
        .unwrap_or_default()
        .to_ascii_lowercase();
    words.iter().any(|word| value == *word)
}

/// What SES found: a virus, spam, or a sender whose own domain says that it was not there (DMARC).
/// (docs.aws.amazon.com/ses/latest/dg/receiving-email-concepts.html)
fn is_unwanted(message: &Message<'_>) -> bool {
    let found = |name: &str| says(message, name, &["fail"]);
    let forged = dmarc(message).as_deref() == Some("fail");
    found("X-SES-Virus-Verdict") || found("X-SES-Spam-Verdict") || forged
}

/// What SES found when it asked the domain of the sender, in lower case (RFC 8601).
fn dmarc(message: &Message<'_>) -> Option<String> {
    let results = header(message, "Authentication-Results")?;
    let results = results.split(';').filter_map(|result| {
        let (method, found) = result.split_whitespace().next()?.split_once('=')?;
        method.eq_ignore_ascii_case("dmarc").then_some(found)
    });
    results.map(str::to_ascii_lowercase).next()
}

/// Whom a mail names as its recipients, the first of them.
fn recipients(message: &Message<'_>) -> Vec<String> {
    let lists = [message.to(), message.cc()].into_iter().flatten();
    let all = lists.flat_map(Address::iter);
    let all = all.filter_map(|one| Some(one.address.as_deref()?.to_ascii_lowercase()));
    all.take(MOST_RECIPIENTS).collect()
}

/// What stands behind the plus of an address of a contact of ours.
pub fn label_of<'a>(to: &'a str, contact: &str) -> Option<&'a str> {
    let (name, host) = to.split_once('@')?;
    let (own_name, own_host) = contact.split_once('@')?;
    let (name, label) = name.split_once('+')?;
    let ours = name.eq_ignore_ascii_case(own_name) && host.eq_ignore_ascii_case(own_host);
    ours.then_some(label)
}

/// Whether a program wrote it: RFC 3834, what programs said before it, lists, and reports of mail
/// that came back, which have no sender to return to.
fn is_automatic(message: &Message<'_>) -> bool {
    let submitted = header(message, "Auto-Submitted").is_some_and(|value| {
        let word = value.split([';', ' ', '(']).next().unwrap_or_default();
        !word.eq_ignore_ascii_case("no")
    });
    let precedence = says(
        message,
        "Precedence",
        &["bulk", "junk", "list", "auto_reply"],
    );
    let program = [
        "List-Id",
        "X-Autoreply",
        "X-Autorespond",
        "X-Loop",
        "Feedback-ID",
    ];
    let returns_nowhere = says(message, "Return-Path", &["<>"]);
    submitted
        || precedence
        || returns_nowhere
        || program.iter().any(|name| header(message, name).is_some())
}

/// The one address that a mail says it is from.
fn one_sender(message: &Message<'_>) -> Option<Email> {
    let Address::List(list) = message.from()? else {
        return None;
    };
    let [only] = list.as_slice() else {
        return None;
    };
    Email::parse(only.address.as_deref()?).ok()
}

/// The text without what a [`Text`] must not hold, and no longer than one may be.
fn plain(text: &str) -> String {
    let kept = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    let text: String = text.trim().chars().filter(kept).take(MOST_CHARS).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_text(mail: &str) -> Result<Mail, Refused> {
        judge(mail.as_bytes(), &[])
    }

    fn text(mail: &str) -> String {
        let mail = read_text(mail).expect("a mail");
        mail.text.reveal().to_owned()
    }

    #[test]
    fn a_text_is_read_whatever_way_it_was_packed() {
        let from = "From: ada@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n";
        let packed = [
            "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: \
             quoted-printable\r\n\r\nSch=F6n",
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nU2Now7Zu",
            "Content-Type: text/html; charset=utf-8\r\n\r\n<p>Schön</p><script>no()</script>",
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: \
             multipart/alternative; boundary=c\r\n\r\n--c\r\nContent-Type: text/plain; \
             charset=utf-8\r\n\r\nSchön\r\n--c\r\nContent-Type: text/html\r\n\r\n<b>x</b>\r\n\
             --c--\r\n--b\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n--b--\r\n",
        ];
        for body in packed {
            assert_eq!(text(&format!("{from}{body}")), "Grüße\n\nSchön", "{body}");
        }
    }

    #[test]
    fn a_nest_as_deep_as_a_mail_can_hold_ends_nobody() {
        let deep = "Content-Type:message/rfc822\n\n".repeat(MOST_BYTES / 28);
        let mail = format!("From: ada@example.com\n{deep}");
        let config = thread::Builder::new().stack_size(STACK_BYTES);
        let read = config.spawn(move || read_text(&mail).is_ok());
        // What is in it does not matter; that somebody is left to say so does.
        let _ = read.expect("a thread").join().expect("no overflow");
    }

    #[test]
    fn the_word_of_ses_stands_before_that_of_the_sender() {
        let found = |first: &str, then: &str| {
            let mail = format!(
                "X-SES-Virus-Verdict: {first}\r\nX-SES-Virus-Verdict: {then}\r\n\
                 From: ada@example.com\r\n\r\nHello"
            );
            read_text(&mail).err()
        };
        assert_eq!(found("FAIL", "PASS"), Some(Refused::Unwanted));
        assert_eq!(found("PASS", "FAIL"), None);
        assert_eq!(found("GRAY", "FAIL"), None);
    }

    #[test]
    fn what_came_back_has_nowhere_to_return_to() {
        let bounce = "Return-Path: <>\r\nFrom: MAILER-DAEMON@example.com\r\n\r\nUndelivered";
        assert_eq!(read_text(bounce).err(), Some(Refused::Automatic));
        let person = "Return-Path: <ada@example.com>\r\nFrom: ada@example.com\r\n\r\nHello";
        assert!(read_text(person).is_ok());
    }

    #[test]
    fn a_mail_has_one_sender_and_something_to_say() {
        for mail in [
            "",
            "\r\n\r\n",
            "Subject: x\r\n\r\nHello",
            "From: nobody\r\n\r\nHello",
            "From: ada@example.com, eve@example.com\r\n\r\nHello",
            "From: ada@example.com\r\n\r\n \r\n",
        ] {
            assert_eq!(read_text(mail).err(), Some(Refused::Unwanted), "{mail}");
        }
        assert_eq!(text("From: ada@example.com\r\nSubject: Hi\r\n\r\n"), "Hi");
    }

    #[test]
    fn the_word_of_the_domain_is_that_of_ses() {
        let vouched = |results: &str| {
            let mail = format!(
                "Authentication-Results: {results}\r\nAuthentication-Results: x; dmarc=pass\r\n\
                 From: ada@example.com\r\n\r\nHello"
            );
            read_text(&mail).expect("a mail").vouched
        };
        let pass = "amazonses.com;\r\n spf=fail;\r\n DMARC=pass header.from=example.com;";
        assert_eq!(vouched(pass), Vouched::ByDomain);
        for other in ["amazonses.com; spf=pass", "amazonses.com; dmarc=none", ""] {
            assert_eq!(vouched(other), Vouched::ByNobody, "{other}");
        }
    }

    #[test]
    fn a_long_text_is_cut_where_a_text_ends() {
        let long = "ä".repeat(3 * MOST_CHARS);
        let mail = format!(
            "From: ada@example.com\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{long}"
        );
        assert_eq!(text(&mail).chars().count(), MOST_CHARS);
    }

    proptest! {
        #[test]
        fn no_bytes_are_more_than_a_mail_that_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let _ = thread::spawn(move || judge(&bytes, &[])).join();
        }

        #[test]
        fn no_mix_of_the_words_of_mail_is_either(
            words in prop::collection::vec(
                prop::sample::select(vec![
                    "From: ", "ada@example.com", "\r\n", "\n", "\r\n\r\n", "Content-Type: ", "multipart/mixed; ",
                    "boundary=b", "--b", "--b--", "message/rfc822", "text/html", "; charset=", "utf-7", "utf-16",
                    "iso-2022-jp", "base64", "Content-Transfer-Encoding: ", "quoted-printable", "=C3", "=?utf-8?b?",
                    "?=", "<", ">", "(", ")", "\"", "\u{0}", "ä", "AAAA", "Subject: ", "Return-Path: ", "<>",
                ]),
                0..200,
            )
        ) {
            let mail = words.concat();
            let read = thread::spawn(move || judge(mail.as_bytes(), &[]).is_ok()).join();
            prop_assert!(read.is_ok() || cfg!(debug_assertions));
        }
    }
}
