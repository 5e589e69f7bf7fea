//! Waiting for something to become true.

use std::time::Duration;

const POLL: Duration = Duration::from_millis(20);
/// With [`POLL`] half a minute: what has not come by then will not.
const POLLS_MAX: u32 = 1_500;

/// Asks until there is an answer.
pub(crate) fn until<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    polls(POLLS_MAX, ask).unwrap_or_else(|| panic!("waited in vain for {what}"))
}

/// Asks for a time at most.
pub(crate) fn at_most<T>(time: Duration, ask: impl FnMut() -> Option<T>) -> Option<T> {
    polls(u32::try_from(time.as_millis() / POLL.as_millis()).unwrap(), ask)
}

fn polls<T>(count: u32, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 0..count {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        moment(POLL);
    }
    None
}

/// Lets some time pass.
pub(crate) fn moment(time: Duration) {
    crossbeam_channel::after(time).recv().unwrap();
}
