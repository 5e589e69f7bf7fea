//! The way from a node to its gossip. The real one belongs to the network crate; this one has its order and nothing else.

use osmia_wire::handover::{NodeEvent, NodeState, Wanted};

/// Events on their way: verdicts and broadcasts in their order, then the newest state and list of what is wanted.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    events: Vec<NodeEvent>,
    state: Option<NodeState>,
    wanted: Option<Wanted>,
}

impl Mailbox {
    pub(crate) fn push(&mut self, events: Vec<NodeEvent>) {
        for event in events {
            match event {
                NodeEvent::State(state) => self.state = Some(state),
                NodeEvent::Wanted(wanted) => self.wanted = Some(wanted),
                NodeEvent::Verdict(..) | NodeEvent::Broadcast { .. } => self.events.push(event),
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.state.is_none() && self.wanted.is_none()
    }

    pub(crate) fn take(&mut self) -> Vec<NodeEvent> {
        let mut events = std::mem::take(&mut self.events);
        events.extend(self.state.take().map(NodeEvent::State));
        events.extend(self.wanted.take().map(NodeEvent::Wanted));
        events
    }
}
