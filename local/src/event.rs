//! The event that API Gateway's HTTP API sends to a function (payload format 2.0), and the answer
//! that it takes back.

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use axum::response::Response;
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use shared::domain::Timestamp;

use crate::ACCOUNT;

/// The API's id in events; on AWS ten random characters.
const API_ID: &str = "embedded";

/// An HTTP request as a function receives it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    version: &'static str,
    route_key: String,
    raw_path: String,
    raw_query_string: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    request_context: RequestContext,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    path_parameters: BTreeMap<String, String>,
    is_base64_encoded: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    account_id: &'static str,
    api_id: &'static str,
    domain_name: String,
    domain_prefix: String,
    http: HttpDescription,
    request_id: String,
    route_key: String,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HttpDescription {
    method: String,
    path: String,
    protocol: String,
    source_ip: IpAddr,
    user_agent: String,
}

/// What the gateway knows about a request besides the request itself.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// The key of the route that takes it.
    pub route_key: String,
    /// The decoded values of the route's path parameters.
    pub path_parameters: BTreeMap<String, String>,
    /// The gateway's id of the request.
    pub request_id: &'a str,
    /// When it arrived.
    pub at: Timestamp,
    /// Who sent it.
    pub source: IpAddr,
}

impl Event {
    /// The event of a request.
    pub fn new(request: &Parts, body: &[u8], arrival: Arrival<'_>) -> Self {
        let path = raw_path(request.uri.path());
        let host = header_text(&request.headers, header::HOST);
        let (body, is_base64_encoded) = encode_body(&request.headers, body);
        Self {
            version: "2.0",
            route_key: arrival.route_key.clone(),
            raw_path: path.clone(),
            raw_query_string: request.uri.query().unwrap_or_default().to_owned(),
            cookies: cookies(&request.headers),
            headers: headers(&request.headers, &arrival),
            query_string_parameters: query_parameters(request.uri.query().unwrap_or_default()),
            request_context: RequestContext {
                account_id: ACCOUNT,
                api_id: API_ID,
                domain_prefix: host.split('.').next().unwrap_or_default().to_owned(),
                domain_name: host,
                http: HttpDescription {
                    method: request.method.to_string(),
                    path,
                    protocol: format!("{:?}", request.version),
                    source_ip: arrival.source,
                    user_agent: header_text(&request.headers, header::USER_AGENT),
                },
                request_id: arrival.request_id.to_owned(),
                route_key: arrival.route_key,
                stage: "$default",
                time: access_log_time(arrival.at),
                time_epoch: arrival.at.ms(),
            },
            body,
            path_parameters: arrival.path_parameters,
            is_base64_encoded,
        }
    }
}

/// An HTTP API hands the path on decoded, and cut at a decoded `?`; a function URL and a REST API
/// do not. Seen in captures of the live service.
fn raw_path(path: &str) -> String {
    let decoded = percent_decode(path);
    decoded.split('?').next().unwrap_or_default().to_owned()
}

/// Lower-case names, repeated ones joined by commas; cookies travel apart. The gateway adds what
/// it knows of the way here.
fn headers(request: &HeaderMap, arrival: &Arrival<'_>) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in request.iter().filter(|(name, _)| *name != header::COOKIE) {
        join(
            &mut headers,
            name.as_str(),
            &String::from_utf8_lossy(value.as_bytes()),
        );
    }
    join(&mut headers, "x-forwarded-for", &arrival.source.to_string());
    let trace = format!(
        "Root=1-{:08x}-{:0>24}",
        arrival.at.seconds(),
        hex(arrival.request_id)
    );
    headers.insert("x-amzn-trace-id".into(), trace);
    headers.insert("x-forwarded-proto".into(), "http".into());
    let host = headers.get("host").cloned().unwrap_or_default();
    let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
    headers.insert("x-forwarded-port".into(), port.to_owned());
    headers
}

fn hex(text: &str) -> String {
    let all = data_encoding::HEXLOWER.encode(text.as_bytes());
    all.chars().take(24).collect()
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::COOKIE).iter();
    values
        .flat_map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            text.split("; ").map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |text: &str| percent_decode(&text.replace('+', " "));
        join(&mut parameters, &decode(name), &decode(value));
    }
    parameters
}

fn join(map: &mut BTreeMap<String, String>, name: &str, value: &str) {
    map.entry(name.to_owned())
        .and_modify(|joined| {
            joined.push(',');
            joined.push_str(value);
        })
        .or_insert_with(|| value.to_owned());
}

/// The body as text when its type says text and its bytes are some; else in base64.
fn encode_body(headers: &HeaderMap, body: &[u8]) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let content_type = header_text(headers, header::CONTENT_TYPE).to_ascii_lowercase();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let says_text = essence.starts_with("text/")
        || [
            "application/json",
            "application/xml",
            "application/javascript",
        ]
        .contains(&essence)
        || essence.ends_with("+json")
        || essence.ends_with("+xml");
    match std::str::from_utf8(body) {
        Ok(text) if says_text => (Some(text.to_owned()), false),
        _ => (Some(BASE64.encode(body)), true),
    }
}

fn header_text(headers: &HeaderMap, name: HeaderName) -> String {
    headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .unwrap_or_default()
}

