//! The passes of the audit: each streams over one table and looks up the counterparts of its rows in bulk.

use std::ops::ControlFlow;

use osmia_primitives::MilestoneIndex;

use super::{AuditReport, Problem};
use crate::ledger::balance::Balance;
use crate::ledger::keys::{SPENT, UNSPENT, address_key, address_output_key, output_key, treasury_key};
use crate::ledger::limits::AUDIT_BATCH_ROWS;
use crate::ledger::read::parse_receipt;
use crate::ledger::rows::{
    AddressOutputKey, MilestoneDiff, Parsed, StoredOutput, TreasuryOutput, parse_address, parse_output_id,
};
use crate::ledger::{LedgerRead, LedgerTable};
use crate::limits::TOKEN_SUPPLY;
use crate::{Address, OutputId};

type KeyValue = (Vec<u8>, Vec<u8>);

/// Every output stands exactly once in the list of its address, in the right spent state.
pub(super) fn outputs<L: LedgerRead>(ledger: &L, report: &mut AuditReport) -> Result<(), L::Error> {
    in_batches(ledger, LedgerTable::Outputs, |batch| {
        let mut outputs = Vec::with_capacity(batch.len());
        for (key, value) in batch {
            let parsed = parse_output_id(key).and_then(|id| Ok((id, StoredOutput::parse(value)?)));
            outputs.extend(readable(report, LedgerTable::Outputs, key, parsed));
        }
        let keys: Vec<Vec<u8>> = outputs
            .iter()
            .flat_map(|(id, output)| {
                [UNSPENT, SPENT].map(|spent| address_output_key(&output_key(id), output, spent).to_vec())
            })
            .collect();
        let found = ledger.rows(LedgerTable::AddressOutputs, &keys)?;
        for ((id, output), found) in outputs.iter().zip(found.chunks_exact(2)) {
            report.outputs += 1;
            if output.spent.is_none() {
                report.unspent_outputs += 1;
                report.output_funds += u128::from(output.amount);
            }
            match found {
                [Some(_), None] if output.spent.is_none() => {}
                [None, Some(_)] if output.spent.is_some() => {}
                [Some(_), None] | [None, Some(_)] => report.add(Problem::SpentState { id: *id }),
                [Some(_), Some(_)] => report.add(Problem::AddressRows { id: *id, count: 2 }),
                _ => report.add(Problem::AddressRows { id: *id, count: 0 }),
            }
        }
        Ok(())
    })
}

/// Every row in the list of an address is the one of its output, and the unspent ones sum up to the balance of the
/// address. Answers how many addresses have both outputs and a balance.
pub(super) fn address_outputs<L: LedgerRead>(ledger: &L, report: &mut AuditReport) -> Result<u64, L::Error> {
    let mut sums = Sums::default();
    let mut with_balance = 0;
    in_batches(ledger, LedgerTable::AddressOutputs, |batch| {
        let mut rows = Vec::with_capacity(batch.len());
        for (key, value) in batch {
            let parsed = match value.is_empty() {
                true => AddressOutputKey::parse(key),
                false => Err("its value is not empty"),
            };
            rows.extend(readable(report, LedgerTable::AddressOutputs, key, parsed));
        }
        let keys: Vec<Vec<u8>> = rows.iter().map(|row| row.id.to_bytes().to_vec()).collect();
        let outputs = ledger.rows(LedgerTable::Outputs, &keys)?;
        for (row, value) in rows.iter().zip(outputs) {
            let (address, id) = (row.address, row.id);
            // An output that cannot be read was reported by the pass over the outputs.
            match value.map(|value| StoredOutput::parse(&value)) {
                None => report.add(Problem::OutputMissing { address, id }),
                Some(Ok(output)) if is_row_of(row, &output) => sums.add(row, &output),
                Some(Ok(_)) => report.add(Problem::AddressRowDiffers { address, id }),
                Some(Err(_)) => {}
            }
        }
        with_balance += compare_balances(ledger, &sums.take_finished(), report)?;
        Ok(())
    })?;
    let last: Vec<(Address, Balance)> = sums.current.into_iter().collect();
    with_balance += compare_balances(ledger, &last, report)?;
    Ok(with_balance)
}

fn is_row_of(row: &AddressOutputKey, output: &StoredOutput) -> bool {
    let spent = if output.spent.is_some() { SPENT } else { UNSPENT };
    (row.address, row.kind, row.created, row.spent) == (output.address, output.kind, output.created, spent)
}

