//! The recent messages as compact records, addressed by their numbers.

use std::collections::VecDeque;

use osmia_primitives::{IdHasherKey, IdMap, MessageId, MilestoneIndex};

use crate::limits::{INLINE_PARENTS_MAX, RECORD_BYTES};
use crate::vertex::ConeRoots;

/// Records added at once when the queue grows while it is small.
const GROWTH_RECORDS_MIN: usize = 1_024;

/// The numbers of a message's parents, in stored order.
#[derive(Debug)]
pub(crate) enum ParentArrivals {
    Few { count: u8, arrivals: [u64; INLINE_PARENTS_MAX] },
    Many(Box<[u64]>),
}

impl ParentArrivals {
    pub(crate) fn new(parents: &[u64]) -> Self {
        let mut arrivals = [0; INLINE_PARENTS_MAX];
        let count = u8::try_from(parents.len());
        match (arrivals.get_mut(..parents.len()), count) {
            (Some(few), Ok(count)) => {
                few.copy_from_slice(parents);
                Self::Few { count, arrivals }
            }
            _ => Self::Many(parents.into()),
        }
    }

    pub(crate) fn as_slice(&self) -> &[u64] {
        match self {
            Self::Few { count, arrivals } => arrivals.get(..usize::from(*count)).unwrap_or(arrivals),
            Self::Many(arrivals) => arrivals,
        }
    }

    fn boxed_bytes(&self) -> usize {
        match self {
            Self::Few { .. } => 0,
            Self::Many(arrivals) => size_of_val::<[u64]>(arrivals),
        }
    }
}

/// One message of the window.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) id: MessageId,
    pub(crate) parents: ParentArrivals,
    /// The milestone that references it. Milestones of a network start at 1, so 0 stands for none in 4 bytes.
    milestone: MilestoneIndex,
    /// Of a referenced message: its milestone.
    pub(crate) roots: ConeRoots,
    pub(crate) flags: u8,
}

impl Record {
    pub(crate) fn new(id: MessageId, parents: &[u64], roots: ConeRoots, flags: u8) -> Self {
        Self { id, parents: ParentArrivals::new(parents), milestone: MilestoneIndex(0), roots, flags }
    }

    pub(crate) fn is_referenced(&self) -> bool {
        self.milestone > MilestoneIndex(0)
    }

    pub(crate) fn milestone(&self) -> Option<MilestoneIndex> {
        self.is_referenced().then_some(self.milestone)
    }

    /// Notes the milestone that references this message. The first one stays.
    pub(crate) fn refer(&mut self, milestone: MilestoneIndex) {
        if !self.is_referenced() {
            self.milestone = milestone;
            self.roots = ConeRoots::at(milestone);
        }
    }
}

/// Consecutive records, the newest ones of the Tangle.
#[derive(Debug)]
pub(crate) struct Window {
    base: u64,
    records: VecDeque<Record>,
    ids: IdMap<MessageId, u64>,
    boxed_bytes: usize,
}

impl Window {
    pub(crate) fn new(next_arrival: u64, key: IdHasherKey) -> Self {
        Self { base: next_arrival, records: VecDeque::new(), ids: IdMap::with_hasher(key), boxed_bytes: 0 }
    }

    /// The number of the oldest record; of the next one when there is none.
    pub(crate) const fn base(&self) -> u64 {
        self.base
    }

