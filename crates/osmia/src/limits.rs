//! Every bound of this crate, with its arithmetic.

use std::time::Duration;

/// Shortest time between two milestones. A milestone costs a synced commit and the proof of work of one message, both a
/// few milliseconds on a small machine; 50 ms leave most of the time to everything else.
pub(crate) const INTERVAL_MIN: Duration = Duration::from_millis(50);

/// Longest time between two milestones. Clients take a node for out of sync long before an hour has passed.
pub(crate) const INTERVAL_MAX: Duration = Duration::from_secs(3_600);

/// Largest minimum proof-of-work score. A milestone of about 600 bytes needs 600 × 100 000 = 6e7 tries then, half a minute
/// of one core; more would only stop the network.
pub(crate) const MIN_POW_SCORE_MAX: f64 = 100_000.0;

/// Characters of a network's name.
pub(crate) const NETWORK_NAME_CHARACTERS_MAX: usize = 64;

/// Bytes of a mnemonic's file that are read: 24 words of at most 8 letters take 216.
pub(crate) const MNEMONIC_FILE_BYTES_MAX: u64 = 4_096;

/// Bytes of the other small files of a data folder that are read; they have less than 1 KiB.
pub(crate) const SMALL_FILE_BYTES_MAX: u64 = 64 << 10;

/// Threads that verify messages: half the cores, because the engine, the API and RocksDB want the others. Four verify
/// more messages than the engine thread attaches.
pub(crate) const VERIFY_THREADS_MAX: usize = 4;

/// How often the running node is looked at: whether it stopped by itself, whether a milestone came.
pub(crate) const WATCH_INTERVAL: Duration = Duration::from_millis(100);

/// How often the log says how the node does.
pub(crate) const SUMMARY_INTERVAL: Duration = Duration::from_secs(60);

/// How long the start waits for the first milestone before it says that the network runs; at the default
/// proof-of-work score it is there in a tenth of a second.
pub(crate) const FIRST_MILESTONE_WAIT_MAX: Duration = Duration::from_secs(3);

/// How long a stop may take. After it the process ends although parts of it still work: everything that was answered
/// is in the write-ahead log, and the next start reads it. A stop is promised within five seconds.
pub(crate) const STOP_DURATION_MAX: Duration = Duration::from_millis(4_500);

/// Findings that an audit prints.
pub(crate) const AUDIT_FINDINGS_MAX: usize = 100;
