//! What anybody may send as a body, and a message whose numbers of cards are masked.
#![no_main]

use shared::domain::text::{Email, Text};
use shared::http::json;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only read")]
struct Body {
    email: Option<Email>,
    text: Option<Text>,
    list: Option<Vec<Text>>,
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = json::parse::<Body>(bytes);
});
