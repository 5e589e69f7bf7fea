//! How many hashes each back end computes side by side: the one place that knows it.

use osmia_primitives::blake2b::Digest;

use crate::Backend;
use crate::limits::ROW_WORDS_MAX;
use crate::sliced;

/// 64-bit words in a row of the narrow forms: 256 nonces, so that the lanes are exactly the first byte of the nonce.
const NARROW: usize = 4;

/// 64-bit words in a row of the wide form: the 512 bits of one register.
const WIDE: usize = ROW_WORDS_MAX;

/// Scans rows of consecutive nonces.
#[derive(Debug)]
pub(crate) enum Scanner {
    /// 256 nonces a row.
    Narrow(sliced::Scanner<NARROW>),
    /// 512 nonces a row.
    Wide(sliced::Scanner<WIDE>),
}

impl Scanner {
    /// A scanner for nonces to go with `digest`.
    pub(crate) fn new(backend: Backend, digest: &Digest) -> Scanner {
        match backend {
            Backend::Portable | Backend::Avx2 => Scanner::Narrow(sliced::Scanner::new(backend, digest)),
            Backend::Avx512 => Scanner::Wide(sliced::Scanner::new(backend, digest)),
        }
    }

    /// How many nonces a row has.
    pub(crate) const fn lanes(&self) -> u64 {
        match self {
            Scanner::Narrow(_) => sliced::Scanner::<NARROW>::LANES,
            Scanner::Wide(_) => sliced::Scanner::<WIDE>::LANES,
        }
    }

    /// The lanes of the row from `first` on whose hash ends with `zeros` zero trits or more; none beyond the row.
    pub(crate) fn scan(&mut self, first: u64, zeros: usize) -> [u64; ROW_WORDS_MAX] {
        match self {
            Scanner::Narrow(scanner) => {
                let mut row = [0; ROW_WORDS_MAX];
                for (word, lanes) in row.iter_mut().zip(scanner.scan(first, zeros)) {
                    *word = lanes;
                }
                row
            }
            Scanner::Wide(scanner) => scanner.scan(first, zeros),
        }
    }
}

/// Verifies groups of hashes.
#[derive(Debug)]
pub(crate) enum Verifier {
    /// Up to 128. Wider is hardly faster per hash without wide registers and costs small groups twice as much.
    Small(sliced::Verifier<2>),
    /// Up to 256.
    Narrow(sliced::Verifier<NARROW>),
    /// Up to 512.
    Wide(sliced::Verifier<WIDE>),
}

impl Verifier {
    /// A verifier for groups of about `len` (at most [`Verifier::lanes_max`]): lanes that stay empty cost as much as the
    /// others.
    pub(crate) fn new(backend: Backend, len: usize) -> Verifier {
        match backend {
            Backend::Portable => Verifier::Small(sliced::Verifier::new(backend)),
            Backend::Avx2 => Verifier::Narrow(sliced::Verifier::new(backend)),
            // Every processor with AVX-512 has AVX2.
            Backend::Avx512 if len <= sliced::Verifier::<NARROW>::LANES => {
                Verifier::Narrow(sliced::Verifier::new(Backend::Avx2))
            }
            Backend::Avx512 => Verifier::Wide(sliced::Verifier::new(backend)),
        }
    }

    /// How many hashes a group of a back end can have.
    pub(crate) const fn lanes_max(backend: Backend) -> usize {
        match backend {
            Backend::Portable => sliced::Verifier::<2>::LANES,
            Backend::Avx2 => sliced::Verifier::<NARROW>::LANES,
            Backend::Avx512 => sliced::Verifier::<WIDE>::LANES,
        }
    }

    /// Whether this one can take a group of `len`, and a narrower one could not.
    pub(crate) const fn suits(&self, len: usize) -> bool {
        match self {
            Verifier::Small(_) => len <= sliced::Verifier::<2>::LANES,
            Verifier::Narrow(_) => len <= sliced::Verifier::<NARROW>::LANES,
            Verifier::Wide(_) => len > sliced::Verifier::<NARROW>::LANES,
        }
    }

    /// Appends the trailing zero trits of each item of a group to `counts`.
    pub(crate) fn trailing_zeros(&mut self, items: &[(Digest, u64)], counts: &mut Vec<u32>) {
        match self {
            Verifier::Small(verifier) => verifier.trailing_zeros(items, counts),
            Verifier::Narrow(verifier) => verifier.trailing_zeros(items, counts),
            Verifier::Wide(verifier) => verifier.trailing_zeros(items, counts),
        }
    }
}
