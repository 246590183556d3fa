//! Text that came from outside, parsed once into types that cannot hold a wrong value.

use std::fmt;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{card_number::masked, personal::Personal, words::Symbol};

/// Why a value was refused: a closed code for programs and a sentence for people.
///
/// It never repeats the value. It travels through serde as text (see [`Fault::parse`]), because
/// serde knows only messages; the JSON door turns it back and adds the pointer to the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// A word of the closed list in the API documentation, such as `too_long`.
    pub code: String,
    /// What would have been accepted.
    pub detail: String,
}

/// Marks a [`Fault`] inside a serde message; no parser writes this character by itself.
const MARK: char = '\u{1}';

impl Fault {
    /// A fault with the word `code` and what would have been accepted.
    pub fn new(code: &str, detail: &str) -> Self {
        Self {
            code: code.to_owned(),
            detail: detail.to_owned(),
        }
    }

    /// Finds the fault that a `Deserialize` implementation wrote into a serde message.
    pub fn parse(message: &str) -> Option<Self> {
        // Only at the beginning: further on a message may quote a name from the request, and that
        // name may hold the mark.
        let mut parts = message.strip_prefix(MARK)?.split(MARK);
        let (code, detail) = (parts.next()?, parts.next()?);
        Some(Self::new(code, detail))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MARK}{}{MARK}{}{MARK}", self.code, self.detail)
    }
}

impl std::error::Error for Fault {}

impl Text {
    /// The same text with a block in the place of every character (Unicode scalar value) from
    /// `start` to before `end`; `None` when that is no part of it.
    pub fn blacked_out(&self, start: usize, end: usize) -> Option<Self> {
        if start >= end || end > self.0.chars().count() {
            return None;
        }
        let hide = |(place, char)| {
            if (start..end).contains(&place) {
                '\u{2588}'
            } else {
                char
            }
        };
        Some(Self(self.0.chars().enumerate().map(hide).collect()))
    }
}

/// Refuses what is empty, longer than `max` characters, or holds control characters other than
/// the listed ones.
fn check(text: &str, max_chars: usize, allowed_controls: &[char]) -> Result<(), Fault> {
    if text.trim().is_empty() {
        return Err(Fault::new("empty", "at least one visible character"));
    }
    if text.chars().count() > max_chars {
        return Err(Fault::new(
            "too_long",
            &format!("at most {max_chars} characters"),
        ));
    }
    if text
        .chars()
        .any(|c| c.is_control() && !allowed_controls.contains(&c))
    {
        return Err(Fault::new("bad_character", "no control characters"));
    }
    Ok(())
}

