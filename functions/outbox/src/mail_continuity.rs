//! A visitor is away, and has not read what the team wrote: first the look that is taken after a while,
//! then the mail.
//!
//! The mail is made of the messages as they are now: what was deleted or blacked out meanwhile is not in
//! it, nor what the visitor has read since. Its address for replies leads back into the conversation.
//! Between the mail service's yes and the note that the mail is settled lies the one moment in which it
//! may go out twice.

use shared::{
    app::{App, Conversing, MailError, Written, mail::ANSWER_ABOVE},
    domain::{
        ContactId, ConversationId, WorkspaceId,
        policy::{Lens, VisitorMail},
        text::{Email, Name, Text},
    },
    store::{
        Field, Item, Record as _, SubjectId,
        continuity::{Continuity, MOST_MESSAGES, ReplyLabel, ThreadWayOut, reply_address},
        conversation::Conversation,
        message::{Audience, Message, MessageKind, Span},
    },
};

use crate::{
    failure::Failure,
    image,
    letter::{self, Part},
    opened::Opened,
};

const SUBJECT: &str = "New messages in your chat";
/// How many messages are read at once.
const PAGE: u16 = 100;

/// Whether a head shows more that was written to the visitor than the one before it.
pub fn is_written_to(new: &Item, old: Option<&Item>) -> bool {
    let written = |item: &Item| u64::read(item.get("out_seq")).unwrap_or_default();
    image::kind(new) == Some(Conversation::DECLARATION.name)
        && written(new) > old.map_or(0, written)
}

/// Has somebody look after a while whether the visitor has read it.
pub async fn arm(app: &App, head: &Item) -> Result<(), Failure> {
    if app.config.reply_contact.is_none() {
        return Ok(());
    }
    let Some((place, contact)) = ids(head, "id") else {
        return Ok(());
    };
    let now = app.clock.now();
    app.store.await_reader(place, contact, now).await?;
    Ok(())
}

/// Which conversation an image is about, and with whom.
fn ids(item: &Item, conversation: &str) -> Option<((WorkspaceId, ConversationId), ContactId)> {
    let field = |name| image::text(item, name);
    let place = (
        field("workspace")?.parse().ok()?,
        field(conversation)?.parse().ok()?,
    );
    Some((place, field("contact")?.parse().ok()?))
}

/// Takes the address for replies along that a row of mail about a conversation had.
pub async fn forget(app: &App, row: &Item) -> Result<(), Failure> {
    if let Some(address) = reply_address(row) {
        app.store.delete(address).await?;
    }
    Ok(())
}

/// Mails what a row asks for, if nobody has settled it yet.
pub async fn send(app: &App, row: &Item) -> Result<(), Failure> {
    let count = |name| u64::read(row.get(name)).unwrap_or_default();
    // What an image says may be old: only that it asks for something counts.
    let Some((place, contact)) =
        ids(row, "conversation").filter(|_| count("settled") < count("mails"))
    else {
        return Ok(());
    };
    let now = app.clock.now();
    let Some(opened) = Opened::read(app, place, contact, Vec::new(), now).await? else {
        return Ok(());
    };
    let Some(waiting) = opened.scene.row.clone() else {
        return Ok(());
    };
    if waiting.settled >= waiting.mails {
        return Ok(());
    }
    let mut address = None;
    if let Some((mail, label)) = opened.mail(app, &waiting).await? {
        let known_as = label.address(&opened.tenant_key);
        if app
            .store
            .open_reply_address(&opened.scene, known_as, now)
            .await?
        {
            address = Some(known_as);
            match app.mailer.converse(mail).await {
                Ok(()) => {}
                Err(error @ MailError::Refused(_)) => {
                    tracing::warn!(cause = %error, "mail about a conversation was refused");
                }
                Err(error @ MailError::Unavailable(_)) => return Err(error.into()),
            }
        }
    }
    let settled = (waiting.mails, address);
    app.store.settle_mail(place, contact, settled, now).await?;
    Ok(())
}

impl Opened {
    /// The mail, if there is still something to tell and somebody who wants it.
    async fn mail(
        &self,
        app: &App,
        row: &Continuity,
    ) -> Result<Option<(Conversing, ReplyLabel)>, Failure> {
        let Self { scene, profile, .. } = self;
        let email = profile.as_ref().and_then(|profile| profile.email.clone());
        let Some(to) = email else {
            return Ok(None);
        };
        let Some((name, host)) = app.config.reply_contact.as_deref().and_then(split) else {
            return Ok(None);
        };
        if !scene.may_be_mailed(self.now) {
            return Ok(None);
        }
        let told = self.told(app, row).await?;
        if told.is_empty() {
            return Ok(None);
        }
        let platform_key = image::platform_key(app).await?;
        let suppressed = app.store.suppressed(&platform_key, &to, self.now).await?;
        if suppressed.is_some() {
            return Ok(None);
        }
        let (workspace, contact) = (row.workspace, row.contact);
        let label = ReplyLabel::new(&self.tenant_key, (workspace, row.conversation), contact);
        let way_out = ThreadWayOut { workspace, contact }.token(&platform_key);
        let letter = Letter {
            told: &told,
            team: self.name.as_ref(),
            says: scene.policy.visitor_mail,
            way_out: format!("{}/unsubscribe?token={way_out}", app.config.issuer),
            reply_to: format!("{name}+{}@{host}", label.write()),
        };
        Ok(Some((letter.write(to), label)))
    }

