//! What the mail service says afterwards of a mail that it took: it came back, or its reader
//! complained.
//!
//! SES publishes this to EventBridge, where nobody but AWS can speak as `aws.ses`. Of the event, which
//! repeats the address and the headers of the mail, only what is asked for here is read, and nothing
//! is stored. (docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html)

use serde::Serialize;
use serde_json::Value;

use crate::{
    domain::{InvitationId, WorkspaceId, text::Email},
    store::suppression::Reason,
};

/// The word for our mails among everything that an AWS account sends.
const CONFIGURATION_SET: &str = "ses:configuration-set";

/// How a mail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It came back, and so will the next one.
    Bounced,
    /// It came back this time: a full mailbox, a message too large.
    BouncedThisTime,
    /// Whoever got it called it unwanted.
    Complained,
}

impl Verdict {
    /// Why the address is not to be written to any more, if it is not.
    pub const fn suppresses(self) -> Option<Reason> {
        match self {
            Self::Bounced => Some(Reason::Bounced),
            Self::Complained => Some(Reason::Complained),
            Self::BouncedThisTime => None,
        }
    }
}

/// Which mail of an invitation it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvitationMail {
    /// Into which workspace.
    pub workspace: WorkspaceId,
    /// Which invitation.
    pub invitation: InvitationId,
    /// The first, the second, …: older ones say nothing about the newest.
    pub mail: u64,
}

/// What is heard of one mail.
#[derive(Debug)]
pub struct Feedback {
    /// How it ended.
    pub verdict: Verdict,
    /// For whom.
    pub addresses: Vec<Email>,
    /// Which invitation it was for, if it was for one.
    pub invitation: Option<InvitationMail>,
}

/// What was done about it, in counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Heard {
    /// Addresses that are not written to any more.
    pub suppressed: u64,
    /// Invitations whose team can see it.
    pub noted: u64,
}

impl Feedback {
    /// Whether an event comes from EventBridge, rather than from the table's stream.
    pub fn is(event: &Value) -> bool {
        event["detail-type"].is_string()
    }

    /// What an event says of a mail that went out under `configuration`; nothing when it is not
    /// SES's, not about a mail of ours, or about something else.
    pub fn read(event: &Value, configuration: &str) -> Option<Self> {
        let detail = &event["detail"];
        let tag = |name: &str| detail["mail"]["tags"][name][0].as_str();
        if event["source"] != "aws.ses" || tag(CONFIGURATION_SET) != Some(configuration) {
            return None;
        }
        let (bounce, complaint) = (&detail["bounce"], &detail["complaint"]);
        let (verdict, recipients) = match event["detail-type"].as_str()? {
            "Email Bounced" if bounce["bounceType"] == "Permanent" => {
                (Verdict::Bounced, &bounce["bouncedRecipients"])
            }
            "Email Bounced" => (Verdict::BouncedThisTime, &bounce["bouncedRecipients"]),
            // Somebody who takes a mail out of the spam folder is reported as well.
            "Email Complaint Received" if complaint["complaintFeedbackType"] != "not-spam" => {
                (Verdict::Complained, &complaint["complainedRecipients"])
            }
            _ => return None,
        };
        let recipients = recipients.as_array().into_iter().flatten();
        let address = |one: &Value| Email::parse(one["emailAddress"].as_str()?).ok();
        let invitation = || {
            Some(InvitationMail {
                workspace: tag("workspace")?.parse().ok()?,
                invitation: tag("invitation")?.parse().ok()?,
                mail: tag("mail")?.parse().ok()?,
            })
        };
        Some(Self {
            verdict,
            addresses: recipients.filter_map(address).collect(),
            invitation: invitation(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bounce(kind: &str) -> Value {
        json!({
            "source": "aws.ses", "detail-type": "Email Bounced",
            "detail": {
                "eventType": "Bounce",
                "bounce": {
                    "bounceType": kind,
                    "bouncedRecipients": [{ "emailAddress": "ada@example.com" }],
                },
                "mail": { "tags": { "ses:configuration-set": ["ours"] } },
            },
        })
    }

    fn complaint(kind: &str) -> Value {
        json!({
            "source": "aws.ses", "detail-type": "Email Complaint Received",
            "detail": {
                "complaint": {
                    "complaintFeedbackType": kind,
                    "complainedRecipients": [{ "emailAddress": "ada@example.com" }],
                },
                "mail": { "tags": { "ses:configuration-set": ["ours"] } },
            },
        })
    }

    fn verdict(event: &Value) -> Option<Verdict> {
        Feedback::read(event, "ours").map(|feedback| feedback.verdict)
    }

    #[test]
    fn a_mailbox_that_is_full_today_is_not_one_that_is_not_there() {
        assert_eq!(verdict(&bounce("Permanent")), Some(Verdict::Bounced));
        for kind in ["Transient", "Undetermined", ""] {
            assert_eq!(verdict(&bounce(kind)), Some(Verdict::BouncedThisTime));
        }
        assert_eq!(verdict(&complaint("abuse")), Some(Verdict::Complained));
        assert_eq!(verdict(&complaint("not-spam")), None);
    }

    #[test]
    fn what_is_not_of_ses_or_not_about_a_mail_of_ours_is_nothing() {
        let good = bounce("Permanent");
        assert!(Feedback::is(&good) && !Feedback::is(&json!({ "Records": [] })));
        type Plant = fn(&mut Value);
        let plants: [Plant; 6] = [
            |event| event["source"] = json!("shop.example"),
            |event| event["source"] = Value::Null,
            |event| event["detail-type"] = json!("Email Opened"),
            |event| event["detail"]["mail"]["tags"] = json!({}),
            |event| event["detail"]["mail"]["tags"][CONFIGURATION_SET] = json!(["theirs"]),
            |event| event["detail"] = json!("Bounce"),
        ];
        for plant in plants {
            let mut event = good.clone();
            plant(&mut event);
            assert_eq!(verdict(&event), None, "{event}");
        }
    }

    #[test]
    fn addresses_that_are_none_and_tags_that_are_odd_are_left_out() {
        let mut event = bounce("Permanent");
        event["detail"]["bounce"]["bouncedRecipients"] =
            json!([{ "emailAddress": "x" }, {}, { "emailAddress": "ada@example.com" }]);
        event["detail"]["mail"]["tags"]["invitation"] = json!(["nonsense"]);
        let feedback = Feedback::read(&event, "ours").expect("feedback");
        assert_eq!((feedback.addresses.len(), feedback.invitation), (1, None));
    }
}
