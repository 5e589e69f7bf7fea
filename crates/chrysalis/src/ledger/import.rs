//! A ledger from a snapshot file: its outputs, and its milestones applied or taken back.
//!
//! Whoever loads a file writes the rows of each step before asking for those of the next one. Outputs come and go in chunks
//! of any size, so that memory does not grow with the file or with one of its milestones.
//!
//! A ledger that comes from a snapshot has no history: no spent output, no spent treasury output and no diff of a milestone
//! up to the one it begins with. [`undo`](super::undo()) and [`prune`](super::prune()) answer `None` for those milestones and
//! work for all later ones. Receipts of milestones that were applied are kept; older ones are not in the file.

use std::collections::BTreeMap;

use osmia_primitives::{MilestoneId, MilestoneIndex};

use super::balance::Balance;
use super::keys::{
    AddressKey, OutputKey, UNSPENT, address_key, address_output_key, output_key, receipt_key, treasury_key,
};
use super::read::treasury;
use super::receipt::{ReceiptError, validate};
use super::rows::{StoredOutput, TreasuryOutput};
use super::{LedgerRead, LedgerTable, Row, decode, read_many};
use crate::snapshot::{MilestoneDiff, SnapshotOutput, SnapshotTreasury};
use crate::{Address, OutputId, Receipt};

/// Whether a milestone is added to the ledger, as in a delta file, or taken from it, as in a full file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The milestone follows the ledger.
    Apply,
    /// The milestone is the last one of the ledger.
    TakeBack,
}

/// How a snapshot file contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// An output comes into a ledger that has it.
    #[error("output {0} is created, but is there already")]
    OutputExists(OutputId),
    /// A list of a milestone has an output twice.
    #[error("output {0} is listed twice")]
    OutputTwice(OutputId),
    /// An output leaves a ledger that does not have it.
    #[error("output {0} is consumed, but is not there")]
    OutputMissing(OutputId),
    /// An output leaves the ledger otherwise than it came.
    #[error("output {0} is described in two ways")]
    OutputDiffers(OutputId),
    /// The outputs of an address hold more than there can be.
    #[error("the outputs of {0:?} hold more tokens than there are")]
    Balance(Address),
    /// The treasury output is not the one of the ledger.
    #[error(
        "the treasury output should be {} with {} tokens, but is {} with {} tokens",
        ledger.milestone_id, ledger.amount, file.milestone_id, file.amount
    )]
    Treasury {
        /// That of the ledger.
        ledger: TreasuryOutput,
        /// That of the file.
        file: TreasuryOutput,
    },
    /// A receipt that cannot have been applied.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// A milestone makes or destroys tokens.
    #[error("{consumed} tokens are consumed, but {created} created")]
    Funds {
        /// Tokens in the outputs that it consumes, and those that leave the treasury.
        consumed: u128,
        /// Tokens in the outputs that it creates.
        created: u128,
    },
}

/// Why a step of importing gives no rows.
#[derive(Debug)]
pub enum ImportError<E> {
    /// The ledger cannot be read or is damaged.
    Ledger(E),
    /// The file contradicts itself.
    Contradiction(Contradiction),
}

impl<E> From<Contradiction> for ImportError<E> {
    fn from(contradiction: Contradiction) -> Self {
        Self::Contradiction(contradiction)
    }
}

/// Rows to write, or why there are none.
pub type Imported<E> = Result<Vec<Row>, ImportError<E>>;

/// What a milestone of a file does to a ledger, in one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MilestoneMoves {
    /// What it does to the treasury and the receipts.
    pub rows: Vec<Row>,
    /// What leaves the ledger, ascending by the bytes of the ids.
    pub leave: Vec<SnapshotOutput>,
    /// What comes into the ledger, ascending by the bytes of the ids.
    pub come: Vec<SnapshotOutput>,
    /// What the milestone both created and consumed, ascending: it is in the ledger neither before nor after.
    pub pass: Vec<OutputId>,
}

