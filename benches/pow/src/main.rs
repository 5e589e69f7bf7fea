//! Measures our proof of work beside the published crates `bee-pow` and `iota-crypto`, in turns in the same run, so that a noisy
//! machine hits all of them, and prints the ratios with the goals. Nothing is judged by its exit code: a figure belongs to the
//! machine it was measured on.
//!
//! Non-goals: the crates are not tested here (`tests` does that), and their flags are not tuned.
//!
//! Invariants: everything but the last table runs on one core and is counted in processor time; each side does the same work,
//! and what it finds is checked.
//!
//! Threads: the main one, one of bee-pow's, and those of the measurement of two threads.

mod clock;
mod cores;
mod ours;
mod report;
mod theirs;
mod workload;

use anyhow::{Context, bail};
use osmia_pow::Backend;

use report::{Report, Search, TwoThreads, Verification};
use workload::{MINED_BYTES, VERIFIED, VERIFIED_BYTES, ZEROS};

/// How often everything is measured.
const ROUNDS: usize = 7;

/// How long one figure is measured in a round, in seconds: searches, verification, threads.
const SEARCH_SECONDS: f64 = 0.4;
const VERIFY_SECONDS: f64 = 0.15;
const THREADS_SECONDS: f64 = 0.2;

/// How often one and two threads are measured in a round: time by the clock is noisier than processor time.
const THREADS_PAIRS: usize = 3;

/// Two threads to one.
const TWO_TO_ONE_GOAL: f64 = 1.9;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_json = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => false,
        ["--json"] => true,
        _ => bail!("the only option is --json"),
    };
    let report = measure()?;
    let text = if is_json { serde_json::to_string_pretty(&report)? } else { report.lines().join("\n") };
    println!("{text}");
    Ok(())
}

/// What was measured in each round; the runs of a back end are at its place in `Backend::available`.
#[derive(Default)]
struct Runs {
    miner: Vec<f64>,
    batch_hasher: Vec<f64>,
    scorer: Vec<f64>,
    search: Vec<Vec<f64>>,
    score_single: Vec<Vec<f64>>,
    score_batched: Vec<Vec<f64>>,
    one_thread: Vec<Vec<f64>>,
    two_threads: Vec<Vec<f64>>,
    cores_had: Vec<Vec<f64>>,
}

fn measure() -> anyhow::Result<Report> {
    let allowed = cores::allowed()?;
    // The first core serves most interrupts.
    let pinned = *allowed.last().context("no core may be used")?;
    cores::pin_to(pinned)?;
    let pair = allowed.first().filter(|first| **first != pinned).map(|first| [*first, pinned]);
    let backends = Backend::available();
    let messages = workload::verified();
    let mut runs = Runs::default();
    for round in 0..ROUNDS {
        let mined = workload::mined(round)?;
        runs.miner.push(theirs::miner(&mined)?);
        runs.search.push(each(&backends, |backend| ours::search(backend, &mined, SEARCH_SECONDS))?);
        runs.batch_hasher.push(theirs::batch_hasher(&mined, SEARCH_SECONDS));
        runs.scorer.push(theirs::scorer(&messages, VERIFY_SECONDS));
        let single = |backend| Ok(ours::score_single(backend, &messages, VERIFY_SECONDS));
        runs.score_single.push(each(&backends, single)?);
        let batched = |backend| Ok(ours::score_batched(backend, &messages, VERIFY_SECONDS));
        runs.score_batched.push(each(&backends, batched)?);
        if let Some(pair) = pair {
            for _ in 0..THREADS_PAIRS {
                runs.measure_threads(&backends, pair)?;
            }
        }
    }
    Ok(Report {
        processor: cores::processor(),
        pinned_to_core: pinned,
        rounds: ROUNDS,
        mined_message_bytes: MINED_BYTES,
        mined_zeros: ZEROS,
        verified_message_bytes: VERIFIED_BYTES,
        search: runs.search(&backends),
        verification: runs.verification(&backends),
        two_threads_pairs: ROUNDS * THREADS_PAIRS,
        two_threads: pair.map_or(Vec::new(), |pair| runs.threads(&backends, pair)),
    })
}

fn each(
    backends: &[Backend],
    mut run: impl FnMut(Backend) -> anyhow::Result<f64>,
) -> anyhow::Result<Vec<f64>> {
    backends.iter().map(|backend| run(*backend)).collect()
}

