//! The way from the node to the network: other threads push events, and the network thread takes them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use osmia_engine::GossipSink;
use osmia_primitives::blake2b;
use osmia_wire::handover::{NodeEvent, NodeState, Wanted};
use tokio::sync::Notify;

use crate::limits::{BROADCASTS_BYTES_MAX, BROADCASTS_MAX};

/// Connects a node with its network. It is made before both: the node gets its [`Link::sink`], the network the link.
#[derive(Debug)]
pub struct Link {
    pub(crate) key: [u8; 16],
    pub(crate) mailbox: Arc<Mailbox>,
}

impl Link {
    /// A link; `seed` is 32 bytes of fresh, secret randomness.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        let digest = blake2b::hash_parts(&[&seed, b"gossip"]);
        let mut key = [0; 16];
        key.iter_mut().zip(digest).for_each(|(byte, random)| *byte = random);
        Self { key, mailbox: Arc::default() }
    }

    /// Where the node puts its events. It never waits; what it holds is bounded.
    #[must_use]
    pub fn sink(&self) -> GossipSink {
        let mailbox = Arc::clone(&self.mailbox);
        Arc::new(move |events| mailbox.push(events))
    }
}

/// Events on their way to the network thread. The lock is held for as long as it takes to move the events.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    queue: Mutex<Queue>,
    notify: Notify,
    dropped: AtomicU64,
    has_panicked: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    /// How many events were put in, ever: the number of the next one, by which the order is found again.
    next: u64,
    /// Bounded by what gossip has in flight.
    verdicts: Vec<(u64, NodeEvent)>,
    plain: Broadcasts,
    milestones: Broadcasts,
    state: Option<NodeState>,
    wanted: Option<Wanted>,
    is_closed: bool,
}

#[derive(Debug, Default)]
struct Broadcasts {
    messages: VecDeque<(u64, Bytes)>,
    bytes: usize,
}

impl Mailbox {
    /// Puts events in; drops the oldest plain messages to broadcast over the bounds, then the oldest milestones.
    pub(crate) fn push(&self, events: Vec<NodeEvent>) {
        if events.is_empty() {
            return;
        }
        let mut queue = self.lock();
        if queue.is_closed {
            return;
        }
        let was_empty = queue.is_empty();
        let dropped: usize = events.into_iter().map(|event| queue.push(event)).sum();
        drop(queue);
        if dropped > 0 {
            self.dropped.fetch_add(u64::try_from(dropped).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
        if was_empty {
            self.notify.notify_one();
        }
    }

    /// Takes everything out in its order, and then the newest state and wanted list.
    pub(crate) fn take(&self) -> Vec<NodeEvent> {
        let mut queue = self.lock();
        let fresh = Queue { next: queue.next, is_closed: queue.is_closed, ..Queue::default() };
        let taken = std::mem::replace(&mut *queue, fresh);
        drop(queue);
        let mut events = taken.verdicts;
        events.extend(taken.plain.into_events(false));
        events.extend(taken.milestones.into_events(true));
        // Three sorted runs, which this sort merges.
        events.sort_by_key(|(number, _)| *number);
        let state = taken.state.map(NodeEvent::State);
        let wanted = taken.wanted.map(NodeEvent::Wanted);
        events.into_iter().map(|(_, event)| event).chain(state).chain(wanted).collect()
    }

    /// Wakes the network thread.
    pub(crate) fn wake(&self) {
        self.notify.notify_one();
    }

    /// Waits until the network thread is woken.
    pub(crate) async fn woken(&self) {
        self.notify.notified().await;
    }

    /// Tells the network thread that one of its tasks panicked.
    pub(crate) fn tell_panic(&self) {
        self.has_panicked.store(true, Ordering::Release);
        self.wake();
    }

    pub(crate) fn has_panicked(&self) -> bool {
        self.has_panicked.load(Ordering::Acquire)
    }

    /// Broadcasts dropped so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Ends the link: what is pushed from now on is thrown away.
    pub(crate) fn close(&self) {
        *self.lock() = Queue { is_closed: true, ..Queue::default() };
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it holds the lock; if something did, the queue would still be whole.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn is_empty(&self) -> bool {
        self.verdicts.is_empty()
            && self.plain.messages.is_empty()
            && self.milestones.messages.is_empty()
            && self.state.is_none()
            && self.wanted.is_none()
    }

    /// Puts an event in; gives how many broadcasts it had to drop.
    fn push(&mut self, event: NodeEvent) -> usize {
        let number = self.next;
        self.next += 1;
        match event {
            NodeEvent::State(state) => self.state = Some(state),
            NodeEvent::Wanted(wanted) => self.wanted = Some(wanted),
            NodeEvent::Verdict(..) => self.verdicts.push((number, event)),
            NodeEvent::Broadcast { bytes, is_milestone: true } => self.milestones.push(number, bytes),
            NodeEvent::Broadcast { bytes, is_milestone: false } => self.plain.push(number, bytes),
        }
        self.drop_over_bounds()
    }

    fn drop_over_bounds(&mut self) -> usize {
        let mut dropped = 0;
        while self.plain.messages.len() + self.milestones.messages.len() > BROADCASTS_MAX
            || self.plain.bytes + self.milestones.bytes > BROADCASTS_BYTES_MAX
        {
            if !self.plain.pop() && !self.milestones.pop() {
                break;
            }
            dropped += 1;
        }
        dropped
    }
}

impl Broadcasts {
    fn push(&mut self, number: u64, message: Bytes) {
        self.bytes += message.len();
        self.messages.push_back((number, message));
    }

    /// Drops the oldest; `false` when there is none.
    fn pop(&mut self) -> bool {
        let Some((_, message)) = self.messages.pop_front() else { return false };
        self.bytes -= message.len();
        true
    }

    fn into_events(self, is_milestone: bool) -> impl Iterator<Item = (u64, NodeEvent)> {
        let event = move |(number, bytes)| (number, NodeEvent::Broadcast { bytes, is_milestone });
        self.messages.into_iter().map(event)
    }
}

#[cfg(test)]
mod tests;
