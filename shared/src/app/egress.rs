//! The one door for what leaves the system and does not go to AWS.
//!
//! Every call names its [`Recipient`] from a closed list, which the list of subprocessors is
//! rendered from. The host is somebody else's word (a customer's, a provider's), so the door lets it
//! reach public addresses only (SSRF): `https` on port 443, a name and no number, all
//! of its addresses looked up once, all of them public, and the connection made to one of those and
//! to no other. No redirect is followed, no proxy is asked, no header goes out or comes in that is
//! not listed here, and what comes back has a largest size and a latest moment.
//!
//! A bootstrap has [`Egress::public`]. The embedded stack brings a connector of its own, which also
//! speaks plain HTTP to this machine; that code is not in this crate.

pub mod address;

use std::{
    io,
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::{
    Connector,
    tls::{self, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    dns::{DnsFuture, ResolveDns, ResolveDnsError},
    http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::HttpRequest,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{HeaderName, Method, Uri, header};
use http_body_util::{BodyExt, Limited};

use crate::{domain::recipient::Recipient, store::meter::Meter};

/// How long looking up and connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a whole call may take: a sign-in makes up to three within a function's ten seconds.
const CALL_TIMEOUT: Duration = Duration::from_secs(3);
/// The largest answer: key sets of large providers have 20 KiB.
pub const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// The largest request.
const MAX_REQUEST_BYTES: usize = 64 * 1024;
/// The longest address.
const MAX_URL_BYTES: usize = 2048;

/// The headers that go out; nothing of the caller's request can be among them by accident.
const SENT: [HeaderName; 18] = [
    APNS_COLLAPSE_ID,
    APNS_EXPIRATION,
    APNS_PRIORITY,
    APNS_PUSH_TYPE,
    APNS_TOPIC,
    header::ACCEPT,
    header::AUTHORIZATION,
    header::CONTENT_ENCODING,
    header::CONTENT_TYPE,
    header::USER_AGENT,
    TOPIC,
    TTL,
    URGENCY,
    WEBHOOK_ID,
    WEBHOOK_SIGNATURE,
    WEBHOOK_TIMESTAMP,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("stripe-version"),
];

/// Headers that are the connection's, and nobody's to choose.
const OURS: [HeaderName; 9] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Whether a header goes out: to a server of a flow whatever its builder wrote, and else what is listed.
fn goes_out(recipient: Recipient, name: &HeaderName) -> bool {
    SENT.contains(name) || (recipient == Recipient::FlowServer && !OURS.contains(name))
}

/// What takes the place of an earlier notification on a phone of Apple's.
pub const APNS_COLLAPSE_ID: HeaderName = HeaderName::from_static("apns-collapse-id");
/// Until when Apple tries, in seconds since 1970; once with 0.
pub const APNS_EXPIRATION: HeaderName = HeaderName::from_static("apns-expiration");
/// How much a notification hurries.
pub const APNS_PRIORITY: HeaderName = HeaderName::from_static("apns-priority");
/// What a notification does to a phone.
pub const APNS_PUSH_TYPE: HeaderName = HeaderName::from_static("apns-push-type");
/// For which app it is.
pub const APNS_TOPIC: HeaderName = HeaderName::from_static("apns-topic");
/// What takes the place of an earlier message to a browser (RFC 8030, 5.4).
pub const TOPIC: HeaderName = HeaderName::from_static("topic");
/// How long a message to a browser is kept, in seconds (RFC 8030, 5.2).
pub const TTL: HeaderName = HeaderName::from_static("ttl");
/// How much a message to a browser hurries (RFC 8030, 5.3).
pub const URGENCY: HeaderName = HeaderName::from_static("urgency");
/// The id of what a service is told (Standard Webhooks).
pub const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
/// The signatures of it.
pub const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// When it was signed, in seconds.
pub const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");

/// An address that the door would connect to, as far as can be said without looking it up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address(Uri);

impl Address {
    /// The address as text, as it was given.
    pub fn text(&self) -> String {
        self.0.to_string()
    }

    /// The host, for people.
    pub fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }
}

/// A call to be made.
#[derive(Debug)]
pub struct Outgoing {
    /// What kind of recipient gets it.
    pub recipient: Recipient,
    /// Where.
    pub address: Address,
    /// How.
    pub method: Method,
    /// The headers; of another name than those that are sent, refused.
    pub headers: Vec<(HeaderName, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How long the whole call may take.
    pub patience: Duration,
}

impl Outgoing {
    /// Asks for JSON.
    pub fn get(recipient: Recipient, address: Address) -> Self {
        Self {
            recipient,
            address,
            method: Method::GET,
            headers: vec![(header::ACCEPT, "application/json".to_owned())],
            body: Vec::new(),
            patience: CALL_TIMEOUT,
        }
    }

    /// Sends JSON.
    pub fn json(recipient: Recipient, address: Address, body: Vec<u8>) -> Self {
        let mut call = Self::get(recipient, address);
        call.method = Method::POST;
        let json_type = "application/json".to_owned();
        call.headers.push((header::CONTENT_TYPE, json_type));
        call.body = body;
        call
    }

    /// Sends bytes.
    pub fn bytes(recipient: Recipient, address: Address, body: Vec<u8>) -> Self {
        let mut call = Self::get(recipient, address);
        call.method = Method::POST;
        let bytes_type = "application/octet-stream".to_owned();
        call.headers.push((header::CONTENT_TYPE, bytes_type));
        call.body = body;
        call
    }

    /// The same with another header, of those that are sent.
    pub fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same, waiting for its answer for so long.
    pub fn within(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Sends a form and asks for JSON.
    pub fn form(recipient: Recipient, address: Address, form: String) -> Self {
        let form_type = "application/x-www-form-urlencoded".to_owned();
        let mut call = Self::get(recipient, address);
        call.method = Method::POST;
        call.headers.push((header::CONTENT_TYPE, form_type));
        call.body = form.into_bytes();
        call
    }

    /// The same with credentials.
    pub fn with_authorization(mut self, value: String) -> Self {
        self.headers.push((header::AUTHORIZATION, value));
        self
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The status; a redirect is an answer like any other.
    pub status: u16,
    /// What the body is, without parameters.
    pub content_type: String,
    /// How long to wait before the next call, where the answer says so in seconds.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer. Says nothing about the network behind the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The address is none that the door connects to.
    #[error("the address is not allowed")]
    Refused,
    /// Nobody answered, or not in time.
    #[error("the recipient did not answer")]
    Unreachable,
    /// The answer is larger than [`MAX_ANSWER_BYTES`].
    #[error("the answer is too large")]
    TooLarge,
}

/// Whether an address, before it is looked up, may be asked for.
pub type Admits = fn(&Uri) -> bool;

/// The door.
#[derive(Clone)]
pub struct Egress {
    connector: Arc<OnceLock<SharedHttpConnector>>,
    admits: Admits,
    meter: Meter,
}

impl Egress {
    /// The door of a deployment. The machine's roots of TLS are read with the first call.
    pub fn public() -> Self {
        Self {
            connector: Arc::default(),
            admits: is_public,
            meter: Meter::default(),
        }
    }

    /// A door with another connector behind it, for the embedded stack and the tests.
    pub fn over(connector: SharedHttpConnector, admits: Admits) -> Self {
        let door = Self {
            admits,
            ..Self::public()
        };
        // The lock is new, so it takes the value.
        let _ = door.connector.set(connector);
        door
    }

    /// The same, counting with `meter`.
    pub(super) fn counting_with(self, meter: Meter) -> Self {
        Self { meter, ..self }
    }

    /// Reads an address.
    ///
    /// # Errors
    /// When the door would never connect to it.
    pub fn address(&self, text: &str) -> Result<Address, EgressError> {
        let plain = text.len() <= MAX_URL_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic());
        let uri: Uri = text.parse().map_err(|_| EgressError::Refused)?;
        // `Uri` drops a fragment, and a backslash is a slash to some and a letter to others.
        let same = !text.contains(['#', '\\', '@', '"', '<', '>']);
        if plain && same && !climbs(&uri) && (self.admits)(&uri) {
            Ok(Address(uri))
        } else {
            Err(EgressError::Refused)
        }
    }

    /// Makes a call and reads its answer.
    ///
    /// # Errors
    /// When the address is not allowed, nobody answers in time, or the answer is too large.
    pub async fn call(&self, call: Outgoing) -> Result<Incoming, EgressError> {
        let allowed = (self.admits)(&call.address.0)
            // The list of recipients has its hosts; what is not public is the embedded stack's own.
            && (call.recipient.is_at(call.address.host()) || !is_public(&call.address.0))
            && call.body.len() <= MAX_REQUEST_BYTES
            && call
                .headers
                .iter()
                .all(|(name, _)| goes_out(call.recipient, name));
        if !allowed {
            return Err(EgressError::Refused);
        }
        // Every host that something goes to is on record, for as long as logs are.
        let (what, host) = (call.recipient.word(), call.address.host());
        tracing::info!(what, host, "a call out");
        let begun = self.meter.begin(call.recipient.word());
        let answer = tokio::time::timeout(call.patience, self.exchange(call)).await;
        self.meter.end_free(begun);
        answer.unwrap_or(Err(EgressError::Unreachable))
    }

    async fn exchange(&self, call: Outgoing) -> Result<Incoming, EgressError> {
        let mut request = http::Request::builder()
            .method(call.method)
            .uri(call.address.0);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(SdkBody::from(call.body))
            .map_err(|_| EgressError::Refused)?;
        let request = HttpRequest::try_from(request).map_err(|_| EgressError::Refused)?;
        let response = self.connector().call(request).await.map_err(|error| {
            match format!("{error:?}").contains(NOT_PUBLIC) {
                true => EgressError::Refused,
                false => EgressError::Unreachable,
            }
        })?;
        let content_type = response.headers().get("content-type").unwrap_or_default();
        let content_type = content_type.split(';').next().unwrap_or_default().trim();
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.and_then(|seconds| seconds.parse().ok());
        let retry_after = retry_after.map(Duration::from_secs);
        let (status, content_type) = (response.status().as_u16(), content_type.to_lowercase());
        let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES);
        let body = body.collect().await.map_err(|error| {
            let too_large = error.is::<http_body_util::LengthLimitError>();
            match too_large {
                true => EgressError::TooLarge,
                false => EgressError::Unreachable,
            }
        })?;
        Ok(Incoming {
            status,
            content_type,
            retry_after,
            body: body.to_bytes(),
        })
    }

    fn connector(&self) -> &SharedHttpConnector {
        self.connector.get_or_init(guarded)
    }
}

/// The connector of a deployment: TLS by the machine's roots, to addresses that [`PublicOnly`] gives.
/// Kept connections are to addresses that were looked at when they were made.
pub fn guarded() -> SharedHttpConnector {
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .build();
    let connector = Connector::builder()
        .connector_settings(settings)
        .sleep_impl(TokioSleep::new())
        .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
        .build_with_resolver(PublicOnly);
    SharedHttpConnector::new(connector)
}

/// Whether a part of the path leads out of it for a server that tidies it up: what somebody types may be a part.
fn climbs(uri: &Uri) -> bool {
    let path = uri.path().to_ascii_lowercase().replace("%2e", ".");
    path.split('/').any(|part| part == "." || part == "..")
}

/// An address of a deployment: `https`, port 443, a name.
///
/// A number instead of a name would not be looked up, so it is refused here; in any other spelling
/// it is looked up, and [`PublicOnly`] sees what comes of it.
pub fn is_public(uri: &Uri) -> bool {
    let named = uri.host().is_some_and(|host| {
        let host = host.trim_end_matches('.');
        let last = host.rsplit('.').next().unwrap_or_default();
        host.contains('.')
            && host.len() <= 253
            && last.starts_with(|first: char| first.is_ascii_alphabetic())
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
    });
    let port = uri.port().is_none_or(|port| port.as_str() == "443");
    uri.scheme_str() == Some("https") && named && port
}

/// What the resolver says of a name that leads inside.
const NOT_PUBLIC: &str = "a name that leads to an address that is not public";

/// Looks a name up, and knows it only when every address of it is public.
#[derive(Clone, Copy, Debug)]
struct PublicOnly;

impl ResolveDns for PublicOnly {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = tokio::net::lookup_host((name, 443)).await;
            let found = found.map_err(ResolveDnsError::new)?;
            let addresses: Vec<IpAddr> = found.map(|socket| socket.ip()).collect();
            all_public(addresses).map_err(ResolveDnsError::new)
        })
    }
}

