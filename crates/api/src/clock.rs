//! The only place of this crate that reads the time.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since the unix epoch; 0 while the system's clock is set before it.
#[expect(clippy::disallowed_methods, reason = "this is the crate's clock")]
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs())
}
