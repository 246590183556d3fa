//! The tests of the running stack: one binary, every test with a stack of its own.

mod anonymous;
mod asyncapi;
mod contract;
mod conversations;
mod costs;
mod deployment;
mod events;
mod expiry;
mod inbox;
mod layers;
mod messages;
mod problems;
mod realtime;
mod refused;
mod resilience;
mod retention;
mod sync;
mod tenancy;
mod tokens;
mod web;
