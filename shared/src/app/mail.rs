//! Mail out, through SES v2. Called from `outbox` only: a request handler never waits for mail.

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use aws_sdk_sesv2::{
    error::ProvideErrorMetadata,
    types::{Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::{clients, config::Config};
use crate::{
    domain::{
        InvitationId, WorkspaceId,
        announcement::AnnouncementClass,
        text::{Email, Headline},
    },
    store::meter::Meter,
};

/// What a mailbox program posts to end mail of a kind with one click (RFC 8058, 3.1).
pub const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

/// What a mail about a conversation begins with: what a reply has from here on was not said in it.
pub const ANSWER_ABOVE: &str = "--- Please write your answer above this line ---";

/// Who wrote a mail, as programs that answer by themselves want to know (RFC 3834, 5). What a person
/// wrote says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// A person.
    ByPerson,
    /// This program.
    ByProgram,
    /// This program, because somebody wrote.
    InReply,
}

impl Written {
    fn header(self) -> Option<(&'static str, String)> {
        let word = match self {
            Self::ByPerson => return None,
            Self::ByProgram => "auto-generated",
            Self::InReply => "auto-replied",
        };
        Some(("Auto-Submitted", word.to_owned()))
    }
}

/// One mail: text first, and the same in HTML without remote content.
pub struct Mail {
    /// Whom it goes to.
    pub to: Email,
    /// What it is for.
    pub kind: MailKind,
    /// The subject, a constant of ours: nothing a user typed.
    pub subject: &'static str,
    /// The text.
    pub text: String,
    /// The HTML.
    pub html: String,
}

/// What a mail is for: a closed list, because it says what is left out where mail is not wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailKind {
    /// What somebody asked to hear of, and can do without.
    AskedFor,
    /// A code that somebody asked for.
    Code,
    /// An invitation, and the how-manieth mail of it.
    Invitation(WorkspaceId, InvitationId, u64),
    /// What an account must know about itself.
    Notice,
    /// What became of a request about one's data: it is owed.
    Request,
    /// A link that somebody asked for.
    Reset,
}

impl MailKind {
    /// Whether it may be left out where mail came back or was called unwanted. What protects an
    /// account, or was asked for just now, is tried all the same.
    pub const fn may_be_left_out(self) -> bool {
        match self {
            Self::AskedFor | Self::Invitation(..) => true,
            Self::Code | Self::Notice | Self::Request | Self::Reset => false,
        }
    }

    /// What SES repeats when it tells what became of the mail: opaque ids, nothing else.
    fn tags(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Invitation(workspace, invitation, mail) => vec![
                ("workspace", workspace.to_string()),
                ("invitation", invitation.to_string()),
                ("mail", mail.to_string()),
            ],
            Self::AskedFor | Self::Code | Self::Notice | Self::Request | Self::Reset => Vec::new(),
        }
    }
}

/// One mail of many: what somebody typed is in it, and where it can be refused, the way out.
pub struct Announced {
    /// Whom it goes to.
    pub to: Email,
    /// What it is about: SES repeats it when it tells what became of the mail.
    pub class: AnnouncementClass,
    /// The subject: one line, as its type says.
    pub subject: Headline,
    /// The text.
    pub text: String,
    /// The HTML.
    pub html: String,
    /// Where one click ends mail of this kind (RFC 8058); none where it cannot be refused.
    pub way_out: Option<String>,
}

/// One mail of a conversation, which a person may answer.
pub struct Conversing {
    /// Whom it goes to.
    pub to: Email,
    /// The subject: a constant of ours, or one line that a flow says.
    pub subject: Cow<'static, str>,
    /// The text.
    pub text: String,
    /// The HTML.
    pub html: String,
    /// Where an answer comes in; nowhere without it.
    pub reply_to: Option<String>,
    /// Who wrote it.
    pub written: Written,
    /// Where one click ends such mail (RFC 8058); none where it cannot be refused.
    pub way_out: Option<String>,
}

/// Why SES did not take a mail.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It may take it later.
    #[error("SES is unavailable: {0}")]
    Unavailable(String),
    /// It never will.
    #[error("SES refused: {0}")]
    Refused(String),
}

