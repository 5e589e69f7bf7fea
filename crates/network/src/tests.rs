//! Whole nodes over real TCP on the loopback interface.

mod gossiping;
mod hostile;
mod peering;
mod stranger;
mod world;
