//! Issuing milestones: when, over which tips, with how many checkpoints before.
//!
//! A coordinator keeps no file. Its state is the milestone rows of the store, which are committed together with the
//! message that carries the milestone: after a crash the newest row is the last milestone there is, and the next one
//! has the next index.

use osmia_primitives::MessageId;
use osmia_primitives::ed25519::SecretKey;

use crate::limits::CHECKPOINTS_MAX;

/// Parents a message can have.
const PARENTS_MAX: usize = 8;

/// How a node issues milestones.
#[derive(Clone, Debug)]
pub struct CoordinatorOptions {
    /// The keys that sign every milestone.
    pub secret_keys: Vec<SecretKey>,
    /// Milliseconds between two milestones, at least 1.
    pub interval_ms: u64,
    /// Whether the network exists already.
    pub start: CoordinatorStart,
    /// How long it listens before its first milestone, and after every milestone that another coordinator with its keys
    /// issued, in milliseconds. A coordinator with peers whose database was lost hears in that time how far its network
    /// is; signing an index twice would split it.
    pub quiet_ms: u64,
}

impl CoordinatorOptions {
    /// A coordinator without peers: its database is all there is of the network.
    #[must_use]
    pub const fn alone(secret_keys: Vec<SecretKey>, interval_ms: u64) -> Self {
        Self { secret_keys, interval_ms, start: CoordinatorStart::Alone, quiet_ms: 0 }
    }
}

/// What a coordinator expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoordinatorStart {
    /// A new network: no milestone exists, here or anywhere. One that shows up stops the node.
    Bootstrap,
    /// An existing network: nothing is issued before its newest milestone is known.
    Resume,
    /// Either; for a coordinator that has no peers, whose database is all there is.
    Alone,
}

/// Parents of the messages of one milestone: checkpoints first, the milestone last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Tips of the messages still to be issued, in issuing order; the last entry is the milestone's.
    tips: Vec<Vec<MessageId>>,
    /// The checkpoint issued last.
    checkpoint: Option<MessageId>,
}

/// A message of a [`Plan`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Planned {
    /// A message without payload that gathers tips.
    Checkpoint(Vec<MessageId>),
    /// The milestone, over these parents besides the last milestone.
    Milestone(Vec<MessageId>),
}

impl Plan {
    /// Distributes `tips`, heaviest first, over a milestone and as many checkpoints as they need. The milestone keeps
    /// one place for the milestone before it.
    pub(crate) fn over(tips: &[MessageId]) -> Self {
        let mut tips: Vec<MessageId> = tips.iter().copied().take(Self::tips_max()).collect();
        if tips.len() < PARENTS_MAX {
            return Self { tips: vec![tips], checkpoint: None };
        }
        // The lightest go to the milestone itself, which has places for six besides its two fixed parents.
        let mut rest = tips.split_off(PARENTS_MAX);
        let mut groups = vec![tips];
        while rest.len() > PARENTS_MAX - 2 {
            let after = rest.split_off((PARENTS_MAX - 1).min(rest.len()));
            groups.push(std::mem::replace(&mut rest, after));
        }
        groups.push(rest);
        Self { tips: groups, checkpoint: None }
    }

    /// How many tips one milestone with all its checkpoints can cover.
    pub(crate) const fn tips_max() -> usize {
        PARENTS_MAX + (CHECKPOINTS_MAX - 1) * (PARENTS_MAX - 1) + (PARENTS_MAX - 2)
    }

    /// The next message to issue; its parents in no particular order.
    pub(crate) fn next(&self) -> Option<Planned> {
        let (tips, rest) = self.tips.split_first()?;
        let parents = tips.iter().copied().chain(self.checkpoint).collect();
        Some(if rest.is_empty() { Planned::Milestone(parents) } else { Planned::Checkpoint(parents) })
    }

    /// Notes that the message of [`Plan::next`] was attached as `id`.
    pub(crate) fn attached(&mut self, id: MessageId) {
        if !self.tips.is_empty() {
            self.tips.remove(0);
            self.checkpoint = Some(id);
        }
    }

    /// Whether everything was issued.
    pub(crate) const fn is_done(&self) -> bool {
        self.tips.is_empty()
    }
}

/// The coordinator's own state: what is being issued, and when the next milestone is due.
#[derive(Debug)]
pub(crate) struct Coordinator {
    pub(crate) options: CoordinatorOptions,
    /// When the next milestone is due, in milliseconds of the caller's clock.
    due_ms: u64,
    /// Until when it listens; `None` before the first tick.
    quiet_until_ms: Option<u64>,
    plan: Option<Plan>,
}

impl Coordinator {
    pub(crate) const fn new(options: CoordinatorOptions) -> Self {
        Self { options, due_ms: 0, quiet_until_ms: None, plan: None }
    }

    /// Whether a milestone should be started now.
    pub(crate) fn is_due(&mut self, now_ms: u64) -> bool {
        let quiet_until = self.quiet_until_ms.get_or_insert(now_ms.saturating_add(self.options.quiet_ms));
        self.plan.is_none() && now_ms >= self.due_ms.max(*quiet_until)
    }

    /// A milestone became known. Gives whether another coordinator issued it: then this one listens anew.
    pub(crate) const fn heard_milestone(&mut self, now_ms: u64) -> bool {
        let is_foreign = self.plan.is_none();
        if is_foreign {
            self.quiet_until_ms = Some(now_ms.saturating_add(self.options.quiet_ms));
        }
        is_foreign
    }

