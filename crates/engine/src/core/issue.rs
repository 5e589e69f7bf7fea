//! The coordinator's part of the core: it turns a plan into messages, one at a time.

use osmia_primitives::{MessageId, MilestoneIndex};

use super::{Core, Outbox};
use crate::coordinator::{Plan, Planned, milestone_timestamp, next_index};
use crate::error::{FatalError, SubmitError};
use crate::limits::COORDINATOR_CANDIDATES_MAX;
use crate::protocol::MilestoneDraft;

/// A message of the coordinator without its proof of work: the last 8 bytes are the nonce to be found.
#[derive(Clone, Debug, PartialEq)]
pub struct MineJob {
    /// The message.
    pub message: Vec<u8>,
    /// The score it must reach.
    pub min_pow_score: f64,
}

impl Core {
    /// Starts the next milestone when it is time and nothing is in work.
    pub(super) fn issue_when_due(&mut self, now_ms: u64, outbox: &mut Outbox) -> Result<(), FatalError> {
        let is_synced = self.latest.is_none_or(|latest| latest.index <= self.state.confirmed.index);
        if self.halted.is_some() || !is_synced {
            return Ok(());
        }
        match &self.coordinator {
            Some(coordinator) if coordinator.is_due(now_ms) => {}
            Some(_) | None => return Ok(()),
        }
        let plan = Plan::over(&self.heaviest_tips());
        let planned = self.coordinator.as_mut().and_then(|coordinator| coordinator.start(plan, now_ms));
        self.issue(planned, now_ms, outbox)
    }

    /// Our message `id` was attached: issue the next one of the plan.
    pub(super) fn issue_next_after(
        &mut self,
        id: MessageId,
        now_ms: u64,
        outbox: &mut Outbox,
    ) -> Result<(), FatalError> {
        let planned = self.coordinator.as_mut().and_then(|coordinator| coordinator.attached(id));
        self.issue(planned, now_ms, outbox)
    }

    /// Our message was refused; the next milestone comes one interval later.
    pub(super) fn abandon_milestone(&mut self, error: &SubmitError) {
        tracing::error!(%error, "a message of the coordinator was refused, the milestone is given up");
        if let Some(coordinator) = &mut self.coordinator {
            coordinator.abandon();
        }
    }

    /// The tips whose cones hold the most messages that no milestone references, heaviest first.
    fn heaviest_tips(&self) -> Vec<MessageId> {
        let candidates = self.tangle.tips().candidates(COORDINATOR_CANDIDATES_MAX);
        let heaviest = self.tangle.heaviest(&candidates, Plan::tips_max());
        heaviest.into_iter().filter_map(|branch| self.tangle.id_of(branch.arrival)).collect()
    }

    fn issue(&mut self, planned: Option<Planned>, now_ms: u64, outbox: &mut Outbox) -> Result<(), FatalError> {
        let message = match planned {
            None => return Ok(()),
            Some(Planned::Checkpoint(parents)) => self.protocol.issue_checkpoint(parents).map_err(Into::into),
            Some(Planned::Milestone(parents)) => self.draft_milestone(parents, now_ms)?,
        };
        match message {
            Ok(message) => {
                let min_pow_score = self.protocol.parameters().min_pow_score;
                outbox.mine = Some(MineJob { message, min_pow_score });
            }
            Err(error) => self.abandon_milestone(&error),
        }
        Ok(())
    }

    /// The next milestone over `parents` and the milestone before it, signed; its Merkle root is that of applying its
    /// cone to our ledger.
    fn draft_milestone(
        &mut self,
        mut parents: Vec<MessageId>,
        now_ms: u64,
    ) -> Result<Result<Vec<u8>, SubmitError>, FatalError> {
        let latest = self.latest.map_or(MilestoneIndex(0), |latest| latest.index).max(self.state.confirmed.index);
        let Some(index) = next_index(latest) else {
            return Ok(Err(SubmitError::Stopped("there is no milestone index left".into())));
        };
        match self.latest {
            Some(latest) => parents.push(latest.message_id),
            // The first milestone of a network stands on its entry point.
            None if parents.is_empty() => parents.push(MessageId::NULL),
            None => {}
        }
        parents.sort_unstable();
        parents.dedup();
        // The cone's messages are read from the store.
        self.commit()?;
        let mut arrivals = Vec::with_capacity(parents.len());
        for parent in &parents {
            match self.tangle.arrival_of(parent, &self.ancestors())? {
                Some(arrival) => arrivals.push(arrival),
                None => return Ok(Err(SubmitError::ParentNotFound(*parent))),
            }
        }
        let flag = self.white_flag(index, &arrivals)?;
        let draft = MilestoneDraft {
            index,
            timestamp: milestone_timestamp(now_ms, self.state.confirmed.timestamp),
            parents,
            inclusion_merkle_root: flag.merkle_root,
        };
        let keys = self.coordinator.as_ref().map_or(&[][..], |coordinator| &coordinator.options.secret_keys);
        Ok(self.protocol.issue_milestone(draft, keys).map_err(Into::into))
    }
}
