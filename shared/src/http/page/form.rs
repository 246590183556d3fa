//! Forms: taken from our own pages only.
//!
//! Browsers say themselves where a request comes from, and no page can make them lie
//! (`Sec-Fetch-Site`, W3C Fetch Metadata). Our pages send no referrer, so that `Origin` is `null`
//! in their forms; where a browser is too old for the first header, only our own origin counts.

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts},
    response::Response,
};
use serde::de::DeserializeOwned;

use super::Reader;
use crate::{
    app::App,
    http::{json, problem::Code, problem::Problem},
};

/// What a form sent, from a page of ours.
#[derive(Clone, Copy, Debug)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let reader = Reader::of(request.headers());
        parse(request, &app.config.issuer)
            .await
            .map(Self)
            .map_err(|problem| reader.answer(Err(problem)))
    }
}

async fn parse<T: DeserializeOwned>(request: Request, issuer: &str) -> Result<T, Problem> {
    if !is_our_own(request.headers(), issuer) {
        return Err(Problem::new(Code::CrossSite));
    }
    if !json::is_of_type(&request, "application/x-www-form-urlencoded") {
        let problem = Problem::new(Code::MediaType);
        return Err(problem.with_detail("send the form of the page"));
    }
    json::pairs(&json::whole(request).await?, "#/")
}

/// Whether a request comes from a page of ours.
fn is_our_own(headers: &HeaderMap, issuer: &str) -> bool {
    let text = |name: header::HeaderName| headers.get(name).map(|value| value.as_bytes());
    let origin = text(header::ORIGIN);
    let own = origin == Some(issuer.as_bytes());
    match text(header::HeaderName::from_static("sec-fetch-site")) {
        Some(site) => site == b"same-origin" && (own || matches!(origin, None | Some(b"null"))),
        None => own,
    }
}

/// The query of a page: as everywhere, but refused as a page.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let query = parts.uri.query().unwrap_or_default();
        json::pairs(query.as_bytes(), "?")
            .map(Self)
            .map_err(|problem| Reader::of(&parts.headers).answer(Err(problem)))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_form_is_taken_from_our_own_pages_only() {
        let own = "https://api.example.com";
        let cases = [
            // (Sec-Fetch-Site, Origin, taken)
            (Some("same-origin"), Some("null"), true),
            (Some("same-origin"), None, true),
            (Some("same-origin"), Some(own), true),
            (Some("same-origin"), Some("https://evil.example"), false),
            (Some("same-site"), Some("null"), false),
            (Some("cross-site"), Some(own), false),
            (Some("cross-site"), Some("null"), false),
            (Some("none"), None, false),
            (Some(""), Some(own), false),
            (None, Some(own), true),
            (None, Some("null"), false),
            (None, Some("https://api.example.com.evil.example"), false),
            (None, Some("http://api.example.com"), false),
            (None, None, false),
        ];
        for (site, origin, taken) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            assert_eq!(is_our_own(&headers, own), taken, "{site:?} {origin:?}");
        }
    }
}
