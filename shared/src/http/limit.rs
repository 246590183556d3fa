//! Limits on the wire: who is asking, `RateLimit` and `RateLimit-Policy`
//! (draft-ietf-httpapi-ratelimit-headers-10), and 429 with `Retry-After`.

use std::{convert::Infallible, net::IpAddr};

use aws_lc_rs::constant_time;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    response::{IntoResponseParts, ResponseParts},
};
use lambda_http::request::RequestContext;

use super::problem::{Code, Problem};
use crate::app::{
    App,
    limit::{Act, Network, Standing, Verdict},
};

/// Where a request comes from, as far as limits care; only in memory.
#[derive(Clone, Debug)]
pub struct Client(Option<Network>);

impl FromRequestParts<App> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let context = parts.extensions.get::<RequestContext>();
        let source = context.and_then(|context| match context {
            RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_deref(),
            _ => None,
        });
        let secret = app.config.origin_secret.as_deref();
        Ok(Self(
            address(source, &parts.headers, secret).and_then(Network::of),
        ))
    }
}

/// The client's address: the one that API Gateway saw, or, where the request proves that it came
/// through our CloudFront, the one that CloudFront saw. Anybody can write that header; nobody else
/// knows the secret.
fn address(source: Option<&str>, headers: &HeaderMap, secret: Option<&str>) -> Option<IpAddr> {
    if came_through_the_edge(headers, secret) {
        // The address and the port, without brackets: `203.0.113.7:443`, `2001:db8::1:443`.
        let viewer = headers.get("cloudfront-viewer-address");
        let viewer = viewer.map(HeaderValue::as_bytes).unwrap_or_default();
        let viewer = std::str::from_utf8(viewer).unwrap_or_default();
        if let Some((address, _)) = viewer.rsplit_once(':') {
            return address.trim_matches(['[', ']']).parse().ok();
        }
    }
    source?.parse().ok()
}

/// Whether a request proves that it came through our CloudFront, so that what that says of the
/// viewer can be believed.
pub(super) fn came_through_the_edge(headers: &HeaderMap, secret: Option<&str>) -> bool {
    let sent = headers.get("x-origin-secret").map(HeaderValue::as_bytes);
    match (secret, sent) {
        (Some(secret), Some(sent)) => {
            constant_time::verify_slices_are_equal(secret.as_bytes(), sent).is_ok()
        }
        _ => false,
    }
}

/// That a try was counted and may go on: put it into the reply, before the body.
#[derive(Clone, Debug)]
#[must_use = "the reply says how often more"]
pub struct Allowance(Act, Option<Standing>);

impl App {
    /// Counts a try of `act` about `subject` (an address, an account, a workspace, an app), and
    /// refuses what is too often. Call it when the request has been parsed, before anything is read.
    ///
    /// # Errors
    /// 429 `rate_limited`; 503 when it cannot be counted.
    pub async fn admit(
        &self,
        client: &Client,
        act: Act,
        subject: &str,
    ) -> Result<Allowance, Problem> {
        match self.try_act(act, client.0.as_ref(), subject).await? {
            Verdict::Go(standing) => Ok(Allowance(act, standing)),
            Verdict::Stop(standing) => Err(Problem::limited(act, standing)),
        }
    }
}

impl App {
    /// Refuses a widget session of an app that has had as many in this minute as the operator lets it.
    ///
    /// # Errors
    /// 429 `rate_limited`; 503 when it cannot be counted.
    pub async fn admit_visit_under(&self, cap: u64, app: &str) -> Result<(), Problem> {
        match self.try_visit_under(cap, app).await? {
            Verdict::Go(_) => Ok(()),
            Verdict::Stop(standing) => Err(Problem::limited(Act::StartVisit, standing)),
        }
    }
}

impl Allowance {
    /// What was counted.
    pub const fn act(&self) -> Act {
        self.0
    }
}

impl IntoResponseParts for Allowance {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        insert(response.headers_mut(), self.0, self.1);
        Ok(response)
    }
}

/// Writes both headers.
fn insert(headers: &mut HeaderMap, act: Act, standing: Option<Standing>) {
    let limits = act.limits().iter();
    let policies = limits.map(|limit| {
        let seconds = limit.window.as_secs();
        format!("\"{}\";q={};w={seconds}", limit.name, limit.quota)
    });
    let policy = policies.collect::<Vec<_>>().join(", ");
    let place = |name, text: &str, headers: &mut HeaderMap| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    place("ratelimit-policy", &policy, headers);
    if let Some(standing) = standing {
        let Standing {
            limit,
            remaining,
            reset_seconds,
        } = standing;
        let text = format!("\"{}\";r={remaining};t={reset_seconds}", limit.name);
        place("ratelimit", &text, headers);
    }
}

/// The headers of a refusal.
pub(super) fn refusal_headers(headers: &mut HeaderMap, act: Act, standing: Standing) {
    insert(headers, act, Some(standing));
    headers.insert(header::RETRY_AFTER, standing.reset_seconds.into());
}

impl Problem {
    /// Too often; `Retry-After` says until when.
    pub fn limited(act: Act, standing: Standing) -> Self {
        let mut problem = Self::new(Code::RateLimited);
        problem.limited = Some(Box::new((act, standing)));
        problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(headers: &[(&'static str, &'static str)], secret: Option<&str>) -> Option<IpAddr> {
        let headers = headers.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        address(Some("198.51.100.1"), &headers.collect(), secret)
    }

    #[test]
    fn the_viewers_address_counts_only_with_the_secret_of_the_origin() {
        let edge = "198.51.100.1".parse().ok();
        let viewer = ("cloudfront-viewer-address", "203.0.113.7:41000");
        assert_eq!(from(&[], Some("s3cret")), edge);
        assert_eq!(from(&[viewer], Some("s3cret")), edge);
        for wrong in ["", "s3cre", "s3crets", "S3CRET"] {
            assert_eq!(
                from(&[viewer, ("x-origin-secret", wrong)], Some("s3cret")),
                edge
            );
        }
        // Without a secret in the deployment nothing proves anything.
        assert_eq!(from(&[viewer, ("x-origin-secret", "")], None), edge);
        let right = ("x-origin-secret", "s3cret");
        let seen = from(&[viewer, right], Some("s3cret"));
        assert_eq!(seen, "203.0.113.7".parse().ok());
        let v6 = ("cloudfront-viewer-address", "2001:db8::1:443");
        assert_eq!(
            from(&[v6, right], Some("s3cret")),
            "2001:db8::1".parse().ok()
        );
        assert_eq!(from(&[right], Some("s3cret")), edge);
    }

    #[test]
    fn the_headers_are_structured_fields_and_name_the_limit_that_was_reached() {
        let limit = Act::AskForCode.limits()[1];
        let standing = Standing {
            limit,
            remaining: 0,
            reset_seconds: 77,
        };
        let mut headers = HeaderMap::new();
        refusal_headers(&mut headers, Act::AskForCode, standing);
        assert_eq!(headers["ratelimit"], "\"codes-address\";r=0;t=77");
        assert_eq!(headers["retry-after"], "77");
        assert_eq!(
            headers["ratelimit-policy"],
            "\"codes-network\";q=60;w=3600, \"codes-address\";q=5;w=3600, \"codes-all\";q=20000;w=3600"
        );
    }
}
