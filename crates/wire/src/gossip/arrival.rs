//! What streams bring.

use bytes::Bytes;
use osmia_primitives::MessageId;

use super::flights::Kind;
use super::{Asked, Gossip};
use crate::filter::Fingerprint;
use crate::limits::{MESSAGE_OVERHEAD_BYTES, REQUEST_MEMORY_MS};
use crate::packet::{Heartbeat, Packet, PacketError, claimed_milestone};
use crate::peer::{Peer, Slot, Waiting, slots};
use crate::requester::{Item, Match};
use crate::standing::Misbehaviour;

impl Gossip {
    /// Takes bytes from the stream of `slot`, in any pieces. After a framing error, and for a slot that is not open,
    /// they are ignored. While [`Gossip::may_read`] is `false` no more should be read; what is read nevertheless may be
    /// dropped.
    pub fn receive(&mut self, now_ms: u64, slot: Slot, bytes: &[u8]) {
        let Some(peer) = self.peer_mut(slot) else { return };
        if peer.is_broken || bytes.is_empty() {
            return;
        }
        peer.heard_ms = peer.heard_ms.max(now_ms);
        peer.metrics.bytes_received += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let mut input = bytes;
        while let Some(peer) = self.peer_mut(slot) {
            match peer.decoder.next(&mut input) {
                Ok(Some(packet)) => self.on_packet(now_ms, slot, packet),
                Ok(None) => break,
                Err(error) => {
                    self.on_framing_error(slot, error);
                    break;
                }
            }
        }
        self.with_peer(slot, |peer| {
            if peer.unanswered.on_other(now_ms) {
                peer.misbehaved(slot, Misbehaviour::NeverAnswers);
            }
        });
        self.assign_if_due(now_ms);
    }

    /// Whether more should be read from the stream of `slot`. While it should not, the peer's system holds its bytes.
    #[must_use]
    pub fn may_read(&self, slot: Slot) -> bool {
        self.peer(slot).is_some_and(|peer| !peer.is_broken && !peer.inbox.is_full())
    }

    fn on_framing_error(&mut self, slot: Slot, error: PacketError) {
        let misbehaviour = match error {
            PacketError::UnknownType(_) => Misbehaviour::UnknownPacketType,
            PacketError::WrongLength { .. } => Misbehaviour::WrongPacketLength,
        };
        self.with_peer(slot, |peer| {
            peer.is_broken = true;
            peer.misbehaved(slot, misbehaviour);
        });
    }

    fn on_packet(&mut self, now_ms: u64, slot: Slot, packet: Packet) {
        match packet {
            Packet::Message(bytes) => self.on_message(now_ms, slot, bytes),
            Packet::Heartbeat(heartbeat) => self.on_heartbeat(now_ms, slot, heartbeat),
            Packet::MilestoneRequest(index) => {
                let what = if index.0 == 0 { Asked::LatestMilestone } else { Asked::Milestone(index) };
                self.with_peer(slot, |peer| {
                    peer.metrics.received_milestone_requests += 1;
                    on_question(now_ms, slot, peer, what);
                });
            }
            Packet::MessageRequest(id) => self.with_peer(slot, |peer| {
                peer.metrics.received_message_requests += 1;
                on_question(now_ms, slot, peer, Asked::Message(id));
            }),
        }
    }

    fn on_heartbeat(&mut self, now_ms: u64, slot: Slot, heartbeat: Heartbeat) {
        let our_latest = self.state.latest;
        let Some(peer) = self.peer_mut(slot) else { return };
        peer.metrics.received_heartbeats += 1;
        if !heartbeat.is_consistent() {
            peer.misbehaved(slot, Misbehaviour::ContradictingHeartbeat);
            return;
        }
        peer.heartbeat = Some((heartbeat, now_ms));
        peer.report_heartbeat(slot, heartbeat);
        peer.watch_latest(now_ms, our_latest);
        self.requester.on_peers_changed();
    }

