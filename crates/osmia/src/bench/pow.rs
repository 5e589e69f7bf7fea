//! `osmia bench pow`: hash rate, verification and the expected time of mining, for every back end of this processor.

mod measurement;
mod processor;

use std::num::NonZeroUsize;

use osmia_pow::{Backend, THREADS_MAX, required_zeros};

use measurement::Rate;

/// Each figure is the median of so many runs, taken in turns with the others so that a noisy moment hits one run of each.
const RUNS: usize = 5;

/// Bytes of the messages that are verified: a data message of a usual client.
const VERIFIED_BYTES: usize = 300;

/// Sizes of batches, from a quiet node's to the widest back end's.
const BATCHES: [usize; 7] = [8, 16, 32, 64, 128, 256, 512];

/// Bytes of the message whose mining is foretold.
const MINED_BYTES: usize = 500;

/// The scores it is mined for: a private network's, a test network's and the main network's.
const SCORES: [f64; 3] = [100.0, 2_000.0, 4_000.0];

/// Shortest and longest time for one figure.
const SECONDS: std::ops::RangeInclusive<f64> = 0.05..=60.0;

/// What the bench measured.
#[derive(Debug, serde::Serialize)]
pub(crate) struct PowReport {
    processor: Option<String>,
    cores: usize,
    default_backend: &'static str,
    threads: usize,
    threads_are_pinned: bool,
    runs: usize,
    run_seconds: f64,
    verified_message_bytes: usize,
    mined_message_bytes: usize,
    backends: Vec<BackendReport>,
}

#[derive(Debug, serde::Serialize)]
struct BackendReport {
    backend: &'static str,
    one_thread: RateReport,
    all_threads: RateReport,
    /// Of the rates by the clock: the median of the ratios of neighbouring runs.
    all_threads_to_one: f64,
    verify_single_cpu_nanoseconds: f64,
    verify_batched: Vec<BatchReport>,
    mining: Vec<MiningReport>,
}

#[derive(Debug, serde::Serialize)]
struct RateReport {
    million_nonces_per_second: f64,
    million_nonces_per_cpu_second: f64,
}

#[derive(Debug, serde::Serialize)]
struct BatchReport {
    messages: usize,
    cpu_nanoseconds_per_message: f64,
}

/// The time until a nonce is found is random; one search of 20 takes longer than three times the mean (e^-3 = 0.0498).
#[derive(Debug, serde::Serialize)]
struct MiningReport {
    score: f64,
    zeros: u32,
    tries_mean: f64,
    one_thread_seconds_mean: f64,
    all_threads_seconds_mean: f64,
}

/// The runs of one back end.
#[derive(Default)]
struct Runs {
    one_thread: Vec<Rate>,
    all_threads: Vec<Rate>,
    verify_single: Vec<f64>,
    verify_batched: [Vec<f64>; BATCHES.len()],
}

/// Reads `--threads`.
pub(super) fn threads(text: &str) -> Result<NonZeroUsize, String> {
    let threads = text.parse().ok().filter(|threads: &NonZeroUsize| threads.get() <= THREADS_MAX);
    threads.ok_or_else(|| format!("a number from 1 to {THREADS_MAX}"))
}

/// Reads `--seconds`.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| SECONDS.contains(seconds));
    seconds.ok_or_else(|| format!("a number from {} to {}", SECONDS.start(), SECONDS.end()))
}

/// Reads `--backend`: one that this processor can run.
pub(super) fn backend(name: &str) -> Result<Backend, String> {
    backend_among(&Backend::available(), name)
}

fn backend_among(available: &[Backend], name: &str) -> Result<Backend, String> {
    let backend: Backend = name.parse().map_err(|unknown: osmia_pow::UnknownBackend| unknown.to_string())?;
    if available.contains(&backend) {
        return Ok(backend);
    }
    let names: Vec<&str> = available.iter().map(|backend| backend.name()).collect();
    Err(format!("this processor cannot run it; it can run {}", names.join(", ")))
}

