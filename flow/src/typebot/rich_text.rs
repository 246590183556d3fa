//! Texts of a Typebot export, as Markdown.

use serde_json::Value;

use super::source::{list, text};

/// How deep a text goes.
const DEEP: usize = 32;

/// The Markdown of a content, as whatever version wrote it. Places for variables stay as they are.
pub(super) fn markdown(content: &Value) -> String {
    let rich = list(content, "richText");
    if rich.is_empty() {
        return text(content, "plainText")
            .or_else(|| text(content, "html").map(without_tags))
            .map_or_else(
                || text(content, "markdown").unwrap_or_default().to_owned(),
                str::to_owned,
            );
    }
    let mut out = String::new();
    blocks(rich, 0, &mut out);
    out.trim_matches('\n').to_owned()
}

/// The first line of old markup, without its tags.
fn without_tags(html: &str) -> &str {
    let from = html.find('>').map_or(0, |at| at + 1);
    let rest = &html[from..];
    &rest[..rest.find('<').unwrap_or(rest.len())]
}

fn blocks(elements: &[Value], depth: usize, out: &mut String) {
    if depth > DEEP {
        return;
    }
    for element in elements {
        match text(element, "type") {
            Some("ul" | "ol") => items(element, 0, depth, out),
            Some("variable") => {
                blocks(list(element, "children"), depth + 1, out);
            }
            _ => {
                inline(element, depth, out);
                out.push('\n');
            }
        }
    }
}

fn items(element: &Value, indent: usize, depth: usize, out: &mut String) {
    if depth > DEEP {
        return;
    }
    let ordered = text(element, "type") == Some("ol");
    for (n, item) in list(element, "children").iter().enumerate() {
        let mark = if ordered {
            format!("{}. ", n + 1)
        } else {
            "- ".to_owned()
        };
        let mut inner = Vec::new();
        out.push_str(&"  ".repeat(indent.min(DEEP)));
        out.push_str(&mark);
        for child in list(item, "children") {
            match text(child, "type") {
                Some("ul" | "ol") => inner.push(child),
                _ => inline(child, depth + 1, out),
            }
        }
        out.push('\n');
        for child in inner {
            items(child, indent + 1, depth + 1, out);
        }
    }
}

fn inline(element: &Value, depth: usize, out: &mut String) {
    if depth > DEEP {
        return;
    }
    if let Some(leaf) = element.get("text").and_then(Value::as_str) {
        let mark = [
            ("bold", "**"),
            ("italic", "_"),
            ("strikethrough", "~~"),
            ("code", "`"),
        ];
        let marks: Vec<&str> = mark
            .iter()
            .filter(|(name, _)| element.get(name).and_then(Value::as_bool) == Some(true))
            .map(|(_, mark)| *mark)
            .collect();
        if leaf.trim().is_empty() || marks.is_empty() {
            out.push_str(leaf);
            return;
        }
        // Marks hold the words, not the blanks around them.
        let start = leaf.len() - leaf.trim_start().len();
        let end = leaf.trim_end().len();
        out.push_str(&leaf[..start]);
        marks.iter().for_each(|mark| out.push_str(mark));
        out.push_str(&leaf[start..end]);
        marks.iter().rev().for_each(|mark| out.push_str(mark));
        out.push_str(&leaf[end..]);
        return;
    }
    let children = list(element, "children");
    match (text(element, "type"), text(element, "url")) {
        (Some("a"), Some(url)) => {
            out.push('[');
            children
                .iter()
                .for_each(|child| inline(child, depth + 1, out));
            out.push_str("](");
            out.push_str(url);
            out.push(')');
        }
        _ => children
            .iter()
            .for_each(|child| inline(child, depth + 1, out)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn marks_links_lists_and_variables_become_markdown() {
        let content = json!({"richText": [
            {"type": "p", "children": [{"text": "Hi "}, {"text": "you ", "bold": true, "italic": true}, {"text": "!"}]},
            {"type": "p", "children": [{"text": ""}]},
            {"type": "p", "children": [{"type": "a", "url": "https://a.org", "children": [{"text": "here"}]}]},
            {"type": "p", "children": [{"type": "inline-variable", "children": [{"text": "{{Name}}"}]}]},
            {"type": "ul", "children": [
                {"type": "li", "children": [{"type": "lic", "children": [{"text": "one"}]}]},
                {"type": "li", "children": [{"type": "lic", "children": [{"text": "two"}]},
                    {"type": "ol", "children": [{"type": "li", "children": [{"type": "lic", "children": [{"text": "in"}]}]}]}]}
            ]}
        ]});
        let expected = "Hi **_you_** !\n\n[here](https://a.org)\n{{Name}}\n- one\n- two\n  1. in";
        assert_eq!(markdown(&content), expected);
        assert_eq!(
            markdown(&json!({"plainText": "old", "html": "<div>old</div>"})),
            "old"
        );
        assert_eq!(markdown(&json!({"html": "<div>old</div>"})), "old");
        assert_eq!(markdown(&json!(null)), "");
    }
}
