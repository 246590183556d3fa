//! API Gateway's HTTP API in this process: finds the template's route, makes the event, calls the
//! function, and answers itself what API Gateway answers itself.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use aws_lc_rs::rand;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use serde_json::json;
use shared::app::Clock;

use crate::event::{Arrival, Event, percent_decode, response};
use crate::functions::{Failure, Function, Functions};
use crate::template::{ANY, Cors, Route, Template};

/// Most bytes of a request's body that API Gateway takes.
pub const MOST_BODY_BYTES: usize = 10 * 1024 * 1024;
/// Most bytes of an event, and of an answer, that Lambda takes.
pub const MOST_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

/// The gateway of one stack.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    routes: Vec<Target>,
    default: Option<Target>,
    cors: Option<Cors>,
    clock: Clock,
}

/// A route and what answers it.
#[derive(Clone)]
struct Target {
    route: Route,
    function: Function,
}

impl Gateway {
    /// The gateway of a template whose functions are running. A route whose function is not among
    /// them does not exist.
    pub fn new(template: &Template, functions: &Functions, clock: Clock) -> Self {
        let targets = template.routes.iter().filter_map(|route| {
            let function = functions.by_id(&route.function)?.clone();
            Some(Target {
                route: route.clone(),
                function,
            })
        });
        let (default, mut routes): (Vec<_>, Vec<_>) =
            targets.partition(|target| target.route.is_default());
        // The first match is then the most specific one.
        routes.sort_by_key(|target| specificity(&target.route));
        let default = default.into_iter().next();
        Self(Arc::new(Inner {
            routes,
            default,
            cors: template.cors.clone(),
            clock,
        }))
    }

    /// The HTTP application: the pages of this stack, and the template's routes for the rest.
    pub fn router(&self, pages: Router) -> Router {
        let gateway = self.clone();
        let api = move |request: Request| gateway.clone().handle(request);
        pages.method_not_allowed_fallback(api.clone()).fallback(api)
    }

    fn find(&self, method: &Method, path: &str) -> Option<(&Target, BTreeMap<String, String>)> {
        let takes =
            |target: &&Target| target.route.method == ANY || target.route.method == method.as_str();
        self.0
            .routes
            .iter()
            .filter(takes)
            .find_map(|target| Some((target, match_path(&target.route.path, path)?)))
            .or_else(|| {
                self.0
                    .default
                    .as_ref()
                    .map(|target| (target, BTreeMap::new()))
            })
    }

    async fn handle(self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let cors = self.0.cors.as_ref();
        if let Some(preflight) = cors.and_then(|cors| preflight(cors, &parts)) {
            return preflight;
        }
        let request_id = request_id();
        let mut response = self.answer(&parts, body, &request_id).await;
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::try_from(request_id) {
            headers.insert(HeaderName::from_static("apigw-requestid"), id);
        }
        if let Some(cors) = cors {
            add_cors(cors, &parts, headers);
        }
        response
    }

