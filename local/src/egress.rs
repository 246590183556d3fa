//! The egress door of the embedded stack: as in a deployment, and plain HTTP to this machine besides,
//! where tests and demos run the services of others. This is the only code that can do that, and no
//! bootstrap links this crate.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::shared::IntoShared;
use http::Uri;
use shared::app::Egress;
use shared::app::egress;

/// A door that also leads to this machine.
pub fn door() -> Egress {
    Egress::over(everywhere(), |uri| egress::is_public(uri) || is_here(uri))
}

/// The connector of that door: public hosts over TLS, and this machine.
pub fn everywhere() -> SharedHttpConnector {
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(Duration::from_secs(2))
        .build();
    let plain = Connector::builder()
        .connector_settings(settings)
        .build_http();
    let both = Both {
        plain: plain.into_shared(),
        public: egress::guarded(),
    };
    SharedHttpConnector::new(both)
}

/// Whether an address is plain HTTP to this machine.
fn is_here(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    uri.scheme_str() == Some("http") && matches!(host, "127.0.0.1" | "[::1]" | "localhost")
}

#[derive(Debug)]
struct Both {
    plain: SharedHttpConnector,
    public: SharedHttpConnector,
}

impl HttpConnector for Both {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let here = request.uri().parse().is_ok_and(|uri: Uri| is_here(&uri));
        match here {
            true => self.plain.call(request),
            false => self.public.call(request),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_reached_by_plain_http_and_nothing_else_is() {
        let door = door();
        for good in [
            "http://127.0.0.1:8080/a",
            "http://localhost:1",
            "https://id.example.com",
        ] {
            assert!(door.address(good).is_ok(), "{good}");
        }
        for bad in [
            "http://id.example.com",
            "http://10.0.0.1",
            "http://127.0.0.1.example.com",
            "https://127.0.0.1",
        ] {
            assert!(door.address(bad).is_err(), "{bad}");
        }
        assert!(Egress::public().address("http://127.0.0.1:8080/a").is_err());
    }
}
