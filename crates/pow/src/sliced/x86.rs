//! Passes with the wide registers of x86-64.
//!
//! Nearly all the time of a search goes into one loop. Here it is written out in instructions: the compiler's version of
//! the same passes spends a fifth more on finding places. Everything else is safe code. The safe twin of the loops is
//! [`portable`](super::portable), and the tests compare every back end with the reference, trit by trit.

#![allow(unsafe_code, reason = "instructions that not every processor has, each use with its proof")]

mod order;

use std::arch::asm;
use std::mem::{offset_of, size_of};

use order::{Order, SAVED};

use crate::sliced::Cell;
use crate::sliced::portable::last_rounds;
use crate::sliced::state::{CELLS, Memory};

/// Words of a row that fills a register of AVX2.
const AVX2_WORDS: usize = 4;

/// Words of a row that fills a register of AVX-512.
const AVX512_WORDS: usize = 8;

// What the loops take for granted: cells lie one after the other from the beginning, each the high bits, then the low.
const _: () = {
    assert!(offset_of!(Memory<AVX2_WORDS>, cells) == 0 && align_of::<Memory<AVX2_WORDS>>() == 64);
    assert!(offset_of!(Memory<AVX512_WORDS>, cells) == 0 && align_of::<Memory<AVX512_WORDS>>() == 64);
    assert!(size_of::<Memory<AVX2_WORDS>>() == CELLS * 64 && size_of::<Cell<AVX2_WORDS>>() == 64);
    assert!(size_of::<Memory<AVX512_WORDS>>() == CELLS * 128 && size_of::<Cell<AVX512_WORDS>>() == 128);
    assert!(offset_of!(Cell<AVX2_WORDS>, high) == 0 && offset_of!(Cell<AVX2_WORDS>, low) == 32);
    assert!(offset_of!(Cell<AVX512_WORDS>, high) == 0 && offset_of!(Cell<AVX512_WORDS>, low) == 64);
};

/// Pass `pass` of three rounds in place, with AVX2.
///
/// # Panics
/// When the processor has no AVX2, or a row is not 4 words.
pub(super) fn pass_avx2<const N: usize>(memory: &mut Memory<N>, pass: usize) {
    require_avx2::<N>();
    save(memory, Order::<3>::saved(pass));
    let cells = std::ptr::from_mut(memory).cast();
    // SAFETY: the processor has AVX2 and the row fills its registers, as just asserted. The state is borrowed for
    // writing.
    unsafe { walk_avx2(cells, cells, Order::<3>::whole(pass)) };
}

/// One of the first passes of three rounds from another state, for `count` steps of its walk from `first` on, with AVX2;
/// up to 5 cells more are made.
///
/// # Panics
/// As [`pass_avx2`].
pub(super) fn pass_of_avx2<const N: usize>(
    memory: &mut Memory<N>,
    before: &Memory<N>,
    pass: usize,
    first: usize,
    count: usize,
) {
    require_avx2::<N>();
    let (source, target) = (std::ptr::from_ref(before).cast(), std::ptr::from_mut(memory).cast());
    // SAFETY: the processor has AVX2 and the row fills its registers, as just asserted. One state is borrowed for
    // reading, the other one for writing.
    unsafe { walk_avx2(source, target, Order::<3>::around(pass, first, count)) };
}

/// Pass `pass` of four rounds in place, with AVX-512.
///
/// # Panics
/// When the processor has no AVX-512 F, or a row is not 8 words.
pub(super) fn pass_avx512<const N: usize>(memory: &mut Memory<N>, pass: usize) {
    require_avx512::<N>();
    save(memory, Order::<4>::saved(pass));
    let cells = std::ptr::from_mut(memory).cast();
    // SAFETY: the processor has AVX-512 F and the row fills its registers, as just asserted. The state is borrowed for
    // writing.
    unsafe { walk_avx512(cells, cells, Order::<4>::whole(pass)) };
}

/// One of the first passes of four rounds from another state, for `count` steps of its walk from `first` on, with
/// AVX-512; up to 7 cells more are made.
///
/// # Panics
/// As [`pass_avx512`].
pub(super) fn pass_of_avx512<const N: usize>(
    memory: &mut Memory<N>,
    before: &Memory<N>,
    pass: usize,
    first: usize,
    count: usize,
) {
    require_avx512::<N>();
    let (source, target) = (std::ptr::from_ref(before).cast(), std::ptr::from_mut(memory).cast());
    // SAFETY: the processor has AVX-512 F and the row fills its registers, as just asserted. One state is borrowed for
    // reading, the other one for writing.
    unsafe { walk_avx512(source, target, Order::<4>::around(pass, first, count)) };
}

