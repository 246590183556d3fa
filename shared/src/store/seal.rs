//! Sealing: personal content is stored only as AES-256-GCM-SIV ciphertext under the key of its
//! root (RFC 8452; SIV, so that a repeated nonce tells at most that two texts are equal).

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand,
};
use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use super::db::StoreError;

/// Bytes of a key.
pub const KEY_LENGTH: usize = 32;

/// The key of one root. Deleting its stored form makes everything sealed under it unreadable, in
/// backups too.
pub struct DataKey {
    bytes: Zeroizing<[u8; KEY_LENGTH]>,
    cipher: LessSafeKey,
}

/// Stands in the place of a key for records that seal nothing.
pub struct Unsealed;

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(**)")
    }
}

impl DataKey {
    /// A new key from the system's generator.
    pub fn generate() -> Result<Self, StoreError> {
        let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
        rand::fill(bytes.as_mut_slice()).map_err(|_| StoreError::Random)?;
        Self::from_bytes(bytes)
    }

    /// The key of these bits.
    pub fn from_bytes(bytes: Zeroizing<[u8; KEY_LENGTH]>) -> Result<Self, StoreError> {
        let key = UnboundKey::new(&AES_256_GCM_SIV, bytes.as_slice())
            .map_err(|_| StoreError::Corrupt("a key of the wrong length"))?;
        Ok(Self {
            bytes,
            cipher: LessSafeKey::new(key),
        })
    }

    /// The bits, to be wrapped by the key of the tenant.
    pub fn as_bytes(&self) -> &[u8; KEY_LENGTH] {
        &self.bytes
    }

    /// Nonce, ciphertext and tag of `plain`, bound to `place`: they open nowhere else.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| StoreError::Random)?;
        let mut sealed = plain.to_vec();
        self.cipher
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| StoreError::Corrupt("a text too long to seal"))?;
        let mut out = Vec::with_capacity(NONCE_LEN + sealed.len());
        out.extend_from_slice(&nonce);
        out.append(&mut sealed);
        Ok(out)
    }

    /// What was sealed at `place`.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let damaged = || StoreError::Corrupt("a sealed value that does not open");
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN).ok_or_else(damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged())?;
        let mut plain = sealed.to_vec();
        let length = self
            .cipher
            .open_in_place(nonce, Aad::from(place.as_bytes()), &mut plain)
            .map_err(|_| damaged())?
            .len();
        plain.truncate(length);
        Ok(plain)
    }
}

/// A keyed hash (HMAC-SHA-256 under a key of the tenant): equal inputs are recognised, nothing is
/// told to those without the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyedHash([u8; 32]);

impl KeyedHash {
    /// From the 32 bytes of the code.
    pub const fn from_code(code: [u8; 32]) -> Self {
        Self(code)
    }

    /// From storage.
    pub fn from_stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// As it stands in keys: 160 of the 256 bits, which no chance will repeat.
impl fmt::Display for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32_NOPAD.encode(&self.0[..20]).to_ascii_lowercase())
    }
}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedHash(**)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_at_its_own_place_and_unaltered() {
        let key = DataKey::generate().expect("random");
        let sealed = key.seal("data|a|b|text|1", b"hello").expect("sealed");
        assert_eq!(
            key.open("data|a|b|text|1", &sealed).expect("open"),
            b"hello"
        );
        assert!(key.open("data|a|c|text|1", &sealed).is_err());
        assert!(
            DataKey::generate()
                .expect("random")
                .open("data|a|b|text|1", &sealed)
                .is_err()
        );
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(key.open("data|a|b|text|1", &altered).is_err(), "byte {at}");
        }
        assert!(key.open("data|a|b|text|1", &sealed[..5]).is_err());
    }
}