/// What `diff` does to a ledger whose last milestone it is ([`Direction::TakeBack`]) or which it follows
/// ([`Direction::Apply`]). The outputs are not compared with the ledger yet: that is done when they move.
///
/// # Errors
/// [`Contradiction`] when the milestone names an output twice, does not keep the sum of all tokens or its receipt does not
/// fit the treasury; or when the ledger cannot be read.
pub fn import_milestone<L: LedgerRead>(
    ledger: &L,
    diff: MilestoneDiff,
    direction: Direction,
) -> Result<MilestoneMoves, ImportError<L::Error>> {
    let MilestoneDiff { milestone, spent_treasury, created, consumed } = diff;
    let mut from_treasury = 0;
    let mut rows = Vec::new();
    if let (Some(receipt), Some(spent)) = (&milestone.receipt, spent_treasury) {
        validate(receipt, spent.amount).map_err(Contradiction::Receipt)?;
        let before = treasury_output(&spent);
        let after =
            TreasuryOutput { milestone_id: milestone.id(), amount: receipt.transaction.output_amount };
        from_treasury = u128::from(before.amount) - u128::from(after.amount);
        rows = match direction {
            Direction::Apply => replace_treasury(ledger, before, after)?,
            Direction::TakeBack => replace_treasury(ledger, after, before)?,
        };
        rows.extend(receipt_row(receipt, milestone.index, direction));
    }
    let consumed: Vec<SnapshotOutput> = consumed.into_iter().map(|spent| spent.output).collect();
    check_funds(&created, &consumed, from_treasury)?;
    let (leave, come, pass) = match direction {
        Direction::Apply => moves(consumed, created)?,
        Direction::TakeBack => moves(created, consumed)?,
    };
    Ok(MilestoneMoves { rows, leave, come, pass })
}

/// The rows with which `outputs` come into the ledger, as created by the milestone `created`.
///
/// # Errors
/// [`Contradiction`] when the ledger or the list has one of them already, or an address would own more than there can be; or
/// when the ledger cannot be read.
pub fn import_outputs<L: LedgerRead>(
    ledger: &L,
    outputs: &[SnapshotOutput],
    created: MilestoneIndex,
) -> Imported<L::Error> {
    let mut outputs: Vec<Keyed> = outputs.iter().map(|output| keyed(output, created)).collect();
    outputs.sort_unstable_by_key(|(key, _)| *key);
    check_distinct(outputs.iter().map(|(key, _)| *key))?;
    let keys: Vec<OutputKey> = outputs.iter().map(|(key, _)| *key).collect();
    check_absent(ledger, &keys)?;
    let mut balances = Balances::read(ledger, &outputs)?;
    let mut rows = Vec::with_capacity(outputs.len() * 3);
    for (key, output) in &outputs {
        balances.change(output, |balance| balance.with(output.kind, output.amount))?;
        let in_list = address_output_key(key, output, UNSPENT).to_vec();
        rows.push((LedgerTable::Outputs, key.0.to_vec(), Some(output.pack())));
        rows.push((LedgerTable::AddressOutputs, in_list, Some(Vec::new())));
    }
    rows.extend(balances.rows());
    Ok(rows)
}

