//! Files that were changed anywhere: an error or a sound ledger, never a panic.

use osmia_engine::genesis;
use osmia_store::Store;
use proptest::prelude::*;

use crate::history::{History, LAST, audit, load};

/// One change of a file.
#[derive(Clone, Debug)]
enum Mutation {
    /// Some bytes get other values.
    Set(prop::sample::Index, Vec<u8>),
    /// The file ends early.
    Truncate(prop::sample::Index),
    /// Bytes are removed.
    Remove(prop::sample::Index, usize),
    /// Bytes are repeated.
    Repeat(prop::sample::Index, usize),
    /// A count, an index or the treasury of the header gets another value.
    Header(usize, u64),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<prop::sample::Index>;
    // The lengths of an entry point, an output, a spent output, and others.
    let length = || prop_oneof![Just(32_usize), Just(108), Just(140), 1..300_usize];
    let number = || prop_oneof![0..20_u64, Just(u64::MAX), any::<u64>()];
    prop_oneof![
        (at(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(at, bytes)| Mutation::Set(at, bytes)),
        at().prop_map(Mutation::Truncate),
        (at(), length()).prop_map(|(at, bytes)| Mutation::Remove(at, bytes)),
        (at(), length()).prop_map(|(at, bytes)| Mutation::Repeat(at, bytes)),
        (prop::sample::select(vec![18_usize, 22, 26, 34, 42, 50, 82]), number())
            .prop_map(|(at, number)| Mutation::Header(at, number)),
    ]
}

fn mutate(file: &[u8], mutation: &Mutation) -> Vec<u8> {
    let mut changed = file.to_vec();
    match mutation {
        Mutation::Set(at, bytes) => {
            let at = at.index(changed.len());
            for (byte, new) in changed[at..].iter_mut().zip(bytes) {
                *byte = *new;
            }
        }
        Mutation::Truncate(at) => changed.truncate(at.index(file.len())),
        Mutation::Remove(at, bytes) => {
            let at = at.index(file.len());
            changed.drain(at..file.len().min(at + bytes));
        }
        Mutation::Repeat(at, bytes) => {
            let at = at.index(file.len());
            let part = file[at..file.len().min(at + bytes)].to_vec();
            changed.splice(at..at, part);
        }
        Mutation::Header(at, number) => {
            let length = if *at < 26 { 4 } else { 8 };
            changed[*at..at + length].copy_from_slice(&number.to_le_bytes()[..length]);
        }
    }
    changed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_mutated_file_is_refused_or_gives_a_sound_ledger(
        seed: u64,
        mutations in prop::collection::vec((any::<bool>(), mutation()), 40),
    ) {
        let history = History::random(seed);
        let files = (history.full(LAST, 3), history.delta(3, 6));
        // One store for all of them: each load removes what the one before left.
        let mut store = Store::in_memory().unwrap();
        for (of_full, mutation) in &mutations {
            let mut changed = files.clone();
            let file = if *of_full { &mut changed.0 } else { &mut changed.1 };
            *file = mutate(file, mutation);
            match load(&store, &changed.0, Some(&changed.1)) {
                // Ids of messages, for example, are nobody's to check.
                Ok(_) => {
                    audit(&store);
                    store = Store::in_memory().unwrap();
                }
                Err(_) => prop_assert!(!genesis::is_loaded(&store).unwrap()),
            }
        }
    }
}
