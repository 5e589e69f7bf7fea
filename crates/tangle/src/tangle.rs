//! The Tangle itself: what is solid, what waits, what is referenced.

use std::collections::{BTreeSet, VecDeque};

use osmia_primitives::{IdHasherKey, MessageId, MilestoneIndex};

use crate::ancestors::Ancestors;
use crate::cone::white_flag_order;
use crate::heaviest::{self, Branch};
use crate::limits::WINDOW_MILESTONES_SLACK;
use crate::options::TangleOptions;
use crate::outside::Outside;
use crate::pool::Tip;
use crate::tips::{Score, Tips};
use crate::vertex::{Attached, ConeRoots, FIRST_ARRIVAL, Inserted, ParentError, Vertex};
use crate::waiting::{Request, WaitingRoom};
use crate::window::{Record, Window};

/// The recent Tangle in memory. See the crate's documentation.
#[derive(Debug)]
pub struct Tangle {
    pub(crate) options: TangleOptions,
    pub(crate) window: Window,
    outside: Outside,
    waiting: WaitingRoom,
    pub(crate) tips: Tips,
    confirmed: MilestoneIndex,
    /// The newest milestone seen, solid or not.
    latest: MilestoneIndex,
    /// Every record with a smaller number is referenced.
    pub(crate) open_from: u64,
}

/// The parents of a message, as far as they are solid.
struct Resolved {
    arrivals: Vec<u64>,
    roots: Option<ConeRoots>,
    missing: BTreeSet<MessageId>,
}

impl Tangle {
    /// An empty window; what is older than `options.next_arrival` is asked of the [`Ancestors`].
    ///
    /// # Panics
    /// When `options.next_arrival` is the number of an entry point.
    #[must_use]
    pub fn new(options: TangleOptions, key: IdHasherKey) -> Self {
        assert!(options.next_arrival >= FIRST_ARRIVAL, "messages are numbered from {FIRST_ARRIVAL}");
        Self {
            window: Window::new(options.next_arrival, key),
            outside: Outside::default(),
            waiting: WaitingRoom::new(options.waiting_bytes_max, options.waiting_messages_max, key),
            tips: Tips::new(&options),
            confirmed: options.confirmed,
            latest: options.confirmed,
            open_from: options.next_arrival,
            options,
        }
    }

    /// Takes a message that is valid by itself. When it is solid, it and everything that waited for it alone are
    /// numbered and pushed to `attached`, in the order of their numbers.
    ///
    /// `now_ms` is the caller's time in milliseconds; it starts the age of referenced tips.
    ///
    /// # Errors
    /// When `ancestors` fails.
    pub fn insert<A: Ancestors>(
        &mut self,
        vertex: Vertex,
        now_ms: u64,
        ancestors: &A,
        attached: &mut Vec<Attached>,
    ) -> Result<Inserted, A::Error> {
        if self.contains(&vertex.id) || ancestors.find(&vertex.id)?.is_some() {
            return Ok(Inserted::Known);
        }
        if let Some(index) = vertex.milestone {
            self.latest = self.latest.max(index);
        }
        let mut solid = VecDeque::new();
        let inserted = self.place(vertex, now_ms, ancestors, attached, &mut solid)?;
        while let Some(id) = solid.pop_front() {
            for released in self.waiting.release(&id) {
                // Pruning may have removed a parent meanwhile; then the message waits again.
                self.place(released, now_ms, ancestors, attached, &mut solid)?;
            }
        }
        Ok(inserted)
    }

    /// Whether a message is in the window or waits. Older solid messages are known to the [`Ancestors`] only.
    #[must_use]
    pub fn contains(&self, id: &MessageId) -> bool {
        self.window.arrival_of(id).is_some() || self.waiting.contains(id)
    }

    /// Whether a message is in the window, that is, solid.
    #[must_use]
    pub fn is_solid(&self, id: &MessageId) -> bool {
        self.window.arrival_of(id).is_some()
    }

