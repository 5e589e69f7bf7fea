//! `osmia bench sync`: a node that has only the genesis catches up from one peer on the same machine.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use osmia_engine::{Node, NodeOptions};
use osmia_network::{Identity, Link, NetworkOptions, RunningNetwork};

use super::child::ChildNode;
use super::ingest::{self, mega, ratio};
use super::{open_store, workload};
use crate::clock::{self, Stopwatch};

/// How long catching up may take.
const WAIT_MAX: Duration = Duration::from_secs(300);

/// What the bench measured.
#[derive(Debug, serde::Serialize)]
pub(crate) struct SyncReport {
    milestones: u64,
    messages: u64,
    seconds: f64,
    messages_per_second: f64,
    milestones_per_second: f64,
    /// What the serving node sent, without the bytes of Noise, Yamux and TCP.
    wire_bytes_per_message: f64,
    cpu_microseconds_per_message: f64,
    resident_bytes_peak: u64,
}

impl SyncReport {
    /// The report as lines for a person.
    pub(crate) fn lines(&self) -> Vec<String> {
        vec![
            format!(
                "{} milestones over {} messages in {:.2} s from one peer",
                self.milestones, self.messages, self.seconds
            ),
            format!("messages/s               {:>10.0}", self.messages_per_second),
            format!("milestones/s             {:>10.0}", self.milestones_per_second),
            format!("bytes on the wire        {:>10.1} per message", self.wire_bytes_per_message),
            format!("CPU per message          {:>10.1} µs", self.cpu_microseconds_per_message),
            format!("resident memory, peak    {:>10.1} MB", mega(self.resident_bytes_peak)),
        ]
    }
}

/// Runs the bench in `folder`: `milestones` of `messages` each.
pub(crate) fn run(folder: &Path, milestones: u64, messages: u64) -> anyhow::Result<SyncReport> {
    let server = Server::start(folder, milestones, messages)?;
    let address = server.network.addresses().into_iter().next().context("the server listens nowhere")?;
    let started = Stopwatch::start();
    let newcomer = ChildNode::start(&folder.join("newcomer"), &[address])?;
    let sent = loop {
        let peers = server.network.network().peers();
        let gossip = peers.iter().find(|peer| peer.id == newcomer.id).and_then(|peer| peer.gossip.as_ref());
        let solid = gossip.and_then(|gossip| Some(u64::from(gossip.heartbeat?.0.solid.0)));
        if let Some(gossip) = gossip.filter(|_| solid.is_some_and(|solid| solid >= milestones)) {
            break gossip.metrics.bytes_sent;
        }
        if started.elapsed() > WAIT_MAX {
            bail!("the newcomer confirmed {} of {milestones} milestones", solid.unwrap_or(0));
        }
        clock::pause(Duration::from_millis(10));
    };
    let seconds = started.seconds();
    let all = messages * milestones;
    let report = SyncReport {
        milestones,
        messages: all,
        seconds,
        messages_per_second: ratio(all, 1) / seconds,
        milestones_per_second: ratio(milestones, 1) / seconds,
        wire_bytes_per_message: ratio(sent, all),
        cpu_microseconds_per_message: newcomer.cpu_seconds()? * 1e6 / ratio(all, 1),
        resident_bytes_peak: newcomer.memory_peak()?,
    };
    drop(newcomer);
    server.stop();
    Ok(report)
}

/// The node that has everything.
struct Server {
    node: osmia_engine::RunningNode,
    network: RunningNetwork,
}

impl Server {
    fn start(folder: &Path, milestones: u64, messages: u64) -> anyhow::Result<Self> {
        let file = folder.join("messages.bin");
        let built = ingest::prebuild(&file, milestones * messages, messages)?;
        let store = open_store(&folder.join("database"))?;
        let link = Link::new([7; 32]);
        let options = NodeOptions {
            parameters: workload::parameters()?,
            coordinator: None,
            gossip: Some(link.sink()),
            verify_threads: 1,
            seed: [5; 32],
            clock: clock::unix_ms,
        };
        let node = Node::start(Arc::clone(&store), options)?;
        ingest::feed(node.node(), &file, milestones * messages + built.0)?;
        let options = NetworkOptions {
            network_id: workload::parameters()?.network_id,
            listen: vec!["/ip4/127.0.0.1/tcp/0".parse()?],
            external: Vec::new(),
            identity: Identity::generate()?,
            peers: Vec::new(),
            unknown_peers_max: 4,
            folder: folder.to_owned(),
            seed: [8; 32],
            agent: "Osmia/bench".to_owned(),
        };
        let network = osmia_network::start(link, node.node().clone(), options)?;
        Ok(Self { node, network })
    }

    fn stop(self) {
        self.network.stop();
        self.node.stop();
    }
}
