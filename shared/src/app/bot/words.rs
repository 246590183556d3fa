//! What a flow says, as messages of a thread take it.

use aws_lc_rs::digest::{SHA256, digest};
use flow::node::{Card, Part};
use uuid::Uuid;

use crate::domain::{ConversationId, MessageId, Timestamp, text::Text};

/// The most characters of a message.
const TEXT_CHARS: usize = 10_000;

/// The id of what a flow says: it follows from the conversation and the place in the flow, so that the
/// same turn says the same thing once.
pub(super) fn message_id(conversation: ConversationId, key: &str, now: Timestamp) -> MessageId {
    let hash = digest(&SHA256, format!("{conversation}|{key}").as_bytes());
    let mut bytes = *MessageId::new(now).uuid().as_bytes();
    // The time stays in front, so that ids sort as others do.
    bytes[8..].copy_from_slice(&hash.as_ref()[..8]);
    bytes[6..8].copy_from_slice(&[0x70 | (hash.as_ref()[8] & 0x0f), hash.as_ref()[9]]);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    MessageId::from_uuid(Uuid::from_bytes(bytes))
}

/// A text as a message takes one; none where nothing is left.
pub(super) fn text(source: &str) -> Option<Text> {
    let kept = |c: &char| !c.is_control() || ['\n', '\t', '\r'].contains(c);
    let text: String = source.chars().filter(kept).take(TEXT_CHARS).collect();
    Text::parse(&text).ok()
}

/// What a flow says, in Markdown.
pub(super) fn markdown(part: &Part) -> String {
    match part {
        Part::Text { md } => md.clone(),
        Part::Image { url, alt } => format!("![{}]({url})", alt.as_deref().unwrap_or_default()),
        Part::File { url, name } => format!("[{}]({url})", name.as_deref().unwrap_or(url)),
        Part::Video { url } | Part::Audio { url } | Part::Embed { url } => url.clone(),
        Part::Cards { items } => items.iter().map(card).collect::<Vec<_>>().join("\n\n"),
    }
}

fn card(card: &Card) -> String {
    let title = match &card.url {
        Some(url) => format!("[{}]({url})", card.title),
        None => format!("**{}**", card.title),
    };
    let image = card.image.as_ref().map(|image| format!("![]({image})"));
    let lines = [Some(title), card.md.clone(), image];
    lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
}
