//! Files that are what they should be.

use osmia_chrysalis::limits::TOKEN_SUPPLY;
use osmia_chrysalis::{MilestoneKeys, ProtocolParameters, ledger};
use osmia_engine::ledger::StoreLedger;
use osmia_engine::snapshot::{Loaded, PROGRESS_BYTES, Progress, load_snapshot};
use osmia_primitives::MilestoneIndex;
use osmia_store::{ScanRange, Store, Table};
use proptest::prelude::*;

use crate::history::{History, LAST, assert_at, audit, header, load, parameters, timestamp, write};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_full_file_is_taken_back_to_its_entry_points(seed: u64, one in 0..=LAST, other in 0..=LAST) {
        let (target, ledger) = (one.min(other), one.max(other));
        let history = History::random(seed);
        let store = Store::in_memory().unwrap();
        let loaded = load(&store, &history.full(ledger, target), None).unwrap();
        let expected = Loaded {
            index: MilestoneIndex(target),
            timestamp: timestamp(target),
            outputs: history.ledger(target).unspent.len() as u64,
            entry_points: u64::from(target % 3 + 1),
            milestones: u64::from(ledger - target),
            treasury: history.treasury(target).amount,
        };
        prop_assert_eq!(loaded, expected);
        assert_at(&store, &history, target);
        let receipts = store.latest().scan(Table::Receipts, ScanRange::all()).count();
        prop_assert_eq!(receipts, 0, "a full file does not tell the receipts of its ledger");
    }

    #[test]
    fn a_delta_file_leads_to_the_ledger_of_a_later_full_file(seed: u64, mut indexes in [0..=LAST, 0..=LAST, 0..=LAST]) {
        indexes.sort_unstable();
        let [base, one, two] = indexes;
        let history = History::random(seed);
        for (ledger, target) in [(one, two), (two, one)] {
            let store = Store::in_memory().unwrap();
            let full = history.full(ledger, base);
            let loaded = load(&store, &full, Some(&history.delta(base, target))).unwrap();
            prop_assert_eq!(loaded.milestones, u64::from(ledger - base + target - base));
            assert_at(&store, &history, target);
            let receipts = store.latest().scan(Table::Receipts, ScanRange::all()).count();
            prop_assert_eq!(receipts, history.receipts(base, target));
        }
    }
}

#[test]
fn a_loaded_ledger_has_no_history_and_makes_its_own() {
    let history = History::random(5);
    let store = Store::in_memory().unwrap();
    load(&store, &history.full(3, 2), Some(&history.delta(2, 4))).unwrap();
    let reader = store.latest();
    let stored = StoreLedger(&reader);
    for index in 0..=LAST {
        assert_eq!(ledger::undo(&stored, MilestoneIndex(index)).unwrap(), None);
        assert_eq!(ledger::prune(&stored, MilestoneIndex(index)).unwrap(), None);
    }
}

#[test]
fn the_genesis_of_private_tangle1_loads() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/snapshots/private_tangle1-genesis.bin");
    let mut file = std::fs::File::open(path).unwrap();
    let keys = MilestoneKeys::new(Vec::new(), 2);
    let parameters = ProtocolParameters::new("private_tangle1", "atoi", 100.0, keys).unwrap();
    let store = Store::in_memory().unwrap();
    let loaded = load_snapshot(&store, &parameters, &mut file, None, &mut |_| ()).unwrap();
    assert_eq!((loaded.index, loaded.outputs, loaded.entry_points), (MilestoneIndex(0), 1, 1));
    assert_eq!(audit(&store).output_funds, u128::from(TOKEN_SUPPLY));
}

#[test]
fn progress_grows_to_the_length_of_both_files_in_steps() {
    let history = History::random(1);
    // Half a megabyte of entry points, of which only those of the second file are kept.
    let ids: Vec<_> =
        (0..8_000_u32).map(|number| osmia_primitives::MessageId::of(&number.to_le_bytes())).collect();
    let full = with_entry_points(&history.full(0, 0), &ids);
    let delta = with_entry_points(&history.delta(0, 2), &ids);
    let mut calls = Vec::new();
    let store = Store::in_memory().unwrap();
    let loaded = load_snapshot(
        &store,
        &parameters(),
        &mut full.as_slice(),
        Some(&mut delta.as_slice()),
        &mut |progress| calls.push(progress),
    )
    .unwrap();
    assert_eq!(loaded.entry_points, 8_003);
    let Progress { bytes, outputs, milestones } = *calls.last().unwrap();
    assert_eq!((bytes, outputs, milestones), ((full.len() + delta.len()) as u64, loaded.outputs, 2));
    assert!(calls.len() as u64 <= bytes / PROGRESS_BYTES + 2, "{calls:?}");
    assert!(calls.len() > 6 && calls.windows(2).all(|pair| pair[0].bytes < pair[1].bytes), "{calls:?}");
    audit(&store);
}

/// The file with more entry points.
fn with_entry_points(file: &[u8], more: &[osmia_primitives::MessageId]) -> Vec<u8> {
    let old = u64::from_le_bytes(file[26..34].try_into().unwrap());
    let mut changed = file.to_vec();
    changed[26..34].copy_from_slice(&(old + more.len() as u64).to_le_bytes());
    let first = if file[1] == 0 { 90 } else { 42 };
    let more: Vec<u8> = more.iter().flat_map(|id| id.0).collect();
    changed.splice(first..first, more);
    changed
}

#[test]
fn a_delta_file_without_milestones_replaces_the_entry_points_only() {
    let history = History::random(2);
    let store = Store::in_memory().unwrap();
    let delta = write(header(3, 3, None), &[], &[]);
    assert_eq!(load(&store, &history.full(3, 3), Some(&delta)).unwrap().milestones, 0);
    assert_at(&store, &history, 3);
}
