//! The network that is simulated, and messages for it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use osmia_chrysalis::{
    Address, Indexation, KeyRange, Message, MilestoneKeys, Output, OutputId, OutputKind, Parents, Payload,
    ProtocolParameters, TOKEN_SUPPLY, snapshot,
};
use osmia_engine::genesis;
use osmia_engine::protocol::{MilestoneDraft, Protocol};
use osmia_primitives::ed25519::SecretKey;
use osmia_primitives::{MessageId, MilestoneIndex, NetworkId, TransactionId, blake2b};
use osmia_store::Store;

use super::dice::Dice;
use super::report::{Checked, Violation};
use crate::oracle::Oracle;
use crate::oracle::ledger::Ledger;

/// Parents a message can have.
const PARENTS_MAX: usize = 8;

/// Users with tokens.
pub(crate) const WALLETS: u8 = 6;

/// Makes messages of the simulated network.
#[derive(Clone, Debug)]
pub(crate) struct Mint {
    pub(crate) protocol: Protocol,
    network_id: NetworkId,
    min_pow_score: f64,
}

/// The key of a user; user 0 owns the supply at first.
pub(crate) fn wallet(number: u8) -> SecretKey {
    SecretKey::from_seed([100_u8.wrapping_add(number); 32])
}

pub(crate) fn address(key: &SecretKey) -> Address {
    Address::Ed25519(key.public_key().address())
}

pub(crate) fn coordinator_keys() -> Vec<SecretKey> {
    vec![SecretKey::from_seed([1; 32]), SecretKey::from_seed([2; 32])]
}

/// The output that holds the supply at first.
pub(crate) fn genesis_output() -> OutputId {
    OutputId { transaction_id: TransactionId::NULL, index: 0 }
}

impl Mint {
    pub(crate) fn new(min_pow_score: f64) -> Checked<Self> {
        let range = |key: &SecretKey| KeyRange {
            public_key: key.public_key(),
            start: MilestoneIndex(0),
            end: MilestoneIndex(0),
        };
        let keys = MilestoneKeys::new(coordinator_keys().iter().map(range).collect(), 2);
        let parameters = ProtocolParameters::new("simulation", "atoi", min_pow_score, keys)
            .map_err(|error| Violation(format!("the network cannot be made: {error}")))?;
        let network_id = parameters.network_id;
        Ok(Self { protocol: Protocol::Chrysalis(Arc::new(parameters)), network_id, min_pow_score })
    }

    /// A store that holds the genesis ledger.
    pub(crate) fn genesis_store(&self) -> Checked<Arc<Store>> {
        let store = Store::in_memory()?;
        let failed = |error: &dyn std::fmt::Display| Violation(format!("no genesis: {error}"));
        let file =
            snapshot::genesis(self.network_id, 1, address(&wallet(0)), 0).map_err(|error| failed(&error))?;
        genesis::load(&store, self.protocol.parameters(), &mut file.as_slice())
            .map_err(|error| failed(&error))?;
        Ok(Arc::new(store))
    }

    /// The naive model of the same network.
    pub(crate) fn oracle() -> Oracle {
        let kind = OutputKind::SigLockedSingle;
        let output = Output { kind, address: address(&wallet(0)), amount: TOKEN_SUPPLY };
        let funds = (genesis_output(), MessageId::NULL, output);
        Oracle::new([(MessageId::NULL, MilestoneIndex(0))], Ledger::genesis([funds], 0))
    }

    /// A message with its proof of work; `None` when the parents cannot be parents.
    pub(crate) fn message(&self, parents: &[MessageId], payload: Option<Payload>) -> Option<Bytes> {
        self.message_of(self.network_id, parents, payload)
    }

    /// A message of another network.
    pub(crate) fn foreign_message(&self, parents: &[MessageId]) -> Option<Bytes> {
        self.message_of(NetworkId(self.network_id.0 ^ 1), parents, None)
    }

    fn message_of(
        &self,
        network_id: NetworkId,
        parents: &[MessageId],
        payload: Option<Payload>,
    ) -> Option<Bytes> {
        let mut parents = parents.to_vec();
        parents.sort_unstable();
        parents.dedup();
        parents.truncate(PARENTS_MAX);
        let parents = Parents::sorted(parents).ok()?;
        let mut bytes = Message { network_id, parents, payload, nonce: 0 }.pack();
        self.work(&mut bytes);
        Some(bytes.into())
    }

    /// A message with `length` bytes of data.
    pub(crate) fn data(&self, parents: &[MessageId], length: usize, dice: &mut Dice) -> Option<Bytes> {
        let indexation = Indexation { index: b"simulation".to_vec(), data: dice.many_bytes(length) };
        self.message(parents, Some(Payload::Indexation(indexation)))
    }

    /// A milestone signed with keys that the network does not accept.
    pub(crate) fn forged_milestone(
        &self,
        index: MilestoneIndex,
        parents: &[MessageId],
        dice: &mut Dice,
    ) -> Option<Bytes> {
        let mut parents = parents.to_vec();
        parents.sort_unstable();
        parents.dedup();
        let keys = [SecretKey::from_seed(dice.bytes()), SecretKey::from_seed(dice.bytes())];
        let inclusion_merkle_root = blake2b::hash(b"");
        let draft = MilestoneDraft { index, timestamp: 1, parents, inclusion_merkle_root };
        let mut bytes = self.protocol.issue_milestone(draft, &keys).ok()?;
        self.work(&mut bytes);
        Some(bytes.into())
    }

    /// Finds and writes the nonce of a message, when the network asks for proof of work.
    pub(crate) fn work(&self, message: &mut [u8]) {
        if self.min_pow_score == 0.0 {
            return;
        }
        let zeros = osmia_pow::required_zeros(message.len(), self.min_pow_score);
        let Some((body, nonce)) = message.split_last_chunk_mut::<8>() else { return };
        let outcome = osmia_pow::search(&blake2b::hash(body), zeros, 0..=u64::MAX, &AtomicBool::new(false));
        if let Some(found) = outcome.nonce() {
            *nonce = found.to_le_bytes();
        }
    }

    /// A message without proof of work; `None` when the network asks for none.
    pub(crate) fn data_without_work(&self, parents: &[MessageId], dice: &mut Dice) -> Option<Bytes> {
        let mut bytes = self.data(parents, 100, dice)?.to_vec();
        let length = bytes.len();
        let (body, nonce) = bytes.split_last_chunk_mut::<8>()?;
        let digest = blake2b::hash(body);
        // Any nonce may be good enough by chance.
        for candidate in 0_u64..100 {
            let zeros = osmia_pow::trailing_zeros_batch(&[(digest, candidate)]).first().copied().unwrap_or(0);
            if osmia_pow::score_of(zeros, length) < self.min_pow_score {
                *nonce = candidate.to_le_bytes();
                return Some(bytes.into());
            }
        }
        None
    }

    /// Gives a message another nonce that is good enough: its id changes, and nothing else.
    pub(crate) fn work_anew(&self, message: &mut [u8], dice: &mut Dice) {
        let zeros = osmia_pow::required_zeros(message.len(), self.min_pow_score);
        let Some((body, nonce)) = message.split_last_chunk_mut::<8>() else { return };
        // From the lower half, so that a hit lies ahead.
        let start = dice.number() / 2;
        let outcome =
            osmia_pow::search(&blake2b::hash(body), zeros, start..=u64::MAX, &AtomicBool::new(false));
        if let Some(found) = outcome.nonce() {
            *nonce = found.to_le_bytes();
        }
    }
}
