//! Gossip between its neighbours: the streams, the node, and the thread that answers questions.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use libp2p::swarm::ConnectionId;
use libp2p::{PeerId, Stream};
use osmia_engine::Node;
use osmia_wire::handover::Incoming;
use osmia_wire::{Gossip, PeerMetrics, PeerStatus, Report, Slot};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::clock::SteadyClock;
use crate::limits::{GOSSIP_PEERS_MAX, WRITE_BYTES};
use crate::link::Mailbox;
use crate::pump;
use crate::serve::{Server, StreamQuestion};

/// Gossip, its streams and its neighbours. The network thread shares it among its tasks; nobody keeps a borrow while he waits.
#[derive(Debug)]
pub(crate) struct Hub {
    gossip: Gossip,
    clock: SteadyClock,
    node: Node,
    server: Server,
    mailbox: Arc<Mailbox>,
    streams: BTreeMap<Slot, Open>,
    streams_opened: u64,
    /// A message the node had no room for.
    held: Option<Incoming>,
    /// Bounded by the streams: each ends once.
    ended: Vec<(ConnectionId, String)>,
    reports: VecDeque<StreamReport>,
    /// Of streams that were closed.
    closed_metrics: PeerMetrics,
}

/// Names a stream: its slot, and its number, because slots are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamId {
    slot: Slot,
    number: u64,
}

#[derive(Debug)]
struct Open {
    number: u64,
    peer: PeerId,
    connection: ConnectionId,
    wakers: Rc<Wakers>,
    task: AbortHandle,
}

/// What the two directions of a stream wait for.
#[derive(Debug, Default)]
pub(crate) struct Wakers {
    /// There is something to write.
    pub(crate) write: Notify,
    /// There is room for more.
    pub(crate) read: Notify,
}

/// A report with the stream it is about.
#[derive(Debug)]
pub(crate) struct StreamReport {
    pub(crate) peer: PeerId,
    pub(crate) connection: ConnectionId,
    pub(crate) report: Report,
}

impl Hub {
    pub(crate) fn new(
        gossip: Gossip,
        clock: SteadyClock,
        node: Node,
        server: Server,
        mailbox: Arc<Mailbox>,
    ) -> Self {
        Self {
            gossip,
            clock,
            node,
            server,
            mailbox,
            streams: BTreeMap::new(),
            streams_opened: 0,
            held: None,
            ended: Vec::new(),
            reports: VecDeque::new(),
            closed_metrics: PeerMetrics::default(),
        }
    }

    /// Gives a stream to gossip and starts to pump it; `false` when all slots are taken. A stream that the peer has still
    /// open on another connection is closed.
    pub(crate) fn open(
        hub: &Rc<RefCell<Self>>,
        peer: PeerId,
        connection: ConnectionId,
        stream: Stream,
    ) -> bool {
        let this = &mut *hub.borrow_mut();
        if let Some(old) = this.connection_of(&peer) {
            this.close(old);
        }
        let Some(slot) = this.gossip.open(this.clock.now_ms()) else { return false };
        this.streams_opened += 1;
        let number = this.streams_opened;
        let wakers = Rc::new(Wakers::default());
        let pumped =
            pump::run(Rc::clone(hub), StreamId { slot, number }, connection, stream, Rc::clone(&wakers));
        let task = tokio::task::spawn_local(pumped).abort_handle();
        this.streams.insert(slot, Open { number, peer, connection, wakers, task });
        assert!(this.streams.len() <= GOSSIP_PEERS_MAX, "gossip gives each slot once");
        true
    }

    /// Closes the stream of a connection, if it has one.
    pub(crate) fn close(&mut self, connection: ConnectionId) {
        let found = self.streams.iter().find(|(_, open)| open.connection == connection);
        let Some(slot) = found.map(|(slot, _)| *slot) else { return };
        if let Some(status) = self.gossip.status(slot) {
            add(&mut self.closed_metrics, &status.metrics);
        }
        self.gossip.close(self.clock.now_ms(), slot);
        if let Some(open) = self.streams.remove(&slot) {
            // The task is dropped with its stream, which resets it.
            open.task.abort();
        }
    }

    /// Closes every stream.
    pub(crate) fn close_all(&mut self) {
        let connections: Vec<_> = self.streams.values().map(|open| open.connection).collect();
        connections.into_iter().for_each(|connection| self.close(connection));
    }

    /// Whether a connection has a stream.
    pub(crate) fn has_stream(&self, connection: ConnectionId) -> bool {
        self.streams.values().any(|open| open.connection == connection)
    }

    /// The connection of a peer's stream.
    pub(crate) fn connection_of(&self, peer: &PeerId) -> Option<ConnectionId> {
        self.streams.values().find(|open| open.peer == *peer).map(|open| open.connection)
    }

    /// Whether more may be read from a stream.
    pub(crate) fn may_read(&self, id: StreamId) -> bool {
        self.is_open(id) && self.gossip.may_read(id.slot)
    }

    /// Takes what a stream brought.
    pub(crate) fn receive(&mut self, id: StreamId, bytes: &[u8]) {
        if self.is_open(id) {
            self.gossip.receive(self.clock.now_ms(), id.slot, bytes);
            self.forward();
        }
    }

