//! What SES says afterwards of the mails it took, and the bus that brings it to whoever asked.
//!
//! SES has mailboxes that behave badly on purpose; the same addresses do so here: `bounce@`,
//! `suppressionlist@` and `complaint@simulator.amazonses.com`, with any `+label`
//! (docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html). Mail without a configuration
//! set is not told of, as on AWS. Unlike AWS, the bus gives an event up after a few tries.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::functions::{Function, Functions};
use crate::mail::{Mail, Mailbox};
use crate::objects::Objects;
use crate::seed::random_uuid;
use crate::streams::Drained;
use crate::template::{Rule, Template};
use crate::{ACCOUNT, REGION};

/// Where the mailboxes of the simulator are.
const SIMULATOR: &str = "simulator.amazonses.com";
/// How often the background looks for news.
const POLL: Duration = Duration::from_millis(100);
/// How often an event is delivered that its function refuses.
const ATTEMPTS: u32 = 3;

/// Under which name a mail goes out, and what is repeated of it when it is told of.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Under {
    configuration_set_name: Option<String>,
    email_tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    name: String,
    value: String,
}

/// What SES publishes about a mail, in EventBridge's envelope.
pub fn events(mail: &Mail, under: &Under) -> Vec<Value> {
    let Some(set) = under.configuration_set_name.as_deref() else {
        return Vec::new();
    };
    mail.to
        .iter()
        .filter_map(|to| {
            let (name, what) = verdict(to)?;
            let mut detail = what;
            detail.insert("mail".into(), about(mail, set, under));
            Some(json!({
                "version": "0", "id": random_uuid(), "detail-type": name, "source": "aws.ses",
                "account": ACCOUNT, "time": mail.sent_at, "region": REGION,
                "resources": [format!("arn:aws:ses:{REGION}:{ACCOUNT}:configuration-set/{set}")],
                "detail": detail,
            }))
        })
        .collect()
}

/// What the simulator does with a mail to this address: the name of the event, and its own part.
fn verdict(to: &str) -> Option<(&'static str, Map<String, Value>)> {
    let (user, host) = to.split_once('@')?;
    if !host.eq_ignore_ascii_case(SIMULATOR) {
        return None;
    }
    let bounce = |kind: &str, subtype: &str| {
        let recipient = json!({
            "emailAddress": to, "action": "failed", "status": "5.1.1",
            "diagnosticCode": "smtp; 550 5.1.1 user unknown",
        });
        json!({
            "eventType": "Bounce",
            "bounce": {
                "bounceType": kind, "bounceSubType": subtype, "bouncedRecipients": [recipient],
                "feedbackId": random_uuid(), "reportingMTA": "dsn; embedded",
            },
        })
    };
    let (name, value) = match user.split('+').next()?.to_ascii_lowercase().as_str() {
        "bounce" => ("Email Bounced", bounce("Permanent", "General")),
        "suppressionlist" => ("Email Bounced", bounce("Permanent", "Suppressed")),
        "complaint" => (
            "Email Complaint Received",
            json!({
                "eventType": "Complaint",
                "complaint": {
                    "complainedRecipients": [{ "emailAddress": to }],
                    "complaintFeedbackType": "abuse", "feedbackId": random_uuid(),
                    "complaintSubType": null, "userAgent": "Amazon SES Mailbox Simulator",
                },
            }),
        ),
        _ => return None,
    };
    match value {
        Value::Object(map) => Some((name, map)),
        _ => None,
    }
}

