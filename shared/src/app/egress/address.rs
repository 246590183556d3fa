//! Which addresses the door may connect to: public ones.
//!
//! The lists are IANA's registries of special-purpose addresses (RFC 6890 and its successors). For
//! IPv6 only the space that is given out to the public (2000::/3) is let through, so whatever is
//! written as something else, an IPv4 address inside of it included, stays outside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 ranges that are nobody's on the public internet, or not one host's.
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 19] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),        // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // shared by carriers
    (Ipv4Addr::new(127, 0, 0, 0), 8),      // loopback; Lambda's runtime API is here
    (Ipv4Addr::new(168, 63, 129, 16), 32), // a cloud's metadata
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // link-local; other clouds' metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),    // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),     // IETF protocols
    (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation
    (Ipv4Addr::new(192, 31, 196, 0), 24),  // AS112
    (Ipv4Addr::new(192, 52, 193, 0), 24),  // AMT
    (Ipv4Addr::new(192, 88, 99, 0), 24),   // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),   // private
    (Ipv4Addr::new(192, 175, 48, 0), 24),  // AS112
    (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),      // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),      // reserved, and broadcast
];

/// Parts of 2000::/3 that are not one host's.
const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 5] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // IETF protocols: Teredo, ORCHID, benchmarks
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4: an IPv4 address in disguise
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48), // AS112
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// Whether an address is one public host's.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !NOT_PUBLIC_V4.iter().any(|(network, length)| {
            let shift = 32 - length;
            v4.to_bits() >> shift == network.to_bits() >> shift
        }),
        IpAddr::V6(v6) => {
            let given_out = v6.to_bits() >> 125 == 0b001;
            given_out
                && !NOT_PUBLIC_V6.iter().any(|(network, length)| {
                    let shift = 128 - length;
                    v6.to_bits() >> shift == network.to_bits() >> shift
                })
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().expect("an address"))
    }

    #[test]
    fn ranges_end_where_their_registry_says() {
        for (text, expected) in [
            ("1.1.1.1", true),
            ("9.255.255.255", true),
            ("10.0.0.0", false),
            ("10.255.255.255", false),
            ("11.0.0.0", true),
            ("100.63.255.255", true),
            ("100.64.0.0", false),
            ("100.127.255.255", false),
            ("100.128.0.0", true),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("172.15.255.255", true),
            ("172.31.255.255", false),
            ("172.32.0.0", true),
            ("192.167.255.255", true),
            ("192.168.1.1", false),
            ("198.17.255.255", true),
            ("198.19.255.255", false),
            ("223.255.255.255", true),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("2606:4700:4700::1111", true),
            ("2001:200::1", true),
            ("2001:1ff:ffff::1", false),
            ("2001:db8::1", false),
            ("2002:7f00:1::", false),
            ("3fff:fff::1", false),
            ("::", false),
            ("::1", false),
            ("fe80::1", false),
            ("fd00:ec2::254", false),
            ("ff02::1", false),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b:1::a00:1", false),
            ("::ffff:127.0.0.1", false),
            ("::127.0.0.1", false),
            ("5f00::1", false),
        ] {
            assert_eq!(public(text), expected, "{text}");
        }
    }

    proptest! {
        // The same address, however it is dressed: mapped, compatible, NAT64, 6to4, Teredo.
        #[test]
        fn an_ipv4_address_in_ipv6_clothes_is_never_public(bits: u32) {
            let [a, b] = [(bits >> 16) as u16, bits as u16];
            for segments in [
                [0, 0, 0, 0, 0, 0xffff, a, b],
                [0, 0, 0, 0, 0, 0, a, b],
                [0, 0, 0, 0, 0xffff, 0, a, b],
                [0x64, 0xff9b, 0, 0, 0, 0, a, b],
                [0x64, 0xff9b, 1, 0, 0, 0, a, b],
                [0x2002, a, b, 0, 0, 0, 0, 1],
                [0x2001, 0, a, b, 0, 0, !a, !b],
            ] {
                let [s0, s1, s2, s3, s4, s5, s6, s7] = segments;
                let v6 = Ipv6Addr::new(s0, s1, s2, s3, s4, s5, s6, s7);
                prop_assert!(!is_public(v6.into()), "{v6}");
            }
        }

        #[test]
        fn what_the_standard_library_calls_special_is_never_public(v4: [u8; 4], v6: [u8; 16]) {
            let v4 = Ipv4Addr::from(v4);
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local()
                || v4.is_broadcast() || v4.is_documentation() || v4.is_multicast()
                || v4.is_unspecified();
            prop_assert!(!(special && is_public(v4.into())), "{v4}");
            let v6 = Ipv6Addr::from(v6);
            let special = v6.is_loopback() || v6.is_multicast() || v6.is_unspecified()
                || v6.is_unique_local() || v6.is_unicast_link_local()
                || v6.to_ipv4_mapped().is_some();
            prop_assert!(!(special && is_public(v6.into())), "{v6}");
        }

        #[test]
        fn every_address_of_a_private_range_is_refused(low in 0u32..1 << 16) {
            for network in [0x0a00_0000, 0x7f00_0000, 0xa9fe_0000, 0xac10_0000, 0xc0a8_0000u32] {
                let v4 = Ipv4Addr::from_bits(network | low);
                prop_assert!(!is_public(v4.into()), "{v4}");
            }
        }
    }
}
