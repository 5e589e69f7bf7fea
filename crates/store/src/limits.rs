//! Every bound of this crate, with its arithmetic.

/// Bytes of the block cache of a machine with 2 GB of memory. Index and filter blocks live inside it.
pub const CACHE_BYTES: usize = 64 << 20;

/// Bytes all write buffers may take together before the oldest is flushed.
pub const WRITE_BUFFER_BYTES: usize = 64 << 20;

/// Bytes of the write-ahead log after which the tables that hold it back are flushed. A start after a crash replays
/// at most this much: at about 500 bytes a message some 130 000 messages.
pub const LOG_BYTES_MAX: u64 = 64 << 20;

/// Threads that flush and compact: one each, on the two cores of the smallest machine.
pub const BACKGROUND_JOBS: i32 = 2;

/// Table files kept open. Service managers allow 1 024 files by default; half of them is left for sockets.
pub const OPEN_FILES_MAX: i32 = 512;

/// Rows one read of many rows hands to the engine at once: 1 024 × 32 KiB, the largest message, pin 32 MiB at most.
pub const READ_ROWS_MAX: usize = 1_024;

/// Arrivals one position page holds. A page is 1 280 bytes: a confirmation of 100 000 neighbouring messages writes
/// 391 pages, 0.5 MB.
pub const PAGE_ARRIVALS: usize = 256;

/// Arrivals one cone chunk holds at most: 1 024 × 1 to 10 bytes, usually 2 KB.
pub const CHUNK_ARRIVALS_MAX: usize = 1_024;

/// Findings an audit describes; all are counted.
pub const FINDINGS_MAX: usize = 100;

/// Separate runs of consecutive arrivals an audit keeps track of: 16 bytes each, 1 MiB. A store that only ever grew
/// and was pruned at its old end has one.
pub const RUNS_MAX: usize = 65_536;

/// Info log files RocksDB keeps, and the bytes of each.
pub const INFO_LOG_FILES_MAX: usize = 3;
/// Bytes of one of RocksDB's info log files.
pub const INFO_LOG_BYTES_MAX: usize = 1 << 20;
