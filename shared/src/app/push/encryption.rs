//! What is sent to a browser, sealed for it and for nobody on the way: `aes128gcm` (RFC 8188) with a key that
//! both sides agree on (RFC 8291).

use aws_lc_rs::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
    rand,
};

/// An uncompressed point of P-256.
const POINT_BYTES: usize = 65;
/// What the browser keeps as its secret.
const SECRET_BYTES: usize = 16;
/// The size of the one record: the largest message of a push service (RFC 8030, 7.2).
const RECORD_BYTES: u32 = 4096;
/// What stands between the header and the text in a message of the largest size, and its end.
const MOST_TEXT_BYTES: usize = 4096 - 86 - 17;

/// A length of what is derived.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// Derives `N` bytes (HKDF, RFC 5869).
fn derive<const N: usize>(salt: &[u8], key: &[u8], info: &[u8]) -> Option<[u8; N]> {
    let mut out = [0; N];
    let derived = Salt::new(HKDF_SHA256, salt).extract(key);
    let parts = [info];
    derived
        .expand(&parts, Length(N))
        .ok()?
        .fill(&mut out)
        .ok()?;
    Some(out)
}

/// Whether a browser's key and secret are of the form that RFC 8291 asks for: a point of the curve, and
/// sixteen bytes.
pub fn fits(key: &[u8], secret: &[u8]) -> bool {
    seal(b"", key, secret).is_some()
}

/// Seals `text` for a browser that gave us its key and its secret; `None` when those are no such things, or the text
/// is too long.
pub fn seal(text: &[u8], key: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
    let own = PrivateKey::generate(&ECDH_P256).ok()?;
    let mut salt = [0; 16];
    rand::fill(&mut salt).ok()?;
    seal_with(text, (key, secret), &own, salt)
}

fn seal_with(
    text: &[u8],
    (key, secret): (&[u8], &[u8]),
    own: &PrivateKey,
    salt: [u8; 16],
) -> Option<Vec<u8>> {
    let fits = key.len() == POINT_BYTES && secret.len() == SECRET_BYTES;
    if !fits || text.len() > MOST_TEXT_BYTES {
        return None;
    }
    let public = own.compute_public_key().ok()?;
    let public = public.as_ref();
    let theirs = UnparsedPublicKey::new(&ECDH_P256, key);
    // RFC 8291, 3.4.
    let info = [b"WebPush: info\0".as_slice(), key, public].concat();
    let shared = agreement::agree(own, theirs, (), |agreed| {
        derive::<32>(secret, agreed, &info).ok_or(())
    });
    let shared = shared.ok()?;
    // RFC 8188, 2.2 and 2.3.
    let content_key: [u8; 16] = derive(&salt, &shared, b"Content-Encoding: aes128gcm\0")?;
    let nonce: [u8; 12] = derive(&salt, &shared, b"Content-Encoding: nonce\0")?;
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &content_key).ok()?);
    // The one record is the last one.
    let mut sealed = [text, &[2]].concat();
    cipher
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            &mut sealed,
        )
        .ok()?;
    let mut message = salt.to_vec();
    message.extend_from_slice(&RECORD_BYTES.to_be_bytes());
    message.push(u8::try_from(public.len()).ok()?);
    message.extend_from_slice(public);
    message.append(&mut sealed);
    Some(message)
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;

    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        BASE64URL_NOPAD.decode(text.as_bytes()).expect("base64url")
    }

    const THEIRS: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const SECRET: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    #[test]
    fn a_message_is_sealed_as_the_example_of_the_rfc() {
        // RFC 8291, section 5 and appendix A.
        let own = bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
        let own = PrivateKey::from_private_key(&ECDH_P256, &own).expect("a key");
        let salt = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().expect("a salt");
        let text = b"When I grow up, I want to be a watermelon";
        let sealed = seal_with(text, (&bytes(THEIRS), &bytes(SECRET)), &own, salt);
        assert_eq!(
            BASE64URL_NOPAD.encode(&sealed.expect("sealed")),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn what_is_no_point_no_secret_or_too_long_is_not_sealed() {
        let (key, secret) = (bytes(THEIRS), bytes(SECRET));
        assert!(fits(&key, &secret));
        assert!(!fits(&key[1..], &secret));
        assert!(!fits(&key, &secret[1..]));
        let mut off = key.clone();
        off[64] ^= 1;
        assert!(!fits(&off, &secret));
        let most = seal(&vec![0; MOST_TEXT_BYTES], &key, &secret).expect("sealed");
        assert_eq!(most.len(), 4096);
        assert!(seal(&vec![0; MOST_TEXT_BYTES + 1], &key, &secret).is_none());
    }
}
