//! The program as a child process.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::http::Http;
use crate::load::MIN_POW_SCORE;
use crate::wait;
use crate::wallet::{NETWORK, WORDS};

/// The program.
pub(crate) const OSMIA: &str = env!("CARGO_BIN_EXE_osmia");

/// A stop is promised within this time.
const STOP_MAX: Duration = Duration::from_secs(5);

/// A folder for one test; removed in the end.
pub(crate) struct Scratch(tempfile::TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("osmia-test-").tempdir().unwrap();
        std::fs::write(folder.path().join("words"), WORDS).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// The command that runs the test network on the data folder `data`, which asks for almost no proof of work.
    pub(crate) fn command_on(&self, data: &Path) -> Command {
        self.command_with(data, MIN_POW_SCORE)
    }

    /// The same with another minimum score.
    pub(crate) fn command_with(&self, data: &Path, min_pow_score: f64) -> Command {
        let mut command = Command::new(OSMIA);
        command.args(["private-net", "--network", NETWORK, "--api", "127.0.0.1:0", "--interval", "0.2"]);
        command.args(["--min-pow-score", &min_pow_score.to_string()]);
        command.arg("--mnemonic-file").arg(self.path("words")).arg("--data").arg(data);
        command
    }

    /// As above on the folder [`Scratch::data`].
    pub(crate) fn command(&self) -> Command {
        self.command_on(&self.data())
    }

    /// Starts the test network.
    pub(crate) fn start(&self) -> Program {
        Program::start(self.command(), &self.path("log"))
    }
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    Command::new(OSMIA).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// What the audit of a folder prints; `None` when there is no network in it.
pub(crate) fn try_audit(data: &Path) -> Option<Value> {
    let output = run(&["tool", "audit", "--json", "--data", data.to_str().unwrap()]);
    let errors = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0 | 3) => Some(serde_json::from_slice(&output.stdout).unwrap()),
        Some(6) => None,
        _ => panic!("the audit failed: {errors}"),
    }
}

/// Audits a folder, which must be clean.
pub(crate) fn audit(data: &Path) -> Value {
    let report = try_audit(data).expect("a network");
    assert_eq!(report["is_clean"], true, "{report:#}");
    assert_eq!(report["output_funds"], report["supply"]);
    report
}

/// A network that runs in a process of its own. Dropping it kills it.
pub(crate) struct Program {
    child: Child,
    /// Standard output stays open: the program may print more.
    _out: BufReader<ChildStdout>,
    log: PathBuf,
    /// The `name: value` lines that it printed.
    pub(crate) facts: BTreeMap<String, String>,
    /// Where the APIs of the other nodes listen.
    pub(crate) other_apis: Vec<SocketAddr>,
}

impl Program {
    /// Starts a process whose log goes to the file `log`.
    pub(crate) fn spawn(mut command: Command, log: &Path) -> Child {
        let log = File::options().create(true).append(true).open(log).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap()
    }

    /// Starts the program and waits until it says that the network runs.
    pub(crate) fn start(command: Command, log: &Path) -> Self {
        Self::try_start(command, log)
            .unwrap_or_else(|status| panic!("the program ended with {status}: {}", text(log)))
    }

    /// As [`Program::start`]; how the program ended when it did.
    pub(crate) fn try_start(command: Command, log: &Path) -> Result<Self, ExitStatus> {
        let mut child = Self::spawn(command, log);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut facts = BTreeMap::new();
        let mut other_apis = Vec::new();
        // The last line that is printed about a network.
        while !facts.contains_key("send") {
            let mut line = String::new();
            if out.read_line(&mut line).unwrap() == 0 {
                return Err(child.wait().unwrap());
            }
            if let Some(url) = line.trim_end().strip_prefix("other-api: http://") {
                other_apis.push(url.parse().unwrap());
            } else if let Some((name, value)) = line.trim_end().split_once(": ") {
                facts.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(Self { child, _out: out, log: log.to_owned(), facts, other_apis })
    }

    /// Where the API listens.
    pub(crate) fn api(&self) -> SocketAddr {
        self.facts["api"].strip_prefix("http://").unwrap().parse().unwrap()
    }

    /// A connection to the API.
    pub(crate) fn http(&self) -> Http {
        Http::connect(self.api()).unwrap()
    }

    /// The index of the confirmed milestone.
    pub(crate) fn confirmed(&self) -> u64 {
        self.http().read("/api/v1/info")["confirmedMilestoneIndex"].as_u64().unwrap()
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// What it logged, with that of earlier processes of the same log.
    pub(crate) fn log(&self) -> String {
        text(&self.log)
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, as Ctrl-C and a service manager do; gives the exit code.
    pub(crate) fn stop(mut self, signal: Signal) -> Option<i32> {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
        let status = wait::at_most(STOP_MAX, || self.child.try_wait().unwrap());
        status.unwrap_or_else(|| panic!("it did not stop in time: {}", self.log())).code()
    }

    /// Waits until it ends by itself; gives the exit code.
    pub(crate) fn wait(mut self) -> Option<i32> {
        wait::until("the end of the program", || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

fn text(file: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned()
}