/// The addresses of a name, if all of them are public: one that is not shows that somebody wants us
/// inside, whichever would be taken.
fn all_public(addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, io::Error> {
    if addresses.iter().all(|one| address::is_public(*one)) {
        Ok(addresses)
    } else {
        Err(io::Error::other(NOT_PUBLIC))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_names_on_port_443_are_addresses() {
        let door = Egress::public();
        for good in [
            "https://id.example.com",
            "https://id.example.com/a?b=c",
            "https://id.example.com/..a/b..?c=/../d",
            "https://id.example.com:443/",
            "https://ID.Example.com./x",
        ] {
            assert!(door.address(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "id.example.com",
            "/path",
            "http://id.example.com",
            "ftp://id.example.com",
            "file:///etc/passwd",
            "https://id.example.com:8443",
            "https://id.example.com:80",
            "https://localhost",
            "https://internal",
            "https://127.0.0.1",
            "https://127.1",
            "https://2130706433",
            "https://0x7f.0.0.0x1",
            "https://[::1]/",
            "https://[fd00:ec2::254]/",
            "https://user@id.example.com",
            "https://user:pass@id.example.com",
            "https://id.example.com\\@127.0.0.1",
            "https://id.example.com#@127.0.0.1",
            "https://id.example.com/ä",
            "https://ïd.example.com",
            "https://id.example.com/a b",
            "https://id.example.com/a/..",
            "https://id.example.com/a/./b",
            "https://id.example.com/a/.%2E/b",
            "https://id.example.com/\r\nhost: x",
            &format!("https://id.example.com/{}", "a".repeat(2048)),
        ] {
            assert!(door.address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_with_one_private_address_among_public_ones_is_unknown() {
        let of = |list: &[&str]| {
            let parsed = list.iter().map(|text| text.parse().expect("an address"));
            all_public(parsed.collect())
        };
        assert!(of(&["1.1.1.1", "2606:4700::1"]).is_ok());
        assert!(of(&["1.1.1.1", "10.0.0.1"]).is_err());
        assert!(of(&["::ffff:127.0.0.1"]).is_err());
    }

    // `localhost` is in the hosts file, so no name server is asked.
    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_not_connected_to() {
        let found = PublicOnly.resolve_dns("localhost").await;
        let error = found.expect_err("a name that leads inside");
        assert!(format!("{error:?}").contains(NOT_PUBLIC), "{error:?}");
        // And the same through the whole connector, past the check of the name.
        let door = Egress {
            admits: |_| true,
            ..Egress::public()
        };
        let address = door.address("https://localhost/").expect("let through");
        let call = Outgoing::get(Recipient::IdentityProvider, address);
        assert_eq!(door.call(call).await.err(), Some(EgressError::Refused));
    }

    // With a name that leads nowhere: what is refused was not looked up.
    #[tokio::test]
    async fn a_recipient_is_called_at_its_own_hosts_and_nowhere_else() {
        let door = Egress::public();
        for (recipient, reached) in [
            (Recipient::Stripe, EgressError::Refused),
            (Recipient::BrowserPush, EgressError::Refused),
            (Recipient::Webhook, EgressError::Unreachable),
        ] {
            let address = door.address("https://other.invalid/x").expect("an address");
            let call = door.call(Outgoing::get(recipient, address)).await;
            assert_eq!(call.err(), Some(reached), "{recipient:?}");
        }
    }

    #[tokio::test]
    async fn a_header_that_is_not_listed_and_a_large_body_do_not_leave() {
        let door = Egress::public();
        let call = || {
            let address = door.address("https://id.example.com").expect("an address");
            Outgoing::get(Recipient::IdentityProvider, address)
        };
        let mut cookie = call();
        cookie.headers.push((header::COOKIE, "a=b".to_owned()));
        assert_eq!(door.call(cookie).await.err(), Some(EgressError::Refused));
        let mut host = call();
        host.recipient = Recipient::FlowServer;
        host.headers.push((header::HOST, "b.example".to_owned()));
        assert_eq!(door.call(host).await.err(), Some(EgressError::Refused));
        let mut large = call();
        large.body = vec![0; MAX_REQUEST_BYTES + 1];
        assert_eq!(door.call(large).await.err(), Some(EgressError::Refused));
    }
}
