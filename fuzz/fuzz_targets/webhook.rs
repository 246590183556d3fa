//! What anybody may send to the webhook of Stripe: a line that is the header, and the rest, which is the body.
#![no_main]

use shared::domain::{
    Timestamp,
    billing::{
        event::Event,
        signature::{WebhookSecret, verify},
    },
};

const NOW: Timestamp = Timestamp::from_ms(1_768_478_400_000);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (header, body) = bytes.split_at(end.unwrap_or(0));
    let secrets = [WebhookSecret::new("whsec_fuzz")];
    // Nobody finds a signature by chance, and ours is good whatever it is over.
    assert!(verify(body, &String::from_utf8_lossy(header), &secrets, NOW).is_err());
    let signed = secrets[0].header(body, NOW);
    assert_eq!(verify(body, &signed, &secrets, NOW), Ok(()));
    if let Ok(event) = Event::parse(body) {
        let _ = event.told();
    }
});
