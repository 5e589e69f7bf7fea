//! The only place of this crate that reads the time.
#![expect(clippy::disallowed_methods, reason = "this is the clock that everything else is handed")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since the unix epoch; 0 on a clock that stands before it.
pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Measures time that passes, whatever happens to the clock of the wall.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// The time since the start, in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        self.elapsed().as_secs_f64()
    }
}

/// Lets some time pass: while polling another process there is nothing to wait for.
pub(crate) fn pause(time: Duration) {
    let passed = crossbeam_channel::after(time).recv();
    debug_assert!(passed.is_ok(), "nobody can close this channel");
}
