//! Milestones: the coordinator's statement which messages are referenced and what the ledger becomes (TIP-8).

use osmia_primitives::blake2b::{self, Digest};
use osmia_primitives::bytes::{Reader, Write};
use osmia_primitives::ed25519::{PUBLIC_KEY_BYTES, PublicKey, SIGNATURE_BYTES, Signature};
use osmia_primitives::{MilestoneId, MilestoneIndex};

use crate::codec::{room, sized, write_sized};
use crate::parents::Parents;
use crate::payload::MILESTONE_TYPE;
use crate::payload::receipt::Receipt;
use crate::rules;
use crate::syntax_error::SyntaxError;

/// The payload of a milestone (TIP-8, with the fields of TIP-17 and the next proof-of-work score).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Milestone {
    /// The index of the milestone.
    pub index: MilestoneIndex,
    /// When it was issued, in seconds of Unix time.
    pub timestamp: u64,
    /// The parents of the message that carries it, repeated under the signatures.
    pub parents: Parents,
    /// The Merkle root over the messages whose transactions it applied.
    pub inclusion_merkle_root: Digest,
    /// The least proof-of-work score from `next_pow_score_milestone_index` on; 0 means no change.
    pub next_pow_score: u32,
    /// From which milestone on `next_pow_score` holds; not 0 when the score is not.
    pub next_pow_score_milestone_index: u32,
    /// 1 to 255 keys, strictly ascending.
    pub public_keys: Vec<PublicKey>,
    /// Funds from the legacy network.
    pub receipt: Option<Receipt>,
    /// One signature per key, in the order of the keys.
    pub signatures: Vec<Signature>,
}

impl Milestone {
    /// The milestone of `bytes`, its type number first, which satisfies every syntactic rule.
    ///
    /// # Errors
    /// [`SyntaxError`] with the name of the first rule that is broken.
    pub fn parse(bytes: &[u8]) -> Result<Self, SyntaxError> {
        let mut reader = Reader::new(bytes);
        rules::embedded_payload_type(reader.u32()?, MILESTONE_TYPE)?;
        let milestone = Self::read(&mut reader)?;
        rules::payload_length(bytes.len(), reader.offset())?;
        Ok(milestone)
    }

    /// The bytes on the wire, type number first.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }

    /// The id: the digest of [`Milestone::pack`].
    #[must_use]
    pub fn id(&self) -> MilestoneId {
        MilestoneId::of(&self.pack())
    }

    /// The digest that every key signs: over everything but the type number and the signatures (TIP-8).
    #[must_use]
    pub fn essence_hash(&self) -> Digest {
        let mut bytes = Vec::new();
        self.write_essence(&mut bytes);
        blake2b::hash(&bytes)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, SyntaxError> {
        let index = MilestoneIndex(reader.u32()?);
        let timestamp = reader.u64()?;
        let parents = Parents::read(reader)?;
        let inclusion_merkle_root = reader.array()?;
        let next_pow_score = reader.u32()?;
        let next_pow_score_milestone_index = reader.u32()?;
        rules::milestone_pow_score(next_pow_score, next_pow_score_milestone_index)?;
        let public_keys = read_public_keys(reader)?;
        let receipt = sized(reader)?.map(Receipt::parse).transpose()?;
        let signatures = read_signatures(reader, public_keys.len())?;
        Ok(Self {
            index,
            timestamp,
            parents,
            inclusion_merkle_root,
            next_pow_score,
            next_pow_score_milestone_index,
            public_keys,
            receipt,
            signatures,
        })
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.put_u32(MILESTONE_TYPE);
        self.write_essence(bytes);
        bytes.put_u8(u8::try_from(self.signatures.len()).unwrap_or(u8::MAX));
        for signature in &self.signatures {
            bytes.put(&signature.0);
        }
    }

    pub(crate) fn check(&self) -> Result<(), SyntaxError> {
        rules::milestone_pow_score(self.next_pow_score, self.next_pow_score_milestone_index)?;
        rules::public_keys_count(self.public_keys.len())?;
        rules::public_keys_sorted(&self.public_keys)?;
        if let Some(receipt) = &self.receipt {
            receipt.check()?;
        }
        rules::signatures_count(self.public_keys.len(), self.signatures.len())
    }

    fn write_essence(&self, bytes: &mut Vec<u8>) {
        bytes.put_u32(self.index.0);
        bytes.put_u64(self.timestamp);
        self.parents.write(bytes);
        bytes.put(&self.inclusion_merkle_root);
        bytes.put_u32(self.next_pow_score);
        bytes.put_u32(self.next_pow_score_milestone_index);
        bytes.put_u8(u8::try_from(self.public_keys.len()).unwrap_or(u8::MAX));
        for key in &self.public_keys {
            bytes.put(&key.0);
        }
        write_sized(bytes, |bytes| {
            if let Some(receipt) = &self.receipt {
                receipt.write(bytes);
            }
        });
    }
}

fn read_public_keys(reader: &mut Reader<'_>) -> Result<Vec<PublicKey>, SyntaxError> {
    let count = usize::from(reader.u8()?);
    rules::public_keys_count(count)?;
    let mut keys = room(reader, count, PUBLIC_KEY_BYTES);
    for _ in 0..count {
        keys.push(PublicKey(reader.array()?));
    }
    rules::public_keys_sorted(&keys)?;
    Ok(keys)
}

fn read_signatures(reader: &mut Reader<'_>, keys: usize) -> Result<Vec<Signature>, SyntaxError> {
    let count = usize::from(reader.u8()?);
    rules::signatures_count(keys, count)?;
    let mut signatures = room(reader, count, SIGNATURE_BYTES);
    for _ in 0..count {
        signatures.push(Signature(reader.array()?));
    }
    Ok(signatures)
}
