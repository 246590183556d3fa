//! Whether a webhook is from Stripe: the header `Stripe-Signature` over the raw bytes of the body.
//!
//! `t=<seconds>,v1=<hex>,…`: every `v1` is an HMAC-SHA-256 over `<t>.<body>` under a secret of the endpoint
//! (docs.stripe.com/webhooks#verify-manually). There are several while a secret is being replaced, on their
//! side and on ours.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER_PERMISSIVE;

use crate::domain::Timestamp;

/// The largest body, in bytes.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// How old a signature may be, and how far ahead of our clock, in seconds.
pub const TOLERANCE_SECONDS: i64 = 300;
/// The longest header that is looked at.
const MAX_HEADER_BYTES: usize = 4096;
/// The most signatures that are looked at: Stripe signs with two secrets at most.
const MOST_SIGNATURES: usize = 16;

/// A secret of a webhook endpoint. Never printed.
#[derive(Clone)]
pub struct WebhookSecret(hmac::Key);

impl WebhookSecret {
    /// A secret as the dashboard shows it, `whsec_` included: it is the key as it is written.
    pub fn new(text: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes()))
    }

    /// The header for a body that is sent at `now`: what Stripe does, for those who stand in for it.
    pub fn header(&self, body: &[u8], now: Timestamp) -> String {
        let at = now.seconds().to_string();
        let mut context = hmac::Context::with_key(&self.0);
        context.update(at.as_bytes());
        context.update(b".");
        context.update(body);
        let tag = data_encoding::HEXLOWER.encode(context.sign().as_ref());
        format!("t={at},v1={tag}")
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(**)")
    }
}

/// Why a webhook is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsigned {
    /// The header is none of Stripe's: no time, two times, no signature, or far too much.
    Malformed,
    /// It was signed too long ago.
    TooOld,
    /// It was signed in the future.
    TooNew,
    /// No signature of it was made with a secret of ours.
    Wrong,
}

/// What a header says.
struct Header<'a> {
    /// The time as it is written, which is what was signed.
    at: &'a str,
    seconds: i64,
    signatures: Vec<Vec<u8>>,
}

fn read(header: &str) -> Option<Header<'_>> {
    if header.len() > MAX_HEADER_BYTES {
        return None;
    }
    let (mut at, mut signatures) = (None, Vec::new());
    for part in header.split(',') {
        match part.trim().split_once('=')? {
            ("t", _) if at.is_some() => return None,
            ("t", text) => at = Some(text),
            // One that is no signature fits nothing; another one may.
            ("v1", text) => signatures.extend(HEXLOWER_PERMISSIVE.decode(text.as_bytes())),
            // Other schemes are for tests of Stripe's own (`v0`), or to come.
            _ => {}
        }
    }
    let at = at?;
    let digits = (1..=12).contains(&at.len()) && at.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || signatures.is_empty() || signatures.len() > MOST_SIGNATURES {
        return None;
    }
    Some(Header {
        at,
        seconds: at.parse().ok()?,
        signatures,
    })
}

