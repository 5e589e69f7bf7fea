//! Readers: the questions that the rest of the node asks the ledger.

use std::ops::ControlFlow;

use osmia_primitives::MilestoneIndex;

use super::balance::Balance;
use super::keys::{SPENT, UNSPENT, address_key, diff_key, output_key, receipt_key};
use super::rows::{AddressOutputKey, MilestoneDiff, Parsed, StoredOutput, TreasuryOutput, parse_output_id};
use super::{DamagedRow, LedgerRead, LedgerTable, read};
use crate::{Address, OutputId, OutputKind, Receipt};

/// Which outputs of an address are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputFilter {
    /// Only this kind; `None` for every kind.
    pub kind: Option<OutputKind>,
    /// Whether spent outputs are asked for too.
    pub include_spent: bool,
    /// How many outputs at most.
    pub count_max: usize,
}

/// An output in the list of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressOutput {
    /// Its id.
    pub id: OutputId,
    /// Its kind.
    pub kind: OutputKind,
    /// The milestone that created it.
    pub created: MilestoneIndex,
    /// Whether it is spent.
    pub is_spent: bool,
}

/// A receipt that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReceipt {
    /// The milestone that carried it.
    pub milestone: MilestoneIndex,
    /// The receipt.
    pub receipt: Receipt,
}

/// The output with this id, spent or unspent; `None` when it never existed or was pruned.
///
/// # Errors
/// When the ledger cannot be read or is damaged.
pub fn load_output<L: LedgerRead>(ledger: &L, id: &OutputId) -> Result<Option<StoredOutput>, L::Error> {
    read(ledger, LedgerTable::Outputs, &output_key(id).0, StoredOutput::parse)
}

/// Visits every output, spent ones included, ascending by the bytes of their ids, until `visit` breaks.
///
/// # Errors
/// When the ledger cannot be read or is damaged.
pub fn visit_outputs<L: LedgerRead>(
    ledger: &L,
    mut visit: impl FnMut(OutputId, StoredOutput) -> ControlFlow<()>,
) -> Result<(), L::Error> {
    visit_rows(ledger, LedgerTable::Outputs, &[], |key, value| {
        Ok(visit(parse_output_id(key)?, StoredOutput::parse(value)?))
    })
}

/// What an address holds; zero for an address that was never used.
///
/// # Errors
/// When the ledger cannot be read or is damaged.
pub fn balance<L: LedgerRead>(ledger: &L, address: &Address) -> Result<Balance, L::Error> {
    let balance = read(ledger, LedgerTable::Balances, &address_key(address).0, Balance::parse)?;
    Ok(balance.unwrap_or_default())
}

/// What a milestone changed; `None` when it was not confirmed or was pruned.
///
/// # Errors
/// When the ledger cannot be read or is damaged.
pub fn diff<L: LedgerRead>(ledger: &L, milestone: MilestoneIndex) -> Result<Option<MilestoneDiff>, L::Error> {
    read(ledger, LedgerTable::Diffs, &diff_key(milestone), MilestoneDiff::parse)
}

/// The unspent treasury output; `None` when the ledger has none, which only a ledger without a genesis has.
///
/// # Errors
/// When the ledger cannot be read or is damaged; more than one unspent treasury output is damage.
pub fn treasury<L: LedgerRead>(ledger: &L) -> Result<Option<TreasuryOutput>, L::Error> {
    let mut found = None;
    visit_rows(ledger, LedgerTable::Treasury, &[UNSPENT], |key, value| {
        let (output, _) = TreasuryOutput::parse(key, value)?;
        match found.replace(output) {
            None => Ok(ControlFlow::Continue(())),
            Some(_) => Err("it is a second unspent treasury output"),
        }
    })?;
    Ok(found)
}

