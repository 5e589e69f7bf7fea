//! What was measured, for people and for programs.

use serde::Serialize;

/// Two threads that had less than this of their two cores are not judged by what they missed.
const CORES_HAD_MIN: f64 = 1.95;

/// The whole measurement.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) processor: String,
    pub(crate) pinned_to_core: usize,
    pub(crate) rounds: usize,
    pub(crate) mined_message_bytes: usize,
    pub(crate) mined_zeros: u32,
    pub(crate) verified_message_bytes: usize,
    pub(crate) search: Vec<Search>,
    pub(crate) verification: Vec<Verification>,
    /// How often one thread and two were measured.
    pub(crate) two_threads_pairs: usize,
    /// Empty on one core.
    pub(crate) two_threads: Vec<TwoThreads>,
}

/// A search on one core.
#[derive(Debug, Serialize)]
pub(crate) struct Search {
    pub(crate) name: String,
    pub(crate) million_nonces_per_cpu_second: f64,
    pub(crate) times_bee_pow: f64,
    pub(crate) times_bee_pow_goal: Option<f64>,
}

/// The verification of messages on one core.
#[derive(Debug, Serialize)]
pub(crate) struct Verification {
    pub(crate) name: String,
    pub(crate) messages_at_once: usize,
    pub(crate) cpu_nanoseconds_per_message: f64,
    pub(crate) times_bee_pow: f64,
    pub(crate) cpu_nanoseconds_per_message_goal: Option<f64>,
}

/// Threads on two cores, by the clock.
#[derive(Debug, Serialize)]
pub(crate) struct TwoThreads {
    pub(crate) name: String,
    pub(crate) on_cores: [usize; 2],
    pub(crate) one_million_nonces_per_second: f64,
    pub(crate) two_million_nonces_per_second: f64,
    pub(crate) two_to_one: f64,
    /// Processor time per second that the two threads had: 2 unless others use the cores as well.
    pub(crate) two_threads_cores_had: f64,
    pub(crate) two_to_one_goal: f64,
}

impl Report {
    /// The report as lines for a person.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("{}, pinned to core {}", self.processor, self.pinned_to_core),
            format!(
                "medians of {} rounds, all taken in turns; a ratio is the median of the ratios of each round",
                self.rounds
            ),
            String::new(),
            format!(
                "search, a message of {} bytes, {} zeros, processor time",
                self.mined_message_bytes, self.mined_zeros
            ),
            format!("  {:<34}{:>12}{:>12}", "", "Mnonces/s", "x bee-pow"),
        ];
        lines.extend(self.search.iter().map(Search::line));
        lines.push(String::new());
        lines.push(format!(
            "verification, messages of {} bytes, BLAKE2b included, processor time",
            self.verified_message_bytes
        ));
        lines.push(format!("  {:<34}{:>12}{:>12}", "", "ns/message", "x bee-pow"));
        lines.extend(self.verification.iter().map(Verification::line));
        lines.push(String::new());
        match self.two_threads.first() {
            Some(first) => {
                let [one, two] = first.on_cores;
                lines.push(format!(
                    "two threads on cores {one} and {two}, Mnonces/s by the clock, medians of {} pairs",
                    self.two_threads_pairs
                ));
                lines.push(format!(
                    "  {:<22}{:>12}{:>12}{:>12}{:>12}",
                    "", "1 thread", "2 threads", "2 to 1", "cores had"
                ));
                lines.extend(self.two_threads.iter().map(TwoThreads::line));
            }
            None => lines.push("two threads: not measured, there is one core only".to_owned()),
        }
        lines
    }
}

impl Search {
    fn line(&self) -> String {
        let verdict = self.times_bee_pow_goal.map_or(String::new(), |goal| {
            format!("   goal: at least {goal}, {}", verdict(self.times_bee_pow >= goal))
        });
        format!(
            "  {:<34}{:>12.3}{:>12.2}{verdict}",
            self.name, self.million_nonces_per_cpu_second, self.times_bee_pow
        )
    }
}

impl Verification {
    fn line(&self) -> String {
        let verdict = self.cpu_nanoseconds_per_message_goal.map_or(String::new(), |goal| {
            format!("   goal: under {goal}, {}", verdict(self.cpu_nanoseconds_per_message < goal))
        });
        let way = match self.messages_at_once {
            1 => "one at a time".to_owned(),
            messages => format!("{messages} at once"),
        };
        format!(
            "  {:<34}{:>12.0}{:>12.2}{verdict}",
            format!("{}, {way}", self.name),
            self.cpu_nanoseconds_per_message,
            self.times_bee_pow
        )
    }
}

impl TwoThreads {
    fn line(&self) -> String {
        format!(
            "  {:<22}{:>12.3}{:>12.3}{:>12.3}{:>12.2}   goal: at least {}, {}",
            self.name,
            self.one_million_nonces_per_second,
            self.two_million_nonces_per_second,
            self.two_to_one,
            self.two_threads_cores_had,
            self.two_to_one_goal,
            self.verdict()
        )
    }

    /// Threads that did not have their cores cannot show how much they gain from them.
    fn verdict(&self) -> &'static str {
        let is_met = self.two_to_one >= self.two_to_one_goal;
        if !is_met && self.two_threads_cores_had < CORES_HAD_MIN {
            return "not shown: others used the cores";
        }
        verdict(is_met)
    }
}

fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "missed" }
}