/// The mail itself, with its headers, as SES repeats it.
fn about(mail: &Mail, set: &str, under: &Under) -> Value {
    let mut tags: Map<String, Value> = under
        .email_tags
        .iter()
        .map(|tag| (tag.name.clone(), json!([tag.value])))
        .collect();
    tags.insert("ses:configuration-set".into(), json!([set]));
    tags.insert("ses:from-domain".into(), json!([host(&mail.from)]));
    let header = |name: &str, value: &str| json!({ "name": name, "value": value });
    json!({
        "timestamp": mail.sent_at, "source": mail.from, "sendingAccountId": ACCOUNT,
        "messageId": format!("embedded-{:08}", mail.id), "destination": mail.to,
        "headersTruncated": false,
        "headers": [
            header("From", &mail.from),
            header("To", &mail.to.join(", ")),
            header("Subject", &mail.subject),
        ],
        "commonHeaders": { "from": [mail.from], "to": mail.to, "subject": mail.subject },
        "tags": tags,
    })
}

fn host(address: &str) -> &str {
    address.rsplit('@').next().unwrap_or_default()
}

/// The bus: events of the mail service, of S3 and of the scanner to the functions whose rules want
/// them. Clones are one bus.
#[derive(Clone)]
pub struct Bus {
    mailbox: Mailbox,
    objects: Option<Objects>,
    rules: Vec<(Rule, Function)>,
}

impl Bus {
    /// The bus of a template. Without `objects` nobody hears of what comes into a bucket.
    pub fn new(
        template: &Template,
        functions: &Functions,
        mailbox: Mailbox,
        objects: Option<Objects>,
    ) -> Self {
        let rules = template.rules.iter().filter_map(|rule| {
            let function = functions.by_id(&rule.function)?;
            Some((rule.clone(), function.clone()))
        });
        Self {
            mailbox,
            objects,
            rules: rules.collect(),
        }
    }

    /// Delivers everything there is now.
    pub async fn deliver(&self) -> Drained {
        let mut drained = Drained::default();
        let next = || {
            let mail = self.mailbox.next_feedback();
            mail.or_else(|| self.objects.as_ref()?.next_event())
        };
        while let Some(event) = next() {
            for (rule, function) in &self.rules {
                if rule.pattern.fits(&event) {
                    match tell(function, &event).await {
                        true => drained.delivered += 1,
                        false => drained.given_up += 1,
                    }
                }
            }
        }
        drained
    }

    /// Delivers for as long as the stack runs.
    pub async fn run(self) {
        loop {
            self.deliver().await;
            tokio::time::sleep(POLL).await;
        }
    }
}

async fn tell(function: &Function, event: &Value) -> bool {
    let id = event["id"].as_str().unwrap_or_default();
    for _ in 0..ATTEMPTS {
        let sent = event.to_string().into_bytes();
        if function.invoke(sent, id).await.is_ok() {
            return true;
        }
    }
    tracing::error!(function = %function.id(), "an event was given up");
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(to: &str) -> Mail {
        Mail {
            id: 1,
            sent_at: shared::domain::Timestamp::from_ms(1_768_478_400_000),
            from: "sotto@example.com".into(),
            to: vec![to.into()],
            subject: "Hello".into(),
            text: String::new(),
            html: None,
            headers: std::collections::BTreeMap::new(),
        }
    }

    fn under(set: Option<&str>) -> Under {
        Under {
            configuration_set_name: set.map(str::to_owned),
            email_tags: Vec::new(),
        }
    }

    #[test]
    fn the_simulators_mailboxes_are_told_of_and_no_others_and_only_under_a_configuration_set() {
        let types = |to: &str, set| -> Vec<String> {
            let told = events(&mail(to), &under(set));
            let name = |event: &Value| event["detail-type"].as_str().map(str::to_owned);
            told.iter().filter_map(name).collect()
        };
        let simulated = |user: &str| format!("{user}@{SIMULATOR}");
        for (user, name) in [
            ("bounce", "Email Bounced"),
            ("bounce+ada", "Email Bounced"),
            ("suppressionlist", "Email Bounced"),
            ("complaint+x", "Email Complaint Received"),
        ] {
            assert_eq!(types(&simulated(user), Some("ours")), [name]);
            assert_eq!(types(&simulated(user), None), [""; 0]);
        }
        for to in [&simulated("success"), "bounce@example.com"] {
            assert_eq!(types(to, Some("ours")), [""; 0]);
        }
    }
}
