//! The white-flag order of a milestone's cone (TIP-2): depth first, parents before children.

use std::collections::BTreeSet;

use crate::ancestors::Ancestors;
use crate::vertex::FIRST_ARRIVAL;
use crate::window::Window;

/// Numbers a walk has seen: one bit each inside the window, a set below it.
struct Visited {
    base: u64,
    words: Vec<u64>,
    below: BTreeSet<u64>,
}

impl Visited {
    fn new(window: &Window) -> Self {
        Self { base: window.base(), words: vec![0; window.len().div_ceil(64)], below: BTreeSet::new() }
    }

    /// Whether `arrival` was not seen before.
    fn insert(&mut self, arrival: u64) -> bool {
        let place = arrival.checked_sub(self.base).and_then(|offset| usize::try_from(offset).ok());
        match place.and_then(|place| Some((place % 64, self.words.get_mut(place / 64)?))) {
            Some((bit, word)) => {
                let is_new = *word & (1 << bit) == 0;
                *word |= 1 << bit;
                is_new
            }
            None => self.below.insert(arrival),
        }
    }
}

/// A message whose parents are being visited.
struct Frame {
    arrival: u64,
    next: usize,
    /// The parents of a message below the window.
    below: Option<Vec<u64>>,
}

struct Walk<'a, A> {
    window: &'a Window,
    ancestors: &'a A,
    visited: Visited,
    stack: Vec<Frame>,
    order: Vec<u64>,
}

impl<A: Ancestors> Walk<'_, A> {
    /// Begins with a message, unless it was visited or the walk ends there.
    fn enter(&mut self, arrival: u64) -> Result<(), A::Error> {
        if arrival < FIRST_ARRIVAL || !self.visited.insert(arrival) {
            return Ok(());
        }
        let below = match self.window.get(arrival) {
            Some(record) if record.is_referenced() => return Ok(()),
            Some(_) => None,
            None if self.ancestors.milestone(arrival)?.is_some() => return Ok(()),
            None => Some(self.ancestors.parents(arrival)?),
        };
        self.stack.push(Frame { arrival, next: 0, below });
        Ok(())
    }

    /// Visits one more parent of the message on top, or finishes it. `false` when there is none.
    fn step(&mut self) -> Result<bool, A::Error> {
        let Some(frame) = self.stack.last_mut() else { return Ok(false) };
        let parents = match &frame.below {
            Some(parents) => parents.as_slice(),
            None => self.window.get(frame.arrival).map_or(&[][..], |record| record.parents.as_slice()),
        };
        if let Some(parent) = parents.get(frame.next).copied() {
            frame.next += 1;
            self.enter(parent)?;
        } else {
            self.order.push(frame.arrival);
            self.stack.pop();
        }
        Ok(true)
    }
}

/// The unreferenced messages in the past cones of `starts`, these included, in white-flag order.
pub(crate) fn white_flag_order<A: Ancestors>(
    window: &Window,
    starts: &[u64],
    ancestors: &A,
) -> Result<Vec<u64>, A::Error> {
    let visited = Visited::new(window);
    let mut walk = Walk { window, ancestors, visited, stack: Vec::new(), order: Vec::new() };
    for start in starts {
        walk.enter(*start)?;
        while walk.step()? {}
    }
    Ok(walk.order)
}
