use osmia_primitives::blake2b;
use proptest::prelude::*;

use super::*;
use crate::{ZEROS_UNREACHABLE, trailing_zeros};

static NEVER: AtomicBool = AtomicBool::new(false);

const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();

/// The first hits among `nonces`, by the reference.
fn expected_hits(digest: &Digest, zeros: u32, nonces: RangeInclusive<u64>, count: usize) -> Vec<u64> {
    nonces.filter(|nonce| trailing_zeros(digest, *nonce) >= zeros).take(count).collect()
}

/// The next hits, up to `count` of them.
fn hits(search: &mut Search, count: usize) -> Vec<u64> {
    (0..count).map_while(|_| search.next_hit(&NEVER).nonce()).collect()
}

#[test]
fn no_nonce_is_missed_from_any_start() {
    let digest = blake2b::hash(b"no nonce is missed");
    for start in [0, 1, 63, 64, 255, 256, 511, 512, 0xfff0, u64::MAX - 1300] {
        let expected = expected_hits(&digest, 3, start..=u64::MAX, 20);
        for backend in Backend::available() {
            let mut search = Search::with_backend(backend, &digest, 3, start..=u64::MAX);
            assert_eq!(hits(&mut search, 20), expected, "{backend} from {start}");
        }
        assert_eq!(search(&digest, 3, start..=u64::MAX, &NEVER), Outcome::Found(expected[0]));
    }
}

#[test]
fn a_range_gives_all_of_its_hits_and_is_then_exhausted() {
    let digest = blake2b::hash(b"ranges");
    let ranges =
        [0..=0, 0..=63, 5..=5, 5..=64, 255..=256, 0..=511, 511..=513, 100..=1500, u64::MAX - 700..=u64::MAX];
    for range in ranges {
        let expected = expected_hits(&digest, 1, range.clone(), usize::MAX);
        for backend in Backend::available() {
            let mut search = Search::with_backend(backend, &digest, 1, range.clone());
            assert_eq!(hits(&mut search, usize::MAX), expected, "{backend} in {range:?}");
            assert_eq!(search.next_hit(&NEVER), Outcome::Exhausted);
            assert_eq!(search.tried(), range.end() - range.start() + 1);
        }
    }
}

#[test]
fn a_range_without_a_hit_is_exhausted_on_any_number_of_threads() {
    let digest = blake2b::hash(b"nothing here");
    assert!(expected_hits(&digest, 9, 0..=3000, 1).is_empty());
    assert_eq!(search(&digest, 9, 0..=3000, &NEVER), Outcome::Exhausted);
    for threads in [1, 2, 3, 7, usize::MAX] {
        let threads = NonZeroUsize::new(threads).unwrap();
        assert_eq!(search_threads(&digest, 9, 0..=3000, threads, &NEVER), Outcome::Exhausted);
    }
}

#[test]
#[expect(clippy::reversed_empty_ranges, reason = "an empty range is what is tried")]
fn nothing_is_searched_for_in_vain() {
    let digest = blake2b::hash(b"in vain");
    for zeros in [ZEROS_UNREACHABLE, u32::MAX] {
        assert_eq!(search(&digest, zeros, 0..=u64::MAX, &NEVER), Outcome::Exhausted);
        assert_eq!(search_threads(&digest, zeros, 0..=u64::MAX, TWO, &NEVER), Outcome::Exhausted);
    }
    let raised = AtomicBool::new(true);
    assert_eq!(search(&digest, ZEROS_UNREACHABLE, 0..=9, &raised), Outcome::Exhausted);
    assert_eq!(search_threads(&digest, ZEROS_UNREACHABLE, 0..=9, TWO, &raised), Outcome::Exhausted);
    assert_eq!(search(&digest, 0, 1..=0, &NEVER), Outcome::Exhausted);
    assert_eq!(search_threads(&digest, 0, 1..=0, TWO, &NEVER), Outcome::Exhausted);
}

