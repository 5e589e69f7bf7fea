//! `osmia private-net` from its first start to its reset.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::load::{self, Load};
use crate::process::{OSMIA, Program, Scratch, audit, run};
use crate::random::Random;
use crate::wait;

/// A network with nothing chosen but its folder and its port.
fn plain(data: &Path) -> Command {
    let mut command = Command::new(OSMIA);
    command.args(["private-net", "--api", "127.0.0.1:0", "--data"]).arg(data);
    command
}

#[test]
fn a_first_start_prints_what_a_person_needs_and_a_second_one_resumes() {
    let scratch = Scratch::new();
    let first = Program::start(plain(&scratch.data()), &scratch.path("log"));
    let facts = first.facts.clone();
    assert!(facts["network"].starts_with("private-"));
    assert_eq!((facts["hrp"].as_str(), facts["min-pow-score"].as_str()), ("atoi", "100"));
    assert!(facts["address"].starts_with("atoi1"));
    assert_eq!(facts["mnemonic"].split(' ').count(), 24);
    assert_eq!(facts["mnemonic-path"], "44'/4218'/0'/0'/0'");
    let kept = std::fs::read_to_string(&facts["mnemonic-file"]).unwrap();
    assert_eq!(kept.trim(), facts["mnemonic"]);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(Path::new(&facts["mnemonic-file"])), 0o600);
    assert_eq!(mode(&scratch.data().join("coordinator-keys.txt")), 0o600);
    assert_eq!(mode(&scratch.data()), 0o700);

    let mut http = first.http();
    assert_eq!(http.get("/health").unwrap().status, 200);
    let balance = http.read(&format!("/api/v1/addresses/{}", facts["address"]))["balance"].clone();
    assert_eq!(balance, osmia_chrysalis::TOKEN_SUPPLY);
    // The first milestone does not wait for the interval.
    assert_eq!(first.confirmed(), 1);
    assert_eq!(first.stop(Signal::INT), Some(0));
    audit(&scratch.data());

    let second = Program::start(plain(&scratch.data()), &scratch.path("log"));
    assert_eq!(second.facts["address"], facts["address"]);
    assert_eq!(second.facts["network"], facts["network"]);
    assert!(!second.facts.contains_key("mnemonic"));
    assert!(!second.log().contains(&facts["mnemonic"]), "secrets are not logged");
    wait::until("a milestone after the restart", || (second.confirmed() > 1).then_some(()));
    assert_eq!(second.stop(Signal::TERM), Some(0));
}

#[test]
fn the_printed_command_lines_work() {
    let scratch = Scratch::new();
    let network = scratch.start();
    for name in ["try", "send"] {
        let output = Command::new("sh").args(["-c", &network.facts[name]]).output().unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        assert!(answer.starts_with("{\"data\":"), "{}: {answer}", network.facts[name]);
    }
}

#[test]
fn a_stop_under_load_is_clean_and_in_time() {
    let scratch = Scratch::new();
    let network = scratch.start();
    let payers = load::fund(&network);
    let load = Load::start(network.api(), payers, &mut Random::new(7));
    let confirmed = network.confirmed();
    wait::until("milestones under load", || (network.confirmed() > confirmed + 2).then_some(()));
    assert_eq!(network.stop(Signal::TERM), Some(0));
    let (mut payers, answered) = load.end();
    assert!(!answered.is_empty());
    let report = audit(&scratch.data());
    assert!(report["messages"].as_u64().unwrap() >= answered.len() as u64);
    let network = scratch.start();
    let mut http = network.http();
    payers.iter_mut().for_each(|payer| payer.check(&mut http));
}

#[test]
fn a_second_start_on_the_folder_is_refused_with_the_process() {
    let scratch = Scratch::new();
    let network = scratch.start();
    let second = scratch.command().output().unwrap();
    assert_eq!(second.status.code(), Some(5));
    let error = String::from_utf8(second.stderr).unwrap();
    assert!(error.contains(&format!("process {}", network.process_id())), "{error}");
    let data = scratch.data();
    let audit = run(&["tool", "audit", "--data", data.to_str().unwrap()]);
    assert_eq!(audit.status.code(), Some(5));
    assert_eq!(network.http().get("/health").unwrap().status, 200);
}

#[test]
fn a_busy_port_is_refused_before_anything_is_made() {
    let scratch = Scratch::new();
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = busy.local_addr().unwrap().to_string();
    let output = run(&["private-net", "--data", scratch.data().to_str().unwrap(), "--api", &address]);
    assert_eq!(output.status.code(), Some(4));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains(&address) && error.contains("--api"), "{error}");
    assert!(!scratch.data().exists());
}

#[test]
fn options_that_contradict_the_folder_are_refused_and_a_reset_begins_anew() {
    let scratch = Scratch::new();
    let network = scratch.start();
    let address = network.facts["address"].clone();
    assert_eq!(network.stop(Signal::INT), Some(0));

    let mut other = plain(&scratch.data());
    let refused = other.args(["--network", "other"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(6));
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(error.contains("--network") && error.contains("--reset"), "{error}");

    std::fs::write(scratch.data().join("notes.txt"), "mine").unwrap();
    let mut reset = plain(&scratch.data());
    reset.args(["--network", "other", "--reset"]);
    let network = Program::start(reset, &scratch.path("log"));
    assert!(network.facts["reset"].contains("database") && network.facts["reset"].contains("network.json"));
    assert_eq!(network.facts["network"], "other");
    assert_ne!(network.facts["address"], address);
    assert_eq!(network.stop(Signal::INT), Some(0));
    assert_eq!(std::fs::read_to_string(scratch.data().join("notes.txt")).unwrap(), "mine");
}

#[test]
fn a_folder_that_is_not_ours_is_never_touched() {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.data()).unwrap();
    std::fs::write(scratch.data().join("thesis.tex"), "years of work").unwrap();
    for options in [&[][..], &["--reset"]] {
        let output = scratch.command().args(options).output().unwrap();
        assert_eq!(output.status.code(), Some(6));
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("thesis.tex") && error.contains("--data"), "{error}");
    }
    assert_eq!(std::fs::read_dir(scratch.data()).unwrap().count(), 1);
}

#[test]
fn a_damaged_database_is_a_clear_error() {
    let scratch = Scratch::new();
    assert_eq!(scratch.start().stop(Signal::INT), Some(0));
    for entry in std::fs::read_dir(scratch.data().join("database")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "sst") {
            let mut bytes = std::fs::read(&path).unwrap();
            bytes.iter_mut().for_each(|byte| *byte ^= 0x55);
            std::fs::write(&path, bytes).unwrap();
        }
    }
    let output = scratch.command().output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(7), "{error}");
    assert!(error.contains("damaged") && error.contains("restore"), "{error}");
    assert!(!error.contains("panicked"), "{error}");
}
