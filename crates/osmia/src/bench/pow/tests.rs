//! What is read, foretold and printed; the figures themselves are nobody's promise.

use super::*;

fn rate(million: f64) -> RateReport {
    RateReport { million_nonces_per_second: million, million_nonces_per_cpu_second: million }
}

#[test]
fn the_time_of_mining_follows_from_the_rate() {
    let report = MiningReport::of(4_000.0, &rate(10.0), &rate(20.0));
    // 4 000 times 500 bytes are 2 million, more than 3^13 and less than 3^14 = 4 782 969.
    assert_eq!((report.zeros, report.tries_mean), (14, 4_782_969.0));
    assert_eq!(report.one_thread_seconds_mean, 0.478_296_9);
    assert_eq!(report.all_threads_seconds_mean, 0.478_296_9 / 2.0);
    assert_eq!(SCORES.map(|score| MiningReport::of(score, &rate(1.0), &rate(1.0)).zeros), [10, 13, 14]);
}

#[test]
fn times_have_three_digits() {
    assert_eq!(
        [0.001_23, 0.012_3, 0.123, 0.999, 1.234, 12.34, 123.4].map(duration),
        ["1.23 ms", "12.3 ms", "123 ms", "999 ms", "1.23 s", "12.3 s", "123 s"]
    );
}

#[test]
fn the_median_is_the_middle_one_whatever_the_order() {
    assert_eq!(median(vec![5.0, 1.0, 100.0, 2.0, 3.0]), 3.0);
}

#[test]
fn a_back_end_that_the_processor_lacks_is_told_from_one_that_does_not_exist() {
    let few = [Backend::Portable, Backend::Avx2];
    assert_eq!(backend_among(&few, "avx2"), Ok(Backend::Avx2));
    let error = backend_among(&few, "avx512").unwrap_err();
    assert_eq!(error, "this processor cannot run it; it can run portable, avx2");
    let error = backend_among(&few, "sse9").unwrap_err();
    assert!(error.contains("no back end is called \"sse9\""), "{error}");
}

#[test]
fn numbers_beyond_the_bounds_are_refused() {
    assert_eq!(threads("256").map(NonZeroUsize::get), Ok(256));
    for text in ["0", "257", "two", "-1", ""] {
        assert!(threads(text).is_err(), "{text}");
    }
    assert_eq!(seconds("0.05"), Ok(0.05));
    for text in ["0", "0.01", "61", "NaN", "inf", "-1", "soon"] {
        assert!(seconds(text).is_err(), "{text}");
    }
}
