//! Position pages: the milestone and outcome of [`PAGE_ARRIVALS`] neighbouring messages in one row.

use osmia_primitives::MilestoneIndex;

use crate::limits::PAGE_ARRIVALS;
use crate::vertex::{Arrival, Position};

/// Milestone u32 LE ‖ outcome u8; milestone 0 stands for "not referenced".
const ENTRY_BYTES: usize = 5;
const PAGE_BYTES: usize = PAGE_ARRIVALS * ENTRY_BYTES;

/// One row of the positions table.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Page(Box<[u8; PAGE_BYTES]>);

impl std::fmt::Debug for Page {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Page")
    }
}

/// The page an arrival is on, and its place there.
pub(crate) const fn place(arrival: Arrival) -> (u64, usize) {
    let in_page = arrival.0 % PAGE_ARRIVALS as u64;
    #[expect(clippy::cast_possible_truncation, reason = "the remainder is below 256")]
    (arrival.0 / PAGE_ARRIVALS as u64, in_page as usize)
}

impl Page {
    pub(crate) fn empty() -> Self {
        Self(Box::new([0; PAGE_BYTES]))
    }

    /// The page of a row; `None` when the row has another length.
    pub(crate) fn parse(row: &[u8]) -> Option<Self> {
        <[u8; PAGE_BYTES]>::try_from(row).ok().map(|page| Self(Box::new(page)))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    pub(crate) fn get(&self, in_page: usize) -> Option<Position> {
        position_in(self.as_bytes(), in_page)
    }

    /// # Panics
    /// When `in_page` is not below [`PAGE_ARRIVALS`].
    pub(crate) fn set(&mut self, in_page: usize, position: Position) {
        let start = in_page * ENTRY_BYTES;
        let entry = self.0.get_mut(start..start + ENTRY_BYTES).expect("because the place is below 256");
        let [a, b, c, d] = position.milestone.0.to_le_bytes();
        entry.copy_from_slice(&[a, b, c, d, position.outcome]);
    }
}

/// The entry at `in_page` of a page's bytes; `None` when the message is not referenced.
fn position_in(page: &[u8], in_page: usize) -> Option<Position> {
    let start = in_page * ENTRY_BYTES;
    let entry = page.get(start..start + ENTRY_BYTES)?;
    let [a, b, c, d, outcome] = *entry.first_chunk()?;
    let milestone = MilestoneIndex(u32::from_le_bytes([a, b, c, d]));
    (milestone.0 != 0).then_some(Position { milestone, outcome })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_reads_back_and_its_neighbours_stay_empty() {
        let mut page = Page::empty();
        let position = Position { milestone: MilestoneIndex(0x0403_0201), outcome: 5 };
        page.set(255, position);
        assert_eq!(page.get(255), Some(position));
        assert_eq!(page.get(254), None);
        assert_eq!(&page.as_bytes()[255 * 5..], &[1, 2, 3, 4, 5]);
        assert_eq!(Page::parse(page.as_bytes()), Some(page.clone()));
        assert_eq!(Page::parse(&page.as_bytes()[1..]), None);
    }

    #[test]
    fn places_follow_each_other_across_the_border_of_a_page() {
        assert_eq!(place(Arrival(255)), (0, 255));
        assert_eq!(place(Arrival(256)), (1, 0));
        assert_eq!(place(Arrival(u64::MAX)), (u64::MAX / 256, 255));
    }
}
