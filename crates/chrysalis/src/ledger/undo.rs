//! Turning milestones back, and forgetting the spent outputs of old ones.

use std::collections::BTreeMap;

use osmia_primitives::MilestoneIndex;

use super::balance::Balance;
use super::keys::{
    AddressKey, OutputKey, SPENT, UNSPENT, address_key, address_output_key, diff_key, output_key,
    receipt_key, treasury_key,
};
use super::read::diff;
use super::rows::{MilestoneDiff, StoredOutput, TreasuryMutation, TreasuryOutput};
use super::{DamagedRow, LedgerRead, LedgerTable, Row, decode, read, read_many};
use crate::OutputId;

/// The rows that turn back the last confirmed `milestone`: after them the ledger is what it was before. `None` when the
/// milestone has no diff.
///
/// # Errors
/// When the ledger cannot be read or is damaged. That a later milestone spent an output of this one counts as damage.
pub fn undo<L: LedgerRead>(ledger: &L, milestone: MilestoneIndex) -> Result<Option<Vec<Row>>, L::Error> {
    let Some(diff) = diff(ledger, milestone)? else { return Ok(None) };
    let mut undoing = Undoing { ledger, milestone, rows: Vec::new(), balances: BTreeMap::new() };
    // Outputs come back before others leave, so that no balance is too small on the way.
    undoing.restore_consumed(&diff)?;
    undoing.remove_created(&diff)?;
    undoing.put_balances();
    undoing.rows.push((LedgerTable::Diffs, diff_key(milestone).to_vec(), None));
    if let Some(treasury) = &diff.treasury {
        undoing.restore_treasury(treasury)?;
    }
    let mut rows = undoing.rows;
    rows.sort_unstable();
    Ok(Some(rows))
}

/// The rows that forget what `milestone` consumed: the spent outputs, the spent treasury output and the diff. `None`
/// when the milestone has no diff. Unspent outputs and receipts stay.
///
/// # Errors
/// When the ledger cannot be read or is damaged.
pub fn prune<L: LedgerRead>(ledger: &L, milestone: MilestoneIndex) -> Result<Option<Vec<Row>>, L::Error> {
    let Some(diff) = diff(ledger, milestone)? else { return Ok(None) };
    let mut rows = Vec::with_capacity(diff.consumed.len() * 2 + 2);
    for (key, output) in outputs(ledger, &diff.consumed)? {
        if output.spent.is_none() {
            return Err(damaged_output(
                ledger,
                key,
                "the diff of a milestone consumes it, but it is unspent",
            ));
        }
        rows.push((LedgerTable::Outputs, key.0.to_vec(), None));
        rows.push((LedgerTable::AddressOutputs, address_output_key(&key, &output, SPENT).to_vec(), None));
    }
    rows.push((LedgerTable::Diffs, diff_key(milestone).to_vec(), None));
    if let Some(treasury) = diff.treasury {
        rows.push((LedgerTable::Treasury, treasury_key(SPENT, &treasury.consumed).to_vec(), None));
    }
    rows.sort_unstable();
    Ok(Some(rows))
}

struct Undoing<'a, L> {
    ledger: &'a L,
    milestone: MilestoneIndex,
    rows: Vec<Row>,
    balances: BTreeMap<AddressKey, Balance>,
}

