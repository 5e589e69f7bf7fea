//! A write-ahead log that lost its end, as a loss of power can leave it: the network goes on with what is there.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;

use crate::load::{self, Load};
use crate::process::{Program, Scratch, audit, try_audit};
use crate::random::Random;
use crate::wait;

/// Shares of the newest log that are kept, in thousandths.
const KEPT: [u64; 6] = [0, 120, 500, 900, 999, 1_000];

/// The write-ahead log that was written last.
fn newest_log(data: &Path) -> PathBuf {
    let entries = std::fs::read_dir(data.join("database")).unwrap();
    let logs = entries.map(|entry| entry.unwrap().path());
    logs.filter(|path| path.extension().is_some_and(|extension| extension == "log")).max().unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A network that was killed under load, with everything still in its write-ahead log.
fn killed() -> Scratch {
    let scratch = Scratch::new();
    let program = scratch.start();
    let payers = load::fund(&program);
    let load = Load::start(program.api(), payers, &mut Random::new(1));
    wait::until("some milestones under load", || (program.confirmed() > 10).then_some(()));
    wait::moment(Duration::from_millis(30));
    program.kill();
    load.end();
    scratch
}

/// Starts the network on the folder `data` with more options, sees milestones go on from `milestone`, and stops it.
fn goes_on(scratch: &Scratch, data: &Path, options: &[&str], milestone: u64) {
    let mut command = scratch.command_on(data);
    command.args(options);
    let program = Program::start(command, &scratch.path("log"));
    wait::until("milestones go on", || (program.confirmed() > milestone + 2).then_some(()));
    assert_eq!(program.stop(Signal::INT), Some(0));
    let after = audit(data);
    assert!(after["milestone"].as_u64().unwrap() > milestone, "{after:#}");
}

#[test]
fn a_log_cut_anywhere_leaves_a_sound_network() {
    let scratch = killed();
    for kept in KEPT {
        let data = scratch.path(&format!("kept-{kept}"));
        copy(&scratch.data(), &data);
        let log = newest_log(&data);
        let bytes = std::fs::metadata(&log).unwrap().len();
        File::options().write(true).open(&log).unwrap().set_len(bytes * kept / 1_000).unwrap();
        // With nothing of the log even the genesis is gone.
        let milestone = try_audit(&data).map_or(0, |_| audit(&data)["milestone"].as_u64().unwrap());
        assert!(kept == 0 || milestone > 0);
        goes_on(&scratch, &data, &[], milestone);
    }
}

#[test]
fn a_log_damaged_in_the_middle_is_told_and_recovered_when_asked() {
    let scratch = killed();
    let log = newest_log(&scratch.data());
    let mut bytes = std::fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&log, bytes).unwrap();
    let refused = scratch.command().output().unwrap();
    let error = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(7), "{error}");
    assert!(error.contains("damaged") && error.contains("--recover"), "{error}");
    goes_on(&scratch, &scratch.data(), &["--recover"], 1);
}
