//! The doors for bodies, parameters and paths: parsed into typed requests or refused with the
//! field pointed at. What was sent is never repeated.

use std::{fmt, marker::PhantomData};

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{header, request::Parts},
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt, Limited};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::problem::{Code, Problem};
use crate::domain::text::Fault;

/// The largest body we read, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A JSON body, in or out.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_of_type(&request, "application/json") {
            return Err(Problem::new(Code::MediaType));
        }
        parse(&whole(request).await?).map(Self)
    }
}

/// Parses a body.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Problem::new(Code::MalformedBody).with_detail("the body is empty"));
    }
    if std::str::from_utf8(body).is_err() {
        return Err(Problem::new(Code::MalformedBody).with_detail("the body is not UTF-8"));
    }
    if !body.trim_ascii_start().starts_with(b"{") {
        // Serde would take the values of a list for the fields of a struct.
        return Err(
            match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
                Ok(_) => Problem::invalid("#", "wrong_type", "an object"),
                Err(_) => Problem::new(Code::MalformedBody),
            },
        );
    }
    let deserializer = &mut serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        match inner.classify() {
            serde_json::error::Category::Data => field_problem(pointer, &inner.to_string()),
            _ => Problem::new(Code::MalformedBody),
        }
    })?;
    if deserializer_has_more(body) {
        Err(Problem::new(Code::MalformedBody))
    } else {
        Ok(value)
    }
}

/// Whether something follows the first JSON value.
fn deserializer_has_more(body: &[u8]) -> bool {
    let mut values =
        serde_json::Deserializer::from_slice(body).into_iter::<serde::de::IgnoredAny>();
    values.next();
    values.next().is_some()
}

/// A path of serde as a JSON Pointer in a URI fragment.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = "#".to_owned();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push('/');
                // A key of the client's own is not repeated beyond what a name may be.
                let safe =
                    key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && key.len() <= 64;
                pointer.push_str(if safe { key } else { "*" });
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// Turns a message of serde into a problem that points at the field.
fn field_problem(pointer: String, message: &str) -> Problem {
    let quoted = || message.split('`').nth(1).unwrap_or_default();
    if let Some(fault) = Fault::parse(message) {
        return Problem::field(Code::ValidationFailed, pointer, fault);
    }
    if message.starts_with("unknown field") {
        let fault = Fault::new("unknown_field", "not part of this request");
        return Problem::field(Code::UnknownField, pointer, fault);
    }
    // These two quote a name of ours, not of the request.
    for (opening, code, detail) in [
        ("missing field", "required", "this field"),
        ("duplicate field", "duplicate", "this field once"),
    ] {
        if message.starts_with(opening) {
            // `?` stands for the query, whose names follow it directly.
            let slash = if pointer == "?" { "" } else { "/" };
            let pointer = format!("{pointer}{slash}{}", quoted());
            return Problem::field(Code::ValidationFailed, pointer, Fault::new(code, detail));
        }
    }
    let fault = Fault::new("wrong_type", wanted(message));
    Problem::field(Code::ValidationFailed, pointer, fault)
}

/// What a message of a parser says would have been accepted, in words that are not Rust's.
fn wanted(message: &str) -> &str {
    let expected = message
        .rsplit_once("expected ")
        .map_or(message, |(_, expected)| expected);
    let expected = expected.split(" at line").next().unwrap_or(expected);
    match expected {
        "u16" | "u32" | "u64" => "a whole number, not negative",
        // Of text in a query, in the standard library's words.
        "invalid digit found in string"
        | "cannot parse integer from empty string"
        | "number too large to fit in target type" => "a whole number, not negative",
        "provided string was not `true` or `false`" => "true or false",
        "a boolean" | "a string" | "an object" => expected,
        "a sequence" => "a list",
        _ if expected.starts_with("struct ") => "an object",
        _ if message.contains("UUID") => "a UUID",
        _ => "another value",
    }
}

/// Query parameters.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        pairs(query.as_bytes(), "?").map(Self)
    }
}

/// Parses `name=value&…`, of a query or of a form. Pointers open with `mark`.
pub(super) fn pairs<T: DeserializeOwned>(text: &[u8], mark: &str) -> Result<T, Problem> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let name = error.path().to_string();
        let safe = name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let pointer = match safe && name != "." {
            true => format!("{mark}{name}"),
            false => mark.to_owned(),
        };
        field_problem(pointer, &error.into_inner().to_string())
    })
}

/// Reads a form that a program sent: pages take theirs from [`super::page::Form`], which looks where
/// it comes from.
///
/// # Errors
/// 415 with `detail` for another type, and what any body is refused for.
pub async fn form<T: DeserializeOwned>(
    request: Request,
    detail: &'static str,
) -> Result<T, Problem> {
    if !is_of_type(&request, "application/x-www-form-urlencoded") {
        return Err(Problem::new(Code::MediaType).with_detail(detail));
    }
    pairs(&whole(request).await?, "#/")
}

