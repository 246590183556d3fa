//! `ETag` and `If-Match`: a client may say which version of a resource it means to change.

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{
    json::Json,
    problem::{Code, Problem},
};

/// What `If-Match` says: nothing, any version, or these (RFC 9110, 13.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IfMatch(Option<Vec<u64>>);

impl IfMatch {
    fn parse(text: &str) -> Option<Self> {
        if text.trim() == "*" {
            return Some(Self(None));
        }
        let mut revs = Vec::new();
        for tag in text.split(',') {
            let quoted = tag.trim().strip_prefix('"')?.strip_suffix('"')?;
            // A well-formed tag that is none of ours matches nothing.
            revs.extend(quoted.parse::<u64>());
        }
        Some(Self(Some(revs)))
    }

    /// Refuses when the client did not say a version: for changes that nobody should make blindly.
    ///
    /// # Errors
    /// 428 `precondition_required`. `*` is no version.
    pub fn required(&self) -> Result<(), Problem> {
        match &self.0 {
            Some(_) => Ok(()),
            None => Err(Problem::new(Code::PreconditionRequired)),
        }
    }

    /// Refuses when the client meant another version than `rev`.
    ///
    /// # Errors
    /// 409 `conflict`: the resource was changed since the client read it.
    pub fn check(&self, rev: u64) -> Result<(), Problem> {
        match &self.0 {
            Some(revs) if !revs.contains(&rev) => Err(Problem::new(Code::Conflict)),
            _ => Ok(()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            return Ok(Self(None));
        };
        value
            .to_str()
            .ok()
            .and_then(Self::parse)
            .ok_or_else(|| Problem::invalid("If-Match", "bad_tag", "the ETag of an earlier reply"))
    }
}

/// A reply that bears its version in `ETag`.
#[derive(Debug)]
pub struct Versioned<T> {
    /// The resource's version counter.
    pub rev: u64,
    /// The reply.
    pub view: T,
}

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.view).into_response();
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", self.rev)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_matches_itself_any_and_nothing_else() {
        let allows = |text: &str, rev| IfMatch::parse(text).expect("a tag").check(rev).is_ok();
        assert!(IfMatch(None).check(7).is_ok());
        assert!(allows("\"7\"", 7));
        assert!(allows("*", 7));
        assert!(allows("\"6\", \"7\"", 7));
        assert!(!allows("\"6\"", 7));
        assert!(!allows("\"other\"", 7));
        for bad in ["", "7", "\"7", "W/\"7\"", "\"7\" \"8\" x"] {
            assert!(
                IfMatch::parse(bad).is_none_or(|tag| tag.check(7).is_err()),
                "{bad}"
            );
        }
    }
}
