//! Random batches, crashes and restarts against a map in memory.

#![allow(clippy::unwrap_used, reason = "a test stops at the first failure")]

#[path = "support/folder.rs"]
mod folder;

use std::collections::BTreeMap;

use osmia_store::{Batch, Durability, ScanRange, Store, StoreOptions, Table};
use proptest::collection::vec;
use proptest::prelude::*;

type Bytes = Vec<u8>;
type Rows = Vec<(Bytes, Bytes)>;
type Model = BTreeMap<(Table, Bytes), Bytes>;
/// A row to set, or to remove.
type Change = (Table, Bytes, Option<Bytes>);

const TABLES: [Table; 4] = [Table::Log, Table::Outputs, Table::AddressOutputs, Table::Diffs];

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Change>, Durability),
    Flush,
    Close,
    Crash,
}

fn change() -> impl Strategy<Value = Change> {
    let key = vec(prop_oneof![Just(0_u8), Just(1), Just(0x7f), Just(0xff)], 0..4);
    let value = prop::option::weighted(0.7, vec(any::<u8>(), 0..40));
    (prop::sample::select(&TABLES[..]), key, value)
}

fn step() -> impl Strategy<Value = Step> {
    let durability = prop_oneof![Just(Durability::Logged), Just(Durability::Synced)];
    prop_oneof![
        8 => (vec(change(), 0..30), durability).prop_map(|(changes, durability)| Step::Commit(changes, durability)),
        1 => Just(Step::Flush),
        1 => Just(Step::Close),
        1 => Just(Step::Crash),
    ]
}

fn apply(store: &Store, model: &mut Model, changes: &[Change], durability: Durability) {
    let mut batch = Batch::new();
    for (table, key, value) in changes {
        match value {
            Some(value) => {
                batch.put(*table, key, value);
                model.insert((*table, key.clone()), value.clone());
            }
            None => {
                batch.delete(*table, key);
                model.remove(&(*table, key.clone()));
            }
        }
    }
    assert_eq!(batch.len(), changes.len());
    store.commit(batch, durability).unwrap();
}

fn compare(store: &Store, model: &Model) {
    let reader = store.snapshot();
    for table in TABLES {
        let expected: Rows = model
            .iter()
            .filter(|((of, _), _)| *of == table)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect();
        let scan = |range: ScanRange| -> Rows {
            let rows = reader.scan(table, range).map(Result::unwrap);
            rows.map(|(key, value)| (key.into_vec(), value.into_vec())).collect()
        };
        assert_eq!(scan(ScanRange::all()), expected);
        for prefix in [&[0_u8][..], &[0xff], &[1, 0x7f]] {
            let mut part = expected.clone();
            part.retain(|(key, _)| key.starts_with(prefix));
            part.reverse();
            assert_eq!(scan(ScanRange::prefix(prefix).reverse()), part);
            let value = model.get(&(table, prefix.to_vec()));
            assert_eq!(reader.get(table, prefix).unwrap().as_ref(), value);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_store_holds_what_was_committed(steps in vec(step(), 1..20)) {
        let options = StoreOptions::small_machine();
        let mut folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path(), &options).unwrap();
        let mut model = Model::new();
        for step in &steps {
            match step {
                Step::Commit(changes, durability) => apply(&store, &mut model, changes, *durability),
                Step::Flush => store.flush().unwrap(),
                Step::Close => {
                    store.close().unwrap();
                    store = Store::open(folder.path(), &options).unwrap();
                }
                Step::Crash => {
                    let next = folder::crashed_copy(folder.path());
                    drop(store);
                    store = Store::open(next.path(), &options).unwrap();
                    folder = next;
                }
            }
            compare(&store, &model);
        }
    }

    #[test]
    fn a_store_in_memory_behaves_the_same(groups in vec(vec(change(), 0..30), 1..10)) {
        let store = Store::in_memory().unwrap();
        let mut model = Model::new();
        for changes in &groups {
            apply(&store, &mut model, changes, Durability::Logged);
            compare(&store, &model);
        }
        store.flush().unwrap();
        compare(&store, &model);
        prop_assert!(store.size_on_disk().unwrap() > 0);
    }
}
