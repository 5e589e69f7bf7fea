use clap::Parser as _;

use super::*;
use crate::cli::{Cli, Command};

const NOW: u64 = 1_800_000_000;
const WORDS: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

fn args(options: &[&str]) -> PrivateNetArgs {
    let line = ["osmia", "private-net"].into_iter().chain(options.iter().copied());
    let Command::PrivateNet(args) = Cli::try_parse_from(line).unwrap().command else { panic!("the command") };
    *args
}

fn wishes(options: &[&str]) -> Wishes {
    Wishes::read(&args(options)).unwrap()
}

fn folder(scratch: &tempfile::TempDir) -> DataFolder {
    DataFolder::create(&scratch.path().join("data")).unwrap()
}

fn error(prepared: Result<Prepared, Failure>) -> String {
    let failure = prepared.err().unwrap();
    assert_eq!(failure.exit(), Exit::WrongFolder, "{failure}");
    failure.to_string()
}

#[test]
fn a_network_is_made_once_and_then_resumed() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = folder(&scratch);
    let made = prepare(&folder, wishes(&[]), NOW).unwrap();
    let name = made.network.parameters.network_name.clone();
    assert!(name.starts_with("private-") && name.len() == 16, "{name}");
    assert_eq!(made.network.parameters.bech32_hrp, "atoi");
    assert_eq!(made.network.parameters.keys.threshold(), 2);
    let words = made.new_words.unwrap();
    assert_eq!(std::fs::read_to_string(folder.mnemonic()).unwrap(), format!("{words}\n"));
    assert_eq!(OwnerMnemonic::parse(&words).unwrap().address(), made.network.owner);

    let resumed = prepare(&folder, wishes(&[]), NOW + 1).unwrap();
    assert_eq!(resumed.network, made.network);
    assert!(resumed.new_words.is_none() && !resumed.is_new);
    let same = ["--network", name.as_str(), "--hrp", "atoi", "--min-pow-score", "100.0"];
    assert!(prepare(&folder, wishes(&same), NOW).is_ok());
}

#[test]
fn options_that_contradict_the_network_are_refused_with_the_way_out() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = folder(&scratch);
    prepare(&folder, wishes(&["--network", "mine"]), NOW).unwrap();
    let file = scratch.path().join("words");
    std::fs::write(&file, WORDS).unwrap();
    for options in [
        ["--network", "other"],
        ["--hrp", "iota"],
        ["--min-pow-score", "4000"],
        ["--mnemonic-file", file.to_str().unwrap()],
    ] {
        let error = error(prepare(&folder, wishes(&options), NOW));
        assert!(error.contains(options[0]) && error.contains("--reset"), "{error}");
    }
}

#[test]
fn the_operators_words_own_the_supply_and_are_not_copied() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = folder(&scratch);
    let file = scratch.path().join("words");
    std::fs::write(&file, WORDS).unwrap();
    let options = ["--mnemonic-file", file.to_str().unwrap()];
    let made = prepare(&folder, wishes(&options), NOW).unwrap();
    assert_eq!(made.network.owner, OwnerMnemonic::parse(WORDS).unwrap().address());
    assert!(made.new_words.is_none() && made.is_new);
    assert!(!folder.mnemonic().exists());
    // Later starts need no words.
    std::fs::remove_file(&file).unwrap();
    let resumed = prepare(&folder, wishes(&[]), NOW).unwrap();
    assert_eq!(resumed.network.mnemonic_file(&folder.mnemonic()), file);
}

#[test]
fn words_that_cannot_be_used_are_a_wrong_command_line() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("words");
    std::fs::write(&file, "not a mnemonic").unwrap();
    let error = Wishes::read(&args(&["--mnemonic-file", file.to_str().unwrap()])).err().unwrap();
    assert_eq!(error.exit(), Exit::Usage);
    assert!(error.to_string().contains("words"), "{error}");
}

/// A crash after any of the writes of the first start leaves a folder that the next start completes.
#[test]
fn an_interrupted_first_start_is_done_again() {
    let complete = tempfile::tempdir().unwrap();
    let complete = folder(&complete);
    prepare(&complete, wishes(&[]), NOW).unwrap();
    let order = [complete.mnemonic(), complete.coordinator_keys(), complete.genesis(), complete.network()];
    for count in 0..=order.len() {
        for is_half_written in [false, true] {
            let scratch = tempfile::tempdir().unwrap();
            let folder = folder(&scratch);
            for file in order.iter().take(count) {
                std::fs::copy(file, folder.path().join(file.file_name().unwrap())).unwrap();
            }
            if let Some(next) = order.get(count).filter(|_| is_half_written) {
                let half = files::temporary(&folder.path().join(next.file_name().unwrap()));
                std::fs::write(half, b"ha").unwrap();
            }
            let made = prepare(&folder, wishes(&[]), NOW).unwrap();
            assert_eq!(made.is_new, count < order.len());
            let resumed = prepare(&folder, wishes(&[]), NOW).unwrap();
            assert_eq!(resumed.network, made.network);
            let words = std::fs::read_to_string(folder.mnemonic()).unwrap();
            assert_eq!(OwnerMnemonic::parse(&words).unwrap().address(), made.network.owner);
        }
    }
}

#[test]
fn damaged_files_are_refused_with_the_way_out() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = folder(&scratch);
    prepare(&folder, wishes(&[]), NOW).unwrap();
    let other_keys = keys::pack_keys(&keys::generate_coordinator_keys().unwrap());
    for (path, contents) in [
        (folder.network(), "{}"),
        (folder.network(), ""),
        (folder.coordinator_keys(), "12\n"),
        (folder.coordinator_keys(), other_keys.as_str()),
    ] {
        let good = std::fs::read(&path).unwrap();
        std::fs::write(&path, contents).unwrap();
        let error = error(prepare(&folder, wishes(&[]), NOW));
        assert!(error.contains(path.to_str().unwrap()) && error.contains("--reset"), "{error}");
        std::fs::write(&path, good).unwrap();
    }
    assert!(prepare(&folder, wishes(&[]), NOW).is_ok());
}

#[test]
fn private_tangle1_is_made_with_its_published_keys() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = folder(&scratch);
    let made = prepare(&folder, wishes(&["--like", "private_tangle1"]), NOW).unwrap();
    let known = networks::built_in("private_tangle1").unwrap();
    assert_eq!(made.network.parameters, *known.parameters());
    assert_eq!(made.network.owner, known.genesis().unwrap().owner);
    let signers: Vec<PublicKey> = made.coordinator_keys.iter().map(SecretKey::public_key).collect();
    let ranges = known.parameters().keys.ranges();
    assert_eq!(signers, ranges.iter().map(|range| range.public_key).collect::<Vec<_>>());
    // Its file is found to be the same network, and the folder resumes with and without the option.
    let text = std::fs::read_to_string(folder.network()).unwrap();
    assert_eq!(Network::from_json(&text).unwrap(), made.network);
    for options in [&[][..], &["--like", "private_tangle1"]] {
        assert_eq!(prepare(&folder, wishes(options), NOW).unwrap().network, made.network);
    }
}

#[test]
fn another_network_is_not_taken_for_private_tangle1() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = folder(&scratch);
    prepare(&folder, wishes(&["--network", "private_tangle1"]), NOW).unwrap();
    let error = error(prepare(&folder, wishes(&["--like", "private_tangle1"]), NOW));
    assert!(error.contains("--like") && error.contains("parameters of its own"), "{error}");
    let line = ["osmia", "private-net", "--like", "private_tangle1", "--hrp", "iota"];
    assert!(Cli::try_parse_from(line).is_err());
}
