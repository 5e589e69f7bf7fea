//! What one milestone changes in the ledger.

mod finish;
mod state;

use osmia_primitives::blake2b::Digest;
use osmia_primitives::{IdHasherKey, MessageId, MilestoneId, MilestoneIndex, TransactionId, merkle};

use super::balance::dust_changes;
use super::conflict::{self, ConflictReason, Unlocks};
use super::keys::output_key;
use super::read::treasury;
use super::receipt::{self, ReceiptError, migrated_output_id};
use super::rows::{Spent, StoredOutput, TreasuryOutput};
use super::{LedgerRead, Row};
use crate::{OutputId, OutputKind, Receipt, Transaction};
use state::{Balances, Lookup, Outputs};

pub use finish::{BorrowedRow, Changes};

/// All changes of one milestone on top of a ledger, which itself stays as it is.
///
/// Use: [`new`](Self::new), [`prefetch`](Self::prefetch) if there are many transactions, [`apply`](Self::apply) for
/// every transaction of the cone in white-flag order, then [`apply_receipt`](Self::apply_receipt) if the milestone has
/// one, then [`finish`](Self::finish). After an error of the ledger the changes are incomplete and must be dropped.
///
/// Memory: about 400 bytes for each distinct input, output and address of the transactions.
pub struct MilestoneChanges<'a, L: LedgerRead> {
    ledger: &'a L,
    index: MilestoneIndex,
    outputs: Outputs,
    balances: Balances,
    included: Vec<MessageId>,
    receipt: Option<AppliedReceipt>,
    /// The outputs that the transaction at hand consumes; kept for its allocation.
    consumed: Vec<StoredOutput>,
}

struct AppliedReceipt {
    consumed: TreasuryOutput,
    created: TreasuryOutput,
    receipt: Receipt,
}

impl<'a, L: LedgerRead> MilestoneChanges<'a, L> {
    /// No changes yet, for the milestone with `index`. `key` is the secret of tables whose keys strangers choose.
    pub fn new(ledger: &'a L, index: MilestoneIndex, key: IdHasherKey) -> Self {
        Self {
            ledger,
            index,
            outputs: Outputs::new(key),
            balances: Balances::new(key),
            included: Vec::new(),
            receipt: None,
            consumed: Vec::new(),
        }
    }

    /// Reads all rows that applying `transactions` needs, in two bulk reads. Changes no outcome.
    ///
    /// # Errors
    /// When the ledger cannot be read or is damaged.
    pub fn prefetch(&mut self, transactions: &[&Transaction]) -> Result<(), L::Error> {
        let essences = || transactions.iter().map(|transaction| &transaction.essence);
        let inputs = essences().flat_map(|essence| &essence.inputs).map(|input| output_key(&input.0));
        let inputs: Vec<_> = inputs.collect();
        let created = essences().map(|essence| essence.outputs.len()).sum();
        self.outputs.prefetch(self.ledger, &inputs, created)?;
        let consumed = inputs.iter().filter_map(|key| self.outputs.known(key)).map(|output| output.address);
        let created = essences().flat_map(|essence| &essence.outputs).map(|output| output.address);
        self.balances.prefetch(self.ledger, consumed.chain(created))
    }

    /// Applies `transaction`, which satisfies every syntactic rule, on top of the earlier ones; `None` when it was
    /// applied, otherwise the reason why it was ignored: the one the reference node gives.
    ///
    /// `signatures_valid` says whether each signature in its unlock blocks is the named key's over its essence.
    ///
    /// # Errors
    /// When the ledger cannot be read or is damaged.
    pub fn apply(
        &mut self,
        message_id: MessageId,
        transaction: &Transaction,
        transaction_id: TransactionId,
        signatures_valid: bool,
    ) -> Result<Option<ConflictReason>, L::Error> {
        self.check_open();
        let mut consumed = std::mem::take(&mut self.consumed);
        consumed.clear();
        let conflict = match self.collect_inputs(transaction, &mut consumed)? {
            Some(reason) => Some(reason),
            None => self.semantic_conflict(transaction, &consumed, signatures_valid)?,
        };
        if conflict.is_none() {
            self.spend(transaction, transaction_id, &consumed)?;
            self.create(message_id, transaction, transaction_id)?;
            self.included.push(message_id);
        }
        self.consumed = consumed;
        Ok(conflict)
    }

