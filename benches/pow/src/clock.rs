//! The clocks of the measurement.
#![expect(clippy::disallowed_methods, reason = "this is the clock of a program that measures")]

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Processor time of this process so far, in seconds, all threads together.
pub(crate) fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Repeats `work`, which says how much it did, for so much processor time; how much was done in a second of it.
pub(crate) fn per_cpu_second(seconds: f64, mut work: impl FnMut() -> u64) -> f64 {
    let mut done = 0;
    let started = cpu_seconds();
    loop {
        done += work();
        let passed = cpu_seconds() - started;
        if passed >= seconds {
            return done as f64 / passed;
        }
    }
}

/// Lets time pass and says how much it was, in seconds.
pub(crate) fn wait(seconds: f64) -> f64 {
    let started = Instant::now();
    loop {
        let left = seconds - started.elapsed().as_secs_f64();
        if left <= 0.0 {
            return started.elapsed().as_secs_f64();
        }
        std::thread::park_timeout(Duration::from_secs_f64(left));
    }
}
