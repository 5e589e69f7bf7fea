//! Rows of the milestones table: which message carries the milestone of an index.

use osmia_primitives::bytes::{BytesError, Reader as ByteReader, Write};
use osmia_primitives::{MessageId, MilestoneId, MilestoneIndex};
use osmia_store::{Arrival, Batch, Reader, ScanRange, StoreError, Table};

/// A milestone as its row tells it: arrival u64 ‖ timestamp u64 ‖ milestone id ‖ message id, 80 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredMilestone {
    /// The milestone's index.
    pub index: MilestoneIndex,
    /// The position of the message that carries it.
    pub arrival: Arrival,
    /// Its timestamp in unix seconds.
    pub timestamp: u64,
    /// The id of the milestone payload.
    pub milestone_id: MilestoneId,
    /// The id of the message that carries it.
    pub message_id: MessageId,
}

impl StoredMilestone {
    fn pack(&self) -> Vec<u8> {
        let mut row = Vec::with_capacity(80);
        row.put_u64(self.arrival.0);
        row.put_u64(self.timestamp);
        row.put(&self.milestone_id.0);
        row.put(&self.message_id.0);
        row
    }

    fn parse(index: MilestoneIndex, row: &[u8]) -> Result<Self, BytesError> {
        let mut reader = ByteReader::new(row);
        let milestone = Self {
            index,
            arrival: Arrival(reader.u64()?),
            timestamp: reader.u64()?,
            milestone_id: MilestoneId(reader.array()?),
            message_id: MessageId(reader.array()?),
        };
        reader.finish()?;
        Ok(milestone)
    }

    pub(crate) fn put(&self, batch: &mut Batch) {
        batch.put(Table::Milestones, &self.index.0.to_be_bytes(), &self.pack());
    }
}

/// The milestone of `index`; `None` when this node has none.
///
/// # Errors
/// When the store cannot be read or the row is damaged.
pub fn find(reader: &Reader<'_>, index: MilestoneIndex) -> Result<Option<StoredMilestone>, StoreError> {
    let Some(row) = reader.get(Table::Milestones, &index.0.to_be_bytes())? else { return Ok(None) };
    StoredMilestone::parse(index, &row).map(Some).map_err(|error| damaged(index, error))
}

/// The milestone with the highest index; `None` before the first.
///
/// # Errors
/// As [`find`].
pub fn latest(reader: &Reader<'_>) -> Result<Option<StoredMilestone>, StoreError> {
    let Some((key, row)) = reader.last(Table::Milestones)? else { return Ok(None) };
    let index = index_of(&key)?;
    StoredMilestone::parse(index, &row).map(Some).map_err(|error| damaged(index, error))
}

/// The milestones after `index`, in ascending order.
///
/// # Errors
/// As [`find`].
pub fn after(reader: &Reader<'_>, index: MilestoneIndex) -> Result<Vec<StoredMilestone>, StoreError> {
    let mut found = Vec::new();
    let Some(next) = index.next() else { return Ok(found) };
    for row in reader.scan(Table::Milestones, ScanRange::all().from(&next.0.to_be_bytes())) {
        let (key, row) = row?;
        let index = index_of(&key)?;
        found.push(StoredMilestone::parse(index, &row).map_err(|error| damaged(index, error))?);
    }
    Ok(found)
}

fn index_of(key: &[u8]) -> Result<MilestoneIndex, StoreError> {
    let index = key.first_chunk().map(|bytes| MilestoneIndex(u32::from_be_bytes(*bytes)));
    index.ok_or_else(|| StoreError::damaged("milestones", "a key has fewer than four bytes"))
}

fn damaged(index: MilestoneIndex, error: BytesError) -> StoreError {
    StoreError::damaged("milestones", &format!("the row of milestone {index}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_reads_back_and_a_damaged_one_is_refused() {
        let milestone = StoredMilestone {
            index: MilestoneIndex(7),
            arrival: Arrival(1 << 33),
            timestamp: 1_600_000_000,
            milestone_id: MilestoneId([1; 32]),
            message_id: MessageId([2; 32]),
        };
        let row = milestone.pack();
        assert_eq!(row.len(), 80);
        assert_eq!(StoredMilestone::parse(milestone.index, &row), Ok(milestone));
        assert!(StoredMilestone::parse(milestone.index, &row[..79]).is_err());
        assert!(StoredMilestone::parse(milestone.index, &[row.as_slice(), &[0]].concat()).is_err());
    }
}
