//! What an address holds, and the rule on dust (TIP-15).

use std::collections::BTreeMap;

use super::keys::{AddressKey, address_key};
use super::rows::StoredOutput;
use crate::limits::{DUST_ALLOWANCE_AMOUNT_MIN, DUST_ALLOWANCE_DIVISOR, DUST_OUTPUTS_MAX};
use crate::{Output, OutputKind};

/// What an address holds in unspent outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Tokens in all of its outputs.
    pub amount: u64,
    /// Tokens in its dust allowance outputs; part of `amount`.
    pub dust_allowance: u64,
    /// How many of its outputs are dust.
    pub dust_outputs: u64,
}

impl Balance {
    /// Whether one more dust output on this address would be accepted.
    #[must_use]
    pub const fn is_dust_allowed(&self) -> bool {
        let allowed = self.dust_allowance / DUST_ALLOWANCE_DIVISOR;
        self.dust_outputs < allowed && self.dust_outputs < DUST_OUTPUTS_MAX
    }

    /// Whether there is nothing: such a balance has no row.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.amount == 0 && self.dust_allowance == 0 && self.dust_outputs == 0
    }

    /// The balance with one more output; `None` when a number would overflow.
    pub(super) fn with(&self, kind: OutputKind, amount: u64) -> Option<Self> {
        let (dust_allowance, dust_outputs) = shares(kind, amount);
        Some(Self {
            amount: self.amount.checked_add(amount)?,
            dust_allowance: self.dust_allowance.checked_add(dust_allowance)?,
            dust_outputs: self.dust_outputs.checked_add(dust_outputs)?,
        })
    }

    /// The balance without one output; `None` when it does not hold so much.
    pub(super) fn without(&self, kind: OutputKind, amount: u64) -> Option<Self> {
        let (dust_allowance, dust_outputs) = shares(kind, amount);
        Some(Self {
            amount: self.amount.checked_sub(amount)?,
            dust_allowance: self.dust_allowance.checked_sub(dust_allowance)?,
            dust_outputs: self.dust_outputs.checked_sub(dust_outputs)?,
        })
    }
}

/// What an output counts for in the dust allowance and in the number of dust outputs.
const fn shares(kind: OutputKind, amount: u64) -> (u64, u64) {
    match kind {
        OutputKind::SigLockedDustAllowance => (amount, 0),
        OutputKind::SigLockedSingle => (0, (amount < DUST_ALLOWANCE_AMOUNT_MIN) as u64),
    }
}

/// What a transaction would change in the dust of one address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DustChange {
    allowance: i128,
    outputs: i128,
}

impl DustChange {
    /// Whether an address with `balance` keeps the rule after this change: no more dust outputs than its allowance
    /// pays for, and never more than the fixed bound.
    pub(super) fn is_allowed(&self, balance: &Balance) -> bool {
        let allowance = i128::from(balance.dust_allowance) + self.allowance;
        let allowed = (allowance / i128::from(DUST_ALLOWANCE_DIVISOR)).min(i128::from(DUST_OUTPUTS_MAX));
        i128::from(balance.dust_outputs) + self.outputs <= allowed
    }
}

/// The addresses whose dust a transaction touches, with what it changes there. An address that is touched must keep
/// the rule even if the transaction made things better there.
pub(super) fn dust_changes(
    consumed: &[StoredOutput],
    created: &[Output],
) -> BTreeMap<AddressKey, DustChange> {
    let mut changes: BTreeMap<AddressKey, DustChange> = BTreeMap::new();
    for output in created {
        match output.kind {
            OutputKind::SigLockedDustAllowance => {
                let change = changes.entry(address_key(&output.address)).or_default();
                change.allowance += i128::from(output.amount);
            }
            OutputKind::SigLockedSingle if output.amount < DUST_ALLOWANCE_AMOUNT_MIN => {
                changes.entry(address_key(&output.address)).or_default().outputs += 1;
            }
            OutputKind::SigLockedSingle => {}
        }
    }
    for output in consumed {
        // The amount decides first: the reference node counts any consumed output below the bound as dust.
        if output.amount < DUST_ALLOWANCE_AMOUNT_MIN {
            changes.entry(address_key(&output.address)).or_default().outputs -= 1;
        } else if output.kind == OutputKind::SigLockedDustAllowance {
            let change = changes.entry(address_key(&output.address)).or_default();
            change.allowance -= i128::from(output.amount);
        }
    }
    changes
}
