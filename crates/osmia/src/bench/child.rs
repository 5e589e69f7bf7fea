//! A node of the bench network in a process of its own, so that its memory and CPU time are its alone.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use osmia_network::{Identity, Multiaddr, PeerId};

use super::{measure, workload};
use crate::clock::{self, Stopwatch};
use crate::data_folder::{self, DataFolder};
use crate::run::STOP_WITH_PARENT;

/// How long a node may take to listen, and to stop.
const START_WAIT_MAX: Duration = Duration::from_secs(20);

/// A running child; it is stopped when the value is dropped.
pub(crate) struct ChildNode {
    process: Child,
    /// Where others find it.
    pub(crate) address: Multiaddr,
    /// Its id.
    pub(crate) id: PeerId,
    socket: SocketAddr,
}

impl ChildNode {
    /// Starts `osmia run` in `folder`, which is made, with these static peers.
    pub(crate) fn start(folder: &Path, peers: &[Multiaddr]) -> anyhow::Result<Self> {
        drop(DataFolder::create(folder)?);
        let id = Identity::load_or_create(&data_folder::identity_in(folder))?.peer_id();
        let network = folder.join("bench-network.json");
        std::fs::write(&network, workload::description()?.to_json()?)?;
        let socket = free_address()?;
        let listen = format!("/ip4/{}/tcp/{}", socket.ip(), socket.port());
        let log = std::fs::File::create(folder.join("log.txt"))?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("run").arg("--network").arg(&network).arg("--db").arg(folder);
        command.args(["--api", "off", "--gossip", &listen]);
        for peer in peers {
            command.args(["--peer", &peer.to_string()]);
        }
        command.env(STOP_WITH_PARENT, "1").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let process = command.spawn().context("starting a node")?;
        let address = format!("{listen}/p2p/{id}").parse()?;
        let mut child = Self { process, address, id, socket };
        child.wait_until_listening(&folder.join("log.txt"))?;
        Ok(child)
    }

    fn wait_until_listening(&mut self, log: &PathBuf) -> anyhow::Result<()> {
        let waiting = Stopwatch::start();
        while std::net::TcpStream::connect(self.socket).is_err() {
            let is_running = self.process.try_wait()?.is_none();
            let said = || std::fs::read_to_string(log).unwrap_or_default();
            ensure!(is_running && waiting.elapsed() < START_WAIT_MAX, "the node does not start:\n{}", said());
            clock::pause(Duration::from_millis(5));
        }
        Ok(())
    }

    /// CPU time it has used, in seconds.
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        measure::cpu_seconds_of(self.process.id())
    }

    /// CPU time by thread, in seconds.
    pub(crate) fn thread_cpu_seconds(&self) -> anyhow::Result<std::collections::BTreeMap<String, f64>> {
        measure::thread_cpu_seconds_of(&self.process.id().to_string())
    }

    /// Its largest resident memory so far, in bytes.
    pub(crate) fn memory_peak(&self) -> anyhow::Result<u64> {
        measure::memory_bytes_of(&self.process.id().to_string(), "VmHWM")
    }
}

impl Drop for ChildNode {
    fn drop(&mut self) {
        let pid = i32::try_from(self.process.id()).ok().and_then(rustix::process::Pid::from_raw);
        let asked = pid.map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::TERM));
        let stopping = Stopwatch::start();
        while asked == Some(Ok(())) && stopping.elapsed() < START_WAIT_MAX {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            clock::pause(Duration::from_millis(10));
        }
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A port of this machine that nobody listens on now.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