// What people write freely loses the numbers of cards as it is parsed, so that nothing behind this line has
// one. Identifiers keep theirs: two of them that end alike would become one person.
macro_rules! personal_text {
    ($($(#[$doc:meta])* $name:ident, $description:literal, $max:literal, $example:literal, $parse:expr;)+) => {$(
        $(#[$doc])*
        ///
        /// Personal: it has no `Display` and no `Serialize`, and `Debug` shows nothing of it.
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// Parses, and normalises where the type says so.
            pub fn parse(text: &str) -> Result<Self, Fault> {
                let parse: fn(&str) -> Result<String, Fault> = $parse;
                parse(text).map(Self)
            }

            /// The text itself: write this word only where a person is meant to read it.
            pub fn reveal(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(**)"))
            }
        }

        impl Personal for $name {
            fn to_bytes(&self) -> Vec<u8> {
                self.0.clone().into_bytes()
            }

            fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
                String::from_utf8(bytes).ok().map(Self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                use utoipa::openapi::schema::{ObjectBuilder, Type};
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($description))
                    .min_length(Some(1))
                    .max_length(Some($max))
                    .examples([serde_json::json!($example)])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )+};
}

personal_text! {
    /// What somebody wrote in a conversation: plain text, 1 to 10,000 characters.
    Text, "Plain text, 1 to 10,000 characters.", 10000, "Where is my parcel?",
    |text| check(text, 10_000, &['\n', '\t', '\r']).map(|()| masked(text.to_owned()));

    /// What somebody looks for: 1 to 200 characters.
    SearchWords, "What is looked for, 1 to 200 characters.", 200, "parcel berlin",
    |text| check(text, 200, &[]).map(|()| masked(text.trim().to_owned()));

    /// A name of a person, a workspace, an app or a passkey: 1 to 100 characters, trimmed.
    Name, "A name, 1 to 100 characters.", 100, "Ada Lovelace",
    |text| check(text, 100, &[]).map(|()| masked(text.trim().to_owned()));

    /// The name of a file: one line of 1 to 200 characters, without folders, and without what turns
    /// the direction of writing, so that no ending hides.
    FileName, "The name of a file, without folders.", 200, "parcel.jpg", parse_file_name;

    /// The subject of a mail to many: one line, so that nothing else can come into its header.
    Headline, "The subject of a mail: one line of 1 to 150 characters.", 150, "What is new",
    |text| check(text, 150, &[]).map(|()| masked(text.trim().to_owned()));

    /// An address for mail, at most 254 octets (RFC 5321). The domain is lower-cased; the local
    /// part is kept as typed and lower-cased only in [`Email::identity`].
    Email, "An email address.", 254, "ada@example.com", parse_email;

    /// The customer's own identifier of a person: 1 to 200 characters.
    ExternalId, "The customer's own identifier of a person.", 200, "user-4711",
    |text| check(text, 200, &[]).map(|()| text.to_owned());

    /// Where a visitor is: the path of a page without its query and fragment (CHAT-09).
    PagePath, "The path of a page, without query and fragment.", 500, "/pricing", parse_page_path;

    /// The host that a visitor came from, without path or query (CHAT-09).
    ReferrerHost, "The host a visitor came from.", 253, "search.example", parse_host;

    /// A language tag (RFC 5646, letters, digits and hyphens only), at most 35 characters. The
    /// shape has room for a name, so it is as personal as one.
    Locale, "A language tag.", 35, "en", parse_locale;

    /// A name of a time zone in the IANA database, checked by shape, at most 64 characters. The
    /// shape has room for a name, so it is as personal as one.
    TimeZone, "A time zone of the IANA database.", 64, "Europe/Berlin", parse_time_zone;
}

fn parse_file_name(text: &str) -> Result<String, Fault> {
    check(text, 200, &[])?;
    let text = text.trim();
    // Unicode's marks and overrides of direction: `gpj.exe` must not be shown as `exe.jpg`.
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if text.contains(['/', '\\']) || text.chars().any(turns) || text.chars().all(|c| c == '.') {
        return Err(Fault::new(
            "bad_file_name",
            "a name such as parcel.jpg, without folders",
        ));
    }
    Ok(masked(text.to_owned()))
}

fn parse_email(text: &str) -> Result<String, Fault> {
    let bad = || Fault::new("bad_email", "an address such as ada@example.com");
    let text = text.trim();
    if text.len() > 254 {
        return Err(Fault::new("too_long", "at most 254 characters"));
    }
    let (local, domain) = text.rsplit_once('@').ok_or_else(bad)?;
    // Printable ASCII only: look-alike letters of other alphabets are a way to be taken for
    // somebody else, and SES refuses them before the @ anyway.
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b));
    if !local_ok || !is_host(domain) || !domain.contains('.') {
        return Err(bad());
    }
    Ok(format!("{local}@{}", domain.to_ascii_lowercase()))
}

impl Email {
    /// What makes two spellings one address: all lower case.
    pub fn identity(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// Letters, digits and hyphens in labels of 1 to 63, 253 in all (RFC 1123).
fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= 253
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

/// Takes a whole URL apart and keeps only the host, so that tokens in paths never arrive.
fn parse_host(url: &str) -> Result<String, Fault> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host
        .split(':')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    if is_host(&host) {
        Ok(host)
    } else {
        Err(Fault::new("bad_url", "an absolute URL"))
    }
}

/// Takes a whole URL or a path apart and keeps only the path: query strings carry tokens.
fn parse_page_path(url: &str) -> Result<String, Fault> {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None if url.starts_with('/') => url,
        None => return Err(Fault::new("bad_url", "an absolute URL or a path")),
    };
    let path = path.split(['?', '#']).next().unwrap_or("/");
    check(path, 500, &[])?;
    Ok(masked(path.to_owned()))
}

/// Checks shape only: an unknown language is still a language.
fn parse_locale(text: &str) -> Result<String, Fault> {
    let label_ok = |label: &str| {
        (1..=8).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    if text.len() <= 35 && text.split('-').all(label_ok) {
        Ok(text.to_owned())
    } else {
        Err(Fault::new(
            "bad_locale",
            "a language tag such as en or pt-BR",
        ))
    }
}

/// Letters, digits, `_`, `-`, `+` and `/`: an unknown zone is still a zone.
fn parse_time_zone(text: &str) -> Result<String, Fault> {
    let ok = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-+/".contains(&b));
    if ok {
        Ok(text.to_owned())
    } else {
        Err(Fault::new("bad_time_zone", "a zone such as Europe/Berlin"))
    }
}

/// An origin of the web (RFC 6454): scheme, host and port. `https` only, but for loopback hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Parses and lower-cases; a path, a query or another scheme is refused.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let bad = || Fault::new("bad_origin", "an origin such as https://www.example.com");
        let text = text.to_ascii_lowercase();
        let (scheme, authority) = text.split_once("://").ok_or_else(bad)?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        let loopback = host == "localhost" || host == "127.0.0.1";
        let scheme_ok = scheme == "https" || (scheme == "http" && loopback);
        let port_ok = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        if !(scheme_ok && port_ok && is_host(host)) {
            return Err(bad());
        }
        // Browsers leave the scheme's own port out.
        let own = if scheme == "https" {
            Some("443")
        } else {
            Some("80")
        };
        let port = port
            .filter(|_| port != own)
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        Ok(Self(format!("{scheme}://{host}{port}")))
    }

    /// As a browser sends it in the `Origin` header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The identifier of a mobile app, such as `com.example.shop`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleId(String);

