//! What looks like chance, and follows from seeds: FNV-1a with the finisher of SplitMix64.

/// A number that follows from a seed and a text.
pub(crate) fn number(seed: u64, text: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// A short name for a text of any length.
pub(super) fn name(text: &str) -> String {
    format!("{:016x}", number(0, text))
}

/// The arm that a number falls on, by weight; none when no arm has any.
pub(super) fn arm(number: u64, weights: &[u32]) -> Option<usize> {
    let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    let mut left = number.checked_rem(total)?;
    for (n, weight) in weights.iter().enumerate() {
        match left.checked_sub(u64::from(*weight)) {
            Some(rest) => left = rest,
            None => return Some(n),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_are_taken_by_their_weight() {
        let mut counts = [0_u32; 3];
        for seed in 0..10_000 {
            counts[arm(number(seed, "n1"), &[70, 30, 0]).expect("an arm")] += 1;
        }
        assert!(
            (6_700..7_300).contains(&counts[0]) && counts[2] == 0,
            "{counts:?}"
        );
        assert_eq!(arm(7, &[0, 0]), None);
        assert_eq!(number(7, "n1"), number(7, "n1"));
    }
}
