//! What one socket may cost: a bucket of frames for each connection, and how often it may say what
//! nobody understands.
//!
//! In the memory of the environment, without a write for each frame. The edge gives one environment
//! one frame at a time, so a flood is spread over no more environments than it is frames in
//! progress: each of them sees enough of it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use shared::{
    domain::Timestamp,
    store::socket::{ConnectionId, Socket},
};

use crate::frame::Fault;

/// Frames of a second, for as long as it lasts.
const FRAMES_PER_SECOND: i64 = 20;
/// Frames at once, after a pause.
const BURST: i64 = 60;
/// How often a frame may be none that we know.
const MOST_FAULTS: u32 = 5;
/// How many connections are remembered; then those of before are forgotten.
const REMEMBERED: usize = 2_000;

/// Descriptions of a second, for as long as it lasts.
const DESCRIPTIONS_PER_SECOND: i64 = 3;
/// Descriptions at once, after a pause.
const MOST_DESCRIPTIONS: i64 = 9;
/// Candidates of a minute, for as long as it lasts; and as many at once.
const CANDIDATES_PER_MINUTE: i64 = 64;

/// Bytes of a second that frames of a call may hold, for as long as it lasts.
const SIGNAL_BYTES_PER_SECOND: i64 = 4 * 1024;
/// Bytes at once, after a pause: nine descriptions of the largest that browsers write, and what goes with them.
const MOST_SIGNAL_BYTES: i64 = 192 * 1024;

const MS_PER_DESCRIPTION: i64 = 1_000 / DESCRIPTIONS_PER_SECOND;
const MS_PER_CANDIDATE: i64 = 60_000 / CANDIDATES_PER_MINUTE;
const MS_PER_FRAME: i64 = 1_000 / FRAMES_PER_SECOND;

#[derive(Default)]
struct Seen {
    /// When the bucket is full again.
    full_at_ms: i64,
    /// The same of descriptions, and of candidates.
    described_ms: i64,
    found_ms: i64,
    /// How many bytes of frames of a call are not made up for yet, at `weighed_ms`.
    bytes: i64,
    weighed_ms: i64,
    faults: u32,
    socket: Option<Socket>,
}

/// What this environment remembers of connections.
#[derive(Default)]
pub struct Floodgate(Mutex<HashMap<ConnectionId, Seen>>);

impl Floodgate {
    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a frame; whether it may be worked on.
    pub fn admits(&self, connection: &ConnectionId, now: Timestamp) -> bool {
        let mut seen = self.lock();
        if seen.len() >= REMEMBERED && !seen.contains_key(connection) {
            seen.clear();
        }
        let bucket = seen.entry(connection.clone()).or_default();
        let full_at_ms = bucket.full_at_ms.max(now.ms()) + MS_PER_FRAME;
        // What is refused does not count: a client that slows down is let in again.
        let admitted = full_at_ms - now.ms() <= BURST * MS_PER_FRAME;
        if admitted {
            bucket.full_at_ms = full_at_ms;
        }
        admitted
    }

    /// Counts descriptions, candidates and bytes of a frame of a call.
    ///
    /// # Errors
    /// When there were too many; the socket stays.
    pub fn admits_signal(
        &self,
        connection: &ConnectionId,
        (descriptions, candidates): (u32, u32),
        size: usize,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let mut seen = self.lock();
        let bucket = seen.entry(connection.clone()).or_default();
        let described =
            bucket.described_ms.max(now.ms()) + i64::from(descriptions) * MS_PER_DESCRIPTION;
        let found = bucket.found_ms.max(now.ms()) + i64::from(candidates) * MS_PER_CANDIDATE;
        let paid = (now.ms() - bucket.weighed_ms).max(0) * SIGNAL_BYTES_PER_SECOND / 1_000;
        let size = i64::try_from(size).unwrap_or(i64::MAX / 2);
        let bytes = (bucket.bytes - paid).max(0) + size;
        if bytes > MOST_SIGNAL_BYTES
            || described - now.ms() > MOST_DESCRIPTIONS * MS_PER_DESCRIPTION
            || found - now.ms() > CANDIDATES_PER_MINUTE * MS_PER_CANDIDATE
        {
            return Err(Fault::TooManySignals);
        }
        (bucket.described_ms, bucket.found_ms) = (described, found);
        (bucket.bytes, bucket.weighed_ms) = (bytes, now.ms());
        Ok(())
    }

