//! The engine driven from outside, over an in-memory store.

mod agreeing;
mod confirming;
mod coordinating;
mod restarting;
mod submitting;
mod world;
