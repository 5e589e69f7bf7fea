use proptest::prelude::*;

use super::*;

fn queue(places: usize) -> FairQueue<u64> {
    FairQueue::new(NonZeroUsize::new(places).unwrap())
}

const A: Client = Client::Ipv4(1);
const B: Client = Client::Ipv4(2);
const C: Client = Client::Ipv6(1);

/// Lets items in whose values are their tickets and that ask for one unit of work each.
fn fill(queue: &mut FairQueue<u64>, client: Client, tickets: impl IntoIterator<Item = u64>) {
    for ticket in tickets {
        push(queue, client, ticket, 1);
    }
}

/// Lets an item in whose value is its ticket.
fn push(queue: &mut FairQueue<u64>, client: Client, ticket: u64, work: u64) {
    assert_eq!(queue.push(client, ticket, work, ticket), Ok(None));
}

fn drain(queue: &mut FairQueue<u64>) -> Vec<u64> {
    std::iter::from_fn(|| queue.pop().map(|(_, _, item)| item)).collect()
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
    assert_eq!(queue.pop(), Some((1, 1, 1)));
    fill(&mut queue, A, [4]);
    assert_eq!(drain(&mut queue), [2, 3, 4]);
}

#[test]
fn a_full_queue_refuses_a_client_that_has_its_share() {
    let mut queue = queue(4);
    fill(&mut queue, A, 1..=4);
    assert_eq!(queue.push(A, 5, 1, 5), Err(Full(5)), "alone, its share is everything");
    assert_eq!(queue.push(B, 6, 1, 6), Ok(Some(4)), "the newest of the greediest gives way");
    assert_eq!(queue.push(B, 7, 1, 7), Ok(Some(3)));
    assert_eq!(queue.push(B, 8, 1, 8), Err(Full(8)), "two of four places are its share");
    assert_eq!(queue.push(A, 9, 1, 9), Err(Full(9)), "who gave way has no claim to come back");
    assert_eq!(queue.push(C, 10, 1, 10), Ok(Some(7)), "a third of four places is one");
    assert_eq!(queue.push(C, 11, 1, 11), Err(Full(11)));
    assert_eq!(drain(&mut queue), [1, 6, 10, 2]);
}

#[test]
fn more_clients_than_places_displace_nobody_who_has_one() {
    let mut queue = queue(2);
    fill(&mut queue, A, [1]);
    fill(&mut queue, B, [2]);
    assert_eq!(queue.push(C, 3, 1, 3), Err(Full(3)));
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

#[test]
fn who_asks_for_much_work_has_turns_that_are_as_much_rarer() {
    let mut queue = queue(40);
    push(&mut queue, A, 1, 9);
    push(&mut queue, A, 2, 9);
    fill(&mut queue, B, 3..=30);
    let expected = [&[3, 4, 5, 6, 7, 8, 9, 10], &[1][..], &(11..=19).collect::<Vec<_>>(), &[2]].concat();
    let mut taken = drain(&mut queue);
    taken.truncate(expected.len());
    // The ninth of B ends when the first of A does, and the older one is first; so again with the second.
    assert_eq!(taken, expected);
}

#[test]
fn a_small_item_waits_for_no_more_work_of_others_than_its_own_and_an_item() {
    let mut queue = queue(40);
    for ticket in 1..=10 {
        push(&mut queue, A, ticket, 81);
    }
    assert_eq!(queue.pop(), Some((1, 81, 1)));
    push(&mut queue, B, 11, 1);
    assert_eq!(queue.pop(), Some((11, 1, 11)));
}

#[test]
fn an_item_behind_one_that_left_has_no_claim_to_the_time_that_one_waited() {
    let mut queue = queue(40);
    push(&mut queue, A, 1, 1_000);
    fill(&mut queue, A, 2..=10);
    fill(&mut queue, B, 11..=20);
    assert_eq!(
        (0..5).filter_map(|_| queue.pop()).map(|(.., item)| item).collect::<Vec<_>>(),
        [11, 12, 13, 14, 15]
    );
    assert_eq!(queue.remove(A, 1), Some(1));
    assert_eq!(drain(&mut queue)[..6], [2, 16, 3, 17, 4, 18], "otherwise five of its items would come first");
}

#[test]
fn everything_that_waits_is_taken_out_at_once() {
    let mut queue = queue(3);
    fill(&mut queue, A, [1, 2]);
    push(&mut queue, B, 3, 5);
    assert_eq!(queue.work(), 7);
    let mut taken = queue.take();
    assert_eq!((queue.len(), queue.work(), queue.pop()), (0, 0, None));
    assert_eq!((taken.len(), drain(&mut taken)), (3, vec![1, 2, 3]));
    fill(&mut queue, A, 4..=6);
    assert_eq!(queue.push(A, 7, 1, 7), Err(Full(7)), "its places are as many as before");
}

#[test]
fn work_of_any_size_can_wait() {
    let mut queue = queue(8);
    for ticket in 1..=8 {
        push(&mut queue, A, ticket, u64::MAX);
    }
    assert_eq!(queue.work(), 8 * u128::from(u64::MAX));
    assert_eq!(drain(&mut queue).len(), 8);
    assert_eq!(queue.work(), 0);
}

/// What the queue is asked to do.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// An item of a client that asks for so much work.
    Push(u32, u64),
    Pop,
    /// Removes the item that is so far behind the oldest one in the model.
    Remove(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..5u32, prop_oneof![1..4u64, 1..100u64]).prop_map(|(client, work)| Step::Push(client, work)),
        2 => Just(Step::Pop),
        1 => (0..12usize).prop_map(Step::Remove),
    ]
}

