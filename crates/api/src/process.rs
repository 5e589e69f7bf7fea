//! What the system knows of this process.

/// Where Linux tells it (proc_pid_status(5), proc_pid_stat(5)).
const STATUS: &str = "/proc/self/status";
const STAT: &str = "/proc/self/stat";

/// Ticks per second in which Linux counts processor time for programs, on every architecture that matters here.
const TICKS_PER_SECOND: u64 = 100;

/// Bytes of memory this process holds now; `None` where the system does not tell.
pub(crate) fn resident_bytes() -> Option<u64> {
    resident_bytes_in(&std::fs::read_to_string(STATUS).ok()?)
}

/// Milliseconds of processor time this process has used, with those of the kernel for it.
pub(crate) fn cpu_ms() -> Option<u64> {
    cpu_ms_in(&std::fs::read_to_string(STAT).ok()?)
}

fn resident_bytes_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1_024)
}

fn cpu_ms_in(stat: &str) -> Option<u64> {
    // The name of the program stands in parentheses and may hold anything. After it, the fields begin with the third,
    // of which user and kernel time are the 14th and the 15th.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(14 - 3).map(|field| field.parse::<u64>().ok());
    let ticks = fields.next()??.checked_add(fields.next()??)?;
    ticks.checked_mul(1_000 / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_found_in_what_the_system_writes() {
        assert_eq!(
            resident_bytes_in("Name:\tosmia\nVmHWM:\t  9000 kB\nVmRSS:\t  1234 kB\n"),
            Some(1_234 << 10)
        );
        assert_eq!(resident_bytes_in("Name:\tosmia\n"), None);
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 50 13 14 20";
        assert_eq!(cpu_ms_in(stat), Some(2_000));
        assert_eq!(cpu_ms_in("7 (osmia) S 1"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_uses_memory() {
        assert!(resident_bytes().unwrap() > 100_000);
        assert!(cpu_ms().is_some());
    }
}
