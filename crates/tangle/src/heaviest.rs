//! The coordinator's choice of tips: those that bring the most messages into the next milestone.

use crate::limits::CANDIDATES_MAX;
use crate::window::Window;

/// A chosen tip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The tip's number.
    pub arrival: u64,
    /// Messages in its past cone, itself included, that no milestone and no branch chosen before references.
    pub covers: usize,
}

/// For each group of messages that the same candidates reference: the candidates as bits, and how many messages.
type Groups = Vec<(u64, usize)>;

/// Up to `count` of the candidates, each covering the most of what the ones before left; see
/// [`crate::Tangle::heaviest`].
pub(crate) fn heaviest(window: &Window, open_from: u64, candidates: &[u64], count: usize) -> Vec<Branch> {
    let candidates = candidates.get(..CANDIDATES_MAX).unwrap_or(candidates);
    let mut groups = groups(window, open_from, candidates);
    let mut covers = [0_usize; CANDIDATES_MAX];
    for (mask, messages) in &groups {
        each_bit(*mask, |bit| add(&mut covers, bit, *messages));
    }
    let mut chosen = Vec::new();
    while chosen.len() < count {
        let candidate = candidates.iter().zip(&covers).enumerate().max_by_key(|(_, (arrival, covers))| {
            // The oldest of several that cover the same.
            (**covers, std::cmp::Reverse(**arrival))
        });
        let Some((bit, (arrival, most))) = candidate else { break };
        if *most == 0 {
            break;
        }
        chosen.push(Branch { arrival: *arrival, covers: *most });
        groups.retain(|(mask, messages)| {
            let is_covered = mask & (1 << bit) != 0;
            if is_covered {
                each_bit(*mask, |bit| remove(&mut covers, bit, *messages));
            }
            !is_covered
        });
    }
    chosen
}

/// One sweep from the newest candidate down: every unreferenced message hands its bits to its parents.
fn groups(window: &Window, open_from: u64, candidates: &[u64]) -> Groups {
    let Some(newest) = candidates.iter().filter_map(|arrival| window.offset(*arrival)).max() else {
        return Vec::new();
    };
    let oldest = window.offset(open_from).unwrap_or(0);
    let mut masks = vec![0_u64; newest + 1];
    for (bit, arrival) in candidates.iter().enumerate() {
        hand(&mut masks, window.offset(*arrival), 1 << bit);
    }
    let mut found = Vec::new();
    for offset in (oldest..=newest).rev() {
        let mask = masks.get(offset).copied().unwrap_or(0);
        if mask == 0 {
            continue;
        }
        let Some(record) = window.at(offset).filter(|record| !record.is_referenced()) else { continue };
        found.push(mask);
        for parent in record.parents.as_slice() {
            hand(&mut masks, window.offset(*parent), mask);
        }
    }
    found.sort_unstable();
    found.chunk_by(PartialEq::eq).filter_map(|equal| Some((*equal.first()?, equal.len()))).collect()
}

fn hand(masks: &mut [u64], offset: Option<usize>, mask: u64) {
    if let Some(to) = offset.and_then(|offset| masks.get_mut(offset)) {
        *to |= mask;
    }
}

fn each_bit(mut mask: u64, mut visit: impl FnMut(usize)) {
    while mask != 0 {
        visit(usize::try_from(mask.trailing_zeros()).expect("because a word has 64 bits"));
        mask &= mask - 1;
    }
}

fn add(covers: &mut [usize], bit: usize, messages: usize) {
    if let Some(sum) = covers.get_mut(bit) {
        *sum += messages;
    }
}

fn remove(covers: &mut [usize], bit: usize, messages: usize) {
    if let Some(sum) = covers.get_mut(bit) {
        *sum -= messages;
    }
}
