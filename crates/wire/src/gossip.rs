//! All peers of one node.

mod arrival;
mod flights;
mod timers;

use std::collections::VecDeque;

use bytes::Bytes;
use osmia_primitives::{IdHasherKey, MessageId, MilestoneIndex};

use crate::filter::{Filter, Fingerprinter, Seen};
use crate::handover::{Incoming, Interest, Invalid, NodeEvent, NodeState, Ticket, Verdict};
use crate::limits::{PEERS_MAX, TURN_BYTES};
use crate::packet::{Heartbeat, PACKET_BYTES_MAX};
use crate::peer::{Peer, PeerStatus, Slot, slots};
use crate::requester::{Ask, Candidate, Item, Requester};
use crate::standing::Misbehaviour;

use flights::{Flight, Flights, Kind};

/// What a [`Gossip`] must be told.
#[derive(Clone, Copy)]
pub struct GossipOptions {
    /// The key of the duplicate filter and of the tables. Secret and random, or strangers can make messages collide.
    pub key: [u8; 16],
}

impl std::fmt::Debug for GossipOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("GossipOptions { key: secret }")
    }
}

/// What a peer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The message with this id.
    Message(MessageId),
    /// The message of the milestone with this index.
    Milestone(MilestoneIndex),
    /// The message of the newest milestone.
    LatestMilestone,
}

/// A request of a peer, to be ended by [`Gossip::answer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Who asks.
    pub slot: Slot,
    /// What it asks for.
    pub what: Asked,
}

/// Why a stream should be closed although its peer did nothing wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unhealthy {
    /// No heartbeat came after the stream was opened.
    NoHeartbeat,
    /// The last heartbeat is too old.
    OldHeartbeat,
}

/// What whoever owns the streams should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The peer did what no honest peer does.
    Misbehaved {
        /// Who.
        slot: Slot,
        /// What it did.
        misbehaviour: Misbehaviour,
    },
    /// The peer seems to be gone: close its stream. Reported once for each stream.
    Unhealthy {
        /// Who.
        slot: Slot,
        /// What is missing.
        why: Unhealthy,
    },
    /// The peer's newest heartbeat.
    Heartbeat {
        /// Who.
        slot: Slot,
        /// What it says.
        heartbeat: Heartbeat,
    },
}

/// All peers of one node. See the crate's documentation.
pub struct Gossip {
    peers: Vec<Option<Box<Peer>>>,
    /// Slots that are open.
    open: u64,
    /// Slots that are not, the one that was open longest ago first.
    free: VecDeque<Slot>,
    fingerprinter: Fingerprinter,
    filter: Filter,
    flights: Flights,
    requester: Requester,
    state: NodeState,
    /// Slots whose inbox is not empty.
    with_inbox: u64,
    /// Whose turn it is to hand messages on.
    turn: Slot,
    /// Whose request was handed on last.
    asked_last: Slot,
    /// Lists that are used again, so that a request costs no allocation.
    candidates: Vec<Candidate>,
    asks: Vec<Ask>,
    /// When overdue verdicts were looked for last.
    checked_ms: u64,
}

impl std::fmt::Debug for Gossip {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let handed = self.flights.handed();
        formatter
            .debug_struct("Gossip")
            .field("open", &self.open.count_ones())
            .field("without_verdict", &self.flights.len())
            .field("handed_on", &handed.messages)
            .field("handed_on_bytes", &handed.bytes)
            .field("filtered", &self.filter.len())
            .field("requests", &self.requester.len())
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Gossip {
    /// A node without peers, at milestone 0 until its first [`NodeEvent::State`].
    #[must_use]
    pub fn new(options: GossipOptions) -> Self {
        let GossipOptions { key } = options;
        let table_key = key.first_chunk().copied().map_or(0, u64::from_le_bytes);
        // Not the same words as the fingerprints': a table's order must say nothing about their key.
        let table_key = IdHasherKey(table_key.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29));
        Self {
            peers: (0..PEERS_MAX).map(|_| None).collect(),
            open: 0,
            free: (0..=u8::MAX).take(PEERS_MAX).map(Slot).collect(),
            fingerprinter: Fingerprinter::new(&key),
            filter: Filter::new(table_key),
            flights: Flights::new(table_key),
            requester: Requester::new(table_key),
            state: NodeState::default(),
            with_inbox: 0,
            turn: Slot(0),
            asked_last: Slot(0),
            candidates: Vec::new(),
            asks: Vec::new(),
            checked_ms: 0,
        }
    }