/// The whole body of a request, if it is no larger than we read.
pub(super) async fn whole(request: Request) -> Result<bytes::Bytes, Problem> {
    let body = Limited::new(request.into_body(), MAX_BODY_BYTES);
    let collected = body.collect().await;
    Ok(collected
        .map_err(|_| Problem::new(Code::BodyTooLarge))?
        .to_bytes())
}

/// Whether the body says that it is of this type.
pub(super) fn is_of_type(request: &Request, essence: &str) -> bool {
    let header = request.headers().get(header::CONTENT_TYPE);
    let own = header
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next());
    own.is_some_and(|value| value.trim().eq_ignore_ascii_case(essence))
}

/// Reads a field of a change that was given: an absent one stays `None` by `#[serde(default)]`.
///
/// With `Option<T>` inside, `null` is told from absence; without, `null` is refused.
///
/// # Errors
/// What the type itself says.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads an object within a body: serde by itself takes a list of values for a struct as well.
///
/// # Errors
/// What the type itself says, and `wrong_type` for anything but an object.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_map(Object(PhantomData))
}

/// As [`object`], for a field of a change: as [`given`].
///
/// # Errors
/// As [`object`].
pub fn given_object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    object(deserializer).map(Some)
}

/// As [`object`], or nothing; an absent one needs `#[serde(default)]`.
///
/// # Errors
/// As [`object`].
pub fn object_or_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_option(ObjectOrNull(PhantomData))
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

struct ObjectOrNull<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectOrNull<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_none<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        object(deserializer).map(Some)
    }
}

/// Parameters of the path. One that does not parse cannot exist: 404.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::<T>::from_request_parts(parts, state)
            .await
            .map(|path| Self(path.0))
            .map_err(|_| Problem::not_found())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::domain::{ContactId, text::Text};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only parsed")]
        text: Text,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only parsed")]
        contact: ContactId,
        #[expect(dead_code, reason = "only parsed")]
        #[serde(deserialize_with = "object")]
        first: Inner,
        #[expect(dead_code, reason = "only parsed")]
        #[serde(default, deserialize_with = "object_or_null")]
        second: Option<Inner>,
    }

    fn refusal(body: &str) -> (Code, String, String) {
        let problem = parse::<Outer>(body.as_bytes()).expect_err("a refusal");
        let error = problem.errors().first().cloned();
        let (pointer, code) = error.map_or_else(Default::default, |e| (e.pointer, e.code));
        (problem.code(), pointer, code)
    }

    #[test]
    fn every_kind_of_bad_body_has_its_code_and_points_at_the_field() {
        let ctc = "\"contact\":\"ctc_01h455vb4pex5vsknk084sn02q\"";
        let cases = [
            ("".to_owned(), Code::MalformedBody, "", ""),
            ("{".to_owned(), Code::MalformedBody, "", ""),
            (
                format!("{{{ctc},\"first\":{{\"text\":\"a\"}}}} x"),
                Code::MalformedBody,
                "",
                "",
            ),
            (
                format!("{{{ctc},\"first\":{{\"text\":\"\"}}}}"),
                Code::ValidationFailed,
                "#/first/text",
                "empty",
            ),
            (
                format!("{{{ctc},\"first\":{{\"text\":5}}}}"),
                Code::ValidationFailed,
                "#/first/text",
                "wrong_type",
            ),
            (
                format!("{{{ctc},\"first\":{{}}}}"),
                Code::ValidationFailed,
                "#/first/text",
                "required",
            ),
            (
                format!("{{{ctc},\"first\":{{\"text\":\"a\",\"x\":1}}}}"),
                Code::UnknownField,
                "#/first/x",
                "unknown_field",
            ),
            (
                "{\"contact\":\"ctc_x\",\"first\":{\"text\":\"a\"}}".to_owned(),
                Code::ValidationFailed,
                "#/contact",
                "bad_id",
            ),
            (
                format!("{{{ctc},\"first\":[\"a\"]}}"),
                Code::ValidationFailed,
                "#/first",
                "wrong_type",
            ),
            (
                format!("{{{ctc},\"second\":[\"a\"]}}"),
                Code::ValidationFailed,
                "#/second",
                "wrong_type",
            ),
            (
                format!("{{{ctc},\"second\":null}}"),
                Code::ValidationFailed,
                "#/first",
                "required",
            ),
            (
                format!("{{{ctc},\"second\":{{\"text\":5}}}}"),
                Code::ValidationFailed,
                "#/second/text",
                "wrong_type",
            ),
            ("[]".to_owned(), Code::ValidationFailed, "#", "wrong_type"),
            (
                " \"a\"".to_owned(),
                Code::ValidationFailed,
                "#",
                "wrong_type",
            ),
            ("[] x".to_owned(), Code::MalformedBody, "", ""),
        ];
        for (body, code, pointer, word) in cases {
            let (got, at, why) = refusal(&body);
            assert_eq!(got, code, "{body}");
            assert_eq!((at.as_str(), why.as_str()), (pointer, word), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic_or_repeat_what_was_sent(bytes: Vec<u8>) {
            let _ = parse::<Outer>(&bytes);
        }
    }
}
