//! What a bench reads from the operating system: CPU time, memory, bytes on disk.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use rustix::time::{ClockId, clock_gettime};

/// CPU time of each thread of this process by its name, in seconds. Threads whose names differ only in a number at
/// the end are added up.
pub(crate) fn thread_cpu_seconds() -> anyhow::Result<BTreeMap<String, f64>> {
    thread_cpu_seconds_of("self")
}

/// As [`thread_cpu_seconds`], of the process `id`.
pub(crate) fn thread_cpu_seconds_of(id: &str) -> anyhow::Result<BTreeMap<String, f64>> {
    let mut seconds = BTreeMap::new();
    let tasks = std::fs::read_dir(format!("/proc/{id}/task")).context("reading a process's threads")?;
    for task in tasks {
        let Ok(stat) = std::fs::read_to_string(task?.path().join("stat")) else { continue };
        let Some((name, used)) = name_and_cpu_seconds(&stat) else { continue };
        let name = name.trim_end_matches(|last: char| last.is_ascii_digit() || last == '-').to_owned();
        *seconds.entry(name).or_insert(0.0) += used;
    }
    Ok(seconds)
}

/// The name and the CPU time in a `stat` file of proc(5).
fn name_and_cpu_seconds(stat: &str) -> Option<(&str, f64)> {
    let ticks_per_second = 100.0; // USER_HZ: fixed for user space on Linux.
    let (before, after) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|text| text.parse::<f64>().ok());
    Some((name, (ticks(11)? + ticks(12)?) / ticks_per_second))
}

/// CPU time of the process `id` so far, in seconds, threads that ended included.
pub(crate) fn cpu_seconds_of(id: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).context("reading a process's CPU time")?;
    name_and_cpu_seconds(&stat).map(|(_, seconds)| seconds).context("a process's stat file is not understood")
}

/// CPU time of this process so far, in seconds, threads that ended included.
pub(crate) fn process_cpu_seconds() -> f64 {
    clock_seconds(ClockId::ProcessCPUTime)
}

/// CPU time of this thread so far, in seconds.
pub(crate) fn own_thread_cpu_seconds() -> f64 {
    clock_seconds(ClockId::ThreadCPUTime)
}

fn clock_seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    #[expect(clippy::cast_precision_loss, reason = "a bench needs no more than 52 bits")]
    {
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    }
}

/// A line of `/proc/self/status` in bytes: `VmRSS` (now) or `VmHWM` (the peak).
pub(crate) fn memory_bytes(line: &str) -> anyhow::Result<u64> {
    memory_bytes_of("self", line)
}

/// As [`memory_bytes`], of the process `id`.
pub(crate) fn memory_bytes_of(id: &str, line: &str) -> anyhow::Result<u64> {
    let status =
        std::fs::read_to_string(format!("/proc/{id}/status")).context("reading a process's memory")?;
    let value = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let kibibytes = value.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kibibytes.with_context(|| format!("no {line} in /proc/{id}/status"))? * 1024)
}

/// Bytes of all files below `folder`.
pub(crate) fn folder_bytes(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { folder_bytes(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}