    /// The number of a solid message or an entry point.
    ///
    /// # Errors
    /// When `ancestors` fails.
    pub fn arrival_of<A: Ancestors>(&self, id: &MessageId, ancestors: &A) -> Result<Option<u64>, A::Error> {
        match self.window.arrival_of(id) {
            Some(arrival) => Ok(Some(arrival)),
            None => Ok(ancestors.find(id)?.map(|known| known.arrival)),
        }
    }

    /// The cone roots of a message of the window.
    #[must_use]
    pub fn roots_of(&self, arrival: u64) -> Option<ConeRoots> {
        self.window.get(arrival).map(|record| record.roots)
    }

    /// The id of a message of the window.
    #[must_use]
    pub fn id_of(&self, arrival: u64) -> Option<MessageId> {
        self.window.get(arrival).map(|record| record.id)
    }

    /// The numbers of the parents of the message `arrival`, in stored order.
    ///
    /// # Errors
    /// When `ancestors` fails.
    pub fn parents<A: Ancestors>(&self, arrival: u64, ancestors: &A) -> Result<Vec<u64>, A::Error> {
        match self.window.get(arrival) {
            Some(record) => Ok(record.parents.as_slice().to_vec()),
            None => ancestors.parents(arrival),
        }
    }

    /// The milestone that references the message `arrival`; the index of an entry point.
    ///
    /// # Errors
    /// When `ancestors` fails.
    pub fn milestone<A: Ancestors>(
        &self,
        arrival: u64,
        ancestors: &A,
    ) -> Result<Option<MilestoneIndex>, A::Error> {
        match self.window.get(arrival) {
            Some(record) => Ok(record.milestone()),
            None => ancestors.milestone(arrival),
        }
    }

    /// The flags the message `arrival` was inserted with.
    ///
    /// # Errors
    /// When `ancestors` fails.
    pub fn flags<A: Ancestors>(&self, arrival: u64, ancestors: &A) -> Result<u8, A::Error> {
        match self.window.get(arrival) {
            Some(record) => Ok(record.flags),
            None => ancestors.flags(arrival),
        }
    }

    /// Whether a message may be issued on these parents: each is solid, and none has its oldest cone root below max
    /// depth. The inner error names the first parent that is not fit.
    ///
    /// # Errors
    /// When `ancestors` fails.
    pub fn check_parents<A: Ancestors>(
        &mut self,
        parents: &[MessageId],
        ancestors: &A,
    ) -> Result<Result<(), ParentError>, A::Error> {
        for parent in parents {
            let Some(roots) = self.cone_roots(parent, ancestors)? else {
                return Ok(Err(ParentError::Missing(*parent)));
            };
            if self.confirmed.ahead_of(roots.oldest) > self.options.below_max_depth {
                return Ok(Err(ParentError::TooOld(*parent)));
            }
        }
        Ok(Ok(()))
    }

    /// The cone roots of a solid message or entry point, as of the confirmed milestone (TIP-3).
    ///
    /// # Errors
    /// When `ancestors` fails.
    pub fn cone_roots<A: Ancestors>(
        &mut self,
        id: &MessageId,
        ancestors: &A,
    ) -> Result<Option<ConeRoots>, A::Error> {
        if let Some(record) = self.window.arrival_of(id).and_then(|arrival| self.window.get(arrival)) {
            return Ok(Some(record.roots));
        }
        let Some(known) = ancestors.find(id)? else { return Ok(None) };
        match known.milestone {
            Some(milestone) => Ok(Some(ConeRoots::at(milestone))),
            // What the walk finds is remembered, so a stranger who asks again pays for the first walk only.
            None => self.outside.roots(known.arrival, ancestors).map(Some),
        }
    }

    /// What a milestone with the parents `parents` references: the messages of their past cones that no milestone
    /// references yet, these included, in white-flag order (TIP-2).
    ///
    /// # Errors
    /// When `ancestors` fails.
    pub fn cone<A: Ancestors>(&self, parents: &[u64], ancestors: &A) -> Result<Vec<u64>, A::Error> {
        white_flag_order(&self.window, parents, ancestors)
    }