    /// Counts a frame that nobody understands; whether that was one too many.
    pub fn is_tired_of(&self, connection: &ConnectionId) -> bool {
        let mut seen = self.lock();
        let bucket = seen.entry(connection.clone()).or_default();
        bucket.faults += 1;
        bucket.faults >= MOST_FAULTS
    }

    /// The socket, if its row was read before. What it says never changes.
    pub fn socket(&self, connection: &ConnectionId) -> Option<Socket> {
        self.lock().get(connection)?.socket.clone()
    }

    /// Remembers a socket.
    pub fn remember(&self, socket: &Socket) {
        let mut seen = self.lock();
        seen.entry(socket.connection.clone()).or_default().socket = Some(socket.clone());
    }

    /// Forgets a connection.
    pub fn forget(&self, connection: &ConnectionId) {
        self.lock().remove(connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(1_768_478_400_000 + ms)
    }

    #[test]
    fn sixty_frames_at_once_and_then_twenty_a_second() {
        let (gate, a) = (Floodgate::default(), ConnectionId::new("a"));
        let burst = (0..100).filter(|_| gate.admits(&a, at(0))).count();
        assert_eq!(burst, 60);
        assert!(
            gate.admits(&ConnectionId::new("b"), at(0)),
            "another connection has its own"
        );
        let second = (0..1000).filter(|ms| gate.admits(&a, at(1 + ms))).count();
        assert_eq!(second, 20);
        let after_a_pause = (0..100).filter(|_| gate.admits(&a, at(60_000))).count();
        assert_eq!(after_a_pause, 60);
    }

    #[test]
    fn nine_descriptions_at_once_and_sixty_four_candidates_a_minute() {
        let (gate, a) = (Floodgate::default(), ConnectionId::new("a"));
        let burst = (0..30).filter(|_| gate.admits_signal(&a, (1, 0), 0, at(0)).is_ok());
        assert_eq!(burst.count(), 9);
        assert!(gate.admits_signal(&a, (1, 0), 0, at(400)).is_ok());
        let found = (0..10).filter(|_| gate.admits_signal(&a, (0, 16), 0, at(400)).is_ok());
        assert_eq!(found.count(), 4);
        assert!(gate.admits_signal(&a, (0, 16), 0, at(16_000)).is_ok());
    }

    #[test]
    fn frames_of_a_call_hold_192_kib_at_once_and_then_4_kib_a_second() {
        let (gate, a) = (Floodgate::default(), ConnectionId::new("a"));
        let large = 24 * 1024;
        let burst = (0..20).filter(|_| gate.admits_signal(&a, (0, 0), large, at(0)).is_ok());
        assert_eq!(burst.count(), 8);
        assert!(gate.admits_signal(&a, (0, 0), large, at(5_999)).is_err());
        assert!(gate.admits_signal(&a, (0, 0), large, at(6_000)).is_ok());
        let minute = (1..=60).filter(|s| {
            let now = at(6_000 + s * 1_000);
            gate.admits_signal(&a, (0, 0), large, now).is_ok()
        });
        assert_eq!(minute.count(), 10, "240 KiB");
        // Small ones go through all the time.
        let small = (0..600).filter(|n| {
            let now = at(200_000 + n * 1_000);
            gate.admits_signal(&a, (0, 0), 300, now).is_ok()
        });
        assert_eq!(small.count(), 600);
    }

    #[test]
    fn five_faults_are_too_many() {
        let (gate, a) = (Floodgate::default(), ConnectionId::new("a"));
        let tired: Vec<bool> = (0..5).map(|_| gate.is_tired_of(&a)).collect();
        assert_eq!(tired, [false, false, false, false, true]);
        gate.forget(&a);
        assert!(!gate.is_tired_of(&a));
    }
}
