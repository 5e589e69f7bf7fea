//! The seam to a protocol generation: one closed enum, a handful of methods. Everything else in this crate sees a
//! message as a vertex of bytes, parents and flags (docs/decisions/0002).

use std::sync::Arc;

use osmia_chrysalis::ledger::{ConflictReason, LedgerRead, MilestoneChanges};
use osmia_chrysalis::{
    Message, Milestone, Parents, Payload, ProtocolParameters, Receipt, SyntaxError, Transaction, UnlockBlock,
};
use osmia_primitives::bytes::{BytesError, Reader};
use osmia_primitives::ed25519::{PublicKey, SecretKey, Signature};
use osmia_primitives::{MessageId, MilestoneId, MilestoneIndex};
use osmia_store::IndexHash;

use crate::error::SubmitError;

/// The vertex flag of a message that carries a transaction.
pub const FLAG_TRANSACTION: u8 = 1;
/// The vertex flag of a transaction of which at least one signature is not valid.
pub const FLAG_BAD_SIGNATURE: u8 = 2;
/// The vertex flag, in memory only, of a message that came because we asked for it: others have it already, so it is
/// not sent on.
pub const FLAG_REQUESTED: u8 = 0x80;

/// The protocol generation a network runs, with its parameters. A network keeps its generation for life.
#[derive(Clone, Debug)]
pub enum Protocol {
    /// IOTA 1.5.
    Chrysalis(Arc<ProtocolParameters>),
}

/// A signature to verify, over `hash`.
#[derive(Clone, Copy, Debug)]
pub struct Signed {
    /// The key.
    pub public_key: PublicKey,
    /// The signature.
    pub signature: Signature,
    /// The digest that was signed.
    pub hash: [u8; 32],
}

/// What parsing found in a message that keeps every syntactic rule and belongs to this network.
#[derive(Clone, Debug)]
pub struct Examined {
    message: Message,
    /// The signatures whose verdicts decide about the message's transaction or milestone.
    pub signed: Vec<Signed>,
}

/// A milestone whose signatures count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidMilestone {
    /// Its index.
    pub index: MilestoneIndex,
    /// Its timestamp in unix seconds.
    pub timestamp: u64,
    /// The id of its payload.
    pub milestone_id: MilestoneId,
}

/// What a milestone asks of the ledger.
#[derive(Clone, Debug)]
pub struct MilestoneTask {
    /// Its index.
    pub index: MilestoneIndex,
    /// Its timestamp in unix seconds.
    pub timestamp: u64,
    /// The id of its payload.
    pub milestone_id: MilestoneId,
    /// The Merkle root it commits to.
    pub inclusion_merkle_root: [u8; 32],
    /// Its receipt.
    pub receipt: Option<Receipt>,
}

impl Protocol {
    /// The network's parameters.
    #[must_use]
    pub fn parameters(&self) -> &Arc<ProtocolParameters> {
        match self {
            Self::Chrysalis(parameters) => parameters,
        }
    }

    /// Parses a message strictly and says which of its signatures must be verified: those that can matter.
    ///
    /// # Errors
    /// [`SubmitError::Syntax`] or [`SubmitError::WrongNetwork`].
    pub fn examine(&self, bytes: &[u8]) -> Result<Examined, SubmitError> {
        match self {
            Self::Chrysalis(parameters) => {
                let message = Message::parse(bytes)?;
                if message.network_id != parameters.network_id {
                    let (expected, got) = (parameters.network_id, message.network_id);
                    return Err(SubmitError::WrongNetwork { expected, got });
                }
                let signed = signatures_of(parameters, &message);
                Ok(Examined { message, signed })
            }
        }
    }

    /// Whether the examined message is a milestone of this network's coordinator, given the verdicts on its signatures.
    #[must_use]
    pub fn valid_milestone(&self, examined: &Examined, verdicts: &[bool]) -> Option<ValidMilestone> {
        match self {
            Self::Chrysalis(parameters) => {
                let Some(Payload::Milestone(milestone)) = &examined.message.payload else { return None };
                parameters.keys.verify(&examined.message, milestone, verdicts).ok()?;
                Some(ValidMilestone {
                    index: milestone.index,
                    timestamp: milestone.timestamp,
                    milestone_id: milestone.id(),
                })
            }
        }
    }

    /// The parents of a stored message, in their order. Only the part up to them is read: what is stored was parsed.
    ///
    /// # Errors
    /// When the stored bytes end before their parents do.
    pub fn parents(&self, bytes: &[u8]) -> Result<Vec<MessageId>, BytesError> {
        match self {
            Self::Chrysalis(_) => {
                let mut reader = Reader::new(bytes);
                reader.u64()?;
                let count = reader.u8()?;
                (0..count).map(|_| reader.array().map(MessageId)).collect()
            }
        }
    }

    /// The milestone in a stored message; `None` when it carries none.
    ///
    /// # Errors
    /// When the stored bytes are not a message.
    pub fn milestone_task(&self, bytes: &[u8]) -> Result<Option<MilestoneTask>, SyntaxError> {
        match self {
            Self::Chrysalis(_) => {
                let Some(Payload::Milestone(milestone)) = Message::parse(bytes)?.payload else {
                    return Ok(None);
                };
                Ok(Some(MilestoneTask {
                    index: milestone.index,
                    timestamp: milestone.timestamp,
                    milestone_id: milestone.id(),
                    inclusion_merkle_root: milestone.inclusion_merkle_root,
                    receipt: milestone.receipt,
                }))
            }
        }
    }

