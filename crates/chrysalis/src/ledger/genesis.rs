//! The rows of a small ledger that is in memory already, for tests and tools. Snapshot files are loaded in chunks, by
//! [`import_outputs`](super::import_outputs).

use std::collections::BTreeMap;

use osmia_primitives::{MessageId, MilestoneIndex};

use super::balance::Balance;
use super::keys::{AddressKey, UNSPENT, address_key, address_output_key, output_key, treasury_key};
use super::rows::{StoredOutput, TreasuryOutput};
use super::{LedgerTable, Row};
use crate::{Output, OutputId};

/// An unspent output of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenesisOutput {
    /// Its id.
    pub id: OutputId,
    /// The message whose transaction created it.
    pub message_id: MessageId,
    /// The output.
    pub output: Output,
}

/// The balances of the outputs so far. Amounts that sum up to more than 2^64 are cut off at the end of the range:
/// [`audit`](super::audit()) finds it.
#[derive(Clone, Debug, Default)]
struct GenesisBalances(BTreeMap<AddressKey, Balance>);

impl GenesisBalances {
    /// The rows of one output, which counts as created by the milestone of the snapshot's ledger.
    fn insert(&mut self, output: &GenesisOutput, ledger_index: MilestoneIndex) -> [Row; 2] {
        let stored = StoredOutput {
            message_id: output.message_id,
            kind: output.output.kind,
            address: output.output.address,
            amount: output.output.amount,
            created: ledger_index,
            spent: None,
        };
        let balance = self.0.entry(address_key(&stored.address)).or_default();
        *balance =
            balance.with(stored.kind, stored.amount).unwrap_or(Balance { amount: u64::MAX, ..*balance });
        let id = output_key(&output.id);
        [
            (LedgerTable::Outputs, id.0.to_vec(), Some(stored.pack())),
            (
                LedgerTable::AddressOutputs,
                address_output_key(&id, &stored, UNSPENT).to_vec(),
                Some(Vec::new()),
            ),
        ]
    }

    /// The remaining rows: the balances and the treasury.
    fn finish(self, treasury: Option<TreasuryOutput>) -> impl Iterator<Item = Row> {
        let nonzero = self.0.into_iter().filter(|(_, balance)| !balance.is_zero());
        let balances =
            nonzero.map(|(key, balance)| (LedgerTable::Balances, key.0.to_vec(), Some(balance.pack())));
        let treasury = treasury.map(|treasury| {
            (
                LedgerTable::Treasury,
                treasury_key(UNSPENT, &treasury.milestone_id).to_vec(),
                Some(treasury.pack()),
            )
        });
        balances.chain(treasury)
    }
}

/// All rows of a ledger with `outputs`, created by the milestone `ledger_index`, and `treasury`.
#[must_use]
pub fn insert_genesis(
    outputs: &[GenesisOutput],
    treasury: Option<TreasuryOutput>,
    ledger_index: MilestoneIndex,
) -> Vec<Row> {
    let mut balances = GenesisBalances::default();
    let mut rows: Vec<Row> =
        outputs.iter().flat_map(|output| balances.insert(output, ledger_index)).collect();
    rows.extend(balances.finish(treasury));
    rows
}
