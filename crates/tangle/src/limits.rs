//! Every bound of this crate, with its arithmetic.

/// Bytes of the window. A record costs at most [`RECORD_BYTES`], so 64 MiB hold 330 000 messages: 20 milestones of
/// 10 seconds at 1 600 messages per second. What is attached between two calls of `evict` comes on top, because it may
/// not be stored yet; the engine commits and evicts every few thousand messages (4 096 × 200 bytes are 0.8 MiB).
pub const WINDOW_BYTES_MAX: usize = 64 << 20;

/// Bytes one message costs in the window at most, besides the parents after the fourth: a record of 88 bytes in a
/// queue that grows by an eighth (99), and an entry of 41 bytes in a hash table that is at least 7/16 full after it
/// doubled (94).
pub const RECORD_BYTES: usize = 200;

/// Parents kept inside a record. Tip selection gives four; more are put in a box of their own.
pub const INLINE_PARENTS_MAX: usize = 4;

/// The window keeps what lies so many milestones further back than below-max-depth, when its bytes allow: milestones
/// that arrive in a burst then still find their cone in memory.
pub const WINDOW_MILESTONES_SLACK: u32 = 5;

/// Messages below the window whose cone roots are remembered. Only unreferenced messages of the window ask for them.
/// At about 60 bytes each, 4 MiB.
pub const OUTSIDE_ROOTS_MAX: usize = 65_536;

/// Unreferenced messages below the window that one question for cone roots may walk through. They left the window
/// unreferenced, so they are below max depth or the window was flooded, and what asks for them is nearly always
/// below max depth, too. At about 10 µs for each, 10 ms; a submission may cause a walk, so it must not be long. A longer
/// one answers "older than everything".
pub const OUTSIDE_WALK_MAX: usize = 1_024;

/// Messages that wait for parents. At 1 000 messages per second, 16 seconds of gossip.
pub const WAITING_MESSAGES_MAX: usize = 16_384;

/// Bytes of the messages that wait, with their bookkeeping: 16 384 of the usual 300 bytes and about 1 100 bytes of
/// bookkeeping are 23 MiB; of the largest messages (32 KiB) nearly 1 000 fit.
pub const WAITING_BYTES_MAX: usize = 32 << 20;

/// Bookkeeping bytes of a waiting message besides its own bytes and its parents: the vertex, two map entries.
pub const WAITER_BYTES: usize = 400;

/// Bookkeeping bytes for each parent of a waiting message: its id, an edge and a request (32 + 2 × 48, and the slack of
/// ordered sets, which are at least 5/11 full).
pub const WAITER_PARENT_BYTES: usize = 250;

/// Tips in one pool. The rules of TIP-3 keep a pool near 100; a flood of tips that nobody references stops here, the
/// oldest leave. 8 192 × about 150 bytes are 1.2 MiB a pool.
pub const POOL_TIPS_MAX: usize = 8_192;

/// Candidates of the coordinator's choice of tips: one bit each in a 64-bit mask.
pub const CANDIDATES_MAX: usize = 64;
