//! Tips: solid messages to be chosen as parents (TIP-3).
//!
//! A message becomes a tip when it is attached, unless it is lazy. A tip stays for a while after it got children; the
//! rules for that are the [`crate::RetentionRules`]. After every milestone all tips are scored again.

use osmia_primitives::{MessageId, MilestoneIndex};

use crate::options::TangleOptions;
use crate::pool::{Pool, Tip, place_of};
use crate::vertex::ConeRoots;

/// Parents that tip selection aims at.
pub const TIPS_SELECTED_MAX: usize = 4;

/// Draws of a selection at most; they may hit a tip twice.
const DRAWS_MAX: usize = (TIPS_SELECTED_MAX - 1) * 10;

/// How well a message is suited as a parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Score {
    Lazy,
    SemiLazy,
    NonLazy,
}

impl Score {
    /// The score of a message with these roots, `confirmed` being the confirmed milestone. Roots that are ahead of
    /// it, seen while milestones arrive in a burst, are not behind at all.
    pub(crate) fn of(roots: ConeRoots, confirmed: MilestoneIndex, options: &TangleOptions) -> Self {
        let youngest_delta = confirmed.ahead_of(roots.youngest);
        let oldest_delta = confirmed.ahead_of(roots.oldest);
        if youngest_delta > options.youngest_delta_max || oldest_delta > options.below_max_depth {
            return Self::Lazy;
        }
        if oldest_delta > options.oldest_delta_max { Self::SemiLazy } else { Self::NonLazy }
    }
}

/// The tips of a Tangle, in two pools.
#[derive(Clone, Debug)]
pub struct Tips {
    non_lazy: Pool,
    semi_lazy: Pool,
}

impl Tips {
    pub(crate) const fn new(options: &TangleOptions) -> Self {
        Self { non_lazy: Pool::new(options.non_lazy), semi_lazy: Pool::new(options.semi_lazy) }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.non_lazy.bytes() + self.semi_lazy.bytes()
    }

    /// How many non-lazy tips there are.
    #[must_use]
    pub fn non_lazy_count(&self) -> usize {
        self.non_lazy.len()
    }

    /// How many semi-lazy tips there are.
    #[must_use]
    pub fn semi_lazy_count(&self) -> usize {
        self.semi_lazy.len()
    }

    /// Up to `max` non-lazy tips, for readers that draw from a copy. Of a larger pool, other ones each time it changed.
    #[must_use]
    pub fn non_lazy_sample(&self, max: usize) -> Vec<MessageId> {
        self.non_lazy.sample(max)
    }

    /// Up to `max` semi-lazy tips, like [`Tips::non_lazy_sample`].
    #[must_use]
    pub fn semi_lazy_sample(&self, max: usize) -> Vec<MessageId> {
        self.semi_lazy.sample(max)
    }

    /// Up to four distinct non-lazy tips, each drawn uniformly with a word of `random`, sorted. Empty when there are
    /// none, as on a network before its first milestone: what to build on then, the milestone or the entry point it
    /// stands on, is known to the caller.
    pub fn select(&self, random: &mut dyn FnMut() -> u64) -> Vec<MessageId> {
        select_by(self.non_lazy.len(), random, |word| self.non_lazy.draw(word))
    }

    /// Up to `max` numbers of tips among which a coordinator chooses. First come tips without children, those of
    /// the non-lazy pool before the semi-lazy ones; a tip with children is usually covered by them. What does not fit
    /// is thinned out evenly by age, so that neither the oldest nor the newest are left behind.
    #[must_use]
    pub fn candidates(&self, max: usize) -> Vec<u64> {
        let pick = |pool: &Pool, is_wanted: fn(&Tip) -> bool| -> Vec<u64> {
            pool.iter().filter(|tip| is_wanted(tip)).map(|tip| tip.arrival).collect()
        };
        let groups = [
            pick(&self.non_lazy, |tip| tip.children == 0),
            pick(&self.semi_lazy, |tip| tip.children == 0),
            pick(&self.non_lazy, |tip| tip.children > 0),
        ];
        let mut chosen = Vec::new();
        for group in groups {
            chosen.extend(spread(&group, max - chosen.len()));
        }
        chosen
    }

    /// Adds a message that was just attached; its parents may cease to be tips.
    pub(crate) fn attach(&mut self, tip: Tip, score: Score, parents: &[u64], now_ms: u64) {
        // Only parents in the same pool have to go, so that semi-lazy tips do not empty the non-lazy pool; and a
        // lazy message replaces nothing.
        let Some(pool) = self.pool_mut(score) else { return };
        pool.add(tip);
        for (place, parent) in parents.iter().enumerate() {
            let is_repeated = parents.iter().take(place).any(|earlier| earlier == parent);
            if !is_repeated {
                pool.note_child(*parent, now_ms);
            }
        }
    }

    /// Removes tips that have had children for too long.
    pub(crate) fn expire(&mut self, now_ms: u64) {
        self.non_lazy.expire(now_ms);
        self.semi_lazy.expire(now_ms);
    }

    /// The numbers of all tips.
    pub(crate) fn arrivals(&self) -> Vec<u64> {
        self.non_lazy.arrivals().chain(self.semi_lazy.arrivals()).collect()
    }

    /// Puts a tip where its score belongs.
    pub(crate) fn rescore(&mut self, arrival: u64, score: Score) {
        let is_in_place = match score {
            Score::NonLazy => self.non_lazy.contains(arrival),
            Score::SemiLazy => self.semi_lazy.contains(arrival),
            Score::Lazy => false,
        };
        if is_in_place {
            return;
        }
        let tip = self.non_lazy.remove(arrival).or_else(|| self.semi_lazy.remove(arrival));
        if let (Some(tip), Some(pool)) = (tip, self.pool_mut(score)) {
            pool.add(tip);
        }
    }

    const fn pool_mut(&mut self, score: Score) -> Option<&mut Pool> {
        match score {
            Score::NonLazy => Some(&mut self.non_lazy),
            Score::SemiLazy => Some(&mut self.semi_lazy),
            Score::Lazy => None,
        }
    }
}

/// Up to four distinct ids of `tips`, each drawn uniformly with a word of `random`, sorted; empty when `tips` is.
/// At most 30 words are drawn.
pub fn select_tips(tips: &[MessageId], random: &mut dyn FnMut() -> u64) -> Vec<MessageId> {
    select_by(tips.len(), random, |word| tips.get(place_of(word, tips.len())).copied())
}

fn select_by(
    count: usize,
    random: &mut dyn FnMut() -> u64,
    draw: impl Fn(u64) -> Option<MessageId>,
) -> Vec<MessageId> {
    let mut selected = Vec::with_capacity(TIPS_SELECTED_MAX);
    if count == 0 {
        return selected;
    }
    for _ in 0..DRAWS_MAX {
        if let Some(id) = draw(random())
            && !selected.contains(&id)
        {
            selected.push(id);
        }
        if selected.len() == TIPS_SELECTED_MAX {
            break;
        }
    }
    selected.sort_unstable();
    selected
}

/// Up to `max` of `arrivals`, the first and the last included, evenly spread.
fn spread(arrivals: &[u64], max: usize) -> Vec<u64> {
    if arrivals.len() <= max || max < 2 {
        return arrivals.iter().copied().take(max).collect();
    }
    let place = |number: usize| number * (arrivals.len() - 1) / (max - 1);
    (0..max).filter_map(|number| arrivals.get(place(number)).copied()).collect()
}
