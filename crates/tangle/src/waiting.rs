//! Messages whose parents are missing, and the ids to ask others for.
//!
//! Each waiting message has a priority: the index of the oldest known milestone whose cone needs it, or
//! [`SPECULATIVE`] while no milestone does. It passes on to the parents it waits for. Requests come in the order of the
//! priority, so nothing delays what the oldest milestone needs. Among equals come first those furthest below the
//! message that started the search, because they are the next to become solid.
//!
//! When the room is full, the least valuable message leaves: of the largest priority the one least far below, and of
//! these the one that came first. So a cone larger than the room still becomes solid, from its bottom upwards: a search
//! always goes on downwards, at the cost of what is above; that is requested again, last of its milestone.

use std::collections::{BTreeMap, BTreeSet};

use osmia_primitives::{IdHasherKey, IdMap, MessageId, MilestoneIndex};

use crate::limits::{WAITER_BYTES, WAITER_PARENT_BYTES};
use crate::vertex::Vertex;

/// The priority of a message that no known milestone needs: after all that one needs.
const SPECULATIVE: MilestoneIndex = MilestoneIndex(u32::MAX);

/// A missing message to ask others for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its id.
    pub id: MessageId,
    /// The oldest known milestone whose cone needs it; `None` when only messages need it that may never be referenced.
    pub milestone: Option<MilestoneIndex>,
}

/// Orders waiting messages, the most valuable first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    priority: MilestoneIndex,
    /// Smaller the further a message is below the one that nobody waited for: that one has the largest number.
    height: u32,
    /// Smaller the later it came.
    age: u64,
}

impl Key {
    const FIRST: Self = Self { priority: MilestoneIndex(0), height: 0, age: 0 };
    const LAST: Self = Self { priority: SPECULATIVE, height: u32::MAX, age: u64::MAX };
}

#[derive(Debug)]
struct Waiter {
    vertex: Vertex,
    /// Parents that are not solid.
    missing: usize,
    /// The newest milestone that was known when it came.
    since: MilestoneIndex,
}

impl Waiter {
    fn bytes(&self) -> usize {
        WAITER_BYTES + self.vertex.bytes.len() + self.vertex.parents.len() * WAITER_PARENT_BYTES
    }
}

/// The waiting room. See the module's documentation.
#[derive(Debug)]
pub(crate) struct WaitingRoom {
    waiters: BTreeMap<Key, Waiter>,
    keys: IdMap<MessageId, Key>,
    /// Which message waits for which parent.
    edges: BTreeSet<(MessageId, Key)>,
    /// The parents that are neither solid nor waiting, each under the first key that waits for it.
    requests: BTreeSet<(Key, MessageId)>,
    /// The age of the next message.
    next_age: u64,
    bytes: usize,
    bytes_max: usize,
    messages_max: usize,
}

