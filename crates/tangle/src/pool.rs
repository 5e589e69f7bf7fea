//! A pool of tips: drawn from by place, found by number.

use std::collections::BTreeMap;

use osmia_primitives::MessageId;

use crate::limits::POOL_TIPS_MAX;
use crate::options::RetentionRules;

/// Bytes of a tip: 64 in a vector that doubled, and an entry of an ordered map.
const TIP_BYTES: usize = 150;

/// A solid message that may be chosen as a parent.
#[derive(Clone, Debug)]
pub(crate) struct Tip {
    pub(crate) arrival: u64,
    pub(crate) id: MessageId,
    /// Children that came while they were tips of the same pool.
    pub(crate) children: u32,
    /// When the first of them came, in milliseconds of the caller's clock.
    first_child_ms: Option<u64>,
}

impl Tip {
    pub(crate) const fn new(arrival: u64, id: MessageId) -> Self {
        Self { arrival, id, children: 0, first_child_ms: None }
    }
}

/// Tips of one score.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    rules: RetentionRules,
    tips: Vec<Tip>,
    places: BTreeMap<u64, usize>,
    /// Tips that were ever added; turns the sample.
    added: usize,
}

impl Pool {
    pub(crate) const fn new(rules: RetentionRules) -> Self {
        Self { rules, tips: Vec::new(), places: BTreeMap::new(), added: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.tips.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.tips.len() * TIP_BYTES
    }

    pub(crate) fn contains(&self, arrival: u64) -> bool {
        self.places.contains_key(&arrival)
    }

    /// The numbers of all tips, ascending.
    pub(crate) fn arrivals(&self) -> impl Iterator<Item = u64> {
        self.places.keys().copied()
    }

    /// The tips, ascending by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Tip> {
        self.places.values().filter_map(|place| self.tips.get(*place))
    }

    /// Adds a tip. The oldest one leaves a full pool.
    pub(crate) fn add(&mut self, tip: Tip) {
        if self.contains(tip.arrival) {
            return;
        }
        if self.tips.len() >= POOL_TIPS_MAX
            && let Some(oldest) = self.places.keys().next().copied()
        {
            self.remove(oldest);
        }
        self.places.insert(tip.arrival, self.tips.len());
        self.tips.push(tip);
        self.added = self.added.wrapping_add(1);
    }

    pub(crate) fn remove(&mut self, arrival: u64) -> Option<Tip> {
        let place = self.places.remove(&arrival)?;
        let tip = self.tips.swap_remove(place);
        if let Some(moved) = self.tips.get(place) {
            self.places.insert(moved.arrival, place);
        }
        Some(tip)
    }

    /// A new tip of this pool has the parent `arrival`: the rules say whether that stays a tip.
    pub(crate) fn note_child(&mut self, arrival: u64, now_ms: u64) {
        let is_over_limit = self.tips.len() > self.rules.tips_limit;
        let Some(place) = self.places.get(&arrival) else { return };
        let Some(tip) = self.tips.get_mut(*place) else { return };
        tip.children += 1;
        if is_over_limit || tip.children >= self.rules.children_max {
            self.remove(arrival);
        } else {
            tip.first_child_ms.get_or_insert(now_ms);
        }
    }

    /// Removes the tips whose first child is too long ago.
    pub(crate) fn expire(&mut self, now_ms: u64) {
        let age_ms_max = self.rules.referenced_age_ms_max;
        let mut expired = Vec::new();
        for tip in &mut self.tips {
            let Some(first_child_ms) = &mut tip.first_child_ms else { continue };
            // After a clock went back, the age counts from the time it shows now.
            *first_child_ms = (*first_child_ms).min(now_ms);
            if now_ms - *first_child_ms >= age_ms_max {
                expired.push(tip.arrival);
            }
        }
        for arrival in expired {
            self.remove(arrival);
        }
    }

    /// Up to `max` ids, evenly spread over the pool. The places chosen move on with every tip that is added, so that no
    /// tip of a large pool stays out of sight.
    pub(crate) fn sample(&self, max: usize) -> Vec<MessageId> {
        let count = self.tips.len();
        if count <= max {
            return self.tips.iter().map(|tip| tip.id).collect();
        }
        let start = self.added % count;
        let places = (0..max).map(|number| (start + number * count / max) % count);
        places.filter_map(|place| self.tips.get(place)).map(|tip| tip.id).collect()
    }

    /// The id at the place that `word`, a uniformly random number, points at.
    pub(crate) fn draw(&self, word: u64) -> Option<MessageId> {
        Some(self.tips.get(place_of(word, self.tips.len()))?.id)
    }
}

/// Maps a uniformly random number to a place below `count`, by the high half of their product.
pub(crate) fn place_of(word: u64, count: usize) -> usize {
    let count = u128::try_from(count).expect("because a length has at most 64 bits");
    usize::try_from((u128::from(word) * count) >> 64).expect("because it is smaller than a length")
}

#[cfg(test)]
mod tests;