/// [`last_rounds`] with AVX2.
///
/// # Panics
/// As [`pass_avx2`].
pub(super) fn last_rounds_avx2<const N: usize>(memory: &mut Memory<N>, trits: usize) {
    #[target_feature(enable = "avx2")]
    fn compiled<const N: usize>(memory: &mut Memory<N>, trits: usize) {
        last_rounds(memory, trits);
    }
    require_avx2::<N>();
    // SAFETY: the processor has AVX2, as just asserted.
    unsafe { compiled(memory, trits) };
}

/// [`last_rounds`] with AVX-512.
///
/// # Panics
/// As [`pass_avx512`].
pub(super) fn last_rounds_avx512<const N: usize>(memory: &mut Memory<N>, trits: usize) {
    #[target_feature(enable = "avx512f")]
    fn compiled<const N: usize>(memory: &mut Memory<N>, trits: usize) {
        last_rounds(memory, trits);
    }
    require_avx512::<N>();
    // SAFETY: the processor has AVX-512 F, as just asserted.
    unsafe { compiled(memory, trits) };
}

fn require_avx2<const N: usize>() {
    assert!(is_x86_feature_detected!("avx2"), "AVX2 is used only where it is");
    assert!(N == AVX2_WORDS, "a register of AVX2 holds 4 words");
}

fn require_avx512<const N: usize>() {
    assert!(is_x86_feature_detected!("avx512f"), "AVX-512 is used only where it is");
    assert!(N == AVX512_WORDS, "a register of AVX-512 holds 8 words");
}

/// Keeps the first cells of a walk behind the ring, where its last cells find them.
fn save<const N: usize>(memory: &mut Memory<N>, places: impl Iterator<Item = usize>) {
    for (step, place) in places.enumerate() {
        let [kept, cell] = memory
            .cells
            .get_disjoint_mut([SAVED + step, place])
            .expect("because both lie in the array, apart");
        *kept = *cell;
    }
}

/// Loads a general register with the place of the cell `$entry` cells along the walk.
macro_rules! place {
    ($register:literal, $entry:literal) => {
        concat!("movzx ", $register, "d, word ptr [rsi + 2 * ", $entry, "]\n")
    };
}

/// Writes a cell of two registers: with the instruction `$move`, to `$unit` times its place, the low bits `$size` bytes
/// behind the high bits.
#[rustfmt::skip]
macro_rules! store {
    ($move:literal, $unit:literal, $size:literal, $place:literal, $high:literal, $low:literal) => {
        concat!(
            $move, " [rdx + ", $unit, " * ", $place, "], ", $high, "\n",
            $move, " [rdx + ", $unit, " * ", $place, " + ", $size, "], ", $low, "\n",
        )
    };
}

/// Writes nothing: for the first turn, which only fills the registers.
macro_rules! discard {
    ($($ignored:literal),*) => {
        ""
    };
}

/// One step of the pass of three rounds: reads the cell `$entry` cells along the walk, whose place goes to `$ahead`, and
/// the one at the place `$near`; writes the one at the place `$out`. Then the registers, high bits and low bits, of the
/// result of the first round two cells back and of the second round one cell back, which nobody needs afterwards, and of
/// this cell's results of the first and the second round.
#[rustfmt::skip]
macro_rules! step_of_three {
    (
        $store:ident, $entry:literal, $out:literal, $near:literal, $ahead:literal,
        $older_h:literal $older_l:literal, $second_before_h:literal $second_before_l:literal,
        $first_h:literal $first_l:literal, $second_h:literal $second_l:literal
    ) => {
        concat!(
            place!($ahead, $entry),
            "vmovdqa ymm10, [rdi + 4 * ", $ahead, "]\n",
            "vmovdqa ymm11, [rdi + 4 * ", $near, "]\n",
            // The first round, from plain code to low inverted.
            "vpxor ymm12, ymm10, [rdi + 4 * ", $near, " + 32]\n",
            "vpandn ymm13, ymm10, [rdi + 4 * ", $ahead, " + 32]\n",
            "vpandn ", $first_h, ", ymm11, ymm12\n",
            "vpxor ", $first_l, ", ymm11, ymm13\n",
            // The second round, to high inverted.
            "vpor ", $older_l, ", ", $older_h, ", ", $older_l, "\n",
            "vpxor ymm12, ", $first_l, ", ", $older_h, "\n",
            "vpor ", $second_h, ", ", $first_h, ", ymm12\n",
            "vpxor ", $second_l, ", ", $first_h, ", ", $older_l, "\n",
            // The third round, to plain code, of the cell before. Its high bits come to where its low bits were.
            "vpxor ", $second_before_l, ", ", $second_before_l, ", ", $second_h, "\n",
            "vpand ymm13, ", $second_h, ", ", $second_l, "\n",
            "vpandn ", $second_before_l, ", ", $second_before_l, ", ", $second_before_h, "\n",
            "vpxor ", $second_before_h, ", ", $second_before_h, ", ymm13\n",
            $store!("vmovdqa", "4", "32", $out, $second_before_l, $second_before_h),
        )
    };
}

