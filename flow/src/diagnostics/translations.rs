//! Texts in other languages: what is translated that nobody says, and what is said that nobody translated.

use super::ids::Index;
use super::texts::Check;
use super::{Code, Diagnostic, Pointer};
use crate::document::Document;
use crate::translations::texts_of;

/// The most languages of a flow besides its own.
const MAX_LANGUAGES: usize = 20;
/// The longest language tag.
const MAX_TAG_BYTES: usize = 35;

pub(super) fn check<'d>(document: &'d Document, index: &Index<'d>, found: &mut Vec<Diagnostic>) {
    if document.translations.is_empty() {
        return;
    }
    let root = Pointer::root().field("translations");
    if document.translations.len() > MAX_LANGUAGES {
        let message = format!("A flow speaks {MAX_LANGUAGES} languages besides its own at most.");
        found.push(Diagnostic::new(Code::E140, &root, message));
        return;
    }
    for (tag, nodes) in &document.translations {
        let at = root.field(tag);
        let is_tag = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if tag.is_empty() || tag.len() > MAX_TAG_BYTES || !tag.chars().all(is_tag) {
            let message = "A locale is a language tag, such as en or pt-BR.";
            found.push(Diagnostic::new(Code::E100, &at, message));
        }
        if tag.eq_ignore_ascii_case(&document.locale) {
            let message = "This is the language of the flow itself.";
            found.push(Diagnostic::new(Code::E101, &at, message));
        }
        for (id, texts) in nodes {
            let at = at.field(id);
            let Some(node) = index.nodes.get(id.as_str()) else {
                let message = "There is no such node.";
                found.push(Diagnostic::new(Code::E103, &at, message));
                continue;
            };
            let said = texts_of(&document.nodes[*node].kind);
            for (place, text) in texts {
                let at = at.field(place);
                let mut check = Check::at(index, found, id, at.clone());
                if said.iter().all(|(known, _)| known.as_str() != place) {
                    check.say(Code::E100, &at, "The node says nothing there.");
                } else {
                    check.template(&at, text);
                }
            }
        }
    }
    for (n, node) in document.nodes.iter().enumerate() {
        let at = Pointer::root().field("nodes").item(n).field("data");
        for (place, text) in texts_of(&node.kind) {
            if !has_words(&text) {
                continue;
            }
            let has = |texts: &std::collections::BTreeMap<String, String>| {
                texts
                    .get(place.as_str())
                    .is_some_and(|text| !text.trim().is_empty())
            };
            let lacks = document
                .translations
                .iter()
                .filter(|(_, nodes)| !nodes.get(&node.id).is_some_and(has));
            let lacks: Vec<&str> = lacks.map(|(tag, _)| tag.as_str()).collect();
            if !lacks.is_empty() {
                let message = format!("There is no translation of this into {}.", lacks.join(", "));
                let fix = format!("Add it under translations, at {place} of {}.", node.id);
                let missing = Diagnostic::new(Code::W210, &at.join(&place), message);
                found.push(missing.node(&node.id).fix(fix));
            }
        }
    }
}

/// Whether there is something to translate besides what variables hold.
fn has_words(text: &str) -> bool {
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        if rest[..open].chars().any(char::is_alphabetic) {
            return true;
        }
        rest = rest[open..]
            .find("}}")
            .map_or("", |end| &rest[open + end + 2..]);
    }
    rest.chars().any(char::is_alphabetic)
}
