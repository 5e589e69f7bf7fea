//! A bounded queue in which clients take turns, by the work their items ask for.
//!
//! Pure data: no lock, no clock, no thread. Every client has a lane of its own, first in, first out. Which lane is
//! served next is start-time fair queueing: the queue has a virtual time, and an item that is first in its lane
//! begins when the one before it ended and ends as much later as it asks for work. The item that ends first is taken
//! first, the older one of two, and its end is the virtual time from then on. So whoever waits is served after at most
//! as much work as it asks for itself, and one item more, of each other client; of two clients that wait all the time,
//! one is never ahead of the other by more work than that of two items, one of each.
//!
//! The share of a client is the number of places divided by the clients that wait. Places nobody else wants may be
//! taken beyond it, but when the queue is full, a client below its share still gets in: the newest item of the client
//! with the most items gives way. Places are counted, not weighed: each holds memory and a connection.
//!
//! Invariants: no lane is empty; `turns` has one entry for each lane, that of its first item; no lane starts after the
//! virtual time, and no first item ends before it, so that the virtual time never goes back; `length` and `work` are
//! the sums of all lanes, and `length` is never above `places`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroUsize;

use crate::client::Client;

/// An item in its lane.
#[derive(Debug)]
struct Waiting<T> {
    ticket: u64,
    work: u64,
    item: T,
}

/// What waits of one client, by ascending tickets.
#[derive(Debug)]
struct Lane<T> {
    items: VecDeque<Waiting<T>>,
    /// The virtual time at which the first item begins.
    start: u128,
}

impl<T> Lane<T> {
    /// The entry in `turns` of the lane's first item.
    fn turn(&self, client: Client) -> Option<Turn> {
        self.items.front().map(|first| (self.start + u128::from(first.work), first.ticket, client))
    }
}

/// The virtual time at which a first item ends, its ticket, and its client.
type Turn = (u128, u64, Client);

/// A bounded queue of items of several clients.
#[derive(Debug)]
pub(crate) struct FairQueue<T> {
    places: NonZeroUsize,
    lanes: BTreeMap<Client, Lane<T>>,
    /// Whose turn it is, the next one first.
    turns: BTreeSet<Turn>,
    /// Starts at 0 and grows by no more than the work of each item: 2^64 items of 2^64 units fit.
    virtual_time: u128,
    length: usize,
    work: u128,
}

/// Every place is taken, and the client has its share. The item comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full<T>(pub(crate) T);

impl<T> FairQueue<T> {
    /// An empty queue for `places` items.
    pub(crate) const fn new(places: NonZeroUsize) -> Self {
        Self { places, lanes: BTreeMap::new(), turns: BTreeSet::new(), virtual_time: 0, length: 0, work: 0 }
    }

    /// How many items wait.
    pub(crate) const fn len(&self) -> usize {
        self.length
    }

    /// The work that all items together ask for.
    pub(crate) const fn work(&self) -> u128 {
        self.work
    }

    /// Everything that waits, as a queue of its own; this one is empty then.
    pub(crate) const fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new(self.places))
    }

    /// Lets an item in that asks for so much work. Returned is the item that gave way to it, if one had to.
    ///
    /// Tickets ascend.
    ///
    /// # Errors
    /// [`Full`] when there is no place for it.
    pub(crate) fn push(
        &mut self,
        client: Client,
        ticket: u64,
        work: u64,
        item: T,
    ) -> Result<Option<T>, Full<T>> {
        let mut displaced = None;
        if self.length >= self.places.get() {
            displaced = self.displace_for(client);
            if displaced.is_none() {
                return Err(Full(item));
            }
        }
        self.append(client, Waiting { ticket, work, item });
        Ok(displaced)
    }

    fn append(&mut self, client: Client, waiting: Waiting<T>) {
        let start = self.virtual_time;
        let lane = self.lanes.entry(client).or_insert_with(|| Lane { items: VecDeque::new(), start });
        assert!(lane.items.back().is_none_or(|last| last.ticket < waiting.ticket), "tickets ascend");
        self.work += u128::from(waiting.work);
        lane.items.push_back(waiting);
        if lane.items.len() == 1 {
            self.turns.extend(lane.turn(client));
        }
        self.length += 1;
        assert!(self.length <= self.places.get(), "the queue is bounded");
    }

    /// The oldest item of the client whose turn it is, with its ticket and its work.
    pub(crate) fn pop(&mut self) -> Option<(u64, u64, T)> {
        let (end, _, client) = self.turns.pop_first()?;
        assert!(end >= self.virtual_time, "the virtual time never goes back");
        self.virtual_time = end;
        let Waiting { ticket, work, item } = self.take_first(client)?;
        Some((ticket, work, item))
    }

    /// Takes an item out, wherever it stands; `None` when it is not there any more.
    ///
    /// The item behind a first one that leaves begins now: its client has no claim to the time the other waited.
    pub(crate) fn remove(&mut self, client: Client, ticket: u64) -> Option<T> {
        let lane = self.lanes.get_mut(&client)?;
        let place = lane.items.binary_search_by_key(&ticket, |waiting| waiting.ticket).ok()?;
        let removed = if place == 0 {
            self.turns.remove(&lane.turn(client)?);
            self.take_first(client)?
        } else {
            let removed = lane.items.remove(place)?;
            self.forget(removed.work);
            removed
        };
        Some(removed.item)
    }

    /// Takes the first item of a client whose entry in `turns` is gone already. The next one begins now.
    fn take_first(&mut self, client: Client) -> Option<Waiting<T>> {
        let lane = self.lanes.get_mut(&client)?;
        let taken = lane.items.pop_front()?;
        lane.start = self.virtual_time;
        let next = lane.turn(client);
        if next.is_none() {
            self.lanes.remove(&client);
        }
        self.turns.extend(next);
        self.forget(taken.work);
        Some(taken)
    }

    /// Takes the newest item of the client with the most, for one that has less than its share.
    fn displace_for(&mut self, client: Client) -> Option<T> {
        let held = self.lanes.get(&client).map_or(0, |lane| lane.items.len());
        let clients = self.lanes.len() + usize::from(held == 0);
        let share = (self.places.get() / clients).max(1);
        // With more than a share, which is one at least, the newest is not the first.
        let greediest = self.lanes.values_mut().max_by_key(|lane| lane.items.len());
        let greediest = greediest.filter(|lane| lane.items.len() > share && held < share)?;
        let displaced = greediest.items.pop_back()?;
        self.forget(displaced.work);
        Some(displaced.item)
    }

    /// Counts an item that left.
    fn forget(&mut self, work: u64) {
        self.length -= 1;
        self.work -= u128::from(work);
    }
}

#[cfg(test)]
mod tests;
