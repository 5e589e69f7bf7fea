//! A disk that fills up under a running network: a clear error, a clean stop, and everything back when there is space.
//!
//! The disk is a small file system in memory, mounted in a mount namespace of its own (`unshare`, `nsenter` of
//! util-linux), so that nothing of the machine changes.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use osmia_primitives::MessageId;
use rustix::process::Signal;
use serde_json::Value;

use crate::load;
use crate::process::{OSMIA, Program, Scratch};
use crate::wait;
use crate::wallet::{data, message};

const SMALL: &str = "40m";
const LARGE: &str = "400m";
/// Bytes of a message's data: a few thousand of them fill the small disk.
const DATA_BYTES: usize = 16_000;

/// A process that keeps a mount namespace with a small disk in it.
struct Disk {
    holder: Child,
    /// Arguments of `nsenter` besides the command.
    enter: Vec<String>,
    path: PathBuf,
}

impl Disk {
    /// Mounts a disk at `path`; `None` when this machine lets nobody do that.
    fn mount(path: &Path) -> Option<Self> {
        std::fs::create_dir(path).unwrap();
        let script = format!("mount -t tmpfs -o size={SMALL} tmpfs \"$0\" && echo mounted && exec cat");
        for namespaces in [&["--mount"][..], &["--user", "--map-root-user", "--mount"]] {
            let mut holder = Command::new("unshare")
                .args(namespaces)
                .args(["sh", "-c", &script])
                .arg(path)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut line = String::new();
            BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
            if line == "mounted\n" {
                let mut enter = vec!["--target".to_owned(), holder.id().to_string(), "--mount".to_owned()];
                if namespaces.contains(&"--user") {
                    enter.extend(["--user".to_owned(), "--preserve-credentials".to_owned()]);
                }
                return Some(Self { holder, enter, path: path.to_owned() });
            }
            holder.wait().unwrap();
        }
        None
    }

    /// A command that runs where the disk is.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(&self.enter).arg(program);
        command
    }

    /// The same command there.
    fn inside(&self, command: &Command) -> Command {
        let mut inside = self.command(command.get_program().to_str().unwrap());
        inside.args(command.get_args());
        inside
    }

    fn grow(&self) {
        let options = format!("remount,size={LARGE}");
        let done = self.command("mount").args(["-o", &options]).arg(&self.path).status().unwrap();
        assert!(done.success());
    }

    fn audit(&self, data: &Path) -> Value {
        let output = self.command(OSMIA).args(["tool", "audit", "--json", "--data"]).arg(data).output();
        let output = output.unwrap();
        let report = serde_json::from_slice(&output.stdout);
        report.unwrap_or_else(|_| panic!("no audit: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // `cat` ends with its input, the namespace and the disk with it.
        drop(self.holder.stdin.take());
        self.holder.wait().unwrap();
    }
}

/// Sends messages until one is refused; those that were answered, and the refusal.
fn fill(program: &Program) -> (Vec<MessageId>, String) {
    let mut http = program.http();
    let mut answered = Vec::new();
    let mut random = crate::random::Random::new(1);
    loop {
        let Ok(parents) = load::tips(&mut http) else { return (answered, "the connection ended".into()) };
        let bytes = (0..DATA_BYTES).map(|_| random.next().to_le_bytes()[0]).collect();
        match http.submit(&message(&parents, data("full", bytes), 0.0)) {
            Ok(reply) if reply.status == 201 => {
                answered.push(reply.data()["messageId"].as_str().unwrap().parse().unwrap());
            }
            Ok(reply) => return (answered, String::from_utf8_lossy(&reply.body).into_owned()),
            Err(error) => return (answered, error.to_string()),
        }
    }
}

#[test]
fn a_full_disk_stops_the_node_and_space_brings_everything_back() {
    let scratch = Scratch::new();
    let Some(disk) = Disk::mount(&scratch.path("disk")) else {
        eprintln!("NOT TESTED: this machine allows no mount, neither to this user nor in a user namespace");
        return;
    };
    let folder = disk.path.join("data");
    // No proof of work: the disk shall fill quickly.
    let command = || disk.inside(&scratch.command_with(&folder, 0.0));
    let log = scratch.path("log");
    let program = Program::start(command(), &log);
    let (answered, refusal) = fill(&program);
    assert!(answered.len() > 100, "{refusal}");
    assert_eq!(program.wait(), Some(7), "{refusal}");
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains("disk is full") && text.contains("free space"), "{text}");
    assert!(!text.contains("panicked"), "{text}");

    // Still full: a start fails as clearly, or works with the little space there is; nothing is lost either way.
    if let Ok(program) = Program::try_start(command(), &log) {
        program.kill();
    }
    disk.grow();
    let program = Program::start(command(), &log);
    let mut http = program.http();
    for id in &answered {
        assert_eq!(http.get(&format!("/api/v1/messages/{id}/raw")).unwrap().status, 200, "{id}");
    }
    let confirmed = program.confirmed();
    wait::until("milestones go on", || (program.confirmed() > confirmed + 1).then_some(()));
    assert_eq!(program.stop(Signal::INT), Some(0));
    let report = disk.audit(&folder);
    assert_eq!(report["is_clean"], true, "{report:#}");
}

/// A disk without any space at all: the first start says so and leaves nothing that would harm the next one.
#[test]
fn a_first_start_on_a_full_disk_is_a_clear_error() {
    let scratch = Scratch::new();
    let Some(disk) = Disk::mount(&scratch.path("disk")) else {
        eprintln!("NOT TESTED: this machine allows no mount, neither to this user nor in a user namespace");
        return;
    };
    let filler = disk.path.join("filler");
    let fill = format!("cat /dev/zero > {} 2>/dev/null", filler.display());
    disk.command("sh").args(["-c", &fill]).status().unwrap();
    let folder = disk.path.join("data");
    let output = disk.inside(&scratch.command_on(&folder)).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(7), "{error}");
    assert!(error.contains("free space"), "{error}");
    disk.grow();
    let program = Program::start(disk.inside(&scratch.command_on(&folder)), &scratch.path("log"));
    assert_eq!(program.stop(Signal::INT), Some(0));
    assert_eq!(disk.audit(&folder)["is_clean"], true);
}
