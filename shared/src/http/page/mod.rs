//! Pages for people: plain HTML, plain forms, nothing from anywhere else, and no script but the one that
//! asks a browser for a passkey, on the pages that do ([`Page::asking_for_a_passkey`]).
//!
//! A `GET` changes nothing, so that a program that follows the links of a mail changes nothing. A
//! form is taken from our own pages only ([`Form`]), and the one cookie there is ([`cookie`]) is set
//! by signing in and by nothing else. Every page can stand alone: no file belongs to it.

pub mod cookie;
mod english;
mod form;
mod invited;
mod next;
mod passkey;
mod words;

use std::sync::OnceLock;

use aws_lc_rs::digest;
use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use data_encoding::BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::problem::{Code, Problem, Problems};
use crate::store::preferences::Theme;

pub use cookie::SessionCookie;
pub use form::{Form, Query};
pub use invited::Invited;
pub use next::Next;
pub use passkey::{Asking, recovery_codes};
pub use words::{Changed, Words};

/// The style of every page, within the page: no file to fetch.
const STYLE: &str = include_str!("style.css");

/// Whether a page has the script that asks for a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    None,
    Passkey,
}

/// What style and script of a page are allowed by: their own hashes, so that no others are.
fn policy(script: Script) -> &'static HeaderValue {
    static PLAIN: OnceLock<HeaderValue> = OnceLock::new();
    static PASSKEY: OnceLock<HeaderValue> = OnceLock::new();
    let hash =
        |text: &str| BASE64.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    let allowing = |script: &str| {
        let style = hash(STYLE);
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}';{script} img-src data:; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        // Base64 is always a header's value; without the hash the page has no style, which is safe.
        HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
    };
    match script {
        Script::None => PLAIN.get_or_init(|| allowing("")),
        Script::Passkey => PASSKEY.get_or_init(|| {
            let script = hash(passkey::SCRIPT);
            allowing(&format!(" script-src 'sha256-{script}';"))
        }),
    }
}

/// What a page answers.
#[derive(Debug)]
pub struct Page {
    status: StatusCode,
    content: Content,
    cookie: Option<HeaderValue>,
    script: Script,
    theme: Theme,
}

#[derive(Debug)]
enum Content {
    Shows { title: &'static str, body: Markup },
    Leads(HeaderValue),
}

impl Page {
    /// A page with this title and content.
    pub const fn new(title: &'static str, body: Markup) -> Self {
        let content = Content::Shows { title, body };
        Self {
            status: StatusCode::OK,
            content,
            cookie: None,
            script: Script::None,
            theme: Theme::System,
        }
    }

    /// Leads to another of our pages, as the answer to a form (RFC 9110, 15.4.4): a reload then
    /// sends nothing again.
    ///
    /// # Errors
    /// When the path is no header's value; ours are.
    pub fn to(path: &str) -> Result<Self, Problem> {
        let path = HeaderValue::try_from(path)
            .map_err(|_| Problem::internal("a path that is no header's value"))?;
        Ok(Self {
            status: StatusCode::SEE_OTHER,
            content: Content::Leads(path),
            cookie: None,
            script: Script::None,
            theme: Theme::System,
        })
    }

    /// The same with the status of a problem: for a form that is shown again.
    pub fn because_of(mut self, code: Code) -> Self {
        self.status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::BAD_REQUEST);
        self
    }

    /// The same, light or dark as somebody has chosen.
    pub const fn in_theme(mut self, theme: Theme) -> Self {
        self.theme = theme;
        self
    }

    /// The same, and the browser is signed in from now on, by the refresh token of a new session.
    ///
    /// # Errors
    /// When the token is no header's value; ours are.
    pub fn signing_in(mut self, refresh_token: &str) -> Result<Self, Problem> {
        self.cookie = Some(cookie::set(refresh_token)?);
        Ok(self)
    }

    /// The same, and the browser is not signed in any more.
    pub fn signing_out(mut self) -> Self {
        self.cookie = Some(cookie::cleared());
        self
    }
}

/// Who reads the page: in which language, and whether it is a browser at all.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// Every text of every page, in the reader's language.
    pub words: &'static Words,
    takes_html: bool,
}

impl Reader {
    /// The reader that a request's headers describe.
    pub fn of(headers: &HeaderMap) -> Self {
        let text = |name| {
            let value: Option<&HeaderValue> = headers.get(name);
            value
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
        };
        Self {
            words: Words::preferred(text(header::ACCEPT_LANGUAGE)),
            takes_html: text(header::ACCEPT).contains("text/html"),
        }
    }