    /// What the team wrote and the visitor has not read: nothing that stands before the visitor's own
    /// last word, which they wrote having it before them.
    async fn told(&self, app: &App, row: &Continuity) -> Result<Vec<Message>, Failure> {
        let head = &self.scene.head;
        let lens = Lens {
            now: self.now,
            policy: &self.scene.policy,
        };
        let mut told = Vec::new();
        let mut after = row.from_seq.max(head.visitor_read_seq);
        while after < row.until_seq {
            let page = app
                .store
                .messages(head, Span::After(after), PAGE, &self.key, lens)
                .await?
                .messages;
            let Some(last) = page.last().map(|message| message.seq) else {
                break;
            };
            after = last;
            for message in page {
                if message.seq > row.until_seq {
                    break;
                }
                match message.author {
                    Some(SubjectId::Contact(_)) => told.clear(),
                    Some(SubjectId::Member(_) | SubjectId::Key(_)) if is_told(&message) => {
                        told.push(message);
                    }
                    _ => {}
                }
            }
        }
        Ok(told)
    }
}

fn is_told(message: &Message) -> bool {
    message.message_kind == MessageKind::Text
        && message.audience == Audience::Both
        && message.deleted_at.is_none()
        && (message.text.is_some() || message.files.iter().next().is_some())
}

fn split(address: &str) -> Option<(&str, &str)> {
    address.split_once('@')
}

/// A mail about a conversation, before it is written.
struct Letter<'a> {
    told: &'a [Message],
    team: Option<&'a Name>,
    says: VisitorMail,
    way_out: String,
    reply_to: String,
}

impl Letter<'_> {
    fn write(self, to: Email) -> Conversing {
        let team = self.team.map_or("the team", Name::reveal);
        let count = self.told.len();
        let opening = match count {
            1 => format!("there is a new message from {team} for you:"),
            _ => format!("there are {count} new messages from {team} for you:"),
        };
        let brief = match count {
            1 => format!("there is a new message from {team} for you in your chat."),
            _ => format!("there are {count} new messages from {team} for you in your chat."),
        };
        let left_out = count.saturating_sub(MOST_MESSAGES);
        let earlier = format!("({left_out} earlier ones are in the chat.)");
        let mut parts = vec![Part::Says(ANSWER_ABOVE), Part::Says("Hello,")];
        if self.says == VisitorMail::Messages {
            parts.push(Part::Says(&opening));
            if left_out > 0 {
                parts.push(Part::Says(&earlier));
            }
            for (at, message) in self.told.iter().skip(left_out).enumerate() {
                if at > 0 {
                    parts.push(Part::Says("* * *"));
                }
                let text = message.text.as_ref().map_or("", Text::reveal);
                let paragraphs = text.split("\n\n").filter(|text| !text.trim().is_empty());
                parts.extend(paragraphs.map(Part::Says));
                if message.files.iter().next().is_some() {
                    parts.push(Part::Says("(A file came with it, which is in the chat.)"));
                }
            }
        } else {
            parts.push(Part::Says(&brief));
        }
        parts.extend([
            Part::Says(
                "Answer this mail, and your answer comes into the chat; files do not. Or open the chat \
                 where you began it.",
            ),
            Part::Says(
                "You get this because your address was given in the chat and you were away. This page ends \
                 such mail:",
            ),
            Part::Leads(&self.way_out),
        ]);
        Conversing {
            to,
            subject: SUBJECT.into(),
            text: letter::text(&parts),
            html: letter::html(&parts),
            reply_to: Some(self.reply_to),
            written: Written::ByProgram,
            way_out: Some(self.way_out),
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::Timestamp;

    use super::*;

    fn said(seq: u64, text: &str) -> Message {
        let now = Timestamp::from_ms(1_768_478_400_000);
        Message {
            seq,
            text: Text::parse(text).ok(),
            ..Message::blank(WorkspaceId::new(now), ConversationId::new(now), now)
        }
    }

    fn mail(told: &[Message], says: VisitorMail) -> Conversing {
        let team = Name::parse("<Shop>").expect("a name");
        let letter = Letter {
            told,
            team: Some(&team),
            says,
            way_out: "https://api.example/unsubscribe?token=ur_x".to_owned(),
            reply_to: "reply+x@example.com".to_owned(),
        };
        letter.write(Email::parse("ada@example.com").expect("an address"))
    }

    #[test]
    fn a_mail_holds_the_last_ten_and_says_how_many_it_leaves_out() {
        let told: Vec<Message> = (1..=12)
            .map(|seq| said(seq, &format!("word {seq}")))
            .collect();
        let mail = mail(&told, VisitorMail::Messages);
        assert!(
            mail.text.contains("12 new messages from <Shop>"),
            "{}",
            mail.text
        );
        assert!(mail.text.contains("(2 earlier ones are in the chat.)"));
        let words: Vec<&str> = mail
            .text
            .lines()
            .filter(|line| line.starts_with("word"))
            .collect();
        assert_eq!((words.len(), words[0], words[9]), (10, "word 3", "word 12"));
        assert!(mail.text.starts_with(ANSWER_ABOVE));
    }

    #[test]
    fn a_notice_says_nothing_of_what_was_written_and_markup_stays_words() {
        let told = [said(1, "CANARY <script>")];
        let brief = mail(&told, VisitorMail::Notice);
        assert!(!brief.text.contains("CANARY") && !brief.html.contains("CANARY"));
        let whole = mail(&told, VisitorMail::Messages);
        assert!(
            whole.html.contains("CANARY &lt;script&gt;"),
            "{}",
            whole.html
        );
        for word in ["<img", "<script", "<link", "src="] {
            assert!(!whole.html.contains(word), "{word}");
        }
    }
}
