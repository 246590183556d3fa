//! What whoever has a link may upload: the first byte says what it was said to be.
#![no_main]

use attachments::look::{into_kept, into_portrait};
use shared::domain::attachment::MediaType;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    let all = MediaType::ALL;
    let media = all[usize::from(*first) % all.len()];
    let _ = into_portrait(media, bytes);
    if let Some(kept) = into_kept(media, bytes.to_vec()) {
        assert!(!media.is_image() || kept.thumbnail.is_some());
    }
});