    /// The answer to a request: the page, or what went wrong, as a page for people and as a
    /// [`Problem`] for programs.
    pub fn answer(&self, page: Result<Page, Problem>) -> Response {
        let page = match page {
            Ok(page) => page,
            Err(problem) if self.takes_html => return self.refuse(problem),
            Err(problem) => return problem.into_response(),
        };
        let mut response = match page.content {
            Content::Shows { title, body } => self.frame(title, &body, page.theme),
            Content::Leads(path) => ([(header::LOCATION, path)], ()).into_response(),
        };
        *response.status_mut() = page.status;
        let headers = response.headers_mut();
        guard(headers, page.script);
        if let Some(cookie) = page.cookie {
            headers.insert(header::SET_COOKIE, cookie);
        }
        response
    }

    /// A problem as a page. The problem's own answer logs its cause and says when to try again.
    fn refuse(&self, problem: Problem) -> Response {
        let (title, text) = (self.words.refusal)(problem.code());
        let body = html! {
            h1 { (title) }
            p { (text) }
            p { a href="/sign-in" { (self.words.to_sign_in) } }
        };
        let (parts, _) = problem.into_response().into_parts();
        let mut response = self.frame(title, &body, Theme::System);
        *response.status_mut() = parts.status;
        let headers = response.headers_mut();
        guard(headers, Script::None);
        if let Some(seconds) = parts.headers.get(header::RETRY_AFTER) {
            headers.insert(header::RETRY_AFTER, seconds.clone());
        }
        response
    }

    fn frame(&self, title: &str, body: &Markup, theme: Theme) -> Response {
        let page = html! {
            (DOCTYPE)
            html lang=(self.words.language) data-theme=(theme.word()) {
                head {
                    meta charset="utf-8";
                    title { (title) " · Sotto" }
                    meta name="viewport" content="width=device-width";
                    // Browsers would ask for one.
                    link rel="icon" href="data:,";
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header { p { "Sotto" } }
                    main { (body) }
                }
            }
        };
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        let language = HeaderValue::from_static(self.words.language);
        let headers = [
            (header::CONTENT_TYPE, html),
            (header::CONTENT_LANGUAGE, language),
        ];
        (headers, Body::from(page.into_string())).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers))
    }
}

/// The headers that every page has: kept nowhere, framed by nobody, telling nobody where from.
fn guard(headers: &mut HeaderMap, script: Script) {
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, policy(script).clone());
}

/// The refusals that any page may give, for the OpenAPI document: each as a page and as a problem.
pub struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses()
    -> std::collections::BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::Response>> {
        use utoipa::openapi::{ContentBuilder, RefOr};
        let mut responses = Problems::responses();
        for response in responses.values_mut() {
            if let RefOr::T(response) = response {
                let page = ContentBuilder::new().build();
                response
                    .content
                    .insert("text/html".to_owned(), RefOr::T(page));
            }
        }
        responses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_allows_its_own_style_and_nothing_else_and_one_its_own_script() {
        let of = |script| policy(script).to_str().expect("text");
        for policy in [of(Script::None), of(Script::Passkey)] {
            for part in [
                "default-src 'none'",
                "style-src 'sha256-",
                "frame-ancestors 'none'",
            ] {
                assert!(policy.contains(part), "{policy}");
            }
            assert!(!policy.contains("unsafe"), "{policy}");
        }
        assert!(!of(Script::None).contains("script"));
        assert!(of(Script::Passkey).contains("; script-src 'sha256-"));
        assert!(!passkey::SCRIPT.contains("</"), "a script that ends early");
        assert!(!STYLE.contains("url("), "a style that loads something");
        assert!(!STYLE.contains("</"), "a style that ends early");
    }

    #[test]
    fn a_refusal_is_a_page_for_people_and_a_problem_for_programs() {
        let of = |accept: &'static str| {
            let headers = [(header::ACCEPT, HeaderValue::from_static(accept))];
            Reader::of(&headers.into_iter().collect())
                .answer(Err(Problem::new(Code::CrossSite)))
                .headers()[header::CONTENT_TYPE]
                .clone()
        };
        assert_eq!(of("text/html,*/*;q=0.8"), "text/html; charset=utf-8");
        assert_eq!(of("*/*"), "application/problem+json");
    }
}
