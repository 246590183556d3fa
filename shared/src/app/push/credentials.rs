//! What a workspace gave us for those who bring notifications, and the proofs that are made with it.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};

use super::{ApnsCredentials, ExpoCredentials, FcmCredentials};
use crate::store::StoreError;

/// What a workspace gave us for one provider.
#[derive(Clone, Deserialize, Serialize)]
#[serde(tag = "provider", rename_all = "snake_case")]
pub enum Credentials {
    /// For Apple's.
    Apns(ApnsCredentials),
    /// For Expo's.
    Expo(ExpoCredentials),
    /// For Firebase Cloud Messaging.
    Fcm(FcmCredentials),
    /// For the push services of browsers.
    Webpush(WebCredentials),
}

/// The key of a file in PEM with one key in PKCS #8 (RFC 7468, 10).
pub(super) fn der_of_pem(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (key, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let key: String = key.split_ascii_whitespace().collect();
    BASE64.decode(key.as_bytes()).ok()
}

/// A key of our own, which browsers let subscriptions be bound to (RFC 8292), and whom their push services may
/// write to.
#[derive(Clone, Deserialize, Serialize)]
pub struct WebCredentials {
    /// The private key, PKCS #8, in base64.
    private_key: String,
    /// The public key, an uncompressed point, in base64url.
    pub public_key: String,
    /// An address of the workspace, as `mailto:` or `https:`.
    pub contact: String,
}

impl WebCredentials {
    /// A new key.
    ///
    /// # Errors
    /// When there are no random numbers.
    pub fn generate(contact: String) -> Result<Self, StoreError> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new());
        let made = made.map_err(|_| StoreError::Random)?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref());
        let pair = pair.map_err(|_| StoreError::Random)?;
        Ok(Self {
            private_key: BASE64.encode(made.as_ref()),
            public_key: BASE64URL_NOPAD.encode(pair.public_key().as_ref()),
            contact,
        })
    }

    /// The same key with another address.
    pub fn with_contact(self, contact: String) -> Self {
        Self { contact, ..self }
    }

    /// Signs claims.
    pub(super) fn sign<T: Serialize>(&self, claims: &T) -> Option<String> {
        let key = BASE64.decode(self.private_key.as_bytes()).ok()?;
        let key = EncodingKey::from_ec_der(&key);
        jsonwebtoken::encode(&Header::new(Algorithm::ES256), claims, &key).ok()
    }
}

impl Credentials {
    /// As they are sealed.
    ///
    /// # Errors
    /// None that credentials could cause.
    pub fn write(&self) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(self)
            .map_err(|_| StoreError::Corrupt("credentials that cannot be written"))
    }

    /// As they were sealed.
    ///
    /// # Errors
    /// When they are none.
    pub fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        serde_json::from_slice(bytes)
            .map_err(|_| StoreError::Corrupt("credentials of another form"))
    }
}