    /// Begins with a new stream: a heartbeat and a request for the newest milestone wait for it. `None`: all slots are
    /// in use.
    pub fn open(&mut self, now_ms: u64) -> Option<Slot> {
        let slot = self.free.pop_front()?;
        let mut peer = Box::new(Peer::new(now_ms));
        peer.outbound.push_heartbeat();
        peer.ask_latest(now_ms);
        *self.peers.get_mut(slot.place())? = Some(peer);
        self.open |= slot.bit();
        Some(slot)
    }

    /// Ends with a stream. What was asked of its peer is asked of others, and its reports are dropped: take them before.
    pub fn close(&mut self, now_ms: u64, slot: Slot) {
        let Some(peer) = self.peers.get_mut(slot.place()).and_then(Option::take) else { return };
        self.open &= !slot.bit();
        self.with_inbox &= !slot.bit();
        self.pass_on_inbox(slot, peer);
        self.flights.forget(slot);
        self.filter.forget(slot.bit());
        self.requester.on_close(slot);
        self.free.push_back(slot);
        self.assign_if_due(now_ms);
    }

    /// Appends packets for `slot` to `out`, the most valuable first: about `bytes_max` bytes, at most the larger of that
    /// and one packet, nothing when nothing waits.
    pub fn take_output(&mut self, now_ms: u64, slot: Slot, out: &mut Vec<u8>, bytes_max: usize) {
        self.assign_if_due(now_ms);
        let heartbeat = self.heartbeat();
        self.with_peer(slot, |peer| {
            let taken = peer.outbound.take(out, bytes_max, &heartbeat, &mut peer.metrics);
            if taken.heartbeat {
                peer.heartbeat_timer.on_sent(now_ms);
            }
            peer.unanswered.on_sent(now_ms, taken.answerable_requests);
        });
    }

    /// Whether something waits to be sent to `slot`.
    #[must_use]
    pub fn has_output(&self, slot: Slot) -> bool {
        self.peer(slot).is_some_and(|peer| !peer.outbound.is_empty())
    }

    /// The next message for the node, fairly between peers. `None`: there is none, or too much is without verdict.
    pub fn next_message(&mut self, now_ms: u64) -> Option<Incoming> {
        // Each round gives each inbox a turn's bytes, so after so many the largest message has its share.
        let rounds = PACKET_BYTES_MAX.div_ceil(TURN_BYTES) + 1;
        for _ in 0..=rounds * PEERS_MAX {
            if self.with_inbox == 0 || self.flights.is_full() {
                return None;
            }
            if let Some(incoming) = self.next_message_of(now_ms, self.turn) {
                return Some(incoming);
            }
            self.turn = next_slot(self.with_inbox, self.turn)?;
            let turn = self.turn;
            self.with_peer(turn, |peer| {
                peer.turn_bytes = (peer.turn_bytes + TURN_BYTES).min(2 * PACKET_BYTES_MAX);
            });
        }
        None
    }

    fn next_message_of(&mut self, now_ms: u64, slot: Slot) -> Option<Incoming> {
        let has_others = self.with_inbox & !slot.bit() != 0;
        if has_others && self.flights.has_half(slot) {
            return None;
        }
        let peer = self.peers.get_mut(slot.place())?.as_mut()?;
        let cost = peer.inbox.first()?.cost();
        peer.turn_bytes = peer.turn_bytes.checked_sub(cost)?;
        let waiting = peer.inbox.pop()?;
        if peer.inbox.is_empty() {
            peer.turn_bytes = 0;
            self.with_inbox &= !slot.bit();
        }
        let flight = self.flights.hand(now_ms, waiting.ticket);
        let interest = match flight.kind {
            Kind::Plain if self.state.is_almost_synced => Interest::Gossip,
            Kind::Plain => Interest::MilestonesOnly,
            Kind::Answer(Item::Message(_)) => Interest::Requested,
            Kind::Answer(Item::Milestone(_)) | Kind::Latest => Interest::RequestedMilestone,
        };
        Some(Incoming { ticket: waiting.ticket, bytes: waiting.bytes, interest })
    }