#[test]
fn zero_zeros_accept_every_nonce() {
    let digest = blake2b::hash(b"zero");
    let mut search = Search::new(&digest, 0, u64::MAX - 2..=u64::MAX);
    assert_eq!(hits(&mut search, 4), [u64::MAX - 2, u64::MAX - 1, u64::MAX]);
}

#[test]
fn a_found_nonce_is_good_by_the_reference() {
    for (seed, zeros) in [(b"a", 10), (b"b", 11), (b"c", 12)] {
        let digest = blake2b::hash(seed);
        let found: Vec<_> = Backend::available()
            .into_iter()
            .map(|backend| Search::with_backend(backend, &digest, zeros, 0..=u64::MAX).next_hit(&NEVER))
            .collect();
        let nonce = found[0].nonce().unwrap();
        assert!(trailing_zeros(&digest, nonce) >= zeros);
        assert!(found.iter().all(|outcome| *outcome == Outcome::Found(nonce)), "{found:?}");
    }
}

#[test]
fn a_set_flag_stops_before_any_work() {
    let digest = blake2b::hash(b"stopped");
    let mut search = Search::new(&digest, 0, 0..=u64::MAX);
    assert_eq!(search.next_hit(&AtomicBool::new(true)), Outcome::Stopped);
    assert_eq!(search.tried(), 0);
}

#[test]
fn a_flag_stops_a_running_search_that_takes_too_long() {
    let digest = blake2b::hash(b"stopped from outside");
    for zeros in [41, 200, 243] {
        let stop = AtomicBool::new(false);
        let (one, many) = thread::scope(|scope| {
            let one = scope.spawn(|| search(&digest, zeros, 7..=u64::MAX, &stop));
            let many = scope.spawn(|| search_threads(&digest, zeros, 0..=u64::MAX, TWO, &stop));
            stop.store(true, Ordering::Relaxed);
            (one.join().unwrap(), many.join().unwrap())
        });
        assert_eq!((one, many), (Outcome::Stopped, Outcome::Stopped));
    }
}

#[test]
fn an_interrupted_search_goes_on_where_it_stopped() {
    let digest = blake2b::hash(b"interrupted");
    let expected = expected_hits(&digest, 5, 100..=u64::MAX, 3);
    let mut search = Search::new(&digest, 5, 100..=u64::MAX);
    let mut found = Vec::new();
    while found.len() < 3 {
        // One row at a time.
        let first_look = std::cell::Cell::new(true);
        found.extend(search.next_hit_until(|| !first_look.replace(false)).nonce());
    }
    assert_eq!(found, expected);
    assert!(search.tried() > expected[2] - 100);
}

#[test]
fn several_threads_find_a_good_nonce() {
    let digest = blake2b::hash(b"threads");
    for threads in [1, 2, 3, 5, usize::MAX] {
        let threads = NonZeroUsize::new(threads).unwrap();
        let nonce = search_threads(&digest, 9, 0..=u64::MAX, threads, &NEVER).nonce().unwrap();
        assert!(trailing_zeros(&digest, nonce) >= 9);
    }
}

#[test]
fn parts_are_the_whole_range_in_order() {
    for (range, count) in
        [(0..=u64::MAX, 1), (0..=u64::MAX, 3), (0..=u64::MAX, 256), (7..=7, 5), (0..=1, 2), (3..=12, 4)]
    {
        let parts = parts(range.clone(), count);
        assert_eq!(parts.first().unwrap().start(), range.start());
        assert_eq!(parts.last().unwrap().end(), range.end());
        assert!(parts.iter().all(|part| !part.is_empty()));
        assert!(parts.windows(2).all(|pair| pair[0].end() + 1 == *pair[1].start()), "{parts:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn the_first_hit_from_any_start_is_found(digest: Digest, start: u64) {
        let expected = expected_hits(&digest, 3, start..=u64::MAX, 1);
        for backend in Backend::available() {
            let outcome = Search::with_backend(backend, &digest, 3, start..=u64::MAX).next_hit(&NEVER);
            prop_assert_eq!(outcome.nonce(), expected.first().copied());
        }
    }
}