impl BundleId {
    /// Letters, digits, hyphens and underscores in at least two labels, at most 155 characters.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let label_ok = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        if text.len() <= 155 && text.contains('.') && text.split('.').all(label_ok) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Fault::new(
                "bad_bundle_id",
                "an identifier such as com.example.shop",
            ))
        }
    }

    /// As the `X-Bundle-Id` header carries it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The domain of an organisation's addresses, such as `example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailDomain(String);

impl MailDomain {
    /// A host with a dot in it, in lower case.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let text = text.to_ascii_lowercase();
        if is_host(&text) && text.contains('.') {
            Ok(Self(text))
        } else {
            Err(Fault::new("bad_domain", "a domain such as example.com"))
        }
    }

    /// Whether an address is of this domain and not of one below it.
    pub fn has(&self, email: &Email) -> bool {
        email.identity().rsplit('@').next() == Some(&self.0)
    }
}

/// A setting that an administrator copies from another service: an address, an id, a word. Printable
/// ASCII, 1 to 500 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting(String);

impl Setting {
    /// Parses one.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let printable = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if text.trim() != text || text.is_empty() {
            return Err(Fault::new("empty", "a text without spaces around it"));
        }
        if text.len() > 500 {
            return Err(Fault::new("too_long", "at most 500 characters"));
        }
        if printable {
            Ok(Self(text.to_owned()))
        } else {
            Err(Fault::new("bad_character", "printable ASCII characters"))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! plain_text {
    ($($name:ident, $max:literal, $example:literal;)+) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                use utoipa::openapi::schema::{ObjectBuilder, Type};
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .min_length(Some(1))
                    .max_length(Some($max))
                    .examples([serde_json::json!($example)])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}

        impl Symbol for $name {
            fn symbol(&self) -> String {
                self.0.clone()
            }
            fn from_symbol(text: &str) -> Option<Self> {
                Self::parse(text).ok()
            }
        }
    )+};
}

plain_text! {
    // Scheme, host and port at their longest.
    Origin, 267, "https://www.example.com";
    BundleId, 155, "com.example.shop";
    MailDomain, 253, "example.com";
    Setting, 500, "https://id.example.com";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_text_shows_nothing_of_itself_in_debug_output() {
        let text = Text::parse("my secret").expect("text");
        assert_eq!(format!("{text:?}"), "Text(**)");
    }

    #[test]
    fn a_fault_is_found_where_it_was_written_and_not_in_what_a_message_quotes() {
        let fault = Fault::new("too_long", "at most 3 characters");
        assert_eq!(
            Fault::parse(&format!("{fault} at line 1 column 2")),
            Some(fault.clone())
        );
        assert_eq!(Fault::parse(&format!("unknown field `{fault}`")), None);
    }

    #[test]
    fn addresses_that_could_fool_a_mail_system_or_a_reader_are_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@localhost",
            "a b@example.com",
            "ada@exam ple.com",
            "ada\r\nBcc: eve@example.com",
            "ada@example.com\n",
            "\u{430}da@example.com",
            "ada@ex\u{e4}mple.com",
            ".ada@example.com",
            "ada..l@example.com",
            "ada@-example.com",
            "<ada@example.com>",
            &long,
        ] {
            // A trailing line break is trimmed, not smuggled.
            if let Ok(email) = Email::parse(bad) {
                assert_eq!(email.reveal(), bad.trim(), "{bad:?} was accepted");
                assert!(!email.reveal().contains('\n'));
            }
        }
        assert_eq!(
            Email::parse("Ada.L+x@Example.COM").expect("email").reveal(),
            "Ada.L+x@example.com"
        );
        assert_eq!(
            Email::parse("Ada@Example.com").expect("email").identity(),
            "ada@example.com"
        );
    }

    #[test]
    fn a_page_address_loses_its_query_and_its_fragment() {
        let path = |url| PagePath::parse(url).expect("path").reveal().to_owned();
        assert_eq!(path("https://shop.example/cart?token=abc#me"), "/cart");
        assert_eq!(path("https://shop.example"), "/");
        assert_eq!(path("/a/b?email=ada@example.com"), "/a/b");
        let host = ReferrerHost::parse("https://ada:pw@Search.example:8080/q?x=1").expect("host");
        assert_eq!(host.reveal(), "search.example");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port_and_nothing_else() {
        for good in [
            "https://www.example.com",
            "https://example.com:8443",
            "http://localhost:8787",
        ] {
            assert!(Origin::parse(good).is_ok(), "{good}");
        }
        assert_eq!(
            Origin::parse("https://Example.com:443")
                .expect("origin")
                .as_str(),
            "https://example.com"
        );
        for bad in [
            "http://example.com",
            "https://example.com/",
            "https://",
            "null",
            "*",
            "https://a b.com",
        ] {
            assert!(Origin::parse(bad).is_err(), "{bad}");
        }
    }
}