    /// The next request to serve, in turn between peers, each within its rate. It is to be ended by
    /// [`Gossip::answer`].
    pub fn next_question(&mut self, now_ms: u64) -> Option<Question> {
        for _ in 0..self.open.count_ones() {
            let slot = next_slot(self.open, self.asked_last)?;
            self.asked_last = slot;
            let Some(peer) = self.peer_mut(slot) else { continue };
            let room_bytes = peer.outbound.answer_room_bytes();
            if let Some(what) = peer.questions.take(now_ms, room_bytes) {
                return Some(Question { slot, what });
            }
        }
        None
    }

    /// Ends a request that was handed on. `None`: the node does not have it, and nothing is sent, as the protocol has
    /// no word for that.
    pub fn answer(&mut self, slot: Slot, bytes: Option<Bytes>) {
        self.with_peer(slot, |peer| {
            peer.questions.on_answer(bytes.as_ref().map_or(0, Bytes::len));
            if let Some(bytes) = bytes {
                peer.outbound.push_answer(bytes, &mut peer.metrics);
            }
        });
    }

    /// Takes what the node says.
    pub fn on_event(&mut self, now_ms: u64, event: NodeEvent) {
        match event {
            NodeEvent::Verdict(ticket, verdict) => self.on_verdict(now_ms, ticket, verdict),
            NodeEvent::Broadcast { bytes, is_milestone } => self.broadcast(now_ms, &bytes, is_milestone),
            NodeEvent::Wanted(wanted) => self.requester.set_wanted(wanted),
            NodeEvent::State(state) => self.on_state(now_ms, state),
        }
        self.assign_if_due(now_ms);
    }

    fn on_verdict(&mut self, now_ms: u64, ticket: Ticket, verdict: Verdict) {
        // A verdict may come after its message was given up; one of a message that still waits here is no verdict.
        let Some(flight) = self.flights.end_handed(ticket) else { return };
        if let Kind::Answer(item) = flight.kind {
            self.requester.on_verdict(now_ms, item, ticket, verdict);
        }
        match verdict {
            Verdict::New | Verdict::Known => {
                self.filter.add(now_ms, flight.fingerprint, Seen { from: flight.from, to: 0 });
                let is_new = u64::from(verdict == Verdict::New);
                if let Some(peer) = flight.owner.and_then(|slot| self.peer_mut(slot)) {
                    peer.metrics.new_messages += is_new;
                    peer.metrics.known_messages += 1 - is_new;
                }
            }
            Verdict::NotTaken => {}
            Verdict::Invalid(why) => self.punish(&flight, why),
        }
    }

    /// Everyone who sent a message that no honest peer sends misbehaved.
    fn punish(&mut self, flight: &Flight, why: Invalid) {
        let misbehaviour = match why {
            Invalid::Syntax => Misbehaviour::InvalidSyntax,
            Invalid::WrongNetwork => Misbehaviour::WrongNetwork,
            Invalid::InsufficientPow => Misbehaviour::InsufficientPow,
        };
        let was_asked_for = matches!(flight.kind, Kind::Answer(Item::Message(_)));
        if was_asked_for && why == Invalid::InsufficientPow {
            return;
        }
        for slot in slots(flight.from) {
            self.with_peer(slot, |peer| {
                peer.metrics.invalid_messages += 1;
                peer.misbehaved(slot, misbehaviour);
            });
        }
    }

    fn broadcast(&mut self, now_ms: u64, bytes: &Bytes, is_milestone: bool) {
        let fingerprint = self.fingerprinter.fingerprint(bytes);
        let on_its_way = self.flights.find(fingerprint).map_or(0, |flight| flight.from);
        let have = self.filter.get_mut(fingerprint).map_or(0, |seen| seen.all()) | on_its_way;
        let to = self.open & !have;
        for slot in slots(to) {
            self.with_peer(slot, |peer| {
                if is_milestone {
                    peer.outbound.push_milestone(bytes.clone(), &mut peer.metrics);
                } else {
                    peer.outbound.push_broadcast(bytes.clone(), &mut peer.metrics);
                }
            });
        }
        self.filter.add(now_ms, fingerprint, Seen { from: on_its_way, to });
    }

