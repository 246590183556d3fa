//! Mail that comes in, as SES takes it: a rule finds the desk of the recipient, SES looks the mail
//! through, puts what it found before its headers, and writes it into the bucket.
//!
//! As SES does, it takes `name+anything@` for `name@`. What it finds is what whoever sends the mail says
//! it should: there is nobody here whom it could ask.
//! (docs.aws.amazon.com/ses/latest/dg/receiving-email-receipt-rules-console-walkthrough.html)

use bytes::Bytes;
use mail_parser::MessageParser;
use serde::Serialize;
use shared::store::keys::Desk;

use crate::objects::{Objects, Only};
use crate::seed::random_uuid;

/// Where a person answers about privacy.
pub const PRIVACY_CONTACT: &str = "privacy@example.com";
/// Where questions come in.
pub const SUPPORT_CONTACT: &str = "support@example.com";
/// Where visitors answer mail about their conversations, behind a plus.
pub const REPLY_CONTACT: &str = "reply@example.com";
/// Most bytes of a mail that SES takes.
pub const MOST_BYTES: usize = 40 * 1024 * 1024;

/// The desks, and the addresses that mail comes to.
const DESKS: [(&str, Desk); 3] = [
    (SUPPORT_CONTACT, Desk::Support),
    (PRIVACY_CONTACT, Desk::Privacy),
    (REPLY_CONTACT, Desk::Reply),
];

/// What SES finds in a mail: `PASS`, `FAIL`, or its other words.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Whether it is spam.
    pub spam: &'static str,
    /// Whether it is harmful.
    pub virus: &'static str,
    /// Whether the domain of the sender stands by it (RFC 7489).
    pub dmarc: &'static str,
}

impl Default for Found {
    fn default() -> Self {
        Self {
            spam: "PASS",
            virus: "PASS",
            dmarc: "pass",
        }
    }
}

/// Where a mail lies that came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Received {
    /// The bucket.
    pub bucket: String,
    /// The name of the object.
    pub key: String,
    /// Its version.
    pub version: String,
}

/// Why a mail does not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Bounced {
    /// No rule takes mail to any of its recipients.
    #[error("no desk takes mail to this address")]
    NoDesk,
    /// It has no recipient or no sender, or is longer than SES takes.
    #[error("this is not a mail")]
    NoMail,
}

/// The addresses at which somebody may write, with the words of their desks.
pub fn desks() -> impl Iterator<Item = &'static str> {
    DESKS.iter().map(|(address, _)| *address)
}

/// Takes a mail (RFC 5322) to whoever its `To` and `Cc` name; says where it lies.
///
/// # Errors
/// When SES would not take it.
pub fn receive(
    objects: &Objects,
    bucket: &str,
    mail: &[u8],
    found: Found,
) -> Result<Vec<Received>, Bounced> {
    let parsed = MessageParser::new().parse(mail);
    let parsed = parsed.filter(|_| mail.len() <= MOST_BYTES);
    let parsed = parsed.ok_or(Bounced::NoMail)?;
    let addresses = |list: Option<&mail_parser::Address<'_>>| -> Vec<String> {
        let all = list.into_iter().flat_map(mail_parser::Address::iter);
        all.filter_map(|one| Some(one.address.as_deref()?.to_ascii_lowercase()))
            .collect()
    };
    let from = addresses(parsed.from());
    let from = from.first().ok_or(Bounced::NoMail)?;
    let to = [addresses(parsed.to()), addresses(parsed.cc())].concat();
    let mut received = Vec::new();
    for (address, desk) in DESKS {
        let Some(recipient) = to.iter().find(|to| without_label(to) == address) else {
            continue;
        };
        let id = random_uuid().replace('-', "");
        let name = format!("mail/{}/{id}", desk.word());
        let mut whole = headers(&id, from, recipient, found).into_bytes();
        whole.extend_from_slice(mail);
        let put = objects.put(bucket, &name, None, Bytes::from(whole), Only::Any);
        let head = put.ok().flatten().ok_or(Bounced::NoDesk)?;
        received.push(Received {
            bucket: head.bucket,
            key: head.key,
            version: head.id,
        });
    }
    match received.is_empty() {
        true => Err(Bounced::NoDesk),
        false => Ok(received),
    }
}

fn without_label(address: &str) -> String {
    match address.split_once('@') {
        Some((name, host)) => {
            let name = name.split_once('+').map_or(name, |(name, _)| name);
            format!("{name}@{host}")
        }
        None => address.to_owned(),
    }
}

/// What SES puts before a mail.
fn headers(id: &str, from: &str, to: &str, found: Found) -> String {
    let domain = from.rsplit('@').next().unwrap_or_default();
    let Found { spam, virus, dmarc } = found;
    [
        format!("Return-Path: <{from}>"),
        format!(
            "Received: from mail.{domain} (mail.{domain} [192.0.2.1])\r\n \
             by inbound-smtp.us-east-1.amazonaws.com with SMTP id {id}\r\n for {to};\r\n \
             Thu, 15 Jan 2026 12:00:00 +0000 (UTC)"
        ),
        format!("X-SES-Spam-Verdict: {spam}"),
        format!("X-SES-Virus-Verdict: {virus}"),
        format!(
            "Received-SPF: pass (spfCheck: domain of {domain} designates 192.0.2.1 as permitted sender)"
        ),
        format!(
            "Authentication-Results: amazonses.com;\r\n spf=pass (spfCheck: domain of {domain});\r\n \
             dkim=pass header.i=@{domain};\r\n dmarc={dmarc} header.from={domain};"
        ),
    ]
    .map(|line| line + "\r\n")
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_leads_to_the_same_desk() {
        assert_eq!(without_label("privacy+x.y@example.com"), PRIVACY_CONTACT);
        assert_eq!(without_label(PRIVACY_CONTACT), PRIVACY_CONTACT);
        assert_ne!(without_label("privacyx@example.com"), PRIVACY_CONTACT);
    }
}
