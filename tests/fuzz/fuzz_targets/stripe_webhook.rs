//! Header and body of a webhook: nothing panics, nothing unsigned is believed, and what is signed is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shared::domain::Timestamp;
use shared::domain::billing::event::Event;
use shared::domain::billing::signature::{WebhookSecret, verify};

const NOW: Timestamp = Timestamp::from_ms(1_768_478_400_000);

fuzz_target!(|input: (String, Vec<u8>)| {
    let (header, body) = input;
    let secrets = [WebhookSecret::new("whsec_fuzz")];
    // Nobody guesses 256 bits.
    assert!(verify(&body, &header, &secrets, NOW).is_err());
    assert!(verify(&body, &secrets[0].header(&body, NOW), &secrets, NOW).is_ok());
    if let Ok(event) = Event::parse(&body) {
        let _ = event.told();
    }
});
