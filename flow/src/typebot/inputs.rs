//! What a Typebot asks for.

use serde_json::Value;

use super::source::{list, number, text, yes};
use super::{Extent, Importer, Made, Place};
use crate::nodes::{Ask, Input, Kind, Retry};

impl<'s> Importer<'s> {
    pub(super) fn input(&mut self, place: Place<'s>) -> Made {
        let options = place.block.options();
        let Some(input) = self.asked_for(place, options) else {
            let message =
                "Payments are not taken inside a flow; keys of the provider are not brought over.";
            self.lose(place, Extent::Dropped, message);
            return Made::stub();
        };
        let labels = options.get("labels").unwrap_or(&Value::Null);
        for name in ["attachments", "audioClip"] {
            if options
                .get(name)
                .is_some_and(|extra| yes(extra, "isEnabled"))
            {
                self.lose(
                    place,
                    Extent::Partly,
                    "An answer is a text, without files beside it.",
                );
            }
        }
        let retry = text(options, "retryMessageContent").map(|theirs| self.words(place, theirs));
        let placeholder =
            text(labels, "placeholder").map(|theirs| theirs.chars().take(200).collect());
        let ask = Ask {
            md: None,
            input,
            save: self.saved(place, text(options, "variableId")),
            retry: Retry {
                md: retry,
                ..Retry::default()
            },
            timeout_s: None,
            rule: None,
            placeholder,
        };
        Made::simple(Kind::Ask(ask))
    }

    fn asked_for(&mut self, place: Place<'s>, options: &'s Value) -> Option<Input> {
        Some(match place.block.kind {
            "text input" => Input::Text {
                long: yes(options, "isLong"),
                min_len: None,
                max_len: None,
                regex: None,
            },
            "number input" => {
                let bound = |name: &str| number(options, name).filter(|bound| bound.is_finite());
                // Theirs takes a bound of 0 for none.
                let mut min = bound("min").filter(|min| *min != 0.0);
                let max = bound("max").filter(|max| *max != 0.0);
                if min.zip(max).is_some_and(|(min, max)| min > max) {
                    self.lose(place, Extent::Broken, "No number fits between its bounds.");
                    min = None;
                }
                Input::Number {
                    min,
                    max,
                    step: bound("step").filter(|step| *step > 0.0),
                }
            }
            "email input" => Input::Email {},
            "url input" => Input::Url {},
            "phone number input" => Input::Phone {},
            "time input" => Input::Time {},
            "date input" => {
                if yes(options, "isRange") || yes(options, "hasTime") {
                    self.lose(
                        place,
                        Extent::Partly,
                        "One day is asked for, without a time and without a second day.",
                    );
                }
                Input::Date {
                    min: None,
                    max: None,
                }
            }
            "rating input" => {
                let length = number(options, "length").unwrap_or(10.0).clamp(2.0, 100.0);
                let from = number(options, "startsAt").unwrap_or(1.0).clamp(0.0, 1.0);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "0 to 100"
                )]
                let (max, min) = (length as u32, from as u32);
                Input::Rating { max, min }
            }
            "file input" => {
                let types = options
                    .get("allowedFileTypes")
                    .filter(|types| yes(types, "isEnabled"));
                let types = types.map_or(&[][..], |types| list(types, "types"));
                let types = types
                    .iter()
                    .filter_map(Value::as_str)
                    .filter(|kind| kind.contains('/'));
                if options.get("isRequired").and_then(Value::as_bool) == Some(false) {
                    self.lose(
                        place,
                        Extent::Partly,
                        "A file that is asked for has to be sent.",
                    );
                }
                let max_files = if yes(options, "isMultipleAllowed") {
                    10
                } else {
                    1
                };
                Input::File {
                    types: types.map(str::to_owned).collect(),
                    max_files,
                }
            }
            _ => return None,
        })
    }
}
