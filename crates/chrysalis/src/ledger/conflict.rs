//! Why a milestone ignores a transaction, and the rules a transaction must keep by itself and against its inputs.

use std::collections::BTreeMap;
use std::fmt;

use osmia_primitives::ed25519::PublicKey;

use super::keys::{AddressKey, address_key};
use super::rows::StoredOutput;
use crate::{Address, Transaction, UnlockBlock};

/// Why a milestone referenced a transaction without applying it. The numbers are those of the REST API's
/// `conflictReason` (docs/decisions/0011-conflict-reasons.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConflictReason {
    /// An earlier milestone spent an input.
    InputAlreadySpent = 1,
    /// An earlier transaction of the same milestone spent an input.
    InputAlreadySpentInThisMilestone = 2,
    /// An input names an output that does not exist (or was pruned after it was spent).
    InputNotFound = 3,
    /// Inputs and outputs do not have the same sum.
    SumMismatch = 4,
    /// A signature is not valid or not by the owner of the input.
    InvalidSignature = 5,
    /// An address would hold more dust outputs than its allowance permits.
    DustAllowance = 6,
    /// The unlock blocks do not fit the inputs: two inputs of one address are unlocked by different signatures.
    SemanticFailure = 255,
}

impl ConflictReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::InputAlreadySpent,
        Self::InputAlreadySpentInThisMilestone,
        Self::InputNotFound,
        Self::SumMismatch,
        Self::InvalidSignature,
        Self::DustAllowance,
        Self::SemanticFailure,
    ];

    /// The number of the reason.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The reason with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

impl fmt::Display for ConflictReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::InputAlreadySpent => "an earlier milestone spent an input",
            Self::InputAlreadySpentInThisMilestone => {
                "an earlier transaction of this milestone spent an input"
            }
            Self::InputNotFound => "an input does not exist",
            Self::SumMismatch => "inputs and outputs do not have the same sum",
            Self::InvalidSignature => "a signature is not valid or not by the owner of the input",
            Self::DustAllowance => "an address would hold more dust than it is allowed to",
            Self::SemanticFailure => "the unlock blocks do not fit the inputs",
        })
    }
}

/// The unlock blocks of a transaction, resolved to one signature for each distinct address of its inputs.
pub(super) struct Unlocks<'a>(BTreeMap<AddressKey, &'a PublicKey>);

impl<'a> Unlocks<'a> {
    /// Resolves each input to its signature block; `None` when inputs of one address resolve to different ones.
    ///
    /// Missing blocks, and references that lead to no signature, are `None` too; the syntactic rules exclude them.
    pub(super) fn resolve(transaction: &'a Transaction, consumed: &[StoredOutput]) -> Option<Self> {
        let mut blocks: BTreeMap<AddressKey, (usize, &PublicKey)> = BTreeMap::new();
        for (place, output) in consumed.iter().enumerate() {
            let place = match transaction.unlock_blocks.get(place)? {
                UnlockBlock::Signature { .. } => place,
                UnlockBlock::Reference(earlier) => usize::from(*earlier),
            };
            let public_key = match transaction.unlock_blocks.get(place)? {
                UnlockBlock::Signature { public_key, .. } => public_key,
                UnlockBlock::Reference(_) => return None,
            };
            let (first, _) = *blocks.entry(address_key(&output.address)).or_insert((place, public_key));
            if first != place {
                return None;
            }
        }
        Some(Self(blocks.into_iter().map(|(address, (_, key))| (address, key)).collect()))
    }

    /// Whether the key of each signature owns the address it unlocks. A key is hashed once for each distinct address.
    pub(super) fn are_by_owners(&self) -> bool {
        self.0.iter().all(|(address, key)| address_key(&Address::of(key)) == *address)
    }
}

/// Whether the inputs carry exactly as much as the outputs.
pub(super) fn sums_match(transaction: &Transaction, consumed: &[StoredOutput]) -> bool {
    let inputs: u128 = consumed.iter().map(|output| u128::from(output.amount)).sum();
    let outputs: u128 = transaction.essence.outputs.iter().map(|output| u128::from(output.amount)).sum();
    inputs == outputs
}