/// Measures `only`, or all back ends; `seconds` for each figure.
pub(crate) fn run(
    threads: Option<NonZeroUsize>,
    seconds: f64,
    only: Option<Backend>,
) -> anyhow::Result<PowReport> {
    let cores = std::thread::available_parallelism()?;
    let threads = threads.unwrap_or(cores).get();
    let pinned = processor::cores();
    let backends = only.map_or_else(Backend::available, |backend| vec![backend]);
    #[expect(clippy::cast_precision_loss, reason = "a handful of runs")]
    let run_seconds = seconds / RUNS as f64;
    let messages = measurement::messages(VERIFIED_BYTES);
    let mut all: Vec<(Backend, Runs)> =
        backends.into_iter().map(|backend| (backend, Runs::default())).collect();
    for _ in 0..RUNS {
        for (backend, runs) in &mut all {
            runs.measure(*backend, threads, run_seconds, &pinned, &messages)?;
        }
    }
    Ok(PowReport {
        processor: processor::name(),
        cores: cores.get(),
        default_backend: Backend::fastest().name(),
        threads,
        threads_are_pinned: threads <= pinned.len(),
        runs: RUNS,
        run_seconds,
        verified_message_bytes: VERIFIED_BYTES,
        mined_message_bytes: MINED_BYTES,
        backends: all.into_iter().map(|(backend, runs)| runs.report(backend)).collect(),
    })
}

impl Runs {
    /// One run of each figure.
    fn measure(
        &mut self,
        backend: Backend,
        threads: usize,
        seconds: f64,
        pinned: &[usize],
        messages: &[Vec<u8>],
    ) -> anyhow::Result<()> {
        self.one_thread.push(measurement::rate(backend, 1, seconds, pinned)?);
        self.all_threads.push(measurement::rate(backend, threads, seconds, pinned)?);
        self.verify_single.push(measurement::verify_single(backend, messages, seconds));
        for (runs, batch) in self.verify_batched.iter_mut().zip(BATCHES) {
            runs.push(measurement::verify_batched(backend, messages, batch, seconds));
        }
        Ok(())
    }

    fn report(self, backend: Backend) -> BackendReport {
        let pairs = self.one_thread.iter().zip(&self.all_threads);
        let ratios = pairs.map(|(one, all)| all.per_second / one.per_second).collect();
        let one_thread = RateReport::of(&self.one_thread);
        let all_threads = RateReport::of(&self.all_threads);
        let batches = BATCHES.into_iter().zip(self.verify_batched);
        BackendReport {
            backend: backend.name(),
            all_threads_to_one: median(ratios),
            verify_single_cpu_nanoseconds: median(self.verify_single),
            verify_batched: batches
                .map(|(messages, runs)| BatchReport { messages, cpu_nanoseconds_per_message: median(runs) })
                .collect(),
            mining: SCORES.iter().map(|score| MiningReport::of(*score, &one_thread, &all_threads)).collect(),
            one_thread,
            all_threads,
        }
    }
}

impl RateReport {
    fn of(runs: &[Rate]) -> Self {
        Self {
            million_nonces_per_second: median(runs.iter().map(|run| run.per_second).collect()) / 1e6,
            million_nonces_per_cpu_second: median(runs.iter().map(|run| run.per_cpu_second).collect()) / 1e6,
        }
    }
}

impl MiningReport {
    fn of(score: f64, one_thread: &RateReport, all_threads: &RateReport) -> Self {
        let zeros = required_zeros(MINED_BYTES, score);
        // Each try succeeds with a probability of 3^-zeros.
        let tries = 3f64.powf(f64::from(zeros));
        Self {
            score,
            zeros,
            tries_mean: tries,
            one_thread_seconds_mean: tries / (one_thread.million_nonces_per_second * 1e6),
            all_threads_seconds_mean: tries / (all_threads.million_nonces_per_second * 1e6),
        }
    }
}

