//! The clocks of the tests' running nodes.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in milliseconds since the unix epoch.
#[expect(clippy::disallowed_methods, reason = "the clock of a running node")]
pub(crate) fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A clock that cannot be read.
pub(crate) fn broken() -> u64 {
    panic!("the clock broke")
}
