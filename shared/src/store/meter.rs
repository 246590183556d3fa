//! Every call to a service is counted where it is made: round trips, consistency, capacity units.
//!
//! Tests assert costs with it: a change that makes an operation dearer is a red test.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// How many calls are remembered, so that nobody who never takes them pays for it.
const REMEMBERED: usize = 256;

/// One call to a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The operation's name, such as `BatchGetItem`.
    pub operation: &'static str,
    /// Whether every read of it was strongly consistent; `true` for writes.
    pub consistent: bool,
    /// Read request units, as DynamoDB counted them.
    pub read_units: f64,
    /// Write request units, indexes included.
    pub write_units: f64,
    /// The place of its beginning among all beginnings and ends.
    began: u64,
    /// The place of its end.
    ended: u64,
}

/// What was counted since it was last taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The calls, in the order of their ends; at most the last 256.
    pub calls: Vec<Call>,
}

impl Reading {
    /// The names of the operations, in order.
    pub fn operations(&self) -> Vec<&'static str> {
        self.calls.iter().map(|call| call.operation).collect()
    }

    /// Read request units of all calls.
    pub fn read_units(&self) -> f64 {
        self.calls.iter().map(|call| call.read_units).sum()
    }

    /// Write request units of all calls.
    pub fn write_units(&self) -> f64 {
        self.calls.iter().map(|call| call.write_units).sum()
    }

    /// How many calls had to wait for another: the round trips that a user feels.
    pub fn sequential_round_trips(&self) -> usize {
        // Calls are sorted by their ends, so taking each that begins after the last one taken is
        // the longest chain of calls that do not overlap.
        let mut last_end = 0;
        let mut trips = 0;
        for call in &self.calls {
            if trips == 0 || call.began > last_end {
                trips += 1;
                last_end = call.ended;
            }
        }
        trips
    }
}

#[derive(Debug, Default)]
struct State {
    ticks: u64,
    calls: VecDeque<Call>,
}

/// The counter of one function; clones count together.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<State>>);

/// A call that has begun.
#[derive(Debug)]
pub struct Begun {
    operation: &'static str,
    at: u64,
}

impl Meter {
    /// Notes the beginning of a call.
    pub fn begin(&self, operation: &'static str) -> Begun {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.ticks += 1;
        Begun {
            operation,
            at: state.ticks,
        }
    }

    /// Notes its end, with what it cost. A call that failed cost nothing that we know of.
    pub fn end(&self, begun: Begun, consistent: bool, read_units: f64, write_units: f64) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.ticks += 1;
        let ended = state.ticks;
        if state.calls.len() == REMEMBERED {
            state.calls.pop_front();
        }
        let Begun {
            operation,
            at: began,
        } = begun;
        state.calls.push_back(Call {
            operation,
            consistent,
            read_units,
            write_units,
            began,
            ended,
        });
    }

    /// Notes the end of one write that said what it consumed, or failed.
    pub fn end_write(&self, begun: Begun, consumed: Option<&ConsumedCapacity>) {
        let units = consumed.and_then(ConsumedCapacity::capacity_units);
        self.end(begun, true, 0.0, units.unwrap_or(0.0));
    }

    /// Notes the end of a call to what takes no units.
    pub fn end_free(&self, begun: Begun) {
        self.end(begun, true, 0.0, 0.0);
    }

    /// What was counted since the last time, and begins anew.
    pub fn take(&self) -> Reading {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Reading {
            calls: state.calls.drain(..).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_made_together_are_one_round_trip() {
        let meter = Meter::default();
        let (a, b) = (meter.begin("a"), meter.begin("b"));
        meter.end(a, true, 1.0, 0.0);
        meter.end(b, true, 1.0, 0.0);
        let c = meter.begin("c");
        meter.end(c, true, 0.0, 2.0);
        let reading = meter.take();
        assert_eq!(reading.operations(), ["a", "b", "c"]);
        assert_eq!(reading.sequential_round_trips(), 2);
        assert_eq!((reading.read_units(), reading.write_units()), (2.0, 2.0));
        assert_eq!(meter.take(), Reading::default());
    }
}
