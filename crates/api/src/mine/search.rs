//! The work on one message: parents, nonce, and parents again when they get old.
//!
//! Nonces are tried in slices, between which the thread looks whether the parents it chose are still fresh. Nothing is
//! lost by other parents: what was tried says nothing about what is left to try, before and after.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use osmia_chrysalis::{Message, Parents, SyntaxError};
use osmia_engine::Node;
use osmia_pow::{NONCE_BYTES, Outcome, Search};
use osmia_primitives::blake2b::{self, Digest};
use osmia_primitives::{MessageId, MilestoneIndex};

use super::figures::Figures;
use super::{Draft, MineError};
use crate::clock::Stopwatch;
use crate::context::select_tips;
use crate::limits::{
    POW_ATTEMPTS_MAX, POW_PARENTS_MILESTONES_MAX, POW_SLICE_NONCES, POW_ZEROS_MAX, REFRESH_TIPS,
};
use crate::random::Random;

/// Where parents come from.
pub(crate) trait Ground {
    /// Tips, none when there are none, and the milestone that was confirmed when they were chosen.
    fn choose_tips(&self) -> (Vec<MessageId>, MilestoneIndex);

    /// The milestone that is confirmed now.
    fn confirmed(&self) -> MilestoneIndex;
}

/// The tips of a node.
#[derive(Debug)]
pub(crate) struct NodeGround {
    pub(crate) node: Node,
    pub(crate) random: Arc<Random>,
}

impl Ground for NodeGround {
    fn choose_tips(&self) -> (Vec<MessageId>, MilestoneIndex) {
        let view = self.node.view();
        (select_tips(&view, &self.random), view.confirmed.index)
    }

    fn confirmed(&self) -> MilestoneIndex {
        self.node.view().confirmed.index
    }
}

/// Mines a message: its bytes, with a nonce that proves enough work for `min_pow_score`.
///
/// # Errors
/// [`MineError::Stopped`] when `stop` was raised, and what else [`MineError`] says of a message's fate.
pub(crate) fn mine(
    mut draft: Draft,
    min_pow_score: f64,
    ground: &dyn Ground,
    figures: &Figures,
    stop: &AtomicBool,
) -> Result<Bytes, MineError> {
    let mut nonces = Nonces { next: Some(0), figures, stop };
    let mut attempts = 1;
    loop {
        let freshness =
            if draft.own_parents { Some(choose_parents(&mut draft.message, ground)?) } else { None };
        let is_fresh = || freshness.as_ref().is_none_or(|freshness| freshness.lasts(ground.confirmed()));
        let is_risky = || freshness.as_ref().is_some_and(|freshness| freshness.is_over(ground.confirmed()));
        match nonces.search(&draft.message, min_pow_score, &is_fresh)? {
            None => {}
            // So many milestones came during the last slice that the engine may refuse the parents. Where that happens
            // again and again, the thread gets too little of the processor, and the engine has the last word.
            Some(_) if is_risky() && attempts < POW_ATTEMPTS_MAX => attempts += 1,
            Some(bytes) => return Ok(bytes),
        }
    }
}

/// Since when a message has its parents.
#[derive(Debug)]
struct Freshness {
    chosen: Stopwatch,
    confirmed: MilestoneIndex,
}

impl Freshness {
    /// Whether the parents need not be chosen again yet: no milestone came, after which they are a step nearer to being
    /// below max depth, and not so much time passed that others may have left them behind.
    fn lasts(&self, confirmed: MilestoneIndex) -> bool {
        self.confirmed == confirmed && self.chosen.elapsed() < REFRESH_TIPS
    }

    /// Whether the parents may be below max depth by now.
    fn is_over(&self, confirmed: MilestoneIndex) -> bool {
        confirmed.ahead_of(self.confirmed) > POW_PARENTS_MILESTONES_MAX
    }
}

/// Gives a message parents of the node's choice.
fn choose_parents(message: &mut Message, ground: &dyn Ground) -> Result<Freshness, MineError> {
    let chosen = Stopwatch::start();
    let (tips, confirmed) = ground.choose_tips();
    if tips.is_empty() {
        return Err(MineError::NoTips);
    }
    set_parents(message, tips)?;
    Ok(Freshness { chosen, confirmed })
}

fn set_parents(message: &mut Message, tips: Vec<MessageId>) -> Result<(), SyntaxError> {
    message.parents = Parents::new(tips)?;
    message.validate()
}

/// The nonces a message has not been tried with. They go on where they were when the parents change: it may be that the
/// same ones are chosen again.
struct Nonces<'a> {
    /// `None` when all were tried.
    next: Option<u64>,
    figures: &'a Figures,
    stop: &'a AtomicBool,
}

impl Nonces<'_> {
    /// The message's bytes with a nonce; `None` when its parents are no longer fresh.
    fn search(
        &mut self,
        message: &Message,
        min_pow_score: f64,
        is_fresh: &dyn Fn() -> bool,
    ) -> Result<Option<Bytes>, MineError> {
        let mut bytes = message.pack();
        let zeros = osmia_pow::required_zeros(bytes.len(), min_pow_score);
        if zeros > POW_ZEROS_MAX {
            return Err(MineError::TooHard);
        }
        let (body, nonce) = bytes.split_last_chunk_mut::<NONCE_BYTES>().ok_or(MineError::Exhausted)?;
        let digest = blake2b::hash(body);
        // At least one slice for each choice of parents: however fast milestones come, the work gets on.
        loop {
            if let Some(found) = self.search_slice(&digest, zeros)? {
                *nonce = found.to_le_bytes();
                return Ok(Some(bytes.into()));
            }
            if !is_fresh() {
                return Ok(None);
            }
        }
    }

    /// A nonce from the next slice, if one of it proves the work.
    fn search_slice(&mut self, digest: &Digest, zeros: u32) -> Result<Option<u64>, MineError> {
        let first = self.next.ok_or(MineError::Exhausted)?;
        let last = first.saturating_add(POW_SLICE_NONCES - 1);
        let mut search = Search::new(digest, zeros, first..=last);
        let outcome = search.next_hit(self.stop);
        self.figures.tried(search.tried());
        self.next = last.checked_add(1);
        match outcome {
            Outcome::Found(nonce) => {
                self.next = nonce.checked_add(1);
                Ok(Some(nonce))
            }
            Outcome::Stopped => Err(MineError::Stopped),
            Outcome::Exhausted => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
