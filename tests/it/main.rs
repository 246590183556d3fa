//! The tests of the running stack: one binary, every test with a stack of its own.

mod conversations;
mod costs;
mod expiry;
mod messages;
mod refused;
mod resilience;
