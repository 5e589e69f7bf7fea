//! `osmia bench gossip`: a stream of new messages from one peer to a node that stores them and sends them on to another,
//! alone and beside a peer that floods; and the time a message takes over three hops.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use osmia_network::Identity;
use osmia_network::probe::{Probe, ProbeReceiver, ProbeSender};
use osmia_primitives::MilestoneIndex;
use osmia_wire::packet::{Decoder, Heartbeat, Packet};

use super::child::ChildNode;
use super::ingest::{self, mega, ratio};
use super::{hops, workload};
use crate::clock::{self, Stopwatch};

/// Data messages between two milestones.
const MESSAGES_PER_MILESTONE: u64 = 2_000;
/// Bytes the sending peer writes at once, as nodes do.
const WRITE_BYTES: usize = 16 << 10;
/// Packets the flooding peer sends per second, in bursts of [`FLOOD_BURST`].
const FLOOD_PACKETS_PER_SECOND: u32 = 20_000;
/// Packets of one burst of the flood.
const FLOOD_BURST: u32 = 200;
/// The receiving peer gives up when nothing came for so long.
const QUIET_MAX: Duration = Duration::from_secs(3);

/// What the bench measured.
#[derive(Debug, serde::Serialize)]
pub(crate) struct GossipReport {
    alone: StreamReport,
    flooded: StreamReport,
    /// The rate beside a flood as a part of the rate alone.
    flooded_rate: f64,
    hops: hops::HopsReport,
}

/// One stream of messages.
#[derive(Debug, serde::Serialize)]
pub(crate) struct StreamReport {
    messages: u64,
    milestones: u64,
    seconds: f64,
    messages_per_second: f64,
    /// Messages the receiving peer got.
    sent_on: u64,
    cpu_microseconds_per_message: f64,
    resident_bytes_peak: u64,
    /// Packets of the flooding peer, and how often it had to connect again.
    flood_packets: u64,
    flood_connections: u64,
    /// CPU microseconds per message by thread.
    cpu_by_thread: BTreeMap<String, f64>,
}

impl GossipReport {
    /// The report as lines for a person.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = vec!["one peer sends, the node stores and sends on to another:".to_owned()];
        lines.extend(self.alone.lines());
        lines.push("the same beside a peer that floods with duplicates and garbage:".to_owned());
        lines.extend(self.flooded.lines());
        lines.push(format!("  rate against alone         {:>10.2}", self.flooded_rate));
        lines.extend(self.hops.lines());
        lines
    }
}

impl StreamReport {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("  {} messages, {} milestones in {:.2} s", self.messages, self.milestones, self.seconds),
            format!("  messages/s                 {:>10.0}", self.messages_per_second),
            format!(
                "  sent on                    {:>10.1} %",
                100.0 * ratio(self.sent_on, self.messages + self.milestones)
            ),
            format!("  CPU per message            {:>10.1} µs", self.cpu_microseconds_per_message),
            format!("  resident memory, peak      {:>10.1} MB", mega(self.resident_bytes_peak)),
        ];
        if self.flood_packets > 0 {
            let (packets, connections) = (self.flood_packets, self.flood_connections);
            lines.push(format!(
                "  flood                      {packets:>10} packets over {connections} connections"
            ));
        }
        let mut threads: Vec<_> = self.cpu_by_thread.iter().filter(|(_, used)| **used >= 0.1).collect();
        threads.sort_by(|left, right| right.1.total_cmp(left.1));
        lines.extend(threads.iter().map(|(name, used)| format!("    {name:<24} {used:>10.1} µs")));
        lines
    }
}

/// Runs the bench in `folder` with `messages` data messages.
pub(crate) fn run(folder: &Path, messages: u64) -> anyhow::Result<GossipReport> {
    let file = folder.join("messages.bin");
    let (milestones, _) = ingest::prebuild(&file, messages, MESSAGES_PER_MILESTONE)?;
    let stream = |name: &str, is_flooded: bool| {
        let folder = folder.join(name);
        let report = send_through(&folder, &file, messages, milestones, is_flooded);
        report.with_context(|| format!("the node's log is in {}", folder.display()))
    };
    let alone = stream("alone", false)?;
    let flooded = stream("flooded", true)?;
    let flooded_rate = flooded.messages_per_second / alone.messages_per_second;
    Ok(GossipReport { alone, flooded, flooded_rate, hops: hops::run(&folder.join("hops"))? })
}

