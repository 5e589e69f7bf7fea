//! A bounded queue in which clients take turns.
//!
//! Pure data: no lock, no clock, no thread. Every client has a lane of its own, first in, first out; lanes are served
//! one after the other (round robin), so whoever waits with one item is served after at most one of each other client.
//!
//! The share of a client is the number of places divided by the clients that wait. Places nobody else wants may be
//! taken beyond it, but when the queue is full, a client below its share still gets in: the newest item of the client
//! with the most items gives way.
//!
//! Invariants: no lane is empty; a client is in `turns` exactly once, and exactly when it has a lane; `length` is the
//! sum of all lanes and never above `places`.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;

use crate::client::Client;

/// Items with their tickets, ascending.
type Lane<T> = VecDeque<(u64, T)>;

/// A bounded queue of items of several clients.
#[derive(Debug)]
pub(crate) struct FairQueue<T> {
    places: NonZeroUsize,
    lanes: BTreeMap<Client, Lane<T>>,
    /// Whose turn it is, the next one first.
    turns: VecDeque<Client>,
    length: usize,
}

/// Every place is taken, and the client has its share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl<T> FairQueue<T> {
    /// An empty queue for `places` items.
    pub(crate) const fn new(places: NonZeroUsize) -> Self {
        Self { places, lanes: BTreeMap::new(), turns: VecDeque::new(), length: 0 }
    }

    /// How many items wait.
    pub(crate) const fn len(&self) -> usize {
        self.length
    }

    /// Lets an item in. Returned is the item that gave way to it, if one had to.
    ///
    /// Tickets of one client are given in ascending order.
    ///
    /// # Errors
    /// [`Full`] when there is no place for it; the item is dropped.
    pub(crate) fn push(&mut self, client: Client, ticket: u64, item: T) -> Result<Option<T>, Full> {
        let displaced = if self.length < self.places.get() { None } else { Some(self.displace_for(client)?) };
        self.append(client, ticket, item);
        Ok(displaced)
    }

    fn append(&mut self, client: Client, ticket: u64, item: T) {
        let lane = self.lanes.entry(client).or_default();
        if lane.is_empty() {
            self.turns.push_back(client);
        }
        assert!(lane.back().is_none_or(|(last, _)| *last < ticket), "tickets ascend");
        lane.push_back((ticket, item));
        self.length += 1;
        assert!(self.length <= self.places.get(), "the queue is bounded");
    }

    /// The oldest item of the client whose turn it is, with its ticket.
    pub(crate) fn pop(&mut self) -> Option<(u64, T)> {
        let client = self.turns.pop_front()?;
        let lane = self.lanes.get_mut(&client)?;
        let taken = lane.pop_front()?;
        if lane.is_empty() {
            self.lanes.remove(&client);
        } else {
            self.turns.push_back(client);
        }
        self.length -= 1;
        Some(taken)
    }

    /// Takes an item out, wherever it stands; `None` when it is not there any more.
    pub(crate) fn remove(&mut self, client: Client, ticket: u64) -> Option<T> {
        let lane = self.lanes.get_mut(&client)?;
        let place = lane.binary_search_by_key(&ticket, |(ticket, _)| *ticket).ok()?;
        let (_, item) = lane.remove(place)?;
        self.removed_from(client);
        Some(item)
    }

    /// Takes the newest item of the client with the most, for one that has less than its share.
    fn displace_for(&mut self, client: Client) -> Result<T, Full> {
        let held = self.lanes.get(&client).map_or(0, VecDeque::len);
        let clients = self.lanes.len() + usize::from(held == 0);
        let share = (self.places.get() / clients).max(1);
        let greediest = self.lanes.iter().max_by_key(|(_, lane)| lane.len());
        let greediest = greediest.filter(|(_, lane)| lane.len() > share).map(|(client, _)| *client);
        let Some(greediest) = greediest.filter(|_| held < share) else { return Err(Full) };
        let (_, item) = self.lanes.get_mut(&greediest).and_then(VecDeque::pop_back).ok_or(Full)?;
        self.removed_from(greediest);
        Ok(item)
    }

    /// Keeps the invariants after an item was taken out of a client's lane.
    fn removed_from(&mut self, client: Client) {
        self.length -= 1;
        if self.lanes.get(&client).is_some_and(VecDeque::is_empty) {
            self.lanes.remove(&client);
            self.turns.retain(|waiting| *waiting != client);
        }
    }
}

#[cfg(test)]
mod tests;
