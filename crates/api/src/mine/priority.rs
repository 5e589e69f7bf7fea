//! The priority of threads that mine.

/// Puts this thread, and no other, behind everything else that wants the processor: nice 19, the lowest there is. When
/// that fails, the log says so and the thread goes on.
///
/// Linux only: there `setpriority` for the process without an id means the calling thread (setpriority(2)); on other
/// systems it would mean the whole node.
pub(crate) fn lower() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, LOWEST) {
        tracing::warn!(%error, "a thread for proof of work keeps its normal priority: the API may answer slowly while it works");
    }
}

#[cfg(target_os = "linux")]
const LOWEST: i32 = 19;

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[test]
    fn the_thread_itself_gets_the_lowest_priority() {
        let before = getpriority_process(None).unwrap();
        let lowered = std::thread::spawn(|| {
            lower();
            getpriority_process(None).unwrap()
        });
        assert_eq!(lowered.join().unwrap(), LOWEST);
        assert_eq!(getpriority_process(None).unwrap(), before, "other threads keep theirs");
    }
}
