//! How well a call went, in numbers that a device counts of itself. No address, no name of a device.

crate::words! {
    /// How a device is in the network, as far as it knows.
    pub enum Network {
        /// A mobile network.
        Cell = "cell",
        /// A cable.
        Ethernet = "ethernet",
        /// It does not say.
        Other = "other",
        /// A wireless network.
        Wifi = "wifi",
    }
}

crate::words! {
    /// By which protocol a device sends.
    pub enum Transport {
        /// TCP.
        Tcp = "tcp",
        /// TLS over TCP.
        Tls = "tls",
        /// UDP.
        Udp = "udp",
    }
}

crate::words! {
    /// How a picture was encoded.
    pub enum VideoCodec {
        /// AV1.
        Av1 = "av1",
        /// H.264.
        H264 = "h264",
        /// H.265.
        H265 = "h265",
        /// Anything else.
        Other = "other",
        /// VP8.
        Vp8 = "vp8",
        /// VP9.
        Vp9 = "vp9",
    }
}

/// A score in tenths, from 10 (nobody understood anything) to 45 (as if in one room).
///
/// The E-model (ITU-T G.107) with what a device knows: half of the round trip and 20 ms of buffer as
/// delay, and a loss that a modern codec conceals in part. R = 93.2 - Id - Ie, and MOS from R.
pub fn score_tenths(rtt_ms: u64, loss_permille: u64) -> u64 {
    let rtt = f64::from(u32::try_from(rtt_ms.min(10_000)).unwrap_or(10_000));
    let loss = f64::from(u32::try_from(loss_permille.min(1000)).unwrap_or(1000)) / 1000.0;
    let delay = rtt / 2.0 + 20.0;
    let late = if delay > 177.3 {
        0.11 * (delay - 177.3)
    } else {
        0.0
    };
    let r = 93.2 - (0.024 * delay + late) - 30.0 * (1.0 + 15.0 * loss).ln();
    let r = r.clamp(0.0, 100.0);
    let mos = 1.0 + 0.035 * r + 7e-6 * r * (r - 60.0) * (100.0 - r);
    let tenths = (mos.clamp(1.0, 4.5) * 10.0).round();
    tenths as u64
}

/// The value that `percent` of all are not above; none of nothing.
pub fn percentile(mut values: Vec<u64>, percent: usize) -> Option<u64> {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100).max(1) - 1;
    values.get(rank).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_falls_with_delay_and_with_loss_and_stays_within_its_bounds() {
        assert_eq!(score_tenths(20, 0), 44);
        let mut last = 45;
        for loss in [0, 10, 50, 100, 300, 1000] {
            let score = score_tenths(60, loss);
            assert!(
                score <= last && (10..=45).contains(&score),
                "{loss}: {score}"
            );
            last = score;
        }
        assert!(score_tenths(900, 0) < score_tenths(100, 0));
        assert!((10..=45).contains(&score_tenths(u64::MAX, u64::MAX)));
    }

    #[test]
    fn a_percentile_is_a_value_that_was_there() {
        assert_eq!(percentile(Vec::new(), 95), None);
        assert_eq!(percentile(vec![7], 95), Some(7));
        assert_eq!(percentile((1..=100).rev().collect(), 95), Some(95));
        assert_eq!(percentile((1..=100).collect(), 50), Some(50));
    }
}
