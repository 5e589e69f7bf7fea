//! Messages and transactions of a test network whose supply belongs to words that everybody knows.

use std::sync::atomic::AtomicBool;

use osmia_chrysalis::{
    Address, Essence, Indexation, Input, Message, Output, OutputId, OutputKind, Parents, Payload,
    Transaction, UnlockBlock,
};
use osmia_primitives::ed25519::SecretKey;
use osmia_primitives::{MessageId, NetworkId, TransactionId, blake2b, hex};

/// The name of every test network.
pub(crate) const NETWORK: &str = "crash-test";

/// The words of zero entropy.
pub(crate) const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
    abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art";

/// The key that published clients derive from [`WORDS`] with the path 44'/4218'/0'/0'/0'.
const OWNER_SEED: &str = "129e3f05b9246fd05ede2b94af0a305b928417bfc585179ef644989e4fb57ddf";

/// The key that owns the supply.
pub(crate) fn owner() -> SecretKey {
    SecretKey::from_seed(hex::decode_array(OWNER_SEED).unwrap())
}

/// A key of a test.
pub(crate) fn key(name: &str, number: u64) -> SecretKey {
    SecretKey::from_seed(blake2b::hash_parts(&[name.as_bytes(), &number.to_le_bytes()]))
}

pub(crate) fn address(key: &SecretKey) -> Address {
    Address::of(&key.public_key())
}

/// The output of the genesis.
pub(crate) const GENESIS: OutputId = OutputId { transaction_id: TransactionId::NULL, index: 0 };

/// A signed transfer of one output, whose owner is `key`, to `receivers`, all different.
pub(crate) fn transfer(from: OutputId, key: &SecretKey, receivers: &[(Address, u64)]) -> Transaction {
    let output = |(address, amount): &(Address, u64)| Output {
        kind: OutputKind::SigLockedSingle,
        address: *address,
        amount: *amount,
    };
    let mut outputs: Vec<Output> = receivers.iter().map(output).collect();
    outputs.sort_by_key(|output| output.address);
    let essence = Essence { inputs: vec![Input(from)], outputs, payload: None };
    let signature = key.sign(&essence.signing_hash());
    let unlock_blocks = vec![UnlockBlock::Signature { public_key: key.public_key(), signature }];
    Transaction { essence, unlock_blocks }
}

/// The output of `transaction` on `address`.
pub(crate) fn output_on(transaction: &Transaction, address: Address) -> OutputId {
    let index = transaction.essence.outputs.iter().position(|output| output.address == address).unwrap();
    OutputId { transaction_id: transaction.id(), index: u16::try_from(index).unwrap() }
}

/// A data message's payload.
pub(crate) fn data(index: &str, data: Vec<u8>) -> Payload {
    Payload::Indexation(Indexation { index: index.as_bytes().to_vec(), data })
}

/// A message with enough proof of work for `min_pow_score`.
pub(crate) fn message(parents: &[MessageId], payload: Payload, min_pow_score: f64) -> Vec<u8> {
    let mut message = Message {
        network_id: NetworkId::of(NETWORK),
        parents: Parents::sorted(parents.iter().copied()).unwrap(),
        payload: Some(payload),
        nonce: 0,
    };
    let bytes = message.pack();
    let digest = blake2b::hash(&bytes[..bytes.len() - 8]);
    let zeros = osmia_pow::required_zeros(bytes.len(), min_pow_score);
    message.nonce = osmia_pow::search(&digest, zeros, 0..=u64::MAX, &AtomicBool::new(false)).nonce().unwrap();
    message.pack()
}
