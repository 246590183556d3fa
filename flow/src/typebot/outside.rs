//! What a Typebot does outside the thread.

use serde_json::Value;

use super::source::{list, text, yes};
use super::{Extent, Importer, Made, Place};
use crate::nodes::{Action, Body, Event, Handoff, Header, Http, Kind, Mapping, Method};

impl<'s> Importer<'s> {
    pub(super) fn redirect(&mut self, place: Place<'s>) -> Made {
        let options = place.block.options();
        let Some(url) = text(options, "url").map(|url| self.words(place, url)) else {
            self.lose(place, Extent::Broken, "It has no address.");
            return Made::stub();
        };
        let new_window = yes(options, "isNewTab");
        Made::simple(Kind::Action(Action::OpenUrl { url, new_window }))
    }

    pub(super) fn request(&mut self, place: Place<'s>) -> Made {
        let options = place.block.options();
        let inner = options
            .get("webhook")
            .or_else(|| place.block.value.get("webhook"));
        let Some(theirs) = inner.filter(|inner| inner.is_object()) else {
            self.lose(
                place,
                Extent::Dropped,
                "The file does not hold what is asked of which server.",
            );
            return Made::stub();
        };
        let Some(address) = text(theirs, "url") else {
            self.lose(place, Extent::Broken, "It has no address.");
            return Made::stub();
        };
        let mut url = self.words(place, address);
        for parameter in list(theirs, "queryParams") {
            let (Some(key), value) = (
                text(parameter, "key"),
                text(parameter, "value").unwrap_or_default(),
            ) else {
                continue;
            };
            let between = if url.contains('?') { '&' } else { '?' };
            let pair = self.words(place, &format!("{key}={value}"));
            url.push(between);
            url.push_str(&pair);
        }
        let method = match text(theirs, "method").unwrap_or("POST") {
            "GET" => Method::Get,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            "POST" => Method::Post,
            other => {
                self.lose(
                    place,
                    Extent::Changed,
                    format!("The method {other} becomes POST."),
                );
                Method::Post
            }
        };
        let mut headers = Vec::new();
        for header in list(theirs, "headers") {
            let (Some(key), Some(value)) = (text(header, "key"), text(header, "value")) else {
                continue;
            };
            let secret = [
                "authorization",
                "x-api-key",
                "api-key",
                "apikey",
                "cookie",
                "token",
            ];
            if secret.contains(&key.to_ascii_lowercase().as_str()) && !value.contains("{{") {
                let message = format!(
                    "The value of the header {key} looks like a secret, and is left out; name a secret."
                );
                self.lose(place, Extent::Partly, message);
                continue;
            }
            let value = self.words(place, value);
            headers.push(Header {
                k: key.to_owned(),
                v: Some(value),
                secret: None,
            });
        }
        let body = text(theirs, "body")
            .filter(|_| method != Method::Get)
            .map(|body| self.body(place, body));
        if yes(options, "isExecutedOnClient") {
            self.lose(
                place,
                Extent::Changed,
                "Our servers ask, not the visitor's browser.",
            );
        }
        let map = self.mappings(place, options);
        let http = Http {
            method,
            url,
            headers,
            body,
            timeout_ms: 8_000,
            retries: 0,
            map,
        };
        Made::with(Kind::Http(http), &["ok", "error"])
    }

    fn body(&mut self, place: Place<'s>, theirs: &str) -> Body {
        let whole = theirs.trim() == "{{state}}" || theirs.trim() == "{{ state }}";
        if whole {
            self.lose(
                place,
                Extent::Partly,
                "Not all answers are sent, only what the body names.",
            );
            return Body::Json(Value::Object(serde_json::Map::new()));
        }
        match serde_json::from_str::<Value>(theirs) {
            Ok(value) => Body::Json(self.json(place, value)),
            Err(_) => Body::Text(self.words(place, theirs)),
        }
    }