/// Checks that a body was signed with one of `secrets`, within five minutes of `now`.
///
/// Every signature is compared with every secret in constant time, whichever fits.
///
/// # Errors
/// Why it is not believed.
pub fn verify(
    body: &[u8],
    header: &str,
    secrets: &[WebhookSecret],
    now: Timestamp,
) -> Result<(), Unsigned> {
    let Header {
        at,
        seconds,
        signatures,
    } = read(header).ok_or(Unsigned::Malformed)?;
    let signed = [at.as_bytes(), b".", body].concat();
    let mut fits = false;
    for secret in secrets {
        for signature in &signatures {
            fits |= hmac::verify(&secret.0, &signed, signature).is_ok();
        }
    }
    // The time is judged after the signature: before it, it is anybody's word.
    let age = now.seconds().saturating_sub(seconds);
    match fits {
        false => Err(Unsigned::Wrong),
        true if age > TOLERANCE_SECONDS => Err(Unsigned::TooOld),
        true if age < -TOLERANCE_SECONDS => Err(Unsigned::TooNew),
        true => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1","object":"event"}"#;
    const NOW: Timestamp = Timestamp::from_ms(1_768_478_400_000);

    fn secret(name: &str) -> WebhookSecret {
        WebhookSecret::new(&format!("whsec_{name}"))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_ms(NOW.ms() + seconds * 1000)
    }

    fn of(header: &str) -> Result<(), Unsigned> {
        verify(BODY, header, &[secret("new"), secret("old")], NOW)
    }

    // Made by Stripe's own library: `stripe.webhooks.generateTestHeaderString` (tests/outside/stripe).
    #[test]
    fn a_signature_that_the_formula_of_stripe_gives_is_accepted() {
        let header = secret("new").header(BODY, NOW);
        let tag = header.split("v1=").nth(1).expect("a signature");
        assert_eq!((tag.len(), of(&header)), (64, Ok(())));
    }

    #[test]
    fn any_signature_under_any_secret_will_do_and_the_order_says_nothing() {
        let good = secret("old").header(BODY, NOW);
        let tag = good.split("v1=").nth(1).expect("a signature").to_owned();
        let (t, wrong) = (NOW.seconds(), "0".repeat(64));
        for header in [
            format!("t={t},v1={wrong},v1={tag}"),
            format!("t={t},v1={tag},v1={wrong}"),
            format!("v1={tag},t={t}"),
            format!("t={t},v1={tag},v1={tag}"),
            format!("t={t},v0={wrong},v1={tag},v2=x"),
            format!("t={t}, v1=not-hex, v1={}", tag.to_uppercase()),
        ] {
            assert_eq!(of(&header), Ok(()), "{header}");
        }
    }

    #[test]
    fn a_header_that_is_none_is_refused_as_one() {
        let good = secret("new").header(BODY, NOW);
        let tag = good.split("v1=").nth(1).expect("a signature").to_owned();
        let t = NOW.seconds();
        for header in [
            String::new(),
            "x".to_owned(),
            format!("t={t}"),
            format!("v1={tag}"),
            format!("t={t},v0={tag}"),
            format!("t={t},t={t},v1={tag}"),
            format!("t=,v1={tag}"),
            format!("t=-{t},v1={tag}"),
            format!("t=1e9,v1={tag}"),
            format!("t={t}0000000000000,v1={tag}"),
            format!("t={t},v1={tag},"),
            format!("t={t},v1={tag}{}", format!(",v1={tag}").repeat(20)),
            "t=1,v1=".to_owned() + &"a".repeat(5000),
        ] {
            assert_eq!(of(&header), Err(Unsigned::Malformed), "{header}");
        }
    }

    #[test]
    fn five_minutes_are_the_tolerance_to_both_sides_to_the_second() {
        for (seconds, expected) in [
            (-301, Err(Unsigned::TooOld)),
            (-300, Ok(())),
            (300, Ok(())),
            (301, Err(Unsigned::TooNew)),
        ] {
            assert_eq!(of(&secret("new").header(BODY, at(seconds))), expected);
        }
        // A wrong one is wrong, however old it says it is.
        let foreign = secret("foreign").header(BODY, at(-9999));
        assert_eq!(of(&foreign), Err(Unsigned::Wrong));
        assert_eq!(
            verify(BODY, &secret("new").header(BODY, NOW), &[], NOW),
            Err(Unsigned::Wrong)
        );
    }

    proptest! {
        #[test]
        fn one_changed_byte_of_body_time_or_signature_is_noticed(
            body in proptest::collection::vec(any::<u8>(), 1..200), place: prop::sample::Index, bit in 0u8..8,
        ) {
            let secrets = [secret("new")];
            let header = secrets[0].header(&body, NOW);
            prop_assert_eq!(verify(&body, &header, &secrets, NOW), Ok(()));
            let mut other = body.clone();
            other[place.index(body.len())] ^= 1 << bit;
            prop_assert_eq!(verify(&other, &header, &secrets, NOW), Err(Unsigned::Wrong));
            let (t, tag) = header.split_once(",v1=").expect("two parts");
            let mut tag = tag.to_owned().into_bytes();
            let at_byte = place.index(tag.len());
            tag[at_byte] = if tag[at_byte] == b'0' { b'1' } else { b'0' };
            let tag = String::from_utf8(tag).expect("hex");
            prop_assert_eq!(verify(&body, &format!("{t},v1={tag}"), &secrets, NOW), Err(Unsigned::Wrong));
            let later = format!("t={},v1={}", NOW.seconds() + 1, header.split("v1=").nth(1).expect("one"));
            prop_assert_eq!(verify(&body, &later, &secrets, NOW), Err(Unsigned::Wrong));
        }

        /// The target for fuzzing, as a property: no header and no body make it panic or believe.
        #[test]
        fn nothing_that_was_not_signed_is_believed(header in ".{0,200}", body: Vec<u8>) {
            prop_assert!(verify(&body, &header, &[secret("new")], NOW).is_err());
        }
    }
}
