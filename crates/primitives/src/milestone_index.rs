//! Milestone indexes and their arithmetic, which never wraps.

use std::fmt;

/// The index of a milestone: 1 for the first of a network; 0 stands for "none yet" and for the genesis ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MilestoneIndex(pub u32);

impl MilestoneIndex {
    /// The index after this one, or `None` after the last possible one.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(index) => Some(Self(index)),
            None => None,
        }
    }

    /// How many milestones `self` is ahead of `older`; 0 when it is not ahead.
    #[must_use]
    pub const fn ahead_of(self, older: Self) -> u32 {
        self.0.saturating_sub(older.0)
    }

    /// The index `count` milestones earlier, at least 0.
    #[must_use]
    pub const fn earlier_by(self, count: u32) -> Self {
        Self(self.0.saturating_sub(count))
    }

    /// The index `count` milestones later, at most the last possible one.
    #[must_use]
    pub const fn later_by(self, count: u32) -> Self {
        Self(self.0.saturating_add(count))
    }
}

impl fmt::Display for MilestoneIndex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(MilestoneIndex(7).next(), Some(MilestoneIndex(8)));
        assert_eq!(MilestoneIndex(u32::MAX).next(), None);
        assert_eq!(MilestoneIndex(3).ahead_of(MilestoneIndex(9)), 0);
        assert_eq!(MilestoneIndex(9).ahead_of(MilestoneIndex(3)), 6);
        assert_eq!(MilestoneIndex(3).earlier_by(15), MilestoneIndex(0));
    }
}
