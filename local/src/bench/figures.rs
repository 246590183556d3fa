//! What every benchmark counts with: durations in, figures out.

use std::time::{Duration, Instant};

use serde::Serialize;

/// Durations of the same thing, and how long all of them took together.
pub struct Sample {
    each: Vec<Duration>,
    whole: Duration,
}

/// What is said of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// How many in a second.
    pub per_second: f64,
    /// Half of them took no longer, in milliseconds.
    pub p50_ms: f64,
    /// Ninety-nine of a hundred took no longer.
    pub p99_ms: f64,
}

/// The time now, for durations only.
#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark measures this machine, whose time nobody moves"
)]
pub fn start() -> Instant {
    Instant::now()
}

impl Sample {
    /// The durations of every client, which began together and took `whole`.
    pub fn new(mut each: Vec<Duration>, whole: Duration) -> Self {
        each.sort_unstable();
        Self { each, whole }
    }

    /// What is said of it.
    pub fn figures(&self) -> Figures {
        Figures {
            per_second: rounded(
                self.each.len() as f64 / self.whole.as_secs_f64().max(f64::EPSILON),
            ),
            p50_ms: self.percentile(50),
            p99_ms: self.percentile(99),
        }
    }

    /// The nearest rank, in milliseconds; zero of nothing.
    fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.each.len() * percent).div_ceil(100).max(1);
        let found = self.each.get(rank - 1);
        found.map_or(0.0, |duration| rounded(duration.as_secs_f64() * 1000.0))
    }
}

/// To a thousandth: what is beyond is noise.
pub fn rounded(exact: f64) -> f64 {
    (exact * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let each = (1..=100).rev().map(Duration::from_millis).collect();
        let figures = Sample::new(each, Duration::from_secs(4)).figures();
        assert_eq!(
            (figures.per_second, figures.p50_ms, figures.p99_ms),
            (25.0, 50.0, 99.0)
        );
        let one = Sample::new(vec![Duration::from_millis(7)], Duration::from_secs(1));
        assert_eq!((one.figures().p50_ms, one.figures().p99_ms), (7.0, 7.0));
        let none = Sample::new(Vec::new(), Duration::ZERO).figures();
        assert_eq!((none.per_second, none.p50_ms), (0.0, 0.0));
    }
}