/// An item in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    client: Client,
    ticket: u64,
    work: u64,
}

/// Two clients that wait, since when they both do.
#[derive(Clone, Copy, Debug)]
struct Since {
    /// What the first item of the one asked for then.
    first_work: u64,
    /// The work served of the one.
    served: u64,
    /// And of the other.
    served_of_other: u64,
}

/// The naive model: all items in the order in which they came, and what each pair of clients was served.
#[derive(Debug, Default)]
struct Model {
    items: Vec<Held>,
    pairs: BTreeMap<(Client, Client), Since>,
}

impl Model {
    fn held(&self, client: Client) -> usize {
        self.items.iter().filter(|held| held.client == client).count()
    }

    fn clients(&self) -> BTreeSet<Client> {
        self.items.iter().map(|held| held.client).collect()
    }

    fn first(&self, client: Client) -> Option<Held> {
        self.items.iter().find(|held| held.client == client).copied()
    }

    fn take(&mut self, ticket: u64) -> Held {
        let place = self.items.iter().position(|held| held.ticket == ticket).unwrap();
        self.items.remove(place)
    }

    fn push(&mut self, queue: &mut FairQueue<u64>, places: usize, new: Held) {
        let Held { client, ticket, work } = new;
        let is_full = self.items.len() == places;
        let mut clients = self.clients();
        clients.insert(client);
        let share = (places / clients.len()).max(1);
        let most = clients.iter().map(|client| self.held(*client)).max().unwrap();
        match queue.push(client, ticket, work, ticket) {
            Ok(None) => assert!(!is_full),
            Ok(Some(displaced)) => {
                assert!(is_full && self.held(client) < share);
                let owner = self.take(displaced).client;
                assert!(self.held(owner) + 1 == most && most > share, "the greediest gives way");
                let newer = self.items.iter().any(|held| held.client == owner && held.ticket > displaced);
                assert!(!newer, "with its newest");
            }
            Err(Full(refused)) => {
                assert!(is_full && (self.held(client) >= share || most <= share) && refused == ticket);
                return;
            }
        }
        self.items.push(new);
    }

    fn pop(&mut self, queue: &mut FairQueue<u64>) {
        let Some((ticket, work, item)) = queue.pop() else {
            return assert!(self.items.is_empty());
        };
        assert_eq!(ticket, item);
        let client = self.items.iter().find(|held| held.ticket == ticket).unwrap().client;
        assert_eq!(self.first(client), Some(Held { client, ticket, work }), "first in, first out");
        self.take(ticket);
        for ((one, other), since) in &mut self.pairs {
            since.served += if *one == client { work } else { 0 };
            since.served_of_other += if *other == client { work } else { 0 };
        }
    }

    fn remove(&mut self, queue: &mut FairQueue<u64>, held: Held) {
        if self.first(held.client) == Some(held) {
            // What was first has no claim any more, so what is first now begins anew.
            self.pairs.retain(|(one, other), _| *one != held.client && *other != held.client);
        }
        self.take(held.ticket);
        assert_eq!(queue.remove(held.client, held.ticket), Some(held.ticket));
        assert_eq!(queue.remove(held.client, held.ticket), None);
    }

    /// Of two clients that both waited all the time, none was served more than the other but for an item of each.
    fn check_fairness(&mut self) {
        let clients = self.clients();
        self.pairs.retain(|(one, other), _| clients.contains(one) && clients.contains(other));
        for one in &clients {
            let first_work = self.first(*one).unwrap().work;
            for other in clients.iter().filter(|other| *other != one) {
                let new = Since { first_work, served: 0, served_of_other: 0 };
                let since = *self.pairs.entry((*one, *other)).or_insert(new);
                let allowed = since.served_of_other + since.first_work + self.first(*other).unwrap().work;
                assert!(since.served <= allowed, "{one:?} before {other:?}: {since:?}");
            }
        }
    }
}

proptest! {
    #[test]
    fn the_queue_is_bounded_ordered_and_fair(
        places in 1..13usize,
        steps in proptest::collection::vec(step(), 0..300),
    ) {
        let (mut queue, mut model) = (queue(places), Model::default());
        for (ticket, step) in (0..).zip(steps) {
            match step {
                Step::Push(client, work) => {
                    model.push(&mut queue, places, Held { client: Client::Ipv4(client), ticket, work });
                }
                Step::Pop => model.pop(&mut queue),
                Step::Remove(place) => {
                    if let Some(held) = model.items.get(place).copied() {
                        model.remove(&mut queue, held);
                    }
                }
            }
            model.check_fairness();
            prop_assert_eq!(queue.len(), model.items.len());
            prop_assert!(queue.len() <= places);
            prop_assert_eq!(queue.work(), model.items.iter().map(|held| u128::from(held.work)).sum());
            let turns: BTreeSet<_> = queue.turns.iter().map(|(_, ticket, client)| (*client, *ticket)).collect();
            let firsts = model.clients().into_iter().map(|client| (client, model.first(client).unwrap().ticket));
            prop_assert_eq!(turns, firsts.collect());
            prop_assert!(queue.lanes.values().all(|lane| lane.start <= queue.virtual_time));
            prop_assert!(queue.turns.iter().all(|(end, ..)| *end >= queue.virtual_time));
        }
    }
}