    /// What is to be reported next. At most [`REPORTS_MAX`](crate::limits::REPORTS_MAX) of a peer wait, and its newest
    /// heartbeat.
    pub fn next_report(&mut self) -> Option<Report> {
        slots(self.open).find_map(|slot| self.peer_mut(slot)?.next_report())
    }

    /// How it stands with one peer; `None` when the slot is not open.
    #[must_use]
    pub fn status(&self, slot: Slot) -> Option<PeerStatus> {
        let peer = self.peer(slot)?;
        Some(PeerStatus {
            metrics: peer.metrics,
            heartbeat: peer.heartbeat,
            opened_ms: peer.opened_ms,
            heard_ms: peer.heard_ms,
            is_synced: peer.is_synced(self.state.confirmed),
            inbox_messages: peer.inbox.len(),
            inbox_bytes: peer.inbox.bytes(),
            handed_messages: self.flights.handed_of(slot).messages,
            outbound_packets: peer.outbound.packets(),
            outbound_bytes: peer.outbound.bytes(),
            requests_in_flight: self.requester.in_flight(slot),
            questions: peer.questions.len(),
        })
    }

    /// The slots that are open, in ascending order.
    pub fn open_slots(&self) -> impl Iterator<Item = Slot> + use<> {
        slots(self.open)
    }

    /// How many peers there are, as heartbeats say it.
    #[must_use]
    pub fn connected_peers(&self) -> u8 {
        u8::try_from(self.open.count_ones()).unwrap_or(u8::MAX)
    }

    /// How many of them are synced, as heartbeats say it.
    #[must_use]
    pub fn synced_peers(&self) -> u8 {
        let synced = self.peers.iter().flatten().filter(|peer| peer.is_synced(self.state.confirmed)).count();
        u8::try_from(synced).unwrap_or(u8::MAX)
    }

    /// Messages that arrived and have no verdict, those in inboxes included.
    #[must_use]
    pub fn messages_without_verdict(&self) -> usize {
        self.flights.len()
    }

    /// Whether nothing waits to be handed on, sent or judged.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let is_quiet = |peer: &Peer| peer.outbound.is_empty() && peer.questions.is_empty();
        self.flights.len() == 0 && self.peers.iter().flatten().all(|peer| is_quiet(peer))
    }

    /// A message is given up: there will be no verdict.
    fn lose(&mut self, ticket: Ticket) {
        if let Some(Flight { kind: Kind::Answer(item), .. }) = self.flights.end(ticket) {
            self.requester.on_lost(item, ticket);
        }
    }

    /// What our heartbeat says now.
    fn heartbeat(&self) -> Heartbeat {
        let NodeState { confirmed, latest, pruned, is_almost_synced: _ } = self.state;
        Heartbeat {
            solid: confirmed,
            pruned: pruned.min(confirmed),
            latest: latest.max(confirmed),
            connected_peers: self.connected_peers(),
            synced_peers: self.synced_peers(),
        }
    }

    fn peer(&self, slot: Slot) -> Option<&Peer> {
        self.peers.get(slot.place())?.as_deref()
    }

    fn peer_mut(&mut self, slot: Slot) -> Option<&mut Peer> {
        self.peers.get_mut(slot.place())?.as_deref_mut()
    }

    fn with_peer(&mut self, slot: Slot, action: impl FnOnce(&mut Peer)) {
        if let Some(peer) = self.peer_mut(slot) {
            action(peer);
        }
    }
}

/// The first slot of `set` after `slot`, and after the last one the first of all.
fn next_slot(set: u64, slot: Slot) -> Option<Slot> {
    let later = set & !slot.bit() & !slot.bit().wrapping_sub(1);
    slots(if later == 0 { set } else { later }).next()
}
