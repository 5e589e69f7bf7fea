//! The coordinator's part of the core: it turns a plan into messages, one at a time.

use osmia_chrysalis::SyntaxError;
use osmia_primitives::ed25519::SecretKey;
use osmia_primitives::{MessageId, MilestoneIndex};

use super::{Answer, Core, Outbox};
use crate::coordinator::{CoordinatorStart, Plan, Planned, milestone_timestamp};
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

/// Why the coordinator gives a milestone up. It tries again one interval later.
#[derive(Debug, thiserror::Error)]
enum IssueError {
    #[error("confirming has stopped, or a milestone of another coordinator is not confirmed yet")]
    NotSynced,
    #[error("there is no milestone index left")]
    NoIndex,
    #[error("{has} of its keys may sign milestone {index}, {needed} must")]
    TooFewKeys { index: MilestoneIndex, has: usize, needed: usize },
    #[error("the parent {0} is not stored")]
    ParentNotFound(MessageId),
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    #[error("its message was refused: {0}")]
    Refused(SubmitError),
}

impl Core {
    /// Starts the next milestone when it is time and nothing is in work.
    pub(super) fn issue_when_due(&mut self, now_ms: u64, outbox: &mut Outbox) -> Result<(), FatalError> {
        let is_due = self.coordinator.as_mut().is_some_and(|coordinator| coordinator.is_due(now_ms));
        if !is_due || !self.may_issue_milestone() {
            return Ok(());
        }
        let plan = Plan::over(&self.heaviest_tips());
        let planned = self.coordinator.as_mut().and_then(|coordinator| coordinator.start(plan, now_ms));
        self.issue(planned, now_ms, outbox)
    }

    /// The answer to our own message came: issue the next one of the plan, or give it up.
    pub(super) fn go_on_issuing(
        &mut self,
        answer: Answer,
        now_ms: u64,
        outbox: &mut Outbox,
    ) -> Result<(), FatalError> {
        match answer {
            Ok(id) => {
                let planned = self.coordinator.as_mut().and_then(|coordinator| coordinator.attached(id));
                self.issue(planned, now_ms, outbox)
            }
            Err(error) => {
                self.abandon_milestone(&IssueError::Refused(error));
                Ok(())
            }
        }
    }

    /// Whether the next milestone is ours to issue: every known one is confirmed, none contradicted our ledger, and the
    /// network is known when it should exist.
    fn may_issue_milestone(&self) -> bool {
        let start = self.coordinator.as_ref().map(|coordinator| coordinator.options.start);
        self.halted.is_none()
            && self.latest_mark().index <= self.state.confirmed.index
            && (start != Some(CoordinatorStart::Resume) || self.latest.is_some())
    }

    /// A milestone became known, ours or another coordinator's.
    pub(super) fn hear_milestone(&mut self, index: MilestoneIndex) -> Result<(), FatalError> {
        let Some(coordinator) = &mut self.coordinator else { return Ok(()) };
        let is_foreign = coordinator.heard_milestone(self.last_now_ms);
        if !is_foreign {
            // The network exists from now on.
            coordinator.options.start = CoordinatorStart::Resume;
        } else if coordinator.options.start == CoordinatorStart::Bootstrap {
            return Err(FatalError::NetworkExists(index));
        }
        Ok(())
    }

    fn abandon_milestone(&mut self, error: &IssueError) {
        tracing::error!(%error, "the coordinator gives a milestone up and tries again one interval later");
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

    fn issue(
        &mut self,
        planned: Option<Planned>,
        now_ms: u64,
        outbox: &mut Outbox,
    ) -> Result<(), FatalError> {
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
    ) -> Result<Result<Vec<u8>, IssueError>, FatalError> {
        // Much may have arrived since the plan was made, while its checkpoints were mined.
        if !self.may_issue_milestone() {
            return Ok(Err(IssueError::NotSynced));
        }
        let Some(index) = self.next_milestone() else { return Ok(Err(IssueError::NoIndex)) };
        let keys = match self.signing_keys(index) {
            Ok(keys) => keys,
            Err(error) => return Ok(Err(error)),
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
                None => return Ok(Err(IssueError::ParentNotFound(*parent))),
            }
        }
        let flag = self.white_flag(index, &arrivals)?;
        let draft = MilestoneDraft {
            index,
            timestamp: milestone_timestamp(now_ms, self.state.confirmed.timestamp),
            parents,
            inclusion_merkle_root: flag.merkle_root,
        };
        Ok(self.protocol.issue_milestone(draft, &keys).map_err(Into::into))
    }

    /// Our keys that may sign the milestone `index`. A milestone with another key, or with too few, would be attached
    /// as an ordinary message.
    fn signing_keys(&self, index: MilestoneIndex) -> Result<Vec<SecretKey>, IssueError> {
        let keys = &self.protocol.parameters().keys;
        let applicable = keys.applicable(index);
        let ours = self.coordinator.iter().flat_map(|coordinator| &coordinator.options.secret_keys);
        let mut signing: Vec<SecretKey> =
            ours.filter(|key| applicable.contains(&key.public_key())).cloned().collect();
        signing.sort_by_key(SecretKey::public_key);
        signing.dedup_by_key(|key| key.public_key());
        if signing.len() < keys.threshold() {
            return Err(IssueError::TooFewKeys { index, has: signing.len(), needed: keys.threshold() });
        }
        Ok(signing)
    }
}
