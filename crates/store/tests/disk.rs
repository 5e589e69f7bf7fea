//! The store on a disk: crashes, torn and damaged files, folders of others, and the tuning that must arrive.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first failure"
)]

#[path = "support/folder.rs"]
mod folder;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_store::{
    Arrival, Batch, Durability, FIRST_ARRIVAL, IndexHash, NewVertex, Recovery, SCHEMA, Store, StoreError,
    StoreOptions, Table,
};
use tempfile::TempDir;

use folder::crashed_copy;

const OPTIONS: StoreOptions = StoreOptions::small_machine();
const COUNT: &[u8] = b"count";
/// A log without commits holds where its predecessor ended.
const HEADER_BYTES_MAX: u64 = 64;

fn arrival(place: u64) -> Arrival {
    Arrival(FIRST_ARRIVAL.0 + place)
}

fn open(folder: &Path) -> Store {
    Store::open(folder, &OPTIONS).unwrap()
}

/// Message `place`, its milestone and the count, in one commit.
fn commit_message(store: &Store, place: u64) {
    let message = format!("message {place} {}", "x".repeat(200)).into_bytes();
    let parents: Vec<Arrival> = place.checked_sub(1).map(arrival).into_iter().collect();
    let mut batch = Batch::new();
    let id = MessageId::of(&message);
    let index = Some(IndexHash([1; 16]));
    batch.put_vertex(arrival(place), &NewVertex { id, parents: &parents, index, flags: 0, bytes: &message });
    let milestone = MilestoneIndex(u32::try_from(place).unwrap() + 1);
    store.put_positions(&mut batch, milestone, &[(arrival(place), 1)]).unwrap();
    batch.put(Table::Milestones, &milestone.0.to_be_bytes(), b"");
    batch.put_state_number(COUNT, place + 1);
    store.commit(batch, Durability::Logged).unwrap();
}

/// How many messages the store holds, after checking that exactly those of whole commits are there.
fn whole_commits(store: &Store) -> u64 {
    let reader = store.snapshot();
    let count = reader.state_number(COUNT).unwrap().unwrap_or(0);
    assert_eq!(reader.next_arrival().unwrap(), arrival(count));
    let audit = store.audit().unwrap();
    assert!(audit.is_clean(), "{:?}", audit.findings);
    assert_eq!((audit.messages, audit.index_rows, audit.referenced), (count, count, count));
    assert_eq!(audit.children, count.saturating_sub(1));
    count
}

/// The newest file with this ending (RocksDB numbers its files).
fn newest(folder: &Path, ending: &str) -> PathBuf {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.to_string_lossy().ends_with(ending)).max().unwrap()
}

fn filled_and_crashed(messages: u64) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    (0..messages).for_each(|place| commit_message(&store, place));
    crashed_copy(folder.path())
}

#[test]
fn everything_committed_is_there_after_a_crash_and_after_closing() {
    let crashed = filled_and_crashed(300);
    let store = open(crashed.path());
    assert_eq!(whole_commits(&store), 300);
    commit_message(&store, 300);
    store.close().unwrap();
    let log = newest(crashed.path(), ".log");
    assert!(fs::metadata(log).unwrap().len() < HEADER_BYTES_MAX, "closing leaves nothing to replay");
    assert_eq!(whole_commits(&open(crashed.path())), 301);
}

/// A kill while RocksDB makes a database leaves one without a log, which must not be taken for one that lost it.
#[test]
fn a_store_whose_making_was_interrupted_is_made_anew() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("database");
    let draft = folder.path().join("database.new");
    drop(open(&draft));
    for entry in fs::read_dir(&draft).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|ending| ending == "log") {
            fs::remove_file(file).unwrap();
        }
    }
    assert!(matches!(Store::open(&draft, &OPTIONS), Err(StoreError::Corrupt { .. })), "what a kill left");
    let store = open(&path);
    assert!(!draft.exists(), "it was moved to its place");
    commit_message(&store, 0);
    drop(store);
    assert_eq!(whole_commits(&open(&path)), 1);
}

#[test]
fn dropping_a_store_leaves_nothing_to_replay() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    commit_message(&store, 0);
    assert!(fs::metadata(newest(folder.path(), ".log")).unwrap().len() > HEADER_BYTES_MAX);
    drop(store);
    assert!(fs::metadata(newest(folder.path(), ".log")).unwrap().len() < HEADER_BYTES_MAX);
    let store = open(folder.path());
    assert_eq!(whole_commits(&store), 1);
    assert!(store.size_on_disk().unwrap() > 1_000);
    assert!(store.memory_use().unwrap().write_buffer_bytes > 0);
}

