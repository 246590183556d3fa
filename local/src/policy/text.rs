//! A document as blocks, written as Markdown for repositories and as a page for browsers.

use std::fmt::Write as _;

/// A part of a document. Texts are plain words: neither form lets them add markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading; the title of the document is of level 1.
    Heading(u8, String),
    /// A paragraph.
    Text(String),
    /// A list without order.
    List(Vec<String>),
    /// A table: its head, and rows of as many cells.
    Table(Vec<String>, Vec<Vec<String>>),
}

/// What the page may do: show its own text and styles, nothing else. The answer's header says the
/// same; the page says it too, for whoever saves it.
const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1d2433;--soft:#5c667a;--line:#dfe3ea;--paper:#fff;--wash:#f5f7fa}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#9aa5b8;--line:#2c3442;--paper:#12161e;--wash:#1a202b}}
body{margin:0 auto;max-width:46rem;padding:1.5rem;font:17px/1.6 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{line-height:1.2}h2{margin-top:2.2rem;border-top:1px solid var(--line);padding-top:1rem}li{margin:.4rem 0}
table{border-collapse:collapse;width:100%;font-size:.92rem}td,th{text-align:left;vertical-align:top;padding:.4rem .6rem;border-top:1px solid var(--line)}
th{color:var(--soft)}td{overflow-wrap:anywhere}
";

/// The document as Markdown.
pub fn markdown(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Heading(level, text) => {
                let marks = "#".repeat(usize::from(*level));
                let _ = write!(out, "{marks} {}\n\n", plain(text));
            }
            Block::Text(text) => {
                let _ = write!(out, "{}\n\n", plain(text));
            }
            Block::List(items) => {
                for item in items {
                    let _ = writeln!(out, "- {}", plain(item));
                }
                out.push('\n');
            }
            Block::Table(head, rows) => {
                let row = |cells: &[String]| {
                    let cells: Vec<String> = cells.iter().map(|cell| cell_of(cell)).collect();
                    format!("| {} |\n", cells.join(" | "))
                };
                out.push_str(&row(head));
                out.push_str(&format!("|{}\n", "---|".repeat(head.len())));
                for cells in rows {
                    out.push_str(&row(cells));
                }
                out.push('\n');
            }
        }
    }
    format!("{}\n", out.trim_end())
}

/// Characters that Markdown would take for markup; names of fields keep their underscores.
fn plain(text: &str) -> String {
    text.replace('<', "&lt;").replace('*', "\\*")
}

fn cell_of(text: &str) -> String {
    plain(text).replace('|', "\\|").replace('\n', " ")
}

/// The document as one page without scripts, and without anything from another host.
pub fn html(title: &str, blocks: &[Block]) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>\n",
        escape(title)
    );
    for block in blocks {
        let line = match block {
            Block::Heading(level, text) => format!("<h{level}>{}</h{level}>", escape(text)),
            Block::Text(text) => format!("<p>{}</p>", escape(text)),
            Block::List(items) => {
                let items = items
                    .iter()
                    .map(|item| format!("<li>{}</li>\n", escape(item)));
                format!("<ul>\n{}</ul>", items.collect::<String>())
            }
            Block::Table(head, rows) => {
                let row = |tag: &str, cells: &[String]| {
                    let cells = cells
                        .iter()
                        .map(|cell| format!("<{tag}>{}</{tag}>", escape(cell)));
                    format!("<tr>{}</tr>\n", cells.collect::<String>())
                };
                let rows: String = rows.iter().map(|cells| row("td", cells)).collect();
                format!("<table>\n{}{rows}</table>", row("th", head))
            }
        };
        out.push_str(&line);
        out.push('\n');
    }
    out.push_str("</body></html>\n");
    out
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
    fn neither_form_lets_a_text_add_markup() {
        let blocks = [
            Block::Heading(1, "A <b>".into()),
            Block::List(vec!["*x*".into()]),
            Block::Table(vec!["a".into()], vec![vec!["b|c".into()]]),
        ];
        let text = markdown(&blocks);
        assert!(
            text.contains("# A &lt;b>") && text.contains("- \\*x\\*") && text.contains("b\\|c")
        );
        let page = html("<t>", &blocks);
        assert!(page.contains("<h1>A &lt;b&gt;</h1>") && page.contains("<title>&lt;t&gt;</title>"));
    }
}
