use osmia_primitives::blake2b::{self, Digest};

use super::*;
use crate::limits::{HASH_TRITS, STATE_TRITS};
use crate::sliced::passes::Interval;
use crate::{Backend, curl};

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

fn state_of<const N: usize>(backend: Backend, items: &[(Digest, u64)]) -> State<N> {
    let mut state = State::new(backend);
    for (lane, (digest, nonce)) in items.iter().enumerate() {
        for (place, trit) in curl::input_trits(digest, *nonce).into_iter().enumerate() {
            state.cell_mut(place).set_lane(lane, trit);
        }
    }
    state
}

/// The back ends of this processor whose rows have `words` words.
fn backends_of(words: usize) -> Vec<Backend> {
    let has_rows_of = |backend: &Backend| match backend {
        Backend::Portable => true,
        Backend::Avx2 => words == 4,
        Backend::Avx512 => words == 8,
    };
    Backend::available().into_iter().filter(has_rows_of).collect()
}

/// Trit `trit` of the finished hash in `lane`.
fn trit_of<const N: usize>(state: &State<N>, lane: usize, trit: usize) -> i8 {
    let cell = state.cell(trit * state::HASH_STRIDE % STATE_TRITS);
    let bit = |word: Word<N>| word.0[lane / 64] >> (lane % 64) & 1 == 1;
    if bit(cell.high) { 1 } else { -i8::from(bit(cell.low)) }
}

/// The trits of one lane in the middle of a hash, in the order of the reference: trit `i` is at `364^rounds i`.
fn lane_of<const N: usize>(state: &State<N>, lane: usize, rounds: usize) -> Vec<i8> {
    let place = |trit: usize| trit * curl::stride_power(rounds) % STATE_TRITS;
    let bit = |word: Word<N>| word.0[lane / 64] >> (lane % 64) & 1 == 1;
    let trit = |cell: &Cell<N>| if bit(cell.high) { 1 } else { -i8::from(bit(cell.low)) };
    (0..STATE_TRITS).map(|index| trit(state.cell(place(index)))).collect()
}

/// All trits of all lanes after every pass, made in place and made from another state.
fn all_passes_agree_with_the_reference<const N: usize>(backend: Backend) {
    let items = items(64 * N, 1);
    let mut state = state_of::<N>(backend, &items);
    let mut expected: Vec<_> =
        items.iter().map(|(digest, nonce)| curl::whole_input(&curl::input_trits(digest, *nonce))).collect();
    let passes = state.passes();
    for pass in 0..passes.count() {
        if pass < 3 {
            let mut around = State::new(backend);
            // In two parts that overlap and that go around the ring.
            around.pass_of(&state, pass, Interval { from: 500, count: 300 });
            around.pass_of(&state, pass, Interval { from: 70, count: 431 });
            state.pass(pass);
            for place in 0..STATE_TRITS {
                assert_eq!(state.cell(place), around.cell(place), "{backend}: pass {pass}, place {place}");
            }
        } else {
            state.pass(pass);
        }
        for (lane, expected) in expected.iter_mut().enumerate() {
            (0..passes.rounds).for_each(|_| curl::round(expected));
            let found = lane_of(&state, lane, passes.rounds * (pass + 1));
            assert_eq!(found, *expected, "{backend}: pass {pass}, lane {lane}");
        }
    }
}

#[test]
fn all_trits_of_all_lanes_agree_with_the_reference_after_every_pass() {
    backends_of(1).into_iter().for_each(all_passes_agree_with_the_reference::<1>);
    backends_of(4).into_iter().for_each(all_passes_agree_with_the_reference::<4>);
    backends_of(8).into_iter().for_each(all_passes_agree_with_the_reference::<8>);
}

fn last_rounds_agree_with_the_reference<const N: usize>(backend: Backend) {
    let items = items(64 * N, 2);
    let mut before = state_of::<N>(backend, &items);
    for pass in 0..before.passes().count() {
        before.pass(pass);
    }
    let expected: Vec<_> =
        items.iter().map(|(digest, nonce)| curl::hash(&curl::input_trits(digest, *nonce))).collect();
    for trits in [0, 1, 2, 14, 27, 40, 100, 217, 218] {
        let mut state = before.clone();
        state.last_rounds(trits);
        for (lane, expected) in expected.iter().enumerate() {
            for (index, expected) in expected.iter().enumerate().skip(HASH_TRITS - trits) {
                let found = trit_of(&state, lane, index);
                assert_eq!(found, *expected, "{backend}, {trits} trits: lane {lane}, {index}");
            }
        }
    }
}

