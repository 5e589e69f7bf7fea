//! The clock of the tests' real nodes.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in milliseconds since the unix epoch.
#[expect(clippy::disallowed_methods, reason = "the clock of a real node")]
pub(crate) fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A clock that is ten minutes behind.
pub(crate) fn ten_minutes_ago_ms() -> u64 {
    now_ms() - 600_000
}
