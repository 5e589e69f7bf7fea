//! Every bound of the protocol generation and of this crate, with its arithmetic.

/// Largest message in bytes (TIP-6).
pub const MESSAGE_BYTES_MAX: usize = 32_768;
/// Smallest message in bytes: network id 8, parents count 1, one parent 32, payload length 4, nonce 8 (TIP-6).
pub const MESSAGE_BYTES_MIN: usize = 8 + 1 + 32 + 4 + 8;
/// Most parents of a message (TIP-6); there is at least one.
pub const PARENTS_MAX: usize = 8;
/// Longest index of an indexation in bytes (TIP-6); there is at least one byte.
pub const INDEX_BYTES_MAX: usize = 64;
/// Most inputs of a transaction (TIP-7); there is at least one.
pub const INPUTS_MAX: usize = 127;
/// Most outputs of a transaction (TIP-7); there is at least one.
pub const OUTPUTS_MAX: usize = 127;
/// Largest index of an output that an input may name: one less than [`OUTPUTS_MAX`].
pub const OUTPUT_INDEX_MAX: u16 = 126;
/// Most public keys, and signatures, of a milestone: their count is one byte (TIP-8).
pub const MILESTONE_KEYS_MAX: usize = 255;
/// Most entries of a receipt (TIP-17); there is at least one.
pub const MIGRATED_FUNDS_MAX: usize = 127;
/// All tokens there are (TIP-7): the supply of every Chrysalis network.
pub const TOKEN_SUPPLY: u64 = 2_779_530_283_277_761;
/// Least amount of a dust allowance output (TIP-15). A single output of less is a dust output.
pub const DUST_ALLOWANCE_AMOUNT_MIN: u64 = 1_000_000;
/// Every this many tokens of allowance permit one dust output on an address (TIP-15).
pub const DUST_ALLOWANCE_DIVISOR: u64 = 100_000;
/// Most dust outputs on an address, whatever the allowance (TIP-15).
pub const DUST_OUTPUTS_MAX: u64 = 100;
/// Least amount of an entry of a receipt (TIP-17).
pub const MIGRATED_FUNDS_DEPOSIT_MIN: u64 = 1_000_000;
/// How many milestones a parent may be behind (TIP-2, "below max depth").
pub const BELOW_MAX_DEPTH: u32 = 15;

/// Largest body of a message submitted as JSON, in bytes: a message of 32 768 bytes is at most 65 536 hexadecimal characters; with
/// 127 inputs and outputs the names of their fields add less than 60 kB. 256 KiB leaves room for white space.
pub const SUBMITTED_JSON_BYTES_MAX: usize = 256 * 1024;

/// Most outputs that one milestone of a snapshot file may create, and as many consume. 2^20 of 108 bytes are 113 MB, which is the most
/// that reading one milestone of a file can hold; the busiest milestones of the main network stay below a hundredth of it.
pub const SNAPSHOT_DIFF_OUTPUTS_MAX: u64 = 1 << 20;
