//! The keys of rows and of the tables in memory.

use std::hash::{Hash, Hasher};

use osmia_primitives::{IdMap, MilestoneId, MilestoneIndex};

use super::rows::StoredOutput;
use crate::address::ADDRESS_BYTES;
use crate::{Address, OutputId};

pub(super) const OUTPUT_ID_BYTES: usize = OutputId::BYTES;
/// Address, spent flag, kind, inverted milestone, output id.
pub(super) const ADDRESS_OUTPUT_BYTES: usize = ADDRESS_BYTES + 1 + 1 + 4 + OUTPUT_ID_BYTES;
pub(super) const TREASURY_KEY_BYTES: usize = 33;

pub(super) const UNSPENT: u8 = 0;
pub(super) const SPENT: u8 = 1;

/// Bytes that a stranger chose, as the key of a map in memory. All of them are hashed: an input may name any 34 bytes
/// and an output any address, so ids that share a prefix are easy to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<const BYTES: usize>(pub(super) [u8; BYTES]);

impl<const BYTES: usize> Hash for Key<BYTES> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

pub(super) type OutputKey = Key<OUTPUT_ID_BYTES>;
pub(super) type AddressKey = Key<ADDRESS_BYTES>;
pub(super) type KeyMap<const BYTES: usize, V> = IdMap<Key<BYTES>, V>;

pub(super) fn output_key(id: &OutputId) -> OutputKey {
    Key(id.to_bytes())
}

pub(super) fn address_key(address: &Address) -> AddressKey {
    Key(address.to_bytes())
}

/// The key under which an output stands in the list of its address while it is `spent` ([`UNSPENT`] or [`SPENT`]).
pub(super) fn address_output_key(
    id: &OutputKey,
    output: &StoredOutput,
    spent: u8,
) -> [u8; ADDRESS_OUTPUT_BYTES] {
    let mut key = [0; ADDRESS_OUTPUT_BYTES];
    let newest_first = (!output.created.0).to_be_bytes();
    let parts: [&[u8]; 5] =
        [&output.address.to_bytes(), &[spent], &[output.kind as u8], &newest_first, &id.0];
    let mut rest = key.as_mut_slice();
    for part in parts {
        let (head, tail) = rest.split_at_mut(part.len());
        head.copy_from_slice(part);
        rest = tail;
    }
    assert!(rest.is_empty(), "the parts fill the key");
    key
}

pub(super) const fn diff_key(milestone: MilestoneIndex) -> [u8; 4] {
    milestone.0.to_be_bytes()
}

pub(super) fn receipt_key(migrated_at: u32, milestone: MilestoneIndex) -> [u8; 8] {
    (u64::from(migrated_at) << 32 | u64::from(milestone.0)).to_be_bytes()
}

pub(super) fn treasury_key(spent: u8, id: &MilestoneId) -> [u8; TREASURY_KEY_BYTES] {
    let mut key = [spent; TREASURY_KEY_BYTES];
    if let Some((_, rest)) = key.split_first_mut() {
        rest.copy_from_slice(&id.0);
    }
    key
}
