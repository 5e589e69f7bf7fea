//! Prints what gossip costs for each message of 300 bytes on this machine: received from one peer, filtered, handed on,
//! judged, sent to others, encoded. `cargo run --release -p osmia-wire --example gossip_cost`.

use std::time::Instant;

use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_wire::handover::{NodeEvent, NodeState, Verdict, Wanted};
use osmia_wire::packet::{Heartbeat, Packet};
use osmia_wire::{Gossip, GossipOptions, Slot};

const MESSAGES: u32 = 400_000;
const CHUNK_BYTES: usize = 16 << 10;

/// A stream of messages that differ.
fn stream() -> Vec<u8> {
    let mut stream = Vec::new();
    for number in 0..MESSAGES {
        let mut message = vec![7; 300];
        for (to, from) in message.iter_mut().skip(100).zip(number.to_le_bytes()) {
            *to = from;
        }
        Packet::Message(message.into()).encode(&mut stream);
    }
    stream
}

/// A gossip with `peers` streams, all synced at milestone 10.
fn gossip(peers: usize) -> (Gossip, Vec<Slot>) {
    let mut gossip = Gossip::new(GossipOptions { key: [3; 16] });
    let ten = MilestoneIndex(10);
    let state = NodeState { confirmed: ten, latest: ten, pruned: MilestoneIndex(0), is_almost_synced: true };
    gossip.on_event(0, NodeEvent::State(state));
    let slots: Vec<Slot> = (0..peers).filter_map(|_| gossip.open(0)).collect();
    let mut heartbeat = Vec::new();
    let says = Heartbeat { solid: ten, latest: ten, ..Heartbeat::default() };
    Packet::Heartbeat(says).encode(&mut heartbeat);
    for slot in &slots {
        gossip.receive(0, *slot, &heartbeat);
    }
    (gossip, slots)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is the clock's caller")]
#[expect(clippy::print_stdout, reason = "this program's output")]
fn measure(name: &str, count: u32, work: impl FnOnce()) {
    let begin = Instant::now();
    work();
    let nanos = begin.elapsed().as_nanos() / u128::from(count);
    println!("{name:60} {nanos:6} ns each");
}

fn pass_on(stream: &[u8], receivers: usize, name: &str) {
    let (mut gossip, slots) = gossip(1 + receivers);
    let mut out = Vec::new();
    measure(name, MESSAGES, || {
        let Some((sender, receivers)) = slots.split_first() else { return };
        for (chunk, now_ms) in stream.chunks(CHUNK_BYTES).zip(1..) {
            gossip.receive(now_ms, *sender, chunk);
            while let Some(incoming) = gossip.next_message(now_ms) {
                gossip.on_event(now_ms, NodeEvent::Verdict(incoming.ticket, Verdict::New));
                let bytes = incoming.bytes;
                gossip.on_event(now_ms, NodeEvent::Broadcast { bytes, is_milestone: false });
            }
            for receiver in receivers {
                while gossip.has_output(*receiver) {
                    out.clear();
                    gossip.take_output(now_ms, *receiver, &mut out, CHUNK_BYTES);
                }
            }
        }
    });
}

fn known_again(stream: &[u8]) {
    let (mut gossip, slots) = gossip(2);
    let Some((head, _)) = stream.split_at_checked(303 * 50_000) else { return };
    let (Some(first), Some(second)) = (slots.first(), slots.get(1)) else { return };
    for chunk in head.chunks(CHUNK_BYTES) {
        gossip.receive(1, *first, chunk);
        while let Some(incoming) = gossip.next_message(1) {
            gossip.on_event(1, NodeEvent::Verdict(incoming.ticket, Verdict::New));
        }
    }
    measure("a message that is known, from another peer", 50_000, || {
        head.chunks(CHUNK_BYTES).for_each(|chunk| gossip.receive(1, *second, chunk));
    });
}

/// A sync from one peer: 2 048 messages are wanted, 16 of them arrive each millisecond, and the list moves on by them.
fn sync(stream: &[u8]) {
    const STEP: usize = 16;
    let (mut gossip, slots) = gossip(1);
    let Some(slot) = slots.first().copied() else { return };
    let packets: Vec<&[u8]> = stream.chunks_exact(303).take(40_000).collect();
    let ids: Vec<_> = packets
        .iter()
        .map(|packet| (MessageId::of(packet.get(3..).unwrap_or_default()), Some(MilestoneIndex(9))))
        .collect();
    let lists = ids.windows(2_048).step_by(STEP).map(<[_]>::to_vec);
    let lists: Vec<Wanted> = lists.map(|messages| Wanted { milestones: Vec::new(), messages }).collect();
    let count = u32::try_from(lists.len() * STEP).unwrap_or(u32::MAX);
    let mut out = Vec::new();
    measure("sync: want, ask, receive, hand on, judge", count, || {
        for ((list, now_ms), answers) in lists.into_iter().zip(1..).zip(stream.chunks(303 * STEP)) {
            gossip.on_event(now_ms, NodeEvent::Wanted(list));
            out.clear();
            gossip.take_output(now_ms, slot, &mut out, 1 << 20);
            gossip.receive(now_ms, slot, answers);
            while let Some(incoming) = gossip.next_message(now_ms) {
                gossip.on_event(now_ms, NodeEvent::Verdict(incoming.ticket, Verdict::New));
            }
        }
    });
}

fn main() {
    let stream = stream();
    pass_on(&stream, 0, "receive, filter, hand on, judge");
    pass_on(&stream, 1, "the same, and broadcast to one peer");
    pass_on(&stream, 2, "the same, and broadcast to two peers");
    known_again(&stream);
    sync(&stream);
}