#[test]
fn a_log_torn_at_any_place_opens_with_the_commits_before_it() {
    let crashed = filled_and_crashed(40);
    let log = newest(crashed.path(), ".log");
    let whole = fs::read(&log).unwrap();
    let mut counts = Vec::new();
    for cut in [0, 1, 7, 100, 1_000, 5_000, whole.len() / 2, whole.len() - 1, whole.len()] {
        fs::write(&log, &whole[..cut]).unwrap();
        let torn = crashed_copy(crashed.path());
        counts.push(whole_commits(&open(torn.path())));
    }
    assert!(counts.is_sorted(), "{counts:?}");
    assert_eq!((counts[0], counts[7], counts[8]), (0, 39, 40), "{counts:?}");
}

#[test]
fn zeros_after_the_end_of_the_log_are_no_damage() {
    let crashed = filled_and_crashed(20);
    let log = newest(crashed.path(), ".log");
    let mut bytes = fs::read(&log).unwrap();
    bytes.extend_from_slice(&[0; 10_000]);
    fs::write(&log, bytes).unwrap();
    assert_eq!(whole_commits(&open(crashed.path())), 20);
}

#[test]
fn damage_inside_the_log_is_an_error_unless_the_operator_accepts_the_loss() {
    let crashed = filled_and_crashed(40);
    let log = newest(crashed.path(), ".log");
    let mut bytes = fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    fs::write(&log, bytes).unwrap();
    let error = Store::open(crashed.path(), &OPTIONS).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("restore the folder"), "{error}");
    let options = StoreOptions { recovery: Recovery::UpToDamage, ..OPTIONS };
    let store = Store::open(crashed.path(), &options).unwrap();
    let count = whole_commits(&store);
    assert!(count > 0 && count < 40, "{count}");
}

#[test]
fn a_log_missing_or_cut_in_the_middle_of_the_sequence_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    commit_message(&store, 0);
    // A flushed table starts a new log; the others still need the old one.
    let mut batch = Batch::new();
    batch.put(Table::Outputs, b"large", &vec![7; 40 << 20]);
    store.commit(batch, Durability::Logged).unwrap();
    (1..20).for_each(|place| commit_message(&store, place));
    let crashed = crashed_copy(folder.path());
    let mut logs: Vec<PathBuf> =
        fs::read_dir(crashed.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    logs.retain(|path| path.extension().is_some_and(|ending| ending == "log"));
    logs.sort();
    assert!(logs.len() >= 2, "{logs:?}");
    let old = fs::read(&logs[0]).unwrap();
    fs::write(&logs[0], &old[..old.len() / 2]).unwrap();
    assert!(matches!(Store::open(crashed.path(), &OPTIONS), Err(StoreError::Corrupt { .. })));
    fs::remove_file(&logs[0]).unwrap();
    assert!(matches!(Store::open(crashed.path(), &OPTIONS), Err(StoreError::Corrupt { .. })));
    fs::write(&logs[0], &old).unwrap();
    assert_eq!(whole_commits(&open(crashed.path())), 20);
}

#[test]
fn damage_in_a_table_file_is_an_error_of_the_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let bytes: Vec<u8> = (0..100_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let mut batch = Batch::new();
    batch.put(Table::Log, &arrival(0).0.to_be_bytes(), &bytes);
    store.commit(batch, Durability::Logged).unwrap();
    store.close().unwrap();
    let table = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.extension().is_some_and(|ending| ending == "sst")
                && fs::metadata(path).unwrap().len() > 100_000
        })
        .unwrap();
    let mut file = fs::read(&table).unwrap();
    file[50_000] ^= 1;
    fs::write(&table, file).unwrap();
    let store = open(folder.path());
    assert!(matches!(store.latest().vertex(arrival(0)), Err(StoreError::Corrupt { .. })));
    assert!(matches!(store.audit(), Err(StoreError::Corrupt { .. })));
}

#[test]
fn a_folder_in_use_and_a_folder_that_is_a_file_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let error = Store::open(folder.path(), &OPTIONS).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("already in use"), "{error}");
    drop(store);
    open(folder.path()).close().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    assert!(matches!(Store::open(&file, &OPTIONS), Err(StoreError::Open { .. })));
}

