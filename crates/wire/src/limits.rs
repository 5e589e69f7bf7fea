//! Every bound of this crate, with its arithmetic.

/// Streams in use at one time. Sets of peers are 64-bit masks.
pub const PEERS_MAX: usize = 64;

/// Bytes added to those of a message for what it costs to keep it in a queue: a `Bytes`, the entries of the tables.
pub const MESSAGE_OVERHEAD_BYTES: usize = 128;

/// Bytes of messages that one peer's inbox holds before no more is read from its stream, bookkeeping included: 43 ms
/// of 40 000 messages of 300 bytes a second. At most 4 064 messages. 64 peers: 32 MiB.
pub const INBOX_BYTES_MAX: usize = 512 << 10;

/// Bytes of its inbox above which messages are dropped, when more is given to it than was agreed. 64 peers: 64 MiB.
pub const INBOX_BYTES_HARD_MAX: usize = 2 * INBOX_BYTES_MAX;

/// Messages handed on and without verdict: 200 ms of 40 000 a second.
pub const HANDED_MESSAGES_MAX: usize = 8_192;

/// Bytes of the messages handed on and without verdict, bookkeeping not counted: 8 192 of the usual 300 bytes are
/// 2.4 MiB, so it binds only for large messages, of which 512 of the largest fit.
pub const HANDED_BYTES_MAX: usize = 16 << 20;

/// A message whose verdict did not come for so long is given up, so that a defect elsewhere does not stop gossip for ever.
pub const VERDICT_MS_MAX: u64 = 120_000;

/// Bytes that each peer's inbox may give in its turn: about ten usual messages.
pub const TURN_BYTES: usize = 4 << 10;

/// Messages in one of the two generations of the duplicate filter: seven eighths of 131 072 places of 49 bytes each
/// (the 128-bit hash, two masks, rounding and the table's own byte), so 6.2 MiB a generation. At 1 000 messages a second
/// a message is remembered for two minutes, at 40 000 for three seconds.
pub const FILTER_MESSAGES_MAX: usize = 114_688;

/// After so long a generation of the duplicate filter is replaced even when it is not full.
pub const FILTER_GENERATION_MS: u64 = 120_000;

/// Bytes of packets that wait for one peer, bookkeeping included: 160 ms of 40 000 messages of 300 bytes a second.
/// The bytes of broadcasts are shared between peers. 64 peers that do not read: 128 MiB at worst.
pub const OUTBOUND_BYTES_MAX: usize = 2 << 20;

/// Milliseconds between two heartbeats to a peer at least, while the state of the node keeps changing.
pub const HEARTBEAT_MS_MIN: u64 = 100;

/// Milliseconds after which a heartbeat is sent although nothing changed (the reference node's interval).
pub const HEARTBEAT_MS_MAX: u64 = 30_000;

/// A peer that sent no heartbeat so long after the stream opened is unhealthy.
pub const FIRST_HEARTBEAT_MS_MAX: u64 = 15_000;

/// A peer whose last heartbeat is older than this is unhealthy (the reference node's limit).
pub const HEARTBEAT_AGE_MS_MAX: u64 = 100_000;

/// A peer whose newest milestone we lack for so long is asked for it; gossip usually brings it sooner.
pub const BEHIND_PEER_MS: u64 = 1_000;

/// Milliseconds between two questions for a peer's newest milestone.
pub const LATEST_REQUEST_MS_MIN: u64 = 2_000;

/// A peer is synced when its confirmed milestone is at most so many behind the newest known (the reference node's rule).
pub const SYNCED_DISTANCE: u32 = 2;

/// Requests in flight to one peer. At 1 ms to answer, half a million messages a second. The reference node queues 1 000
/// packets for a peer and drops what comes beyond without a word.
pub const REQUESTS_IN_FLIGHT_MAX: usize = 512;

/// After so long without an answer a request is made again, of the same peer, too.
pub const REQUEST_TIMEOUT_MS: u64 = 5_000;

/// After so long a peer of which little is asked ([`QUIET_REQUESTS_MAX`]) counts as having nothing to say, and another one is
/// asked: a peer that does not have what it is asked for does not answer at all. Far longer than a round trip around
/// the world.
pub const QUIET_MS: u64 = 1_000;

