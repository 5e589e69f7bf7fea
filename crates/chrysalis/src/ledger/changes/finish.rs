//! The rows that make a milestone's changes permanent.

use osmia_primitives::{MessageId, MilestoneIndex};

use super::state::KnownOutput;
use super::{AppliedReceipt, LedgerRead, MilestoneChanges, Row};
use crate::OutputId;
use crate::ledger::LedgerTable;
use crate::ledger::keys::{
    OutputKey, SPENT, UNSPENT, address_output_key, diff_key, receipt_key, treasury_key,
};
use crate::ledger::rows::{MilestoneDiff, TreasuryMutation, output_id};

/// A [`Row`], borrowed.
pub type BorrowedRow<'a> = (LedgerTable, &'a [u8], Option<&'a [u8]>);

/// The changes of a confirmed milestone. Its rows belong into one atomic write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    index: MilestoneIndex,
    rows: Vec<Row>,
    diff: MilestoneDiff,
    included: Vec<MessageId>,
}

impl Changes {
    /// The milestone.
    #[must_use]
    pub const fn index(&self) -> MilestoneIndex {
        self.index
    }

    /// The rows to write, each key once, ascending by table and key.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = BorrowedRow<'_>> {
        self.rows.iter().map(|(table, key, value)| (*table, key.as_slice(), value.as_deref()))
    }

    /// The rows of [`rows`](Self::rows), to keep.
    #[must_use]
    pub fn into_rows(self) -> Vec<Row> {
        self.rows
    }

    /// The outputs the milestone created, ascending by the bytes of their ids.
    #[must_use]
    pub fn created(&self) -> &[OutputId] {
        &self.diff.created
    }

    /// The outputs the milestone consumed, ascending by the bytes of their ids.
    #[must_use]
    pub fn consumed(&self) -> &[OutputId] {
        &self.diff.consumed
    }

    /// What the milestone's receipt did to the treasury.
    #[must_use]
    pub const fn treasury(&self) -> Option<&TreasuryMutation> {
        self.diff.treasury.as_ref()
    }

    /// The messages whose transactions were applied, in white-flag order.
    #[must_use]
    pub fn included(&self) -> &[MessageId] {
        &self.included
    }
}

pub(super) fn finish<L: LedgerRead>(changes: MilestoneChanges<'_, L>) -> Changes {
    let MilestoneChanges { index, outputs, balances, included, receipt, .. } = changes;
    let outputs = outputs.changed();
    let balances = balances.changed();
    let mut rows = Vec::with_capacity(outputs.len() * 3 + balances.len() + 4);
    rows.extend(
        outputs.iter().map(|(key, known)| (LedgerTable::Outputs, key.0.to_vec(), Some(known.output.pack()))),
    );
    put_address_outputs(&mut rows, &outputs);
    rows.extend(balances.into_iter().map(|(key, balance)| {
        (LedgerTable::Balances, key.0.to_vec(), (!balance.is_zero()).then(|| balance.pack()))
    }));
    let ids = |wanted: fn(&KnownOutput) -> bool| -> Vec<OutputId> {
        outputs.iter().filter(|(_, known)| wanted(known)).map(|(key, _)| output_id(key)).collect()
    };
    let diff = MilestoneDiff {
        created: ids(|known| known.is_created_here),
        consumed: ids(|known| known.is_spent_here),
        treasury: receipt.as_ref().map(AppliedReceipt::mutation),
    };
    rows.push((LedgerTable::Diffs, diff_key(index).to_vec(), Some(diff.pack())));
    if let Some(receipt) = receipt {
        rows.extend(receipt.rows(index));
    }
    Changes { index, rows, diff, included }
}

fn put_address_outputs(rows: &mut Vec<Row>, outputs: &[(&OutputKey, &KnownOutput)]) {
    let first = rows.len();
    for (id, known) in outputs {
        let key = |spent| address_output_key(id, &known.output, spent).to_vec();
        if known.is_spent_here {
            rows.push((LedgerTable::AddressOutputs, key(SPENT), Some(Vec::new())));
            if !known.is_created_here {
                rows.push((LedgerTable::AddressOutputs, key(UNSPENT), None));
            }
        } else {
            rows.push((LedgerTable::AddressOutputs, key(UNSPENT), Some(Vec::new())));
        }
    }
    if let Some(added) = rows.get_mut(first..) {
        added.sort_unstable_by(|(_, left, _), (_, right, _)| left.cmp(right));
    }
}

impl AppliedReceipt {
    const fn mutation(&self) -> TreasuryMutation {
        TreasuryMutation {
            created: self.created.milestone_id,
            consumed: self.consumed.milestone_id,
            migrated_at: self.receipt.migrated_at,
        }
    }

    fn rows(&self, index: MilestoneIndex) -> Vec<Row> {
        let consumed = &self.consumed;
        let mut rows = vec![
            (LedgerTable::Treasury, treasury_key(UNSPENT, &consumed.milestone_id).to_vec(), None),
            (
                LedgerTable::Treasury,
                treasury_key(UNSPENT, &self.created.milestone_id).to_vec(),
                Some(self.created.pack()),
            ),
        ];
        rows.sort_unstable();
        rows.push((
            LedgerTable::Treasury,
            treasury_key(SPENT, &consumed.milestone_id).to_vec(),
            Some(consumed.pack()),
        ));
        rows.push((
            LedgerTable::Receipts,
            receipt_key(self.receipt.migrated_at, index).to_vec(),
            Some(self.receipt.pack()),
        ));
        rows
    }
}
