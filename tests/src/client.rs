//! One way to call the API, for every actor: the caller says which status it expects, and another
//! one fails the test with both statuses and the body. Every answer is held against the contract.

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::{contract, log};

/// A client with fixed headers.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    headers: HeaderMap,
}

/// An answer, as it came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON; null when it is none.
    pub body: Value,
}

impl Answer {
    /// A header's text; empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl Client {
    /// A client of the API at `base`.
    pub fn new(base: &str) -> Self {
        // The tests' own servers are on loopback, whatever proxy the machine uses.
        let http = reqwest::Client::builder()
            .no_proxy()
            // Where an answer leads is for the test to follow.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("an HTTP client");
        Self {
            http,
            base: base.to_owned(),
            headers: HeaderMap::new(),
        }
    }

    /// The same client with one more header, or another value for it.
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        let name = HeaderName::try_from(name).expect("a header's name");
        client.headers.insert(
            name,
            HeaderValue::try_from(value).expect("a header's value"),
        );
        client
    }

    /// The same client with this bearer token.
    pub fn with_token(&self, token: &str) -> Self {
        self.with_header("authorization", &format!("Bearer {token}"))
    }

    /// `GET`, with the status that it must bring.
    pub async fn get(&self, path: &str, expected: u16) -> Value {
        self.expect(Method::GET, path, None, expected).await
    }

    /// `POST` of JSON, with the status that it must bring.
    pub async fn post(&self, path: &str, body: Value, expected: u16) -> Value {
        self.expect(Method::POST, path, Some(body), expected).await
    }

    /// `PUT` of JSON, with the status that it must bring.
    pub async fn put(&self, path: &str, body: Value, expected: u16) -> Value {
        self.expect(Method::PUT, path, Some(body), expected).await
    }

    /// `PATCH` of JSON, with the status that it must bring.
    pub async fn patch(&self, path: &str, body: Value, expected: u16) -> Value {
        self.expect(Method::PATCH, path, Some(body), expected).await
    }

    /// `DELETE`, with the status that it must bring.
    pub async fn delete(&self, path: &str, expected: u16) -> Value {
        self.expect(Method::DELETE, path, None, expected).await
    }

    /// A call that must be refused: with this status, as a problem, with this code.
    pub async fn refused(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        expected: u16,
        code: &str,
    ) -> Value {
        let what = format!("{method} {path}");
        let answer = self.send(method, path, body).await;
        let seen = (
            answer.status,
            answer.body["code"].as_str().unwrap_or_default(),
        );
        assert_eq!(seen, (expected, code), "{what} answered: {}", answer.text);
        let content_type = answer.header("content-type");
        assert_eq!(
            content_type, "application/problem+json",
            "{what}: {}",
            answer.text
        );
        assert_eq!(
            answer.body["status"], expected,
            "{what}: the body's status differs"
        );
        answer.body
    }

    /// Any call, with JSON or without a body; the answer whatever its status.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        match body {
            Some(body) => {
                log::typed(&body);
                let client = match self.headers.contains_key("content-type") {
                    true => self.clone(),
                    false => self.with_header("content-type", "application/json"),
                };
                client
                    .send_raw(method, path, body.to_string().into_bytes())
                    .await
            }
            None => self.send_raw(method, path, Vec::new()).await,
        }
    }

    /// Any call with any bytes, for what JSON cannot say.
    pub async fn send_raw(&self, method: Method, path: &str, body: Vec<u8>) -> Answer {
        let (what, name, sent) = (format!("{method} {path}"), method.to_string(), body.clone());
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = request.headers(self.headers.clone()).body(body);
        let response = request
            .send()
            .await
            .unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response
            .text()
            .await
            .unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let body = serde_json::from_str(&text).unwrap_or_default();
        let answer = Answer {
            status,
            headers,
            text,
            body,
        };
        // The product has one cookie, and only pages set it (CALL-05, CALL-06).
        let cookie = answer.header("set-cookie");
        assert_eq!(cookie, "", "{what} sets a cookie");
        let kept = contract::check(&name, path, &sent, &answer);
        kept.unwrap_or_else(|fault| panic!("{what} breaks the contract: {fault}"));
        answer
    }

    async fn expect(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        expected: u16,
    ) -> Value {
        let what = format!("{method} {path}");
        let answer = self.send(method, path, body).await;
        let status = answer.status;
        assert_eq!(
            status, expected,
            "{what} answered {status}, not {expected}: {}",
            answer.text
        );
        answer.body
    }
}

/// A text field of an answer; fails when it is not there.
pub fn text(value: &Value, field: &str) -> String {
    let found = value[field].as_str();
    found
        .unwrap_or_else(|| panic!("no text in the field {field} of {value}"))
        .to_owned()
}
