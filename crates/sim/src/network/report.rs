//! What a run tells: a line for each event, a digest of them all, and what was wrong.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Write as _};

use osmia_engine::FatalError;
use osmia_store::StoreError;

/// Lines that a failure shows.
const TAIL_LINES: usize = 60;

/// Something that must never happen did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation(pub(crate) String);

/// A value, unless something happened that must not.
pub(crate) type Checked<T = ()> = Result<T, Violation>;

/// A violation with its text.
pub(crate) fn violation<T>(text: impl fmt::Display) -> Checked<T> {
    Err(Violation(text.to_string()))
}

impl From<StoreError> for Violation {
    fn from(error: StoreError) -> Self {
        Self(format!("a store failed: {error}"))
    }
}

impl From<FatalError> for Violation {
    fn from(error: FatalError) -> Self {
        Self(format!("a node stopped: {error}"))
    }
}

/// A run in which something was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// When, in milliseconds of virtual time.
    pub at_ms: u64,
    /// What was wrong.
    pub what: String,
    /// The last events before.
    pub tail: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.tail {
            writeln!(out, "{line}")?;
        }
        writeln!(out, "seed {} failed at {} ms: {}", self.seed, self.at_ms, self.what)?;
        write!(out, "again: cargo xtask sim --seed {}", self.seed)
    }
}

impl std::error::Error for Failure {}

/// A run in which everything was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its seed.
    pub seed: u64,
    /// How long it took, in milliseconds of virtual time.
    pub ended_ms: u64,
    /// The milestone at which everybody ended.
    pub milestones: u32,
    /// The longest time that a milestone took to a node some time after faults ended, in milliseconds.
    pub slowest_ms: u64,
    /// A digest of every event with its time: runs with equal digests were equal.
    pub digest: u64,
    /// How often what happened.
    pub counts: BTreeMap<&'static str, u64>,
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, ended_ms, milestones, slowest_ms, digest, counts } = self;
        write!(
            out,
            "seed {seed}: {milestones} milestones in {ended_ms} ms, slowest {slowest_ms} ms, digest {digest:016x}"
        )?;
        for (name, count) in counts {
            write!(out, ", {name} {count}")?;
        }
        Ok(())
    }
}

/// The events of a run.
#[derive(Debug, Default)]
pub(crate) struct EventLog {
    tail: VecDeque<String>,
    digest: u64,
    counts: BTreeMap<&'static str, u64>,
    /// Every line, when they are to be printed.
    all: Option<Vec<String>>,
}

impl EventLog {
    /// `keeps_all`: whether every line is kept, for somebody to read.
    pub(crate) fn new(keeps_all: bool) -> Self {
        Self { all: keeps_all.then(Vec::new), ..Self::default() }
    }

    /// Notes a line.
    pub(crate) fn note(&mut self, at_ms: u64, line: fmt::Arguments<'_>) {
        let mut text = if self.tail.len() < TAIL_LINES {
            String::new()
        } else {
            self.tail.pop_front().unwrap_or_default()
        };
        text.clear();
        if write!(text, "{at_ms:>7} {line}").is_err() {
            text.push_str("(a line that cannot be written)");
        }
        // FNV-1a: it only has to tell runs apart.
        for byte in text.bytes() {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(all) = &mut self.all {
            all.push(text.clone());
        }
        self.tail.push_back(text);
    }

    /// Counts something.
    pub(crate) fn count(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
    }

    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }

    pub(crate) fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// The lines to show: all of them when they were kept, otherwise the last ones.
    pub(crate) fn into_lines(self) -> Vec<String> {
        self.all.unwrap_or_else(|| self.tail.into())
    }
}