#[test]
fn a_store_of_another_schema_or_without_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut batch = Batch::new();
    batch.put_state_number(b"schema", SCHEMA + 1);
    store.commit(batch, Durability::Logged).unwrap();
    store.close().unwrap();
    let error = Store::open(folder.path(), &OPTIONS).unwrap_err();
    assert!(matches!(error, StoreError::Schema { found: 2, expected: 1, .. }), "{error}");
    let other = tempfile::tempdir().unwrap();
    let store = open(other.path());
    let mut batch = Batch::new();
    batch.delete(Table::State, b"schema");
    batch.put(Table::Outputs, b"key", b"value");
    store.commit(batch, Durability::Logged).unwrap();
    store.close().unwrap();
    assert!(matches!(Store::open(other.path(), &OPTIONS), Err(StoreError::Schema { found: 0, .. })));
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = rocksdb::Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    drop(rocksdb::DB::open_cf(&options, folder.path(), ["messages"]).unwrap());
    let error = Store::open(folder.path(), &OPTIONS).unwrap_err();
    assert!(matches!(&error, StoreError::Foreign { table, .. } if table == "messages"), "{error}");
}

/// The sections of the newest OPTIONS file: section title → name → value.
fn options_file(folder: &Path) -> BTreeMap<String, BTreeMap<String, String>> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let newest = names.filter(|path| path.to_string_lossy().contains("OPTIONS-")).max().unwrap();
    let mut sections: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut title = String::new();
    for line in fs::read_to_string(newest).unwrap().lines().map(str::trim) {
        if line.starts_with('[') {
            title = line.to_owned();
        } else if let Some((name, value)) = line.split_once('=') {
            sections.entry(title.clone()).or_default().insert(name.to_owned(), value.to_owned());
        }
    }
    sections
}

#[test]
fn the_tuning_arrived_in_every_column_family() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let sections = options_file(folder.path());
    let expect = |section: &str, expected: &[(&str, &str)]| {
        for (name, value) in expected {
            assert_eq!(sections[section].get(*name).map(String::as_str), Some(*value), "{section} {name}");
        }
    };
    expect(
        "[DBOptions]",
        &[
            ("max_total_wal_size", "67108864"),
            ("db_write_buffer_size", "67108864"),
            ("max_background_jobs", "2"),
            ("max_open_files", "512"),
            ("wal_recovery_mode", "kTolerateCorruptedTailRecords"),
            ("track_and_verify_wals", "true"),
            ("allow_concurrent_memtable_write", "false"),
        ],
    );
    for table in Table::ALL {
        let blocks = format!("[TableOptions/BlockBasedTable \"{}\"]", table.name());
        expect(&blocks, &[("cache_index_and_filter_blocks", "true"), ("no_block_cache", "false")]);
    }
    let family = |table: Table| format!("[CFOptions \"{}\"]", table.name());
    let blocks = |table: Table| format!("[TableOptions/BlockBasedTable \"{}\"]", table.name());
    expect(&family(Table::Log), &[("compression", "kLZ4Compression"), ("write_buffer_size", "16777216")]);
    expect(&blocks(Table::Log), &[("block_size", "16384"), ("filter_policy", "nullptr")]);
    expect(
        &family(Table::Ids),
        &[("compression", "kNoCompression"), ("memtable_whole_key_filtering", "true")],
    );
    expect(
        &blocks(Table::Ids),
        &[("filter_policy", "bloomfilter"), ("partition_filters", "true"), ("block_size", "4096")],
    );
    expect(&family(Table::Children), &[("compression", "kLZ4Compression")]);
    expect(&blocks(Table::Positions), &[("filter_policy", "bloomfilter")]);
}

const CHILD_FOLDER: &str = "OSMIA_STORE_TEST_FOLDER";
const CHILD_TEST: &str = "in_a_child_process_commit_until_killed";

/// Does nothing unless it is started by the test below.
#[test]
fn in_a_child_process_commit_until_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else { return };
    let store = open(Path::new(&folder));
    let first = store.latest().state_number(COUNT).unwrap().unwrap_or(0);
    for place in first..first + 1_000_000 {
        commit_message(&store, place);
        println!("committed {}", place + 1);
    }
}

#[test]
fn what_a_killed_process_reported_as_committed_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut committed = 0;
    for lines in [1, 57, 400, 3] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD_TEST, "--nocapture"])
            .env(CHILD_FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut reports = output.filter_map(|line| line.rsplit_once("committed ")?.1.parse().ok());
        let reported: u64 = reports.by_ref().nth(lines - 1).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let reported = reports.last().unwrap_or(reported);
        assert!(reported > committed);
        committed = whole_commits(&open(folder.path()));
        assert!(committed == reported || committed == reported + 1, "{committed} {reported}");
    }
}
