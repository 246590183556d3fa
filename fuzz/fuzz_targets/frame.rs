//! What whoever has a ticket may say on a socket: a frame, a description of a session, a candidate.
#![no_main]

use shared::domain::call::signal::{MOST_SDP_BYTES, check_candidate, check_description};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let _ = realtime::frame::Said::read(&text);
    let _ = check_candidate(&text);
    if check_description(&text).is_ok() {
        assert!(text.len() <= MOST_SDP_BYTES && text.starts_with("v=0"));
        assert!(!text.contains("\na=crypto:"), "keys in clear go on");
    }
});