/// The sums of unspent outputs by address; rows come grouped by address.
#[derive(Default)]
struct Sums {
    finished: Vec<(Address, Balance)>,
    current: Option<(Address, Balance)>,
}

impl Sums {
    fn add(&mut self, row: &AddressOutputKey, output: &StoredOutput) {
        if row.spent == SPENT {
            return;
        }
        let (address, balance) = match self.current.take() {
            Some(current) if current.0 == row.address => current,
            earlier => {
                self.finished.extend(earlier);
                (row.address, Balance::default())
            }
        };
        // A sum that overflows is wrong whatever the balance says; the largest number cannot be a balance.
        let over = Balance { amount: u64::MAX, ..balance };
        self.current = Some((address, balance.with(output.kind, output.amount).unwrap_or(over)));
    }

    fn take_finished(&mut self) -> Vec<(Address, Balance)> {
        std::mem::take(&mut self.finished)
    }
}

/// Compares the sums of addresses with their balances; answers how many have a balance.
fn compare_balances<L: LedgerRead>(
    ledger: &L,
    sums: &[(Address, Balance)],
    report: &mut AuditReport,
) -> Result<u64, L::Error> {
    let keys: Vec<Vec<u8>> = sums.iter().map(|(address, _)| address_key(address).0.to_vec()).collect();
    let mut with_balance = 0;
    for ((address, computed), value) in sums.iter().zip(ledger.rows(LedgerTable::Balances, &keys)?) {
        with_balance += u64::from(value.is_some());
        let stored = match value.map(|value| Balance::parse(&value)) {
            None => Balance::default(),
            Some(Ok(stored)) => stored,
            // The pass over the balances reports it.
            Some(Err(_)) => continue,
        };
        if stored != *computed {
            report.add(Problem::Balance { address: *address, stored, computed: *computed });
        }
    }
    Ok(with_balance)
}

/// No balance is zero and every balance has outputs. `with_outputs` addresses were found to have both; only when there
/// are more balances than that, the ones without outputs are searched.
pub(super) fn balances<L: LedgerRead>(
    ledger: &L,
    with_outputs: u64,
    report: &mut AuditReport,
) -> Result<(), L::Error> {
    let mut rows = 0_u64;
    in_batches(ledger, LedgerTable::Balances, |batch| {
        for (key, value) in batch {
            rows += 1;
            let parsed = parse_address(key).and_then(|address| Ok((address, Balance::parse(value)?)));
            match readable(report, LedgerTable::Balances, key, parsed) {
                Some((address, balance)) if balance.is_zero() => report.add(Problem::ZeroBalance { address }),
                Some(_) => report.addresses += 1,
                None => {}
            }
        }
        Ok(())
    })?;
    if rows == with_outputs {
        return Ok(());
    }
    in_batches(ledger, LedgerTable::Balances, |batch| {
        for (key, value) in batch {
            let parsed = parse_address(key).and_then(|address| Ok((address, Balance::parse(value)?)));
            let Ok((address, stored)) = parsed else { continue };
            if !stored.is_zero() && !has_unspent(ledger, &address)? {
                report.add(Problem::Balance { address, stored, computed: Balance::default() });
            }
        }
        Ok(())
    })
}

