//! What time and the state of the node bring about: heartbeats, requests, what is given up.

use osmia_primitives::MilestoneIndex;

use super::{Gossip, Report, Unhealthy};
use crate::handover::NodeState;
use crate::limits::{
    BEHIND_PEER_MS, FIRST_HEARTBEAT_MS_MAX, HEARTBEAT_AGE_MS_MAX, LATEST_REQUEST_MS_MIN, SWEEP_MS,
};
use crate::peer::{Peer, Slot, slots};
use crate::requester::{Ask, Candidate, Item};

impl Gossip {
    /// Lets time pass. To be called about every 100 ms.
    pub fn tick(&mut self, now_ms: u64) {
        let our_latest = self.state.latest;
        for slot in slots(self.open) {
            self.with_peer(slot, |peer| {
                peer.queue_heartbeat_if_due(now_ms);
                peer.watch_latest(now_ms, our_latest);
                peer.watch_health(now_ms, slot);
            });
        }
        if now_ms.saturating_sub(self.checked_ms) >= SWEEP_MS {
            self.checked_ms = now_ms;
            for ticket in self.flights.overdue(now_ms) {
                self.lose(ticket);
            }
        }
        self.requester.sweep(now_ms);
        self.assign_if_due(now_ms);
    }

    pub(super) fn on_state(&mut self, now_ms: u64, state: NodeState) {
        let has_news = NodeState { is_almost_synced: self.state.is_almost_synced, ..state } != self.state;
        self.state = state;
        if !has_news {
            return;
        }
        for slot in slots(self.open) {
            self.with_peer(slot, |peer| {
                peer.heartbeat_timer.on_change();
                peer.queue_heartbeat_if_due(now_ms);
                peer.watch_latest(now_ms, state.latest);
            });
        }
        self.requester.on_peers_changed();
    }

    /// Asks peers for what is wanted, when something changed that lets more be asked.
    pub(super) fn assign_if_due(&mut self, now_ms: u64) {
        if !self.requester.should_assign(now_ms) {
            return;
        }
        let confirmed = self.state.confirmed;
        self.candidates.clear();
        for slot in slots(self.open) {
            let Some(peer) = self.peers.get(slot.place()).and_then(Option::as_ref) else { continue };
            let Some((heartbeat, _)) = peer.heartbeat.filter(|_| !peer.is_broken) else { continue };
            let is_synced = peer.is_synced(confirmed);
            self.candidates.push(Candidate { slot, heartbeat, is_synced });
        }
        self.requester.assign(now_ms, &self.candidates, &mut self.asks);
        for ask in self.asks.drain(..) {
            if let Some(peer) = self.peers.get_mut(ask.slot.place()).and_then(Option::as_mut) {
                peer.ask(&ask);
            }
        }
    }
}

impl Peer {
    fn ask(&mut self, ask: &Ask) {
        if ask.is_repeated {
            self.repeats.allow_one();
        }
        match ask.item {
            Item::Message(id) => {
                self.outbound.push_message_request(id, ask.is_answerable, &mut self.metrics);
            }
            Item::Milestone(index) => {
                self.outbound.push_milestone_request(index, ask.is_answerable, &mut self.metrics);
            }
        }
    }

    fn queue_heartbeat_if_due(&mut self, now_ms: u64) {
        if !self.outbound.has_heartbeat() && self.heartbeat_timer.is_due(now_ms) {
            self.outbound.push_heartbeat();
        }
    }

    /// Asks for a milestone that the peer has and we lack, unless gossip brings it within a second.
    pub(super) fn watch_latest(&mut self, now_ms: u64, our_latest: MilestoneIndex) {
        if self.heartbeat.is_none_or(|(heartbeat, _)| heartbeat.latest <= our_latest) {
            self.ahead_since_ms = None;
            return;
        }
        let since_ms = *self.ahead_since_ms.get_or_insert(now_ms);
        let was_asked = self
            .latest_asked_ms
            .is_some_and(|asked_ms| now_ms.saturating_sub(asked_ms) < LATEST_REQUEST_MS_MIN);
        if now_ms.saturating_sub(since_ms) > BEHIND_PEER_MS && !was_asked {
            self.ask_latest(now_ms);
        }
    }

    fn watch_health(&mut self, now_ms: u64, slot: Slot) {
        let why = match self.heartbeat {
            None if now_ms.saturating_sub(self.opened_ms) > FIRST_HEARTBEAT_MS_MAX => Unhealthy::NoHeartbeat,
            Some((_, at_ms)) if now_ms.saturating_sub(at_ms) > HEARTBEAT_AGE_MS_MAX => {
                Unhealthy::OldHeartbeat
            }
            None | Some(_) => return,
        };
        if !std::mem::replace(&mut self.is_reported_unhealthy, true) {
            self.report(Report::Unhealthy { slot, why });
        }
    }
}
