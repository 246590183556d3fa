//! What a beacon may know of where it comes from: a country that the edge names, a family of browsers
//! and a number. The address and the text that a browser sends of itself go no further than here.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};

use super::limit::came_through_the_edge;
use crate::{
    app::App,
    domain::{
        analytics::Country,
        device::{Browser, Device},
    },
};

/// Where a beacon comes from, and whether its sender wants to be in figures at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telemetry {
    /// The browser asks not to be followed: `Sec-GPC: 1` or `DNT: 1`.
    Refused,
    /// Nothing was refused.
    From(Origin),
}

/// Where a beacon comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The family of the browser.
    pub browser: Option<Browser>,
    /// Its major version.
    pub browser_major: Option<u64>,
    /// The country, where the request proves that it came through our edge; anybody can write the
    /// header.
    pub country: Option<Country>,
}

impl FromRequestParts<App> for Telemetry {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::read(
            &parts.headers,
            app.config.origin_secret.as_deref(),
        ))
    }
}

impl Telemetry {
    fn read(headers: &HeaderMap, secret: Option<&str>) -> Self {
        let says_no = |name: &str| headers.get(name).is_some_and(|value| value == "1");
        if says_no("sec-gpc") || says_no("dnt") {
            return Self::Refused;
        }
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let agent = text(header::USER_AGENT.as_str());
        let country = text("cloudfront-viewer-country").and_then(Country::parse);
        Self::From(Origin {
            browser: agent.map(|agent| Device::from_user_agent(agent).browser),
            browser_major: agent.and_then(Device::major_version),
            country: country.filter(|_| came_through_the_edge(headers, secret)),
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn from(headers: &[(&'static str, &'static str)], secret: Option<&str>) -> Telemetry {
        let headers = headers.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        Telemetry::read(&headers.collect(), secret)
    }

    #[test]
    fn a_country_is_believed_of_the_edge_alone_and_is_absent_where_it_says_none() {
        let germany = ("cloudfront-viewer-country", "DE");
        let proof = ("x-origin-secret", "s3cret");
        let origin = |country| {
            Telemetry::From(Origin {
                country,
                ..Origin::default()
            })
        };
        let found = Country::parse("DE");
        assert!(found.is_some());
        assert_eq!(from(&[germany, proof], Some("s3cret")), origin(found));
        assert_eq!(from(&[germany], Some("s3cret")), origin(None));
        assert_eq!(from(&[germany, proof], None), origin(None));
        assert_eq!(from(&[proof], Some("s3cret")), origin(None));
        let nowhere = ("cloudfront-viewer-country", "XX");
        assert_eq!(from(&[nowhere, proof], Some("s3cret")), origin(None));
    }

    #[test]
    fn a_browser_that_asks_not_to_be_followed_is_not() {
        assert_eq!(from(&[("dnt", "1")], None), Telemetry::Refused);
        assert_eq!(from(&[("sec-gpc", "1")], None), Telemetry::Refused);
        assert_eq!(
            from(&[("dnt", "0")], None),
            Telemetry::From(Origin::default())
        );
    }
}