fn has_unspent<L: LedgerRead>(ledger: &L, address: &Address) -> Result<bool, L::Error> {
    let mut prefix = address_key(address).0.to_vec();
    prefix.push(UNSPENT);
    let mut found = false;
    ledger.scan(LedgerTable::AddressOutputs, &prefix, &mut |_, _| {
        found = true;
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// There is exactly one unspent treasury output.
pub(super) fn treasury<L: LedgerRead>(ledger: &L, report: &mut AuditReport) -> Result<(), L::Error> {
    let mut found = 0;
    in_batches(ledger, LedgerTable::Treasury, |batch| {
        for (key, value) in batch {
            let parsed = TreasuryOutput::parse(key, value);
            if let Some((output, UNSPENT)) = readable(report, LedgerTable::Treasury, key, parsed) {
                found += 1;
                report.treasury_funds += u128::from(output.amount);
            }
        }
        Ok(())
    })?;
    if found != 1 {
        report.add(Problem::UnspentTreasuries { found });
    }
    Ok(())
}

/// Outputs and treasury sum up to the supply.
pub(super) fn supply(report: &mut AuditReport) {
    let found = report.output_funds + report.treasury_funds;
    if found != u128::from(TOKEN_SUPPLY) {
        report.add(Problem::Supply { expected: TOKEN_SUPPLY, found });
    }
}

/// Every output and treasury output in the diff of a milestone exists and belongs to it.
pub(super) fn diffs<L: LedgerRead>(ledger: &L, report: &mut AuditReport) -> Result<(), L::Error> {
    in_batches_of(1, ledger, LedgerTable::Diffs, |batch| {
        for (key, value) in batch {
            let milestone = key.as_slice().try_into().map(|key| MilestoneIndex(u32::from_be_bytes(key)));
            let milestone = milestone.map_err(|_| "its key is not a milestone index");
            let parsed = milestone.and_then(|milestone| Ok((milestone, MilestoneDiff::parse(value)?)));
            let Some((milestone, diff)) = readable(report, LedgerTable::Diffs, key, parsed) else { continue };
            report.diffs += 1;
            let was_created = |output: &StoredOutput| output.created == milestone;
            let was_spent =
                |output: &StoredOutput| output.spent.is_some_and(|spent| spent.milestone == milestone);
            diff_outputs(ledger, milestone, &diff.created, &was_created, report)?;
            diff_outputs(ledger, milestone, &diff.consumed, &was_spent, report)?;
            if !has_treasuries(ledger, &diff)? {
                report.add(Problem::DiffTreasuryMissing { milestone });
            }
        }
        Ok(())
    })
}

fn diff_outputs<L: LedgerRead>(
    ledger: &L,
    milestone: MilestoneIndex,
    ids: &[OutputId],
    belongs: &dyn Fn(&StoredOutput) -> bool,
    report: &mut AuditReport,
) -> Result<(), L::Error> {
    for ids in ids.chunks(AUDIT_BATCH_ROWS) {
        let keys: Vec<Vec<u8>> = ids.iter().map(|id| id.to_bytes().to_vec()).collect();
        for (id, value) in ids.iter().zip(ledger.rows(LedgerTable::Outputs, &keys)?) {
            match value.map(|value| StoredOutput::parse(&value)) {
                None => report.add(Problem::DiffOutputMissing { milestone, id: *id }),
                Some(Ok(output)) if !belongs(&output) => {
                    report.add(Problem::DiffOutputDiffers { milestone, id: *id });
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

/// Whether the treasury outputs of a diff exist: the consumed one as spent, the created one in either state.
fn has_treasuries<L: LedgerRead>(ledger: &L, diff: &MilestoneDiff) -> Result<bool, L::Error> {
    let Some(treasury) = &diff.treasury else { return Ok(true) };
    let keys = [
        treasury_key(SPENT, &treasury.consumed).to_vec(),
        treasury_key(UNSPENT, &treasury.created).to_vec(),
        treasury_key(SPENT, &treasury.created).to_vec(),
    ];
    let found = ledger.rows(LedgerTable::Treasury, &keys)?;
    Ok(matches!(found.as_slice(), [Some(_), Some(_), None] | [Some(_), None, Some(_)]))
}

/// Every receipt can be read and stands under its own key.
pub(super) fn receipts<L: LedgerRead>(ledger: &L, report: &mut AuditReport) -> Result<(), L::Error> {
    in_batches(ledger, LedgerTable::Receipts, |batch| {
        for (key, value) in batch {
            readable(report, LedgerTable::Receipts, key, parse_receipt(key, value));
        }
        Ok(())
    })
}

fn readable<T>(report: &mut AuditReport, table: LedgerTable, key: &[u8], parsed: Parsed<T>) -> Option<T> {
    match parsed {
        Ok(value) => Some(value),
        Err(problem) => {
            report.add(Problem::Unreadable { table, key: key.to_vec(), problem });
            None
        }
    }
}

/// Streams a table in batches of [`AUDIT_BATCH_ROWS`].
fn in_batches<L: LedgerRead>(
    ledger: &L,
    table: LedgerTable,
    visit: impl FnMut(&[KeyValue]) -> Result<(), L::Error>,
) -> Result<(), L::Error> {
    in_batches_of(AUDIT_BATCH_ROWS, ledger, table, visit)
}

fn in_batches_of<L: LedgerRead>(
    rows: usize,
    ledger: &L,
    table: LedgerTable,
    mut visit: impl FnMut(&[KeyValue]) -> Result<(), L::Error>,
) -> Result<(), L::Error> {
    let mut batch: Vec<KeyValue> = Vec::with_capacity(rows);
    let mut failed = None;
    ledger.scan(table, &[], &mut |key, value| {
        batch.push((key.to_vec(), value.to_vec()));
        if batch.len() < rows {
            return ControlFlow::Continue(());
        }
        let visited = visit(&batch);
        batch.clear();
        match visited {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    failed.map_or(Ok(()), Err)?;
    visit(&batch)
}