impl PowReport {
    /// The report as lines for a person.
    pub(crate) fn lines(&self) -> Vec<String> {
        let processor = self.processor.as_deref().unwrap_or("a processor that does not say its name");
        let cores = if self.cores == 1 { "1 core".to_owned() } else { format!("{} cores", self.cores) };
        let place = if self.threads_are_pinned { ", each thread on a core of its own" } else { "" };
        let mut lines = vec![
            format!("{processor}, {cores}; back end by default: {}", self.default_backend),
            format!("medians of {} runs of {:.2} s each{place}", self.runs, self.run_seconds),
            String::new(),
            self.line("", |it| it.backend.to_owned()),
        ];
        lines.extend(self.rate_lines());
        lines.extend(self.verification_lines());
        lines.extend(self.mining_lines());
        lines
    }

    fn rate_lines(&self) -> Vec<String> {
        let rate = |rate: f64| format!("{rate:.2}");
        let mut lines = vec![
            "hash rate, million nonces per second".to_owned(),
            self.line("1 thread", |it| rate(it.one_thread.million_nonces_per_second)),
            self.line("1 thread, per CPU second", |it| rate(it.one_thread.million_nonces_per_cpu_second)),
        ];
        if self.threads > 1 {
            let threads = format!("{} threads", self.threads);
            lines.push(self.line(&threads, |it| rate(it.all_threads.million_nonces_per_second)));
            lines.push(self.line(&format!("{threads}, per CPU second"), |it| {
                rate(it.all_threads.million_nonces_per_cpu_second)
            }));
            lines.push(self.line(&format!("{threads} to 1"), |it| rate(it.all_threads_to_one)));
        }
        lines
    }

    fn verification_lines(&self) -> Vec<String> {
        let bytes = self.verified_message_bytes;
        let mut lines = vec![
            format!("verification of a message of {bytes} bytes, BLAKE2b included, ns of processor time"),
            self.line("one at a time", |it| format!("{:.0}", it.verify_single_cpu_nanoseconds)),
        ];
        lines.extend(BATCHES.iter().enumerate().map(|(place, batch)| {
            self.line(&format!("in batches of {batch}"), |it| {
                let batch = it.verify_batched.get(place);
                batch.map_or(String::new(), |it| format!("{:.0}", it.cpu_nanoseconds_per_message))
            })
        }));
        lines
    }

    fn mining_lines(&self) -> Vec<String> {
        let bytes = self.mined_message_bytes;
        let mut lines = vec![format!(
            "mining a message of {bytes} bytes, mean time; 1 of 20 takes more than three times as long"
        )];
        for (place, score) in SCORES.iter().enumerate() {
            let label = format!("score {score}, 3^{} tries", required_zeros(MINED_BYTES, *score));
            let line = |threads: &str, seconds: fn(&MiningReport) -> f64| {
                self.line(&format!("{label}, {threads}"), |it| {
                    it.mining.get(place).map_or(String::new(), |it| duration(seconds(it)))
                })
            };
            lines.push(line("1 thread", |it| it.one_thread_seconds_mean));
            if self.threads > 1 {
                lines.push(line(&format!("{} threads", self.threads), |it| it.all_threads_seconds_mean));
            }
        }
        lines
    }

    /// A row of the table: a column for each back end.
    fn line(&self, label: &str, cell: impl Fn(&BackendReport) -> String) -> String {
        let cells: String = self.backends.iter().map(|backend| format!("{:>12}", cell(backend))).collect();
        format!("  {label:<36}{cells}")
    }
}

/// A time with three digits and the unit that suits it.
fn duration(seconds: f64) -> String {
    let (value, unit) = if seconds < 1.0 { (seconds * 1e3, "ms") } else { (seconds, "s") };
    let decimals = if value < 10.0 {
        2
    } else if value < 100.0 {
        1
    } else {
        0
    };
    format!("{value:.decimals$} {unit}")
}

/// The middle one of an odd number of values.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests;
