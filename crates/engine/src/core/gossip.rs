//! The core's side of gossip: what peers' messages become, what is sent on, and what the node asks others for.

use bytes::Bytes;
use osmia_primitives::MilestoneIndex;
use osmia_tangle::{Attached, Inserted, Vertex};
use osmia_wire::handover::{Interest, NodeEvent, NodeState, Ticket, Verdict, Wanted};

use super::Core;
use crate::error::FatalError;
use crate::limits::{SYNC_WINDOW_MILESTONES, WANTED_MESSAGES_MAX};
use crate::protocol::FLAG_REQUESTED;

/// What gossip is to be told, and what it was told last.
#[derive(Debug, Default)]
pub(super) struct GossipState {
    events: Vec<NodeEvent>,
    state: Option<NodeState>,
    wanted: Wanted,
    /// Whether something happened that can change what is wanted.
    is_stale: bool,
}

impl GossipState {
    pub(super) const fn note_change(&mut self) {
        self.is_stale = true;
    }
}

impl Core {
    /// What gossip must know of the steps so far. Call it after [`Core::commit`] succeeded: it reports nothing that is
    /// not stored. Empty in a node without gossip.
    pub fn take_gossip(&mut self) -> Vec<NodeEvent> {
        let Some(gossip) = &mut self.gossip else { return Vec::new() };
        let mut events = std::mem::take(&mut gossip.events);
        let is_stale = std::mem::take(&mut gossip.is_stale);
        if !is_stale {
            return events;
        }
        let state = NodeState {
            confirmed: self.state.confirmed.index,
            latest: self.latest_mark().index,
            pruned: self.state.pruning_index,
            is_almost_synced: self.is_almost_synced(),
        };
        let wanted = self.wanted();
        let Some(gossip) = &mut self.gossip else { return events };
        if gossip.state.replace(state) != Some(state) {
            events.push(NodeEvent::State(state));
        }
        if gossip.wanted != wanted {
            gossip.wanted.clone_from(&wanted);
            events.push(NodeEvent::Wanted(wanted));
        }
        events
    }

    /// Takes a peer's message: attaches it, lets it wait, or says why not.
    pub(super) fn take_from_peer(
        &mut self,
        now_ms: u64,
        vertex: Vertex,
        ticket: Ticket,
        interest: Interest,
    ) -> Result<(), FatalError> {
        // While the node is behind, the messages of the present would only fill the waiting room.
        let is_of_use =
            interest == Interest::Requested || vertex.milestone.is_some() || self.is_almost_synced();
        let verdict = if is_of_use {
            match self.insert(now_ms, vertex)? {
                Inserted::Attached | Inserted::Waiting => Verdict::New,
                Inserted::Known => {
                    self.counters.known += 1;
                    Verdict::Known
                }
                Inserted::Full => {
                    self.counters.rejected += 1;
                    Verdict::NotTaken
                }
            }
        } else {
            Verdict::NotTaken
        };
        if let Some(gossip) = &mut self.gossip {
            gossip.events.push(NodeEvent::Verdict(ticket, verdict));
        }
        Ok(())
    }

    /// Sends a solid message on, when others can use it: we are near the present, it is not below max depth, and we did
    /// not ask for it, unless it is the newest milestone.
    pub(super) fn announce(&mut self, item: &Attached) {
        let latest = self.latest_mark().index;
        let depth = self.protocol.parameters().below_max_depth;
        let is_near = |index: MilestoneIndex| latest.ahead_of(index) <= depth;
        let Some(gossip) = &mut self.gossip else { return };
        let is_recent = self.tangle.roots_of(item.arrival).is_some_and(|roots| is_near(roots.oldest));
        let is_newest = item.vertex.milestone.is_some_and(|index| index >= latest);
        let is_new = item.vertex.flags & FLAG_REQUESTED == 0 || is_newest;
        if is_new && is_near(self.state.confirmed.index) && is_recent {
            gossip.events.push(NodeEvent::Broadcast {
                bytes: Bytes::from_owner(std::sync::Arc::clone(&item.vertex.bytes)),
                is_milestone: item.vertex.milestone.is_some(),
            });
        }
    }

    /// What the node lacks, first what it needs first: milestones by index that follow the confirmed one, and the
    /// missing messages of their cones. Near the present also the parents of messages that wait.
    fn wanted(&self) -> Wanted {
        let confirmed = self.state.confirmed.index;
        let latest = self.latest_mark().index;
        let requests = self.tangle.requests(WANTED_MESSAGES_MAX);
        // A crowded room would drop what is asked for: then only the oldest milestone's cone is.
        let window = if self.tangle.is_crowded() { 1 } else { SYNC_WINDOW_MILESTONES };
        let horizon = confirmed.later_by(window);
        let is_wanted = |milestone: Option<MilestoneIndex>| match milestone {
            Some(index) => index <= horizon,
            None => self.is_almost_synced(),
        };
        let missing = |index: &MilestoneIndex| !self.knows_milestone(*index);
        let last = horizon.min(latest);
        Wanted {
            milestones: (confirmed.0.saturating_add(1)..=last.0)
                .map(MilestoneIndex)
                .filter(missing)
                .collect(),
            messages: requests
                .into_iter()
                .filter(|request| is_wanted(request.milestone))
                .map(|request| (request.id, request.milestone))
                .collect(),
        }
    }

    /// Whether the milestone of `index` is attached, or waits for its cone.
    fn knows_milestone(&self, index: MilestoneIndex) -> bool {
        self.ahead.get(&index).is_some_and(|known| known.is_stored || self.tangle.contains(&known.message_id))
    }
}
