use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn queue(places: usize) -> FairQueue<u64> {
    FairQueue::new(NonZeroUsize::new(places).unwrap())
}

const A: Client = Client::Ipv4(1);
const B: Client = Client::Ipv4(2);
const C: Client = Client::Ipv6(1);

/// Lets items in whose values are their tickets.
fn fill(queue: &mut FairQueue<u64>, client: Client, tickets: impl IntoIterator<Item = u64>) {
    for ticket in tickets {
        assert_eq!(queue.push(client, ticket, ticket), Ok(None));
    }
}

fn drain(queue: &mut FairQueue<u64>) -> Vec<u64> {
    std::iter::from_fn(|| queue.pop().map(|(_, item)| item)).collect()
}

#[test]
fn one_client_is_served_in_its_order() {
    let mut queue = queue(3);
    fill(&mut queue, A, 1..=3);
    assert_eq!(queue.len(), 3);
    assert_eq!(drain(&mut queue), [1, 2, 3]);
    assert_eq!((queue.len(), queue.pop()), (0, None));
}

#[test]
fn a_client_with_many_items_does_not_delay_one_that_has_one() {
    let mut queue = queue(20);
    fill(&mut queue, A, 1..=10);
    fill(&mut queue, B, [11]);
    fill(&mut queue, C, [12, 13]);
    assert_eq!(drain(&mut queue), [1, 11, 12, 2, 13, 3, 4, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn who_comes_back_waits_behind_those_who_wait() {
    let mut queue = queue(20);
    fill(&mut queue, A, [1]);
    fill(&mut queue, B, [2, 3]);
    assert_eq!(queue.pop(), Some((1, 1)));
    fill(&mut queue, A, [4]);
    assert_eq!(drain(&mut queue), [2, 4, 3]);
}

#[test]
fn a_full_queue_refuses_a_client_that_has_its_share() {
    let mut queue = queue(4);
    fill(&mut queue, A, 1..=4);
    assert_eq!(queue.push(A, 5, 5), Err(Full), "alone, its share is everything");
    assert_eq!(queue.push(B, 6, 6), Ok(Some(4)), "the newest of the greediest gives way");
    assert_eq!(queue.push(B, 7, 7), Ok(Some(3)));
    assert_eq!(queue.push(B, 8, 8), Err(Full), "two of four places are its share");
    assert_eq!(queue.push(A, 9, 9), Err(Full), "who gave way has no claim to come back");
    assert_eq!(queue.push(C, 10, 10), Ok(Some(7)), "a third of four places is one");
    assert_eq!(queue.push(C, 11, 11), Err(Full));
    assert_eq!(drain(&mut queue), [1, 6, 10, 2]);
}

#[test]
fn more_clients_than_places_displace_nobody_who_has_one() {
    let mut queue = queue(2);
    fill(&mut queue, A, [1]);
    fill(&mut queue, B, [2]);
    assert_eq!(queue.push(C, 3, 3), Err(Full));
}

#[test]
fn who_leaves_frees_its_place_and_its_turn() {
    let mut queue = queue(3);
    fill(&mut queue, A, [1]);
    fill(&mut queue, B, [2, 3]);
    assert_eq!(queue.remove(A, 1), Some(1));
    assert_eq!(queue.remove(A, 1), None);
    assert_eq!(queue.remove(B, 1), None, "a ticket belongs to its client");
    assert_eq!(queue.len(), 2);
    fill(&mut queue, A, [4]);
    assert_eq!(drain(&mut queue), [2, 4, 3]);
}

/// What the queue is asked to do.
#[derive(Clone, Copy, Debug)]
enum Step {
    Push(u32),
    Pop,
    /// Removes the item that is so far behind the oldest one in the model.
    Remove(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..5u32).prop_map(Step::Push),
        2 => Just(Step::Pop),
        1 => (0..12usize).prop_map(Step::Remove),
    ]
}

/// The naive model: all items in the order in which they came, and when each client had its last turn.
#[derive(Debug, Default)]
struct Model {
    items: Vec<(Client, u64)>,
    /// Clients that were served since, for each client that was.
    served_since: BTreeMap<Client, BTreeSet<Client>>,
    /// Clients that waited all the time since, for each client that was served.
    waiting_since: BTreeMap<Client, BTreeSet<Client>>,
}

impl Model {
    fn held(&self, client: Client) -> usize {
        self.items.iter().filter(|(owner, _)| *owner == client).count()
    }

    fn clients(&self) -> BTreeSet<Client> {
        self.items.iter().map(|(client, _)| *client).collect()
    }

    fn take(&mut self, ticket: u64) -> Client {
        let place = self.items.iter().position(|(_, held)| *held == ticket).unwrap();
        self.items.remove(place).0
    }

    /// A client that has nothing left does not wait all the time.
    fn forget_those_without_items(&mut self) {
        let clients = self.clients();
        for waiting in self.waiting_since.values_mut() {
            waiting.retain(|client| clients.contains(client));
        }
    }

    fn push(&mut self, queue: &mut FairQueue<u64>, places: usize, client: Client, ticket: u64) {
        let is_full = self.items.len() == places;
        let mut clients = self.clients();
        clients.insert(client);
        let share = (places / clients.len()).max(1);
        let most = clients.iter().map(|client| self.held(*client)).max().unwrap();
        match queue.push(client, ticket, ticket) {
            Ok(None) => assert!(!is_full),
            Ok(Some(displaced)) => {
                assert!(is_full && self.held(client) < share);
                let owner = self.items.iter().find(|(_, held)| *held == displaced).unwrap().0;
                assert!(self.held(owner) == most && most > share, "the greediest gives way");
                let newest = self.items.iter().rev().find(|(other, _)| *other == owner).unwrap().1;
                assert_eq!(displaced, newest);
                self.take(displaced);
                self.forget_those_without_items();
            }
            Err(Full) => {
                assert!(is_full && (self.held(client) >= share || most <= share));
                return;
            }
        }
        self.items.push((client, ticket));
    }

    fn pop(&mut self, queue: &mut FairQueue<u64>) {
        let Some((ticket, item)) = queue.pop() else {
            return assert!(self.items.is_empty());
        };
        assert_eq!(ticket, item);
        let client = self.items.iter().find(|(_, held)| *held == ticket).unwrap().0;
        let oldest = self.items.iter().find(|(owner, _)| *owner == client).unwrap().1;
        assert_eq!(ticket, oldest, "first in, first out");
        if let Some(waiting) = self.waiting_since.remove(&client) {
            let served = self.served_since.remove(&client).unwrap();
            assert!(waiting.is_subset(&served), "who waited all the time had a turn in between");
        }
        for served in self.served_since.values_mut() {
            served.insert(client);
        }
        self.take(ticket);
        self.forget_those_without_items();
        let mut waiting = self.clients();
        waiting.remove(&client);
        self.waiting_since.insert(client, waiting);
        self.served_since.insert(client, BTreeSet::new());
    }
}

proptest! {
    #[test]
    fn the_queue_is_bounded_ordered_and_fair(
        places in 1..9usize,
        steps in proptest::collection::vec(step(), 0..200),
    ) {
        let (mut queue, mut model) = (queue(places), Model::default());
        for (ticket, step) in (0..).zip(steps) {
            match step {
                Step::Push(client) => model.push(&mut queue, places, Client::Ipv4(client), ticket),
                Step::Pop => model.pop(&mut queue),
                Step::Remove(place) => {
                    if let Some((client, ticket)) = model.items.get(place).copied() {
                        assert_eq!(queue.remove(client, ticket), Some(ticket));
                        model.take(ticket);
                        model.forget_those_without_items();
                    }
                }
            }
            prop_assert_eq!(queue.len(), model.items.len());
            prop_assert!(queue.len() <= places);
            let turns: BTreeSet<_> = queue.turns.iter().copied().collect();
            prop_assert!(turns.len() == queue.turns.len() && turns == model.clients());
        }
    }
}