impl WaitingRoom {
    pub(crate) fn new(bytes_max: usize, messages_max: usize, key: IdHasherKey) -> Self {
        Self {
            waiters: BTreeMap::new(),
            keys: IdMap::with_hasher(key),
            edges: BTreeSet::new(),
            requests: BTreeSet::new(),
            next_age: u64::MAX,
            bytes: 0,
            bytes_max,
            messages_max,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiters.len()
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether more than half of the room is taken.
    pub(crate) fn is_crowded(&self) -> bool {
        self.bytes > self.bytes_max / 2 || self.keys.len() > self.messages_max / 2
    }

    pub(crate) fn contains(&self, id: &MessageId) -> bool {
        self.keys.contains_key(id)
    }

    pub(crate) fn requests_count(&self) -> usize {
        self.requests.len()
    }

    /// Up to `max` missing ids, those first that the oldest milestone needs.
    pub(crate) fn requests(&self, max: usize) -> Vec<Request> {
        let request = |(key, id): &(Key, MessageId)| {
            let milestone = (key.priority < SPECULATIVE).then_some(key.priority);
            Request { id: *id, milestone }
        };
        self.requests.iter().take(max).map(request).collect()
    }

    /// Lets `vertex` wait for `missing`, at least one of its parents. `since` is the newest known milestone. `false`
    /// when it was dropped, because the room is full of more valuable messages.
    pub(crate) fn admit(
        &mut self,
        vertex: Vertex,
        missing: &BTreeSet<MessageId>,
        since: MilestoneIndex,
    ) -> bool {
        let id = vertex.id;
        let needed_by = self.first_waiting_for(&id);
        let above = needed_by.unwrap_or(Key::LAST);
        let priority = vertex.milestone.unwrap_or(SPECULATIVE).min(above.priority);
        let height = if needed_by.is_some() { above.height.saturating_sub(1) } else { u32::MAX };
        let key = Key { priority, height, age: self.next_age };
        self.next_age -= 1;
        if let Some(first) = needed_by {
            self.requests.remove(&(first, id));
        }
        let waiter = Waiter { vertex, missing: missing.len(), since };
        self.bytes += waiter.bytes();
        self.waiters.insert(key, waiter);
        self.keys.insert(id, key);
        for parent in missing {
            self.add_edge(*parent, key);
        }
        self.raise(missing.iter().map(|parent| (*parent, key)).collect());
        self.drop_least_valuable();
        self.contains(&id)
    }

    /// Notes that `id` is solid. Gives the messages that wait for nothing else any more, in the order of their keys.
    pub(crate) fn release(&mut self, id: &MessageId) -> Vec<Vertex> {
        if self.edges.is_empty() {
            return Vec::new();
        }
        let waiting: Vec<Key> = self.waiting_for(id).collect();
        if let Some(first) = waiting.first() {
            self.requests.remove(&(*first, *id));
        }
        let mut released = Vec::new();
        for key in waiting {
            self.edges.remove(&(*id, key));
            let Some(waiter) = self.waiters.get_mut(&key) else { continue };
            waiter.missing -= 1;
            if waiter.missing == 0
                && let Some(waiter) = self.remove(key)
            {
                released.push(waiter.vertex);
            }
        }
        released
    }

    /// Drops what waits since `milestones` milestones: nothing that is still to be confirmed needs it.
    pub(crate) fn expire(&mut self, confirmed: MilestoneIndex, milestones: u32) {
        let is_expired = |(key, waiter): &(&Key, &Waiter)| {
            let wanted = if key.priority < SPECULATIVE { key.priority } else { MilestoneIndex(0) };
            confirmed.ahead_of(wanted.max(waiter.since)) > milestones
        };
        let expired: Vec<Key> = self.waiters.iter().filter(is_expired).map(|(key, _)| *key).collect();
        for key in expired {
            self.discard(key);
        }
    }

    fn waiting_for(&self, id: &MessageId) -> impl Iterator<Item = Key> {
        self.edges.range((*id, Key::FIRST)..=(*id, Key::LAST)).map(|(_, key)| *key)
    }

    fn first_waiting_for(&self, id: &MessageId) -> Option<Key> {
        self.waiting_for(id).next()
    }

    fn add_edge(&mut self, parent: MessageId, key: Key) {
        let before = self.first_waiting_for(&parent);
        self.edges.insert((parent, key));
        self.move_request(parent, before);
    }

    fn remove_edge(&mut self, parent: MessageId, key: Key) {
        let before = self.first_waiting_for(&parent);
        self.edges.remove(&(parent, key));
        self.move_request(parent, before);
    }

    /// Keeps the request for `parent` under the first key that waits for it; `before` was that key.
    fn move_request(&mut self, parent: MessageId, before: Option<Key>) {
        let after = self.first_waiting_for(&parent);
        if before == after || self.contains(&parent) {
            return;
        }
        if let Some(key) = before {
            self.requests.remove(&(key, parent));
        }
        if let Some(key) = after {
            self.requests.insert((key, parent));
        }
    }

    /// Raises waiting messages to the priority of a message that waits for them, and so on downwards.
    fn raise(&mut self, mut ids: Vec<(MessageId, Key)>) {
        while let Some((id, above)) = ids.pop() {
            let is_lower = |key: &Key| key.priority > above.priority;
            let Some(old) = self.keys.get(&id).copied().filter(is_lower) else { continue };
            let Some(waiter) = self.waiters.remove(&old) else { continue };
            let height = old.height.min(above.height.saturating_sub(1));
            let new = Key { priority: above.priority, height, ..old };
            for parent in &waiter.vertex.parents {
                if self.edges.contains(&(*parent, old)) {
                    self.remove_edge(*parent, old);
                    self.add_edge(*parent, new);
                    ids.push((*parent, new));
                }
            }
            self.waiters.insert(new, waiter);
            self.keys.insert(id, new);
        }
    }

    /// Drops messages until the room keeps its bounds.
    fn drop_least_valuable(&mut self) {
        while self.bytes > self.bytes_max || self.waiters.len() > self.messages_max {
            let Some((last, _)) = self.waiters.last_key_value() else { return };
            let first = Key { priority: last.priority, ..Key::FIRST };
            let mut equals = self.waiters.range(first..).rev();
            // A milestone goes last: the search down its cone starts there. There are only a few of one priority.
            let least =
                equals.find(|(_, waiter)| waiter.vertex.milestone.is_none()).map_or(*last, |(key, _)| *key);
            self.discard(least);
        }
    }

    fn remove(&mut self, key: Key) -> Option<Waiter> {
        let waiter = self.waiters.remove(&key)?;
        self.bytes -= waiter.bytes();
        self.keys.remove(&waiter.vertex.id);
        Some(waiter)
    }

    /// Removes a message that still waits; what waits for it makes it a request.
    fn discard(&mut self, key: Key) {
        let Some(waiter) = self.remove(key) else { return };
        for parent in &waiter.vertex.parents {
            if self.edges.contains(&(*parent, key)) {
                self.remove_edge(*parent, key);
            }
        }
        if let Some(first) = self.first_waiting_for(&waiter.vertex.id) {
            self.requests.insert((first, waiter.vertex.id));
        }
    }
}

#[cfg(test)]
mod tests;