    /// Notes that `milestone` references the messages of `cone`; computes cone roots and scores tips anew.
    ///
    /// `ancestors` must already know of it, for messages below the window.
    ///
    /// # Errors
    /// When `ancestors` fails.
    ///
    /// # Panics
    /// When `milestone` is not after the confirmed one.
    pub fn confirm<A: Ancestors>(
        &mut self,
        milestone: MilestoneIndex,
        cone: &[u64],
        ancestors: &A,
    ) -> Result<(), A::Error> {
        self.advance(milestone);
        let mut below = Vec::new();
        for arrival in cone {
            match self.window.get_mut(*arrival) {
                Some(record) => record.refer(milestone),
                None => below.push(*arrival),
            }
        }
        self.outside.confirm(milestone, &below);
        // What is older than the whole cone has none of it as an ancestor.
        self.sweep(cone.iter().copied().min().unwrap_or(u64::MAX), ancestors)?;
        self.rescore_tips(ancestors)?;
        self.waiting.expire(milestone, self.options.below_max_depth);
        Ok(())
    }

    /// Removes tips that have had children for too long; call it about once a second.
    pub fn tick(&mut self, now_ms: u64) {
        self.tips.expire(now_ms);
    }

    /// Lets the oldest messages leave the window: those whose oldest cone root is far below max depth, and as many
    /// more as its byte limit asks for. Call it when [`Ancestors`] answers for everything that was attached; what is
    /// attached between two calls comes on top of the limit.
    pub fn evict(&mut self) {
        let milestones = self.options.below_max_depth.saturating_add(WINDOW_MILESTONES_SLACK);
        while let Some(oldest) = self.window.front() {
            let is_old = self.confirmed.ahead_of(oldest.roots.oldest) > milestones;
            if !is_old && self.window.bytes() <= self.options.window_bytes_max {
                break;
            }
            if let Some((arrival, record)) = self.window.pop()
                && !record.is_referenced()
            {
                self.outside.remember_unreferenced(arrival, record.roots);
            }
        }
    }

    /// The tips.
    #[must_use]
    pub const fn tips(&self) -> &Tips {
        &self.tips
    }

    /// Up to `count` of the first 64 `candidates`, in the order a coordinator should choose them: each covers the most
    /// messages that no milestone and no branch chosen before references; of equal ones the oldest. Candidates
    /// that cover nothing more are left out. Counts messages of the window only: what left it unreferenced is below max
    /// depth.
    #[must_use]
    pub fn heaviest(&self, candidates: &[u64], count: usize) -> Vec<Branch> {
        heaviest::heaviest(&self.window, self.open_from, candidates, count)
    }

    /// Up to `max` ids of missing messages to ask others for; first those the oldest milestone needs.
    #[must_use]
    pub fn requests(&self, max: usize) -> Vec<Request> {
        self.waiting.requests(max)
    }

    /// How many messages are missing; at most eight for each message that waits.
    #[must_use]
    pub fn requests_count(&self) -> usize {
        self.waiting.requests_count()
    }

    /// The confirmed milestone.
    #[must_use]
    pub const fn confirmed(&self) -> MilestoneIndex {
        self.confirmed
    }

    /// The number the next solid message gets.
    #[must_use]
    pub fn next_arrival(&self) -> u64 {
        self.window.next()
    }

    /// Messages of the window.
    #[must_use]
    pub fn window_count(&self) -> usize {
        self.window.len()
    }

    /// Messages that wait for parents.
    #[must_use]
    pub fn waiting_count(&self) -> usize {
        self.waiting.len()
    }