/// The rows with which `outputs` leave the ledger without a trace.
///
/// # Errors
/// [`Contradiction`] when the ledger does not have one of them, or has it otherwise; or when the ledger cannot be read.
pub fn remove_outputs<L: LedgerRead>(ledger: &L, outputs: &[SnapshotOutput]) -> Imported<L::Error> {
    let keys: Vec<OutputKey> = outputs.iter().map(|output| output_key(&output.output_id)).collect();
    let stored = read_many(ledger, LedgerTable::Outputs, &keys).map_err(ImportError::Ledger)?;
    let mut leaving = Vec::with_capacity(outputs.len());
    for ((output, key), row) in outputs.iter().zip(keys).zip(stored) {
        let row = row.ok_or(Contradiction::OutputMissing(output.output_id))?;
        let parsed = StoredOutput::parse(&row);
        let stored = decode(ledger, LedgerTable::Outputs, &key.0, parsed).map_err(ImportError::Ledger)?;
        if keyed(output, stored.created).1 != stored {
            return Err(Contradiction::OutputDiffers(output.output_id).into());
        }
        leaving.push((key, stored));
    }
    let mut balances = Balances::read(ledger, &leaving)?;
    let mut rows = Vec::with_capacity(leaving.len() * 3);
    for (key, output) in &leaving {
        balances.change(output, |balance| balance.without(output.kind, output.amount))?;
        rows.push((LedgerTable::Outputs, key.0.to_vec(), None));
        rows.push((LedgerTable::AddressOutputs, address_output_key(key, output, UNSPENT).to_vec(), None));
    }
    rows.extend(balances.rows());
    Ok(rows)
}

/// Checks that none of `ids` is in the ledger.
///
/// # Errors
/// [`Contradiction::OutputExists`], or when the ledger cannot be read.
pub fn check_no_outputs<L: LedgerRead>(ledger: &L, ids: &[OutputId]) -> Result<(), ImportError<L::Error>> {
    check_absent(ledger, &ids.iter().map(output_key).collect::<Vec<_>>())
}

/// The row of the treasury output that a full file begins with.
#[must_use]
pub fn import_treasury(treasury: &SnapshotTreasury) -> Row {
    let output = treasury_output(treasury);
    (LedgerTable::Treasury, treasury_key(UNSPENT, &output.milestone_id).to_vec(), Some(output.pack()))
}

type Keyed = (OutputKey, StoredOutput);
type Moves = (Vec<SnapshotOutput>, Vec<SnapshotOutput>, Vec<OutputId>);

fn keyed(output: &SnapshotOutput, created: MilestoneIndex) -> Keyed {
    let stored = StoredOutput {
        message_id: output.message_id,
        kind: output.output.kind,
        address: output.output.address,
        amount: output.output.amount,
        created,
        spent: None,
    };
    (output_key(&output.output_id), stored)
}

const fn treasury_output(treasury: &SnapshotTreasury) -> TreasuryOutput {
    TreasuryOutput { milestone_id: treasury.milestone_id, amount: treasury.amount }
}

/// What is only in `leave`, what is only in `come`, and what is in both; each ascending.
fn moves(mut leave: Vec<SnapshotOutput>, mut come: Vec<SnapshotOutput>) -> Result<Moves, Contradiction> {
    for outputs in [&mut leave, &mut come] {
        outputs.sort_unstable_by_key(|output| output.output_id.to_bytes());
        check_distinct(outputs.iter().map(|output| output_key(&output.output_id)))?;
    }
    let mut pass = Vec::new();
    for output in &leave {
        let id = output.output_id.to_bytes();
        let Ok(place) = come.binary_search_by_key(&id, |output| output.output_id.to_bytes()) else {
            continue;
        };
        if come.get(place) != Some(output) {
            return Err(Contradiction::OutputDiffers(output.output_id));
        }
        pass.push(output.output_id);
    }
    if !pass.is_empty() {
        let passes = |output: &SnapshotOutput| {
            pass.binary_search_by_key(&output.output_id.to_bytes(), OutputId::to_bytes).is_ok()
        };
        leave.retain(|output| !passes(output));
        come.retain(|output| !passes(output));
    }
    Ok((leave, come, pass))
}

/// `keys` ascend.
fn check_distinct(keys: impl Iterator<Item = OutputKey>) -> Result<(), Contradiction> {
    let mut previous = None;
    for key in keys {
        if previous.replace(key) == Some(key) {
            return Err(Contradiction::OutputTwice(super::rows::output_id(&key)));
        }
    }
    Ok(())
}

