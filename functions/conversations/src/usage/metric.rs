//! Which numbers of usage somebody asks for.

use serde::{Deserialize, Deserializer};
use shared::{domain::text::Fault, words};

use super::UsageOfDay;

words! {
    /// A number of a day, by its name in the reply; in the order of a table.
    pub enum Metric {
        /// Conversations that began.
        ConversationsOpened = "conversations_opened",
        /// Conversations that were closed.
        ConversationsClosed = "conversations_closed",
        /// Visitors in conversations that began.
        Visitors = "visitors",
        /// What visitors wrote.
        MessagesReceived = "messages_received",
        /// What was written to them.
        MessagesSent = "messages_sent",
        /// How long they waited for the first answer.
        FirstReply = "first_reply_p50_seconds",
        /// How long everything took.
        Resolution = "resolution_p50_seconds",
        /// Closed with answers of a flow alone.
        BotContained = "bot_contained",
        /// Led by a flow.
        ConversationsLed = "conversations_led",
        /// Flows that were made.
        FlowsCreated = "flows_created",
        /// Bytes of files.
        AttachmentBytes = "attachment_bytes",
        /// Answers to how content visitors are.
        Ratings = "ratings",
        /// How content they are.
        Rating = "rating_p50",
        /// Notifications that a device took.
        PushSent = "push_sent",
        /// Minutes in calls.
        CallMinutes = "call_minutes",
    }
}

/// The metrics of a request: a list with commas between them. Each once, in the order of a table.
#[derive(Debug)]
pub struct Metrics(pub Vec<Metric>);

impl Default for Metrics {
    fn default() -> Self {
        Self(Metric::ALL.to_vec())
    }
}

impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = String::deserialize(deserializer)?;
        let asked: Option<Vec<Metric>> = list.split(',').map(Metric::parse).collect();
        let asked = asked.ok_or_else(|| {
            let all: Vec<&str> = Metric::ALL.iter().map(|metric| metric.word()).collect();
            let detail = format!(
                "some of these, with commas between them: {}",
                all.join(", ")
            );
            serde::de::Error::custom(Fault::new("unknown_word", &detail))
        })?;
        let all = Metric::ALL.iter().copied();
        Ok(Self(all.filter(|metric| asked.contains(metric)).collect()))
    }
}

impl UsageOfDay {
    /// The number of this name, if it may be told.
    pub fn number(&self, metric: Metric) -> Option<u64> {
        match metric {
            Metric::ConversationsOpened => self.conversations_opened,
            Metric::ConversationsClosed => self.conversations_closed,
            Metric::Visitors => self.visitors,
            Metric::MessagesReceived => self.messages_received,
            Metric::MessagesSent => self.messages_sent,
            Metric::FirstReply => self.first_reply_p50_seconds,
            Metric::Resolution => self.resolution_p50_seconds,
            Metric::BotContained => self.bot_contained,
            Metric::ConversationsLed => self.conversations_led,
            Metric::FlowsCreated => self.flows_created,
            Metric::AttachmentBytes => self.attachment_bytes,
            Metric::Ratings => self.ratings,
            Metric::Rating => self.rating_p50,
            Metric::PushSent => self.push_sent,
            Metric::CallMinutes => self.call_minutes,
        }
    }
}
