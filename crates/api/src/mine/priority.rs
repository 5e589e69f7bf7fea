//! The priority of threads that mine.

/// Puts this thread, and no other, behind the other threads of the node: nice 19, with which it gets about a
/// seventieth of the processor where one of them wants the same core, and all of it where none does. When that fails,
/// the log says so, once, and the thread goes on.
///
/// The scheduler compares threads within a control group only: programs in other groups share the machine with the
/// whole node as their groups' weights say, whatever its threads do.
///
/// Linux only: there `setpriority` for the process without an id means the calling thread (setpriority(2)); on other
/// systems it would mean the whole node.
pub(crate) fn lower() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, LOWEST) {
        /// What fails for one thread fails for all.
        static WARNED: std::sync::Once = std::sync::Once::new();
        WARNED.call_once(|| {
            tracing::warn!(%error, "threads for proof of work keep their normal priority: the API may answer slowly while they work");
        });
    }
}

/// The highest nice value there is.
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