fn send_through(
    folder: &Path,
    file: &Path,
    messages: u64,
    milestones: u64,
    is_flooded: bool,
) -> anyhow::Result<StreamReport> {
    let node = ChildNode::start(folder, &[])?;
    let total = messages + milestones;
    let dial = || -> anyhow::Result<Probe> {
        let network_id = workload::parameters()?.network_id;
        Ok(Probe::dial(node.address.clone(), network_id, &Identity::generate()?)?)
    };
    let (to_node, mut quiet) = dial()?.split();
    let (keep_open, from_node) = dial()?.split();
    ensure!(keep_open.send(heartbeat()), "the node closed the receiving peer's stream");
    let received = Arc::new(AtomicU64::new(0));
    let receiving = {
        let received = Arc::clone(&received);
        std::thread::spawn(move || receive(from_node, &received))
    };
    // What the node asks the sender for is on its way already.
    let draining = std::thread::spawn(move || while quiet.receive().is_some() {});
    let mut file_of_messages = BufReader::new(File::open(file)?);
    // The node takes the messages of the present once it has its first milestone.
    send(&to_node, &mut file_of_messages, 1)?;
    ensure!(wait_for(&received, 1) == 1, "the node does not send its first milestone on");
    let is_over = Arc::new(AtomicBool::new(false));
    let cpu_before = node.cpu_seconds()?;
    let threads_before = node.thread_cpu_seconds()?;
    let flooding = is_flooded.then(|| {
        let (is_over, address, file) = (Arc::clone(&is_over), node.address.clone(), file.to_owned());
        std::thread::spawn(move || flood(&address, &file, &is_over))
    });
    let started = Stopwatch::start();
    send(&to_node, &mut file_of_messages, total - 1)?;
    let sent_on = wait_for(&received, total);
    let seconds = started.seconds() - if sent_on < total { QUIET_MAX.as_secs_f64() } else { 0.0 };
    is_over.store(true, Ordering::Relaxed);
    let (flood_packets, flood_connections) = match flooding {
        Some(flooding) => flooding.join().map_err(|_| anyhow::anyhow!("the flood failed"))??,
        None => (0, 0),
    };
    let per_message = 1e6 / ratio(messages, 1);
    let mut cpu_by_thread = node.thread_cpu_seconds()?;
    for (name, before) in threads_before {
        cpu_by_thread.entry(name).and_modify(|used| *used -= before);
    }
    cpu_by_thread.values_mut().for_each(|used| *used *= per_message);
    let report = StreamReport {
        messages,
        milestones,
        seconds,
        messages_per_second: ratio(messages, 1) / seconds,
        sent_on,
        cpu_microseconds_per_message: (node.cpu_seconds()? - cpu_before) * per_message,
        resident_bytes_peak: node.memory_peak()?,
        flood_packets,
        flood_connections,
        cpu_by_thread,
    };
    drop((node, to_node, keep_open));
    for thread in [receiving, draining] {
        thread.join().map_err(|_| anyhow::anyhow!("a peer failed"))?;
    }
    Ok(report)
}

/// A heartbeat of a peer that has nothing to offer and is up to date.
fn heartbeat() -> Vec<u8> {
    let none = MilestoneIndex(0);
    let heartbeat =
        Heartbeat { solid: none, pruned: none, latest: none, connected_peers: 1, synced_peers: 1 };
    let mut bytes = Vec::new();
    Packet::Heartbeat(heartbeat).encode(&mut bytes);
    bytes
}

/// Sends the next `count` messages of the file in pieces.
fn send(to_node: &ProbeSender, file: &mut impl Read, count: u64) -> anyhow::Result<()> {
    let mut piece = heartbeat();
    for _ in 0..count {
        Packet::Message(read_message(file)?).encode(&mut piece);
        if piece.len() >= WRITE_BYTES {
            ensure!(to_node.send(std::mem::take(&mut piece)), "the node closed the sending peer's stream");
        }
    }
    ensure!(to_node.send(piece), "the node closed the sending peer's stream");
    Ok(())
}

fn read_message(file: &mut impl Read) -> anyhow::Result<Bytes> {
    let mut length = [0; 2];
    file.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_le_bytes(length))];
    file.read_exact(&mut message)?;
    Ok(message.into())
}

/// Counts the messages that come until the stream ends.
fn receive(mut from_node: ProbeReceiver, received: &AtomicU64) {
    let mut decoder = Decoder::default();
    while let Some(bytes) = from_node.receive() {
        let mut bytes = bytes.as_slice();
        while let Ok(Some(packet)) = decoder.next(&mut bytes) {
            received.fetch_add(u64::from(matches!(packet, Packet::Message(_))), Ordering::Relaxed);
        }
    }
}

/// Waits until `total` messages came, or none for [`QUIET_MAX`]; gives how many came.
fn wait_for(received: &AtomicU64, total: u64) -> u64 {
    let mut last = (received.load(Ordering::Relaxed), Stopwatch::start());
    loop {
        let now = received.load(Ordering::Relaxed);
        if now >= total || last.1.elapsed() > QUIET_MAX {
            return now;
        }
        if now != last.0 {
            last = (now, Stopwatch::start());
        }
        clock::pause(Duration::from_millis(1));
    }
}

/// Floods the node until it is over: known messages again and again, and after every second connection garbage first. Gives
/// the packets it sent and the connections it needed.
fn flood(
    address: &osmia_network::Multiaddr,
    file: &Path,
    is_over: &AtomicBool,
) -> anyhow::Result<(u64, u64)> {
    let mut file = BufReader::new(File::open(file)?);
    let mut known = Vec::new();
    for _ in 0..FLOOD_BURST {
        Packet::Message(read_message(&mut file)?).encode(&mut known);
    }
    let network_id = workload::parameters()?.network_id;
    let pause = Duration::from_secs(1) * FLOOD_BURST / FLOOD_PACKETS_PER_SECOND;
    let (mut packets, mut connections) = (0, 0);
    while !is_over.load(Ordering::Relaxed) {
        clock::pause(pause);
        // A new identity each time: the one before may be banned.
        let Ok(probe) = Probe::dial(address.clone(), network_id, &Identity::generate()?) else { continue };
        connections += 1;
        let (sender, mut receiver) = probe.split();
        let draining = std::thread::spawn(move || while receiver.receive().is_some() {});
        if connections % 2 == 0 {
            packets += u64::from(sender.send(vec![0xff; WRITE_BYTES]));
        }
        while !is_over.load(Ordering::Relaxed) && sender.send(known.clone()) {
            packets += u64::from(FLOOD_BURST);
            clock::pause(pause);
        }
        drop(sender);
        draining.join().map_err(|_| anyhow::anyhow!("the flood failed"))?;
    }
    Ok((packets, connections))
}
