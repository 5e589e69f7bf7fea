//! Every bound of this crate, with its arithmetic.

use std::num::NonZeroUsize;
use std::time::Duration;

/// Bytes a request's body may have, as in the reference node ("1M"). The largest message, 32 KiB, is about 66 KiB of
/// JSON: hexadecimal doubles its data.
pub const BODY_BYTES_MAX: usize = 1_000_000;

/// Bytes of the body that adds a peer: an address of 320 bytes, and an alias of 128 characters that JSON may write with
/// 12 bytes each.
pub const PEER_BODY_BYTES_MAX: usize = 4 << 10;

/// Bytes all bodies being read may take together: 64 of the largest, or all of a thousand connections that each send
/// the largest message as JSON.
pub const BODIES_BYTES_MAX: usize = 64 << 20;

/// Bytes of a body over the limit that are read and thrown away, so that a client that writes first and reads later
/// gets the answer 413 and not a reset connection. Beyond four times the limit the connection is closed instead.
pub const DISCARDED_BYTES_MAX: usize = 4 * BODY_BYTES_MAX;

/// Entries of a list in an answer, as in the reference node. At 68 bytes an entry 68 KB.
pub const RESULTS_MAX: u32 = 1_000;

/// Connections open at once. Each costs about 20 KiB idle (hyper's buffers and the kernel's structures): 20 MiB.
pub const CONNECTIONS_MAX: usize = 1_024;

/// Connections the kernel holds that were not accepted yet.
pub const BACKLOG_CONNECTIONS: i32 = 1_024;

/// Connections handed to a worker that it did not take up yet.
pub const HANDOVER_CONNECTIONS_MAX: usize = 256;

/// Bytes of a request's line and headers together; hyper's read buffer never exceeds it.
pub const HEAD_BYTES_MAX: usize = 16 << 10;

/// Headers of a request. Browsers send about 20.
pub const HEADERS_MAX: usize = 64;

/// Segments of a path: the longest route, transactions/:id/included-message/metadata below /api/v1, has six.
pub const PATH_SEGMENTS_MAX: usize = 6;

/// Characters of a client's text that an error message repeats: an output id has 68, a Bech32 address at most 90.
pub const REPEATED_CHARACTERS_MAX: usize = 90;

/// How long a connection may be idle, and how long the head of a request may take.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// How long the body of a request may take: 1 MB in 30 s is 33 KB/s.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may leave an answer unread before the kernel gives the connection up.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long requests that run when the API stops may take to finish.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the accepting task waits after the system refused it a connection (out of file descriptors, for example).
pub const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// How long a question about the ledger waits for the node to be synced, as in the reference node.
pub const SYNCED_TIMEOUT: Duration = Duration::from_secs(2);

/// How often that wait looks again.
pub const SYNCED_POLL: Duration = Duration::from_millis(20);

/// How often the engine is asked again for cone roots when its queue is full, and how long it is left alone between:
/// 20 × 10 ms, five times what a full queue takes.
pub const CONE_ROOTS_ATTEMPTS: u32 = 20;
/// See [`CONE_ROOTS_ATTEMPTS`].
pub const CONE_ROOTS_RETRY: Duration = Duration::from_millis(10);

/// How long parents that the node chose itself serve a message it mines, as in the reference node; a milestone ends it
/// sooner.
pub const REFRESH_TIPS: Duration = Duration::from_secs(5);

/// How many milestones may be confirmed between the choice of parents and the message's arrival at the engine: tips have
/// roots at most 13 milestones old, and messages on roots older than 15 are refused.
pub const POW_PARENTS_MILESTONES_MAX: u32 = 2;

/// How often a nonce is looked for because more came while the last one was found.
pub const POW_ATTEMPTS_MAX: u32 = 3;

/// Nonces that are tried before a thread looks whether the parents it chose are still fresh: 10 ms of work with AVX-512,
/// 35 ms without vector instructions. To begin a slice costs as much as a thousand nonces.
pub const POW_SLICE_NONCES: u64 = 1 << 18;

/// The most zero trits that remote proof of work looks for; a message that needs more is refused. 3^40 = 1.2e19 tries are
/// about as many as there are nonces (1.8e19), and the greatest power of 3 that 64 bits hold; a network that asks for 20 keeps a core busy for minutes.
pub const POW_ZEROS_MAX: u32 = 40;

/// Threads for remote proof of work at most; more count as so many. More than cores are of no use, and few machines have more than so many.
pub const POW_THREADS_MAX: usize = 256;

/// Messages that may wait for remote proof of work when nobody chose. At 32 KiB they take 2 MiB. At the public networks'
/// score of 4 000 a message of 500 bytes takes 4.8 million tries, half a second of a thread, so on one thread the last
/// of them waits for half a minute: clients give up after that.
pub const POW_QUEUE_STANDARD: NonZeroUsize = NonZeroUsize::new(64).expect("because 64 is not 0");

/// Messages that may be configured to wait; more count as so many. Each holds a connection, which has one request at a
/// time, so that half of them ([`CONNECTIONS_MAX`]) are left, and a quarter when [`POW_THREADS_MAX`] messages are mined:
/// everything else still answers. At 32 KiB they take 16 MiB. Each has a file descriptor more than its connection's, to see
/// that the client closes it.
pub const POW_QUEUE_MAX: usize = CONNECTIONS_MAX / 2;

const _: () = {
    assert!(POW_QUEUE_MAX + POW_THREADS_MAX <= CONNECTIONS_MAX * 3 / 4);
    assert!(POW_QUEUE_STANDARD.get() <= POW_QUEUE_MAX);
};

/// What a client that was refused is told about the wait at most, in seconds.
pub const POW_RETRY_AFTER_S_MAX: u32 = 60;

/// Tries that are a unit of work. To begin a message costs about as many, and no message asks for less than a unit.
pub const POW_UNIT_TRIES: u64 = 1 << 10;

/// What a unit of work is taken to need before a message was mined, in nanoseconds: what it does without vector
/// instructions, at 7.5 million tries a second.
pub const POW_UNIT_NS_UNKNOWN: u64 = 137_000;

/// Worker threads of the API at most. Four answer more requests than one engine takes in.
pub const THREADS_MAX: usize = 4;

/// Threads that read long lists from the database, for each worker.
pub const LIST_THREADS_MAX: usize = 2;

/// How often the API notes how far the node is, to tell rates from it.
pub const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

/// How far back the rates of a status look, in milliseconds, and so how many notes are kept: one per second and the
/// one that is being made.
pub const RATE_WINDOW_MS: u64 = 10_000;
/// See [`RATE_WINDOW_MS`].
pub const SAMPLES_MAX: usize = 11;

/// Connections to the metrics open at once: a few servers that ask, each with one.
pub const METRICS_CONNECTIONS_MAX: usize = 16;

/// How long, in seconds, a node without a gossip peer or without a milestone counts as starting: a dial is tried within
/// a second, takes ten at most and is tried again within a few.
pub const STARTING_S: u64 = 60;

/// How long, in seconds, a node that is behind may make no progress before it counts as stalled: requests to silent peers
/// are repeated to others within seconds.
pub const QUIET_S: u64 = 60;

/// Age of the latest milestone, in seconds, from which the node is not healthy (TIP-13).
pub const HEALTHY_MILESTONE_AGE_S: u64 = 5 * 60;
