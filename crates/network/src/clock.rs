//! The only place of this crate that reads the time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A clock that shows the time of the system when it was made and never jumps afterwards: timeouts and bans do not move when
/// somebody sets the system's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SteadyClock {
    started: Instant,
    started_unix_ms: u64,
}

impl SteadyClock {
    /// Starts a clock.
    #[expect(clippy::disallowed_methods, reason = "this is the crate's clock")]
    pub(crate) fn start() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), started_unix_ms: u64::try_from(unix.as_millis()).unwrap_or(u64::MAX) }
    }

    /// Milliseconds since the unix epoch.
    pub(crate) fn now_ms(&self) -> u64 {
        let elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.started_unix_ms.saturating_add(elapsed_ms)
    }
}
