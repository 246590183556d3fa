//! A soft authenticator: what a security key and a browser do together (WebAuthn Level 3, 5 and 6), for a
//! site at one origin.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::{Client, random_uuid};

/// Somebody is there.
const PRESENT: u8 = 0x01;
/// A new credential comes along.
const ATTESTED: u8 = 0x40;

/// A security key with one credential. Its fields are what a test turns to be refused.
#[derive(Debug)]
pub struct SecurityKey {
    pair: EcdsaKeyPair,
    /// What it calls its credential.
    pub credential: Vec<u8>,
    /// How often it has signed; zero for one that does not count.
    pub counter: u32,
    /// Whether somebody touches it.
    pub touched: bool,
    /// The origin that its browser is on.
    pub origin: String,
}

impl SecurityKey {
    /// A new key, used in a browser that is on `origin`.
    pub fn new(origin: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
        let credential = format!("{}{}", random_uuid(), random_uuid());
        Self {
            pair: pair.expect("a key"),
            credential: credential.into_bytes(),
            counter: 1,
            touched: true,
            origin: origin.to_owned(),
        }
    }

    /// What the browser gives for the options of a registration.
    pub fn create(&self, options: &Value) -> Value {
        let flags = ATTESTED | if self.touched { PRESENT } else { 0 };
        let mut data = self.data(options["rp"]["id"].as_str().expect("a host"), flags);
        data.extend([0; 16]);
        let length = u16::try_from(self.credential.len()).expect("a short name");
        data.extend(length.to_be_bytes());
        data.extend(&self.credential);
        // COSE (RFC 9052): EC2, ES256, P-256, and the two coordinates.
        let point = self.pair.public_key().as_ref();
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..65]);
        // CBOR: {"fmt": "none", "attStmt": {}, "authData": data}.
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).expect("short data"));
        object.extend(data);
        let response = json!({
            "clientDataJSON": self.client_data("webauthn.create", options),
            "attestationObject": BASE64URL_NOPAD.encode(&object),
            "transports": ["usb"],
        });
        self.given(response)
    }

    /// What the browser gives for the options of a proof; the key counts it.
    pub fn get(&mut self, options: &Value) -> Value {
        self.counter += u32::from(self.counter > 0);
        let flags = if self.touched { PRESENT } else { 0 };
        let data = self.data(options["rpId"].as_str().expect("a host"), flags);
        let client_data = self.client_data("webauthn.get", options);
        let seen = BASE64URL_NOPAD.decode(client_data.as_bytes());
        let mut signed = data.clone();
        signed.extend(digest(&SHA256, &seen.expect("base64")).as_ref());
        let signature = self.pair.sign(&SystemRandom::new(), &signed);
        let response = json!({
            "clientDataJSON": client_data,
            "authenticatorData": BASE64URL_NOPAD.encode(&data),
            "signature": BASE64URL_NOPAD.encode(signature.expect("a signature").as_ref()),
        });
        self.given(response)
    }

    fn data(&self, host: &str, flags: u8) -> Vec<u8> {
        let mut data = digest(&SHA256, host.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        let data = json!({
            "type": kind, "challenge": options["challenge"], "origin": self.origin,
            "crossOrigin": false,
        });
        BASE64URL_NOPAD.encode(data.to_string().as_bytes())
    }

    fn given(&self, response: Value) -> Value {
        let id = BASE64URL_NOPAD.encode(&self.credential);
        json!({
            "id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "cross-platform",
            "clientExtensionResults": {}, "response": response,
        })
    }
}

impl Client {
    /// Adds the passkey of a security key: the whole reply.
    pub async fn add_passkey(&self, key: &SecurityKey, name: &str) -> Value {
        let begun = self.post("/v1/account/passkeys", json!(null), 201).await;
        let credential = key.create(&begun["public_key"]);
        let body =
            json!({ "ceremony_id": begun["ceremony_id"], "name": name, "credential": credential });
        self.post("/v1/account/passkeys/confirm", body, 201).await
    }
}