/// Requests in flight up to which [`QUIET_MS`] counts: answering them takes a few milliseconds.
pub const QUIET_REQUESTS_MAX: usize = 32;

/// So long after its verdict an answer is not asked for again: what the node wants may have been written before.
pub const VERDICT_SETTLE_MS: u64 = 1_000;

/// So long a request is remembered that was not answered: a late answer is still one that was asked for.
pub const REQUEST_MEMORY_MS: u64 = 60_000;

/// Requests remembered. Each is forgotten about a second after its answer, so this is a sync at 40 000 messages a
/// second; when it is full, no more is asked for. At 131 072 places of about 90 bytes, 11 MiB.
pub const REQUESTS_REMEMBERED_MAX: usize = 65_536;

/// A list of what is wanted that has at most so many entries is looked through whenever something changed, a longer
/// one every [`ASSIGN_MS_MIN`], or when nothing is in flight. Looking through 2 048 entries costs about 100 µs.
pub const REQUESTS_LOW: usize = 256;

/// See [`REQUESTS_LOW`]. At 40 000 answers a second 200 come in the meantime, of 1 024 in flight to each peer.
pub const ASSIGN_MS_MIN: u64 = 5;

/// Milliseconds between two looks at all requests for those that timed out.
pub const SWEEP_MS: u64 = 500;

/// Messages and milestones of a list of what is wanted that are looked at; those after them are left for later lists.
pub const WANTED_MAX: usize = 4_096;

/// Requests of a peer that wait to be served. One of our kind has at most 1 024 in flight.
pub const QUESTIONS_MAX: usize = 2_048;

/// Requests of one peer that are served per second.
pub const QUESTIONS_PER_SECOND: u64 = 25_000;

/// Requests of one peer that are served at once after a pause.
pub const QUESTIONS_BURST: u64 = 8_192;

/// Requests of one peer that are handed on and not answered.
pub const QUESTIONS_OPEN_MAX: usize = 512;

/// Requests within a second that are a flood: ten times what is served.
pub const FLOOD_PER_SECOND: u64 = 10 * QUESTIONS_PER_SECOND;

/// Seconds of flood in a row that are misbehaviour.
pub const FLOOD_SECONDS: u32 = 10;

/// Messages that a peer may send again within [`REPEATS_MS`] without being asked. Crossing broadcasts do not count.
pub const REPEATS_MAX: u64 = 1_000;

/// Repetitions that do not count, at most: one for each of the last messages of a peer. The reference node sends a second
/// copy of its own messages when they are solid, that is within seconds; 16 384 are what it issues in 16 s at 1 000 a second.
pub const REPEATS_ALLOWED_MAX: u64 = 16_384;

/// See [`REPEATS_MAX`].
pub const REPEATS_MS: u64 = 60_000;

/// A peer that answers nothing for so long, of what its heartbeat says it has, never answers.
pub const NEVER_ANSWERS_MS: u64 = 30_000;

/// Requests in that time at least: one may be lost to a full queue of the other side.
pub const NEVER_ANSWERS_REQUESTS: u32 = 4;

/// Silence of a peer counts at most so long for [`NEVER_ANSWERS_MS`]: a broken connection is not misbehaviour.
pub const NEVER_ANSWERS_SILENCE_MS: u64 = 5_000;

/// Reports of one peer that wait to be taken; the rest is dropped, because a peer with so many is banned.
pub const REPORTS_MAX: usize = 16;

/// Penalty points at which a peer is banned.
pub const PENALTY_POINTS_BAN: u32 = 100;

/// One penalty point is forgiven after so long: 100 in 17 minutes.
pub const PENALTY_POINTS_DECAY_MS: u64 = 10_000;

/// How long the first ban lasts: ten minutes. Each further one lasts twice as long.
pub const BAN_MS_FIRST: u64 = 10 * 60 * 1_000;

/// How long a ban lasts at most: a day.
pub const BAN_MS_MAX: u64 = 24 * 60 * 60 * 1_000;

/// Bans are forgotten so long after the last one ended: a week.
pub const BANS_FORGOTTEN_MS: u64 = 7 * 24 * 60 * 60 * 1_000;
