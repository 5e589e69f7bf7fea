//! Which keys may sign which milestones, and when a milestone is valid (TIP-8).

use std::collections::BTreeSet;

use osmia_primitives::MilestoneIndex;
use osmia_primitives::ed25519::PublicKey;

use crate::message::Message;
use crate::payload::milestone::Milestone;

/// A public key of the coordinator and the milestones it may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// The key.
    pub public_key: PublicKey,
    /// The first milestone it may sign.
    pub start: MilestoneIndex,
    /// The last milestone it may sign; 0 means there is none.
    pub end: MilestoneIndex,
}

impl KeyRange {
    /// Whether the key may sign the milestone `index`.
    #[must_use]
    pub fn covers(&self, index: MilestoneIndex) -> bool {
        self.start <= index && (index <= self.end || self.end == MilestoneIndex(0))
    }
}

/// The coordinator's keys and how many of them must sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MilestoneKeys {
    ranges: Vec<KeyRange>,
    threshold: usize,
}

/// Why a message that carries a milestone payload is not a milestone of the network.
///
/// Such a message is not invalid for it: it is treated as an ordinary message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MilestoneError {
    /// No signature would be needed.
    #[error("milestone-threshold: the number of signatures that a milestone needs must be at least 1")]
    NoThreshold,
    /// The payload does not repeat the parents of its message.
    #[error("milestone-parents: the parents in the milestone are not those of its message")]
    Parents,
    /// Too few keys signed.
    #[error("milestone-signatures: {got} signatures, {needed} are needed")]
    TooFewSignatures {
        /// Signatures of the milestone.
        got: usize,
        /// The threshold.
        needed: usize,
    },
    /// Fewer keys are configured for this index than must sign.
    #[error("milestone-keys: {got} keys are known for milestone {index}, {needed} must sign")]
    TooFewKeys {
        /// The milestone.
        index: MilestoneIndex,
        /// Keys that may sign it.
        got: usize,
        /// The threshold.
        needed: usize,
    },
    /// A key may not sign this milestone.
    #[error("milestone-key: key {place} of milestone {index} is not one that may sign it")]
    KeyNotApplicable {
        /// The milestone.
        index: MilestoneIndex,
        /// The first such key, counted from 0.
        place: usize,
    },
    /// The number of signatures, or of verdicts, is not that of the keys.
    #[error("milestone-signatures-count: {keys} keys, but {signatures} signatures")]
    SignatureCount {
        /// Keys in the payload.
        keys: usize,
        /// Signatures, or verdicts about them.
        signatures: usize,
    },
    /// A signature is wrong.
    #[error("milestone-signature: signature {place} of milestone {index} is wrong")]
    Signature {
        /// The milestone.
        index: MilestoneIndex,
        /// The first such signature, counted from 0.
        place: usize,
    },
}

impl MilestoneKeys {
    /// Keys with their ranges, of which `threshold` must sign a milestone.
    #[must_use]
    pub const fn new(ranges: Vec<KeyRange>, threshold: usize) -> Self {
        Self { ranges, threshold }
    }

    /// The keys with their ranges, as configured.
    #[must_use]
    pub fn ranges(&self) -> &[KeyRange] {
        &self.ranges
    }

    /// How many keys must sign a milestone.
    #[must_use]
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    /// The keys that may sign the milestone `index`, each once, ascending.
    #[must_use]
    pub fn applicable(&self, index: MilestoneIndex) -> BTreeSet<PublicKey> {
        self.ranges.iter().filter(|range| range.covers(index)).map(|range| range.public_key).collect()
    }

    /// Whether `milestone`, the payload of `message`, is a milestone of the network, given the verdict on each of its signatures over
    /// [`Milestone::essence_hash`], in the order of its keys.
    ///
    /// # Errors
    /// [`MilestoneError`] with the first rule that is broken.
    pub fn verify(
        &self,
        message: &Message,
        milestone: &Milestone,
        signatures_valid: &[bool],
    ) -> Result<(), MilestoneError> {
        self.verify_without_signatures(message, milestone)?;
        let keys = milestone.public_keys.len();
        if signatures_valid.len() != keys {
            return Err(MilestoneError::SignatureCount { keys, signatures: signatures_valid.len() });
        }
        match signatures_valid.iter().position(|valid| !valid) {
            Some(place) => Err(MilestoneError::Signature { index: milestone.index, place }),
            None => Ok(()),
        }
    }

    /// As [`MilestoneKeys::verify`], verifying the signatures one by one: for tools and tests.
    ///
    /// # Errors
    /// [`MilestoneError`] with the first rule that is broken.
    pub fn verify_with_signatures(
        &self,
        message: &Message,
        milestone: &Milestone,
    ) -> Result<(), MilestoneError> {
        self.verify_without_signatures(message, milestone)?;
        let essence_hash = milestone.essence_hash();
        let pairs = milestone.public_keys.iter().zip(&milestone.signatures);
        let verdicts: Vec<_> = pairs.map(|(key, signature)| key.verify(&essence_hash, signature)).collect();
        self.verify(message, milestone, &verdicts)
    }

    /// Every rule but the signatures themselves; the cheap part, to be asked before signatures are verified.
    ///
    /// # Errors
    /// [`MilestoneError`] with the first rule that is broken.
    pub fn verify_without_signatures(
        &self,
        message: &Message,
        milestone: &Milestone,
    ) -> Result<(), MilestoneError> {
        let index = milestone.index;
        let needed = self.threshold;
        if needed == 0 {
            return Err(MilestoneError::NoThreshold);
        }
        if message.parents != milestone.parents {
            return Err(MilestoneError::Parents);
        }
        let (keys, signatures) = (milestone.public_keys.len(), milestone.signatures.len());
        if keys != signatures {
            return Err(MilestoneError::SignatureCount { keys, signatures });
        }
        if signatures < needed {
            return Err(MilestoneError::TooFewSignatures { got: signatures, needed });
        }
        let applicable = self.applicable(index);
        if applicable.len() < needed {
            return Err(MilestoneError::TooFewKeys { index, got: applicable.len(), needed });
        }
        match milestone.public_keys.iter().position(|key| !applicable.contains(key)) {
            Some(place) => Err(MilestoneError::KeyNotApplicable { index, place }),
            None => Ok(()),
        }
    }
}
