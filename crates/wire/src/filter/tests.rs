//! Tests of the duplicate filter against a plain list.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const KEY: IdHasherKey = IdHasherKey(5);
const BOUND: usize = 8;

fn fingerprint(number: u8) -> Fingerprint {
    Fingerprinter::new(&[1; 16]).fingerprint(&[number])
}

fn from(slots: u64) -> Seen {
    Seen { from: slots, to: 0 }
}

#[test]
fn fingerprints_depend_on_the_key_and_on_every_byte() {
    let with = |key: u8, bytes: &[u8]| Fingerprinter::new(&[key; 16]).fingerprint(bytes);
    assert_eq!(with(1, b"message"), with(1, b"message"));
    assert_ne!(with(1, b"message"), with(2, b"message"));
    assert_ne!(with(1, b"message"), with(1, b"messagf"));
    assert_ne!(with(1, b"message"), with(1, b"message\0"));
}

#[test]
fn a_full_generation_leaves_one_behind_it() {
    let mut filter = Filter::with_bound(KEY, BOUND);
    for number in 0..=u8::try_from(2 * BOUND).unwrap() {
        filter.add(1, fingerprint(number), from(1));
    }
    assert!(filter.get_mut(fingerprint(0)).is_none(), "two generations ago");
    assert!(filter.get_mut(fingerprint(8)).is_some(), "one generation ago");
    assert!(filter.get_mut(fingerprint(16)).is_some());
    assert_eq!(filter.len(), BOUND + 1);
}

#[test]
fn an_old_generation_is_left_though_not_full() {
    let mut filter = Filter::with_bound(KEY, BOUND);
    filter.add(0, fingerprint(1), from(1));
    filter.add(FILTER_GENERATION_MS, fingerprint(2), from(1));
    filter.add(2 * FILTER_GENERATION_MS - 1, fingerprint(3), from(1));
    assert!(filter.get_mut(fingerprint(1)).is_some());
    filter.add(2 * FILTER_GENERATION_MS, fingerprint(4), from(1));
    assert!(filter.get_mut(fingerprint(1)).is_none());
    assert!(filter.get_mut(fingerprint(2)).is_some());
}

#[derive(Clone, Debug)]
enum Step {
    Add { number: u8, seen: (u64, u64) },
    Get { number: u8 },
    Forget { slots: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u8..30, any::<(u64, u64)>()).prop_map(|(number, seen)| Step::Add { number, seen }),
        2 => (0_u8..30).prop_map(|number| Step::Get { number }),
        1 => (0_u32..64).prop_map(|slot| Step::Forget { slots: 1 << slot }),
    ]
}

proptest! {
    #[test]
    fn it_is_the_list_of_the_last_two_generations(steps in vec(step(), 0..200)) {
        let mut filter = Filter::with_bound(KEY, BOUND);
        let mut model: [Vec<(u8, Seen)>; 2] = Default::default();
        for step in steps {
            match step {
                Step::Add { number, seen: (sent, got) } => {
                    let seen = Seen { from: sent, to: got };
                    filter.add(0, fingerprint(number), seen);
                    if let Some((_, known)) = model.iter_mut().flatten().find(|(other, _)| *other == number) {
                        *known = Seen { from: known.from | sent, to: known.to | got };
                    } else {
                        if model[0].len() == BOUND {
                            model[1] = std::mem::take(&mut model[0]);
                        }
                        model[0].push((number, seen));
                    }
                }
                Step::Get { number } => {
                    let expected = model.iter().flatten().find(|(other, _)| *other == number);
                    prop_assert_eq!(filter.get_mut(fingerprint(number)).copied(), expected.map(|(_, seen)| *seen));
                }
                Step::Forget { slots } => {
                    filter.forget(slots);
                    for (_, seen) in model.iter_mut().flatten() {
                        *seen = Seen { from: seen.from & !slots, to: seen.to & !slots };
                    }
                }
            }
            prop_assert_eq!(filter.len(), model.iter().flatten().count());
        }
    }
}
