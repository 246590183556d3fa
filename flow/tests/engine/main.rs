//! The engine of flows, from outside: documents in, turns out.

mod calls;
mod diagnostics;
mod exports;
mod figures;
mod fuzz;
mod languages;
mod loops;
mod recorded;
mod replay;
mod scripts;
mod turns;
mod typebot;
mod world;
