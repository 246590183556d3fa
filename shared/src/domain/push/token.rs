//! What leads to a device: another thing with every provider, and never more than that provider wants.

use std::fmt;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{ApnsEnvironment, ApnsKind, PushProvider};
use crate::domain::{
    personal::Personal,
    text::{BundleId, Fault},
    words::Symbol,
};

/// The longest text that a provider gives out.
const MAX_TOKEN_BYTES: usize = 4096;
/// The longest token of Apple's, in hexadecimal digits; they have 64, and Apple asks not to count on it.
const MAX_APNS_DIGITS: usize = 200;
/// What tokens of Expo's open with.
const EXPO_OPENINGS: [&str; 2] = ["ExponentPushToken[", "ExpoPushToken["];

/// Something that a provider gave out, as the device got it: personal, for it leads to somebody's pocket.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenText(String);

impl TokenText {
    /// Parses one.
    ///
    /// # Errors
    /// `empty`, `too_long`, or `bad_character` for what no provider gives out.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        if text.is_empty() {
            return Err(Fault::new("empty", "a token as the device got it"));
        }
        if text.len() > MAX_TOKEN_BYTES {
            return Err(Fault::new("too_long", "at most 4096 characters"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let detail = "printable ASCII characters without spaces";
            return Err(Fault::new("bad_character", detail));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text itself, for its provider.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for TokenText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl utoipa::PartialSchema for TokenText {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "What a provider gave out: printable ASCII characters without spaces.",
            ))
            .min_length(Some(1))
            .max_length(Some(MAX_TOKEN_BYTES))
            .examples([serde_json::json!("a-token-as-the-device-got-it")])
            .into()
    }
}

impl utoipa::ToSchema for TokenText {}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText(**)")
    }
}

/// What Apple knows an app on a phone by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApnsToken {
    /// The token, in small hexadecimal digits.
    pub token: TokenText,
    /// The app.
    pub topic: BundleId,
    /// Which of Apple's services knows the token.
    pub environment: ApnsEnvironment,
    /// What the token is for.
    pub kind: ApnsKind,
}

/// The subscription of a browser (RFC 8030, RFC 8291).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowserToken {
    /// Where its push service takes messages for it.
    pub endpoint: TokenText,
    /// Its public key.
    pub key: TokenText,
    /// The secret that it shares with who writes to it.
    pub secret: TokenText,
}

/// What a provider knows a device by: of each provider what it wants, and nothing else.
///
/// Stored as its parts with a space between them, which none of them has: four with Apple, three with
/// a browser, and one with the others, of which only Expo's opens as it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushToken {
    /// Apple's.
    Apns(ApnsToken),
    /// That of a browser's push service.
    Browser(BrowserToken),
    /// Expo's.
    Expo(TokenText),
    /// Firebase Cloud Messaging's.
    Fcm(TokenText),
}

impl PushToken {
    /// That of an app on a phone of Apple's.
    ///
    /// # Errors
    /// `bad_token` for other characters than hexadecimal digits, and for what is longer than Apple's are.
    pub fn apns(
        token: &TokenText,
        topic: BundleId,
        environment: ApnsEnvironment,
        kind: ApnsKind,
    ) -> Result<Self, Fault> {
        let digits = token.reveal();
        let is_one = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_one || digits.len() > MAX_APNS_DIGITS {
            return Err(Fault::new("bad_token", "the token in hexadecimal digits"));
        }
        Ok(Self::Apns(ApnsToken {
            token: TokenText(digits.to_ascii_lowercase()),
            topic,
            environment,
            kind,
        }))
    }

    /// That of an app that is built with Expo.
    ///
    /// # Errors
    /// `bad_token` for what is none of Expo's.
    pub fn expo(token: TokenText) -> Result<Self, Fault> {
        match is_expo(token.reveal()) {
            true => Ok(Self::Expo(token)),
            false => Err(Fault::new(
                "bad_token",
                "a token such as ExponentPushToken[…]",
            )),
        }
    }

    /// That of an app that Firebase Cloud Messaging reaches.
    ///
    /// # Errors
    /// `bad_token` for one of Expo's, which Google does not know.
    pub fn fcm(token: TokenText) -> Result<Self, Fault> {
        match is_expo(token.reveal()) {
            true => Err(Fault::new("bad_token", "the token that Firebase gave out")),
            false => Ok(Self::Fcm(token)),
        }
    }