/// The outputs of an address: unspent before spent, both newest first; those of one milestone ordered by id.
///
/// # Errors
/// When the ledger cannot be read or is damaged.
pub fn outputs_of_address<L: LedgerRead>(
    ledger: &L,
    address: &Address,
    filter: &OutputFilter,
) -> Result<Vec<AddressOutput>, L::Error> {
    let mut outputs = Vec::new();
    for spent in [UNSPENT, SPENT] {
        if spent == SPENT && !filter.include_spent {
            break;
        }
        outputs.extend(newest_of_address(ledger, address, spent, filter, filter.count_max - outputs.len())?);
    }
    Ok(outputs)
}

/// The receipts that were applied, all or those of the legacy milestone `migrated_at`, `count_max` at most; ascending
/// by legacy milestone and by the milestone that carried them.
///
/// # Errors
/// When the ledger cannot be read or is damaged.
pub fn receipts<L: LedgerRead>(
    ledger: &L,
    migrated_at: Option<u32>,
    count_max: usize,
) -> Result<Vec<StoredReceipt>, L::Error> {
    let prefix = migrated_at.map(u32::to_be_bytes);
    let prefix: &[u8] = prefix.as_ref().map_or(&[], |bytes| bytes);
    let mut receipts = Vec::new();
    visit_rows(ledger, LedgerTable::Receipts, prefix, |key, value| {
        if receipts.len() >= count_max {
            return Ok(ControlFlow::Break(()));
        }
        receipts.push(parse_receipt(key, value)?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(receipts)
}

/// The receipt of a row, whose key must be the one that the receipt asks for.
pub(super) fn parse_receipt(key: &[u8], value: &[u8]) -> Parsed<StoredReceipt> {
    let receipt = Receipt::parse(value).map_err(|_| "it is not a receipt")?;
    let milestone = key.last_chunk().map(|bytes| MilestoneIndex(u32::from_be_bytes(*bytes)));
    let milestone = milestone.ok_or("its key is too short")?;
    if key == receipt_key(receipt.migrated_at, milestone) {
        Ok(StoredReceipt { milestone, receipt })
    } else {
        Err("its receipt belongs under another key")
    }
}

/// The newest outputs of an address that are `spent` ([`UNSPENT`] or [`SPENT`]). In the table the kinds follow each
/// other, so the newest of each kind are read and then merged.
fn newest_of_address<L: LedgerRead>(
    ledger: &L,
    address: &Address,
    spent: u8,
    filter: &OutputFilter,
    count_max: usize,
) -> Result<Vec<AddressOutput>, L::Error> {
    let mut outputs = Vec::new();
    for kind in [OutputKind::SigLockedSingle, OutputKind::SigLockedDustAllowance] {
        if filter.kind.is_some_and(|wanted| wanted != kind) {
            continue;
        }
        let mut left = count_max;
        let mut prefix = address_key(address).0.to_vec();
        prefix.extend([spent, kind as u8]);
        visit_rows(ledger, LedgerTable::AddressOutputs, &prefix, |key, _| {
            if left == 0 {
                return Ok(ControlFlow::Break(()));
            }
            left -= 1;
            let key = AddressOutputKey::parse(key)?;
            outputs.push(AddressOutput {
                id: key.id,
                kind: key.kind,
                created: key.created,
                is_spent: key.spent == SPENT,
            });
            Ok(ControlFlow::Continue(()))
        })?;
    }
    outputs.sort_by_key(|output| (std::cmp::Reverse(output.created), output.id.to_bytes()));
    outputs.truncate(count_max);
    Ok(outputs)
}

/// Scans rows with a visitor that may find one damaged.
fn visit_rows<L: LedgerRead>(
    ledger: &L,
    table: LedgerTable,
    prefix: &[u8],
    mut visit: impl FnMut(&[u8], &[u8]) -> Parsed<ControlFlow<()>>,
) -> Result<(), L::Error> {
    let mut damaged = None;
    ledger.scan(table, prefix, &mut |key, value| match visit(key, value) {
        Ok(flow) => flow,
        Err(problem) => {
            damaged = Some(DamagedRow { table, key: key.to_vec(), problem });
            ControlFlow::Break(())
        }
    })?;
    damaged.map_or(Ok(()), |row| Err(ledger.damaged(row)))
}
