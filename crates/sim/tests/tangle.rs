//! The oracle's Tangle on the examples that its definitions come from.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at the first failure")]

use std::collections::{BTreeMap, BTreeSet};

use osmia_chrysalis::{Message, Parents};
use osmia_primitives::{MessageId, MilestoneIndex, NetworkId};
use osmia_sim::{Ledger, Oracle};

/// Messages called by letters.
struct Named {
    oracle: Oracle,
    ids: BTreeMap<char, MessageId>,
}

impl Named {
    /// Only the entry point `0`, of index 5.
    fn new() -> Self {
        let entry = MessageId::NULL;
        let oracle = Oracle::new([(entry, MilestoneIndex(5))], Ledger::default());
        Self { oracle, ids: BTreeMap::from([('0', entry)]) }
    }

    fn message(&self, name: char, parents: &str) -> Message {
        let parents = Parents::sorted(parents.chars().map(|parent| self.ids[&parent])).unwrap();
        Message { network_id: NetworkId(1), parents, payload: None, nonce: u64::from(u32::from(name)) }
    }

    fn insert(&mut self, name: char, parents: &str) {
        let id = self.oracle.insert(self.message(name, parents));
        self.ids.insert(name, id);
    }

    fn names(&self, ids: impl IntoIterator<Item = MessageId>) -> String {
        ids.into_iter().map(|id| *self.ids.iter().find(|(_, named)| **named == id).unwrap().0).collect()
    }

    fn sorted_names(&self, ids: BTreeSet<MessageId>) -> String {
        self.names(ids).chars().collect::<BTreeSet<_>>().into_iter().collect()
    }
}

#[test]
fn parents_come_before_children_and_in_their_order() {
    let mut named = Named::new();
    for (name, parents) in [('a', "0"), ('b', "0"), ('c', "ab"), ('d', "a"), ('e', "cd")] {
        named.insert(name, parents);
    }
    let order = named.names(named.oracle.white_flag(&[named.ids[&'e']]));
    let [c, d] = ['c', 'd'].map(|name| named.ids[&name]);
    let ab = if named.ids[&'a'] < named.ids[&'b'] { "ab" } else { "ba" };
    let expected = if c < d { format!("{ab}cde") } else { "adbce".to_owned() };
    assert_eq!(order, expected);
    let done = named.oracle.confirm(MilestoneIndex(6), &[d]);
    assert_eq!(named.names(done.order), "ad");
    assert_eq!(named.names(named.oracle.white_flag(&[c, d])), "bc", "what is referenced is left out");
}

#[test]
fn solid_is_what_stands_on_entry_points_alone() {
    let mut named = Named::new();
    named.insert('a', "0");
    let hidden = named.message('b', "0");
    named.ids.insert('b', hidden.id());
    for (name, parents) in [('c', "ab"), ('d', "a"), ('e', "c")] {
        named.insert(name, parents);
    }
    assert_eq!(named.sorted_names(named.oracle.solid()), "ad");
    assert_eq!(named.sorted_names(named.oracle.childless()), "d");
    assert!(named.oracle.is_solid(&MessageId::NULL) && !named.oracle.is_solid(&hidden.id()));
    named.oracle.insert(hidden);
    assert_eq!(named.sorted_names(named.oracle.solid()), "abcde");
    assert_eq!(named.sorted_names(named.oracle.childless()), "de");
}

#[test]
fn cone_roots_are_the_first_referenced_messages_on_every_way_down() {
    let mut named = Named::new();
    for (name, parents) in [('a', "0"), ('b', "a"), ('c', "0"), ('d', "bc")] {
        named.insert(name, parents);
    }
    let roots = |named: &Named, name: char| {
        let (youngest, oldest) = named.oracle.cone_roots(&named.ids[&name]);
        (youngest.0, oldest.0)
    };
    assert_eq!(roots(&named, 'd'), (5, 5));
    named.oracle.confirm(MilestoneIndex(8), &[named.ids[&'b']]);
    assert_eq!(roots(&named, 'd'), (8, 5));
    named.oracle.refer(named.ids[&'c'], MilestoneIndex(9));
    assert_eq!((roots(&named, 'd'), roots(&named, 'c')), ((9, 8), (9, 9)));
    named.oracle.refer(named.ids[&'c'], MilestoneIndex(10));
    assert_eq!(roots(&named, 'c'), (9, 9), "the first milestone stays");
}
