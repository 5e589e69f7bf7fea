//! What the Tangle asks of the store about messages that have left its window.

use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_store::{Arrival, Reader, StoreError};
use osmia_tangle::{Ancestors, Known};

use crate::error::FatalError;
use crate::protocol::Protocol;

/// Ancestors in the store, as of its latest commit.
pub(crate) struct StoredAncestors<'a> {
    pub(crate) reader: Reader<'a>,
    pub(crate) protocol: &'a Protocol,
}

impl StoredAncestors<'_> {
    fn vertex_bytes(&self, arrival: u64) -> Result<osmia_store::StoredVertex, FatalError> {
        self.reader.vertex(Arrival(arrival))?.ok_or_else(|| missing(arrival))
    }
}

impl Ancestors for StoredAncestors<'_> {
    type Error = FatalError;

    fn find(&self, id: &MessageId) -> Result<Option<Known>, FatalError> {
        let Some(arrival) = self.reader.arrival(id)? else { return Ok(None) };
        Ok(Some(Known { arrival: arrival.0, milestone: self.milestone(arrival.0)? }))
    }

    fn parents(&self, arrival: u64) -> Result<Vec<u64>, FatalError> {
        let vertex = self.vertex_bytes(arrival)?;
        let parents = self.protocol.parents(&vertex.bytes).map_err(|error| {
            FatalError::Inconsistent(format!("the stored message at position {arrival} is damaged: {error}"))
        })?;
        parents
            .iter()
            .map(|parent| {
                let found = self.reader.arrival(parent)?;
                found.map(|arrival| arrival.0).ok_or_else(|| {
                    FatalError::Inconsistent(format!(
                        "parent {parent} of the message at {arrival} is missing"
                    ))
                })
            })
            .collect()
    }

    fn milestone(&self, arrival: u64) -> Result<Option<MilestoneIndex>, FatalError> {
        Ok(self.reader.position(Arrival(arrival))?.map(|position| position.milestone))
    }

    fn flags(&self, arrival: u64) -> Result<u8, FatalError> {
        Ok(self.vertex_bytes(arrival)?.flags)
    }
}

fn missing(arrival: u64) -> FatalError {
    StoreError::damaged("log", &format!("the message at position {arrival} is missing")).into()
}
