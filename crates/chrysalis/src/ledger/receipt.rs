//! Receipts: funds that arrive from the legacy network out of the treasury (TIP-17).

use std::collections::BTreeSet;

use osmia_primitives::{MilestoneId, TransactionId};

use crate::limits::{MIGRATED_FUNDS_DEPOSIT_MIN, TOKEN_SUPPLY};
use crate::{OutputId, Receipt};

/// Why a milestone's receipt cannot be applied. A milestone with such a receipt must not be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The receipt migrates nothing.
    #[error("the receipt has no entries")]
    Empty,
    /// Two entries name the same legacy bundle.
    #[error("entry {index} of the receipt has the tail transaction of an earlier entry")]
    DuplicateTail {
        /// The place of the later entry.
        index: usize,
    },
    /// An entry deposits too little, or more than the supply.
    #[error("entry {index} of the receipt deposits {deposit} tokens, outside of what an entry may")]
    Deposit {
        /// The place of the entry.
        index: usize,
        /// Its deposit.
        deposit: u64,
    },
    /// The entries up to this one deposit more than the supply.
    #[error("the entries of the receipt up to {index} deposit more than the supply")]
    Sum {
        /// The place of the entry.
        index: usize,
    },
    /// What leaves the treasury is not what the entries deposit.
    #[error("the treasury has {before} tokens, {migrated} leave it, but {after} would be left")]
    Treasury {
        /// Tokens in the unspent treasury output.
        before: u64,
        /// Tokens that the entries deposit.
        migrated: u64,
        /// Tokens in the treasury output that the receipt creates.
        after: u64,
    },
    /// The ledger has no treasury to pay from.
    #[error("the ledger has no unspent treasury output")]
    NoTreasury,
}

/// Checks `receipt` against a treasury of `treasury` tokens, entry by entry, in the reference node's order. The id of
/// the treasury input is not compared: the reference node does not, so a node that did could part from the network.
pub(super) fn validate(receipt: &Receipt, treasury: u64) -> Result<(), ReceiptError> {
    if receipt.funds.is_empty() {
        return Err(ReceiptError::Empty);
    }
    let mut tails = BTreeSet::new();
    let mut migrated = 0_u64;
    for (index, entry) in receipt.funds.iter().enumerate() {
        if !tails.insert(entry.tail_transaction_hash) {
            return Err(ReceiptError::DuplicateTail { index });
        }
        if !(MIGRATED_FUNDS_DEPOSIT_MIN..=TOKEN_SUPPLY).contains(&entry.deposit) {
            return Err(ReceiptError::Deposit { index, deposit: entry.deposit });
        }
        migrated = migrated
            .checked_add(entry.deposit)
            .filter(|sum| *sum <= TOKEN_SUPPLY)
            .ok_or(ReceiptError::Sum { index })?;
    }
    let after = receipt.transaction.output_amount;
    if treasury.checked_sub(migrated) == Some(after) {
        Ok(())
    } else {
        Err(ReceiptError::Treasury { before: treasury, migrated, after })
    }
}

/// The id of the output that the entry at `index` creates: the id of the milestone takes the place of a transaction.
pub(super) fn migrated_output_id(milestone_id: MilestoneId, index: usize) -> OutputId {
    let index = u16::try_from(index).expect("because a receipt has at most 127 entries");
    OutputId { transaction_id: TransactionId(milestone_id.0), index }
}