    /// Starts issuing by `plan`; the next milestone is due one interval later. Small delays do not add up; a clock
    /// that jumped ahead causes one milestone, not one for each interval it skipped.
    pub(crate) fn start(&mut self, plan: Plan, now_ms: u64) -> Option<Planned> {
        let interval_ms = self.options.interval_ms.max(1);
        let is_late = now_ms.saturating_sub(self.due_ms) >= interval_ms;
        let planned_for = if is_late { now_ms } else { self.due_ms };
        self.due_ms = planned_for.saturating_add(interval_ms);
        self.plan.insert(plan).next()
    }

    /// Notes that the message in work was attached; gives the next one of the plan.
    pub(crate) fn attached(&mut self, id: MessageId) -> Option<Planned> {
        let plan = self.plan.as_mut()?;
        plan.attached(id);
        if plan.is_done() {
            self.plan = None;
            return None;
        }
        plan.next()
    }

    /// Gives the current plan up; the next milestone comes one interval later.
    pub(crate) fn abandon(&mut self) {
        self.plan = None;
    }

    /// The clock went back: do not wait for the time it showed before.
    pub(crate) fn clock_went_back(&mut self, now_ms: u64) {
        self.due_ms = self.due_ms.min(now_ms.saturating_add(self.options.interval_ms));
        self.quiet_until_ms =
            self.quiet_until_ms.map(|until| until.min(now_ms.saturating_add(self.options.quiet_ms)));
    }
}

/// The timestamp of our next milestone: now, but never before the last one's.
pub(crate) fn milestone_timestamp(now_ms: u64, last: u64) -> u64 {
    (now_ms / 1_000).max(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tips(count: u8) -> Vec<MessageId> {
        (0..count).map(|number| MessageId([number; 32])).collect()
    }

    /// Plays a plan to its end; gives each message's parents.
    fn play(mut plan: Plan) -> Vec<Planned> {
        let mut issued = Vec::new();
        while let Some(planned) = plan.next() {
            plan.attached(MessageId([200 + u8::try_from(issued.len()).unwrap(); 32]));
            issued.push(planned);
        }
        assert!(plan.is_done());
        issued
    }

    #[test]
    fn every_tip_is_covered_once_and_no_message_has_too_many_parents() {
        for count in 0..=40 {
            let issued = play(Plan::over(&tips(count)));
            let mut covered = Vec::new();
            for (number, planned) in issued.iter().enumerate() {
                let (parents, parents_max) = match planned {
                    Planned::Checkpoint(parents) => (parents, PARENTS_MAX),
                    Planned::Milestone(parents) => (parents, PARENTS_MAX - 1),
                };
                assert!(parents.len() <= parents_max, "{count} tips");
                assert_eq!(matches!(planned, Planned::Milestone(_)), number + 1 == issued.len());
                covered.extend(parents.iter().filter(|id| id.0[0] < 200));
                if number > 0 {
                    assert!(parents.contains(&MessageId([199 + u8::try_from(number).unwrap(); 32])));
                }
            }
            covered.sort_unstable();
            let expected: Vec<_> = tips(count).into_iter().take(Plan::tips_max()).collect();
            assert_eq!(covered.into_iter().copied().collect::<Vec<_>>(), expected, "{count} tips");
            assert!(issued.len() <= CHECKPOINTS_MAX + 1);
        }
    }

    fn options(quiet_ms: u64) -> CoordinatorOptions {
        let start = CoordinatorStart::Alone;
        CoordinatorOptions { secret_keys: Vec::new(), interval_ms: 1_000, start, quiet_ms }
    }

    #[test]
    fn it_listens_before_its_first_milestone_and_after_those_of_others() {
        let mut coordinator = Coordinator::new(options(5_000));
        assert!(!coordinator.is_due(10_000) && !coordinator.is_due(14_999) && coordinator.is_due(15_000));
        assert!(coordinator.heard_milestone(15_000));
        assert!(!coordinator.is_due(19_999) && coordinator.is_due(20_000));
        assert!(coordinator.start(Plan::over(&[]), 20_000).is_some());
        assert!(!coordinator.heard_milestone(20_001), "it is our own");
        assert_eq!(coordinator.attached(MessageId::NULL), None);
        assert!(coordinator.is_due(21_000));
    }

    #[test]
    fn a_milestone_is_due_once_an_interval_whatever_the_clock_does() {
        let mut coordinator = Coordinator::new(options(0));
        let issue = |coordinator: &mut Coordinator, now| {
            assert!(coordinator.start(Plan::over(&[]), now).is_some());
            assert!(!coordinator.is_due(now), "one at a time");
            assert_eq!(coordinator.attached(MessageId::NULL), None);
        };
        assert!(coordinator.is_due(50_000));
        issue(&mut coordinator, 50_000);
        assert!(!coordinator.is_due(50_999) && coordinator.is_due(51_000));
        // A delay does not move the ones after it.
        issue(&mut coordinator, 51_300);
        assert!(!coordinator.is_due(51_999) && coordinator.is_due(52_000));
        // The clock jumps an hour ahead: one milestone, then the usual pace.
        issue(&mut coordinator, 3_652_000);
        assert!(!coordinator.is_due(3_652_999));
        // The clock goes back an hour.
        coordinator.clock_went_back(52_000);
        assert!(!coordinator.is_due(52_999) && coordinator.is_due(53_000));
    }

    #[test]
    fn the_milestone_clock_never_falls() {
        assert_eq!(milestone_timestamp(5_999, 3), 5);
        assert_eq!(milestone_timestamp(5_999, 7), 7);
    }
}