/// What a mail has besides its words.
#[derive(Default)]
struct Extra {
    /// Headers that mailbox programs make something of.
    headers: Vec<(&'static str, String)>,
    /// What SES repeats when it tells what became of the mail.
    tags: Vec<(&'static str, String)>,
    /// Where an answer comes in.
    reply_to: Option<String>,
}

impl Extra {
    fn tagged(tags: Vec<(&'static str, String)>) -> Self {
        Self {
            headers: Written::ByProgram.header().into_iter().collect(),
            tags,
            ..Self::default()
        }
    }
}

/// The headers that mailbox programs make a button of (RFC 2369, RFC 8058).
fn unsubscribe(url: &str) -> [(&'static str, String); 2] {
    [
        ("List-Unsubscribe", format!("<{url}>")),
        ("List-Unsubscribe-Post", ONE_CLICK.to_owned()),
    ]
}

/// The sender.
#[derive(Clone)]
pub struct Mailer {
    config: Config,
    http: SharedHttpClient,
    meter: Meter,
    // Built on first use: most functions never send.
    client: Arc<OnceLock<aws_sdk_sesv2::Client>>,
}

impl Mailer {
    /// A sender from the configuration.
    pub fn new(config: &Config, http: SharedHttpClient, meter: Meter) -> Self {
        Self {
            config: config.clone(),
            http,
            meter,
            client: Arc::default(),
        }
    }

    /// Hands a mail to SES.
    pub async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let parts = (mail.subject, mail.text.as_str(), mail.html.as_str());
        self.hand_over(&mail.to, parts, Extra::tagged(mail.kind.tags()))
            .await
    }

    /// Hands a mail of a conversation to SES, with the address where an answer comes in.
    pub async fn converse(&self, mail: Conversing) -> Result<(), MailError> {
        let parts = (
            mail.subject.as_ref(),
            mail.text.as_str(),
            mail.html.as_str(),
        );
        let mut headers: Vec<_> = mail.written.header().into_iter().collect();
        headers.extend(
            mail.way_out
                .as_deref()
                .map(unsubscribe)
                .into_iter()
                .flatten(),
        );
        let extra = Extra {
            headers,
            reply_to: mail.reply_to,
            ..Extra::default()
        };
        self.hand_over(&mail.to, parts, extra).await
    }

    /// Hands a mail of many to SES, with the headers that mailbox programs make a button of
    /// (RFC 2369, RFC 8058).
    pub async fn announce(&self, mail: Announced) -> Result<(), MailError> {
        let mut headers: Vec<_> = Written::ByProgram.header().into_iter().collect();
        headers.extend(
            mail.way_out
                .as_deref()
                .map(unsubscribe)
                .into_iter()
                .flatten(),
        );
        let parts = (
            mail.subject.reveal(),
            mail.text.as_str(),
            mail.html.as_str(),
        );
        let extra = Extra {
            headers,
            tags: vec![("class", mail.class.word().to_owned())],
            ..Extra::default()
        };
        self.hand_over(&mail.to, parts, extra).await
    }

    async fn hand_over(
        &self,
        to: &Email,
        (subject, text, html): (&str, &str, &str),
        extra: Extra,
    ) -> Result<(), MailError> {
        let Extra {
            headers,
            tags,
            reply_to,
        } = extra;
        let client = self
            .client
            .get_or_init(|| clients::ses(&self.config, self.http.clone()));
        let refused = |_| MailError::Refused("a mail that could not be built".to_owned());
        let content = |data: &str| {
            Content::builder()
                .data(data)
                .charset("UTF-8")
                .build()
                .map_err(refused)
        };
        let body = Body::builder()
            .text(content(text)?)
            .html(content(html)?)
            .build();
        let mut message = Message::builder().subject(content(subject)?).body(body);
        for (name, value) in headers {
            let header = MessageHeader::builder().name(name).value(value).build();
            message = message.headers(header.map_err(refused)?);
        }
        let message = message.build();
        let tag = |(name, value)| MessageTag::builder().name(name).value(value).build();
        let tags = tags.into_iter().map(tag);
        let tags = tags.collect::<Result<_, _>>().map_err(refused)?;
        let begun = self.meter.begin("SendEmail");
        let answer = client
            .send_email()
            .from_email_address(&self.config.mail_from)
            .destination(Destination::builder().to_addresses(to.reveal()).build())
            .content(EmailContent::builder().simple(message).build())
            .configuration_set_name(&self.config.mail_configuration)
            .set_email_tags(Some(tags))
            .set_reply_to_addresses(reply_to.map(|address| vec![address]))
            .send()
            .await;
        self.meter.end_free(begun);
        let Err(error) = answer else { return Ok(()) };
        // The code only: SES's messages quote addresses.
        let code = error
            .as_service_error()
            .and_then(|e| e.code())
            .unwrap_or("no answer")
            .to_owned();
        match code.as_str() {
            "MessageRejected" | "BadRequestException" | "MailFromDomainNotVerifiedException" => {
                Err(MailError::Refused(code))
            }
            _ => Err(MailError::Unavailable(code)),
        }
    }
}
