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

    /// Writes the inputs into the lanes, eight lanes and one byte (six trits) at a time.
    fn load(&mut self, items: &[(Digest, u64)]) {
        let spread = spread_trits();
        self.state.clear();
        for (eight, items) in items.chunks(8).enumerate() {
            let mut inputs = [[0u8; INPUT_BYTES]; 8];
            for (input, (digest, nonce)) in inputs.iter_mut().zip(items) {
                let (left, right) = input.split_at_mut(digest.len());
                left.copy_from_slice(digest);
                right.copy_from_slice(&nonce.to_le_bytes());
            }
            for index in 0..INPUT_BYTES {
                let (mut plus, mut minus) = (0, 0);
                for (lane, input) in inputs.iter().enumerate() {
                    let byte = input.get(index).expect("because index is below the bytes of an input");
                    let trits = spread.get(usize::from(*byte)).expect("because the table has 256 rows");
                    plus |= trits.0 << lane;
                    minus |= trits.1 << lane;
                }
                self.set_trits(eight, index * TRITS_PER_BYTE, plus.to_le_bytes(), minus.to_le_bytes());
            }
        }
    }

    /// Sets six trits of the eight lanes from `8 eight` on: byte `i` of `plus` and `minus` has the lanes in which the
    /// trit `first + i` is +1 and -1.
    #[inline(always)]
    fn set_trits(&mut self, eight: usize, first: usize, plus: [u8; 8], minus: [u8; 8]) {
        for (trit, (plus, minus)) in plus.iter().zip(&minus).take(TRITS_PER_BYTE).enumerate() {
            let cell = self.state.cell_mut(first + trit);
            let shift = eight % 8 * 8;
            if let (Some(high), Some(low)) = (cell.high.0.get_mut(eight / 8), cell.low.0.get_mut(eight / 8)) {
                *high |= u64::from(*plus) << shift;
                *low |= u64::from(*minus) << shift;
            }
        }
    }
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
