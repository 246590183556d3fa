//! The tests of the running stack: one binary, every test with a stack of its own.

mod anonymous;
mod apps;
mod auth;
mod contacts;
mod contract;
mod conversations;
mod costs;
mod deployment;
mod events;
mod expiry;
mod identity;
mod invitations;
mod isolation;
mod layers;
mod members;
mod messages;
mod permissions;
mod privacy_at_rest;
mod problems;
mod refused;
mod resilience;
mod sessions;
mod tenancy;
mod tokens;
mod visitors;
mod workspaces;