impl<L: LedgerRead> Undoing<'_, L> {
    fn restore_consumed(&mut self, diff: &MilestoneDiff) -> Result<(), L::Error> {
        let kept: Vec<OutputId> = difference(&diff.consumed, &diff.created);
        for (key, mut output) in outputs(self.ledger, &kept)? {
            if output.spent.take().is_none_or(|spent| spent.milestone != self.milestone) {
                return Err(damaged_output(self.ledger, key, "the milestone to turn back did not spend it"));
            }
            self.rows.push((LedgerTable::Outputs, key.0.to_vec(), Some(output.pack())));
            self.put_address_output(&key, &output, SPENT, None);
            self.put_address_output(&key, &output, UNSPENT, Some(Vec::new()));
            let balance = self.balance(&output)?.with(output.kind, output.amount);
            self.set_balance(&output, balance)?;
        }
        Ok(())
    }

    fn remove_created(&mut self, diff: &MilestoneDiff) -> Result<(), L::Error> {
        for (key, output) in outputs(self.ledger, &diff.created)? {
            self.rows.push((LedgerTable::Outputs, key.0.to_vec(), None));
            match output.spent {
                None => {
                    self.put_address_output(&key, &output, UNSPENT, None);
                    let balance = self.balance(&output)?.without(output.kind, output.amount);
                    self.set_balance(&output, balance)?;
                }
                Some(spent) if spent.milestone == self.milestone => {
                    self.put_address_output(&key, &output, SPENT, None);
                }
                Some(_) => return Err(damaged_output(self.ledger, key, "a later milestone spent it")),
            }
        }
        Ok(())
    }

    fn restore_treasury(&mut self, mutation: &TreasuryMutation) -> Result<(), L::Error> {
        let spent = treasury_key(SPENT, &mutation.consumed);
        let Some(value) = self.ledger.row(LedgerTable::Treasury, &spent)? else {
            let (table, key) = (LedgerTable::Treasury, spent.to_vec());
            return Err(self.ledger.damaged(DamagedRow { table, key, problem: "it is missing" }));
        };
        let parsed = TreasuryOutput::parse(&spent, &value);
        let (output, _) = decode(self.ledger, LedgerTable::Treasury, &spent, parsed)?;
        self.rows.extend([
            (LedgerTable::Treasury, spent.to_vec(), None),
            (LedgerTable::Treasury, treasury_key(UNSPENT, &mutation.consumed).to_vec(), Some(output.pack())),
            (LedgerTable::Treasury, treasury_key(UNSPENT, &mutation.created).to_vec(), None),
            (LedgerTable::Receipts, receipt_key(mutation.migrated_at, self.milestone).to_vec(), None),
        ]);
        Ok(())
    }

    fn put_address_output(
        &mut self,
        id: &OutputKey,
        output: &StoredOutput,
        spent: u8,
        value: Option<Vec<u8>>,
    ) {
        let key = address_output_key(id, output, spent).to_vec();
        self.rows.push((LedgerTable::AddressOutputs, key, value));
    }

    fn balance(&self, output: &StoredOutput) -> Result<Balance, L::Error> {
        let key = address_key(&output.address);
        if let Some(balance) = self.balances.get(&key) {
            return Ok(*balance);
        }
        Ok(read(self.ledger, LedgerTable::Balances, &key.0, Balance::parse)?.unwrap_or_default())
    }

    fn set_balance(&mut self, output: &StoredOutput, balance: Option<Balance>) -> Result<(), L::Error> {
        let key = address_key(&output.address);
        let Some(balance) = balance else {
            let (table, key) = (LedgerTable::Balances, key.0.to_vec());
            let problem = "it does not fit the outputs of the address";
            return Err(self.ledger.damaged(DamagedRow { table, key, problem }));
        };
        self.balances.insert(key, balance);
        Ok(())
    }

    fn put_balances(&mut self) {
        let balances = std::mem::take(&mut self.balances);
        self.rows.extend(balances.into_iter().map(|(key, balance)| {
            (LedgerTable::Balances, key.0.to_vec(), (!balance.is_zero()).then(|| balance.pack()))
        }));
    }
}

type KeyedOutput = (OutputKey, StoredOutput);

/// The ids of `from` that are not in `without`; both ascending.
fn difference(from: &[OutputId], without: &[OutputId]) -> Vec<OutputId> {
    let is_kept = |id: &&OutputId| without.binary_search(id).is_err();
    from.iter().filter(is_kept).copied().collect()
}

/// The outputs of `ids`, which must exist.
fn outputs<L: LedgerRead>(ledger: &L, ids: &[OutputId]) -> Result<Vec<KeyedOutput>, L::Error> {
    let keys: Vec<OutputKey> = ids.iter().map(output_key).collect();
    let values = read_many(ledger, LedgerTable::Outputs, &keys)?;
    let rows = keys.into_iter().zip(values);
    rows.map(|(key, value)| {
        let parsed = value.ok_or("it is missing").and_then(|value| StoredOutput::parse(&value));
        Ok((key, decode(ledger, LedgerTable::Outputs, &key.0, parsed)?))
    })
    .collect()
}

fn damaged_output<L: LedgerRead>(ledger: &L, key: OutputKey, problem: &'static str) -> L::Error {
    ledger.damaged(DamagedRow { table: LedgerTable::Outputs, key: key.0.to_vec(), problem })
}