/// Six steps of the pass of three rounds, after which every register has its role again.
#[rustfmt::skip]
macro_rules! turn_of_three {
    ($store:ident) => {
        concat!(
            step_of_three!($store, "5", "r8", "r9", "r13", "ymm4" "ymm5", "ymm6" "ymm7", "ymm2" "ymm3", "ymm8" "ymm9"),
            step_of_three!($store, "6", "r9", "r10", "r8", "ymm0" "ymm1", "ymm8" "ymm9", "ymm4" "ymm5", "ymm6" "ymm7"),
            step_of_three!($store, "7", "r10", "r11", "r9", "ymm2" "ymm3", "ymm6" "ymm7", "ymm0" "ymm1", "ymm8" "ymm9"),
            step_of_three!($store, "8", "r11", "r12", "r10", "ymm4" "ymm5", "ymm8" "ymm9", "ymm2" "ymm3", "ymm6" "ymm7"),
            step_of_three!($store, "9", "r12", "r13", "r11", "ymm0" "ymm1", "ymm6" "ymm7", "ymm4" "ymm5", "ymm8" "ymm9"),
            step_of_three!($store, "10", "r13", "r8", "r12", "ymm2" "ymm3", "ymm8" "ymm9", "ymm0" "ymm1", "ymm6" "ymm7"),
            "add rsi, 12\n",
        )
    };
}

/// The pass of three rounds for 6 cells a turn.
///
/// # Safety
/// The processor has AVX2. `source` is valid for reading and `target` for writing; when they are the same, it is valid
/// for both.
#[target_feature(enable = "avx2")]
unsafe fn walk_avx2(source: *const Memory<AVX2_WORDS>, target: *mut Memory<AVX2_WORDS>, order: Order<3>) {
    // SAFETY: an order has the entries for its turns and the one before them, at least one turn, and places of cells in
    // its entries; the layout of a state is asserted above. So all that is read and written are entries, cells of
    // `source` and cells of `target`. It changes the registers it names and those of `clobber_abi`.
    unsafe {
        asm!(
            // The places that were read ahead before the first step.
            place!("r9", "1"),
            place!("r10", "2"),
            place!("r11", "3"),
            place!("r12", "4"),
            turn_of_three!(discard),
            "2:",
            turn_of_three!(store),
            "dec rcx",
            "jnz 2b",
            "vzeroupper",
            in("rdi") source,
            in("rdx") target,
            inout("rsi") order.as_ptr() => _,
            inout("rcx") order.turns() => _,
            out("r12") _,
            out("r13") _,
            clobber_abi("sysv64"),
            options(nostack),
        );
    }
}

/// One round of the cell `$a` with the cell `$b` to the cell `$out`, from plain code to low inverted or back. The high
/// bits come from one three-input gate: not a.high, and a.low differs from b.high (0x12) or, if it is inverted, does
/// not (0x21). The low bits are a.high differing from b.low and not b.high, or from b.low (inverted) or b.high.
#[rustfmt::skip]
macro_rules! round_avx512 {
    (
        $high:literal, $gate:literal,
        $a_h:literal $a_l:literal, $b_h:literal $b_l:literal, $out_h:literal $out_l:literal
    ) => {
        concat!(
            "vmovdqa64 ", $out_h, ", ", $a_l, "\n",
            "vpternlogq ", $out_h, ", ", $a_h, ", ", $b_h, ", ", $high, "\n",
            $gate, " zmm29, ", $b_h, ", ", $b_l, "\n",
            "vpxorq ", $out_l, ", ", $a_h, ", zmm29\n",
        )
    };
}

