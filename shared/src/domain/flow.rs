//! Flows as they are kept: documents in pieces that fit an item, and where versions are in use.

use std::fmt;

use super::personal::Personal;

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

#[cfg(test)]
mod tests {
    use super::*;

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
