//! Transactions made by hand, for tests.

use osmia_chrysalis::{Essence, Indexation, Input, Output, OutputId, Transaction, UnlockBlock};
use osmia_primitives::ed25519::SecretKey;

/// An output to spend, and the key to sign with.
#[derive(Clone, Debug)]
pub struct Spend<'a> {
    /// Which output.
    pub output_id: OutputId,
    /// Usually the key of its address.
    pub key: &'a SecretKey,
}

/// A transaction from `spends` to `outputs`, sorted as the rules ask for and signed. Inputs with one key share its
/// signature.
#[must_use]
pub fn transaction(
    mut spends: Vec<Spend<'_>>,
    mut outputs: Vec<Output>,
    payload: Option<Indexation>,
) -> Transaction {
    spends.sort_by_key(|spend| spend.output_id.to_bytes());
    outputs.sort_by_key(|output| (output.kind, output.address, output.amount.to_le_bytes()));
    let inputs = spends.iter().map(|spend| Input(spend.output_id)).collect();
    let essence = Essence { inputs, outputs, payload };
    let digest = essence.signing_hash();
    let mut unlock_blocks = Vec::new();
    for (place, spend) in spends.iter().enumerate() {
        let public_key = spend.key.public_key();
        let earlier = spends.iter().take(place).position(|earlier| earlier.key.public_key() == public_key);
        unlock_blocks.push(match earlier.and_then(|place| u16::try_from(place).ok()) {
            Some(earlier) => UnlockBlock::Reference(earlier),
            None => UnlockBlock::Signature { public_key, signature: spend.key.sign(&digest) },
        });
    }
    Transaction { essence, unlock_blocks }
}
