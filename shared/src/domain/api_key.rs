//! API keys as their holders bring them: `sk_`, 30 characters of chance, 6 of checksum.
//!
//! The layout is that of other well-known keys, so that scanners of repositories recognise one, and a
//! mistyped key is refused without a read.

use std::fmt;

use aws_lc_rs::rand;
use zeroize::Zeroizing;

/// What a key opens with.
pub const PREFIX: &str = "sk_";
/// Characters of chance: 178 bits.
const CHANCE_LENGTH: usize = 30;
/// Characters of the checksum: CRC-32 fits six of base 62.
const CHECK_LENGTH: usize = 6;
/// How much of a key is shown, to tell keys apart.
const SHOWN_LENGTH: usize = PREFIX.len() + 4;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A key in clear: shown once, never stored.
#[derive(Clone)]
pub struct ApiKeyText(Zeroizing<String>);

impl ApiKeyText {
    /// A new one; `None` when the system has no random numbers.
    pub fn generate() -> Option<Self> {
        let mut text = Zeroizing::new(String::from(PREFIX));
        while text.len() < PREFIX.len() + CHANCE_LENGTH {
            let mut byte = [0];
            rand::fill(&mut byte).ok()?;
            // Above it some characters would come more often than others.
            if byte[0] < 248 {
                text.push(char::from(ALPHABET[usize::from(byte[0] % 62)]));
            }
        }
        let check = checksum(&text);
        text.push_str(&check);
        Some(Self(text))
    }

    /// A key, if its checksum is right.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX)?;
        let fits = rest.len() == CHANCE_LENGTH + CHECK_LENGTH
            && rest.bytes().all(|b| b.is_ascii_alphanumeric());
        if !fits {
            return None;
        }
        let (chance, check) = text.split_at(text.len() - CHECK_LENGTH);
        (checksum(chance) == check).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The whole key: for the one reply that shows it, and to be hashed.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The beginning, which tells keys apart.
    pub fn shown(&self) -> &str {
        &self.0[..SHOWN_LENGTH]
    }
}

impl fmt::Debug for ApiKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyText(**)")
    }
}

/// The CRC-32 of ISO 3309 in six characters of base 62, zeros in front.
fn checksum(text: &str) -> String {
    let mut rest = crc32(text.as_bytes());
    let mut characters = [b'0'; CHECK_LENGTH];
    for character in characters.iter_mut().rev() {
        *character = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    characters.map(char::from).iter().collect()
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_published_one() {
        // The check value of CRC-32/ISO-HDLC in the catalogue of parametrised CRC algorithms.
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(checksum("").len(), CHECK_LENGTH);
    }

    #[test]
    fn a_key_reads_back_and_no_other_text_does() {
        let key = ApiKeyText::generate().expect("random");
        let text = key.reveal();
        assert_eq!(text.len(), 39);
        assert!(ApiKeyText::parse(text).is_some());
        assert_eq!(key.shown().len(), 7);
        assert_eq!(format!("{key:?}"), "ApiKeyText(**)");
        for at in 3..text.len() {
            let mut altered = text.as_bytes().to_vec();
            altered[at] = if altered[at] == b'a' { b'b' } else { b'a' };
            let altered = String::from_utf8(altered).expect("text");
            assert!(ApiKeyText::parse(&altered).is_none(), "character {at}");
        }
        let longer = format!("{text}0");
        let other = text.replacen("sk_", "pk_", 1);
        for bad in ["", "sk_", &text[3..], &text[..38], &longer, &other] {
            assert!(ApiKeyText::parse(bad).is_none());
        }
    }
}
