//! Curl-P-81 of many inputs at once: bit `i` of every word belongs to the input `i` ("lane").
//!
//! A trit is two bits, and a state 729 [`Cell`]s of two [`Word`]s. Three ideas make it fast, all from the
//! permutation being a multiplication by 364 = -1/2 modulo 729 (TIP-12 fixes one block, so nothing else happens):
//!
//! * In place. After `r` rounds the trit `j` is kept at the place `364^r j`. Round `r` is then
//!   `place[q] = T(place[q], place[q + 364^r])`, and no trit ever moves.
//! * Several rounds in one pass ([`Passes`](passes::Passes)), three or four. Number the places `n -> 364^(r+3) n` for the
//!   pass that makes rounds `r+1` to `r+3`; the second operands of the three rounds then lie 4 ahead, 2 back and 1 ahead,
//!   so one walk over `n` keeps the last few results in registers, reads every cell twice (ahead, then near) and writes
//!   it once.
//! * Four gates per trit. Three codes for a trit follow each other, one per round, so that every round needs only
//!   AND, OR, XOR and AND-NOT ([`Cell`]); with a three-input gate for the high bits two codes are enough (`x86`).
//!
//! A search adds that the first rounds are hardly reached by the trits that change from row to row ([`Scanner`]), and
//! that of the last rounds only the cells that reach the end of the hash count ([`State::last_rounds`]).

mod cell;
mod passes;
mod portable;
mod scanner;
mod state;
mod verifier;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use cell::{Cell, Word, trit_masks};
pub(crate) use scanner::Scanner;
pub(crate) use state::State;
pub(crate) use verifier::Verifier;

#[cfg(test)]
mod tests;
