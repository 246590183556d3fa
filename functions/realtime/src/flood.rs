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

    /// Counts descriptions and candidates of a frame of a call.
    ///
    /// # Errors
    /// When there were too many; the socket stays.
    pub fn admits_signal(
        &self,
        connection: &ConnectionId,
        (descriptions, candidates): (u32, u32),
        now: Timestamp,
    ) -> Result<(), Fault> {
        let mut seen = self.lock();
        let bucket = seen.entry(connection.clone()).or_default();
        let described =
            bucket.described_ms.max(now.ms()) + i64::from(descriptions) * MS_PER_DESCRIPTION;
        let found = bucket.found_ms.max(now.ms()) + i64::from(candidates) * MS_PER_CANDIDATE;
        if described - now.ms() > MOST_DESCRIPTIONS * MS_PER_DESCRIPTION
            || found - now.ms() > CANDIDATES_PER_MINUTE * MS_PER_CANDIDATE
        {
            return Err(Fault::TooManySignals);
        }
        (bucket.described_ms, bucket.found_ms) = (described, found);
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
        let burst = (0..30).filter(|_| gate.admits_signal(&a, (1, 0), at(0)).is_ok());
        assert_eq!(burst.count(), 9);
        assert!(gate.admits_signal(&a, (1, 0), at(400)).is_ok());
        let found = (0..10).filter(|_| gate.admits_signal(&a, (0, 16), at(400)).is_ok());
        assert_eq!(found.count(), 4);
        assert!(gate.admits_signal(&a, (0, 16), at(16_000)).is_ok());
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
