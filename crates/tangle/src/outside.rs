//! Cone roots of messages below the window.
//!
//! An unreferenced message of the window may have a parent that left it. If that parent is referenced, one question
//! answers; if not, its own cone must be walked, through [`Ancestors`], until it meets referenced messages. What a walk
//! found is remembered. It stays right until a milestone references something below the window: all ancestors of a
//! message below the window are below the window, too.

use std::collections::BTreeMap;

use osmia_primitives::MilestoneIndex;

use crate::ancestors::Ancestors;
use crate::limits::{OUTSIDE_ROOTS_MAX, OUTSIDE_WALK_MAX};
use crate::vertex::ConeRoots;

/// Bytes of a remembered entry in an ordered map, with its slack.
const ENTRY_BYTES: usize = 60;

#[derive(Clone, Copy, Debug)]
struct Found {
    roots: ConeRoots,
    /// Whether a milestone references it; then its roots never change.
    is_referenced: bool,
}

/// Roots found by a walk, not yet remembered.
#[derive(Debug, Default)]
pub(crate) struct Findings(BTreeMap<u64, Found>);

/// A message in the middle of a walk.
struct Frame {
    arrival: u64,
    parents: Vec<u64>,
    next: usize,
    roots: Option<ConeRoots>,
}

impl Frame {
    fn add(&mut self, roots: ConeRoots) {
        self.roots = Some(self.roots.map_or(roots, |sum| sum.and(roots)));
    }
}

/// Remembered roots of messages below the window.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    found: BTreeMap<u64, Found>,
}

impl Outside {
    pub(crate) fn bytes(&self) -> usize {
        self.found.len() * ENTRY_BYTES
    }

    /// The roots of `arrival`, which is below the window; remembers what it found.
    pub(crate) fn roots<A: Ancestors>(&mut self, arrival: u64, ancestors: &A) -> Result<ConeRoots, A::Error> {
        let mut findings = Findings::default();
        let roots = self.find(arrival, ancestors, &mut findings)?;
        for (arrival, found) in findings.0 {
            self.put(arrival, found);
        }
        Ok(roots)
    }

    /// The roots of `arrival`, which is below the window; [`ConeRoots::UNKNOWN`] when the walk is too long.
    pub(crate) fn find<A: Ancestors>(
        &self,
        arrival: u64,
        ancestors: &A,
        findings: &mut Findings,
    ) -> Result<ConeRoots, A::Error> {
        if let Some(roots) = self.settled(arrival, ancestors, findings)? {
            return Ok(roots);
        }
        let mut steps = 1;
        let mut stack = vec![open(arrival, ancestors)?];
        while let Some(frame) = stack.last_mut() {
            if let Some(parent) = frame.parents.get(frame.next).copied() {
                frame.next += 1;
                if let Some(roots) = self.settled(parent, ancestors, findings)? {
                    frame.add(roots);
                    continue;
                }
                steps += 1;
                if steps > OUTSIDE_WALK_MAX {
                    findings.0.insert(arrival, Found { roots: ConeRoots::UNKNOWN, is_referenced: false });
                    return Ok(ConeRoots::UNKNOWN);
                }
                stack.push(open(parent, ancestors)?);
                continue;
            }
            let roots = frame.roots.unwrap_or(ConeRoots::UNKNOWN);
            findings.0.insert(frame.arrival, Found { roots, is_referenced: false });
            stack.pop();
            match stack.last_mut() {
                Some(child) => child.add(roots),
                None => return Ok(roots),
            }
        }
        Ok(ConeRoots::UNKNOWN)
    }

    /// The roots of a message that needs no walk.
    fn settled<A: Ancestors>(
        &self,
        arrival: u64,
        ancestors: &A,
        findings: &mut Findings,
    ) -> Result<Option<ConeRoots>, A::Error> {
        if let Some(found) = self.found.get(&arrival).or_else(|| findings.0.get(&arrival)) {
            return Ok(Some(found.roots));
        }
        let Some(milestone) = ancestors.milestone(arrival)? else { return Ok(None) };
        let found = Found { roots: ConeRoots::at(milestone), is_referenced: true };
        findings.0.insert(arrival, found);
        Ok(Some(found.roots))
    }

    /// Remembers the roots of an unreferenced message that leaves the window.
    pub(crate) fn remember_unreferenced(&mut self, arrival: u64, roots: ConeRoots) {
        self.put(arrival, Found { roots, is_referenced: false });
    }

    /// Notes that `milestone` references these messages below the window.
    pub(crate) fn confirm(&mut self, milestone: MilestoneIndex, cone: &[u64]) {
        let Some(lowest) = cone.iter().copied().min() else { return };
        // Whatever is older than all of them has none of them as an ancestor.
        self.found.retain(|arrival, found| found.is_referenced || *arrival < lowest);
        for arrival in cone {
            self.put(*arrival, Found { roots: ConeRoots::at(milestone), is_referenced: true });
        }
    }

    fn put(&mut self, arrival: u64, found: Found) {
        self.found.insert(arrival, found);
        if self.found.len() > OUTSIDE_ROOTS_MAX {
            self.found.pop_first();
        }
    }
}

fn open<A: Ancestors>(arrival: u64, ancestors: &A) -> Result<Frame, A::Error> {
    Ok(Frame { arrival, parents: ancestors.parents(arrival)?, next: 0, roots: None })
}

#[cfg(test)]
mod tests;