    /// Appends what is to be written to a stream next.
    pub(crate) fn take_output(&mut self, id: StreamId, out: &mut Vec<u8>) {
        if self.is_open(id) {
            self.gossip.take_output(self.clock.now_ms(), id.slot, out, WRITE_BYTES);
        }
    }

    /// A stream has ended by itself.
    pub(crate) fn end(&mut self, connection: ConnectionId, reason: String) {
        self.ended.push((connection, reason));
        self.mailbox.wake();
    }

    /// Takes what the node and the serving thread have to say, and moves everything on.
    pub(crate) fn turn(&mut self) {
        let now_ms = self.clock.now_ms();
        for event in self.mailbox.take() {
            self.gossip.on_event(now_ms, event);
        }
        for answer in self.server.take_answers() {
            let slot = answer.to.question.slot;
            if self.is_open(StreamId { slot, number: answer.to.stream }) {
                self.gossip.answer(slot, answer.bytes);
            }
        }
        self.forward();
    }

    /// Tells gossip that time has passed.
    pub(crate) fn tick(&mut self) {
        self.gossip.tick(self.clock.now_ms());
    }

    /// Moves messages to the node, questions to the serving thread and reports to the host, and wakes the streams that
    /// have something to do.
    fn forward(&mut self) {
        let now_ms = self.clock.now_ms();
        self.held = self.held.take().and_then(|message| self.node.offer_gossip(message).err());
        while self.held.is_none() {
            let Some(message) = self.gossip.next_message(now_ms) else { break };
            self.held = self.node.offer_gossip(message).err();
        }
        while self.server.has_room() {
            let Some(question) = self.gossip.next_question(now_ms) else { break };
            if let Some(open) = self.streams.get(&question.slot) {
                self.server.ask(StreamQuestion { stream: open.number, question });
            }
        }
        self.forward_reports();
        for (slot, open) in &self.streams {
            if self.gossip.has_output(*slot) {
                open.wakers.write.notify_one();
            }
            if self.gossip.may_read(*slot) {
                open.wakers.read.notify_one();
            }
        }
    }

    fn forward_reports(&mut self) {
        while let Some(report) = self.gossip.next_report() {
            let (Report::Misbehaved { slot, .. } | Report::Unhealthy { slot, .. }) = report else { continue };
            if let Some(Open { peer, connection, .. }) = self.streams.get(&slot) {
                self.reports.push_back(StreamReport { peer: *peer, connection: *connection, report });
                self.mailbox.wake();
            }
        }
    }

    /// The next report to act upon.
    pub(crate) fn next_report(&mut self) -> Option<StreamReport> {
        self.reports.pop_front()
    }

    /// The streams that ended by themselves, with the reason.
    pub(crate) fn take_ended(&mut self) -> Vec<(ConnectionId, String)> {
        std::mem::take(&mut self.ended)
    }

    /// Where the network thread is woken.
    pub(crate) fn mailbox(&self) -> Arc<Mailbox> {
        Arc::clone(&self.mailbox)
    }

    /// The thread that answers questions.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// How many streams were opened so far.
    pub(crate) fn streams_opened(&self) -> u64 {
        self.streams_opened
    }

    /// The streams that are open.
    pub(crate) fn statuses(&self) -> impl Iterator<Item = (PeerId, PeerStatus)> {
        self.streams.iter().filter_map(|(slot, open)| Some((open.peer, self.gossip.status(*slot)?)))
    }

    /// What went to and fro on all streams, closed ones included.
    pub(crate) fn metrics(&self) -> PeerMetrics {
        let mut total = self.closed_metrics;
        self.statuses().for_each(|(_, status)| add(&mut total, &status.metrics));
        total
    }

    fn is_open(&self, id: StreamId) -> bool {
        self.streams.get(&id.slot).is_some_and(|open| open.number == id.number)
    }
}

/// Adds the counts of one stream to a total.
fn add(total: &mut PeerMetrics, part: &PeerMetrics) {
    let pairs: [(&mut u64, u64); 15] = [
        (&mut total.new_messages, part.new_messages),
        (&mut total.known_messages, part.known_messages),
        (&mut total.received_messages, part.received_messages),
        (&mut total.received_message_requests, part.received_message_requests),
        (&mut total.received_milestone_requests, part.received_milestone_requests),
        (&mut total.received_heartbeats, part.received_heartbeats),
        (&mut total.sent_messages, part.sent_messages),
        (&mut total.sent_message_requests, part.sent_message_requests),
        (&mut total.sent_milestone_requests, part.sent_milestone_requests),
        (&mut total.sent_heartbeats, part.sent_heartbeats),
        (&mut total.dropped_packets, part.dropped_packets),
        (&mut total.dropped_received, part.dropped_received),
        (&mut total.invalid_messages, part.invalid_messages),
        (&mut total.bytes_received, part.bytes_received),
        (&mut total.bytes_sent, part.bytes_sent),
    ];
    for (sum, count) in pairs {
        *sum = sum.saturating_add(count);
    }
}