/// `15/Jan/2026:12:00:00 +0000`
fn access_log_time(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.ms())
        .map(|time| time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string())
        .unwrap_or_default()
}

/// The text with every `%XX` replaced by its byte; bytes that are no UTF-8 become `U+FFFD`.
pub fn percent_decode(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let byte = (first == b'%')
            .then(|| std::str::from_utf8(after.get(..2)?).ok())
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// What a function answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The HTTP response that a function's answer stands for; none when it is malformed, which API
/// Gateway reports as an internal error.
pub fn response(answer: &[u8]) -> Option<Response> {
    let answer: Answer = serde_json::from_slice(answer).ok()?;
    let body = answer.body.unwrap_or_default();
    let body = match answer.is_base64_encoded {
        true => BASE64.decode(body.as_bytes()).ok()?,
        false => body.into_bytes(),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(answer.status_code).ok()?;
    let headers = response.headers_mut();
    for (name, value) in &answer.headers {
        headers.insert(
            HeaderName::try_from(name).ok()?,
            HeaderValue::try_from(value).ok()?,
        );
    }
    for cookie in &answer.cookies {
        headers.append(header::SET_COOKIE, HeaderValue::try_from(cookie).ok()?);
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(request: axum::http::request::Builder, body: &[u8]) -> Value {
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let arrival = Arrival {
            route_key: "POST /v1/things/{thing}".into(),
            path_parameters: [("thing".to_owned(), "a b".to_owned())].into(),
            request_id: "JKJaXmPLvHcESHA=",
            at: Timestamp::from_ms(1_768_478_400_000),
            source: IpAddr::from([127, 0, 0, 1]),
        };
        serde_json::to_value(Event::new(&parts, body, arrival)).expect("json")
    }

    fn request() -> axum::http::request::Builder {
        axum::http::Request::builder()
            .method("POST")
            .uri("/v1/things/a%20b?x=1&x=2&y=%C3%A4+b&z")
            .header("Host", "127.0.0.1:8787")
            .header("User-Agent", "curl/8")
            .header("Accept", "a")
            .header("Accept", "b")
            .header("Cookie", "one=1; two=2")
    }

    #[test]
    fn the_event_has_the_shape_of_payload_format_2() {
        let event = event(
            request().header("Content-Type", "application/json"),
            b"{\"a\":1}",
        );
        assert_eq!(event["version"], "2.0");
        assert_eq!(event["routeKey"], "POST /v1/things/{thing}");
        assert_eq!(event["rawPath"], "/v1/things/a b");
        assert_eq!(event["rawQueryString"], "x=1&x=2&y=%C3%A4+b&z");
        assert_eq!(event["cookies"], json!(["one=1", "two=2"]));
        assert_eq!(event["headers"]["accept"], "a,b");
        assert_eq!(event["headers"]["x-forwarded-for"], "127.0.0.1");
        assert_eq!(event["headers"]["x-forwarded-port"], "8787");
        assert!(event["headers"]["cookie"].is_null());
        assert_eq!(
            event["queryStringParameters"],
            json!({ "x": "1,2", "y": "ä b", "z": "" })
        );
        assert_eq!(event["pathParameters"], json!({ "thing": "a b" }));
        assert_eq!(event["body"], "{\"a\":1}");
        assert_eq!(event["isBase64Encoded"], false);
        let context = &event["requestContext"];
        assert_eq!(context["http"]["protocol"], "HTTP/1.1");
        assert_eq!(context["http"]["sourceIp"], "127.0.0.1");
        assert_eq!(context["http"]["userAgent"], "curl/8");
        assert_eq!(context["stage"], "$default");
        assert_eq!(context["time"], "15/Jan/2026:12:00:00 +0000");
        assert_eq!(context["timeEpoch"], 1_768_478_400_000_i64);
    }

    #[test]
    fn lambda_http_reads_the_event() {
        let event = event(request().header("Content-Type", "application/json"), b"{}").to_string();
        let parsed: lambda_http::request::LambdaRequest =
            serde_json::from_str(&event).expect("an event of API Gateway");
        let request: lambda_http::Request = parsed.into();
        assert_eq!(request.uri().path(), "/v1/things/a%20b");
        assert_eq!(request.headers()["cookie"], "one=1; two=2");
    }

    #[test]
    fn bodies_that_are_not_text_travel_in_base64() {
        for (content_type, body, is_base64) in [
            ("application/problem+json; charset=utf-8", &b"{}"[..], false),
            ("application/octet-stream", b"text", true),
            ("application/json", b"\xff\xfe", true),
        ] {
            let event = event(request().header("Content-Type", content_type), body);
            assert_eq!(event["isBase64Encoded"], is_base64, "{content_type}");
        }
        assert!(event(request(), b"")["body"].is_null());
    }

    #[test]
    fn an_answer_becomes_a_response() {
        let answer = json!({
            "statusCode": 201, "headers": { "etag": "\"1\"" }, "cookies": ["a=1", "b=2"],
            "body": "aGk=", "isBase64Encoded": true,
        });
        let response = response(answer.to_string().as_bytes()).expect("a response");
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
        assert!(super::response(b"{}").is_none());
    }
}
