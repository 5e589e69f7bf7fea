//! The engine driven from outside, over an in-memory store.

mod confirming;
mod coordinating;
mod restarting;
mod submitting;
mod world;
