//! The time, as one value that tests can move.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use crate::domain::Timestamp;

/// Tells the time. Clones of a manual clock move together.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(None)
    }

    /// A clock that stands at `start` until it is advanced.
    pub fn manual(start: Timestamp) -> Self {
        Self(Some(Arc::new(AtomicI64::new(start.ms()))))
    }

    /// The present instant.
    #[expect(
        clippy::disallowed_methods,
        reason = "the only place that asks the machine"
    )]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Some(ms) => Timestamp::from_ms(ms.load(Ordering::SeqCst)),
            None => Timestamp::from_ms(jiff::Timestamp::now().as_millisecond()),
        }
    }

    /// Moves a manual clock forward; the machine's clock moves by itself.
    pub fn advance(&self, by: Duration) {
        if let Some(ms) = &self.0 {
            let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
            ms.fetch_add(by, Ordering::SeqCst);
        }
    }

    /// Whether it moves by [`Clock::advance`] only.
    pub const fn is_manual(&self) -> bool {
        self.0.is_some()
    }
}