    /// Whether more than half of the room for waiting messages is taken: asking for less keeps what is needed first.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        self.waiting.is_crowded()
    }

    /// Bytes of everything, by the arithmetic of [`crate::limits`].
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.window.bytes() + self.waiting.bytes() + self.outside.bytes() + self.tips.bytes()
    }

    /// Attaches a message, or lets it wait. What became solid is pushed to `solid`.
    fn place<A: Ancestors>(
        &mut self,
        vertex: Vertex,
        now_ms: u64,
        ancestors: &A,
        attached: &mut Vec<Attached>,
        solid: &mut VecDeque<MessageId>,
    ) -> Result<Inserted, A::Error> {
        let resolved = self.resolve(&vertex.parents, ancestors)?;
        if !resolved.missing.is_empty() {
            let is_waiting = self.waiting.admit(vertex, &resolved.missing, self.latest);
            return Ok(if is_waiting { Inserted::Waiting } else { Inserted::Full });
        }
        let roots = resolved.roots.unwrap_or(ConeRoots::UNKNOWN);
        let record = Record::new(vertex.id, &resolved.arrivals, roots, vertex.flags);
        let arrival = self.window.push(record);
        let score = self.score(roots);
        self.tips.attach(Tip::new(arrival, vertex.id), score, &resolved.arrivals, now_ms);
        solid.push_back(vertex.id);
        attached.push(Attached { arrival, parents: resolved.arrivals, vertex });
        Ok(Inserted::Attached)
    }

    fn advance(&mut self, milestone: MilestoneIndex) {
        assert!(milestone > self.confirmed, "milestone {milestone} is confirmed after {}", self.confirmed);
        self.confirmed = milestone;
        self.latest = self.latest.max(milestone);
    }

    fn resolve<A: Ancestors>(&mut self, parents: &[MessageId], ancestors: &A) -> Result<Resolved, A::Error> {
        let mut resolved =
            Resolved { arrivals: Vec::with_capacity(parents.len()), roots: None, missing: BTreeSet::new() };
        for id in parents {
            let (arrival, roots) = match self.window.arrival_of(id) {
                Some(arrival) => (arrival, self.roots_at(arrival, ancestors)?),
                None if self.waiting.contains(id) => {
                    resolved.missing.insert(*id);
                    continue;
                }
                None => {
                    let Some(known) = ancestors.find(id)? else {
                        resolved.missing.insert(*id);
                        continue;
                    };
                    let roots = match known.milestone {
                        Some(milestone) => ConeRoots::at(milestone),
                        None => self.roots_at(known.arrival, ancestors)?,
                    };
                    (known.arrival, roots)
                }
            };
            resolved.arrivals.push(arrival);
            resolved.roots = Some(resolved.roots.map_or(roots, |sum| sum.and(roots)));
        }
        Ok(resolved)
    }

    fn roots_at<A: Ancestors>(&mut self, arrival: u64, ancestors: &A) -> Result<ConeRoots, A::Error> {
        match self.window.get(arrival) {
            Some(record) => Ok(record.roots),
            None => self.outside.roots(arrival, ancestors),
        }
    }

    /// Computes the cone roots of every unreferenced record from `from` on. One ascending pass is enough, because
    /// parents have smaller numbers.
    pub(crate) fn sweep<A: Ancestors>(&mut self, from: u64, ancestors: &A) -> Result<(), A::Error> {
        let next = self.window.next();
        self.open_from = self.open_from.max(self.window.base());
        while self.window.get(self.open_from).is_some_and(Record::is_referenced) {
            self.open_from += 1;
        }
        for arrival in from.max(self.open_from)..next {
            let Some(record) = self.window.get(arrival).filter(|record| !record.is_referenced()) else {
                continue;
            };
            let mut sum: Option<ConeRoots> = None;
            for parent in record.parents.as_slice() {
                let roots = match self.window.get(*parent) {
                    Some(parent) => parent.roots,
                    None => self.outside.roots(*parent, ancestors)?,
                };
                sum = Some(sum.map_or(roots, |sum| sum.and(roots)));
            }
            if let Some(record) = self.window.get_mut(arrival) {
                record.roots = sum.unwrap_or(ConeRoots::UNKNOWN);
            }
        }
        Ok(())
    }

    fn rescore_tips<A: Ancestors>(&mut self, ancestors: &A) -> Result<(), A::Error> {
        for arrival in self.tips.arrivals() {
            let roots = self.roots_at(arrival, ancestors)?;
            self.tips.rescore(arrival, self.score(roots));
        }
        Ok(())
    }

    fn score(&self, roots: ConeRoots) -> Score {
        Score::of(roots, self.confirmed, &self.options)
    }
}
