//! What the tests share: a gossip with peers that are played by the test.

use bytes::Bytes;
use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_wire::handover::{Incoming, NodeEvent, NodeState, Verdict, Wanted};
use osmia_wire::packet::{Decoder, Heartbeat, Packet};
use osmia_wire::{Gossip, GossipOptions, Misbehaviour, PeerStatus, Report, Slot};

/// The newest milestone when nothing else is said.
pub(crate) const LATEST: u32 = 10;

/// Message `number`; it claims no milestone.
pub(crate) fn message(number: u32) -> Bytes {
    let mut bytes = vec![0; 60];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    bytes.into()
}

/// A message that claims to hold milestone `index`.
pub(crate) fn milestone(index: u32) -> Bytes {
    let mut bytes = vec![0; 8];
    bytes.push(1);
    bytes.extend([5; 32]);
    bytes.extend([8, 0, 0, 0, 1, 0, 0, 0]);
    bytes.extend(index.to_le_bytes());
    bytes.into()
}

/// A heartbeat of a peer that has everything up to `solid`.
pub(crate) fn heartbeat(solid: u32, latest: u32) -> Heartbeat {
    Heartbeat { solid: MilestoneIndex(solid), latest: MilestoneIndex(latest), ..Heartbeat::default() }
}

/// A gossip and the time.
pub(crate) struct World {
    pub(crate) gossip: Gossip,
    pub(crate) now_ms: u64,
}

impl World {
    /// A node that is synced at milestone [`LATEST`].
    pub(crate) fn new() -> Self {
        let mut world = Self { gossip: Gossip::new(GossipOptions { key: [9; 16] }), now_ms: 1_000 };
        world.state(LATEST, LATEST);
        world
    }

    pub(crate) fn state(&mut self, confirmed: u32, latest: u32) {
        let state = NodeState {
            confirmed: MilestoneIndex(confirmed),
            latest: MilestoneIndex(latest),
            pruned: MilestoneIndex(0),
            is_almost_synced: latest <= confirmed + 2,
        };
        self.event(NodeEvent::State(state));
    }

    pub(crate) fn event(&mut self, event: NodeEvent) {
        self.gossip.on_event(self.now_ms, event);
    }

    /// A new peer, synced, whose first packets are taken.
    pub(crate) fn peer(&mut self) -> Slot {
        let slot = self.gossip.open(self.now_ms).unwrap();
        self.send(slot, &Packet::Heartbeat(heartbeat(LATEST, LATEST)));
        self.output(slot);
        slot
    }

    pub(crate) fn send(&mut self, slot: Slot, packet: &Packet) {
        let mut bytes = Vec::new();
        packet.encode(&mut bytes);
        self.gossip.receive(self.now_ms, slot, &bytes);
    }

    pub(crate) fn send_message(&mut self, slot: Slot, bytes: &Bytes) {
        self.send(slot, &Packet::Message(bytes.clone()));
    }

    /// All that waits to be sent to a peer.
    pub(crate) fn output(&mut self, slot: Slot) -> Vec<Packet> {
        let mut out = Vec::new();
        loop {
            self.gossip.take_output(self.now_ms, slot, &mut out, 16_384);
            if !self.gossip.has_output(slot) {
                break;
            }
        }
        let (mut decoder, mut rest) = (Decoder::new(), out.as_slice());
        std::iter::from_fn(|| decoder.next(&mut rest).unwrap()).collect()
    }

    /// Lets time pass in steps of at most 100 ms.
    pub(crate) fn pass(&mut self, ms: u64) {
        let end_ms = self.now_ms + ms;
        while self.now_ms < end_ms {
            self.now_ms = end_ms.min(self.now_ms + 100);
            self.gossip.tick(self.now_ms);
        }
    }

    pub(crate) fn next(&mut self) -> Option<Incoming> {
        self.gossip.next_message(self.now_ms)
    }

    pub(crate) fn judge(&mut self, incoming: &Incoming, verdict: Verdict) {
        self.event(NodeEvent::Verdict(incoming.ticket, verdict));
    }

    /// Hands on the next message, judges it, and returns its bytes.
    pub(crate) fn judge_next(&mut self, verdict: Verdict) -> Option<Bytes> {
        let incoming = self.next()?;
        self.judge(&incoming, verdict);
        Some(incoming.bytes)
    }

    pub(crate) fn broadcast(&mut self, bytes: &Bytes) {
        self.event(NodeEvent::Broadcast { bytes: bytes.clone(), is_milestone: false });
    }

    /// Wants messages of `milestone`.
    pub(crate) fn want(&mut self, ids: &[MessageId], milestone: u32) {
        let messages = ids.iter().map(|id| (*id, Some(MilestoneIndex(milestone)))).collect();
        self.event(NodeEvent::Wanted(Wanted { milestones: Vec::new(), messages }));
    }

    pub(crate) fn status(&self, slot: Slot) -> PeerStatus {
        self.gossip.status(slot).unwrap()
    }

    /// All misbehaviour that was noticed since the last call.
    pub(crate) fn misbehaved(&mut self) -> Vec<(Slot, Misbehaviour)> {
        let reports = std::iter::from_fn(|| self.gossip.next_report());
        reports
            .filter_map(|report| match report {
                Report::Misbehaved { slot, misbehaviour } => Some((slot, misbehaviour)),
                Report::Unhealthy { .. } | Report::Heartbeat { .. } => None,
            })
            .collect()
    }
}
