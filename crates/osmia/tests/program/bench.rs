//! `osmia bench pow`: what it says, not how much.

use osmia_pow::Backend;
use serde_json::Value;

use crate::process::run;

/// As short as it measures; figures do not matter here.
const SHORT: [&str; 4] = ["bench", "pow", "--seconds", "0.05"];

fn printed(more: &[&str]) -> String {
    let output = run(&[&SHORT, more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn positive(value: &Value, key: &str) -> f64 {
    let number = value[key].as_f64().unwrap_or_else(|| panic!("{key} in {value}"));
    assert!(number > 0.0, "{key} in {value}");
    number
}

#[test]
fn pow_measures_every_back_end_of_the_processor() {
    let report: Value = serde_json::from_str(&printed(&["--json", "--threads", "3"])).unwrap();
    assert_eq!(report["default_backend"], Backend::fastest().name());
    assert_eq!(report["threads"], 3);
    assert!(positive(&report, "cores") >= 1.0 && positive(&report, "runs") >= 5.0);
    let backends = report["backends"].as_array().unwrap();
    let names: Vec<&str> = backends.iter().map(|backend| backend["backend"].as_str().unwrap()).collect();
    assert_eq!(names, Backend::available().iter().map(|backend| backend.name()).collect::<Vec<_>>());
    for backend in backends {
        for threads in ["one_thread", "all_threads"] {
            positive(&backend[threads], "million_nonces_per_second");
            positive(&backend[threads], "million_nonces_per_cpu_second");
        }
        positive(backend, "all_threads_to_one");
        positive(backend, "verify_single_cpu_nanoseconds");
        let batches = backend["verify_batched"].as_array().unwrap();
        let sizes: Vec<f64> = batches.iter().map(|batch| positive(batch, "messages")).collect();
        assert_eq!(sizes, [8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0]);
        batches.iter().for_each(|batch| assert!(positive(batch, "cpu_nanoseconds_per_message") < 1e6));
        for (mining, score) in backend["mining"].as_array().unwrap().iter().zip([100.0, 2_000.0, 4_000.0]) {
            assert_eq!(positive(mining, "score"), score);
            assert_eq!(positive(mining, "tries_mean"), 3f64.powf(positive(mining, "zeros")));
            positive(mining, "one_thread_seconds_mean");
            positive(mining, "all_threads_seconds_mean");
        }
    }
}

#[test]
fn pow_prints_a_table_of_the_back_end_that_is_named() {
    let text = printed(&["--backend", "portable", "--threads", "1"]);
    for part in [
        "back end by default: ",
        "medians of 5 runs",
        "portable",
        "one at a time",
        "in batches of 512",
        "score 4000, 3^14 tries, 1 thread",
        "1 of 20 takes more than three times as long",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("threads"), "{text}");
    let header = text.lines().nth(3).unwrap();
    assert_eq!(header.split_whitespace().collect::<Vec<_>>(), ["portable"]);
}

#[test]
fn pow_with_a_wrong_option_ends_with_2_and_says_what_there_is() {
    let cases = [
        (["--backend", "sse9"], "portable, avx2, avx512"),
        (["--threads", "0"], "from 1 to 256"),
        (["--seconds", "1000"], "from 0.05 to 60"),
    ];
    for (options, part) in cases {
        let output = run(&[&["bench", "pow"], &options[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(part), "{part} in {error}");
    }
}
