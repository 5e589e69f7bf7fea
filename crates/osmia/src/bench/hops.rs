//! The time from a message's arrival at one node to its arrival at a node three hops away, on a network that does nothing
//! else: four nodes in a row, in this process, over real TCP.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender};
use osmia_engine::verify::Origin;
use osmia_engine::{Node, NodeOptions, RunningNode};
use osmia_network::{Identity, Link, NetworkOptions, RunningNetwork, StaticPeer};
use osmia_primitives::MessageId;
use osmia_wire::handover::NodeEvent;

use super::open_store;
use super::workload::{self, Noise};
use crate::clock::{self, Stopwatch};

/// Nodes in the row.
const NODES: usize = 4;
/// Messages that are timed.
const MESSAGES: usize = 1_000;
/// Time between two messages: nothing else happens.
const PAUSE: Duration = Duration::from_millis(5);
/// How long a message, or a connection, may take before the bench fails.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// What was measured, in milliseconds.
#[derive(Debug, serde::Serialize)]
pub(crate) struct HopsReport {
    messages: usize,
    milliseconds_p50: f64,
    milliseconds_p99: f64,
    milliseconds_max: f64,
}

impl HopsReport {
    /// The report as lines for a person.
    pub(crate) fn lines(&self) -> Vec<String> {
        vec![
            format!("three hops on an idle network, {} messages:", self.messages),
            format!("  p50                        {:>10.2} ms", self.milliseconds_p50),
            format!("  p99                        {:>10.2} ms", self.milliseconds_p99),
            format!("  longest                    {:>10.2} ms", self.milliseconds_max),
        ]
    }
}

struct Hop {
    node: RunningNode,
    network: RunningNetwork,
}

/// Runs the bench in `folder`, which is made.
pub(crate) fn run(folder: &Path) -> anyhow::Result<HopsReport> {
    std::fs::create_dir(folder)?;
    let (arrived, arrivals) = crossbeam_channel::bounded(MESSAGES + 1);
    let mut hops: Vec<Hop> = Vec::new();
    for number in 1..=NODES {
        let before = match hops.last() {
            Some(hop) => Some(hop.network.addresses().into_iter().next().context("a node listens nowhere")?),
            None => None,
        };
        let tell = (number == NODES).then(|| arrived.clone());
        hops.push(start(&folder.join(number.to_string()), before, tell)?);
    }
    let times = measure(&hops, &arrivals);
    for hop in hops {
        hop.network.stop();
        hop.node.stop();
    }
    let mut times = times?;
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get((times.len() - 1) * share / 100).copied().unwrap_or(0.0);
    Ok(HopsReport {
        messages: times.len(),
        milliseconds_p50: at(50),
        milliseconds_p99: at(99),
        milliseconds_max: at(100),
    })
}

fn start(
    folder: &Path,
    before: Option<osmia_network::Multiaddr>,
    tell: Option<Sender<Bytes>>,
) -> anyhow::Result<Hop> {
    std::fs::create_dir(folder)?;
    let store = open_store(&folder.join("database"))?;
    let link = Link::new([7; 32]);
    let sink = link.sink();
    let options = NodeOptions {
        parameters: workload::parameters()?,
        coordinator: None,
        // A message has arrived when the node would send it on: it is solid and stored.
        gossip: Some(Arc::new(move |events: Vec<NodeEvent>| {
            for event in &events {
                if let (NodeEvent::Broadcast { bytes, .. }, Some(tell)) = (event, &tell) {
                    // One at a time is under way, so there is room.
                    drop(tell.try_send(bytes.clone()));
                }
            }
            sink(events);
        })),
        verify_threads: 1,
        seed: [5; 32],
        clock: clock::unix_ms,
    };
    let node = Node::start(store, options)?;
    let options = NetworkOptions {
        network_id: workload::parameters()?.network_id,
        listen: vec!["/ip4/127.0.0.1/tcp/0".parse()?],
        external: Vec::new(),
        identity: Identity::generate()?,
        peers: before.map(|address| StaticPeer { address, alias: None }).into_iter().collect(),
        unknown_peers_max: 4,
        folder: folder.to_owned(),
        seed: [8; 32],
        agent: "Osmia/bench".to_owned(),
    };
    let network = osmia_network::start(link, node.node().clone(), options)?;
    Ok(Hop { node, network })
}

fn measure(hops: &[Hop], arrivals: &Receiver<Bytes>) -> anyhow::Result<Vec<f64>> {
    let first = hops.first().context("there are nodes")?.node.node();
    let waiting = Stopwatch::start();
    let expected = |number: usize| if number == 0 || number + 1 == NODES { 1 } else { 2 };
    while hops
        .iter()
        .enumerate()
        .any(|(number, hop)| hop.network.network().summary().gossip_peers < expected(number))
    {
        ensure!(waiting.elapsed() < WAIT_MAX, "the nodes do not connect");
        clock::pause(Duration::from_millis(5));
    }
    let mut noise = Noise::new(3);
    let mut tip = pass(first, workload::milestone_message(1, vec![MessageId::NULL], &[])?, arrivals)?.1;
    let mut times = Vec::with_capacity(MESSAGES);
    for _ in 0..MESSAGES {
        let message = workload::data_message(vec![tip], 10, &mut noise)?;
        let (time, id) = pass(first, message, arrivals)?;
        times.push(time);
        tip = id;
        clock::pause(PAUSE);
    }
    Ok(times)
}

/// Gives a message to the first node and waits until it is at the last; gives the milliseconds and the message's id.
fn pass(first: &Node, message: Vec<u8>, arrivals: &Receiver<Bytes>) -> anyhow::Result<(f64, MessageId)> {
    let id = MessageId::of(&message);
    let bytes = Bytes::from(message);
    let started = Stopwatch::start();
    first.submit_waiting(bytes.clone(), Origin::Submission(Box::new(|_| {})))?;
    let arrived = arrivals.recv_timeout(WAIT_MAX).context("a message did not arrive")?;
    let milliseconds = started.seconds() * 1e3;
    ensure!(arrived == bytes, "another message arrived");
    Ok((milliseconds, id))
}