    fn on_message(&mut self, now_ms: u64, slot: Slot, bytes: Bytes) {
        let fingerprint = self.fingerprinter.fingerprint(&bytes);
        let (kind, matched) = self.kind_of(now_ms, slot, &bytes);
        let was_owed = matched.is_some_and(|matched| matched.was_owed);
        self.with_peer(slot, |peer| {
            peer.metrics.received_messages += 1;
            if was_owed {
                peer.unanswered.on_answer();
            }
        });
        let needed = matched.is_some_and(|matched| matched.is_needed).then_some(kind);
        if let Some(was_sent) = self.sent_before(slot, fingerprint, needed) {
            self.with_peer(slot, |peer| {
                peer.metrics.known_messages += 1;
                if !was_sent {
                    peer.repeats.allow_one();
                } else if !was_owed && peer.repeats.count(now_ms) {
                    peer.misbehaved(slot, Misbehaviour::Repeats);
                }
            });
            return;
        }
        let Some(peer) = self.peers.get_mut(slot.place()).and_then(Option::as_mut) else { return };
        if !peer.inbox.has_room(bytes.len()) {
            peer.metrics.dropped_received += 1;
            return;
        }
        peer.repeats.allow_one();
        let ticket = self.flights.begin(fingerprint, slot, kind, bytes.len());
        match kind {
            Kind::Plain => peer.inbox.push_plain(Waiting { ticket, bytes }),
            Kind::Latest => peer.inbox.push_answer(Waiting { ticket, bytes }),
            Kind::Answer(item) => {
                peer.inbox.push_answer(Waiting { ticket, bytes });
                self.requester.on_handed(item, ticket);
            }
        }
        self.with_inbox |= slot.bit();
    }

    /// Whether a message was asked for, and what that means. The id is computed only while ids are asked for.
    fn kind_of(&mut self, now_ms: u64, slot: Slot, bytes: &Bytes) -> (Kind, Option<Match>) {
        let milestone = claimed_milestone(bytes).map(Item::Milestone);
        let by_index = milestone.and_then(|item| self.requester.on_arrival(slot, item));
        if self.requester.expects_messages() {
            let item = Item::Message(MessageId::of(bytes));
            if let Some(matched) = self.requester.on_arrival(slot, item) {
                // A milestone can be asked for both ways, of the same peer or of two: one message answers both.
                let was_owed = matched.was_owed || by_index.is_some_and(|other| other.was_owed);
                return (Kind::Answer(item), Some(Match { was_owed, ..matched }));
            }
        }
        let Some(item) = milestone else { return (Kind::Plain, None) };
        if let Some(matched) = by_index {
            return (Kind::Answer(item), Some(matched));
        }
        let asked_ms = self.peer(slot).and_then(|peer| peer.latest_asked_ms);
        let is_latest = asked_ms.is_some_and(|then| now_ms.saturating_sub(then) < REQUEST_MEMORY_MS);
        (if is_latest { Kind::Latest } else { Kind::Plain }, None)
    }

    /// When the message is one that passed or is on its way, and so is dropped: whether `slot` itself had sent it. An
    /// answer that is needed passes again: the node may have lost what it had, and a copy that nobody asked for is
    /// judged by its proof of work.
    fn sent_before(&mut self, slot: Slot, fingerprint: Fingerprint, needed: Option<Kind>) -> Option<bool> {
        if let Some(flight) = self.flights.find(fingerprint) {
            if needed.is_some_and(|kind| kind.rank() > flight.kind.rank()) {
                return None;
            }
            let was_sent = flight.from & slot.bit() != 0;
            flight.from |= slot.bit();
            return Some(was_sent);
        }
        let seen = self.filter.get_mut(fingerprint).filter(|_| needed.is_none())?;
        let was_sent = seen.from & slot.bit() != 0;
        seen.from |= slot.bit();
        Some(was_sent)
    }

    /// A peer is gone, and its inbox with it; what others sent, too, goes to the inbox of one of them.
    pub(super) fn pass_on_inbox(&mut self, slot: Slot, mut peer: Box<Peer>) {
        while let Some(waiting) = peer.inbox.pop() {
            let Some(flight) = self.flights.get_mut(waiting.ticket) else { continue };
            flight.from &= !slot.bit();
            let kind = flight.kind;
            let room_needed = waiting.cost() - MESSAGE_OVERHEAD_BYTES;
            let heir = slots(flight.from).find(|other| {
                let other = self.peers.get(other.place()).and_then(Option::as_ref);
                other.is_some_and(|other| other.inbox.has_room(room_needed))
            });
            let inbox = heir.and_then(|heir| self.peers.get_mut(heir.place())).and_then(Option::as_mut);
            let (Some(heir), Some(other)) = (heir, inbox) else {
                self.lose(waiting.ticket);
                continue;
            };
            flight.owner = Some(heir);
            self.with_inbox |= heir.bit();
            match kind {
                Kind::Plain => other.inbox.push_plain(waiting),
                Kind::Answer(_) | Kind::Latest => other.inbox.push_answer(waiting),
            }
        }
    }
}

fn on_question(now_ms: u64, slot: Slot, peer: &mut Peer, what: Asked) {
    if peer.questions.count(now_ms) {
        peer.misbehaved(slot, Misbehaviour::RequestFlood);
    }
    if !peer.questions.push(what) {
        peer.metrics.dropped_received += 1;
    }
}
