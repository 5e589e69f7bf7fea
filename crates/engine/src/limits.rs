//! Every bound of this crate, with its arithmetic.

/// Messages that may wait for the verify pool: 2 048 submissions, and as many of peers as gossip hands on without a
/// verdict (8 192, with 16 MiB at most). Submissions of 32 KiB each (the largest message) hold 64 MiB at most; at the usual
/// 300 bytes 0.6 MiB, a tenth of a second of work.
pub const VERIFY_QUEUE_MESSAGES_MAX: usize = 2_048 + 8_192;

/// Messages one verify thread takes at once. 256 fill the lanes in which their proof of work is checked with AVX2, and a
/// group waits for no more than 256 × ~2 µs.
pub const VERIFY_BATCH_MESSAGES_MAX: usize = 256;

/// Bytes of the messages one verify thread takes at once; the last one may go beyond. The usual 256 messages have
/// 77 kB. Of large transactions with 127 signatures (22 kB) it is 24 messages: 3 048 signatures, verified one by one
/// after a bad one, are 0.2 s.
pub const VERIFY_BATCH_BYTES_MAX: usize = 512 << 10;

/// Inputs that may wait for the engine thread, and that it takes between two commits, so that a stream of questions
/// or of known messages delays neither answers nor milestones. A verified group has at most
/// [`VERIFY_BATCH_BYTES_MAX`] and one more message: 32 × 544 KiB are 17 MiB at most, 2.4 MiB of usual messages.
pub const ENGINE_QUEUE_INPUTS_MAX: usize = 32;

/// Messages attached before their batch is committed. With six rows a message, a batch of 1 024 is about 0.5 MiB; a
/// sender waits for at most the ~10 ms that attaching them takes, and peers get what is sent on in pieces that fit their
/// queues (docs/measurements.md).
pub const COMMIT_MESSAGES_MAX: usize = 1_024;

/// Bytes of a batch after which it is committed; one more verified group may come on top.
pub const COMMIT_BYTES_MAX: usize = 4 << 20;

/// Transactions read from the store at once while confirming: 2 048 × the usual 500 bytes are 1 MiB; in the worst
/// case of 32 KiB each 64 MiB.
pub const CONFIRM_TRANSACTIONS_READ_MAX: usize = 2_048;

/// Records brought back into memory at start. Older messages stay reachable through the store; at about 2.5 µs each
/// the tips are back half a second after the node answers.
pub const RESTORE_RECORDS_MAX: usize = 200_000;

/// Milestones behind the confirmed one from which records are brought back at start: those that tip selection and
/// the submission check can reach (below-max-depth 15, and 5 of slack).
pub const RESTORE_MILESTONES: u32 = 20;

/// Tips shown in a [`crate::View`]: enough to draw four uniformly, 2 KiB to copy.
pub const VIEW_TIPS_MAX: usize = 64;

/// Checkpoints issued before one milestone at most. With eight parents each they and the milestone cover
/// 8 + 7 + 7 + 6 = 28 tips, the heaviest ones.
pub const CHECKPOINTS_MAX: usize = 3;

/// Tips among which the coordinator chooses the heaviest: one bit each in the sweep's 64-bit masks.
pub const COORDINATOR_CANDIDATES_MAX: usize = 64;

/// Characters of a halt reason kept for display.
pub const HALT_REASON_CHARACTERS_MAX: usize = 1_000;

/// Milestones behind the confirmed one whose cones are asked for at once while the node catches up. With 50 messages each
/// it is 10 000 messages, less than wait at most; more milestones on the way hide the time of a round trip.
pub const SYNC_WINDOW_MILESTONES: u32 = 150;

/// Missing messages that gossip is told of at once. Of 36 bytes each they are 72 KiB; at most one list per commit.
pub const WANTED_MESSAGES_MAX: usize = 2_048;

/// Milestones after the confirmed one that are remembered: as many as messages can wait, far more than are asked for at
/// once. A peer may send a node that is far behind all the milestones there ever were; at about 100 bytes each, 1.6 MiB.
pub const AHEAD_MILESTONES_MAX: usize = 16_384;
