//! Opaque tokens: `prefix_id.secret`, of which only a hash of the secret is stored.
//!
//! The id part says where the record lies, so that checking a token is one keyed read. The secret
//! has 256 bits; a fast hash is enough for what cannot be guessed (OWASP ASVS 5.0, 11.4).

use std::fmt;

use aws_lc_rs::{constant_time, digest, rand};
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use uuid::Uuid;

use super::personal::Personal;

/// Bytes of a secret.
const SECRET_LENGTH: usize = 32;

/// 256 bits that prove something. Never printed; stored only as [`SecretHash`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; SECRET_LENGTH]);

impl Secret {
    /// A new one from the system's generator.
    ///
    /// # Errors
    /// `None` when the system has no random numbers, which ends the request.
    pub fn generate() -> Option<Self> {
        let mut bytes = [0; SECRET_LENGTH];
        rand::fill(&mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// A secret made of these bits, when they were derived rather than drawn.
    pub const fn from_bytes(bytes: [u8; SECRET_LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bits, to derive from.
    pub const fn as_bytes(&self) -> &[u8; SECRET_LENGTH] {
        &self.0
    }

    /// What is stored of it.
    pub fn hash(&self) -> SecretHash {
        let digest = digest::digest(&digest::SHA256, &self.0);
        SecretHash(digest.as_ref().to_vec())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(**)")
    }
}

/// The SHA-256 of a [`Secret`], compared in constant time.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretHash(Vec<u8>);

impl SecretHash {
    /// Whether `secret` is the one that was hashed.
    pub fn matches(&self, secret: &Secret) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &secret.hash().0).is_ok()
    }

    /// The 32 bytes, as they are stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// From storage.
    pub const fn from_stored(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(**)")
    }
}

/// A secret that must come back to us in clear, such as a customer's signing secret: sealed.
impl Personal for Secret {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// Writes a token: the prefix names its kind, the ids say where its record lies.
pub fn write(prefix: &str, ids: &[Uuid], secret: &Secret) -> String {
    let place: Vec<u8> = ids.iter().flat_map(|id| *id.as_bytes()).collect();
    let place = BASE32_NOPAD.encode(&place).to_ascii_lowercase();
    format!("{prefix}_{place}.{}", BASE64URL_NOPAD.encode(&secret.0))
}

/// Reads a token of `prefix` with `N` ids; `None` when it is anything else.
pub fn read<const N: usize>(prefix: &str, token: &str) -> Option<([Uuid; N], Secret)> {
    let rest = token.strip_prefix(prefix)?.strip_prefix('_')?;
    let (place, secret) = rest.split_once('.')?;
    if place.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let place = BASE32_NOPAD
        .decode(place.to_ascii_uppercase().as_bytes())
        .ok()?;
    let secret = BASE64URL_NOPAD.decode(secret.as_bytes()).ok()?;
    if place.len() != N * 16 {
        return None;
    }
    let mut ids = [Uuid::nil(); N];
    for (id, bytes) in ids.iter_mut().zip(place.chunks_exact(16)) {
        *id = Uuid::from_slice(bytes).ok()?;
    }
    Some((ids, Secret(secret.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_token_reads_back_as_it_was_written(a: u128, b: u128, secret: [u8; 32]) {
            let ids = [Uuid::from_u128(a), Uuid::from_u128(b)];
            let token = write("vt", &ids, &Secret(secret));
            let (read_ids, read_secret) = read::<2>("vt", &token).expect("own token");
            prop_assert_eq!(read_ids, ids);
            prop_assert!(read_secret == Secret(secret));
            prop_assert!(read::<2>("rt", &token).is_none());
            prop_assert!(read::<3>("vt", &token).is_none());
        }

        #[test]
        fn any_text_is_refused_without_a_panic(text in ".{0,200}") {
            prop_assert!(read::<1>("vt", &text).is_none());
        }
    }

    #[test]
    fn a_hash_matches_only_its_own_secret() {
        let (a, b) = (Secret([1; 32]), Secret([2; 32]));
        assert!(a.hash().matches(&a));
        assert!(!a.hash().matches(&b));
        assert_eq!(format!("{a:?} {:?}", a.hash()), "Secret(**) SecretHash(**)");
    }
}
