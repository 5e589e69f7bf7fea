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

/// Bytes of a configuration file that are read; 200 peers of 100 bytes are 20 KB.
pub(crate) const CONFIG_FILE_BYTES_MAX: u64 = 1 << 20;

/// Peers that may connect without being in the configuration. A gossip stream takes one of 64 slots (the masks of senders
/// are 64 bits wide), and 16 of them are kept for the peers an operator chose.
pub(crate) const UNKNOWN_PEERS_MAX: usize = 48;

/// Most threads that may be configured to verify messages: four times [`VERIFY_THREADS_MAX`], for machines on which that
/// was measured to help.
pub(crate) const VERIFY_THREADS_CONFIGURED_MAX: usize = 16;

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

/// How long a node that is asked by a command may take to answer; it takes milliseconds.
pub(crate) const HTTP_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of an answer that a command reads: a thousand peers of about 1.5 KiB each.
pub(crate) const HTTP_ANSWER_BYTES_MAX: usize = 4 << 20;

/// Findings that an audit prints.
pub(crate) const AUDIT_FINDINGS_MAX: usize = 100;

/// How long a coordinator that begins a network with peers listens whether there is one already: connecting takes
/// milliseconds, and the first answer of a peer is its newest milestone.
pub(crate) const COORDINATOR_QUIET_MIN: Duration = Duration::from_secs(3);

/// How long a coordinator that goes on listens at most, whatever the time between its milestones.
pub(crate) const COORDINATOR_QUIET_MAX: Duration = Duration::from_secs(30);

/// Cells of a progress bar: with a sentence beside it, it fits a line of 80 characters.
pub(crate) const PROGRESS_BAR_CELLS: u32 = 20;

/// Time between two drawings of a progress bar: as often as an eye follows.
pub(crate) const PROGRESS_DRAW_INTERVAL: Duration = Duration::from_millis(200);

/// Time between two lines of progress where there is no terminal.
pub(crate) const PROGRESS_LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Nodes of a private network on one machine at most: each takes about 60 MB of memory.
pub(crate) const NODES_MAX: usize = 16;

/// How long the nodes of a private network may take to answer and to reach a first milestone together.
pub(crate) const NODE_START_WAIT_MAX: Duration = Duration::from_secs(60);

/// How long a node of a private network may take to stop; it promises less ([`STOP_DURATION_MAX`]).
pub(crate) const NODE_STOP_DURATION_MAX: Duration = Duration::from_secs(8);

/// Wait before a node that ended is started again, the first time; it doubles up to [`NODE_RESTART_DELAY_MAX`].
pub(crate) const NODE_RESTART_DELAY_MIN: Duration = Duration::from_millis(500);

/// Longest wait before a node that ended is started again.
pub(crate) const NODE_RESTART_DELAY_MAX: Duration = Duration::from_secs(30);

/// A node that was up for so long is started again without a longer wait.
pub(crate) const NODE_UP_DURATION_MIN: Duration = Duration::from_secs(30);

/// Bytes of one line of a node's log; longer ones are cut.
pub(crate) const NODE_LINE_BYTES_MAX: u64 = 16 << 10;

/// A node that is behind and has confirmed nothing for so long says so, each time anew. Requests are made again after 5 s.
pub(crate) const STUCK_INTERVAL: Duration = Duration::from_secs(60);
