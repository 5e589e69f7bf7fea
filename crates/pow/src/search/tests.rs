use osmia_primitives::blake2b;
use proptest::prelude::*;

use super::*;
use crate::{ZEROS_UNREACHABLE, trailing_zeros};

static NEVER: AtomicBool = AtomicBool::new(false);

/// The first hits from `start`, by the reference.
fn expected_hits(digest: &Digest, zeros: u32, start: u64, count: usize) -> Vec<u64> {
    let nonces = (0..).map(|distance| start.wrapping_add(distance));
    nonces.filter(|nonce| trailing_zeros(digest, *nonce) >= zeros).take(count).collect()
}

fn hits(search: &mut Search, count: usize) -> Vec<u64> {
    (0..count).map(|_| search.next_hit(&NEVER).unwrap()).collect()
}

#[test]
fn no_nonce_is_missed_around_any_start() {
    let digest = blake2b::hash(b"no nonce is missed");
    for start in [0, 1, 63, 64, 255, 256, 0xfff0, u64::MAX - 300, u64::MAX - 256, u64::MAX - 255, u64::MAX] {
        let expected = expected_hits(&digest, 3, start, 20);
        assert_eq!(hits(&mut Search::new(&digest, 3, start), 20), expected, "from {start}");
        assert_eq!(search(&digest, 3, start, &NEVER), expected.first().copied());
    }
}

#[test]
fn zero_zeros_accept_the_first_nonce() {
    let digest = blake2b::hash(b"zero");
    assert_eq!(hits(&mut Search::new(&digest, 0, u64::MAX - 1), 4), [u64::MAX - 1, u64::MAX, 0, 1]);
}

#[test]
fn a_found_nonce_is_good_by_the_reference() {
    for (seed, zeros) in [(b"a", 10), (b"b", 11), (b"c", 12)] {
        let digest = blake2b::hash(seed);
        let nonce = search(&digest, zeros, 0, &NEVER).unwrap();
        assert!(trailing_zeros(&digest, nonce) >= zeros);
    }
}

#[test]
fn a_set_flag_stops_before_any_work() {
    let digest = blake2b::hash(b"stopped");
    let mut search = Search::new(&digest, 0, 0);
    assert_eq!(search.next_hit(&AtomicBool::new(true)), None);
    assert_eq!(search.tried(), 0);
}

#[test]
fn a_flag_stops_a_running_search_that_can_never_succeed() {
    let digest = blake2b::hash(b"stopped from outside");
    for zeros in [41, 200, 243, ZEROS_UNREACHABLE, u32::MAX] {
        let stop = AtomicBool::new(false);
        let threads = NonZeroUsize::new(2).unwrap();
        let (one, many) = thread::scope(|scope| {
            let one = scope.spawn(|| search(&digest, zeros, 7, &stop));
            let many = scope.spawn(|| search_threads(&digest, zeros, threads, &stop));
            stop.store(true, Ordering::Relaxed);
            (one.join().unwrap(), many.join().unwrap())
        });
        assert_eq!((one, many), (None, None));
    }
}

#[test]
fn an_interrupted_search_goes_on_where_it_stopped() {
    let digest = blake2b::hash(b"interrupted");
    let expected = expected_hits(&digest, 5, 100, 3);
    let mut search = Search::new(&digest, 5, 100);
    let mut found = Vec::new();
    while found.len() < 3 {
        // One row at a time.
        let first_look = std::cell::Cell::new(true);
        found.extend(search.next_hit_until(|| !first_look.replace(false)));
    }
    assert_eq!(found, expected);
    assert_eq!((100 + search.tried()) % 256, 0);
    assert!(search.tried() > expected[2] - 100);
}

#[test]
fn several_threads_find_a_good_nonce() {
    let digest = blake2b::hash(b"threads");
    for threads in [1, 2, 3, 5, usize::MAX] {
        let threads = NonZeroUsize::new(threads).unwrap();
        let nonce = search_threads(&digest, 9, threads, &NEVER).unwrap();
        assert!(trailing_zeros(&digest, nonce) >= 9);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn the_first_hit_from_any_start_is_found(digest: Digest, start: u64) {
        let expected = expected_hits(&digest, 3, start, 1);
        prop_assert_eq!(search(&digest, 3, start, &NEVER), expected.first().copied());
    }
}
