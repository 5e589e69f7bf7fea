//! One hash with AVX-512, all of its state in four registers: a word in each 32-bit lane of two registers for the high
//! bits, and two for the low bits. "Further on in the ring" is one permutation of two registers.

#![allow(unsafe_code, reason = "instructions that not every processor has, each use with its proof")]
#![expect(
    clippy::indexing_slicing,
    reason = "halves are 0 and 1, and the numbers of words are as many as the longest rotation reads"
)]

use std::arch::x86_64::{
    __m128i, __m512i, _mm_cvtsi32_si128, _mm512_loadu_epi32, _mm512_permutex2var_epi32, _mm512_set1_epi32,
    _mm512_sll_epi32, _mm512_srl_epi32, _mm512_storeu_epi32, _mm512_ternarylogic_epi32,
};

use super::{Plane, ROTATIONS, Rotation, SIDE, WORD_BITS};

/// Lanes of a register.
const LANES: usize = 16;

/// A plane in registers, word by word. The lanes beyond the ring mean nothing, nor do the bits of a lane beyond a word.
type Registers = [__m512i; 2];

/// The numbers of words around the ring and further: the longest rotation begins at 26, and the words after its own at
/// 27.
const WORDS: [u32; SIDE + 1 + 2 * LANES] = {
    let mut words = [0; SIDE + 1 + 2 * LANES];
    let mut index = 1;
    while index < words.len() {
        words[index] = if words[index - 1] + 1 == WORD_BITS { 0 } else { words[index - 1] + 1 };
        index += 1;
    }
    words
};

/// The state after all rounds, high and low bits, trit `i` at the place `364^81 i`.
///
/// # Panics
/// When the processor has no AVX-512 F.
pub(super) fn hash(input: &[Plane; 2]) -> [Plane; 2] {
    assert!(is_x86_feature_detected!("avx512f"), "AVX-512 is used only where it is");
    // SAFETY: the processor has AVX-512 F, as just asserted.
    unsafe { rounds(input) }
}

#[target_feature(enable = "avx512f")]
fn rounds([high, low]: &[Plane; 2]) -> [Plane; 2] {
    let (mut high, mut low) = (read_plane(high), read_plane(low));
    for rotation in ROTATIONS {
        let rotation = InRegisters::of(rotation);
        let (other_high, other_low) = (rotation.rotate(high), rotation.rotate(low));
        for half in 0..2 {
            let (a_high, a_low) = (high[half], low[half]);
            let (b_high, b_low) = (other_high[half], other_low[half]);
            // In three-input gates plain code can stay: not a.high, and a.low differs from b.high;
            high[half] = _mm512_ternarylogic_epi32::<0x06>(a_high, a_low, b_high);
            // a.high differs from: b.high, or not b.low.
            low[half] = _mm512_ternarylogic_epi32::<0x2D>(a_high, b_high, b_low);
        }
    }
    [write_plane(high), write_plane(low)]
}

/// A rotation in registers.
struct InRegisters {
    /// Which words come to the lanes of both halves, and which words after them.
    words: Registers,
    next_words: Registers,
    down: __m128i,
    up: __m128i,
    /// The bits that come from the words; the others come from the words after them.
    kept: __m512i,
}

impl InRegisters {
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn of(Rotation { words, bits }: Rotation) -> Self {
        let numbers = |from: usize| {
            read(
                WORDS[from..].first_chunk().expect("because there are as many as the longest rotation reads"),
            )
        };
        let (down, up) = (bits.cast_signed(), (WORD_BITS - bits).cast_signed());
        Self {
            words: [numbers(words), numbers(words + LANES)],
            next_words: [numbers(words + 1), numbers(words + 1 + LANES)],
            down: _mm_cvtsi32_si128(down),
            up: _mm_cvtsi32_si128(up),
            kept: _mm512_set1_epi32((1 << up) - 1),
        }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn rotate(&self, [first, second]: Registers) -> Registers {
        let half = |half: usize| {
            let words = _mm512_permutex2var_epi32(first, self.words[half], second);
            let next = _mm512_permutex2var_epi32(first, self.next_words[half], second);
            let (words, next) = (_mm512_srl_epi32(words, self.down), _mm512_sll_epi32(next, self.up));
            _mm512_ternarylogic_epi32::<0xCA>(self.kept, words, next)
        };
        [half(0), half(1)]
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn read_plane(plane: &Plane) -> Registers {
    let mut row = [0; 2 * LANES];
    row[..SIDE].copy_from_slice(plane);
    let [first, second] = row.as_chunks().0 else { unreachable!("a row fills two registers") };
    [read(first), read(second)]
}

#[target_feature(enable = "avx512f")]
#[inline]
fn write_plane([first, second]: Registers) -> Plane {
    let rows = [write(first), write(second)];
    *rows.as_flattened().first_chunk().expect("because a row is longer than a ring")
}

#[target_feature(enable = "avx512f")]
#[inline]
fn read(words: &[u32; LANES]) -> __m512i {
    // SAFETY: reads the 64 bytes of the array; no alignment is asked for.
    unsafe { _mm512_loadu_epi32(words.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn write(register: __m512i) -> [u32; LANES] {
    let mut words = [0; LANES];
    // SAFETY: writes the 64 bytes of the array; no alignment is asked for.
    unsafe { _mm512_storeu_epi32(words.as_mut_ptr().cast(), register) };
    words
}
