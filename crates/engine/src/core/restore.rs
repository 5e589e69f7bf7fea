//! Bringing the recent part of the Tangle back into memory after a start.

use std::sync::Arc;

use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_store::{Arrival, FIRST_ARRIVAL, Reader};
use osmia_tangle::Restored;

use super::Core;
use crate::ancestors::StoredAncestors;
use crate::error::FatalError;
use crate::limits::{RESTORE_MILESTONES, RESTORE_RECORDS_MAX};
use crate::milestones;

/// Messages whose positions are read at once: as many as a page of positions has.
const PAGE_MESSAGES: usize = 256;

/// What is kept of a stored message while its page fills.
struct Read {
    arrival: Arrival,
    id: MessageId,
    parents: Vec<MessageId>,
    flags: u8,
}

impl Core {
    /// Brings recent messages back into memory, so that tips can be chosen, and confirms a milestone that was stored
    /// but not confirmed when the node stopped.
    ///
    /// # Errors
    /// When the store cannot be read or contradicts itself.
    pub fn restore(&mut self, now_ms: u64) -> Result<(), FatalError> {
        let store = Arc::clone(&self.store);
        let reader = store.latest();
        let start = self.restore_start()?;
        let mut page = Vec::with_capacity(PAGE_MESSAGES);
        // What is kept of a message is small; all their bytes together may be larger than the machine's memory.
        for row in reader.vertices_from(start) {
            let (arrival, vertex) = row?;
            let parents = self.protocol.parents(&vertex.bytes).map_err(|error| damaged(arrival, &error))?;
            page.push(Read { arrival, id: MessageId::of(&vertex.bytes), parents, flags: vertex.flags });
            if page.len() == PAGE_MESSAGES {
                self.restore_page(&reader, &mut page)?;
            }
        }
        self.restore_page(&reader, &mut page)?;
        self.tangle.finish_restore(now_ms, &StoredAncestors { reader, protocol: &self.protocol })?;
        self.view_changed = true;
        self.note_change();
        self.confirm_all()
    }

    /// Puts messages into the Tangle, and empties `page`. Their milestones are read together.
    fn restore_page(&mut self, reader: &Reader<'_>, page: &mut Vec<Read>) -> Result<(), FatalError> {
        let arrivals: Vec<Arrival> = page.iter().map(|read| read.arrival).collect();
        let positions = reader.positions(&arrivals)?;
        for (read, position) in page.drain(..).zip(positions) {
            let Read { arrival, id, parents: ids, flags } = read;
            let mut parents = Vec::with_capacity(ids.len());
            for parent in &ids {
                parents.push(self.parent_arrival(arrival, parent)?);
            }
            let milestone = position.map(|position| position.milestone);
            self.tangle.restore(Restored { id, arrival: arrival.0, parents, milestone, flags });
        }
        Ok(())
    }

    /// From which message on the Tangle is brought back: the newest ones, as far as tip selection reaches.
    fn restore_start(&self) -> Result<Arrival, FatalError> {
        let reader = self.store.latest();
        let next = reader.next_arrival()?;
        let most = u64::try_from(RESTORE_RECORDS_MAX).unwrap_or(u64::MAX);
        let newest = next.0.saturating_sub(most).max(FIRST_ARRIVAL.0);
        let index = self.state.confirmed.index.earlier_by(RESTORE_MILESTONES);
        let reachable = first_milestone_from(&reader, index)?.unwrap_or(FIRST_ARRIVAL);
        Ok(Arrival(newest.max(reachable.0)))
    }

    fn parent_arrival(&self, child: Arrival, parent: &MessageId) -> Result<u64, FatalError> {
        self.tangle.arrival_of(parent, &self.ancestors())?.ok_or_else(|| {
            FatalError::Inconsistent(format!("parent {parent} of the message at {} is missing", child.0))
        })
    }
}

/// The position of the milestone of `index`; `None` when this node does not have it.
fn first_milestone_from(reader: &Reader<'_>, index: MilestoneIndex) -> Result<Option<Arrival>, FatalError> {
    Ok(milestones::find(reader, index)?.map(|milestone| milestone.arrival))
}

fn damaged(arrival: Arrival, error: &dyn std::fmt::Display) -> FatalError {
    FatalError::Inconsistent(format!("the stored message at position {} is damaged: {error}", arrival.0))
}