/// One step of the pass of four rounds: reads the cell `$entry` cells along the walk, whose place goes to `$near`, and
/// the one 8 further; writes the one at the place `$out`, two cells back. Then the registers, high bits and low bits, of
/// the results of the first round (this cell, 4 back), of the second (this cell, 2 back) and of the third (2 back, 3
/// back).
#[rustfmt::skip]
macro_rules! step_of_four {
    (
        $store:ident, $entry:literal, $near:literal, $out:literal,
        $first_h:literal $first_l:literal, $first_4_h:literal $first_4_l:literal,
        $second_h:literal $second_l:literal, $second_2_h:literal $second_2_l:literal,
        $third_2_h:literal $third_2_l:literal, $third_3_h:literal $third_3_l:literal
    ) => {
        concat!(
            "movzx r12d, word ptr [rsi + 2 * ", $entry, " + 16]\n",
            place!($near, $entry),
            // The first round: a is at the place `$near`, b 8 cells ahead.
            "vmovdqa64 zmm28, [rdi + 8 * r12]\n",
            "vmovdqa64 zmm30, [rdi + 8 * ", $near, "]\n",
            "vmovdqa64 ", $first_h, ", [rdi + 8 * ", $near, " + 64]\n",
            "vpternlogq ", $first_h, ", zmm30, zmm28, 0x12\n",
            "vpandnq zmm29, zmm28, [rdi + 8 * r12 + 64]\n",
            "vpxorq ", $first_l, ", zmm30, zmm29\n",
            round_avx512!("0x21", "vporq", $first_h $first_l, $first_4_h $first_4_l, $second_h $second_l),
            round_avx512!("0x12", "vpandnq", $second_2_h $second_2_l, $second_h $second_l, $third_2_h $third_2_l),
            round_avx512!("0x21", "vporq", $third_2_h $third_2_l, $third_3_h $third_3_l, "zmm30" "zmm31"),
            $store!("vmovdqa64", "8", "64", $out, "zmm30", "zmm31"),
        )
    };
}

/// Eight steps of the pass of four rounds, after which every register has its role again.
#[rustfmt::skip]
macro_rules! turn_of_four {
    ($store:ident) => {
        concat!(
            step_of_four!($store, "0", "r8", "r10", "zmm0" "zmm1", "zmm8" "zmm9", "zmm16" "zmm17", "zmm20" "zmm21", "zmm24" "zmm25", "zmm26" "zmm27"),
            step_of_four!($store, "1", "r9", "r11", "zmm2" "zmm3", "zmm10" "zmm11", "zmm18" "zmm19", "zmm22" "zmm23", "zmm26" "zmm27", "zmm24" "zmm25"),
            step_of_four!($store, "2", "r10", "r8", "zmm4" "zmm5", "zmm12" "zmm13", "zmm20" "zmm21", "zmm16" "zmm17", "zmm24" "zmm25", "zmm26" "zmm27"),
            step_of_four!($store, "3", "r11", "r9", "zmm6" "zmm7", "zmm14" "zmm15", "zmm22" "zmm23", "zmm18" "zmm19", "zmm26" "zmm27", "zmm24" "zmm25"),
            step_of_four!($store, "4", "r8", "r10", "zmm8" "zmm9", "zmm0" "zmm1", "zmm16" "zmm17", "zmm20" "zmm21", "zmm24" "zmm25", "zmm26" "zmm27"),
            step_of_four!($store, "5", "r9", "r11", "zmm10" "zmm11", "zmm2" "zmm3", "zmm18" "zmm19", "zmm22" "zmm23", "zmm26" "zmm27", "zmm24" "zmm25"),
            step_of_four!($store, "6", "r10", "r8", "zmm12" "zmm13", "zmm4" "zmm5", "zmm20" "zmm21", "zmm16" "zmm17", "zmm24" "zmm25", "zmm26" "zmm27"),
            step_of_four!($store, "7", "r11", "r9", "zmm14" "zmm15", "zmm6" "zmm7", "zmm22" "zmm23", "zmm18" "zmm19", "zmm26" "zmm27", "zmm24" "zmm25"),
            "add rsi, 16\n",
        )
    };
}

/// The pass of four rounds for 8 cells a turn.
///
/// # Safety
/// The processor has AVX-512 F. `source` is valid for reading and `target` for writing; when they are the same, it is
/// valid for both.
#[target_feature(enable = "avx512f")]
unsafe fn walk_avx512(
    source: *const Memory<AVX512_WORDS>,
    target: *mut Memory<AVX512_WORDS>,
    order: Order<4>,
) {
    // SAFETY: as in `walk_avx2`.
    unsafe {
        asm!(
            turn_of_four!(discard),
            "2:",
            turn_of_four!(store),
            "dec rcx",
            "jnz 2b",
            "vzeroupper",
            in("rdi") source,
            in("rdx") target,
            inout("rsi") order.as_ptr() => _,
            inout("rcx") order.turns() => _,
            out("r12") _,
            clobber_abi("sysv64"),
            options(nostack),
        );
    }
}
