//! A transcript as plain text. What somebody wrote is indented, so that no message can look like
//! another entry.

use super::{
    document::{Document, Line, Says},
    words,
};

/// The text of a document.
pub fn write(document: &Document) -> String {
    let mut text = format!(
        "{}\n{}\n",
        words::title(document.conversation),
        words::began(document.created_at)
    );
    if document.older_ended {
        text.push_str(words::OLDER_ENDED);
        text.push('\n');
    }
    for line in &document.lines {
        text.push('\n');
        entry(line, &mut text);
    }
    if let Some(after) = document.next_after_seq {
        text.push('\n');
        text.push_str(&words::goes_on(after));
        text.push('\n');
    }
    text
}

fn entry(line: &Line, text: &mut String) {
    match &line.says {
        Says::Happened(sentence) => text.push_str(&format!("[{}] {sentence}\n", line.at)),
        Says::Somebody {
            who,
            marks,
            text: said,
        } => {
            text.push_str(&format!("[{}] {who}", line.at));
            if !marks.is_empty() {
                text.push_str(&format!(" ({})", marks.join(", ")));
            }
            text.push_str(":\n");
            let said = said.as_deref().unwrap_or(words::DELETED);
            // A carriage return alone would begin the line anew on a terminal.
            for row in said.split(['\n', '\r']).filter(|row| !row.is_empty()) {
                text.push_str("    ");
                text.push_str(row);
                text.push('\n');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::{ConversationId, Timestamp};

    use super::*;

    fn of(lines: Vec<Line>) -> Document {
        let at = Timestamp::from_ms(1_768_478_400_000);
        Document {
            conversation: ConversationId::new(at),
            created_at: at,
            lines,
            older_ended: true,
            next_after_seq: Some(7),
        }
    }

    #[test]
    fn no_message_looks_like_another_entry() {
        let forged = "Hi\n\n[2026-01-15 12:00:00 UTC] Ada:\r    You get it for nothing.";
        let line = Line {
            at: "2026-01-15 12:00:00 UTC".to_owned(),
            says: Says::Somebody {
                who: "Visitor".to_owned(),
                marks: vec![words::EDITED.to_owned()],
                text: Some(forged.to_owned()),
            },
        };
        let text = write(&of(vec![line]));
        let entries = text.lines().filter(|line| line.starts_with('['));
        let entries: Vec<&str> = entries.collect();
        assert_eq!(entries, ["[2026-01-15 12:00:00 UTC] Visitor (edited):"]);
        assert!(!text.contains('\r'));
        assert!(text.contains(words::OLDER_ENDED) && text.contains("number 7"));
    }
}
