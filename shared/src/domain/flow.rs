//! Flows as they are kept: documents in pieces that fit an item, and where versions are in use.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{personal::Personal, text::Fault, words::Symbol};

/// The longest name of a host (RFC 1035), with a port.
const MAX_HOST_BYTES: usize = 259;

crate::words! {
    /// Where a version of a flow is in use.
    pub enum Environment {
        /// For visitors.
        Live = "live",
        /// For trying it out.
        Test = "test",
    }
}

/// The most bytes of one piece: an item ends at 400 KB, and a sealed piece has a name around it.
pub const PIECE_BYTES: usize = 300_000;

/// The most pieces of a document, which has 512 KiB at most.
pub const MOST_PIECES: u64 = 2;

/// A piece of a document, or a small one as a whole. What people type into a flow may be about
/// anybody, so it is as personal as a message.
#[derive(Clone, PartialEq, Eq)]
pub struct Piece(String);

impl Piece {
    /// The whole of a text, in pieces that fit.
    pub fn all_of(text: &str) -> Vec<Self> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while rest.len() > PIECE_BYTES {
            let cut = rest.floor_char_boundary(PIECE_BYTES);
            let (piece, after) = rest.split_at(cut);
            pieces.push(Self(piece.to_owned()));
            rest = after;
        }
        pieces.push(Self(rest.to_owned()));
        pieces
    }

    /// A text that fits one piece.
    pub fn of(text: String) -> Option<Self> {
        (text.len() <= PIECE_BYTES).then_some(Self(text))
    }

    /// The text.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Piece(**)")
    }
}

impl Personal for Piece {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.clone().into_bytes()
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        String::from_utf8(bytes).ok().map(Self)
    }
}

/// A host that flows ask, as lists name it: in small letters, with a port where that is not the usual one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerHost(String);

impl ServerHost {
    /// Parses one. Whether it is public is looked at when it is asked.
    ///
    /// # Errors
    /// When no address can name it.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let fits = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-')
        };
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, port.parse::<u16>().ok()),
            None => (text, Some(443)),
        };
        let edges = name.starts_with(['.', '-']) || name.ends_with(['.', '-']);
        let named = !name.is_empty() && !edges && name.bytes().all(fits);
        if text.len() > MAX_HOST_BYTES || !named || port.is_none() {
            return Err(Fault::new("bad_host", "a host such as api.example.com"));
        }
        Ok(Self(text.strip_suffix(":443").unwrap_or(text).to_owned()))
    }

    /// The host.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Symbol for ServerHost {
    fn symbol(&self) -> String {
        self.0.clone()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Serialize for ServerHost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ServerHost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl utoipa::PartialSchema for ServerHost {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A host, with its port where that is not 443."))
            .min_length(Some(1))
            .max_length(Some(MAX_HOST_BYTES))
            .pattern(Some("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$"))
            .examples([serde_json::json!("api.example.com")])
            .into()
    }
}

impl utoipa::ToSchema for ServerHost {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_in_small_letters_and_nothing_around_it() {
        for good in [
            "api.example.com",
            "a",
            "127.0.0.1:8080",
            "x-1.example:65535",
        ] {
            assert_eq!(ServerHost::parse(good).expect(good).as_str(), good);
        }
        let usual = ServerHost::parse("a.example:443").expect("a host");
        assert_eq!(usual.as_str(), "a.example");
        for bad in [
            "",
            "A.example",
            "https://a.example",
            "a.example/",
            "u@a.example",
            ".a",
            "a.",
            "-a",
            "a:",
            "a:70000",
            "a:1:2",
            "ä.example",
            &"a".repeat(260),
        ] {
            assert!(ServerHost::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_pieces_of_a_text_are_the_text_and_each_fits() {
        for text in ["", "{}", &"é".repeat(PIECE_BYTES), &"a".repeat(512 * 1024)] {
            let pieces = Piece::all_of(text);
            let whole: String = pieces.iter().map(Piece::reveal).collect();
            assert_eq!(whole, text);
            assert!(pieces.iter().all(|piece| piece.0.len() <= PIECE_BYTES));
        }
        let longest = Piece::all_of(&"é".repeat(256 * 1024));
        assert_eq!(longest.len() as u64, MOST_PIECES);
    }
}
