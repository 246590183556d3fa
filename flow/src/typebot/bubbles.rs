//! What a Typebot says, and what it offers to choose.

use serde_json::Value;

use super::rich_text::markdown;
use super::source::{list, number, text, yes};
use super::{Extent, Importer, Made, Place};
use crate::nodes::{Choice, ChoiceOption, Kind, Message, Part, Retry};

impl<'s> Importer<'s> {
    /// A text of theirs with our places; what is lost of it is told.
    pub(super) fn words(&mut self, place: Place<'s>, theirs: &str) -> String {
        let (ours, lost) = self.variables.template(theirs);
        for name in lost {
            let extent = if name.starts_with('=') {
                Extent::Dropped
            } else {
                Extent::Broken
            };
            let message = match extent {
                Extent::Dropped => format!("The script {name} in a text is not run."),
                _ => format!("A text shows {name}, and there is no such variable."),
            };
            self.lose(place, extent, message);
        }
        ours
    }

    fn maybe_words(&mut self, place: Place<'s>, theirs: Option<&str>) -> Option<String> {
        theirs.map(|theirs| self.words(place, theirs))
    }

    pub(super) fn bubble(&mut self, place: Place<'s>) -> Made {
        let content = place.block.content();
        let part = if place.block.kind == "text" {
            let md = markdown(content);
            Some(Part::Text {
                md: self.words(place, &md),
            })
        } else {
            let url = text(content, "url").map(|url| self.words(place, url));
            match (place.block.kind, url) {
                ("image", Some(url)) => Some(Part::Image { url, alt: None }),
                ("video", Some(url)) => Some(Part::Video { url }),
                ("audio", Some(url)) => Some(Part::Audio { url }),
                ("embed", Some(url)) => {
                    if content
                        .get("waitForEvent")
                        .is_some_and(|event| yes(event, "isEnabled"))
                    {
                        self.lose(
                            place,
                            Extent::Partly,
                            "The flow does not wait for what happens inside the page.",
                        );
                    }
                    Some(Part::Embed { url })
                }
                _ => {
                    let id = text(content, "id").is_some();
                    let message = if id {
                        "It names a video of another service by its id."
                    } else {
                        "It has no address."
                    };
                    self.lose(place, Extent::Broken, message);
                    None
                }
            }
        };
        if part.is_none() {
            return Made::stub();
        }
        let parts = part
            .into_iter()
            .filter(|part| !matches!(part, Part::Text { md } if md.is_empty()));
        Made::simple(Kind::Message(Message {
            parts: parts.collect(),
            typing_ms: None,
        }))
    }

    pub(super) fn choice(&mut self, place: Place<'s>) -> Made {
        let block = place.block;
        let options = block.options();
        let mut from = self.variables.id(text(options, "dynamicVariableId"));
        if let Some(dynamic) = options
            .get("dynamicItems")
            .filter(|dynamic| yes(dynamic, "isEnabled"))
        {
            from = self.variables.id(text(dynamic, "titlesVariableId"));
            self.lose(
                place,
                Extent::Partly,
                "Of options from lists only the titles come over.",
            );
        }
        let mut made = Vec::new();
        let mut ports = Vec::new();
        if from.is_none() {
            for (n, item) in block.items().iter().enumerate() {
                self.option(place, n, item, &mut made, &mut ports);
            }
        }
        if made.is_empty() && from.is_none() {
            self.lose(place, Extent::Broken, "There is nothing to choose.");
            return Made::stub();
        }
        if yes(options, "isSearchable") {
            self.lose(place, Extent::Partly, "Options cannot be searched.");
        }
        let save = self.saved(place, text(options, "variableId"));
        let multi = yes(options, "isMultipleChoice") && block.kind != "cards";
        let choice = Choice {
            md: None,
            multi,
            options: made,
            from,
            save,
            retry: Retry::default(),
            timeout_s: None,
        };
        Made {
            items: ports,
            ..Made::simple(Kind::Choice(choice))
        }
    }

    /// The variable that keeps an answer.
    pub(super) fn saved(&mut self, place: Place<'s>, theirs: Option<&str>) -> Option<String> {
        let ours = self.variables.id(theirs);
        if let (Some(theirs), None) = (theirs, &ours) {
            self.lose(
                place,
                Extent::Broken,
                format!("It keeps the answer in {theirs}, and there is no such variable."),
            );
        }
        ours
    }

    fn option(
        &mut self,
        place: Place<'s>,
        n: usize,
        item: &'s Value,
        made: &mut Vec<ChoiceOption>,
        ports: &mut Vec<(String, String)>,
    ) {
        let theirs = text(item, "id");
        let content = ["content", "title"]
            .iter()
            .find_map(|name| text(item, name));
        let label = self
            .maybe_words(place, content)
            .unwrap_or_else(|| format!("Option {}", n + 1));
        let options = item.get("options").unwrap_or(&Value::Null);
        let kept = text(item, "value").or_else(|| text(options, "internalValue"));
        let value = self.maybe_words(place, kept);
        let md = self.maybe_words(place, text(item, "description"));
        let image = ["pictureSrc", "imageUrl"]
            .iter()
            .find_map(|name| text(item, name));
        let image = self.maybe_words(place, image);
        let display = item
            .get("displayCondition")
            .or_else(|| options.get("displayCondition"));
        let show_if = display
            .filter(|display| yes(display, "isEnabled"))
            .and_then(|display| display.get("condition"))
            .map(|condition| self.comparisons(place, condition));
        let paths = list(item, "paths");
        let mut add = |label: String, theirs: Option<&str>| {
            let mut id: String = theirs
                .unwrap_or("")
                .chars()
                .filter(|c| !c.is_whitespace())
                .take(48)
                .collect();
            if id.is_empty() || made.iter().any(|other| other.id == id) {
                id = format!("o{}", made.len() + 1);
            }
            if let Some(theirs) = theirs {
                ports.push((format!("opt:{id}"), theirs.to_owned()));
            }
            made.push(ChoiceOption {
                id,
                label,
                value: value.clone(),
                show_if: show_if.clone(),
                md: md.clone(),
                image: image.clone(),
            });
        };
        if paths.is_empty() {
            return add(label, theirs);
        }
        for path in paths {
            let way = text(path, "text").unwrap_or("Choose");
            add(format!("{label}: {way}"), text(path, "id"));
        }
    }

    /// Seconds that a block names, as a number or as a text.
    pub(super) fn seconds(value: &Value, name: &str) -> Option<f64> {
        number(value, name).filter(|seconds| seconds.is_finite())
    }
}
