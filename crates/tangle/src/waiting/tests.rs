use proptest::prelude::*;

use super::*;

fn id(number: u8) -> MessageId {
    MessageId([number; 32])
}

fn room(messages_max: usize) -> WaitingRoom {
    WaitingRoom::new(usize::MAX, messages_max, IdHasherKey(9))
}

fn vertex(number: u8, parents: &BTreeSet<u8>, milestone: Option<u32>) -> Vertex {
    Vertex {
        id: id(number),
        parents: parents.iter().map(|parent| id(*parent)).collect(),
        milestone: milestone.map(MilestoneIndex),
        index: None,
        flags: 0,
        bytes: vec![0; usize::from(number)].into(),
    }
}

#[derive(Clone, Debug)]
enum Step {
    Admit { number: u8, parents: BTreeSet<u8>, milestone: Option<u32> },
    Release(u8),
    Expire(u32),
}

/// Parents have larger numbers, so there are no cycles.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let parents = prop::collection::btree_set(1..6u8, 1..=4);
    let admit =
        (0..40u8, parents, prop::option::weighted(0.2, 1..30u32)).prop_map(|(number, above, milestone)| {
            let parents = above.into_iter().map(|step| number + step).collect();
            Step::Admit { number, parents, milestone }
        });
    let step = prop_oneof![
        8 => admit,
        3 => (0..46u8).prop_map(Step::Release),
        1 => (0..60u32).prop_map(Step::Expire),
    ];
    prop::collection::vec(step, 1..120)
}

/// Everything that is kept twice agrees.
fn check(room: &WaitingRoom, solid: &BTreeSet<u8>) {
    assert_eq!(room.keys.len(), room.waiters.len());
    let (mut edges, mut bytes) = (BTreeSet::new(), 0);
    for (key, waiter) in &room.waiters {
        assert_eq!(room.keys.get(&waiter.vertex.id), Some(key));
        let missing: Vec<_> =
            waiter.vertex.parents.iter().filter(|parent| !solid.contains(&parent.0[0])).collect();
        assert_eq!(waiter.missing, missing.len());
        assert!(waiter.missing > 0);
        edges.extend(missing.into_iter().map(|parent| (*parent, *key)));
        bytes += waiter.bytes();
    }
    assert_eq!(room.edges, edges);
    assert_eq!(room.bytes, bytes);
    let mut first: BTreeMap<MessageId, Key> = BTreeMap::new();
    for (parent, key) in edges {
        let least = first.entry(parent).or_insert(key);
        *least = key.min(*least);
        let above = room.keys.get(&parent);
        assert!(above.is_none_or(|above| above.priority <= key.priority), "a priority passes on to parents");
    }
    let wanted = first.into_iter().filter(|(parent, _)| !room.contains(parent));
    assert_eq!(room.requests, wanted.map(|(parent, key)| (key, parent)).collect());
}

proptest! {
    #[test]
    fn what_is_kept_twice_agrees_after_every_step(steps in steps(), messages_max in 1..30usize) {
        let mut room = room(messages_max);
        let mut solid = BTreeSet::new();
        for step in steps {
            match step {
                Step::Admit { number, parents, milestone } => {
                    let missing: BTreeSet<_> = parents.difference(&solid).map(|parent| id(*parent)).collect();
                    if missing.is_empty() || solid.contains(&number) || room.contains(&id(number)) {
                        continue;
                    }
                    let stays = room.admit(vertex(number, &parents, milestone), &missing, MilestoneIndex(5));
                    prop_assert_eq!(stays, room.contains(&id(number)));
                }
                Step::Release(number) => {
                    if !room.contains(&id(number)) {
                        let mut ready = vec![id(number)];
                        while let Some(next) = ready.pop() {
                            solid.insert(next.0[0]);
                            ready.extend(room.release(&next).iter().map(|vertex| vertex.id));
                        }
                    }
                }
                Step::Expire(confirmed) => room.expire(MilestoneIndex(confirmed), 15),
            }
            prop_assert!(room.len() <= messages_max);
            check(&room, &solid);
        }
    }
}

#[test]
fn the_byte_bound_counts_messages_and_their_bookkeeping() {
    let parents = BTreeSet::from([100]);
    let one = WAITER_BYTES + WAITER_PARENT_BYTES;
    let mut room = WaitingRoom::new(3 * one + 1 + 2 + 3, usize::MAX, IdHasherKey(1));
    let missing = BTreeSet::from([id(100)]);
    for number in 1..=3 {
        assert!(room.admit(vertex(number, &parents, None), &missing, MilestoneIndex(0)));
    }
    assert_eq!((room.len(), room.bytes()), (3, 3 * one + 6));
    assert!(room.admit(vertex(4, &parents, None), &missing, MilestoneIndex(0)));
    assert!(!room.contains(&id(1)), "the first one makes room");
    assert_eq!(room.release(&id(100)).iter().map(|vertex| vertex.id.0[0]).collect::<Vec<_>>(), [4, 3]);
    assert_eq!(room.bytes(), 0);
}

#[test]
fn a_search_goes_on_downwards_before_it_begins_anew_above() {
    let mut room = room(3);
    let mut admit = |number: u8, milestone| {
        let parents = BTreeSet::from([number + 1]);
        room.admit(vertex(number, &parents, milestone), &BTreeSet::from([id(number + 1)]), MilestoneIndex(0))
    };
    assert!(admit(1, Some(7)) && admit(2, None) && admit(3, None) && admit(4, None));
    // The milestone stays, the one next to it had to go.
    assert!(!room.contains(&id(2)));
    let requests: Vec<_> = room.requests(9).iter().map(|request| request.id).collect();
    assert_eq!(requests, [id(5), id(2)]);
    assert!(!room.admit(vertex(2, &BTreeSet::from([3]), None), &BTreeSet::from([id(3)]), MilestoneIndex(0)));
}
