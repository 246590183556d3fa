//! A transcript as one page of HTML: no script, no style, nothing from anywhere, and nothing that
//! somebody wrote is markup. It is handed out as a file and never shown by us.

use maud::{DOCTYPE, html};

use shared::app::transcript::{
    document::{Document, Says},
    words,
};

/// The page of a document.
pub fn write(document: &Document) -> String {
    let title = words::title(document.conversation);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'";
                title { (title) }
            }
            body {
                h1 { (title) }
                p { (words::began(document.created_at)) }
                @if document.older_ended {
                    p { (words::OLDER_ENDED) }
                }
                @for line in &document.lines {
                    @match &line.says {
                        Says::Happened(sentence) => p { small { (line.at) } " " em { (sentence) } },
                        Says::Somebody { who, marks, text } => article {
                            p {
                                strong { bdi { (who) } } " " small { (line.at) }
                                @for mark in marks { " " small { "(" (mark) ")" } }
                            }
                            @match text {
                                Some(text) => p dir="auto" {
                                    @for (at, row) in text.lines().enumerate() {
                                        @if at > 0 { br; }
                                        (row)
                                    }
                                },
                                None => p { em { (words::DELETED) } },
                            }
                        },
                    }
                }
                @if let Some(after) = document.next_after_seq {
                    p { (words::goes_on(after)) }
                }
            }
        }
    }
    .into_string()
}

#[cfg(test)]
mod tests {
    use shared::domain::{ConversationId, Timestamp};

    use shared::app::transcript::document::Line;

    use super::*;

    #[test]
    fn nothing_that_somebody_wrote_is_markup() {
        let at = Timestamp::from_ms(1_768_478_400_000);
        let line = Line {
            at: "now".to_owned(),
            says: Says::Somebody {
                who: "<b>Eve</b>".to_owned(),
                marks: Vec::new(),
                text: Some("<script>alert(1)</script>\n<img src=\"https://x.example\">".to_owned()),
            },
        };
        let page = write(&Document {
            conversation: ConversationId::new(at),
            created_at: at,
            lines: vec![line],
            older_ended: false,
            next_after_seq: None,
        });
        for markup in ["<script", "<img", "<b>"] {
            assert!(!page.contains(markup), "{page}");
        }
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;<br>"));
    }
}
