//! The processor: what it is called, and threads that stay on one core.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The name in `/proc/cpuinfo`, if it says one.
pub(super) fn name() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    name_in(&text).map(str::to_owned)
}

fn name_in(cpuinfo: &str) -> Option<&str> {
    let (_, name) = cpuinfo.lines().find(|line| line.starts_with("model name"))?.split_once(':')?;
    Some(name.trim()).filter(|name| !name.is_empty())
}

/// The cores that this process may use, by their numbers; none where the system does not say.
pub(super) fn cores() -> Vec<usize> {
    let Ok(allowed) = sched_getaffinity(None) else { return Vec::new() };
    (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect()
}

/// Keeps the calling thread on a core from now on; whether the system did so.
pub(super) fn pin_to(core: usize) -> bool {
    let mut only = CpuSet::new();
    only.set(core);
    sched_setaffinity(None, &only).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_first_ones() {
        let text =
            "processor\t: 0\nmodel name\t: A Processor @ 2 GHz: fast \nprocessor\t: 1\nmodel name\t: B\n";
        assert_eq!(name_in(text), Some("A Processor @ 2 GHz: fast"));
        assert_eq!(name_in("processor : 0\nBogoMIPS : 50.00\n"), None);
        assert_eq!(name_in("model name\t: \n"), None);
    }

    #[test]
    fn a_pinned_thread_has_one_core() {
        let cores = cores();
        let last = cores.last().copied().unwrap();
        // A thread of its own, so that the test runner's stay free.
        let pinned = std::thread::spawn(move || (pin_to(last), super::cores())).join().unwrap();
        assert_eq!(pinned, (true, vec![last]));
    }
}
