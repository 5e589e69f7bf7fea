//! Runs simulated networks: `network --seed S` one of them, with every event when it fails, and without faults when
//! `--undisturbed` follows; `network --seeds N [--from S]` many, on all processors. Exits with 1 when a run failed.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use osmia_sim::network::{Failure, Plan, Summary, run};

const USAGE: &str = "usage: network --seed S [--undisturbed] | --seeds N [--from S]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u64>().ok();
    match arguments.as_slice() {
        ["--seed", seed] => number(seed).map(|seed| one(Plan::of_seed(seed))),
        ["--seed", seed, "--undisturbed"] => number(seed).map(|seed| one(Plan::of_seed(seed).undisturbed())),
        ["--seeds", count] => number(count).map(|count| many(0, count)),
        ["--seeds", count, "--from", from] => {
            number(count).zip(number(from)).map(|(count, from)| many(from, count))
        }
        _ => None,
    }
    .unwrap_or_else(|| {
        say(USAGE);
        ExitCode::FAILURE
    })
}

fn say(line: impl std::fmt::Display) {
    // Nobody is left to be told when it fails.
    writeln!(std::io::stdout().lock(), "{line}").unwrap_or_default();
}

fn told(result: &Result<Summary, Box<Failure>>) -> bool {
    match result {
        Ok(summary) => say(summary),
        Err(failure) => say(failure),
    }
    result.is_err()
}

fn one(plan: Plan) -> ExitCode {
    if told(&run(plan.with_log())) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn many(from: u64, count: u64) -> ExitCode {
    let (next, failed) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return;
            }
            if told(&run(Plan::of_seed(from + number))) {
                failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner();
    say(format_args!("{failed} of {count} runs failed"));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
