use proptest::prelude::*;

use super::*;

const RULES: RetentionRules = RetentionRules { tips_limit: 6, children_max: 3, referenced_age_ms_max: 10 };

fn tip(arrival: u64) -> Tip {
    Tip::new(arrival, MessageId::of(&arrival.to_le_bytes()))
}

proptest! {
    #[test]
    fn a_pool_does_what_a_map_does(steps in prop::collection::vec((0..4u8, 0..12u64), 1..100)) {
        let mut pool = Pool::new(RULES);
        let mut model: BTreeMap<u64, (u32, Option<u64>)> = BTreeMap::new();
        let mut now_ms = 0;
        for (kind, arrival) in steps {
            match kind {
                0 => {
                    pool.add(tip(arrival));
                    model.entry(arrival).or_default();
                }
                1 => {
                    prop_assert_eq!(pool.remove(arrival).map(|tip| tip.arrival), model.remove(&arrival).map(|_| arrival));
                }
                2 => {
                    pool.note_child(arrival, now_ms);
                    let is_over_limit = model.len() > 6;
                    if let Some((children, first)) = model.get_mut(&arrival) {
                        *children += 1;
                        first.get_or_insert(now_ms);
                        if is_over_limit || *children == 3 {
                            model.remove(&arrival);
                        }
                    }
                }
                _ => {
                    now_ms += arrival;
                    pool.expire(now_ms);
                    model.retain(|_, (_, first)| first.is_none_or(|first| now_ms - first < 10));
                }
            }
            prop_assert!(pool.arrivals().eq(model.keys().copied()));
            prop_assert!(pool.iter().map(|tip| tip.children).eq(model.values().map(|(children, _)| *children)));
            prop_assert!(pool.iter().all(|kept| kept.id == tip(kept.arrival).id));
            prop_assert_eq!(pool.len(), model.len());
        }
    }

    #[test]
    fn a_sample_has_no_tip_twice(count in 0..300u64, max in 0..70usize) {
        let mut pool = Pool::new(RULES);
        (0..count).for_each(|arrival| pool.add(tip(arrival)));
        let mut sample = pool.sample(max);
        prop_assert_eq!(sample.len(), max.min(pool.len()));
        sample.sort_unstable();
        prop_assert!(sample.is_sorted_by(|left, right| left < right));
    }
}

#[test]
fn places_cover_a_pool_evenly() {
    assert_eq!([0, u64::MAX / 3, u64::MAX / 2 + 1, u64::MAX].map(|word| place_of(word, 4)), [0, 1, 2, 3]);
    assert_eq!([0, u64::MAX].map(|word| place_of(word, 1)), [0, 0]);
}