    /// The number the next record gets.
    pub(crate) fn next(&self) -> u64 {
        self.base + len_u64(self.records.len())
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Bytes it costs, by the arithmetic of [`RECORD_BYTES`].
    pub(crate) fn bytes(&self) -> usize {
        self.records.len() * RECORD_BYTES + self.boxed_bytes
    }

    /// The place of the record `arrival`, counted from the oldest.
    pub(crate) fn offset(&self, arrival: u64) -> Option<usize> {
        let offset = usize::try_from(arrival.checked_sub(self.base)?).ok()?;
        (offset < self.records.len()).then_some(offset)
    }

    pub(crate) fn get(&self, arrival: u64) -> Option<&Record> {
        self.records.get(usize::try_from(arrival.checked_sub(self.base)?).ok()?)
    }

    pub(crate) fn get_mut(&mut self, arrival: u64) -> Option<&mut Record> {
        self.records.get_mut(usize::try_from(arrival.checked_sub(self.base)?).ok()?)
    }

    /// The record at `offset`, counted from the oldest.
    pub(crate) fn at(&self, offset: usize) -> Option<&Record> {
        self.records.get(offset)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.records.iter()
    }

    pub(crate) fn front(&self) -> Option<&Record> {
        self.records.front()
    }

    pub(crate) fn arrival_of(&self, id: &MessageId) -> Option<u64> {
        self.ids.get(id).copied()
    }

    /// Adds the newest record; gives its number.
    pub(crate) fn push(&mut self, record: Record) -> u64 {
        let arrival = self.next();
        if self.records.len() == self.records.capacity() {
            self.records.reserve_exact((self.records.len() / 8).max(GROWTH_RECORDS_MIN));
        }
        self.ids.insert(record.id, arrival);
        self.boxed_bytes += record.parents.boxed_bytes();
        self.records.push_back(record);
        arrival
    }

    /// Removes the oldest record; gives its number, too.
    pub(crate) fn pop(&mut self) -> Option<(u64, Record)> {
        let record = self.records.pop_front()?;
        let arrival = self.base;
        self.base += 1;
        self.ids.remove(&record.id);
        self.boxed_bytes -= record.parents.boxed_bytes();
        Some((arrival, record))
    }

    /// Forgets every record; the next one gets the number `next_arrival`.
    pub(crate) fn restart(&mut self, next_arrival: u64) {
        self.records.clear();
        self.ids.clear();
        self.boxed_bytes = 0;
        self.base = next_arrival;
    }
}

fn len_u64(len: usize) -> u64 {
    u64::try_from(len).expect("because a length has at most 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_costs_what_the_limits_say() {
        let record = size_of::<Record>();
        let entry = size_of::<(MessageId, u64)>() + 1;
        assert_eq!((record, entry), (88, 41));
        assert!(record * 9 / 8 + entry * 16 / 7 <= RECORD_BYTES);
    }

    #[test]
    fn parents_read_back_whatever_their_number() {
        for count in 0..=9u64 {
            let parents: Vec<u64> = (0..count).collect();
            let kept = ParentArrivals::new(&parents);
            assert_eq!(kept.as_slice(), parents);
            assert_eq!(kept.boxed_bytes() > 0, parents.len() > INLINE_PARENTS_MAX);
        }
    }

    #[test]
    fn records_are_found_by_number_and_by_id_until_they_leave() {
        let mut window = Window::new(100, IdHasherKey(1));
        for number in 0..10u8 {
            let parents = vec![1; usize::from(number)];
            window.push(Record::new(MessageId([number; 32]), &parents, ConeRoots::UNKNOWN, number));
        }
        assert_eq!((window.base(), window.next(), window.len()), (100, 110, 10));
        assert_eq!(window.pop().map(|(arrival, record)| (arrival, record.flags)), Some((100, 0)));
        assert!(window.get(100).is_none() && window.arrival_of(&MessageId([0; 32])).is_none());
        assert_eq!(window.get(105).map(|record| record.flags), Some(5));
        assert_eq!(window.arrival_of(&MessageId([9; 32])), Some(109));
        while window.pop().is_some() {}
        assert_eq!((window.bytes(), window.next(), window.offset(109)), (0, 110, None));
    }

    #[test]
    fn the_first_milestone_that_references_a_message_stays() {
        let mut record = Record::new(MessageId::NULL, &[1], ConeRoots::UNKNOWN, 0);
        assert_eq!(record.milestone(), None);
        record.refer(MilestoneIndex(3));
        record.refer(MilestoneIndex(4));
        assert_eq!(record.milestone(), Some(MilestoneIndex(3)));
        assert_eq!(record.roots, ConeRoots::at(MilestoneIndex(3)));
    }
}