    /// The transaction in a stored message; `None` when it carries none.
    ///
    /// # Errors
    /// When the stored bytes are not a message.
    pub fn transaction(&self, bytes: &[u8]) -> Result<Option<Box<Transaction>>, SyntaxError> {
        match self {
            Self::Chrysalis(_) => match Message::parse(bytes)?.payload {
                Some(Payload::Transaction(transaction)) => Ok(Some(transaction)),
                Some(Payload::Milestone(_) | Payload::Indexation(_)) | None => Ok(None),
            },
        }
    }

    /// Applies a transaction on top of a milestone's earlier ones; `None` when it was applied.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn apply<L: LedgerRead>(
        &self,
        changes: &mut MilestoneChanges<'_, L>,
        message_id: MessageId,
        transaction: &Transaction,
        flags: u8,
    ) -> Result<Option<ConflictReason>, L::Error> {
        match self {
            Self::Chrysalis(_) => {
                let signatures_valid = flags & FLAG_BAD_SIGNATURE == 0;
                changes.apply(message_id, transaction, transaction.id(), signatures_valid)
            }
        }
    }

    /// A signed milestone message without its proof of work.
    ///
    /// # Errors
    /// When a rule of the protocol forbids it (the caller chose wrong parents or keys).
    pub fn issue_milestone(&self, draft: MilestoneDraft, keys: &[SecretKey]) -> Result<Vec<u8>, SyntaxError> {
        match self {
            Self::Chrysalis(parameters) => {
                let parents = Parents::sorted(draft.parents)?;
                let mut keys: Vec<&SecretKey> = keys.iter().collect();
                keys.sort_by_key(|key| key.public_key());
                let mut milestone = Milestone {
                    index: draft.index,
                    timestamp: draft.timestamp,
                    parents: parents.clone(),
                    inclusion_merkle_root: draft.inclusion_merkle_root,
                    next_pow_score: 0,
                    next_pow_score_milestone_index: 0,
                    public_keys: keys.iter().map(|key| key.public_key()).collect(),
                    receipt: None,
                    signatures: Vec::new(),
                };
                let hash = milestone.essence_hash();
                milestone.signatures = keys.iter().map(|key| key.sign(&hash)).collect();
                let payload = Some(Payload::Milestone(Box::new(milestone)));
                let message = Message { network_id: parameters.network_id, parents, payload, nonce: 0 };
                message.validate()?;
                Ok(message.pack())
            }
        }
    }

    /// A message without payload and without its proof of work: a checkpoint.
    ///
    /// # Errors
    /// When a rule of the protocol forbids it (no parent, or too many).
    pub fn issue_checkpoint(&self, parents: Vec<MessageId>) -> Result<Vec<u8>, SyntaxError> {
        match self {
            Self::Chrysalis(parameters) => {
                let parents = Parents::sorted(parents)?;
                let message = Message { network_id: parameters.network_id, parents, payload: None, nonce: 0 };
                message.validate()?;
                Ok(message.pack())
            }
        }
    }
}

/// What a milestone to be signed says.
#[derive(Clone, Debug)]
pub struct MilestoneDraft {
    /// Its index.
    pub index: MilestoneIndex,
    /// Its timestamp in unix seconds.
    pub timestamp: u64,
    /// Its parents, in any order.
    pub parents: Vec<MessageId>,
    /// The Merkle root over the messages it applies.
    pub inclusion_merkle_root: [u8; 32],
}

impl Examined {
    /// Whether it is a milestone that only its signatures can still keep from being valid.
    #[must_use]
    pub fn may_be_milestone(&self) -> bool {
        matches!(self.message.payload, Some(Payload::Milestone(_))) && !self.signed.is_empty()
    }

    /// The parents, in their order.
    #[must_use]
    pub fn parents(&self) -> Vec<MessageId> {
        self.message.parents.as_slice().to_vec()
    }

    /// The vertex flags, given the verdicts on the signatures.
    #[must_use]
    pub fn flags(&self, verdicts: &[bool]) -> u8 {
        match &self.message.payload {
            Some(Payload::Transaction(_)) if verdicts.contains(&false) => {
                FLAG_TRANSACTION | FLAG_BAD_SIGNATURE
            }
            Some(Payload::Transaction(_)) => FLAG_TRANSACTION,
            Some(Payload::Milestone(_) | Payload::Indexation(_)) | None => 0,
        }
    }

    /// The hash of the index the message can be found by, its own or its transaction's.
    #[must_use]
    pub fn index(&self) -> Option<IndexHash> {
        let indexation = self.message.payload.as_ref().and_then(Payload::indexation);
        indexation.map(|indexation| IndexHash::of(&indexation.index))
    }
}

fn signatures_of(parameters: &ProtocolParameters, message: &Message) -> Vec<Signed> {
    match &message.payload {
        Some(Payload::Transaction(transaction)) => {
            let hash = transaction.essence.signing_hash();
            let blocks = transaction.unlock_blocks.iter();
            blocks
                .filter_map(|block| match block {
                    UnlockBlock::Signature { public_key, signature } => {
                        Some(Signed { public_key: *public_key, signature: *signature, hash })
                    }
                    UnlockBlock::Reference(_) => None,
                })
                .collect()
        }
        // Anybody can send a payload with 255 signatures; without the coordinator's keys it is an ordinary message.
        Some(Payload::Milestone(milestone))
            if parameters.keys.verify_without_signatures(message, milestone).is_ok() =>
        {
            let hash = milestone.essence_hash();
            let keys = milestone.public_keys.iter().zip(&milestone.signatures);
            keys.map(|(public_key, signature)| Signed {
                public_key: *public_key,
                signature: *signature,
                hash,
            })
            .collect()
        }
        Some(Payload::Milestone(_) | Payload::Indexation(_)) | None => Vec::new(),
    }
}
