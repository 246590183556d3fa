//! What an operator may be handed: the list of an archive. And every token.
#![no_main]

use shared::domain::{archive::Manifest, token};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Manifest::parse(bytes);
    let text = String::from_utf8_lossy(bytes);
    assert!(token::read::<2>("vt", &text).is_none_or(|(ids, secret)| token::write("vt", &ids, &secret) == text));
});
