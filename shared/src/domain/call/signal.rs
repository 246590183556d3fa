//! What two devices say to each other through us to find each other: session descriptions (RFC 8866)
//! and candidates (RFC 8839). It is looked at, passed on and forgotten; nothing here is ever stored.

/// The most bytes of a description. Two pictures and a screen take 12 KiB.
pub const MOST_SDP_BYTES: usize = 20 * 1024;
/// The most bytes of one candidate.
pub const MOST_CANDIDATE_BYTES: usize = 512;
/// The most candidates of one frame.
pub const MOST_CANDIDATES: usize = 20;

/// Why a description or a candidate goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is none.
    Malformed,
    /// It is larger than it may be.
    TooLarge,
    /// Keys in clear, or a hash that is not SHA-256: what follows could be listened to.
    Weak,
}

/// Looks at a description: only what DTLS protects, with a fingerprint that can be compared.
///
/// # Errors
/// What is wrong with it.
pub fn check_description(sdp: &str) -> Result<(), Fault> {
    if sdp.len() > MOST_SDP_BYTES {
        return Err(Fault::TooLarge);
    }
    let mut lines = sdp
        .split_terminator('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line));
    if lines.next() != Some("v=0") {
        return Err(Fault::Malformed);
    }
    let mut fingerprints = 0;
    for line in lines {
        let Some((kind, value)) = line.split_once('=') else {
            return Err(Fault::Malformed);
        };
        let is_kind = kind.len() == 1 && kind.bytes().all(|b| b.is_ascii_lowercase());
        if !is_kind || value.chars().any(char::is_control) {
            return Err(Fault::Malformed);
        }
        match kind {
            "m" => check_media(value)?,
            "a" if value.starts_with("crypto:") => return Err(Fault::Weak),
            "a" => {
                if let Some(print) = value.strip_prefix("fingerprint:") {
                    let hash = print.split(' ').next().unwrap_or_default();
                    if !hash.eq_ignore_ascii_case("sha-256") {
                        return Err(Fault::Weak);
                    }
                    fingerprints += 1;
                }
            }
            _ => {}
        }
    }
    if fingerprints == 0 {
        Err(Fault::Weak)
    } else {
        Ok(())
    }
}

/// Sound, pictures and a channel between the two; each under DTLS.
fn check_media(value: &str) -> Result<(), Fault> {
    let parts: Vec<&str> = value.split(' ').take(3).collect();
    match parts[..] {
        ["audio" | "video", _, protocol] if protocol.ends_with("TLS/RTP/SAVPF") => Ok(()),
        ["application", _, protocol] if protocol.contains("DTLS/SCTP") => Ok(()),
        ["audio" | "video" | "application", _, _] => Err(Fault::Weak),
        _ => Err(Fault::Malformed),
    }
}

/// Looks at a candidate; an empty one says that there are no more.
///
/// # Errors
/// What is wrong with it.
pub fn check_candidate(candidate: &str) -> Result<(), Fault> {
    if candidate.len() > MOST_CANDIDATE_BYTES {
        return Err(Fault::TooLarge);
    }
    let is_one = candidate.is_empty() || candidate.starts_with("candidate:");
    match is_one && !candidate.chars().any(char::is_control) {
        true => Ok(()),
        false => Err(Fault::Malformed),
    }
}

/// Whether a description or a candidate leads through a relay alone: then it tells nobody's own address.
pub fn is_relayed(text: &str) -> bool {
    let ways = text
        .lines()
        .map(|line| line.strip_prefix("a=").unwrap_or(line));
    let mut ways = ways.filter(|line| line.starts_with("candidate:"));
    ways.all(|way| way.contains(" typ relay"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
        a=ice-ufrag:x\r\na=fingerprint:sha-256 AA:BB\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";

    #[test]
    fn a_description_of_a_browser_passes_and_a_weak_one_does_not() {
        assert_eq!(check_description(GOOD), Ok(()));
        let large = format!("{GOOD}{}", "a=x:y\r\n".repeat(4000));
        for (sdp, fault) in [
            (String::new(), Fault::Malformed),
            (
                "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".to_owned(),
                Fault::Weak,
            ),
            (GOOD.replace("sha-256", "sha-1"), Fault::Weak),
            (format!("{GOOD}a=crypto:1 AES inline:x\r\n"), Fault::Weak),
            (GOOD.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"), Fault::Weak),
            (GOOD.replace("m=audio", "m=text"), Fault::Malformed),
            (format!("{GOOD}hello"), Fault::Malformed),
            (format!("{GOOD}a=x\u{0}y\r\n"), Fault::Malformed),
            (large, Fault::TooLarge),
        ] {
            assert_eq!(check_description(&sdp), Err(fault), "{sdp:.60}");
        }
    }

    #[test]
    fn candidates_are_short_lines_and_the_last_one_is_empty() {
        let good = "candidate:1 1 udp 2122 10.0.0.1 5000 typ host";
        assert_eq!(check_candidate(good), Ok(()));
        assert_eq!(check_candidate(""), Ok(()));
        assert_eq!(check_candidate("hello"), Err(Fault::Malformed));
        assert_eq!(check_candidate("candidate:1\r\na=x"), Err(Fault::Malformed));
        assert_eq!(
            check_candidate(&format!("candidate:{}", "1".repeat(600))),
            Err(Fault::TooLarge)
        );
    }

    #[test]
    fn what_leads_through_a_relay_alone_is_told_from_what_does_not() {
        let host = "candidate:1 1 udp 2122 10.0.0.1 5000 typ host";
        let relay = "candidate:1 1 udp 2122 192.0.2.1 5000 typ relay raddr 0.0.0.0 rport 0";
        assert!(is_relayed(GOOD) && is_relayed(relay) && is_relayed(""));
        assert!(!is_relayed(host) && !is_relayed(&format!("{GOOD}a={host}\r\n")));
    }

    proptest! {
        #[test]
        fn no_text_makes_a_check_panic(text in "\\PC{0,300}") {
            let _ = check_description(&format!("v=0\r\n{text}"));
            let _ = check_candidate(&text);
        }
    }
}
