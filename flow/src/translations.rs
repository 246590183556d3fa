//! What a flow says to visitors, in other languages. A translation replaces texts and nothing else, so a flow
//! goes the same way in every language.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::diagnostics::Pointer;
use crate::document::Document;
use crate::nodes::{Action, Kind, Part};

/// Texts in other languages: by language tag, then node, then the place in its data, as a JSON Pointer.
pub type Translations = BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>;

/// The first subtag of a language tag: its language.
fn language(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or_default()
}

/// Which of the languages there are somebody is spoken to in; none is the document's own.
pub(crate) fn choose<'k>(
    wanted: &str,
    own: &str,
    mut known: impl Iterator<Item = &'k str> + Clone,
) -> Option<&'k str> {
    let exactly = known.clone().find(|tag| tag.eq_ignore_ascii_case(wanted));
    if exactly.is_some() || language(own).eq_ignore_ascii_case(language(wanted)) {
        return exactly;
    }
    known.find(|tag| language(tag).eq_ignore_ascii_case(language(wanted)))
}

impl Document {
    /// The document as it speaks a language; as it is, where it has no translation.
    pub(crate) fn spoken_in(&self, tag: &str) -> Cow<'_, Self> {
        let Some(texts) = self.translations.get(tag) else {
            return Cow::Borrowed(self);
        };
        let mut document = self.clone();
        document.translations.clear();
        for node in &mut document.nodes {
            let Some(texts) = texts.get(&node.id) else {
                continue;
            };
            each_text(&mut node.kind, &mut |at, text| {
                if let Some(other) = texts.get(at.as_str()) {
                    text.clone_from(other);
                }
            });
        }
        Cow::Owned(document)
    }
}

/// What a node says to visitors: the place in its data, and the text.
pub(crate) fn texts_of(kind: &Kind) -> Vec<(Pointer, String)> {
    let mut texts = Vec::new();
    each_text(&mut kind.clone(), &mut |at, text| {
        texts.push((at, text.clone()));
    });
    texts
}

fn each_text(kind: &mut Kind, each: &mut impl FnMut(Pointer, &mut String)) {
    let at = Pointer::root();
    let mut maybe = |at: Pointer, text: Option<&mut String>| {
        if let Some(text) = text {
            each(at, text);
        }
    };
    match kind {
        Kind::Message(message) => {
            for (n, part) in message.parts.iter_mut().enumerate() {
                let at = at.field("parts").item(n);
                match part {
                    Part::Text { md } => maybe(at.field("md"), Some(md)),
                    Part::Image { alt, .. } => maybe(at.field("alt"), alt.as_mut()),
                    Part::File { name, .. } => maybe(at.field("name"), name.as_mut()),
                    Part::Cards { items } => {
                        for (n, card) in items.iter_mut().enumerate() {
                            let at = at.field("items").item(n);
                            maybe(at.field("title"), Some(&mut card.title));
                            maybe(at.field("md"), card.md.as_mut());
                        }
                    }
                    Part::Video { .. } | Part::Audio { .. } | Part::Embed { .. } => {}
                }
            }
        }
        Kind::Ask(ask) => {
            maybe(at.field("md"), ask.md.as_mut());
            maybe(at.field("placeholder"), ask.placeholder.as_mut());
            maybe(at.field("retry").field("md"), ask.retry.md.as_mut());
        }
        Kind::Choice(choice) => {
            maybe(at.field("md"), choice.md.as_mut());
            maybe(at.field("retry").field("md"), choice.retry.md.as_mut());
            for (n, option) in choice.options.iter_mut().enumerate() {
                let at = at.field("options").item(n);
                maybe(at.field("label"), Some(&mut option.label));
                maybe(at.field("md"), option.md.as_mut());
            }
        }
        Kind::Call(call) => maybe(at.field("md"), call.md.as_mut()),
        Kind::Action(Action::Email { subject, text, .. }) => {
            maybe(at.field("subject"), Some(subject));
            maybe(at.field("text"), Some(text));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_found_by_its_tag_or_by_its_first_subtag_and_ones_own_comes_first() {
        let known = ["de", "pt-BR"];
        for (wanted, found) in [
            ("de", Some("de")),
            ("DE", Some("de")),
            ("de-AT", Some("de")),
            ("pt", Some("pt-BR")),
            ("pt-br", Some("pt-BR")),
            ("en", None),
            ("en-GB", None),
            ("fr", None),
            ("", None),
        ] {
            assert_eq!(choose(wanted, "en", known.into_iter()), found, "{wanted}");
        }
        assert_eq!(choose("de", "de-CH", ["de-AT"].into_iter()), None);
        assert_eq!(choose("de-AT", "de", ["de-AT"].into_iter()), Some("de-AT"));
    }
}
