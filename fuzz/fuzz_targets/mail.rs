//! What anybody may write to a contact address. A panic is a mail that cannot be read, in a thread of its own; here
//! it is a finding all the same, unless it is in the library's check of its own sums.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(mail) = intake::mail::judge(bytes, &["no-reply@example.com".to_owned()]) {
        assert_ne!(mail.from.identity(), "no-reply@example.com", "we answer ourselves");
    }
});
