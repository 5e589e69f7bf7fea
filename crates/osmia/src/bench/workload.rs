//! Messages and milestones for benches: valid, signed, and without the cost of proof of work, because the bench
//! network asks for none. Everything follows from one seed.

use osmia_chrysalis::{
    Address, Indexation, KeyRange, Message, Milestone, MilestoneKeys, Parents, Payload, ProtocolParameters,
    snapshot,
};
use osmia_primitives::ed25519::SecretKey;
use osmia_primitives::{MessageId, MilestoneIndex, NetworkId, merkle};

use crate::network_file::{Description, Genesis};

/// Name of the network the benches run.
pub(crate) const NETWORK: &str = "osmia-bench";
/// When the bench network began, in seconds of unix time.
const GENESIS_TIMESTAMP: u64 = 1_600_000_000;
/// Bytes of a data message, as the figures are stated for.
pub(crate) const MESSAGE_BYTES: usize = 300;

/// A small, fast generator of pseudo-random numbers (xorshift64*): a bench needs spread, not secrecy.
#[derive(Clone, Debug)]
pub(crate) struct Noise(u64);

impl Noise {
    /// The stream of `seed`.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// The next 64 bits.
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// `count` bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}

/// The seed of the key that owns the bench network's supply.
pub(crate) const OWNER_SEED: [u8; 32] = [3; 32];

/// The two keys that sign the bench network's milestones.
pub(crate) fn coordinator_keys() -> Vec<SecretKey> {
    let mut keys = vec![SecretKey::from_seed([1; 32]), SecretKey::from_seed([2; 32])];
    keys.sort_by_key(SecretKey::public_key);
    keys
}

/// The parameters of the bench network: no proof of work.
pub(crate) fn parameters() -> anyhow::Result<ProtocolParameters> {
    let ranges = coordinator_keys()
        .iter()
        .map(|key| KeyRange {
            public_key: key.public_key(),
            start: MilestoneIndex(0),
            end: MilestoneIndex(0),
        })
        .collect();
    Ok(ProtocolParameters::new(NETWORK, "atoi", 0.0, MilestoneKeys::new(ranges, 2))?)
}

/// A data message of [`MESSAGE_BYTES`] bytes with random content under one of `index_keys` index keys.
pub(crate) fn data_message(
    parents: Vec<MessageId>,
    index_keys: usize,
    noise: &mut Noise,
) -> anyhow::Result<Vec<u8>> {
    let index = format!("bench-{:04}", noise.below(index_keys)).into_bytes();
    let parents = Parents::sorted(parents)?;
    // Network id, parent count, payload length, payload type, two lengths and the nonce around parents, index and data.
    let overhead = 8 + 1 + 32 * parents.as_slice().len() + 4 + 4 + 2 + index.len() + 4 + 8;
    let data = noise.bytes(MESSAGE_BYTES.saturating_sub(overhead));
    let payload = Some(Payload::Indexation(Indexation { index, data }));
    Ok(Message { network_id: NetworkId::of(NETWORK), parents, payload, nonce: noise.next() }.pack())
}

/// A signed milestone message that applies no transaction.
pub(crate) fn milestone_message(
    index: u32,
    parents: Vec<MessageId>,
    included: &[MessageId],
) -> anyhow::Result<Vec<u8>> {
    let keys = coordinator_keys();
    let parents = Parents::sorted(parents)?;
    let mut milestone = Milestone {
        index: MilestoneIndex(index),
        timestamp: GENESIS_TIMESTAMP + u64::from(index),
        parents: parents.clone(),
        inclusion_merkle_root: merkle::root(included),
        next_pow_score: 0,
        next_pow_score_milestone_index: 0,
        public_keys: keys.iter().map(SecretKey::public_key).collect(),
        receipt: None,
        signatures: Vec::new(),
    };
    let hash = milestone.essence_hash();
    milestone.signatures = keys.iter().map(|key| key.sign(&hash)).collect();
    let payload = Some(Payload::Milestone(Box::new(milestone)));
    Ok(Message { network_id: NetworkId::of(NETWORK), parents, payload, nonce: 0 }.pack())
}

/// The genesis snapshot of the bench network: the whole supply on the key of [`OWNER_SEED`].
pub(crate) fn genesis() -> anyhow::Result<Vec<u8>> {
    let owner = Address::Ed25519(SecretKey::from_seed(OWNER_SEED).public_key().address());
    Ok(snapshot::genesis(NetworkId::of(NETWORK), GENESIS_TIMESTAMP, owner, 0)?)
}

/// The bench network as others join it.
pub(crate) fn description() -> anyhow::Result<Description> {
    let owner = Address::Ed25519(SecretKey::from_seed(OWNER_SEED).public_key().address());
    Ok(Description {
        parameters: parameters()?,
        genesis: Some(Genesis { owner, timestamp: GENESIS_TIMESTAMP }),
        mnemonic_file: None,
        gossip_peers: Vec::new(),
        api_urls: Vec::new(),
    })
}
