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

/// A description or a candidate as it may be passed on where devices speak through a relay alone: it leads
/// through one, and tells nobody's own address. None for what leads any other way.
///
/// A relayed candidate names where its device was seen (`raddr`), and a description names where it was
/// written (`o=`) and where to send (`c=`, `a=rtcp`). A relay's own address stays; what else stands there is
/// written over as RFC 8839, 5.1 has it for whoever does not want to be seen.
pub fn through_relay(text: &str) -> Option<String> {
    let relays: Option<Vec<&str>> = text
        .lines()
        .filter_map(candidate_of)
        .map(|way| Some(Way::read(way)?.address))
        .collect();
    let relays = relays?;
    let lines = text.split_inclusive('\n').map(|line| {
        let text = line.trim_end_matches(['\r', '\n']);
        hidden(text, &relays) + &line[text.len()..]
    });
    Some(lines.collect())
}

/// A candidate that a line is or holds.
fn candidate_of(line: &str) -> Option<&str> {
    let way = line.strip_prefix("a=").unwrap_or(line);
    way.starts_with("candidate:").then_some(way)
}

/// A way through a relay, as a candidate writes it (RFC 8839, 5.1).
struct Way<'a> {
    /// Foundation, component, protocol and priority.
    before: &'a str,
    /// The address of the relay.
    address: &'a str,
    port: &'a str,
    /// What follows the type, in pairs.
    more: Vec<&'a str>,
}

impl<'a> Way<'a> {
    /// None for what leads through no relay.
    fn read(way: &'a str) -> Option<Self> {
        let (at, _) = way.match_indices(' ').nth(3)?;
        let mut words = way[at + 1..].split(' ');
        let (address, port) = (words.next()?, words.next()?);
        let is_relay = words.next()? == "typ" && words.next()? == "relay";
        is_relay.then(|| Self {
            before: &way[..at],
            address,
            port,
            more: words.collect(),
        })
    }

    fn hidden(&self) -> String {
        let mut text = format!("{} {} {} typ relay", self.before, self.address, self.port);
        for pair in self.more.chunks(2) {
            let shown = match *pair {
                ["raddr", address] => format!(" raddr {}", nowhere(address)),
                ["rport", _] => " rport 9".to_owned(),
                _ => format!(" {}", pair.join(" ")),
            };
            text.push_str(&shown);
        }
        text
    }
}

/// The address that says nothing, of the family of this one.
fn nowhere(address: &str) -> &'static str {
    if address.contains(':') {
        "::"
    } else {
        "0.0.0.0"
    }
}

/// A line without anybody's own address.
fn hidden(line: &str, relays: &[&str]) -> String {
    if let Some(way) = candidate_of(line).and_then(Way::read) {
        let opens = if line.starts_with("a=") { "a=" } else { "" };
        return format!("{opens}{}", way.hidden());
    }
    let names_a_place =
        line.starts_with("o=") || line.starts_with("c=") || line.starts_with("a=rtcp:");
    match line.rsplit_once(' ') {
        Some((before, address)) if names_a_place && !relays.contains(&address) => {
            format!("{before} {}", nowhere(address))
        }
        _ => line.to_owned(),
    }
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
        let relay = "candidate:1 1 udp 2122 192.0.2.1 5000 typ relay raddr 0.0.0.0 rport 9";
        for good in [relay, ""] {
            assert_eq!(through_relay(good).as_deref(), Some(good));
        }
        assert!(through_relay(GOOD).is_some());
        for bad in [
            host,
            &format!("{GOOD}a={host}\r\n"),
            // A word in another place makes no relay.
            "candidate:1 1 udp 2122 10.0.0.1 5000 typ host x typ relay",
            "candidate:typ relay",
            "candidate:1 1 udp 2122 10.0.0.1 5000 typ",
        ] {
            assert_eq!(through_relay(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_goes_through_a_relay_says_where_the_relay_is_and_where_nobody_is() {
        let way = "candidate:1 1 udp 2122 192.0.2.1 5000 typ relay raddr 203.0.113.7 rport 4711 generation 0";
        assert_eq!(
            through_relay(way).as_deref(),
            Some(
                "candidate:1 1 udp 2122 192.0.2.1 5000 typ relay raddr 0.0.0.0 rport 9 generation 0"
            )
        );
        let way = "candidate:1 1 udp 2122 2001:db8::1 5000 typ relay raddr 2001:db8::7 rport 1";
        assert_eq!(
            through_relay(way).as_deref(),
            Some("candidate:1 1 udp 2122 2001:db8::1 5000 typ relay raddr :: rport 9")
        );
        let sdp = "v=0\r\no=- 46 2 IN IP4 203.0.113.7\r\nc=IN IP4 192.0.2.1\r\na=rtcp:9 IN IP4 203.0.113.7\r\n\
            a=candidate:1 1 udp 2122 192.0.2.1 5000 typ relay raddr 203.0.113.7 rport 4711\r\nc=IN IP6 2001:db8::7\r\n";
        let hidden = through_relay(sdp).expect("a way through a relay");
        assert_eq!(
            hidden,
            "v=0\r\no=- 46 2 IN IP4 0.0.0.0\r\nc=IN IP4 192.0.2.1\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
            a=candidate:1 1 udp 2122 192.0.2.1 5000 typ relay raddr 0.0.0.0 rport 9\r\nc=IN IP6 ::\r\n"
        );
        assert_eq!(
            through_relay(&hidden).as_deref(),
            Some(&*hidden),
            "twice is once"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_a_check_panic(text in "\\PC{0,300}") {
            let _ = check_description(&format!("v=0\r\n{text}"));
            let _ = check_candidate(&text);
            let _ = through_relay(&text);
        }

        #[test]
        fn of_a_way_through_a_relay_no_own_address_is_left(own in "203\\.0\\.113\\.[0-9]{1,3}", more in "( [a-z]{1,8} [a-z0-9]{1,8}){0,3}") {
            let way = format!("candidate:1 1 udp 1 192.0.2.1 5000 typ relay{more} raddr {own} rport 9{more}");
            let told = through_relay(&way).expect("a relay");
            prop_assert!(!told.contains("203.0.113") && told.contains(" 192.0.2.1 5000 "));
        }
    }
}