    fn json(&mut self, place: Place<'s>, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.words(place, &text)),
            Value::Array(items) => items
                .into_iter()
                .map(|item| self.json(place, item))
                .collect(),
            Value::Object(fields) => {
                let fields = fields
                    .into_iter()
                    .map(|(name, value)| (name, self.json(place, value)));
                Value::Object(fields.collect())
            }
            other => other,
        }
    }

    fn mappings(&mut self, place: Place<'s>, options: &'s Value) -> Vec<Mapping> {
        let mut map = Vec::new();
        for mapping in list(options, "responseVariableMapping") {
            let Some(to) = self.variables.id(text(mapping, "variableId")) else {
                self.lose(
                    place,
                    Extent::Broken,
                    "A part of the answer is kept in a variable that is not there.",
                );
                continue;
            };
            match pointer(text(mapping, "bodyPath").unwrap_or("data")) {
                Some(path) => map.push(Mapping { path, to }),
                None => self.lose(
                    place,
                    Extent::Dropped,
                    "A part of the answer is found by a script, which is not run.",
                ),
            }
        }
        map
    }

    pub(super) fn callback(&mut self, place: Place<'s>) -> Made {
        let map = self.mappings(place, place.block.options());
        let event = Event {
            name: "webhook".to_owned(),
            timeout_s: None,
            map,
        };
        Made::with(Kind::Event(event), &["next", "timeout"])
    }

    pub(super) fn email(&mut self, place: Place<'s>) -> Made {
        let options = place.block.options();
        let to: Vec<&str> = list(options, "recipients")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        if to.is_empty() {
            self.lose(place, Extent::Broken, "The mail goes to nobody.");
            return Made::stub();
        }
        if !list(options, "cc").is_empty()
            || !list(options, "bcc").is_empty()
            || text(options, "replyTo").is_some()
        {
            self.lose(
                place,
                Extent::Partly,
                "Copies and addresses for answers are left out.",
            );
        }
        if yes(options, "isBodyCode") {
            self.lose(
                place,
                Extent::Changed,
                "The mail is a text; its markup shows.",
            );
        }
        let to = Some(self.words(place, &to.join(", ")));
        let subject = self.words(place, text(options, "subject").unwrap_or_default());
        let text = self.words(place, text(options, "body").unwrap_or_default());
        self.lose(
            place,
            Extent::Changed,
            "The mail comes from the workspace's own sender, and goes to an address of the visitor that a code \
             has proved.",
        );
        Made::simple(Kind::Action(Action::Email { to, subject, text }))
    }

    pub(super) fn handoff(&mut self, place: Place<'s>) -> Made {
        self.lose(place, Extent::Changed, "It hands over to the inbox here.");
        let handoff = Handoff {
            team: None,
            note: None,
            wait_s: None,
        };
        Made::with(Kind::Handoff(handoff), &["resolved", "unavailable"])
    }
}

/// `data.a.b[0]` as a JSON Pointer; none when it is more than a path.
fn pointer(theirs: &str) -> Option<String> {
    let theirs = theirs.trim();
    if theirs == "statusCode" {
        return Some("#status".to_owned());
    }
    let rest = theirs.strip_prefix("data").unwrap_or(theirs);
    let flat = rest
        .replace("['", ".")
        .replace("[\"", ".")
        .replace("']", "")
        .replace("\"]", "");
    let flat = flat.replace('[', ".").replace(']', "");
    let mut path = String::new();
    for name in flat.split('.').filter(|name| !name.is_empty()) {
        if !name
            .chars()
            .all(|c| c.is_alphanumeric() || "_-$ @:".contains(c))
        {
            return None;
        }
        path.push('/');
        path.push_str(name);
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_pointers_and_scripts_do_not() {
        for (theirs, ours) in [
            ("data", Some("")),
            ("data.a.b[0].c", Some("/a/b/0/c")),
            ("data['a'].b", Some("/a/b")),
            ("statusCode", Some("#status")),
            ("data.flatMap(item => item.y)", None),
        ] {
            assert_eq!(pointer(theirs).as_deref(), ours, "{theirs}");
        }
    }
}