    /// Applies the milestone's receipt: pays its entries from the treasury. `message_id` is the milestone's message.
    ///
    /// The migrated outputs are named after `milestone_id`, so no transaction of the same milestone can spend them.
    ///
    /// # Errors
    /// The outer error when the ledger cannot be read or is damaged; the inner one when the receipt is not valid,
    /// nothing is changed then.
    pub fn apply_receipt(
        &mut self,
        milestone_id: MilestoneId,
        message_id: MessageId,
        receipt: &Receipt,
    ) -> Result<Result<(), ReceiptError>, L::Error> {
        self.check_open();
        let Some(consumed) = treasury(self.ledger)? else { return Ok(Err(ReceiptError::NoTreasury)) };
        if let Err(error) = receipt::validate(receipt, consumed.amount) {
            return Ok(Err(error));
        }
        for (index, entry) in receipt.funds.iter().enumerate() {
            let output = StoredOutput {
                message_id,
                kind: OutputKind::SigLockedSingle,
                address: entry.address,
                amount: entry.deposit,
                created: self.index,
                spent: None,
            };
            self.outputs.create(output_key(&migrated_output_id(milestone_id, index)), output);
            self.balances.add(self.ledger, &output)?;
        }
        let created = TreasuryOutput { milestone_id, amount: receipt.transaction.output_amount };
        self.receipt = Some(AppliedReceipt { consumed, created, receipt: receipt.clone() });
        Ok(Ok(()))
    }

    /// The messages whose transactions were applied, in that order.
    #[must_use]
    pub fn included(&self) -> &[MessageId] {
        &self.included
    }

    /// The Merkle root over [`included`](Self::included), which the milestone commits to (TIP-4).
    #[must_use]
    pub fn merkle_root(&self) -> Digest {
        merkle::root(&self.included)
    }

    /// The rows to write and what they mean.
    #[must_use]
    pub fn finish(self) -> Changes {
        finish::finish(self)
    }

    fn check_open(&self) {
        assert!(self.receipt.is_none(), "the one receipt of a milestone is applied after its transactions");
    }

    /// Finds the outputs that `transaction` consumes; the first input that cannot be consumed is a conflict.
    fn collect_inputs(
        &mut self,
        transaction: &Transaction,
        consumed: &mut Vec<StoredOutput>,
    ) -> Result<Option<ConflictReason>, L::Error> {
        for input in &transaction.essence.inputs {
            match self.outputs.look_up(self.ledger, output_key(&input.0))? {
                Lookup::Unspent(output) => consumed.push(output),
                Lookup::SpentInThisMilestone => {
                    return Ok(Some(ConflictReason::InputAlreadySpentInThisMilestone));
                }
                Lookup::SpentEarlier => return Ok(Some(ConflictReason::InputAlreadySpent)),
                Lookup::Missing => return Ok(Some(ConflictReason::InputNotFound)),
            }
        }
        Ok(None)
    }

    /// The rules on a transaction whose inputs can be consumed, in the reference node's order.
    fn semantic_conflict(
        &mut self,
        transaction: &Transaction,
        consumed: &[StoredOutput],
        signatures_valid: bool,
    ) -> Result<Option<ConflictReason>, L::Error> {
        let Some(unlocks) = Unlocks::resolve(transaction, consumed) else {
            return Ok(Some(ConflictReason::SemanticFailure));
        };
        if !conflict::sums_match(transaction, consumed) {
            return Ok(Some(ConflictReason::SumMismatch));
        }
        for (address, change) in dust_changes(consumed, &transaction.essence.outputs) {
            if !change.is_allowed(&self.balances.get(self.ledger, address)?) {
                return Ok(Some(ConflictReason::DustAllowance));
            }
        }
        if !signatures_valid || !unlocks.are_by_owners() {
            return Ok(Some(ConflictReason::InvalidSignature));
        }
        Ok(None)
    }

    fn spend(
        &mut self,
        transaction: &Transaction,
        transaction_id: TransactionId,
        consumed: &[StoredOutput],
    ) -> Result<(), L::Error> {
        let spent = Spent { transaction_id, milestone: self.index };
        for (input, output) in transaction.essence.inputs.iter().zip(consumed) {
            self.outputs.spend(output_key(&input.0), spent);
            self.balances.subtract(self.ledger, output)?;
        }
        Ok(())
    }

    fn create(
        &mut self,
        message_id: MessageId,
        transaction: &Transaction,
        transaction_id: TransactionId,
    ) -> Result<(), L::Error> {
        for (index, output) in (0..).zip(&transaction.essence.outputs) {
            let output = StoredOutput {
                message_id,
                kind: output.kind,
                address: output.address,
                amount: output.amount,
                created: self.index,
                spent: None,
            };
            self.outputs.create(output_key(&OutputId { transaction_id, index }), output);
            self.balances.add(self.ledger, &output)?;
        }
        Ok(())
    }
}

impl<L: LedgerRead> std::fmt::Debug for MilestoneChanges<'_, L> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("MilestoneChanges")
            .field("index", &self.index)
            .field("included", &self.included.len())
            .finish_non_exhaustive()
    }
}