#[test]
fn the_last_rounds_give_as_many_trits_as_asked_for() {
    backends_of(1).into_iter().for_each(last_rounds_agree_with_the_reference::<1>);
    backends_of(4).into_iter().for_each(last_rounds_agree_with_the_reference::<4>);
    backends_of(8).into_iter().for_each(last_rounds_agree_with_the_reference::<8>);
}

#[test]
#[should_panic(expected = "more trits than the last rounds can give")]
fn the_last_rounds_refuse_what_they_cannot_give() {
    State::<1>::new(Backend::Portable).last_rounds(219);
}

#[test]
fn cells_reached_from_an_interval_are_those_that_change() {
    for (backend, passes) in [(Backend::Portable, passes::THREE), (Backend::Avx512, passes::FOUR)] {
        if !backend.is_available() {
            continue;
        }
        let interval = Interval { from: 210, count: 2 };
        // From the input to the first pass, then from pass to pass.
        let mut changed: Vec<bool> = (0..STATE_TRITS).map(|trit| trit == 210 || trit == 211).collect();
        let mut reached = interval;
        for pass in 0..2 {
            for _ in 0..passes.rounds {
                changed = (0..STATE_TRITS)
                    .map(|trit| {
                        let [first, second] = [curl::STRIDE * trit, curl::STRIDE * (trit + 1)];
                        changed[first % STATE_TRITS] || changed[second % STATE_TRITS]
                    })
                    .collect();
            }
            reached = passes.reached(reached);
            // The cell `n` of a pass is the trit `n` of the state after it, which is what the reference numbers.
            let inside: Vec<bool> = (0..STATE_TRITS)
                .map(|trit| (trit + STATE_TRITS - reached.from) % STATE_TRITS < reached.count)
                .collect();
            assert_eq!(changed, inside, "{backend}, pass {pass}");
        }
    }
}

fn verifier_agrees_with_the_reference<const N: usize>(backend: Backend) {
    let items = items(64 * N, 3);
    let expected: Vec<u32> =
        items.iter().map(|(digest, nonce)| curl::trailing_zeros(digest, *nonce)).collect();
    let mut verifier = Verifier::<N>::new(backend);
    // Full groups and partial ones in turn: nothing of a group may be left in the next.
    for len in [64 * N, 1, 9, 64 * N - 1, 0, 63] {
        let mut counts = Vec::new();
        verifier.trailing_zeros(&items[..len], &mut counts);
        assert_eq!(counts, expected[..len], "{backend}");
    }
}

#[test]
fn the_verifier_agrees_with_the_reference_in_every_lane() {
    backends_of(1).into_iter().for_each(verifier_agrees_with_the_reference::<1>);
    backends_of(2).into_iter().for_each(verifier_agrees_with_the_reference::<2>);
    backends_of(4).into_iter().for_each(verifier_agrees_with_the_reference::<4>);
    backends_of(8).into_iter().for_each(verifier_agrees_with_the_reference::<8>);
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

fn scanner_agrees_with_the_reference<const N: usize>(backend: Backend) {
    let digest = blake2b::hash(b"scanner");
    let mut scanner = Scanner::<N>::new(backend, &digest);
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
            "{backend}: row {row}, {zeros} zeros"
        );
    }
}

#[test]
fn the_scanner_agrees_with_the_reference_in_every_row_and_lane() {
    backends_of(1).into_iter().for_each(scanner_agrees_with_the_reference::<1>);
    backends_of(2).into_iter().for_each(scanner_agrees_with_the_reference::<2>);
    backends_of(4).into_iter().for_each(scanner_agrees_with_the_reference::<4>);
    backends_of(8).into_iter().for_each(scanner_agrees_with_the_reference::<8>);
}
