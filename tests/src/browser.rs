//! Somebody at a browser: reads pages, sends their forms, keeps the one cookie. It does not follow
//! where an answer leads, so that tests see it.

use reqwest::Method;
use reqwest::header::{
    ACCEPT, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE,
};
use reqwest::redirect::Policy;

use crate::{Answer, contract};

/// The name of the one cookie.
const COOKIE_NAME: &str = "__Host-sid";

/// A browser.
#[derive(Clone, Debug)]
pub struct Browser {
    http: reqwest::Client,
    base: String,
    headers: HeaderMap,
    /// The value of the cookie that it holds.
    pub cookie: Option<String>,
}

impl Browser {
    /// A browser for the pages at `base`.
    pub(crate) fn new(base: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .build()
            .expect("an HTTP client");
        let accept = HeaderValue::from_static("text/html,*/*;q=0.8");
        Self {
            http,
            base: base.to_owned(),
            headers: [(ACCEPT, accept)].into_iter().collect(),
            cookie: None,
        }
    }

    /// The same browser with one more header, or another value for it.
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut browser = self.clone();
        let name = HeaderName::try_from(name).expect("a header's name");
        let value = HeaderValue::try_from(value).expect("a header's value");
        browser.headers.insert(name, value);
        browser
    }

    /// Opens a page, with the status that it must bring.
    pub async fn open(&mut self, path: &str, expected: u16) -> Answer {
        let answer = self.send(Method::GET, path, "").await;
        assert_eq!(answer.status, expected, "GET {path}: {}", answer.text);
        answer
    }

    /// Sends the form of a page, with the status that it must bring.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)], expected: u16) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        let form = form.extend_pairs(fields).finish();
        let answer = self
            .with_default("sec-fetch-site", "same-origin")
            .send(Method::POST, path, &form)
            .await;
        assert_eq!(answer.status, expected, "POST {path}: {}", answer.text);
        self.keep(&answer);
        answer
    }

    fn with_default(&self, name: &'static str, value: &str) -> Self {
        match self.headers.contains_key(name) {
            true => self.clone(),
            false => self.with_header(name, value),
        }
    }

    async fn send(&mut self, method: Method, path: &str, form: &str) -> Answer {
        let what = format!("{method} {path}");
        let request = self
            .http
            .request(method.clone(), format!("{}{path}", self.base))
            .headers(self.headers.clone());
        let request = match &self.cookie {
            Some(value) => request.header(COOKIE, format!("{COOKIE_NAME}={value}")),
            None => request,
        };
        let request = match method == Method::POST && !self.headers.contains_key(CONTENT_TYPE) {
            true => request.header(CONTENT_TYPE, "application/x-www-form-urlencoded"),
            false => request,
        };
        let sent = request.body(form.to_owned()).send().await;
        let response = sent.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response
            .text()
            .await
            .unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let answer = Answer {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        };
        let kept = contract::check(method.as_str(), path, form.as_bytes(), &answer);
        kept.unwrap_or_else(|fault| panic!("{what} breaks the contract: {fault}"));
        self.keep(&answer);
        answer
    }

    /// Does with the cookie what the answer says. There is no other cookie, and no other kind.
    fn keep(&mut self, answer: &Answer) {
        let all: Vec<&HeaderValue> = answer.headers.get_all(SET_COOKIE).iter().collect();
        let [cookie] = all[..] else {
            assert!(all.is_empty(), "more than one cookie: {all:?}");
            return;
        };
        let text = cookie.to_str().expect("text");
        let mut parts = text.split("; ");
        let pair = parts.next().and_then(|pair| pair.split_once('='));
        let (name, value) = pair.expect("a name and a value");
        let parts: Vec<&str> = parts.collect();
        assert_eq!(name, COOKIE_NAME);
        for guard in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(parts.contains(&guard), "{text}");
        }
        assert!(!text.contains("Domain"), "{text}");
        let gone = parts.contains(&"Max-Age=0");
        self.cookie = (!gone).then(|| value.to_owned());
    }
}
