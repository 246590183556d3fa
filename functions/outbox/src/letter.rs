//! A letter, written once and sent as text and as HTML. Nothing in it is loaded from anywhere, so
//! opening it tells nobody anything.

/// A paragraph of a letter.
pub enum Part<'a> {
    /// Words.
    Says(&'a str),
    /// A text of many lines, which stay as they are.
    Quotes(&'a str),
    /// Something to copy, alone on its line.
    Shows(&'a str),
    /// An address to open, alone on its line.
    Leads(&'a str),
}

/// The letter as plain text.
pub fn text(letter: &[Part<'_>]) -> String {
    let paragraphs: Vec<&str> = letter
        .iter()
        .map(|part| match part {
            Part::Says(text) | Part::Quotes(text) | Part::Shows(text) | Part::Leads(text) => {
                text.trim_end()
            }
        })
        .collect();
    paragraphs.join("\n\n") + "\n"
}

/// The letter as HTML.
pub fn html(letter: &[Part<'_>]) -> String {
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <title>Sotto</title></head>\n\
         <body style=\"font-family:sans-serif;font-size:16px;line-height:1.5\">\n",
    );
    for part in letter {
        let paragraph = match part {
            Part::Says(text) => format!("<p>{}</p>\n", escape(text)),
            Part::Quotes(text) => format!(
                "<pre style=\"font-family:inherit;white-space:pre-wrap\">{}</pre>\n",
                escape(text)
            ),
            Part::Shows(text) => format!(
                "<p style=\"font-family:monospace;font-size:20px;word-break:break-all\">\
                 <strong>{}</strong></p>\n",
                escape(text)
            ),
            Part::Leads(url) => {
                let url = escape(url);
                format!("<p style=\"word-break:break-all\"><a href=\"{url}\">{url}</a></p>\n")
            }
        };
        html.push_str(&paragraph);
    }
    html + "</body>\n</html>\n"
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same_and_the_html_lets_no_markup_through() {
        let letter = [
            Part::Says("a & b"),
            Part::Shows("<b>"),
            Part::Leads("https://x.example/?a=\"1\""),
        ];
        assert_eq!(
            text(&letter),
            "a & b\n\n<b>\n\nhttps://x.example/?a=\"1\"\n"
        );
        let html = html(&letter);
        assert!(html.contains("<p>a &amp; b</p>"), "{html}");
        assert!(html.contains("<strong>&lt;b&gt;</strong>"), "{html}");
        assert!(
            html.contains("href=\"https://x.example/?a=&quot;1&quot;\""),
            "{html}"
        );
    }
}