impl Runs {
    /// One thread and two right after it, so that what the neighbours do changes little in between.
    fn measure_threads(&mut self, backends: &[Backend], pair: [usize; 2]) -> anyhow::Result<()> {
        let [_, pinned] = pair;
        let (mut two, mut cores_had) = (Vec::new(), Vec::new());
        self.one_thread.push(each(backends, |backend| {
            let one = ours::threads(backend, &[pinned], THREADS_SECONDS)?;
            let both = ours::threads(backend, &pair, THREADS_SECONDS)?;
            two.push(both.rate);
            cores_had.push(both.cores_had);
            Ok(one.rate)
        })?);
        self.two_threads.push(two);
        self.cores_had.push(cores_had);
        Ok(())
    }

    fn search(&self, backends: &[Backend]) -> Vec<Search> {
        let row = |name: String, rates: &[f64], goal| Search {
            name,
            million_nonces_per_cpu_second: median(rates) / 1e6,
            times_bee_pow: ratio(rates, &self.miner),
            times_bee_pow_goal: goal,
        };
        let mut rows = vec![
            row("bee-pow 1.0.0, 1 worker".to_owned(), &self.miner, None),
            row("iota-crypto 0.14.3, batch hasher".to_owned(), &self.batch_hasher, None),
        ];
        rows.extend(backends.iter().enumerate().map(|(place, backend)| {
            row(format!("osmia, {backend}"), &column(&self.search, place), Some(search_goal(*backend)))
        }));
        rows
    }

    fn verification(&self, backends: &[Backend]) -> Vec<Verification> {
        let row = |name: String, messages_at_once, rates: &[f64], goal| Verification {
            name,
            messages_at_once,
            cpu_nanoseconds_per_message: 1e9 / median(rates),
            times_bee_pow: ratio(rates, &self.scorer),
            cpu_nanoseconds_per_message_goal: goal,
        };
        let mut rows = vec![row("bee-pow 1.0.0".to_owned(), 1, &self.scorer, None)];
        rows.extend(backends.iter().enumerate().map(|(place, backend)| {
            let rates = column(&self.score_single, place);
            row(format!("osmia, {backend}"), 1, &rates, single_goal(*backend))
        }));
        rows.extend(backends.iter().enumerate().map(|(place, backend)| {
            let rates = column(&self.score_batched, place);
            row(format!("osmia, {backend}"), VERIFIED, &rates, batched_goal(*backend))
        }));
        rows
    }

    fn threads(&self, backends: &[Backend], on_cores: [usize; 2]) -> Vec<TwoThreads> {
        let row = |(place, backend): (usize, &Backend)| {
            let (one, two) = (column(&self.one_thread, place), column(&self.two_threads, place));
            TwoThreads {
                name: format!("osmia, {backend}"),
                on_cores,
                one_million_nonces_per_second: median(&one) / 1e6,
                two_million_nonces_per_second: median(&two) / 1e6,
                two_to_one: ratio(&two, &one),
                two_threads_cores_had: median(&column(&self.cores_had, place)),
                two_to_one_goal: TWO_TO_ONE_GOAL,
            }
        };
        backends.iter().enumerate().map(row).collect()
    }
}

/// How many times as fast as bee-pow's miner a search must be.
fn search_goal(backend: Backend) -> f64 {
    match backend {
        Backend::Portable => 3.0,
        Backend::Avx2 => 18.0,
        Backend::Avx512 => 25.0,
    }
}

/// The longest time of one message alone, in ns.
fn single_goal(backend: Backend) -> Option<f64> {
    match backend {
        Backend::Portable => None,
        Backend::Avx2 => Some(3_000.0),
        Backend::Avx512 => Some(1_600.0),
    }
}

/// The longest time of a message in a batch, in ns.
fn batched_goal(backend: Backend) -> Option<f64> {
    match backend {
        Backend::Portable => None,
        Backend::Avx2 | Backend::Avx512 => Some(700.0),
    }
}

/// The runs of one back end.
fn column(rounds: &[Vec<f64>], place: usize) -> Vec<f64> {
    rounds.iter().filter_map(|round| round.get(place).copied()).collect()
}

/// The median of how many times as fast a run was as the other one of its round.
fn ratio(rates: &[f64], others: &[f64]) -> f64 {
    let ratios: Vec<f64> = rates.iter().zip(others).map(|(rate, other)| rate / other).collect();
    median(&ratios)
}

/// The middle one of an odd number of values.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