    /// Who brings something to the device.
    pub const fn provider(&self) -> PushProvider {
        match self {
            Self::Apns(_) => PushProvider::Apns,
            Self::Browser(_) => PushProvider::Webpush,
            Self::Expo(_) => PushProvider::Expo,
            Self::Fcm(_) => PushProvider::Fcm,
        }
    }

    /// What of it tells one device from another, whatever else changes with it: a token that comes again
    /// with another key or another service is the same device.
    pub const fn known_by(&self) -> &TokenText {
        match self {
            Self::Apns(own) => &own.token,
            Self::Browser(own) => &own.endpoint,
            Self::Expo(token) | Self::Fcm(token) => token,
        }
    }
}

fn is_expo(text: &str) -> bool {
    EXPO_OPENINGS
        .iter()
        .any(|opening| text.starts_with(opening) && text.ends_with(']'))
}

impl Personal for PushToken {
    fn to_bytes(&self) -> Vec<u8> {
        let text = match self {
            Self::Apns(own) => {
                let (token, topic) = (own.token.reveal(), own.topic.as_str());
                let (environment, kind) = (own.environment.word(), own.kind.word());
                format!("{token} {topic} {environment} {kind}")
            }
            Self::Browser(own) => {
                let (endpoint, key) = (own.endpoint.reveal(), own.key.reveal());
                format!("{endpoint} {key} {}", own.secret.reveal())
            }
            Self::Expo(token) | Self::Fcm(token) => token.reveal().to_owned(),
        };
        text.into_bytes()
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let text = String::from_utf8(bytes).ok()?;
        let parts: Vec<&str> = text.split(' ').collect();
        let part = |text: &str| TokenText::parse(text).ok();
        match parts.as_slice() {
            [token, topic, environment, kind] => Some(Self::Apns(ApnsToken {
                token: part(token)?,
                topic: BundleId::parse(topic).ok()?,
                environment: ApnsEnvironment::from_symbol(environment)?,
                kind: ApnsKind::from_symbol(kind)?,
            })),
            [endpoint, key, secret] => Some(Self::Browser(BrowserToken {
                endpoint: part(endpoint)?,
                key: part(key)?,
                secret: part(secret)?,
            })),
            [token] if is_expo(token) => part(token).map(Self::Expo),
            [token] => part(token).map(Self::Fcm),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> TokenText {
        TokenText::parse(text).expect("a token")
    }

    #[test]
    fn a_token_reads_back_as_what_it_was_and_shows_nothing_of_itself() {
        let topic = BundleId::parse("com.example.shop").expect("a bundle id");
        let (sandbox, voip) = (ApnsEnvironment::Sandbox, ApnsKind::Voip);
        let all = [
            PushToken::apns(&text("00FC13"), topic, sandbox, voip).expect("a token"),
            PushToken::expo(text("ExponentPushToken[abc]")).expect("a token"),
            PushToken::fcm(text("cT9f:APA91b")).expect("a token"),
            PushToken::Browser(BrowserToken {
                endpoint: text("https://a.example/x"),
                key: text("key"),
                secret: text("secret"),
            }),
        ];
        for token in all {
            let bytes = token.to_bytes();
            assert_eq!(PushToken::from_bytes(bytes), Some(token.clone()));
            let shown = format!("{token:?}");
            let secret = token.known_by().reveal();
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn what_no_provider_gives_out_is_no_token() {
        for bad in ["", "a b", "ä", &"a".repeat(4097)] {
            assert!(TokenText::parse(bad).is_err(), "{bad}");
        }
        let topic = || BundleId::parse("com.example.shop").expect("a bundle id");
        for bad in ["no-hex", &"0".repeat(201)] {
            let made = PushToken::apns(
                &text(bad),
                topic(),
                ApnsEnvironment::Production,
                ApnsKind::Alert,
            );
            assert!(made.is_err(), "{bad}");
        }
        assert!(PushToken::expo(text("cT9f:APA91b")).is_err());
        assert!(PushToken::fcm(text("ExpoPushToken[abc]")).is_err());
        for bad in ["", "a b", "00 com.example.shop sandbox ring", "a b c d e"] {
            let read = PushToken::from_bytes(bad.as_bytes().to_vec());
            assert_eq!(read, None, "{bad}");
        }
    }
}
