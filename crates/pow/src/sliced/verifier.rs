//! Counts of up to `64 N` hashes with different inputs.

use std::sync::LazyLock;

use osmia_primitives::b1t6::{self, TRITS_PER_BYTE};
use osmia_primitives::blake2b::Digest;

use crate::Backend;
use crate::limits::{BATCH_ZEROS, HASH_TRITS};
use crate::ring;
use crate::sliced::{State, Word};

/// Bytes that are hashed: the digest and the nonce.
const INPUT_BYTES: usize = 40;

/// The states of one group of hashes, kept from group to group.
#[derive(Debug)]
pub(crate) struct Verifier<const N: usize> {
    state: State<N>,
    backend: Backend,
}

impl<const N: usize> Verifier<N> {
    /// How many hashes are computed together.
    pub(crate) const LANES: usize = 64 * N;

    pub(crate) fn new(backend: Backend) -> Verifier<N> {
        Verifier { state: State::new(backend), backend }
    }

    /// Appends the trailing zero trits of each of up to [`Verifier::LANES`] items to `counts`.
    ///
    /// Lanes without an item hash zeros, and nobody looks at them.
    pub(crate) fn trailing_zeros(&mut self, items: &[(Digest, u64)], counts: &mut Vec<u32>) {
        assert!(items.len() <= Self::LANES, "more items than lanes");
        self.load(items);
        for pass in 0..self.state.passes().count() {
            self.state.pass(pass);
        }
        self.state.last_rounds(BATCH_ZEROS as usize);
        let zeros = self.count();
        let recounted = items.iter().zip(zeros.as_flattened()).map(|((digest, nonce), count)| match *count {
            BATCH_ZEROS => ring::trailing_zeros(self.backend, digest, *nonce),
            fewer => fewer,
        });
        counts.extend(recounted);
    }

    /// The zero trits at the end of each lane's hash, as far as it was computed.
    fn count(&self) -> [[u32; 64]; N] {
        let mut counts = [[BATCH_ZEROS; 64]; N];
        let mut counting = [u64::MAX; N];
        for zeros in 0..BATCH_ZEROS {
            let Word(nonzero) = self.state.nonzero(HASH_TRITS - 1 - zeros as usize);
            for ((counts, counting), nonzero) in counts.iter_mut().zip(&mut counting).zip(nonzero) {
                // Each lane ends once, so this inner loop runs as often as there are lanes.
                let mut ended = *counting & nonzero;
                *counting &= !nonzero;
                while ended != 0 {
                    if let Some(count) = counts.get_mut(ended.trailing_zeros() as usize) {
                        *count = zeros;
                    }
                    ended &= ended - 1;
                }
            }
        }
        counts
    }

    /// Writes the inputs into the lanes, 64 lanes and one byte (six trits) at a time.
    fn load(&mut self, items: &[(Digest, u64)]) {
        let spread = spread_trits();
        self.state.clear_from(INPUT_BYTES * TRITS_PER_BYTE);
        for (word, items) in items.chunks(64).enumerate() {
            let mut inputs = [[[0u8; INPUT_BYTES]; 8]; 8];
            for (input, (digest, nonce)) in inputs.as_flattened_mut().iter_mut().zip(items) {
                let (left, right) = input.split_at_mut(digest.len());
                left.copy_from_slice(digest);
                right.copy_from_slice(&nonce.to_le_bytes());
            }
            for index in 0..INPUT_BYTES {
                // Of each eight lanes one number: its byte `i` has the lanes in which trit `i` is +1, or -1.
                let (mut plus, mut minus) = ([0; 8], [0; 8]);
                for ((plus, minus), inputs) in plus.iter_mut().zip(&mut minus).zip(&inputs) {
                    for (lane, input) in inputs.iter().enumerate() {
                        let byte = input.get(index).expect("because index is below the bytes of an input");
                        let trits = spread.get(usize::from(*byte)).expect("because the table has 256 rows");
                        *plus |= trits.0 << lane;
                        *minus |= trits.1 << lane;
                    }
                }
                let trits = transpose(plus).into_iter().zip(transpose(minus)).take(TRITS_PER_BYTE);
                for (place, (plus, minus)) in (index * TRITS_PER_BYTE..).zip(trits) {
                    self.state.cell_mut(place).set_lanes(word, plus, minus);
                }
            }
        }
    }
}

/// Eight numbers of eight bytes, the other way round: byte `j` of the result `i` is byte `i` of the number `j`.
#[inline(always)]
fn transpose(numbers: [u64; 8]) -> [u64; 8] {
    /// In each pair of numbers `1 << step` apart, swaps the upper parts of one with the lower parts of the other.
    #[inline(always)]
    fn swap(numbers: &mut [u64; 8], step: u32, lower: u64) {
        let distance = 1 << step;
        for upper in (0..8).filter(|number| number & distance == 0) {
            if let Ok([left, right]) = numbers.get_disjoint_mut([upper, upper + distance]) {
                let differing = (*left >> (8 << step) ^ *right) & lower;
                *left ^= differing << (8 << step);
                *right ^= differing;
            }
        }
    }
    let mut numbers = numbers;
    swap(&mut numbers, 0, 0x00ff_00ff_00ff_00ff);
    swap(&mut numbers, 1, 0x0000_ffff_0000_ffff);
    swap(&mut numbers, 2, 0x0000_0000_ffff_ffff);
    numbers
}

/// For every byte its trits in b1t6, spread: bit 0 of byte `i` is set if trit `i` is +1, and the same for -1.
fn spread_trits() -> &'static [(u64, u64); 256] {
    static SPREAD: LazyLock<[(u64, u64); 256]> = LazyLock::new(|| {
        let spread = |byte: u8, wanted: i8| {
            let trits = b1t6::encode_byte(byte);
            trits.iter().rev().fold(0, |bits, trit| bits << 8 | u64::from(*trit == wanted))
        };
        let mut table = [(0, 0); 256];
        for (byte, row) in (0..=255).zip(&mut table) {
            *row = (spread(byte, 1), spread(byte, -1));
        }
        table
    });
    &SPREAD
}
