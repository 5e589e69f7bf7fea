//! Measures how fast a full snapshot is loaded: makes a file, loads it, and prints outputs per second and peak memory.
//!
//! `cargo run --release -p osmia-engine --example load_snapshot -- [OUTPUTS] [ORDER] [FOLDER]`: a million outputs, in the order
//! `address` (as the reference node writes them) or `random`, in a scratch folder beside the current one.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "an example measures and prints"
)]

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Instant;

use osmia_chrysalis::ledger::audit;
use osmia_chrysalis::limits::TOKEN_SUPPLY;
use osmia_chrysalis::snapshot::{
    SnapshotHeader, SnapshotKind, SnapshotOutput, SnapshotTreasury, SnapshotWriter,
};
use osmia_chrysalis::{Address, MilestoneKeys, Output, OutputId, OutputKind, ProtocolParameters};
use osmia_engine::ledger::StoreLedger;
use osmia_engine::snapshot::load_snapshot;
use osmia_primitives::{MessageId, MilestoneId, MilestoneIndex, TransactionId, blake2b};
use osmia_store::{Store, StoreOptions};

const AMOUNT: u64 = 1_000_000;
const INDEX: MilestoneIndex = MilestoneIndex(3_000_000);
const ENTRY_POINTS: u64 = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let outputs: u64 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let is_random = arguments.next().is_some_and(|order| order == "random");
    let folder = arguments.next().map_or_else(|| PathBuf::from("."), PathBuf::from);
    let folder = tempfile::tempdir_in(folder)?;
    let parameters = ProtocolParameters::new("load", "atoi", 0.0, MilestoneKeys::new(Vec::new(), 1))?;
    let path = folder.path().join("full.bin");
    make(&path, &parameters, outputs, is_random)?;
    println!("file         {} MB, {outputs} outputs", std::fs::metadata(&path)?.len() / 1_000_000);
    println!("memory       {} MB before loading", memory_mb("VmHWM")?);

    let store = Store::open(&folder.path().join("database"), &StoreOptions::small_machine())?;
    let start = Instant::now();
    let mut calls = 0_u64;
    let loaded = load_snapshot(&store, &parameters, &mut File::open(&path)?, None, &mut |_| calls += 1)?;
    let seconds = start.elapsed().as_secs_f64();
    println!("loaded       {} outputs in {seconds:.2} s", loaded.outputs);
    println!("speed        {:.0} outputs/s", loaded.outputs as f64 / seconds);
    println!("progress     {calls} calls");
    println!("peak memory  {} MB", memory_mb("VmHWM")?);
    println!("database     {} MB", store.size_on_disk()? / 1_000_000);

    let start = Instant::now();
    let is_clean = audit(&StoreLedger(&store.latest()))?.is_clean();
    println!("audit        {is_clean}, {:.2} s (not part of loading)", start.elapsed().as_secs_f64());
    Ok(())
}

/// Writes a full snapshot with `outputs` outputs, two on each address.
fn make(
    path: &Path,
    parameters: &ProtocolParameters,
    outputs: u64,
    is_random: bool,
) -> Result<(), Box<dyn Error>> {
    let treasury = TOKEN_SUPPLY - outputs * AMOUNT;
    let header = SnapshotHeader {
        timestamp: 1_650_000_000,
        network_id: parameters.network_id,
        entry_points_index: INDEX,
        ledger_index: INDEX,
        entry_points: 0,
        milestone_diffs: 0,
        kind: SnapshotKind::Full {
            outputs: 0,
            treasury: SnapshotTreasury { milestone_id: MilestoneId::NULL, amount: treasury },
        },
    };
    let mut writer = SnapshotWriter::create(BufWriter::new(File::create(path)?), header)?;
    for number in 0..ENTRY_POINTS {
        writer.entry_point(&MessageId::of(&number.to_le_bytes()))?;
    }
    for number in 0..outputs {
        let owner = number / 2;
        let digest = blake2b::hash(&owner.to_le_bytes());
        let mut address = digest;
        if !is_random {
            // Ascending addresses, as a scan by address gives them.
            for (byte, new) in address.iter_mut().zip(owner.to_be_bytes()) {
                *byte = new;
            }
        }
        let id = blake2b::hash(&number.to_be_bytes());
        writer.output(&SnapshotOutput {
            message_id: MessageId(id),
            output_id: OutputId { transaction_id: TransactionId(id), index: 0 },
            output: Output {
                kind: OutputKind::SigLockedSingle,
                address: Address::Ed25519(address),
                amount: AMOUNT,
            },
        })?;
    }
    writer.finish()?;
    Ok(())
}

/// A line of the process's status, in megabytes.
fn memory_mb(name: &str) -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line")?;
    let kilobytes: u64 = line.trim_matches(|letter: char| !letter.is_ascii_digit()).parse()?;
    Ok(kilobytes / 1_000)
}
