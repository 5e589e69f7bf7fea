use osmia_primitives::blake2b::{self, Digest};

use super::*;
use crate::curl;
use crate::limits::{HASH_TRITS, STATE_TRITS};

/// All ways to write a trit in each of the three codes, as (high, low).
fn codings(code: usize, trit: i8) -> Vec<(bool, bool)> {
    let plain = match trit {
        0 => vec![(false, false)],
        1 => vec![(true, false), (true, true)],
        _ => vec![(false, true)],
    };
    plain.into_iter().map(|(high, low)| (high != (code == 2), low != (code == 1))).collect()
}

fn cell((high, low): (bool, bool)) -> Cell<1> {
    Cell { high: Word([u64::from(high)]), low: Word([u64::from(low)]) }
}

#[test]
fn the_gates_are_the_substitution_in_every_code() {
    let rounds = [Cell::round_first, Cell::round_second, Cell::round_third];
    for (code, round) in rounds.into_iter().enumerate() {
        for (a, b) in (-1..=1).flat_map(|a| (-1..=1).map(move |b| (a, b))) {
            for (a_code, b_code) in
                codings(code, a).into_iter().flat_map(|a| codings(code, b).into_iter().map(move |b| (a, b)))
            {
                let out = round(cell(a_code), cell(b_code));
                let out = (out.high.0[0] & 1 == 1, out.low.0[0] & 1 == 1);
                let expected = codings((code + 1) % 3, curl::substitute(a, b));
                assert!(expected.contains(&out), "code {code}: {a}, {b} gave {out:?}");
            }
        }
    }
}

/// Different inputs for every lane.
fn items(lanes: usize, seed: u64) -> Vec<(Digest, u64)> {
    let item = |lane: usize| {
        let digest = blake2b::hash_parts(&[&seed.to_le_bytes(), &lane.to_le_bytes()]);
        let nonce = u64::from_le_bytes(*blake2b::hash(&digest).first_chunk().unwrap());
        (digest, nonce)
    };
    (0..lanes).map(item).collect()
}

fn state_of<const N: usize>(items: &[(Digest, u64)]) -> State<N> {
    let mut state = State::new();
    for (lane, (digest, nonce)) in items.iter().enumerate() {
        for (place, trit) in curl::input_trits(digest, *nonce).into_iter().enumerate() {
            state.cell_mut(place).set_lane(lane, trit);
        }
    }
    state
}

/// Trit `trit` of the finished hash in `lane`.
fn trit_of<const N: usize>(state: &State<N>, lane: usize, trit: usize) -> i8 {
    let cell = state.cell(trit * state::HASH_STRIDE % STATE_TRITS);
    let bit = |word: Word<N>| word.0[lane / 64] >> (lane % 64) & 1 == 1;
    if bit(cell.high) { 1 } else { -i8::from(bit(cell.low)) }
}

fn all_passes_agree_with_the_reference<const N: usize>() {
    let items = items(64 * N, 1);
    let mut state = state_of::<N>(&items);
    let mut copied = state.clone();
    for pass in 0..state::PASSES {
        state.pass(pass);
        let mut next = State::new();
        next.pass_of(&copied, pass, 17, STATE_TRITS);
        copied = next;
    }
    for (lane, (digest, nonce)) in items.iter().enumerate() {
        let expected = curl::hash(&curl::input_trits(digest, *nonce));
        for (index, expected) in expected.into_iter().enumerate() {
            assert_eq!(trit_of(&state, lane, index), expected, "lane {lane}, trit {index}");
            assert_eq!(trit_of(&copied, lane, index), expected, "lane {lane}, trit {index}");
        }
    }
}

#[test]
fn all_trits_of_all_lanes_agree_with_the_reference() {
    all_passes_agree_with_the_reference::<1>();
    all_passes_agree_with_the_reference::<2>();
    all_passes_agree_with_the_reference::<4>();
}

#[test]
fn the_last_rounds_give_as_many_trits_as_asked_for() {
    let items = items(64, 2);
    let mut before = state_of::<1>(&items);
    for pass in 0..state::FIRST_PASSES {
        before.pass(pass);
    }
    let expected: Vec<_> =
        items.iter().map(|(digest, nonce)| curl::hash(&curl::input_trits(digest, *nonce))).collect();
    for trits in [0, 1, 2, 14, 27, 40, 100, 217, 218] {
        let mut state = before.clone();
        state.last_rounds(trits);
        for (lane, expected) in expected.iter().enumerate() {
            for (index, expected) in expected.iter().enumerate().skip(HASH_TRITS - trits) {
                assert_eq!(trit_of(&state, lane, index), *expected, "{trits} trits: lane {lane}, {index}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "more trits than the last rounds can give")]
fn the_last_rounds_refuse_what_they_cannot_give() {
    State::<1>::new().last_rounds(219);
}

fn verifier_agrees_with_the_reference<const N: usize>() {
    let items = items(64 * N, 3);
    let expected: Vec<u32> =
        items.iter().map(|(digest, nonce)| curl::trailing_zeros(digest, *nonce)).collect();
    let mut verifier = Verifier::<N>::new();
    // Full groups and partial ones in turn: nothing of a group may be left in the next.
    for len in [64 * N, 1, 9, 64 * N - 1, 0, 63] {
        let mut counts = Vec::new();
        verifier.trailing_zeros(&items[..len], &mut counts);
        assert_eq!(counts, expected[..len]);
    }
}

#[test]
fn the_verifier_agrees_with_the_reference_in_every_lane() {
    verifier_agrees_with_the_reference::<1>();
    verifier_agrees_with_the_reference::<2>();
    verifier_agrees_with_the_reference::<4>();
}

/// The lanes of a row that end with at least `zeros` zeros, by the reference.
fn expected_lanes<const N: usize>(digest: &Digest, first: u64, zeros: u32) -> [u64; N] {
    let mut lanes = [0; N];
    for lane in 0..64 * N {
        let hit = curl::trailing_zeros(digest, first + lane as u64) >= zeros;
        lanes[lane / 64] |= u64::from(hit) << (lane % 64);
    }
    lanes
}

fn scanner_agrees_with_the_reference<const N: usize>() {
    let digest = blake2b::hash(b"scanner");
    let mut scanner = Scanner::<N>::new(&digest);
    let length = Scanner::<N>::LANES;
    // Neighbours, carries into the next bytes, jumps, the same row again, the last row and the first.
    let rows = [
        0,
        length,
        0xfe00,
        0x1_0000,
        0xffff_fe00,
        0xffff_fe00,
        1 << 32,
        0x55 << 48,
        u64::MAX - (length - 1),
        0,
    ];
    for (zeros, row) in [0, 1, 2, 3].into_iter().cycle().zip(rows) {
        assert_eq!(
            scanner.scan(row, zeros as usize),
            expected_lanes::<N>(&digest, row, zeros),
            "row {row}, {zeros} zeros"
        );
    }
}

#[test]
fn the_scanner_agrees_with_the_reference_in_every_row_and_lane() {
    scanner_agrees_with_the_reference::<1>();
    scanner_agrees_with_the_reference::<2>();
    scanner_agrees_with_the_reference::<4>();
    scanner_agrees_with_the_reference::<8>();
}
