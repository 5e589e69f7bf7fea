//! `osmia bench`: measures this machine with the program's own parts.

mod child;
mod confirm;
mod gossip;
mod hops;
mod ingest;
mod measure;
mod pow;
mod sync;
mod workload;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use osmia_engine::{Node, NodeOptions, RunningNode};
use osmia_pow::Backend;
use osmia_store::{Store, StoreOptions};

use crate::clock;

/// What to measure.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Bench {
    /// Data messages per second from the verify pool to durable storage
    Ingest {
        /// How many messages
        #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=20_000_000))]
        messages: u64,
        /// Folder for the scratch database; it is made, and removed afterwards
        #[arg(long, default_value = "osmia-bench")]
        folder: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// A new node that catches up from one peer
    Sync {
        /// How many milestones
        #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(10..=100_000))]
        milestones: u64,
        /// Data messages of each milestone
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=10_000))]
        messages: u64,
        /// Folder for the scratch databases; it is made, and removed afterwards
        #[arg(long, default_value = "osmia-bench")]
        folder: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// New messages from one peer through a node to another, alone and beside a flood; and the time over three hops
    Gossip {
        /// How many messages
        #[arg(long, default_value_t = 400_000, value_parser = clap::value_parser!(u64).range(10_000..=20_000_000))]
        messages: u64,
        /// Folder for the scratch databases; it is made, and removed afterwards
        #[arg(long, default_value = "osmia-bench")]
        folder: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Time to confirm a milestone over many data messages and over many transactions
    Confirm {
        /// Folder for the scratch databases; it is made, and removed afterwards
        #[arg(long, default_value = "osmia-bench")]
        folder: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Proof of work by every back end of this processor: hash rate, verification, expected time of mining
    Pow {
        /// Threads of the second hash rate; all cores unless given
        #[arg(long, value_parser = pow::threads)]
        threads: Option<NonZeroUsize>,
        /// Seconds that each figure is measured for, its runs together
        #[arg(long, default_value_t = 1.0, value_parser = pow::seconds)]
        seconds: f64,
        /// One back end only: portable, avx2 or avx512
        #[arg(long, value_parser = pow::backend)]
        backend: Option<Backend>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Sizes of milestones over data messages, to show that the time grows linearly.
const CONFIRM_DATA: [usize; 3] = [25_000, 50_000, 100_000];
/// Sizes of milestones over transactions.
const CONFIRM_TRANSACTIONS: [usize; 3] = [2_500, 5_000, 10_000];

impl Bench {
    /// Runs the bench; the report is for standard output.
    pub(crate) fn run(self) -> anyhow::Result<String> {
        match self {
            Self::Ingest { messages, folder, json } => {
                let scratch = Scratch::make(&folder)?;
                let report = ingest::run(&scratch.0, messages)?;
                if json { Ok(serde_json::to_string_pretty(&report)?) } else { Ok(report.lines().join("\n")) }
            }
            Self::Sync { milestones, messages, folder, json } => {
                let scratch = Scratch::make(&folder)?;
                let report = sync::run(&scratch.0, milestones, messages)?;
                if json { Ok(serde_json::to_string_pretty(&report)?) } else { Ok(report.lines().join("\n")) }
            }
            Self::Gossip { messages, folder, json } => {
                let scratch = Scratch::make(&folder)?;
                let report = gossip::run(&scratch.0, messages)?;
                if json { Ok(serde_json::to_string_pretty(&report)?) } else { Ok(report.lines().join("\n")) }
            }
            Self::Confirm { folder, json } => {
                let scratch = Scratch::make(&folder)?;
                let report = confirm::run(&scratch.0, &CONFIRM_DATA, &CONFIRM_TRANSACTIONS)?;
                if json { Ok(serde_json::to_string_pretty(&report)?) } else { Ok(report.lines().join("\n")) }
            }
            Self::Pow { threads, seconds, backend, json } => {
                let report = pow::run(threads, seconds, backend)?;
                if json { Ok(serde_json::to_string_pretty(&report)?) } else { Ok(report.lines().join("\n")) }
            }
        }
    }
}

/// A folder that is removed when the bench ends.
struct Scratch(PathBuf);

impl Scratch {
    fn make(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir(folder).with_context(|| {
            format!(
                "making the scratch folder {}: name one that does not exist with --folder",
                folder.display()
            )
        })?;
        Ok(Self(folder.to_owned()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "the scratch folder could not be removed");
        }
    }
}

/// A store with the bench network's genesis.
fn open_store(folder: &Path) -> anyhow::Result<Arc<Store>> {
    let store = Store::open(folder, &StoreOptions::small_machine())?;
    osmia_engine::genesis::load(&store, &workload::parameters()?, &mut workload::genesis()?.as_slice())?;
    Ok(Arc::new(store))
}

/// A node of the bench network. One verify thread, so that messages stay in order.
fn start_node(store: Arc<Store>) -> anyhow::Result<RunningNode> {
    let options = NodeOptions {
        parameters: workload::parameters()?,
        coordinator: None,
        gossip: None,
        verify_threads: 1,
        seed: [5; 32],
        clock: clock::unix_ms,
    };
    Ok(Node::start(store, options)?)
}
