//! Messages per second and how many of them milestones reference, measured between milestones as the reference node does.

use osmia_primitives::MilestoneIndex;

/// Rates of the last confirmed milestone.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// New messages per second between the last two milestones.
    pub messages_per_second: f64,
    /// Messages referenced by the last milestone per second since the one before.
    pub referenced_messages_per_second: f64,
    /// Referenced messages as a percentage of new ones.
    pub referenced_rate: f64,
}

/// Counts between two milestones.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RateMeter {
    new_messages: u64,
    last: Option<(MilestoneIndex, u64)>,
    rates: Rates,
}

impl RateMeter {
    /// Counts a new message.
    pub(crate) fn attached(&mut self) {
        self.new_messages += 1;
    }

    /// Ends an interval: milestone `index` of `timestamp` (unix seconds) referenced `referenced` messages.
    pub(crate) fn confirmed(&mut self, index: MilestoneIndex, timestamp: u64, referenced: usize) {
        let new_messages = std::mem::take(&mut self.new_messages);
        let previous = self.last.replace((index, timestamp));
        let Some((_, earlier)) = previous else { return };
        let seconds = count(timestamp.saturating_sub(earlier)).max(1.0);
        let referenced = count(u64::try_from(referenced).unwrap_or(u64::MAX));
        self.rates = Rates {
            messages_per_second: count(new_messages) / seconds,
            referenced_messages_per_second: referenced / seconds,
            referenced_rate: if new_messages == 0 { 0.0 } else { referenced / count(new_messages) * 100.0 },
        };
    }

    /// The rates of the last interval.
    pub(crate) const fn rates(&self) -> Rates {
        self.rates
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 52 bits")]
const fn count(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_between_two_milestones() {
        let mut meter = RateMeter::default();
        meter.confirmed(MilestoneIndex(1), 1_000, 3);
        assert_eq!(meter.rates(), Rates::default());
        for _ in 0..50 {
            meter.attached();
        }
        meter.confirmed(MilestoneIndex(2), 1_010, 40);
        let rates = meter.rates();
        assert_eq!(rates.messages_per_second, 5.0);
        assert_eq!(rates.referenced_messages_per_second, 4.0);
        assert_eq!(rates.referenced_rate, 80.0);
        // Milestones in the same second do not divide by zero.
        meter.confirmed(MilestoneIndex(3), 1_010, 0);
        assert_eq!(meter.rates().messages_per_second, 0.0);
    }
}