    async fn answer(&self, request: &Parts, body: Body, request_id: &str) -> Response {
        let Ok(body) = axum::body::to_bytes(body, MOST_BODY_BYTES).await else {
            return edge_error(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long");
        };
        if !has_valid_host(&request.headers) {
            return edge_error(StatusCode::BAD_REQUEST, "Bad Request");
        }
        let Some((target, path_parameters)) = self.find(&request.method, request.uri.path()) else {
            return edge_error(StatusCode::NOT_FOUND, "Not Found");
        };
        let arrival = Arrival {
            route_key: target.route.key(),
            path_parameters,
            request_id,
            at: self.0.clock.now(),
            source: source(request),
        };
        invoke(&target.function, request, &body, arrival).await
    }
}

async fn invoke(
    function: &Function,
    request: &Parts,
    body: &Bytes,
    arrival: Arrival<'_>,
) -> Response {
    let request_id = arrival.request_id;
    let crashed = || edge_error(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    let Ok(event) = serde_json::to_vec(&Event::new(request, body, arrival)) else {
        return crashed();
    };
    if event.len() > MOST_PAYLOAD_BYTES {
        return edge_error(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long");
    }
    match function.invoke(event, request_id).await {
        Ok(answer) if answer.len() <= MOST_PAYLOAD_BYTES => {
            response(&answer).unwrap_or_else(crashed)
        }
        Ok(_) | Err(Failure::Crashed) => crashed(),
        Err(Failure::TimedOut) => {
            edge_error(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
        }
    }
}

/// An answer of API Gateway itself: fixed words, no problem details.
fn edge_error(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(json!({ "message": message }))).into_response()
}

/// Static parts before parameters before the rest of the path, from left to right; a method
/// before any method.
fn specificity(route: &Route) -> (Vec<u8>, bool) {
    let rank = |part: &str| match part {
        _ if part.ends_with("+}") => 2,
        _ if part.starts_with('{') => 1,
        _ => 0,
    };
    (
        route.path.split('/').map(rank).collect(),
        route.method == "ANY",
    )
}

/// The decoded path parameters, when the path fits the pattern.
fn match_path(pattern: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::new();
    let mut rest = path;
    let mut parts = pattern.split('/').peekable();
    while let Some(part) = parts.next() {
        let name = part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'));
        if let Some(name) = name.and_then(|name| name.strip_suffix('+')) {
            parameters.insert(name.to_owned(), percent_decode(rest));
            return (!rest.is_empty()).then_some(parameters);
        }
        let (here, after) = match rest.split_once('/') {
            Some((here, after)) => (here, Some(after)),
            None => (rest, None),
        };
        match name {
            Some(_) if here.is_empty() => return None,
            Some(name) => {
                parameters.insert(name.to_owned(), percent_decode(here));
            }
            None if here != part => return None,
            None => {}
        }
        match (after, parts.peek()) {
            (Some(after), Some(_)) => rest = after,
            (None, None) => return Some(parameters),
            _ => return None,
        }
    }
    None
}

/// API Gateway answers a preflight by itself wherever CORS is configured.
fn preflight(cors: &Cors, request: &Parts) -> Option<Response> {
    let asks = request.method == Method::OPTIONS
        && request.headers.contains_key(header::ORIGIN)
        && request
            .headers
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !asks {
        return None;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    if allow_origin(cors, request, headers) {
        insert_list(
            headers,
            header::ACCESS_CONTROL_ALLOW_METHODS,
            &cors.allow_methods,
        );
        insert_list(
            headers,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            &cors.allow_headers,
        );
        if let Some(seconds) = cors.max_age_seconds {
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, seconds.into());
        }
    }
    Some(response)
}

/// With CORS configured, the gateway's headers replace those of the function.
fn add_cors(cors: &Cors, request: &Parts, headers: &mut HeaderMap) {
    for name in [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
    ] {
        headers.remove(name);
    }
    if request.headers.contains_key(header::ORIGIN) && allow_origin(cors, request, headers) {
        insert_list(
            headers,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            &cors.expose_headers,
        );
    }
}

fn allow_origin(cors: &Cors, request: &Parts, headers: &mut HeaderMap) -> bool {
    let origin = request.headers.get(header::ORIGIN);
    let any = cors.allow_origins.iter().any(|allowed| allowed == "*");
    let listed = origin.filter(|origin| {
        cors.allow_origins
            .iter()
            .any(|allowed| origin.as_bytes() == allowed.as_bytes())
    });
    let allowed = match listed {
        Some(origin) => origin.clone(),
        None if any => HeaderValue::from_static("*"),
        None => return false,
    };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    if cors.allow_credentials {
        let yes = HeaderValue::from_static("true");
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    }
    true
}

fn insert_list(headers: &mut HeaderMap, name: HeaderName, list: &[String]) {
    if let Ok(value) = HeaderValue::try_from(list.join(","))
        && !list.is_empty()
    {
        headers.insert(name, value);
    }
}

/// Lambda's adapter makes an address of this header; on AWS the edge lets only valid ones pass.
fn has_valid_host(headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    host.is_some_and(|host| host.parse::<Authority>().is_ok() && !host.contains('@'))
}

fn source(request: &Parts) -> IpAddr {
    let connection = request.extensions.get::<ConnectInfo<SocketAddr>>();
    connection.map_or(Ipv4Addr::LOCALHOST.into(), |ConnectInfo(peer)| peer.ip())
}

/// Sixteen characters that end with `=`, as API Gateway's own.
fn request_id() -> String {
    let mut random = [0; 11];
    // Ids need to differ, not to be secret: without random bytes they are all alike and no worse.
    let _ = rand::fill(&mut random);
    BASE64.encode(&random)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, path: &str) -> Route {
        Route {
            method: method.into(),
            path: path.into(),
            function: String::new(),
        }
    }

    #[test]
    fn the_most_specific_route_is_asked_first() {
        let mut routes = [
            route("ANY", "/{rest+}"),
            route("GET", "/v1/{thing}"),
            route("ANY", "/v1/self"),
            route("GET", "/v1/self"),
        ];
        routes.sort_by_key(specificity);
        let keys: Vec<String> = routes.iter().map(Route::key).collect();
        assert_eq!(
            keys,
            [
                "GET /v1/self",
                "ANY /v1/self",
                "GET /v1/{thing}",
                "ANY /{rest+}"
            ]
        );
    }

    #[test]
    fn paths_match_part_by_part_and_parameters_are_decoded() {
        let one = |pattern, path| match_path(pattern, path);
        assert_eq!(one("/v1/things", "/v1/things"), Some(BTreeMap::new()));
        assert_eq!(
            one("/v1/{thing}/x", "/v1/a%2Fb/x").expect("a match")["thing"],
            "a/b"
        );
        assert_eq!(
            one("/{rest+}", "/a/b%20c").expect("a match")["rest"],
            "a/b c"
        );
        for (pattern, path) in [
            ("/v1/things", "/v1/things/"),
            ("/v1/{thing}", "/v1/"),
            ("/v1/{thing}", "/v1/a/b"),
            ("/v1/{thing}/x", "/v1/a"),
        ] {
            assert_eq!(one(pattern, path), None, "{pattern} {path}");
        }
    }
}