fn check_absent<L: LedgerRead>(ledger: &L, keys: &[OutputKey]) -> Result<(), ImportError<L::Error>> {
    let rows = read_many(ledger, LedgerTable::Outputs, keys).map_err(ImportError::Ledger)?;
    match keys.iter().zip(rows).find(|(_, row)| row.is_some()) {
        Some((key, _)) => Err(Contradiction::OutputExists(super::rows::output_id(key)).into()),
        None => Ok(()),
    }
}

fn check_funds(
    created: &[SnapshotOutput],
    consumed: &[SnapshotOutput],
    from_treasury: u128,
) -> Result<(), Contradiction> {
    let sum = |outputs: &[SnapshotOutput]| -> u128 {
        outputs.iter().map(|output| u128::from(output.output.amount)).sum()
    };
    let (created, consumed) = (sum(created), sum(consumed) + from_treasury);
    if created == consumed { Ok(()) } else { Err(Contradiction::Funds { consumed, created }) }
}

/// The rows that put the treasury output `to` in the place of `from`, which must be the unspent one.
fn replace_treasury<L: LedgerRead>(
    ledger: &L,
    from: TreasuryOutput,
    to: TreasuryOutput,
) -> Imported<L::Error> {
    let unspent = treasury(ledger).map_err(ImportError::Ledger)?;
    let unspent = unspent.ok_or(Contradiction::Receipt(ReceiptError::NoTreasury))?;
    if unspent != from {
        return Err(Contradiction::Treasury { ledger: unspent, file: from }.into());
    }
    let key = |id: &MilestoneId| treasury_key(UNSPENT, id).to_vec();
    // In this order: a receipt that gives the treasury output its own name leaves one, not none.
    Ok(vec![
        (LedgerTable::Treasury, key(&from.milestone_id), None),
        (LedgerTable::Treasury, key(&to.milestone_id), Some(to.pack())),
    ])
}

fn receipt_row(receipt: &Receipt, milestone: MilestoneIndex, direction: Direction) -> Option<Row> {
    match direction {
        Direction::Apply => Some((
            LedgerTable::Receipts,
            receipt_key(receipt.migrated_at, milestone).to_vec(),
            Some(receipt.pack()),
        )),
        // A full file does not bring the receipts of its ledger.
        Direction::TakeBack => None,
    }
}

/// The balances of the addresses of a chunk of outputs.
struct Balances(BTreeMap<AddressKey, Balance>);

impl Balances {
    fn read<L: LedgerRead>(ledger: &L, outputs: &[Keyed]) -> Result<Self, ImportError<L::Error>> {
        let mut keys: Vec<AddressKey> =
            outputs.iter().map(|(_, output)| address_key(&output.address)).collect();
        keys.sort_unstable();
        keys.dedup();
        let rows = read_many(ledger, LedgerTable::Balances, &keys).map_err(ImportError::Ledger)?;
        let balances = keys.into_iter().zip(rows).map(|(key, row)| {
            let parsed = row.map_or(Ok(Balance::default()), |row| Balance::parse(&row));
            Ok((key, decode(ledger, LedgerTable::Balances, &key.0, parsed).map_err(ImportError::Ledger)?))
        });
        balances.collect::<Result<_, _>>().map(Self)
    }

    fn change(
        &mut self,
        output: &StoredOutput,
        change: impl Fn(&Balance) -> Option<Balance>,
    ) -> Result<(), Contradiction> {
        let balance = self.0.entry(address_key(&output.address)).or_default();
        *balance = change(balance).ok_or(Contradiction::Balance(output.address))?;
        Ok(())
    }

    fn rows(self) -> impl Iterator<Item = Row> {
        self.0.into_iter().map(|(key, balance)| {
            (LedgerTable::Balances, key.0.to_vec(), (!balance.is_zero()).then(|| balance.pack()))
        })
    }
}
